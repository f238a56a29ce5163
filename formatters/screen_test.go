package formatters

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestScreenIsATerminal(t *testing.T) {
	for _, c := range []struct{ fact, in, want string }{
		{"bold by overstriking", "N\bNA\bAM\bME\bE", "NAME"},
		{"underlined by overstriking", "_\bf_\bi_\bl_\be and x\b_y", "file and xy"},
		{"bold Chinese, struck over by one or two", "粗\b粗体\b\b体", "粗体"},
		{"a name of a secret in bold", "p\bpa\bas\bss\bsw\bwo\bor\brd\bd=x", "password=x"},
		{"a spinner", "|\b/\b-\b\\\b|\b done", " done"},
		{"what was typed wrong", "lss\b \b -l", "ls -l"},
		{"a backspace at the beginning", "\b\bab", "ab"},
		{"over a combining mark", "e\u0301\bx", "x"},
		{"a percentage by the column", "Progress:  10%\x1b[1GProgress:  99%\x1b[1GProgress: 100%", "Progress: 100%"},
		{"a column in the middle", "abcdef\x1b[3Gx", "abxdef"},
		{"erased to the end", "abcdef\x1b[3G\x1b[K", "ab"},
		{"erased to the beginning", "abcdef\x1b[3G\x1b[1K", "   def"},
		{"erased as a whole", "abcdef\x1b[1G\x1b[2Kxy", "xy"},
		{"to the left and to the right", "abcdef\x1b[3Dx\x1b[1Cy", "abcxey"},
		{"a gap that is jumped over", "ab\x1b[3Ccd", "ab   cd"},
		{"a tab jumps", "abcdefgh\r1\t2", "1bcdefgh2"},
		{"bars of docker pull", "one: waiting\ntwo: waiting\n\x1b[2A\x1b[2Kone: done\n\x1b[1B\x1b[1A\x1b[2Ktwo: done\nlast", "one: done\ntwo: done\nlast"},
		{"bars of npm", "a 10%\nb 10%\n\x1b[2F\x1b[Ja 100%\nb 100%\n", "a 100%\nb 100%\n"},
		{"up never leaves the output", "\x1b[99Aone\x1b[99B\rtwo", "one\ntwo"},
		{"save and restore", "12345\x1b7\x1b[1Gx\x1b8y", "x2345y"},
		{"half of a wide character", "磁盘\x1b[2Gx", " x盘"},
		{"lines that stand beside it are left", "error: disk full\n 10%\r100%\nexit 1", "error: disk full\n100%\nexit 1"},
	} {
		t.Run(c.fact, func(t *testing.T) {
			clean, removed := strip(c.in)
			require.Equal(t, c.want, clean)
			require.Positive(t, removed)
		})
	}
}

func TestASecretIsFoundAsItIsDrawn(t *testing.T) {
	for _, text := range []string{
		"p\bpa\bas\bss\bsw\bwo\bor\brd\bd=Qw3rTy7xZx9", "xxxx\x1b[1Gpass\x1b[5Gword=\x1b[10GQw3rTy7xZx9", "密\b\b密码\b\b码：Qw3rTy7xZx9",
		"Qw3rTy7xZx9\x1b[2K\rpassword=Qw3rTy7xZx9", "=Qw3rTy7xZx9\x1b[1Gpassword=Qw3rTy7xZx9", "password: \x1b[1A\x1b[11GQw3rTy7xZx9",
		"Qw3rTy7xZx9\rpassword=Qw3rTy7xZx9", "first\n\npassword=\x1b[2A\x1b[2B\x1b[10GQw3rTy7xZx9",
	} {
		o := testLock.chamber().outputOf([]byte(text), 0)
		require.NotContains(t, o.text, "Qw3rTy7xZx9", "%q", text)
		require.Contains(t, o.text, "[redacted")
	}
	o := testLock.chamber().outputOf([]byte("password=Qw3rTy7xZx9\x1b[2K\rdone"), 0)
	require.Equal(t, "done", o.text, "what is erased is not shown")
}

// TestHostileCursorsCostNoMoreThanTheirText: each movement could ask for a screen.
func TestHostileCursorsCostNoMoreThanTheirText(t *testing.T) {
	for _, piece := range []string{"\x1b[2000Gx\n", "\x1b[2000Cx", "\x1b[9999999999Gx\x1b[1K", "x\x1b[2000A\x1b[J\n", "\n\n\x1b[2A\x1b[2000Gx", "\x1b[2K\x1b[2000Gx", "\t\t\tx\b"} {
		text := strings.Repeat(piece, maxOpen/len(piece))
		clean, _ := strip(text)
		require.LessOrEqual(t, len(clean), 4*len(text)+4*maxMove)
	}
}
