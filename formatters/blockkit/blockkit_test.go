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

func errorText(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.FromSlash("../testdata/golden/errors/" + name + ".txt"))
	require.NoError(t, err)
	return string(b)
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

// shown are one report of each tool and verdict, and those that are a trial for
// the eye.
var shown = []string{
	"errors/forbidden-by-the-trust-policy-of-the-role",
	"errors/the-start-may-have-arrived",
	"gather_env_stats/all-instances-delivered",
	"gather_env_stats/failed-with-instances",
	"gather_env_stats/finished-is-absent",
	"gather_env_stats/paused",
	"gather_env_stats/running",
	"get_app_status/a-batch-waits-for-confirmation",
	"get_app_status/healthy-in-the-simulator",
	"get_app_status/hostile-texts",
	"get_app_status/order-failed-and-the-application-still-serves",
	"get_app_status/the-order-runs",
	"get_app_status/the-state-is-absent",
	"get_invocation_results/a-long-output-in-full",
	"get_invocation_results/failed-with-exit-code-137",
	"get_invocation_results/fifty-different-failures-over-the-budget",
	"get_invocation_results/hostile-texts",
	"get_invocation_results/no-results",
	"get_invocation_results/running",
	"get_invocation_results/succeeded",
	"get_invocation_results/the-demo-incident",
	"get_operation_result/no-Data",
	"get_operation_result/running",
	"get_operation_result/succeeded",
	"get_operation_result/succeeded-but-one-of-three-instances-failed",
	"international/a-gather-is-paused",
}

func TestGoldenMessages(t *testing.T) {
	all := reports(t)
	missing := map[string]bool{}
	for name, r := range all {
		missing[kindOf(name, r)] = true
	}
	for _, name := range shown {
		r, found := all[name]
		require.True(t, found, "there is no report %s", name)
		delete(missing, kindOf(name, r))
		golden(t, strings.ReplaceAll(name, "/", "_"), blockkit.Render(r, frame))
	}
	for kind := range missing {
		require.True(t, strings.HasPrefix(kind, "international "), "no message shows %s", kind)
	}
}

func kindOf(name string, r formatters.Report) string {
	tool, _, _ := strings.Cut(name, "/")
	return tool + " " + string(r.Verdict)
}

func TestGoldenWords(t *testing.T) {
	golden(t, "ack", blockkit.Say("IN_PROGRESS: get_app_status app_id=checkout", []string{"The result appears here; nothing is shared unless you press Share."}, blockkit.Frame{Run: "7F3KQ2MXAB"}))
	golden(t, "question", blockkit.Say("Start gather_env_stats env_id=we-5d3eaaea2977ca5251e00000?", []string{"It works on all instances of the environment.", "It creates a change in the environment; while it runs, other changes may be refused."}, blockkit.Frame{
		Run: "7F3KQ2MXAB", Buttons: []blockkit.Button{{Action: "start", Text: "Start", Value: "7F3KQ2MXAB", Style: blockkit.Primary}, {Action: "cancel", Text: "Cancel", Value: "7F3KQ2MXAB"}},
	}))
	golden(t, "refusal", blockkit.Failure("get_app_status: refused, nothing was asked of Alibaba Cloud\n- app_id: \"checkuot\" is refused: it does not have the shape of an AppId; did you mean the alias checkout?", blockkit.Frame{}))
	golden(t, "error", blockkit.Failure(errorText(t, "forbidden-by-the-trust-policy-of-the-role"), blockkit.Frame{Run: "7F3KQ2MXAB", Buttons: []blockkit.Button{{Action: "refresh", Text: "Try again", Value: "7F3KQ2MXAB"}}}))
	golden(t, "hostile_words", blockkit.Say("Unknown word: <!channel> @here :skull: <http://evil.example|ok>", []string{"`*bold*` \u202egnp.exe"}, blockkit.Frame{}))
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
		require.Equal(t, r.Source.Simulated, strings.HasPrefix(m.Text, "SIMULATED "), name)
		text := asJSON(t, m)
		requireKnownBlocks(t, text)
		for _, must := range append([]string{r.Source.Region, r.Source.Profile, r.Headline}, r.Source.RequestIDs...) {
			require.Contains(t, text, quoted(t, must), name)
		}
		for _, step := range r.NextSteps { // either is there, or a button instead of it
			_, address, _ := strings.Cut(step, "https://")
			address, _, _ = strings.Cut(strings.TrimSuffix(address, `"`), " (")
			require.True(t, strings.Contains(text, quoted(t, step)) || address != "" && strings.Contains(text, quoted(t, address)) || strings.Contains(text, " more\""), "%s: %s", name, step)
		}
		requireHarmless(t, m)
	}
}

func quoted(t testing.TB, s string) string {
	t.Helper()
	b, err := json.Marshal(s)
	require.NoError(t, err)
	return string(b[1 : len(b)-1])
}

// requireKnownBlocks reads a message back with Slack's library.
func requireKnownBlocks(t testing.TB, text string) {
	t.Helper()
	var back struct{ Blocks slack.Blocks }
	require.NoError(t, json.Unmarshal([]byte(text), &back))
	for _, b := range back.Blocks.BlockSet {
		require.NotEqual(t, "*slack.UnknownBlock", fmt.Sprintf("%T", b))
	}
}

func TestEveryErrorTextKeepsItsRequestIDAndFirstStep(t *testing.T) {
	for name, r := range reports(t) {
		tool, stem, _ := strings.Cut(name, "/")
		if tool != "errors" {
			continue
		}
		m := blockkit.Failure(errorText(t, stem), frame)
		requireHarmless(t, m)
		text := asJSON(t, m)
		for _, id := range r.Source.RequestIDs {
			require.Contains(t, text, quoted(t, id), name)
		}
		require.Contains(t, text, `"Next: `+quoted(t, r.NextSteps[0]), name)
		for _, title := range []string{"Why", "Next"} {
			require.NotContains(t, text, `"text": "`+title+`"`, "a title is no line")
		}
	}
}

func huge() formatters.Report {
	r := formatters.Report{Verdict: formatters.Failed, Headline: strings.Repeat("many ", 200), Source: formatters.Source{Product: "ecs", Operation: "DescribeInvocationResults", Region: "cn-hangzhou", Profile: "prod", RequestIDs: []string{"A", "B", "C"}, AsOf: "2026-11-22T03:07:29Z"}}
	for i := range 1000 {
		item := formatters.Item{Name: fmt.Sprintf("i-%020d", i), Verdict: formatters.Failed, Text: strings.Repeat("exit code 1 ", 100), Output: &formatters.Output{Text: strings.Repeat("line of output\n", 2000), TotalLines: 2000, ShownLines: 2000}}
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

func BenchmarkRenderHuge(b *testing.B) {
	r := huge()
	for b.Loop() {
		blockkit.Render(r, frame)
	}
}
