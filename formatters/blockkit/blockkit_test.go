package blockkit_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/slack-go/slack"
	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/formatters/blockkit"
)

var update = flag.Bool("update", false, "rewrite golden files")

// reports are all golden reports of formatters, by their names.
func reports(t testing.TB) map[string]formatters.Report {
	t.Helper()
	all := map[string]formatters.Report{}
	root := filepath.FromSlash("../testdata/golden")
	require.NoError(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".json" {
			return err
		}
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		var r formatters.Report
		require.NoError(t, json.Unmarshal(b, &r), path)
		name, err := filepath.Rel(root, path)
		all[filepath.ToSlash(strings.TrimSuffix(name, ".json"))] = r
		return err
	}))
	require.Greater(t, len(all), 50)
	return all
}

func asJSON(t testing.TB, m blockkit.Message) string {
	t.Helper()
	b, err := json.MarshalIndent(map[string]any{"text": m.Text, "blocks": m.Blocks}, "", "  ")
	require.NoError(t, err)
	return string(b) + "\n"
}

func golden(t *testing.T, name string, m blockkit.Message) {
	t.Helper()
	require.NoError(t, blockkit.Check(m))
	path := filepath.Join("testdata", name+".json")
	got := asJSON(t, m)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run make golden, and read what it writes")
	require.Equal(t, string(want), got)
}

var frame = blockkit.Frame{Run: "7F3KQ2MXAB", Buttons: []blockkit.Button{
	{Action: "refresh", Text: "Refresh", Value: "7F3KQ2MXAB"}, {Action: "share", Text: "Share to channel", Value: "7F3KQ2MXAB"},
}}

func TestGoldenMessages(t *testing.T) {
	all := reports(t)
	for _, name := range []string{
		"get_app_status/a-batch-waits-for-confirmation", "get_invocation_results/fifty-different-failures-over-the-budget", "get_invocation_results/failed-with-exit-code-137", "gather_env_stats/failed-with-instances", "get_operation_result/succeeded-but-one-of-three-instances-failed",
		"errors/forbidden-by-the-trust-policy-of-the-role",
	} {
		r, found := all[name]
		if !found {
			names := []string{}
			for n := range all {
				names = append(names, n)
			}
			require.Failf(t, "no such report", "%s: %v", name, names)
		}
		golden(t, strings.ReplaceAll(name, "/", "_"), blockkit.Render(r, frame))
	}
}

func TestGoldenWords(t *testing.T) {
	golden(t, "ack", blockkit.Say("IN_PROGRESS: get_app_status app_id=checkout", []string{"The result appears here; nothing is shared unless you press Share."}, blockkit.Frame{Run: "7F3KQ2MXAB"}))
	golden(t, "question", blockkit.Say("Start gather_env_stats env_id=we-5d3eaaea2977ca5251e00000?", []string{"It creates a change in the environment; while it runs, other changes may be refused."}, blockkit.Frame{
		Run: "7F3KQ2MXAB", Buttons: []blockkit.Button{{Action: "start", Text: "Start", Value: "7F3KQ2MXAB", Style: blockkit.Primary}, {Action: "cancel", Text: "Cancel", Value: "7F3KQ2MXAB"}},
	}))
	golden(t, "refusal", blockkit.Failure("get_app_status: refused, nothing was asked of Alibaba Cloud\n- app_id: \"checkuot\" is refused: it does not have the shape of an AppId; did you mean the alias checkout?", blockkit.Frame{}))
	golden(t, "called", blockkit.Say("Done: FAILED", nil, blockkit.Frame{Run: "7F3KQ2MXAB", Call: "U0123"}))
}

func TestSharedAndSimulatedAreSaid(t *testing.T) {
	r := reports(t)["get_app_status/a-batch-waits-for-confirmation"]
	r.Source.Simulated = true
	f := frame
	f.SharedBy, f.Waiting = "U0123", "Waiting for its end: 12s of at most 30m0s."
	m := blockkit.Render(r, f)
	golden(t, "shared_and_simulated", m)
	require.True(t, strings.HasPrefix(m.Text, "SIMULATED ACTION_NEEDED: "))
}

