package formatters

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// strip removes what a terminal or a reader would obey without seeing it:
// escape sequences, control characters, bidirectional and invisible marks. It
// resolves carriage returns as a terminal shows them. It returns the number of
// runs it removed.
func strip(s string) (clean string, removed int) {
	if isPlain(s) {
		return s, 0
	}
	var b strings.Builder
	b.Grow(len(s))
	inRun := false
	var last rune
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if n := hostile(s[i:], r, size, last); n > 0 {
			if !inRun {
				removed++
			}
			inRun = true
			i += n
			continue
		}
		inRun = false
		last = r
		b.WriteRune(r)
		i += size
	}
	return resolveReturns(b.String()), removed
}

// isPlain spares clean text, which is most text, the second pass.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\n' && c != '\t' || c >= 0x7f {
			return false
		}
	}
	return true
}

// hostile returns how many bytes of s to remove; r is its first rune, last the
// rune kept before it.
func hostile(s string, r rune, size int, last rune) int {
	switch {
	case r == 0x1b:
		return escapeLength(s[1:]) + 1
	case r == 0x9b, r == 0x9d, r == 0x90, r == 0x98, r == 0x9e, r == 0x9f: // the same as one C1 character
		return sequenceLength(c1Introducer[r], s[size:]) + size
	case r == '\n', r == '\t', r == '\r':
		return 0
	case unicode.Is(unicode.Cc, r), invisible(r):
		return size
	case r == '\u200c', r == '\u200d': // real between letters of some scripts and in emoji
		next, _ := utf8.DecodeRuneInString(s[size:])
		if last < 0x80 || next < 0x80 {
			return size
		}
	case r >= 0xfe00 && r <= 0xfe0f, r >= 0xe0100 && r <= 0xe01ef: // variation selectors
		if last < 0x80 && !strings.ContainsRune("0123456789#*", last) {
			return size
		}
	}
	return 0
}

func invisible(r rune) bool {
	switch {
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x061c: // bidi
		return true
	case r == 0x200b, r >= 0x2060 && r <= 0x2064, r == 0xfeff, r == 0x00ad, r == 0x180e, r == 0x2028, r == 0x2029:
		return true
	case r >= 0xe0000 && r <= 0xe007f: // tags
		return true
	}
	return false
}

var c1Introducer = map[rune]byte{0x9b: '[', 0x9d: ']', 0x90: 'P', 0x98: 'X', 0x9e: '^', 0x9f: '_'}

// escapeLength is the number of bytes after ESC that belong to its sequence.
func escapeLength(s string) int {
	if s == "" {
		return 0
	}
	if strings.IndexByte("[]PX^_", s[0]) >= 0 {
		return sequenceLength(s[0], s[1:]) + 1
	}
	i := 0
	for i < len(s) && s[i] >= ' ' && s[i] <= '/' {
		i++
	}
	if i < len(s) && s[i] >= '0' && s[i] <= '~' {
		i++
	}
	return i
}

// sequenceLength is the length of what follows an introducer: CSI ends with its
// final byte, the string sequences (OSC, DCS, SOS, PM, APC) with BEL or ST. One
// that does not end takes the rest of its line.
func sequenceLength(introducer byte, s string) int {
	for i := range len(s) {
		c := s[i]
		switch {
		case introducer == '[':
			if c >= '@' && c <= '~' {
				return i + 1
			}
			if c < ' ' || c > '~' {
				return i
			}
		case c == 0x07:
			return i + 1
		case c == 0x1b && strings.HasPrefix(s[i:], "\x1b\\"), c == 0xc2 && strings.HasPrefix(s[i:], "\u009c"):
			return i + 2
		case c == '\n':
			return i
		}
	}
	return len(s)
}

// resolveReturns lets what follows a carriage return overwrite what stood there.
func resolveReturns(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	if !strings.Contains(s, "\r") {
		return s
	}
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if strings.Contains(line, "\r") {
			lines[i] = overwrite(strings.Split(line, "\r"))
		}
	}
	return strings.Join(lines, "\n")
}

func overwrite(layers []string) string {
	var shown []rune
	for _, layer := range layers {
		runes := []rune(layer)
		if len(runes) >= len(shown) {
			shown = runes
			continue
		}
		copy(shown, runes)
	}
	return string(shown)
}
