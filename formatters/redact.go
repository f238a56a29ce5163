package formatters

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// redact replaces secrets by marks and counts them.
func (a Airlock) redact(text string) (clean string, redacted int) {
	spans := findSecrets(text)
	if len(spans) == 0 {
		return text, 0
	}
	spans = merge(append(spans, repeated(text, spans)...))
	var b strings.Builder
	end := 0
	for _, s := range spans {
		b.WriteString(text[end:s.from])
		b.WriteString(a.mark(s.kind, text[s.from:s.to]))
		end = s.to
	}
	b.WriteString(text[end:])
	return b.String(), len(spans)
}

// isMarked tells whether a mark stands at i, which is no secret: the whole of it,
// for a machine can print marks too, and a secret behind them.
func isMarked(text string, i int) bool {
	return marked.MatchString(text[i:min(len(text), i+maxKeyLine)])
}

var (
	holdsMark = regexp.MustCompile(`\[redacted [A-Za-z ]+ #[0-9a-f]{6}\]`)
	marked    = regexp.MustCompile(`^` + holdsMark.String() + `(?:[^0-9A-Za-z!@#$%^*+/_-]|$)`)
)

// mark is the same for equal secrets, and cannot be guessed back without the
// key.
func (a Airlock) mark(kind, secret string) string {
	mac := hmac.New(sha256.New, a.Key)
	mac.Write([]byte(secret))
	return "[redacted " + kind + " #" + hex.EncodeToString(mac.Sum(nil)[:3]) + "]"
}

// recogniser looks for one kind of secret at the places that hint at it.
type recogniser interface {
	places() []string // in lower case
	match(text string, i int) (span, bool)
}

// secretScanner is made when the first text comes: a server has to start fast.
var secretScanner = sync.OnceValue(func() *scanner[recogniser] {
	var all []recogniser
	for _, s := range secretShapes() {
		all = append(all, s)
	}
	for _, r := range maintainedRules() {
		all = append(all, r)
	}
	return newScanner(all, recogniser.places)
})

// span is a secret in a text.
type span struct {
	from, to int
	kind     string
}

// findSecrets finds them all, in no order.
func findSecrets(text string) []span {
	var spans []span
	for i := 0; ; {
		at, recognisers := secretScanner().next(text, i)
		if at == len(text) {
			return slices.Concat(spans, findKeys(text), findSecretData(text), findDSNs(text), findAnywhere(text))
		}
		i = at + 1
		for _, r := range recognisers {
			found, ok := r.match(text, at)
			if !ok {
				continue
			}
			spans = append(spans, found)
			if found.from-at < maxName {
				i = max(i, found.to)
			}
		}
	}
}

const (
	// maxSecret is how many bytes a pattern looks at. What reaches further goes on
	// to the next space.
	maxSecret = 1024
	// maxName is how far the secret is from its hint at most, unless there are
	// other words between them, which may hold secrets too.
	maxName = 64
)

// inWord tells whether i is in the middle of a word. The letters of an escape,
// as JSON within a string keeps them, belong to no word.
func inWord(text string, i int) bool {
	return i > 0 && isAlnum(text[i-1]) && isAlnum(text[i]) && !escapeEnd.MatchString(text[max(i-10, 0):i])
}

var (
	escape = regexp.MustCompile(`\\(?:[bfnrt]|u[0-9a-fA-F]{4})`)
	// escapeEnd takes colours too, whose escape character is spelled out or was
	// lost, and the percent signs of URLs.
	escapeEnd = regexp.MustCompile(`(?:` + escape.String() + `|\[[0-9;]{0,8}[A-Za-z]|%[0-9A-Fa-f]{2})$`)
)

// lineBefore is what stands before i in its line, as far as it matters.
func lineBefore(text string, i int) string {
	line := text[max(0, i-maxLine):i]
	return line[strings.LastIndexByte(line, '\n')+1:]
}

const (
	minRepeated = 8  // bytes of a secret that is looked for elsewhere
	maxRepeated = 50 // different secrets that are
)

// repeated finds the secrets again where no name betrays them.
func repeated(text string, spans []span) (more []span) {
	known := map[string]bool{}
	for _, s := range spans {
		secret := text[s.from:s.to]
		if len(secret) < minRepeated || !looksRandom(secret) || known[secret] || len(known) == maxRepeated {
			continue
		}
		known[secret] = true
		for i := 0; ; {
			next := strings.Index(text[i:], secret)
			if next < 0 {
				break
			}
			from := i + next
			i = from + len(secret)
			more = append(more, span{from, i, s.kind})
		}
	}
	return more
}

// merge sorts spans and joins those that overlap.
func merge(spans []span) []span {
	slices.SortStableFunc(spans, func(x, y span) int { return cmp.Or(x.from-y.from, y.to-x.to) })
	merged := spans[:1]
	for _, s := range spans[1:] {
		if last := &merged[len(merged)-1]; s.from < last.to {
			last.to = max(last.to, s.to)
		} else {
			merged = append(merged, s)
		}
	}
	return merged
}

func untilSpace(s string) int {
	if i := strings.IndexFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '"' || r == '\'' }); i >= 0 {
		return i
	}
	return len(s)
}
