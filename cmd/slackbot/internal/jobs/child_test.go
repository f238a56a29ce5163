package jobs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	childStore = "JOBS_TEST_CHILD_STORE"
	childPlan  = "JOBS_TEST_CHILD_PLAN"
)

// fillDisk is what an operating system offers for it.
var fillDisk func()

// child is a process of its own, to be killed or frozen, over a directory or a URL.
func child(store, plan string) {
	ctx := context.Background()
	o := Options{Dir: store, AckWait: time.Second}
	if strings.Contains(store, "://") {
		o.Dir, o.URL = "", store
	}
	q, err := Open(ctx, o)
	if err != nil {
		fmt.Println("error: " + err.Error())
		return
	}
	switch plan {
	case "work":
		_, _, err = q.Submit(ctx, "run", state{})
		must(err)
		must(q.Work(ctx, func(ctx context.Context, job *Job) Outcome {
			must(q.Save(ctx, job, state{Step: 1}))
			fmt.Println("at work")
			select {}
		}))
	case "freeze":
		_, _, err = q.Submit(ctx, "run", state{})
		must(err)
		must(q.Work(ctx, func(ctx context.Context, job *Job) Outcome {
			fmt.Println("at work")
			for step := 1; err == nil; step++ {
				ended(ctx, nil, tick)
				err = q.Save(ctx, job, state{Step: 1, Note: fmt.Sprint(step)})
			}
			say(err, ErrConflict, "conflict")
			say(q.Reload(ctx, job), ErrSuperseded, "superseded")
			return Done()
		}))
	case "steps":
		must(q.Work(ctx, steps(q, func() { fmt.Println("step") })))
	case "full disk":
		fillDisk()
		for i := 0; err == nil; i++ {
			err = soon(func(ctx context.Context) error {
				_, _, err := q.Submit(ctx, fmt.Sprint(i), strings.Repeat("s", 30<<10))
				return err
			})
			if err == nil {
				fmt.Println("stored")
			}
		}
		fmt.Println(err)
		fmt.Println(soon(q.Ready))
		select {}
	case "record without message":
		_, _, err = q.enter(ctx, "run", []byte(`{}`))
		must(err)
		fmt.Println("recorded")
		select {}
	case "secret":
		must(q.PutSecret(ctx, "run", needle, time.Second))
		fmt.Println("stored")
		select {}
	case "flood":
		for i := 0; ; i++ {
			id := fmt.Sprintf("run-%d", i)
			_, _, err = q.Submit(ctx, id, state{})
			must(err)
			fmt.Println(id)
		}
	}
}

func soon(do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return do(ctx)
}

// steps takes three polls for each run.
func steps(q *Queue, stepped func()) Handler {
	return func(ctx context.Context, job *Job) Outcome {
		var s state
		must(job.Decode(&s))
		if s.Step == 3 {
			return Done()
		}
		must(q.Save(ctx, job, state{Step: s.Step + 1}))
		stepped()
		return Again(tick)
	}
}

func say(err, want error, word string) {
	if errors.Is(err, want) {
		fmt.Println(word)
	} else {
		fmt.Println(err)
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

type process struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

func startChild(t *testing.T, store, plan string) *process {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childStore+"="+store, childPlan+"="+plan)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return &process{cmd, bufio.NewScanner(out)}
}

func (p *process) says(t *testing.T, line string) {
	t.Helper()
	require.True(t, p.lines.Scan(), "the child said nothing more")
	require.Equal(t, line, p.lines.Text())
}

// kill is kill -9.
func (p *process) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Kill())
	_ = p.cmd.Wait()
}

func TestARunOfAKilledProcessIsTakenUpAgainWithItsState(t *testing.T) {
	dir := storeDir(t)
	dead := startChild(t, dir, "work")
	dead.says(t, "at work")
	dead.kill(t)

	killed := time.Now()
	q := open(t, Options{Dir: dir, AckWait: time.Second})
	taken := make(chan Job, 1)
	work(t, q, func(_ context.Context, job *Job) Outcome {
		taken <- *job
		return Done()
	})
	select {
	case job := <-taken:
		took := time.Since(killed)
		t.Logf("taken up again %s after the kill, with an AckWait of 1 s", took.Round(time.Millisecond))
		require.Equal(t, 1, job.Crashes)
		var s state
		require.NoError(t, job.Decode(&s))
		require.Equal(t, 1, s.Step)
	case <-time.After(patience):
		require.Fail(t, "never taken up again")
	}
	eventually(t, "done", func() bool { return empty(t, q) })
}

func TestARunKilledBetweenRecordAndMessageHealsWithAReplay(t *testing.T) {
	dir := storeDir(t)
	dead := startChild(t, dir, "record without message")
	dead.says(t, "recorded")
	dead.kill(t)

	q := open(t, Options{Dir: dir})
	work(t, q, func(context.Context, *Job) Outcome { return Done() })
	require.True(t, empty(t, q), "nothing was queued")
	_, created, err := q.Submit(t.Context(), "run", state{})
	require.NoError(t, err)
	require.False(t, created)
	eventually(t, "worked on", func() bool { return finished(t, q) })
}

func TestWhatSubmitAnsweredForSurvivesAKill(t *testing.T) {
	dir := storeDir(t)
	dead := startChild(t, dir, "flood")
	var ids []string
	for len(ids) < 100 && dead.lines.Scan() {
		ids = append(ids, dead.lines.Text())
	}
	dead.kill(t)
	for dead.lines.Scan() { // what it still said
		if line := dead.lines.Text(); strings.HasPrefix(line, "run-") {
			ids = append(ids, line)
		}
	}
	require.GreaterOrEqual(t, len(ids), 100)

	q := open(t, Options{Dir: dir})
	depth, err := q.Depth(t.Context())
	require.NoError(t, err)
	require.GreaterOrEqual(t, depth.Waiting, len(ids)-1) // the last line may be cut
	for _, id := range ids[:100] {
		_, err := q.Get(t.Context(), id)
		require.NoError(t, err)
	}
}

func TestRunsGoOnHoweverOftenTheProcessIsKilled(t *testing.T) {
	const runs = 60
	dir := storeDir(t)
	q := open(t, Options{Dir: dir})
	for i := range runs {
		_, _, err := q.Submit(t.Context(), fmt.Sprint("run-", i), state{})
		require.NoError(t, err)
	}
	shutdown(t, q)
	for range 4 {
		next := startChild(t, dir, "steps")
		for range 20 + rand.IntN(20) { // anywhere in a step of sixteen workers
			next.says(t, "step")
		}
		next.kill(t)
	}
	q = open(t, Options{Dir: dir})
	work(t, q, steps(q, func() {}))
	eventually(t, "all done", func() bool { return empty(t, q) })
	for i := range runs {
		job, err := q.Get(t.Context(), fmt.Sprint("run-", i))
		require.NoError(t, err)
		require.JSONEq(t, `{"step":3}`, string(job.State))
		require.False(t, job.Finished.IsZero())
	}
}

func TestASecondProcessIsToldWhoHasTheDirectory(t *testing.T) {
	dir := storeDir(t)
	open(t, Options{Dir: dir})
	other := startChild(t, dir, "work")
	require.True(t, other.lines.Scan())
	require.Contains(t, other.lines.Text(), "in use by another process")
}
