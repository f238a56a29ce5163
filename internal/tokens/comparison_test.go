package tokens

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tiktoken-go/tokenizer"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/internal/gendocs/section"
	"github.com/alitriage/alitriage/tools"
)

var update = flag.Bool("update", false, "write the table into docs/benchmarks.md")

// page is seen from this folder, where go generate and go test run.
const page = "../../docs/benchmarks.md"

func TestTheComparisonIsFresh(t *testing.T) {
	old, err := os.ReadFile(page)
	require.NoError(t, err)
	want, err := section.Replace(old, "comparison", table(t, weighAll(t)))
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(page, want, 0o600))
		return
	}
	require.Equal(t, string(want), string(old), "run: make generate")
}

// question is one case of the demo world. Without args it asks again with what
// the report before it says, when what it is about has ended.
type question struct{ name, tool, args string }

var questions = []question{
	{"app `checkout`", "get_app_status", `{"app_id":"checkout"}`},
	{"app `payments`", "get_app_status", `{"app_id":"payments"}`},
	{"app `web`", "get_app_status", `{"app_id":"web"}`},
	{"gather `checkout-env`, started", "gather_env_stats", `{"env_id":"checkout-env","wait_seconds":0}`},
	{"the same, ended", "gather_env_stats", ""},
	{"operation `resize`, running", "get_operation_result", `{"operation_id":"resize"}`},
	{"the same, ended", "get_operation_result", ""},
	{"command `disk-cleanup`, 50 instances", "get_invocation_results", `{"invoke_id":"disk-cleanup"}`},
}

// weighed is what there is of a case to put on the scales.
type weighed struct {
	raw                    []string // the bodies of the API's answers
	text, structured, name string
}

// evening is the clock of the demo world. The bubble's own, of the year 2000,
// would make the API's milliseconds a digit shorter than they are.
var evening = time.Date(2026, time.November, 22, 20, 0, 0, 0, time.UTC)

// ended is longer than anything in the demo world runs.
const ended = 10 * time.Second

// weighAll asks all questions of one world. Clock and random ids are the same
// each time.
func weighAll(t *testing.T) (all []weighed) {
	t.Helper()
	cryptotest.SetGlobalRandom(t, 1)
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(evening))
		w := newWorld(t)
		var last formatters.Report
		for _, q := range questions {
			if q.args == "" {
				time.Sleep(ended)
				q.args = toJSON(t, last.Resume)
			}
			w.heard = nil
			last = w.ask(t, q)
			all = append(all, weighed{w.heard, formatters.Text(last, fence), toJSON(t, last), q.name})
		}
	})
	return all
}

// fence is as long and as random as those that cmd/mcp makes.
const fence = "k7wq2mx5tz4b"

// world is the demo world and the tools that ask it.
type world struct {
	tools []tools.Tool
	to    http.RoundTripper
	heard []string
}

// newWorld configures the tools as for the real cloud: the reports do not say
// that they are simulated.
func newWorld(t *testing.T) *world {
	t.Helper()
	sim := cloudsim.New(cloudsim.Options{})
	w := &world{to: sim.Transport()}
	key := sim.Key()
	client, err := cloudapi.New(cloudapi.Config{
		Region: cloudsim.Region, Transport: w,
		Credentials: cloudapi.StaticCredentials(key.ID, key.Secret, key.SecurityToken),
	})
	require.NoError(t, err)
	config := tools.Config{Profiles: []tools.Profile{{Name: "default", Client: client}}, MarkKey: []byte("key")}
	for _, a := range sim.Aliases() {
		config.Aliases = append(config.Aliases, tools.Alias{Name: a.Name, Arg: a.Argument, ID: a.ID, Region: a.Region})
	}
	w.tools = tools.All(config)
	return w
}

// RoundTrip implements http.RoundTripper. It notes the bodies of the answers.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := w.to.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	w.heard = append(w.heard, string(body))
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}

func (w *world) ask(t *testing.T, q question) formatters.Report {
	t.Helper()
	i := slices.IndexFunc(w.tools, func(tool tools.Tool) bool { return tool.Name == q.tool })
	require.GreaterOrEqual(t, i, 0, q.tool)
	report, err := w.tools[i].Call(t.Context(), json.RawMessage(q.args), nil)
	require.NoError(t, err, q.name)
	return report
}

func table(t *testing.T, all []weighed) string {
	t.Helper()
	codec, err := tokenizer.Get(tokenizer.O200kBase) // named in the page: change both
	require.NoError(t, err)
	var b strings.Builder
	b.WriteString("| case | raw bytes | our bytes | bytes ratio | raw tokens | our tokens | tokens ratio | structured bytes |\n" +
		"|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, w := range all {
		rawBytes, rawTokens := size(t, codec, w.raw...)
		bytes, tokens := size(t, codec, w.text)
		fmt.Fprintf(&b, "| %s | %d | %d | %s | %d | %d | %s | %d |\n",
			w.name, rawBytes, bytes, ratio(bytes, rawBytes), rawTokens, tokens, ratio(tokens, rawTokens), len(w.structured))
	}
	return b.String()
}

func size(t *testing.T, codec tokenizer.Codec, texts ...string) (bytes, tokens int) {
	t.Helper()
	for _, text := range texts {
		n, err := codec.Count(text)
		require.NoError(t, err)
		bytes, tokens = bytes+len(text), tokens+n
	}
	return bytes, tokens
}

func ratio(ours, raw int) string { return fmt.Sprintf("%.2f", float64(ours)/float64(raw)) }

func toJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}
