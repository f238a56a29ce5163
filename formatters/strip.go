package formatters

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// strip removes what a terminal or a reader would obey without seeing it:
// escape sequences, control characters, bidirectional and invisible marks. It
// resolves what moves the cursor as a terminal shows it. s must be valid UTF-8. It
// returns the number of runs it removed.
func strip(s string) (clean string, removed int) {
	s, sequences := stripControls(s)
	s, overwritten := resolveCursor(s)
	s, marks := stripInvisible(s)
	return s, sequences + overwritten + marks
}

// stripControls removes escape sequences and the control characters but
// newline, tab and carriage return. What moves the cursor leaves a mark.
func stripControls(s string) (clean string, removed int) {
	i := nextControl(s)
	if i == len(s) {
		return s, 0
	}
	var b strings.Builder
	b.Grow(len(s))
	kept := 0 // up to where s is in b or was removed
	for end := -1; i < len(s); i = kept + nextControl(s[kept:]) {
		n, mark := controlLength(s[i:])
		if i != end { // not next to what was removed before
			removed++
		}
		b.WriteString(s[kept:i])
		b.WriteString(mark)
		kept = i + n
		end = kept
	}
	b.WriteString(s[kept:])
	return b.String(), removed
}

// nextControl is the index of the first control character in s that must go,
// or the length of s.
func nextControl(s string) int {
	for i, c := range []byte(s) { // which copies nothing
		if mayBeControl[c] && (c != 0xc2 || i+1 < len(s) && s[i+1] < 0xa0) {
			return i
		}
	}
	return len(s)
}

// mayBeControl holds C0 and DEL, and the first byte of C1.
var mayBeControl = func() (table [256]bool) {
	for c := range ' ' {
		table[c] = c != '\n' && c != '\t' && c != '\r'
	}
	table[0x7f], table[0xc2] = true, true
	return table
}()

var c1Introducers = map[byte]byte{0x9b: '[', 0x9d: ']', 0x90: 'P', 0x98: 'X', 0x9e: '^', 0x9f: '_'}

// controlLength is the length of what begins with the control character at the
// beginning of s, and what is left in its place.
func controlLength(s string) (n int, mark string) {
	switch {
	case s[0] == 0xc2: // a C1 character
		if introducer, ok := c1Introducers[s[1]]; ok {
			n, mark = sequenceLength(introducer, s[2:])
		}
		return n + 2, mark
	case s[0] == backspace:
		return 1, string(backspace)
	case s[0] != 0x1b || len(s) == 1:
		return 1, ""
	case s[1] == '7':
		return 2, string(saveCursor)
	case s[1] == '8':
		return 2, string(restore)
	case strings.IndexByte("[]PX^_", s[1]) >= 0:
		n, mark = sequenceLength(s[1], s[2:])
		return n + 2, mark
	}
	n = 1
	for n < len(s) && s[n] >= ' ' && s[n] <= '/' {
		n++
	}
	if n < len(s) && s[n] >= '0' && s[n] <= '~' && !beginsEscape(s[n:]) {
		n++
	}
	return n, ""
}

// beginsEscape tells whether s begins as an escape of JSON does. Its backslash
// would end a control sequence, but a sequence that ends so does nothing, and
// the letter alone would be taken for one of the word that follows.
func beginsEscape(s string) bool {
	return len(s) > 1 && s[0] == '\\' && strings.IndexByte("bfnrtu", s[1]) >= 0
}

// sequenceLength is the length of what follows an introducer. CSI ends with its
// final byte. The strings (OSC, DCS, SOS, PM, APC) end with BEL or ST; one that
// does not end takes the rest of its line.
func sequenceLength(introducer byte, s string) (n int, mark string) {
	if introducer == '[' {
		return csiLength(s)
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c == 0x07, c == 0x18, c == 0x1a: // the latter two cancel it
			return i + 1, ""
		case strings.HasPrefix(s[i:], "\x1b\\"), strings.HasPrefix(s[i:], "\u009c"):
			return i + 2, ""
		case c == '\n', c == '\r', c == 0x1b:
			return i, ""
		}
	}
	return len(s), ""
}

