//go:build unix

package jobs

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The process stands still, as a laptop that sleeps or a paused container, and wakes up when its run is another's.
func TestAProcessThatWakesUpFindsThatItsRunWasTaken(t *testing.T) {
	url := startLoneServer(t).ClientURL()
	frozen := startChild(t, url, "freeze")
	frozen.says(t, "at work")
	require.NoError(t, frozen.cmd.Process.Signal(syscall.SIGSTOP))

	q := open(t, Options{URL: url, AckWait: time.Second})
	taken, finish := make(chan struct{}), make(chan struct{})
	work(t, q, func(ctx context.Context, job *Job) Outcome {
		must(q.Save(ctx, job, state{Step: 2, Note: "the other's"}))
		close(taken)
		<-finish
		return Done()
	})
	<-taken
	require.NoError(t, frozen.cmd.Process.Signal(syscall.SIGCONT))
	frozen.says(t, "conflict")
	frozen.says(t, "superseded")
	close(finish)
	eventually(t, "done", func() bool { return empty(t, q) })
	job, err := q.Get(t.Context(), "run")
	require.NoError(t, err)
	require.JSONEq(t, `{"step":2,"note":"the other's"}`, string(job.State))
}
