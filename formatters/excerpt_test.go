package formatters

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

var leftOutMark = regexp.MustCompile(`^\[… (\d+) lines? left out by alitriage …\]$`)

// checkExcerpt holds that the counts add up to the whole and that all lines are
// lines of it, in order, and so are the pieces of those that are cut.
func checkExcerpt(t testing.TB, text string, limit int) (shown string) {
	t.Helper()
	o := excerpt(text, limit, -1, nil, false)
	shown = o.Text
	if text == "" {
		require.Equal(t, Output{}, o)
		return shown
	}
	whole := strings.Split(text, "\n")
	require.Len(t, whole, o.TotalLines)
	require.True(t, utf8.ValidString(shown))
	if shown == text {
		require.Equal(t, o.TotalLines, o.ShownLines)
		return shown
	}
	at, counted, cut := 0, 0, 0
	for line := range strings.SplitSeq(shown, "\n") {
		if m := leftOutMark.FindStringSubmatch(line); m != nil {
			n, err := strconv.Atoi(m[1])
			require.NoError(t, err)
			at += n
			continue
		}
		require.Less(t, at, o.TotalLines)
		if line != whole[at] {
			checkPieces(t, whole[at], line)
			cut++
		}
		at++
		counted++
	}
	require.Equal(t, o.TotalLines, at, "what is shown and what is left out is all there is")
	require.Equal(t, o.ShownLines, counted)
	require.Equal(t, o.CutLines, cut)
	require.LessOrEqual(t, costOf(strings.Split(shown, "\n")), limit+3*len("[… 1234567 lines left out by alitriage …]")+20)
	return shown
}

// checkPieces holds that a line that is cut is pieces of the whole, which together
// with the characters that were left out are all of it.
func checkPieces(t testing.TB, whole, line string) {
	t.Helper()
	rest := whole
	for line != "" {
		at := cutMark.FindStringSubmatchIndex(line)
		if at == nil {
			require.Equal(t, rest, line)
			return
		}
		require.True(t, strings.HasPrefix(rest, line[:at[0]]), "%q is no piece of %q", line[:at[0]], rest)
		rest = rest[at[0]:]
		n, err := strconv.Atoi(line[at[2]:at[3]])
		require.NoError(t, err)
		runes := []rune(rest)
		require.LessOrEqual(t, n, len(runes))
		rest = string(runes[n:])
		line = line[at[1]:]
	}
	require.Empty(t, rest)
}

func lines(n int, special map[int]string) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("line %04d of the log", i)
		if s, ok := special[i]; ok {
			list[i] = s
		}
	}
	return strings.Join(list, "\n")
}

