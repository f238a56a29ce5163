package formatters

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

// TestOnlyTheAirlockOpensMachineBytes: everything else handles what a machine
// printed without seeing it. A call of any method named Open without arguments
// counts, for a type cannot be told from the source alone.
func TestOnlyTheAirlockOpensMachineBytes(t *testing.T) {
	root := ".."
	var openers []string
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		if name := entry.Name(); entry.IsDir() && (name == "node_modules" || strings.HasPrefix(name, ".") && path != root) {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") && opens(t, path) {
			path, err = filepath.Rel(root, path)
			require.NoError(t, err)
			openers = append(openers, filepath.ToSlash(path))
		}
		return nil
	}))
	slices.Sort(openers)
	require.Equal(t, []string{"cloudapi/machine_bytes.go", "formatters/airlock.go"}, openers,
		"text of machines reaches reports through the airlock alone: give it the MachineBytes instead of opening them")
}

// opens tells whether a file calls or takes a method Open that has no arguments.
func opens(t *testing.T, path string) bool {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	withArguments := map[ast.Expr]bool{}
	found := false
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			withArguments[n.Fun] = len(n.Args) > 0
		case *ast.SelectorExpr:
			found = found || n.Sel.Name == "Open" && !withArguments[n]
		}
		return true
	})
	return found
}

func TestMachineBytesDoNotLeaveByAnotherDoor(t *testing.T) {
	const secret = "what the machine printed"
	g := gather(withInstances(uncollected(host1, "\x1b[31m"+secret)))
	require.Equal(t, `the collection failed: "`+secret+`"`, testLock.GatherStats(g).Items[0].Text)
	op := operation("FAILURE", "\x1b[31m"+secret, `{"x":"\u001b[31m`+secret+`"}`)
	r := testLock.OperationResult(op)
	require.Equal(t, secret, r.Facts.Get("message"))
	require.Equal(t, `{x="`+secret+`"}`, r.Facts.Get("arguments"), "what JSON hid is stripped once it is decoded")
}

func TestLineMakesOneCleanShortLine(t *testing.T) {
	for in, want := range map[string]string{
		"a  b\n\tc\r\nd": "a b c d", " trimmed ": "trimmed", "\x1b[31mred\x1b[0m\u202e": "red", "\xff\xfe": "\uFFFD", "": "",
		"磁\u3000盘\u00a0x": "磁 盘 x",
	} {
		require.Equal(t, want, testLock.chamber().line(in))
	}
	long := testLock.chamber().line(strings.Repeat("磁", 1000))
	require.Equal(t, strings.Repeat("磁", 240)+"… [+760 characters]", long)
	require.Equal(t, `"it 's quoted'"`, testLock.chamber().quote(`it "s quoted" `))
}

func TestWordsStandAloneOnlyWhenTheyAreOne(t *testing.T) {
	for _, word := range []string{"t-hz04k7m2q9xw1c", "op_4k2m", "0099b7be-5f5b-4512-a7fc-56049ef1aaaa", "Failed", "role:session", "gather-stats/x.tgz", "a=b"} {
		require.Equal(t, word, testLock.chamber().word(word))
		require.Equal(t, word, testLock.chamber().plain(word))
	}
	for _, text := range []string{"two words", "a\"b", "a{b}", "磁盘", "", "a,b", "a\nb", "a\x1b[0m", strings.Repeat("x", 129), "$(id)", "`id`"} {
		quoted := testLock.chamber().word(text)
		require.True(t, strings.HasPrefix(quoted, `"`) && strings.HasSuffix(quoted, `"`), "%q", quoted)
		require.Equal(t, 2, strings.Count(quoted, `"`))
	}
}

func TestOutputCountsWhatWasDone(t *testing.T) {
	raw := "\x1b[32mstep 1\x1b[0m\n" + strings.Repeat("packed a file of the archive\n", 900) + "password=" + fakePassword + "\nerror: \u200bdisk full\n\n"
	opened := testLock.chamber().output(cloudapi.Output{MachineBytes: cloudapi.NewMachineBytes([]byte(raw)), DroppedBytes: 77})
	require.Empty(t, opened.note)
	out := testLock.chamber().excerpt(opened, -1)
	require.Equal(t, int64(77), out.DroppedBytes)
	require.Equal(t, 1, out.Redacted)
	require.Equal(t, 3, out.Sanitized)
	require.Equal(t, 903, out.TotalLines)
	require.Less(t, out.ShownLines, 150)
	require.True(t, out.Untrusted)
	require.Contains(t, out.Text, "error: disk full")
	require.NotContains(t, out.Text, fakePassword)

	require.Nil(t, testLock.chamber().excerpt(testLock.chamber().output(cloudapi.Output{}), -1))
	lost := testLock.chamber().excerpt(testLock.chamber().output(cloudapi.Output{DroppedBytes: 5}), -1)
	require.Equal(t, &Output{Untrusted: true, DroppedBytes: 5}, lost, "that all was dropped is said too")
}

