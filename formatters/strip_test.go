package formatters

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestStrip(t *testing.T) {
	for _, c := range []struct {
		fact    string
		in      string
		want    string
		removed int
	}{
		{"plain text stays", "a b\tc\nd", "a b\tc\nd", 0},
		{"colours go", "\x1b[1;31mred\x1b[0m", "red", 2},
		{"neighbours are one run", "\x1b[1m\x1b[31mred", "red", 1},
		{"a CSI that does not end stops at what cannot be in it", "a\x1b[31", "a", 1},
		{"a CSI ends at a line break", "a\x1b[31\nb", "a\nb", 1},
		{"a CSI with a private mark", "\x1b[?25lx\x1b[>4;2m", "x", 2},
		{"a CSI as one C1 character", "\u009b31mred", "red", 1},
		{"a title with BEL", "\x1b]0;title\x07x", "x", 1},
		{"a title with ST", "\x1b]0;title\x1b\\x", "x", 1},
		{"a title with the C1 ST", "\x1b]0;title\u009cx", "x", 1},
		{"a title as C1 characters", "\u009d0;title\u009cx", "x", 1},
		{"a hyperlink shows its text", "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\", "click", 2},
		{"a title that does not end takes its line alone", "\x1b]0;title and more\nnext", "\nnext", 1},
		{"a title that another sequence breaks off", "\x1b]0;title\x1b[31mred", "red", 1},
		{"a title that CAN cancels", "\x1b]0;title\x18x", "x", 1},
		{"DCS, SOS, PM and APC", "\x1bPq#0\x1b\\a\x1bXhid\x1b\\b\x1b^hid\x1b\\c\x1b_hid\x1b\\d", "abcd", 4},
		{"DCS as a C1 character", "\u0090q#0\u009cx", "x", 1},
		{"a character set", "\x1b(Bx\x1b)0", "x", 2},
		{"an escape at the end", "x\x1b", "x", 1},
		{"the backslash of a spelled-out line break ends no sequence", `a` + "\u009b" + `\nxoxb` + "\x1b" + `\nxoxb`, `a\nxoxb\nxoxb`, 2},
		{"but the end of a title that letters follow", "\x1b]0;title\x1b\\next", "next", 1},
		{"two escapes", "\x1b\x1b[31mx", "x", 1},
		{"an escape before another language", "\x1b磁", "磁", 1},
		{"NUL, BEL, backspace, VT, FF, DEL", "a\x00b\x07c\x08d\x0b\x0ce\x7f", "abde", 6},
		{"C1 controls alone", "a\u0085b\u0080c", "abc", 2},
		{"CRLF is a line break", "a\r\nb\r\r\nc", "a\nb\nc", 0},
		{"what is overwritten is gone", " 10%\r 50%\r100%", "100%", 1},
		{"a shorter overwrite leaves the rest", "abcdef\rxy", "xycdef", 1},
		{"a Chinese character takes two columns", "磁盘空间\rxy", "xy盘空间", 1},
		{"a return at the end overwrites nothing", "abc\r", "abc", 0},
		{"a line erased before it is written again", "Downloading 100%\r\x1b[KDone", "Done", 2},
		{"a whole line erased", "Downloading\x1b[2K\rDone", "Done", 2},
		{"erasing without a return hides nothing", "abc\x1b[2Kdef\x1b[K", "abcdef", 2},
		{"bidi marks", "\u202a\u202b\u202c\u202d\u202ea\u2066\u2067\u2068\u2069b\u200e\u200f\u061cc", "abc", 3},
		{"tags", "a\U000e0001\U000e0041\U000e007fb", "ab", 1},
		{"zero width", "pass\u200bword\u2060\ufeff\u00ad\u180e!", "password!", 2},
		{"line and paragraph separators", "a\u2028b\u2029c", "abc", 2},
		{"fillers", "a\u3164b\u115fc\uffa0d\u034fe", "abcde", 4},
		{"an emoji keeps its style", "❤️ ©️ ‼️ ☎︎", "❤️ ©️ ‼️ ☎︎", 0},
		{"a keycap keeps its style", "1️⃣ #️⃣", "1️⃣ #️⃣", 0},
		{"a style without an emoji goes", "a\ufe0f 1\ufe0f 磁\ufe0f \ufe0f", "a 1 磁 ", 4},
		{"a second style goes", "❤\ufe0f\ufe0f\ufe0e", "❤\ufe0f", 1},
		{"bytes hidden in selectors go", "😀\U000e0101\U000e0155\ufe01\ufe02!", "😀!", 1},
		{"a family stays together", "👨‍👩‍👧 👩🏽‍💻 ❤️‍🔥 🏳️‍🌈", "👨‍👩‍👧 👩🏽‍💻 ❤️‍🔥 🏳️‍🌈", 0},
		{"a joiner without a second emoji goes", "👩\u200d 👩\u200d", "👩 👩", 2},
		{"of joiners in a row one stays", "👩\u200d\u200d\u200d👧", "👩‍👧", 1},
		{"Persian words keep theirs", "می\u200cخواهم", "می\u200cخواهم", 0},
		{"Hindi words keep theirs", "क्\u200dष", "क्\u200dष", 0},
		{"a joiner in Latin, Chinese and at edges goes", "\u200da\u200cb磁\u200d盘\u200c", "ab磁盘", 4},
		{"bits hidden between Persian letters go", "می\u200c\u200d\u200cخ", "می\u200cخ", 1},
		{"a joiner before a mark that goes", "ی\u200c\u061c", "ی", 1},
		{"a control between joiner and emoji", "👩\u200d\x1b[0m👧", "👩‍👧", 1},
	} {
		t.Run(c.fact, func(t *testing.T) {
			clean, removed := strip(c.in)
			require.Equal(t, c.want, clean)
			require.Equal(t, c.removed, removed)
			again, _ := strip(clean)
			require.Equal(t, clean, again, "nothing is left to strip")
			if !movesAround.MatchString(c.in) {
				require.Equal(t, clean, slowStrip(c.in), "the reference agrees")
			}
		})
	}
}

// FuzzStrip compares strip with slowStrip, which has nothing in common with it.
func FuzzStrip(f *testing.F) {
	for _, seed := range []string{
		"\x1b[31mred\x1b[0m", "\x1b]0;t\x07x\x1b]0;t", "a\rb\x1b[K\r\n", "\u009b31m\u009d0;\u009c", "👩\u200d👧❤️‍🔥1️⃣", "می\u200cخ\u202e\U000e0041",
		"\x1b[2K\rabc\rd\x00", "\x1b(B\x1b#8\x1b \x1b", "\x1bP\x18\x1bX\x1a\x1b_\x1b", "\x1b\\n\u009b\\u0007\x1b]0;\x1b\\next",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.ContainsAny(s, "\uE010\uE011\uE012") {
			return // slowStrip's own stand-ins
		}
		s = strings.ToValidUTF8(s, "\uFFFD")
		clean, removed := strip(s)
		if movesAround.MatchString(s) { // TestScreenIsATerminal's
			require.Zero(t, nextControl(clean)-len(clean))
			require.NotContains(t, clean, "\r")
			require.LessOrEqual(t, len(clean), 4*len(s)+4*maxMove)
			again, _ := strip(clean)
			require.Equal(t, clean, again)
			return
		}
		require.Equal(t, slowStrip(s), clean)
		require.Equal(t, removed > 0, clean != crlf.ReplaceAllString(s, "$1"), "removals are counted, and nothing else")
		again, _ := strip(clean)
		require.Equal(t, clean, again)
	})
}

