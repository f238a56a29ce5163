package formatters

import (
	"regexp"
	"slices"
	"strings"
)

// findKeys finds private keys, also those whose end is missing, or whose
// beginning the agent has dropped: the lines of Base64 before an end.
func findKeys(text string) (spans []span) {
	for done := 0; ; {
		next := strings.Index(text[done:], "-----")
		if next < 0 {
			return spans
		}
		at := done + next
		m := keyLine.FindStringSubmatch(text[at:min(len(text), at+maxKeyLine)])
		switch {
		case m == nil:
			done = at + 1
		case m[1] == "BEGIN":
			done = keyEnd(text, at+len(m[0]))
			spans = append(spans, span{at, done, privateKey})
		default:
			start := max(done, at-maxKey)
			if from := start + base64Before(text[start:at]); from < at {
				spans = append(spans, span{from, at + len(m[0]), privateKey})
			}
			done = at + len(m[0])
		}
	}
}

// findDSNs finds the passwords in the data source names of Go's driver for MySQL,
// which have no scheme before them: user:password@tcp(host:3306)/shop.
func findDSNs(text string) (spans []span) {
	if strings.IndexByte(text, '@') < 0 { // most texts, and quicker than the pattern
		return nil
	}
	for _, at := range dsnHost.FindAllStringIndex(text, -1) {
		word := text[max(0, at[0]-maxSecret):at[0]]
		word = word[strings.LastIndexAny(word, " \t\n\"'=")+1:]
		if user := strings.IndexByte(word, ':'); user >= 0 && user+1 < len(word) {
			spans = append(spans, span{at[0] - len(word) + user + 1, at[0], "password"})
		}
	}
	return slices.DeleteFunc(spans, func(s span) bool { return isMarked(text, s.from) })
}

var dsnHost = regexp.MustCompile(`@(?:tcp|unix|cloudsql)\(`)

// keyEnd is where a private key ends that has begun before i.
func keyEnd(text string, i int) int {
	for {
		next := strings.Index(text[i:], "-----END ")
		if next < 0 {
			return len(text)
		}
		i += next
		if m := keyLine.FindString(text[i:min(len(text), i+maxKeyLine)]); m != "" {
			return i + len(m)
		}
		i++
	}
}

const (
	maxKey     = 16 << 10 // bytes of a private key that has lost its beginning
	maxKeyLine = 80       // bytes of the line that begins or ends it
)

var keyLine = regexp.MustCompile(`^-----(BEGIN|END) [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----`)

// base64Before is where the lines of Base64 at the end of text begin.
func base64Before(text string) int {
	from := len(text)
	for from > 0 {
		line := strings.TrimRight(text[:from], " \t\n")
		start := strings.LastIndexByte(line, '\n') + 1
		if line = strings.TrimSpace(line[start:]); line == "" || strings.ContainsFunc(line, notBase64) {
			break
		}
		from = start
	}
	return from
}

func notBase64(r rune) bool {
	return !isAlnum(r) && r != '+' && r != '/' && r != '='
}

// findSecretData finds all values of a Secret of Kubernetes, whatever their names:
// kubectl prints them when it is asked for YAML or JSON.
func findSecretData(text string) (spans []span) {
	if !strings.Contains(text, "Secret") || !kindSecret.MatchString(text) {
		return nil
	}
	for _, m := range dataObject.FindAllStringSubmatchIndex(text, -1) {
		spans = append(spans, valuesIn(text, m[2], m[3], jsonValue)...)
	}
	for i := 0; ; {
		m := dataKey.FindStringSubmatchIndex(text[i:])
		if m == nil {
			return spans
		}
		end := endOfBlock(text, i+m[1], m[3]-m[2])
		spans = append(spans, valuesIn(text, i+m[1], end, yamlValue)...)
		i = end
	}
}

var (
	kindSecret = regexp.MustCompile(`kind\\*["']?[ \t]*:[ \t]*\\*["']?Secret\b`)
	dataObject = regexp.MustCompile(`(?:data|stringData)\\*"?\s*:\s*\{([^{}]*)\}`)
	jsonValue  = regexp.MustCompile(`[\w./-]+\\*"?\s*:\s*\\*"?([^\s"\\,]+)`)
	dataKey    = regexp.MustCompile(`(?m)^([ -]*)(?:data|stringData):[ \t]*(?:#[^\n]*)?$`)
	yamlValue  = regexp.MustCompile(`(?m)^[ \t]+["']?[\w./ -]+["']?[ \t]*:[ \t]+["']?([^\s"'][^\n"']*)|^[ \t]+([^\s:][^\n:]*)$`)
)

// endOfBlock is where the lines from i on end that stand deeper than indent, or
// are empty.
func endOfBlock(text string, i, indent int) int {
	for i < len(text) {
		line := text[i+1:] // behind the line break
		if end := strings.IndexByte(line, '\n'); end >= 0 {
			line = line[:end]
		}
		if rest := strings.TrimLeft(line, " "); rest != "" && len(line)-len(rest) <= indent {
			break
		}
		i += 1 + len(line)
	}
	return i
}

// valuesIn are the values of the entries in text[from:to], and the lines of
// values that go over several.
func valuesIn(text string, from, to int, value *regexp.Regexp) (spans []span) {
	for _, m := range value.FindAllStringSubmatchIndex(text[from:to], -1) {
		for g := 2; g < len(m); g += 2 {
			if m[g] >= 0 && !isMarked(text, from+m[g]) && !noSecret(text[from+m[g]:from+m[g+1]]) {
				spans = append(spans, span{from + m[g], from + m[g+1], "secret"})
			}
		}
	}
	return spans
}