func TestFullOutputFitsWhatever(t *testing.T) {
	full := Airlock{Key: testLock.Key, FullOutput: true}
	for name, text := range map[string]string{
		"plain": longLog(), "costly": strings.Repeat("<&>\"\\\t", 4096), "short lines": strings.Repeat("x\n", 12_000), "Chinese": strings.Repeat("磁盘空间不足\n", 1200),
		"one line": strings.Repeat("x", 24*1024),
	} {
		t.Run(name, func(t *testing.T) {
			r := Fit(full.InvocationResults(page(ran(failedWith(1, text)...))), true)
			checkReport(t, r, true)
			require.NotNil(t, r.Items[0].Output, "the output is what was asked for")
			if name != "costly" && name != "short lines" {
				require.Equal(t, r.Items[0].Output.TotalLines, r.Items[0].Output.ShownLines)
			}
		})
	}
}

func TestAnEndlessOutputIsSearchedAsAWholeAndItsLinesAddUp(t *testing.T) {
	t.Parallel()
	noise := strings.Repeat("worker 7 is at work\n", 50_000)
	hostile := strings.Repeat("creds=token key secret\n", 50_000) // what keeps the rules busy
	for _, c := range []struct {
		fact, raw string
		lines     int
		says      string
		at        int // the line of the first trouble
	}{
		{"trouble at the end", "first\n" + noise + "error: last\n", 50_002, "error: last", 50_002},
		{"trouble in the middle", "first\n" + hostile + "disk failed\n" + hostile + "last\n", 100_003, "disk failed", 50_002},
		{"trouble in the beginning", "panic: at once\n" + noise + "last\n", 50_002, "panic: at once", 1},
		{"no trouble", "first\n" + noise + "last\n", 50_002, "first", 0},
		{"trouble in the middle of one line", strings.Repeat("creds ", 100_000) + "disk failed " + strings.Repeat("creds ", 100_000), 1, "disk failed", 1},
		{"trouble in the middle line of three that are endless", strings.Repeat("words ", 40_000) + "\n" + strings.Repeat("words ", 40_000) + "disk failed " + strings.Repeat("words ", 40_000) + "\nlast", 3, "disk failed", 2},
	} {
		t.Run(c.fact, func(t *testing.T) {
			a := testLock.chamber()
			o := a.outputOf([]byte(c.raw), 0)
			require.Less(t, len(o.text), 150_000)
			require.Contains(t, o.text, c.says)
			out := a.excerpt(o, -1)
			require.Equal(t, c.lines, out.TotalLines)
			require.Contains(t, out.Text, c.says)
			require.Equal(t, c.lines, linesIn(t, out.Text), out.Text)
			if at, found := firstTrouble(o.text); c.at > 0 {
				require.True(t, found)
				require.Equal(t, c.at, o.lineAt(at))
			}
		})
	}
	whole := strings.Repeat("x", maxOpen)
	require.Equal(t, whole, testLock.chamber().outputOf([]byte(whole), 0).text)

	const id = "i-bp1f4s7k2w9q3m6x8z1c"
	ends := cutMark.Split(testLock.chamber().outputOf([]byte(strings.Repeat(id+",", 20_000)), 0).text, -1)
	require.Len(t, ends, 2)
	for _, end := range ends {
		require.Empty(t, strings.Trim(strings.ReplaceAll(end, id, ""), ", "), "no id is cut in two")
	}
}

// linesIn counts those of the whole output, by the lines of an excerpt.
func linesIn(t testing.TB, text string) (n int) {
	t.Helper()
	for line := range strings.SplitSeq(text, "\n") {
		n++
		if match := leftOutLine.FindStringSubmatch(line); match != nil {
			lines, err := strconv.Atoi(match[1])
			require.NoError(t, err)
			n += lines - 1
		}
	}
	return n
}

// TestAReportReadsNoMoreThanItNeeds: hostile text costs time, and a page can
// hold megabytes of it.
func TestAReportReadsNoMoreThanItNeeds(t *testing.T) {
	t.Parallel()
	hostile := strings.Repeat("some of many words ", 420)
	for name, r := range map[string]Report{
		"results": testLock.InvocationResults(page(fleet(500, func(i int, x *cloudapi.InvocationResult) {
			x.ErrorInfo, x.Username, x.ContainerName = hostile+strconv.Itoa(i), hostile+strconv.Itoa(2*i+1), hostile+strconv.Itoa(2*i+2)
			x.Output = printed(strings.Repeat(hostile, 12) + strconv.Itoa(i))
		})...)),
		"instances": testLock.GatherStats(gather(func(g *cloudapi.GatherStatsResult) {
			for i := range 500 {
				g.Instances = append(g.Instances, uncollected(host1, hostile+strconv.Itoa(i)))
			}
		})),
		"operation": testLock.OperationResult(operation("SUCCESS", blank, `{"attributes":{"instances":{`+strings.TrimSuffix(strings.Repeat(`"i-1":{"output":"`+hostile+`"},`, 100), ",")+`}}}`)),
	} {
		t.Run(name, func(t *testing.T) {
			checkReport(t, Fit(r, false), false)
			require.NotContains(t, r.Headline, notRead)
		})
	}
	a := testLock.chamber()
	a.left = 10
	require.Equal(t, "ok", a.word("ok"))
	require.Equal(t, `"`+notRead+`"`, a.word("two words and more"))
	require.Nil(t, a.outputOf([]byte("more than that\n"), 0))
	require.Equal(t, 2, a.unread)
}
