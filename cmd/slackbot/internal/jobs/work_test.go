package jobs

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// count works on everything with a handler that only counts.
func count(t *testing.T, q *Queue) *atomic.Int32 {
	t.Helper()
	var calls atomic.Int32
	work(t, q, func(context.Context, *Job) Outcome {
		calls.Add(1)
		return Done()
	})
	return &calls
}

func TestARunIsDoneOnceAndLeavesTheQueue(t *testing.T) {
	q := open(t, Options{})
	calls := count(t, q)
	submit(t, q, "run")
	eventually(t, "done", func() bool { return finished(t, q) && empty(t, q) })
	require.EqualValues(t, 1, calls.Load())

	_, created, err := q.Submit(t.Context(), "run", state{}) // a late replay
	require.NoError(t, err)
	require.False(t, created)
	require.True(t, empty(t, q))
}

func TestAPollComesAgainWithItsStateAndNoCrash(t *testing.T) {
	q := open(t, Options{})
	crashes := make(chan int, 10)
	work(t, q, func(ctx context.Context, job *Job) Outcome {
		crashes <- job.Crashes
		var s state
		must(job.Decode(&s))
		s.Step++
		must(q.Save(ctx, job, s))
		if s.Step < 5 {
			return Again(20 * time.Millisecond)
		}
		return Done()
	})
	submit(t, q, "run")
	eventually(t, "done", func() bool { return finished(t, q) })
	job, err := q.Get(t.Context(), "run")
	require.NoError(t, err)
	require.JSONEq(t, `{"step":5}`, string(job.State))
	require.Empty(t, job.Reason)
	for range 5 {
		require.Zero(t, <-crashes)
	}
}

func TestAPollKeepsItsTimeOverARestart(t *testing.T) {
	q := open(t, Options{})
	polls := make(chan time.Time, 2)
	poll := func(context.Context, *Job) Outcome {
		polls <- time.Now()
		return Again(2 * time.Second)
	}
	work(t, q, poll)
	submit(t, q, "run")
	first := <-polls
	shutdown(t, q)
	q = open(t, Options{Dir: q.options.Dir})
	work(t, q, poll)
	require.Greater(t, (<-polls).Sub(first), 1800*time.Millisecond)
}

func TestADeadRunSaysWhy(t *testing.T) {
	q := open(t, Options{})
	work(t, q, func(context.Context, *Job) Outcome { return Dead("past its deadline") })
	submit(t, q, "run")
	eventually(t, "given up", func() bool { return finished(t, q) && empty(t, q) })
	job, err := q.Get(t.Context(), "run")
	require.NoError(t, err)
	require.Equal(t, "past its deadline", job.Reason)
}

func TestCrashesAreCountedSoThatTheHandlerCanGiveUp(t *testing.T) {
	log := &journal{}
	q := open(t, Options{AckWait: 200 * time.Millisecond, Logger: log.logger()})
	work(t, q, func(_ context.Context, job *Job) Outcome {
		if job.Crashes == 5 {
			return Dead("crashed five times")
		}
		panic("a value with fakeSecretNeedle")
	})
	submit(t, q, "run")
	eventually(t, "given up", func() bool { return finished(t, q) })
	text := log.String()
	require.Contains(t, text, "type=string")
	require.Contains(t, text, "work_test.go", "the stack")
	require.NotContains(t, text, "fakeSecretNeedle")
}

func TestAnOutcomeResetsTheCountOfCrashes(t *testing.T) {
	q := open(t, Options{AckWait: 200 * time.Millisecond})
	var crashes []int
	work(t, q, func(_ context.Context, job *Job) Outcome {
		crashes = append(crashes, job.Crashes) // one delivery at a time
		switch len(crashes) {
		case 1, 4:
			return Outcome{}
		case 2, 3:
			return Again(0)
		}
		return Done()
	})
	submit(t, q, "run")
	eventually(t, "done", func() bool { return finished(t, q) })
	shutdown(t, q)
	require.Equal(t, []int{0, 1, 0, 0, 1}, crashes)
}

func TestAHeartbeatKeepsALongHandlerFromBeingRepeated(t *testing.T) {
	q := open(t, Options{AckWait: 300 * time.Millisecond})
	var calls atomic.Int32
	work(t, q, func(ctx context.Context, _ *Job) Outcome {
		calls.Add(1)
		ended(ctx, nil, 2500*time.Millisecond) // eight times AckWait, as 80 s are to 10 s
		return Done()
	})
	submit(t, q, "run")
	eventually(t, "done", func() bool { return finished(t, q) && empty(t, q) })
	require.EqualValues(t, 1, calls.Load())
}