func csiLength(s string) (n int, mark string) {
	for n < len(s) && s[n] >= ' ' && s[n] <= '?' {
		n++
	}
	if n == len(s) || s[n] < '@' || s[n] > '~' || beginsEscape(s[n:]) {
		return n, ""
	}
	return n + 1, csiMark(s[:n], s[n])
}

// stripInvisible removes bidirectional marks and characters that show nothing.
// Joiners and variation selectors stay where scripts and emoji need them.
func stripInvisible(s string) (clean string, removed int) {
	i := nextWide(s)
	if i == len(s) {
		return s, 0
	}
	var b strings.Builder
	b.Grow(len(s))
	b.WriteString(s[:i])
	last, inRun := lastRune(s[:i]), false
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		if hides(last, r, s[i+size:]) {
			if !inRun {
				removed++
			}
			inRun = true
		} else {
			b.WriteString(s[i : i+size])
			last, inRun = r, false
		}
		i += size
	}
	return b.String(), removed
}

// nextWide is the index of the first character that is not ASCII.
func nextWide(s string) int {
	for i, c := range []byte(s) {
		if c >= utf8.RuneSelf {
			return i
		}
	}
	return len(s)
}

// hides tells whether r must go between last, the rune kept before it, and rest.
func hides(last, r rune, rest string) bool {
	switch {
	case r < 0xad:
		return false
	case r == zwnj, r == zwj:
		return !joins(last, firstRune(rest))
	case r == textStyle, r == emojiStyle:
		return !styled(last, firstRune(rest))
	default:
		return unicode.Is(invisible, r)
	}
}

const (
	zwnj       = '\u200c'
	zwj        = '\u200d'
	textStyle  = '\ufe0e'
	emojiStyle = '\ufe0f'
	keycap     = '\u20e3'
)

// joins tells whether a joiner has work to do: between two emoji, or two letters
// of a script that joins its letters. Elsewhere, and in rows, joiners can carry
// text that nobody sees.
func joins(last, next rune) bool {
	if last == emojiStyle || unicode.IsSymbol(last) && last > 0xff {
		return unicode.IsSymbol(next) && next > 0xff
	}
	return unicode.In(last, joiningScripts...) && unicode.In(next, joiningScripts...) && !unicode.Is(invisible, next)
}

var joiningScripts = []*unicode.RangeTable{
	unicode.Arabic, unicode.Bengali, unicode.Devanagari, unicode.Gujarati, unicode.Gurmukhi, unicode.Kannada, unicode.Khmer,
	unicode.Malayalam, unicode.Mongolian, unicode.Myanmar, unicode.Nko, unicode.Oriya, unicode.Sinhala, unicode.Syriac, unicode.Tamil,
	unicode.Telugu, unicode.Tibetan,
}

// styled tells whether a variation selector stands at an emoji. Any other could
// carry a byte that nobody sees.
func styled(last, next rune) bool {
	switch {
	case last < 0x80:
		return next == keycap && strings.ContainsRune("0123456789#*", last)
	case last == '‼', last == '⁉', last == '〰', last == 'ℹ': // emoji that Unicode does not call symbols
		return true
	default:
		return unicode.IsSymbol(last)
	}
}

// invisible lists what shows nothing or turns the direction of reading:
// everything that Unicode allows a reader to ignore, and the marks that break
// lines or reorder them.
var invisible = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x00ad, 0x00ad, 1}, {0x034f, 0x034f, 1}, {0x061c, 0x061c, 1}, {0x115f, 0x1160, 1}, {0x17b4, 0x17b5, 1},
		{0x180b, 0x180f, 1}, {0x200b, 0x200b, 1}, {0x200e, 0x200f, 1}, {0x2028, 0x202e, 1}, {0x2060, 0x206f, 1},
		{0x3164, 0x3164, 1}, {0xfe00, 0xfe0d, 1}, {0xfeff, 0xfeff, 1}, {0xffa0, 0xffa0, 1}, {0xfff0, 0xfffb, 1},
	},
	R32: []unicode.Range32{
		{0x1bca0, 0x1bca3, 1}, {0x1d173, 0x1d17a, 1}, {0xe0000, 0xe0fff, 1},
	},
}

// firstRune and lastRune are 0 where there is none; the decoder's U+FFFD is a
// symbol.
func firstRune(s string) rune {
	if s == "" {
		return 0
	}
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func lastRune(s string) rune {
	if s == "" {
		return 0
	}
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}
