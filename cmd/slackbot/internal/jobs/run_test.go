package jobs

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
)

func TestSubmitAgainReturnsTheRunAndQueuesNothing(t *testing.T) {
	q := open(t, Options{})
	first := submit(t, q, "run")
	again, created, err := q.Submit(t.Context(), "run", state{Step: 7})
	require.NoError(t, err)
	require.False(t, created)
	require.Equal(t, first.Created, again.Created)
	require.JSONEq(t, `{"step":0}`, string(again.State))
	depth, err := q.Depth(t.Context())
	require.NoError(t, err)
	require.Equal(t, Depth{Waiting: 1}, depth)
}

func TestARunIsReadBackAsItWasStored(t *testing.T) {
	q := open(t, Options{})
	submit(t, q, "any text: <@U1|name> \n 世界")
	job, err := q.Get(t.Context(), "any text: <@U1|name> \n 世界")
	require.NoError(t, err)
	require.NoError(t, q.Save(t.Context(), &job, state{Step: 2, Note: "<&>"}))
	job, err = q.Get(t.Context(), job.ID)
	require.NoError(t, err)
	var s state
	require.NoError(t, job.Decode(&s))
	require.Equal(t, state{Step: 2, Note: "<&>"}, s)
	require.True(t, job.Finished.IsZero())

	_, err = q.Get(t.Context(), "another")
	require.ErrorIs(t, err, ErrNotFound)
}

func TestOfTwoWhoReadTheSameOnlyOneSaves(t *testing.T) {
	q := open(t, Options{})
	one := submit(t, q, "run")
	two, err := q.Get(t.Context(), "run")
	require.NoError(t, err)
	require.NoError(t, q.Save(t.Context(), &one, state{Step: 1}))
	require.ErrorIs(t, q.Save(t.Context(), &two, state{Step: 2}), ErrConflict)
	require.NoError(t, q.Save(t.Context(), &one, state{Step: 3}), "the winner goes on")

	two, err = q.Get(t.Context(), "run")
	require.NoError(t, err)
	require.NoError(t, q.Save(t.Context(), &two, state{Step: 4}), "who lost reads anew")
}

func TestSubmitRefusesWhatCannotBeStored(t *testing.T) {
	q := open(t, Options{})
	for name, c := range map[string]struct {
		id    string
		state any
		want  string
	}{
		"no id":             {"", state{}, "an id has 1 to 256 bytes"},
		"a long id":         {strings.Repeat("i", 257), state{}, "an id has 1 to 256 bytes"},
		"a large state":     {"run", strings.Repeat("s", 64<<10), "at most 65536 bytes"},
		"what JSON has not": {"run", make(chan int), "unsupported type"},
	} {
		t.Run(name, func(t *testing.T) {
			_, created, err := q.Submit(t.Context(), c.id, c.state)
			require.ErrorContains(t, err, c.want)
			require.False(t, created)
		})
	}
	_, created, err := q.Submit(t.Context(), "largest", strings.Repeat("<", (64<<10-2)/6))
	require.NoError(t, err)
	require.True(t, created)
	require.Equal(t, 1, waiting(t, q))
}

func TestAFullStoreIsAnErrorAndNothingIsStored(t *testing.T) {
	q := open(t, Options{MaxBytes: 256 << 10})
	large := strings.Repeat("s", 60<<10)
	var stored int
	for ; ; stored++ {
		_, _, err := q.Submit(t.Context(), strings.Repeat("i", stored+1), large)
		if err != nil {
			require.ErrorContains(t, err, "nothing was started")
			break
		}
		require.Less(t, stored, 10)
	}
	_, err := q.Get(t.Context(), strings.Repeat("i", stored+1))
	require.ErrorIs(t, err, ErrNotFound)
	require.Equal(t, stored, waiting(t, q))
}

func TestAFullQueueIsAnErrorAndTheRecordIsTakenBack(t *testing.T) {
	q := open(t, Options{})
	// As if 10,000 runs were unfinished.
	config := streams(q.options.MaxBytes, 1)[0]
	config.MaxMsgs = 1
	_, err := q.js.UpdateStream(t.Context(), config)
	require.NoError(t, err)
	submit(t, q, "one")

	_, created, err := q.Submit(t.Context(), "two", state{})
	require.ErrorContains(t, err, "nothing was started")
	require.False(t, created)
	_, err = q.Get(t.Context(), "two")
	require.ErrorIs(t, err, ErrNotFound)

	config.MaxMsgs = maxRuns
	_, err = q.js.UpdateStream(t.Context(), config)
	require.NoError(t, err)
	submit(t, q, "two") // the same id is accepted once there is room
	require.Equal(t, 2, waiting(t, q))
}

func TestANearlyFullStoreKeepsRoomForTheRunsUnderWay(t *testing.T) {
	q := open(t, Options{MaxBytes: 1 << 20})
	job := submit(t, q, "run")
	for i := range 16 {
		_, _, err := q.Submit(t.Context(), strings.Repeat("i", i+1), strings.Repeat("s", 60<<10))
		require.NoError(t, err)
	}
	require.NoError(t, q.measure(t.Context()))
	_, _, err := q.Submit(t.Context(), "one more", state{})
	require.ErrorContains(t, err, "nearly full")
	require.ErrorIs(t, q.Ready(t.Context()), errFull)
	require.NoError(t, q.Save(t.Context(), &job, state{Step: 1}))
}

// The server says nothing when a publish times out after it was stored: the
// record is taken back, and the message must do no harm.
func TestAMessageWhoseRecordWasTakenBackIsDropped(t *testing.T) {
	q := open(t, Options{AckWait: time.Second})
	job := submit(t, q, "run")
	_, _, err := q.takeBack(t.Context(), job, jetstream.ErrNoStreamResponse)
	require.ErrorContains(t, err, "nothing was started")
	calls := count(t, q)
	eventually(t, "dropped", func() bool { return empty(t, q) })
	require.Zero(t, calls.Load())

	submit(t, q, "run") // and its id is not held for a duplicate
	eventually(t, "worked on", func() bool { return finished(t, q) })
}

// Two requests with one id, as Slack repeats an event whose answer it did not get.
func TestWhoCreatedARunAndFailsToQueueItLeavesItToAReplayThatDid(t *testing.T) {
	q := open(t, Options{})
	job, created, err := q.enter(t.Context(), "run", []byte(`{"step":0}`))
	require.NoError(t, err)
	require.True(t, created)
	_, created, err = q.Submit(t.Context(), "run", state{})
	require.NoError(t, err)
	require.False(t, created)
	_, _, err = q.takeBack(t.Context(), job, jetstream.ErrNoStreamResponse)
	require.ErrorIs(t, err, ErrUncertain)
	count(t, q)
	eventually(t, "the replay's run is done", func() bool { return finished(t, q) })
}

func TestWhoFailsToQueueARunThatIsUnderWayIsToldThatItIs(t *testing.T) {
	q := open(t, Options{})
	job := submit(t, q, "run") // as if the answer had been lost
	count(t, q)
	eventually(t, "done", func() bool { return finished(t, q) })
	now, created, err := q.takeBack(t.Context(), job, jetstream.ErrNoStreamResponse)
	require.NoError(t, err)
	require.True(t, created)
	require.False(t, now.Finished.IsZero())
}

func waiting(t *testing.T, q *Queue) int {
	t.Helper()
	depth, err := q.Depth(t.Context())
	require.NoError(t, err)
	return depth.Waiting
}