func TestExcerpt(t *testing.T) {
	for _, c := range []struct {
		fact  string
		text  string
		holds []string
		never []string
	}{
		{"a short output is shown whole", lines(50, nil), []string{"line 0000", "line 0049"}, []string{"left out"}},
		{"the window around the first error, and the tail", lines(1000, map[int]string{500: "error: disk full", 600: "error: again"}),
			[]string{"line 0496", "error: disk full", "line 0501", "line 0999", "[… 496 lines left out by alitriage …]"}, []string{"line 0495", "error: again"}},
		{"the beginning when nothing speaks of trouble", lines(1000, nil), []string{"line 0000", "line 0999"}, []string{"line 0500"}},
		{"a few lines of the beginning when the trouble is in the tail, and what led to it", lines(1000, map[int]string{998: "error: disk full"}),
			[]string{"line 0000", "line 0002", "line 0994", "error: disk full", "[… 931 lines left out by alitriage …]"}, []string{"line 0003"}},
		{"the piece of a long line that speaks of trouble, its beginning and its end", "{\"items\":[" + strings.Repeat(`{"name":"pod"},`, 900) + `{}],"error":"no space on /dev/vdb1","more":[` + strings.Repeat(`{"name":"pod"},`, 900) + "]}",
			[]string{`{"items":[`, `"error":"no space on /dev/vdb1"`, "]}", "… [+"}, nil},
		{"trouble at the end of a long line", `{"items":[` + strings.Repeat(`{"name":"pod"},`, 900) + `{}],"error":"no space on /dev/vdb1"}`,
			[]string{`{"items":[`, `"error":"no space on /dev/vdb1"}`, "… [+"}, nil},
		{"trouble at the beginning of a long line", `{"error":"no space on /dev/vdb1","items":[` + strings.Repeat(`{"name":"pod"},`, 900) + "{}]}",
			[]string{`{"error":"no space on /dev/vdb1"`, "{}]}", "… [+"}, nil},
		{"a Java trace in one line", "log=" + strings.Repeat("ok ", 2000) + `java.lang.IllegalStateException: no pool\\n\\tat a.b.C(C.java:1)` + strings.Repeat(`\\n\\tat a.b.C(C.java:1)`, 400),
			[]string{"java.lang.IllegalStateException: no pool"}, nil},
		{"trouble in Chinese in a long line", strings.Repeat("磁盘正常；", 2000) + "数据库连接失败：超时；" + strings.Repeat("磁盘正常；", 2000), []string{"数据库连接失败：超时", "… [+"}, nil},
		{"an error in the first line", lines(1000, map[int]string{0: "panic: nil map"}), []string{"panic: nil map", "line 0001"}, nil},
		{"trouble in Chinese", lines(1000, map[int]string{400: "磁盘空间不足"}), []string{"磁盘空间不足", "line 0396"}, nil},
		{"trouble in capitals", lines(1000, map[int]string{400: "[ERROR] no"}), []string{"[ERROR] no"}, nil},
		{"no error is no trouble", lines(1000, map[int]string{400: "0 errors, no failure, without error, errors: 0, error=0", 700: "2 errors"}),
			[]string{"2 errors"}, []string{"0 errors, no"}},
		{"a word that holds error is no trouble", lines(1000, map[int]string{400: "terrorise errorless", 700: "failed"}), []string{"failed"}, []string{"terrorise"}},
		{"one long line is shortened", strings.Repeat("0123456789", 3000), []string{"0123456789", "… [+"}, nil},
		{"one long line in Chinese", strings.Repeat("磁盘空间", 3000), []string{"磁盘空间", "… [+"}, nil},
		{"a long line does not push out the others", lines(1000, map[int]string{500: "error: " + strings.Repeat("x", 9000)}), []string{"error: xxx", "line 0501", "line 0999"}, nil},
		{"a long last line", lines(1000, map[int]string{999: strings.Repeat("x", 9000)}), []string{"xxx", "line 0998", "line 0000"}, nil},
		{"lines that cost much in JSON", strings.Repeat("<<<<>>>>&&&&\"\"\"\"\n", 900) + "end", []string{"end", "left out"}, nil},
		{"empty lines", strings.Repeat("\n", 5000), []string{"left out"}, nil},
	} {
		t.Run(c.fact, func(t *testing.T) {
			shown := checkExcerpt(t, c.text, window)
			for _, part := range c.holds {
				require.Contains(t, shown, part)
			}
			for _, part := range c.never {
				require.NotContains(t, shown, part)
			}
		})
	}
}

func FuzzExcerpt(f *testing.F) {
	f.Add("a\nerror\nb", 10, 300)
	f.Add("磁盘空间不足\n\n\"<&", 900, 1)
	f.Fuzz(func(t *testing.T, part string, times, limit int) {
		text := strings.Repeat(strings.ToValidUTF8(part, "\uFFFD"), min(max(times, 1), 2000))
		if len(text) > 1<<20 || leftOutMark.MatchString(part) || strings.Contains(part, "… [+") || strings.Contains(part, "left out by") {
			return
		}
		checkExcerpt(t, text, 1000+min(max(limit, 0), 50_000))
	})
}

func TestShortenSaysHowMuchItTookAway(t *testing.T) {
	require.Equal(t, "abc", shorten("abc", 3, 0))
	require.Equal(t, "ab… [+1 character]", shorten("abc", 2, 0))
	require.Equal(t, "磁盘… [+4 characters]", shorten("磁盘空间不足", 2, 0))
	require.Equal(t, "abc… [+7 characters]", shorten("abc", 3, 7))
	require.Equal(t, "ab… [+8 characters]", shorten("abc", 2, 7))
	require.Equal(t, "", shorten("", 2, 0))
}
