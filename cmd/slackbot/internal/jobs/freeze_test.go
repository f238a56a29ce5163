//go:build unix

package jobs

import (
	"context"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A disk that takes no more is made of a limit on the size of files.
func TestADiskThatTakesNoMoreIsAnErrorAndKeepsWhatItTook(t *testing.T) {
	dir := storeDir(t)
	full := startChild(t, dir, "full disk")
	var stored int
	for full.lines.Scan() && full.lines.Text() == "stored" {
		stored++
	}
	require.Contains(t, full.lines.Text(), "nothing was started")
	require.Positive(t, stored)
	require.True(t, full.lines.Scan())
	require.Contains(t, full.lines.Text(), "takes no writes")
	full.kill(t)

	q := open(t, Options{Dir: dir})
	require.NoError(t, q.Ready(t.Context()))
	require.Equal(t, stored, waiting(t, q))
	calls := count(t, q)
	eventually(t, "done", func() bool { return empty(t, q) })
	require.EqualValues(t, stored, calls.Load())
}

func init() { fillDisk = limitFiles }

func limitFiles() {
	signal.Ignore(syscall.SIGXFSZ)
	must(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 200 << 10, Max: 200 << 10}))
}

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
