package jobs

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// Generous: the machine that runs this has other things to do.
const (
	patience = 30 * time.Second
	tick     = 10 * time.Millisecond
)

func TestMain(m *testing.M) {
	if store := os.Getenv(childStore); store != "" {
		child(store, os.Getenv(childPlan))
		return
	}
	goleak.VerifyTestMain(m)
}

type state struct {
	Step int    `json:"step"`
	Note string `json:"note,omitempty"`
}

func open(t *testing.T, o Options) *Queue {
	t.Helper()
	if o.Dir == "" && o.URL == "" {
		o.Dir = storeDir(t)
	}
	q, err := Open(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { shutdown(t, q) })
	return q
}

// storeDir does not exist yet.
func storeDir(t *testing.T) string { return filepath.Join(t.TempDir(), "store") }

func shutdown(t *testing.T, q *Queue) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) //nolint:usetesting // t.Context is over in a cleanup
	defer cancel()
	require.NoError(t, q.Close(ctx))
}

func work(t *testing.T, q *Queue, handle Handler) {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- q.Work(context.WithoutCancel(t.Context()), handle) }()
	t.Cleanup(func() {
		shutdown(t, q)
		require.NoError(t, <-ended)
	})
}

func submit(t *testing.T, q *Queue, id string) Job {
	t.Helper()
	job, created, err := q.Submit(t.Context(), id, state{})
	require.NoError(t, err)
	require.True(t, created)
	return job
}

func eventually(t *testing.T, what string, fact func() bool) {
	t.Helper()
	require.Eventually(t, fact, patience, tick, what)
}

// finished is about the run that most tests have.
func finished(t *testing.T, q *Queue) bool {
	t.Helper()
	job, err := q.Get(t.Context(), "run")
	return err == nil && !job.Finished.IsZero()
}

func empty(t *testing.T, q *Queue) bool {
	t.Helper()
	depth, err := q.Depth(t.Context())
	return err == nil && depth == Depth{}
}

// journal collects a log.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