func TestEveryReportFitsIntoAMessage(t *testing.T) {
	for name, r := range reports(t) {
		m := blockkit.Render(r, frame)
		require.NoError(t, blockkit.Check(m), name)
		require.True(t, strings.HasPrefix(strings.TrimPrefix(m.Text, "SIMULATED "), strings.ToUpper(string(r.Verdict))+": "), name)
		text := asJSON(t, m)
		var back struct{ Blocks slack.Blocks }
		require.NoError(t, json.Unmarshal([]byte(text), &back), name)
		for _, b := range back.Blocks.BlockSet {
			require.NotEqual(t, "*slack.UnknownBlock", fmt.Sprintf("%T", b), name)
		}
		for _, must := range append([]string{r.Source.Region, r.Source.Profile}, r.Source.RequestIDs[max(len(r.Source.RequestIDs)-1, 0):]...) {
			quoted, err := json.Marshal(must)
			require.NoError(t, err)
			require.Contains(t, text, strings.Trim(string(quoted), `"`), name)
		}
		require.NotContains(t, text, `"mrkdwn"`, name)
	}
}

func huge() formatters.Report {
	r := formatters.Report{Verdict: formatters.Failed, Headline: strings.Repeat("many ", 200), Source: formatters.Source{Product: "ecs", Operation: "DescribeInvocationResults", Region: "cn-hangzhou", Profile: "prod", RequestIDs: []string{"A", "B", "C"}, AsOf: "2026-11-22T03:07:29Z"}}
	for i := range 1000 {
		item := formatters.Item{Name: fmt.Sprintf("i-%020d", i), Verdict: formatters.Failed, Text: strings.Repeat("exit code 1 ", 100), Output: &formatters.Output{Text: strings.Repeat("line of output\n", 2000), TotalLines: 2000, ShownLines: 40}}
		r.Items = append(r.Items, item)
		r.Reasons, r.NextSteps = append(r.Reasons, item.Text), append(r.NextSteps, item.Text)
		r.Facts = append(r.Facts, formatters.Fact{Name: fmt.Sprint("fact_", i), Value: item.Text})
	}
	return r
}

func TestWhatIsLeftOutIsCounted(t *testing.T) {
	m := blockkit.Render(huge(), frame)
	golden(t, "huge", m)
	require.Regexp(t, `and 9\d\d more`, asJSON(t, m))
}

// hostile are texts that Slack would make something of, if it parsed them.
var hostile = []string{"<!channel>", "<@U0EVIL>", "<http://evil.example|ok>", "@here", ":skull:", "```", "*bold*", "\u202eabc", "\xff\xfe", "\x00", strings.Repeat("x", 100_000), "&lt;!here&gt;"}

func TestNothingOfOthersBecomesAMention(t *testing.T) {
	for _, text := range hostile {
		r := formatters.Report{
			Verdict: formatters.Verdict(text), Headline: text, Reasons: []string{text}, NextSteps: []string{text, "Console: https://evil.example/", "Console: " + text},
			Facts: formatters.Facts{{Name: text, Value: text}}, Items: []formatters.Item{{Name: text, Verdict: formatters.Verdict(text), Text: text, Output: &formatters.Output{Text: text}}},
			Notes: []string{text}, Source: formatters.Source{Region: text, Profile: text, Operation: text, RequestIDs: []string{text}},
		}
		for _, m := range []blockkit.Message{blockkit.Render(r, frame), blockkit.Failure(text+"\n- "+text, frame), blockkit.Say(text, []string{text}, frame)} {
			requireHarmless(t, m)
		}
	}
}

func requireHarmless(t testing.TB, m blockkit.Message) {
	t.Helper()
	require.NoError(t, blockkit.Check(m))
	text := asJSON(t, m)
	require.True(t, utf8.ValidString(text))
	require.NotContains(t, text, `"mrkdwn"`)
	require.NotContains(t, text, `"type": "user"`)
	require.NotContains(t, text, `"type": "link"`)
	require.NotContains(t, text, "evil.example/\",\n", "no button leads away")
	require.NotRegexp(t, `<[!@#]|<http`, m.Text)
}

func FuzzBlocks(f *testing.F) {
	for _, text := range hostile {
		f.Add(text, 3)
	}
	f.Fuzz(func(t *testing.T, text string, n int) {
		n = min(max(n, 0), 60)
		r := formatters.Report{Verdict: formatters.Unknown, Headline: text, Source: formatters.Source{Region: text, RequestIDs: []string{text}, AsOf: text}}
		for range n {
			r.Reasons, r.NextSteps, r.Notes = append(r.Reasons, text), append(r.NextSteps, text), append(r.Notes, text)
			r.Facts = append(r.Facts, formatters.Fact{Name: text, Value: []string{text, text}})
			r.Items = append(r.Items, formatters.Item{Name: text, Text: text, Output: &formatters.Output{Text: text}})
		}
		requireHarmless(t, blockkit.Render(r, frame))
		requireHarmless(t, blockkit.Failure(text, frame))
	})
}

func BenchmarkRenderHuge(b *testing.B) {
	r := huge()
	for b.Loop() {
		blockkit.Render(r, frame)
	}
}
