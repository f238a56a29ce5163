package formatters

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func outputOf(text string, limit int) Output {
	return excerpt(text, limit, -1, nil, false)
}

func TestAShorterOutputKeepsTheTroubleAndTheEnd(t *testing.T) {
	text := strings.Repeat("fine\n", 800) + "ERROR: the disk is full\n" + strings.Repeat("fine\n", 800) + "bye"
	o := outputOf(text, 100_000).Shorter(800)
	require.Contains(t, o.Text, "ERROR: the disk is full")
	require.True(t, strings.HasSuffix(o.Text, "bye"))
	require.Less(t, len(o.Text), 1000)
}

func TestAnOutputShortenedTwiceStillCountsTheWhole(t *testing.T) {
	text := strings.Repeat("fine\n", 800) + "ERROR: the disk is full\n" + strings.Repeat("fine\n", 800) + "bye"
	for first := 200; first < 8000; first += 170 {
		for second := 150; second < first; second += 130 {
			o := outputOf(text, first).Shorter(second)
			require.Equal(t, 1602, o.TotalLines)
			require.Equal(t, o.TotalLines, linesIn(t, o.Text), o.Text)
			require.Equal(t, o.ShownLines, strings.Count(o.Text, "\n")+1-strings.Count(o.Text, "left out by alitriage"), o.Text)
		}
	}
}

func TestALongLineShortenedTwiceStillCountsTheWhole(t *testing.T) {
	text := strings.Repeat("好 ", 4000) + "ERROR: the disk is full " + strings.Repeat("好 ", 4000)
	o := outputOf(text, 6000).Shorter(1500).Shorter(700)
	require.Contains(t, o.Text, "ERROR: the disk is full")
	require.Equal(t, 1, o.CutLines)
	checkPieces(t, text, o.Text)
}

func TestAnOutputThatFitsStaysAsItIs(t *testing.T) {
	o := outputOf("one\ntwo", 1000)
	require.Equal(t, o, o.Shorter(1000))
}

func TestALineThatOnlyLooksLikeOursCountsAsPrinted(t *testing.T) {
	o := outputOf("[… 999 lines left out by alitriage …]\n"+strings.Repeat("fine\n", 800), 500)
	require.Nil(t, lostIn(o))
	o = o.Shorter(200)
	require.Equal(t, 802, o.TotalLines)
	require.LessOrEqual(t, o.ShownLines, 802)
}

func TestPlainTakesOutWhatIsObeyedUnseen(t *testing.T) {
	for text, want := range map[string]string{
		"a\u202eb\u200bc": "abc", "a\x1b[31mred": "ared", "a\x00b": "ab", "a\xffb": "a\uFFFDb", "two\nlines": "two\nlines",
	} {
		require.Equal(t, want, Plain(text))
	}
}

func FuzzShorter(f *testing.F) {
	f.Add("a\nerror\nb", 20, 10)
	f.Add("[… 3 lines left out by alitriage …]\nx", 10, 2)
	f.Fuzz(func(t *testing.T, text string, first, second int) {
		text = Plain(text)
		o := outputOf(text, max(first, 0)).Shorter(max(second, 0))
		require.True(t, utf8.ValidString(o.Text))
		require.LessOrEqual(t, o.ShownLines, o.TotalLines)
	})
}
