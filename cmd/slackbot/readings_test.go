package main

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/tools"
)

func TestWhatIsKnownWhenTheQueueClosesIsTheAnswer(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the queue is closing"))
	for range 100 { // select takes any of two that are ready
		r := newReadings()
		own, ask := r.join("{}", firstFresh)
		require.True(t, ask)
		own.report = formatters.Report{Headline: "known"}
		close(own.done)
		report, err := r.read(ctx, tools.Tool{}, json.RawMessage("{}"), firstFresh)
		require.NoError(t, err)
		require.Equal(t, "known", report.Headline)
	}
}

func TestWhoLeavesBeforeTheAnswerHasNone(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the queue is closing"))
	r := newReadings()
	r.join("{}", firstFresh)
	_, err := r.read(ctx, tools.Tool{}, json.RawMessage("{}"), firstFresh)
	require.ErrorIs(t, err, errLeft)
}

func TestOldReadingsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReadings()
		for _, name := range []string{"one", "two"} {
			own, _ := r.join(name, pace)
			close(own.done)
		}
		time.Sleep(pace + time.Second)
		r.join("three", pace)
		require.Len(t, r.latest, 1)
	})
}
