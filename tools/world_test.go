package tools_test

import (
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/tools"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// golden compares got with a file in testdata. A missing file fails.
func golden(t testing.TB, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", filepath.FromSlash(name))
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run make golden, and read what it writes")
	require.Equal(t, string(want), string(got), "if it is meant to change: make golden, and read the diff")
}

// The operations, by the vendor's names.
const (
	startGather  = "GatherAppEnvStats"
	readGather   = "DescribeGatherStatsResult"
	readResults  = "DescribeInvocationResults"
	readApp      = "DescribeApplicationStatus"
	readBPStudio = "GetExecuteOperationResult"
)

const otherEnv = "we-7b2c14e05d8f3a916c40e2d8"

// world is a simulated cloud, the tools that ask it, and what they sent.
type world struct {
	*cloudsim.Sim

	cfg    tools.Config
	tools  []tools.Tool
	drain  chan struct{}
	client *cloudapi.Client

	mu   sync.Mutex
	sent []request
}

type request struct {
	operation string
	at        time.Time
}

func newWorld(t testing.TB, change ...func(*tools.Config)) *world {
	t.Helper()
	w := &world{Sim: cloudsim.New(cloudsim.Options{}), drain: make(chan struct{})}
	w.client = w.newClient(t, cloudsim.Region, w.Transport())
	w.PutEnvironment(cloudsim.Environment{ID: otherEnv, Instances: []cloudsim.EnvInstance{
		{ID: cloudsim.OddInstance, Reports: 2 * time.Second, Succeeded: true, Message: "collected"},
	}})
	w.cfg = tools.Config{
		Profiles: []tools.Profile{
			{Name: "prod", Client: w.client},
			{Name: "staging", Client: w.newClient(t, "cn-shanghai", w.Transport())},
		},
		MaxWait: 45 * time.Second, Drain: w.drain, MarkKey: []byte("key"),
	}
	for _, a := range w.Aliases() {
		w.cfg.Aliases = append(w.cfg.Aliases, tools.Alias{Name: a.Name, Arg: a.Argument, ID: a.ID, Region: a.Region})
	}
	w.cfg.Aliases = append(w.cfg.Aliases, tools.Alias{Name: "db-host", Arg: "instance_id", ID: cloudsim.FullDiskInstance})
	for _, f := range change {
		f(&w.cfg)
	}
	w.rebuild()
	return w
}

// rebuild makes the tools anew after a change of the configuration.
func (w *world) rebuild() { w.tools = tools.All(w.cfg) }

// newClient is a client whose requests are noted.
func (w *world) newClient(t testing.TB, region string, to http.RoundTripper) *cloudapi.Client {
	t.Helper()
	key := w.Key()
	c, err := cloudapi.New(cloudapi.Config{
		Region: region, Credentials: cloudapi.StaticCredentials(key.ID, key.Secret, key.SecurityToken),
		Transport: noting{w, to},
	})
	require.NoError(t, err)
	return c
}

type noting struct {
	world *world
	to    http.RoundTripper
}

func (n noting) RoundTrip(r *http.Request) (*http.Response, error) {
	n.world.mu.Lock()
	n.world.sent = append(n.world.sent, request{r.Header.Get("X-Acs-Action"), time.Now()})
	n.world.mu.Unlock()
	return n.to.RoundTrip(r)
}

// reads are when operations were read, counted from since.
func (w *world) reads(since time.Time) (times []time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.sent {
		if r.operation == readBPStudio {
			times = append(times, r.at.Sub(since))
		}
	}
	return times
}

func (w *world) count(operation string) int { return w.Calls().Accepted[operation] }

func (w *world) tool(t testing.TB, name string) tools.Tool {
	t.Helper()
	i := slices.IndexFunc(w.tools, func(tool tools.Tool) bool { return tool.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return w.tools[i]
}

// answer is what became of a call.
type answer struct {
	formatters.Report

	err      error
	text     string // of the error
	took     time.Duration
	ended    time.Time
	progress []tools.Progress
	shown    []time.Time // when there was progress
}

func (w *world) call(t testing.TB, tool, args string) answer {
	t.Helper()
	return w.callWith(t.Context(), t, tool, args)
}

func (w *world) callWith(ctx context.Context, t testing.TB, tool, args string) (a answer) {
	t.Helper()
	began := time.Now()
	a.Report, a.err = w.tool(t, tool).Call(ctx, json.RawMessage(args), func(p tools.Progress) {
		a.progress, a.shown = append(a.progress, p), append(a.shown, time.Now())
	})
	a.ended = time.Now()
	a.took = a.ended.Sub(began)
	if a.err != nil {
		a.text = w.tool(t, tool).ErrorText(a.err)
	}
	return a
}

// ok is call for those that have to be answered.
func (w *world) ok(t testing.TB, tool, args string) answer {
	t.Helper()
	a := w.call(t, tool, args)
	require.NoError(t, a.err)
	return a
}

// later starts a call; the channel has room for its answer.
func (w *world) later(ctx context.Context, t testing.TB, tool, args string) <-chan answer {
	t.Helper()
	done := make(chan answer, 1)
	go func() { done <- w.callWith(ctx, t, tool, args) }()
	return done
}

// bubble runs a test in a world of its own whose clock is fake.
func bubble(t *testing.T, f func(t *testing.T, w *world), change ...func(*tools.Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newWorld(t, change...)) })
}

func toJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

func readOnly(cfg *tools.Config) { cfg.ReadOnly = true }
