package jobs

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/jobs/natstest"
)

// effects is what the world sees: who was done, and how often its done was recorded.
type effects struct {
	mu       sync.Mutex
	recorded map[string]int
}

func (e *effects) add(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.recorded[id]++
}

// step saves "done" once; a conflict means that another delivery has it.
func (e *effects) step(q *Queue) Handler {
	return func(ctx context.Context, job *Job) Outcome {
		var s state
		must(job.Decode(&s))
		if s.Step == 0 {
			ended(ctx, nil, 20*time.Millisecond)
			if err := q.Save(ctx, job, state{Step: 1}); err != nil {
				return Again(100 * time.Millisecond) // it may have been stored: the next delivery sees
			}
			e.add(job.ID)
		}
		return Done()
	}
}

func TestAllRunsAreDoneThoughAReplicaAndANodeDie(t *testing.T) {
	for name, leader := range map[string]bool{"a follower": false, "the leader of the queue": true} {
		t.Run(name, func(t *testing.T) {
			c, err := natstest.Start(t.Context(), t.TempDir())
			require.NoError(t, err)
			t.Cleanup(c.Close)
			o := Options{URL: c.URL, AckWait: 2 * time.Second, Workers: 4}
			stays, dies := open(t, o), open(t, o)
			const runs = 100
			for i := range runs {
				_, _, err := stays.Submit(t.Context(), fmt.Sprint("run-", i), state{})
				require.NoError(t, err)
			}
			info, err := stays.js.Stream(t.Context(), workStream)
			require.NoError(t, err)
			require.Equal(t, 3, info.CachedInfo().Config.Replicas)

			e := &effects{recorded: map[string]int{}}
			work(t, stays, e.step(stays))
			work(t, dies, e.step(dies))
			eventually(t, "in the middle", func() bool { return e.count() > runs/5 })
			start := time.Now()
			dies.conn.Close() // as a kill: nothing is handed back
			require.NoError(t, c.Stop(workStream, leader))

			eventually(t, "all done", func() bool { return done(t, stays, runs) == runs })
			took := time.Since(start)
			late := open(t, o)
			info, err = late.js.Stream(t.Context(), workStream)
			require.NoError(t, err)
			require.Equal(t, 3, info.CachedInfo().Config.Replicas, "who comes while a node is down takes no copy away")
			t.Logf("all done %s after the deaths", took.Round(time.Millisecond))
			eventually(t, "the queue is empty", func() bool { return empty(t, stays) })
			e.mu.Lock()
			defer e.mu.Unlock()
			for id, times := range e.recorded {
				require.Equal(t, 1, times, id)
			}
			require.GreaterOrEqual(t, len(e.recorded), runs-8, "but for those whose answer was lost")
		})
	}
}

func (e *effects) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.recorded)
}

func done(t *testing.T, q *Queue, runs int) (n int) {
	t.Helper()
	for i := range runs {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		job, err := q.Get(ctx, fmt.Sprint("run-", i))
		cancel()
		if err != nil || job.Finished.IsZero() {
			break
		}
		n++
	}
	return n
}

func TestTwoReplicasShareFactsAndSecrets(t *testing.T) {
	s := startLoneServer(t)
	one, two := open(t, Options{URL: s.ClientURL()}), open(t, Options{URL: s.ClientURL()})
	current, err := one.Claim(t.Context(), "key", "run-1")
	require.NoError(t, err)
	require.Equal(t, "run-1", current)
	current, err = two.Claim(t.Context(), "key", "run-2")
	require.NoError(t, err)
	require.Equal(t, "run-1", current)

	require.NoError(t, one.PutSecret(t.Context(), "run-1", needle, time.Minute))
	secret, err := two.Secret(t.Context(), "run-1")
	require.NoError(t, err)
	require.Equal(t, needle, secret)

	job := submit(t, one, "run-1")
	require.NoError(t, two.Save(t.Context(), &job, state{Step: 1}))
	info, err := two.js.Stream(t.Context(), workStream)
	require.NoError(t, err)
	require.Equal(t, 1, info.CachedInfo().Config.Replicas, "one server has one copy")
}

func TestAReplicaThatClosesHandsItsRunToAnotherAtOnce(t *testing.T) {
	o := Options{URL: startLoneServer(t).ClientURL(), AckWait: 10 * patience}
	leaves, stays := open(t, o), open(t, o)
	began, end := make(chan struct{}), make(chan struct{})
	defer close(end)
	work(t, leaves, func(context.Context, *Job) Outcome {
		close(began)
		<-end
		return Done()
	})
	submit(t, leaves, "run")
	<-began
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	require.NoError(t, leaves.Close(ctx))
	work(t, stays, func(_ context.Context, job *Job) Outcome {
		require.Zero(t, job.Crashes)
		return Done()
	})
	eventually(t, "done by the other, not after AckWait", func() bool { return finished(t, stays) })
}

func startLoneServer(t *testing.T) *server.Server {
	t.Helper()
	return startServer(t, &server.Options{
		Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), JetStreamMaxStore: 8 << 30, NoLog: true, NoSigs: true,
	})
}

func TestOneLostRequestDoesNotUseUpTheTimeToOpen(t *testing.T) {
	for _, lost := range []string{"$JS.API.INFO", "$JS.API.STREAM.", "$JS.API.CONSUMER."} {
		t.Run(lost, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			q, err := Open(ctx, Options{URL: startLossy(t, lost)})
			require.NoError(t, err)
			shutdown(t, q)
		})
	}
}

// startLossy relays what is asked to a server, and loses the first request of a
// kind, as a cluster does between two leaders.
func startLossy(t *testing.T, kind string) (url string) {
	t.Helper()
	behind, err := nats.Connect(startLoneServer(t).ClientURL())
	require.NoError(t, err)
	t.Cleanup(behind.Close)
	front := startServer(t, &server.Options{Host: "127.0.0.1", Port: -1, NoLog: true, NoSigs: true})
	relay, err := nats.Connect(front.ClientURL())
	require.NoError(t, err)
	t.Cleanup(relay.Close)
	var lost atomic.Bool
	for _, subject := range []string{"$JS.>", "$KV.>"} {
		_, err = relay.Subscribe(subject, func(m *nats.Msg) {
			if m.Reply == "" || strings.HasPrefix(m.Subject, kind) && !lost.Swap(true) {
				return
			}
			answer, err := behind.RequestMsg(&nats.Msg{Subject: m.Subject, Header: m.Header, Data: m.Data}, patience)
			if err == nil {
				_ = m.RespondMsg(answer) // who asked may have gone
			}
		})
		require.NoError(t, err)
	}
	require.NoError(t, relay.Flush())
	return front.ClientURL()
}