// As after a freeze of the first delivery's process: another delivery has begun.
func TestADeliveryThatWasOvertakenCannotWrite(t *testing.T) {
	q := open(t, Options{})
	began, resume := make(chan struct{}), make(chan struct{})
	results := make(chan error, 2)
	work(t, q, func(ctx context.Context, job *Job) Outcome {
		close(began)
		<-resume
		results <- q.Save(ctx, job, state{Step: 1, Note: "overtaken"})
		results <- q.Reload(ctx, job)
		return Done()
	})
	submit(t, q, "run")
	<-began
	taken, err := q.Get(t.Context(), "run")
	require.NoError(t, err)
	r := taken.record
	r.Delivery, r.Begun = "another", r.Begun+1
	_, err = q.write(t.Context(), r, taken.revision)
	require.NoError(t, err)
	close(resume)
	require.ErrorIs(t, <-results, ErrConflict)
	require.ErrorIs(t, <-results, ErrSuperseded)
	shutdown(t, q)

	q = open(t, Options{Dir: q.options.Dir})
	job, err := q.Get(t.Context(), "run")
	require.NoError(t, err)
	require.True(t, job.Finished.IsZero(), "its outcome was dropped")
	require.JSONEq(t, `{"step":0}`, string(job.State))
	require.Equal(t, 1, job.Crashes)
}

func TestAClickMayChangeARunThatIsAtWork(t *testing.T) {
	q := open(t, Options{})
	began, resume := make(chan struct{}), make(chan struct{})
	work(t, q, func(ctx context.Context, job *Job) Outcome {
		close(began)
		<-resume
		err := q.Save(ctx, job, state{Step: 1})
		for err != nil {
			must(q.Reload(ctx, job))
			var s state
			must(job.Decode(&s))
			s.Step = 1
			err = q.Save(ctx, job, s)
		}
		return Done()
	})
	submit(t, q, "run")
	<-began
	job, err := q.Get(t.Context(), "run")
	require.NoError(t, err)
	require.NoError(t, q.Save(t.Context(), &job, state{Note: "stop waiting"}))
	close(resume)
	eventually(t, "done", func() bool { return finished(t, q) })
	job, err = q.Get(t.Context(), "run")
	require.NoError(t, err)
	require.JSONEq(t, `{"step":1,"note":"stop waiting"}`, string(job.State))
}

func TestAClickAfterTheLastSaveDoesNotCostTheOutcome(t *testing.T) {
	q := open(t, Options{})
	work(t, q, func(ctx context.Context, job *Job) Outcome {
		click, err := q.Get(ctx, job.ID)
		must(err)
		must(q.Save(ctx, &click, state{Note: "clicked"}))
		return Done()
	})
	submit(t, q, "run")
	eventually(t, "done", func() bool { return finished(t, q) })
	job, err := q.Get(t.Context(), "run")
	require.NoError(t, err)
	require.JSONEq(t, `{"step":0,"note":"clicked"}`, string(job.State))
}

func TestTwoMessagesOfOneRunAreWorkedOnOnce(t *testing.T) {
	q := open(t, Options{AckWait: 200 * time.Millisecond})
	job := submit(t, q, "run")
	job.record.Birth = "beyond the window in which the server knows a duplicate"
	require.NoError(t, q.publish(t.Context(), job))
	require.Equal(t, 2, waiting(t, q))
	calls := count(t, q)
	eventually(t, "done", func() bool { return empty(t, q) })
	require.EqualValues(t, 1, calls.Load())
}

func TestOneProcessRunsOneDeliveryOfARun(t *testing.T) {
	q := open(t, Options{AckWait: 200 * time.Millisecond})
	var at, most, calls atomic.Int32
	work(t, q, func(ctx context.Context, job *Job) Outcome {
		most.Store(max(most.Load(), at.Add(1)))
		defer at.Add(-1)
		if calls.Add(1) == 1 {
			// A second message of the run, as if the heartbeats had not come through.
			again := *job
			again.record.Birth = "again"
			must(q.publish(ctx, again))
			ended(ctx, nil, time.Second)
		}
		return Done()
	})
	submit(t, q, "run")
	eventually(t, "done", func() bool { return empty(t, q) })
	require.EqualValues(t, 1, most.Load())
	require.EqualValues(t, 1, calls.Load())
}