// movesAround finds what slowStrip does not know.
var movesAround = regexp.MustCompile(`\x08|\x1b[78]|(?:\x1b\[|\x{9b})[0-9]*[A-GJKa-eus` + "`" + `]|\r[^\n]`)

var (
	crlf      = regexp.MustCompile(`\r+(\n|$)`)
	sequences = regexp.MustCompile(`(?:\x1b\[|\x{9b})([ -?]*)([@-~]?)` + // 1, 2: CSI
		`|(?:\x1b[\]PX^_]|[\x{9d}\x{90}\x{98}\x{9e}\x{9f}])[^\x07\x18\x1a\x1b\n\r\x{9c}]*(?:[\x07\x18\x1a\x{9c}]|\x1b[\\\x{E002}])?` +
		`|\x1b[ -/]*[0-~]?`)
	escapes  = regexp.MustCompile(`\\([bfnrtu])`)
	controls = regexp.MustCompile(`[^\P{Cc}\n\r\t]`)
)

// slowStrip does what strip promises, by regular expressions and a terminal's
// line of cells.
func slowStrip(s string) string {
	const rest, line = "\uE000", "\uE001" // stand-ins for the erasing sequences
	const backslash = "\uE002"            // stands in for that of an escape of JSON
	s = strings.NewReplacer(rest, "\uE010", line, "\uE011", backslash, "\uE012").Replace(s)
	s = escapes.ReplaceAllString(s, backslash+"$1")
	s = sequences.ReplaceAllStringFunc(s, func(sequence string) string {
		m := sequences.FindStringSubmatch(sequence)
		switch {
		case m[2] == "K" && (m[1] == "" || m[1] == "0"):
			return rest
		case m[2] == "K" && m[1] == "2":
			return line
		}
		return ""
	})
	s = controls.ReplaceAllString(s, "")
	var lines []string
	for text := range strings.SplitSeq(s, "\n") {
		text = strings.TrimRight(text, "\r")
		if strings.Contains(text, "\r") {
			text = terminal(text, rest, line)
		}
		lines = append(lines, text)
	}
	s = strings.NewReplacer(rest, "", line, "", backslash, `\`, "\uE010", rest, "\uE011", line, "\uE012", backslash).Replace(strings.Join(lines, "\n"))
	return slowVisible([]rune(s))
}

func terminal(text, rest, line string) string {
	cells := map[int]string{}
	width, column := 0, 0
	for _, r := range text {
		switch string(r) {
		case "\r":
			column = 0
		case rest:
			width = min(width, column)
		case line:
			width = 0
		default:
			for i := width; i < column; i++ {
				cells[i] = " "
			}
			cells[column] = string(r)
			column++
			width = max(width, column)
		}
	}
	var b strings.Builder
	for i := range width {
		b.WriteString(cells[i])
	}
	return b.String()
}

var (
	joining  = regexp.MustCompile(`^(?:\p{Arabic}|\p{Bengali}|\p{Devanagari}|\p{Gujarati}|\p{Gurmukhi}|\p{Kannada}|\p{Khmer}|\p{Malayalam}|\p{Mongolian}|\p{Myanmar}|\p{Nko}|\p{Oriya}|\p{Sinhala}|\p{Syriac}|\p{Tamil}|\p{Telugu}|\p{Tibetan})$`)
	stylable = regexp.MustCompile(`^(?:\p{S}|‼|⁉|〰|ℹ)$`)
	unseen   = regexp.MustCompile("^[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]$")
)

func slowVisible(runes []rune) string {
	var kept []string
	for i, r := range runes {
		last, next := "", ""
		if len(kept) > 0 {
			last = kept[len(kept)-1]
		}
		if i+1 < len(runes) {
			next = string(runes[i+1])
		}
		wide := func(s string) bool {
			c, _ := utf8.DecodeRuneInString(s)
			return s != "" && c > 0xff && unicode.IsSymbol(c)
		}
		var keep bool
		switch r {
		case 0x200c, 0x200d:
			emoji := last == "\ufe0f" || wide(last)
			keep = emoji && wide(next) || !emoji && joining.MatchString(last) && joining.MatchString(next) && !unseen.MatchString(next)
		case 0xfe0e, 0xfe0f:
			ascii := last != "" && last[0] < 0x80
			keep = ascii && strings.Contains("0123456789#*", last) && next == "\u20e3" || !ascii && stylable.MatchString(last)
		default:
			keep = !unseen.MatchString(string(r))
		}
		if keep {
			kept = append(kept, string(r))
		}
	}
	return strings.Join(kept, "")
}