func TestNoMoreHandlersThanWorkersRunAtOnce(t *testing.T) {
	q := open(t, Options{Workers: 3})
	var at, most atomic.Int32
	var mu sync.Mutex
	work(t, q, func(ctx context.Context, _ *Job) Outcome {
		mu.Lock()
		most.Store(max(most.Load(), at.Add(1)))
		mu.Unlock()
		defer at.Add(-1)
		ended(ctx, nil, 20*time.Millisecond)
		return Done()
	})
	for i := range 30 {
		submit(t, q, fmt.Sprint(i))
	}
	eventually(t, "done", func() bool { return empty(t, q) })
	require.EqualValues(t, 3, most.Load())
}

func TestManyWaitingPollsDoNotBlockANewRun(t *testing.T) {
	q := open(t, Options{})
	var polls atomic.Int32
	began := make(chan struct{})
	work(t, q, func(_ context.Context, job *Job) Outcome {
		if job.ID == "new" {
			close(began)
			return Done()
		}
		polls.Add(1)
		return Again(time.Second)
	})
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			for j := range 150 {
				_, _, err := q.Submit(t.Context(), fmt.Sprintf("%d-%d", i, j), state{})
				must(err)
			}
		})
	}
	all.Wait()
	eventually(t, "all poll", func() bool { return polls.Load() > 2000 })
	before := polls.Load()
	submit(t, q, "new")
	select {
	case <-began: // counted in polls, which a busy machine slows down, too
		between := polls.Load() - before
		t.Logf("a new run began after %d polls of the 1,500 that wait", between)
		require.Less(t, between, int32(4*1500), "it waits until their first rounds have shown what a poll takes, not for good")
	case <-time.After(patience):
		require.Fail(t, "the new run waits for the polls")
	}
}

func TestPollsBookHalfOfTheWorkersTime(t *testing.T) {
	q := newQueue(Options{Workers: 4})
	require.Equal(t, time.Minute, q.pace(time.Minute, time.Second), "alone it comes when it asked to")
	for range 119 {
		q.pace(time.Minute, time.Second)
	}
	// 120 polls of a second each take a minute of two workers.
	require.Greater(t, q.pace(time.Second, time.Second), 59*time.Second)
}

func TestCloseLetsHandlersFinish(t *testing.T) {
	q := open(t, Options{})
	began := make(chan struct{})
	work(t, q, func(ctx context.Context, _ *Job) Outcome {
		close(began)
		ended(ctx, nil, 300*time.Millisecond)
		must(ctx.Err())
		return Done()
	})
	submit(t, q, "run")
	<-began
	shutdown(t, q)
	q = open(t, Options{Dir: q.options.Dir})
	require.True(t, finished(t, q))
	require.True(t, empty(t, q))
}

func TestCloseTellsHandlersThatGoOnAndHandsBackWhatDoesNotEnd(t *testing.T) {
	for name, stubborn := range map[string]bool{"ends when told": false, "does not end": true} {
		t.Run(name, func(t *testing.T) {
			q := open(t, Options{Workers: 1, AckWait: 10 * patience})
			began, end := make(chan struct{}), make(chan struct{})
			saved := make(chan error, 1)
			work(t, q, func(ctx context.Context, job *Job) Outcome {
				close(began)
				<-ctx.Done()
				if stubborn {
					<-end
					saved <- q.Save(context.WithoutCancel(ctx), job, state{Note: "too late"})
				}
				return Again(0)
			})
			submit(t, q, "run")
			<-began
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			require.NoError(t, q.Close(ctx))
			if close(end); stubborn {
				require.Error(t, <-saved)
			}

			q = open(t, Options{Dir: q.options.Dir, AckWait: 10 * patience})
			taken := make(chan int, 1)
			work(t, q, func(_ context.Context, job *Job) Outcome {
				taken <- job.Crashes
				return Done()
			})
			eventually(t, "taken over at once, not after AckWait", func() bool { return len(taken) == 1 })
			require.Zero(t, <-taken, "a hand-over is no crash")
		})
	}
}

func TestNothingIsTakenAfterClose(t *testing.T) {
	q := open(t, Options{})
	calls := count(t, q)
	shutdown(t, q)
	_, _, err := q.Submit(t.Context(), "run", state{})
	require.ErrorContains(t, err, "nothing was started")
	require.ErrorIs(t, q.Ready(t.Context()), ErrClosed)
	require.Zero(t, calls.Load())
}
