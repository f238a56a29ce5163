package jobs

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func openBench(b *testing.B) *Queue {
	b.Helper()
	q, err := Open(b.Context(), Options{Dir: filepath.Join(b.TempDir(), "store")})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, q.Close(context.Background())) }) //nolint:usetesting // b.Context is over in a cleanup
	return q
}

// What the user waits for before the ack: record and message, both synced.
func BenchmarkSubmit(b *testing.B) {
	q := openBench(b)
	var took []time.Duration
	for b.Loop() {
		if len(took)%(maxRuns/2) == 0 {
			b.StopTimer()
			makeRoom(b, q)
			b.StartTimer()
		}
		start := time.Now()
		_, _, err := q.Submit(b.Context(), fmt.Sprint(len(took)), state{})
		require.NoError(b, err)
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

func makeRoom(b *testing.B, q *Queue) {
	b.Helper()
	queue, err := q.js.Stream(b.Context(), workStream)
	require.NoError(b, err)
	require.NoError(b, queue.Purge(b.Context()))
}

// A thousand runs of one empty step each: take over, outcome and ack, on 16 workers.
func BenchmarkThousandTrivialJobs(b *testing.B) {
	q := openBench(b)
	var spent time.Duration
	for round := 0; b.Loop(); round++ {
		for i := range 1000 {
			_, _, err := q.Submit(b.Context(), fmt.Sprint(round, "-", i), state{})
			require.NoError(b, err)
		}
		start := time.Now()
		workOff(b, q)
		spent += time.Since(start)
	}
	b.ReportMetric(float64(1000*b.N)/spent.Seconds(), "jobs/s")
}

func workOff(b *testing.B, q *Queue) {
	b.Helper()
	ctx, stop := context.WithCancel(b.Context())
	var left atomic.Int32
	left.Store(1000)
	require.NoError(b, q.Work(ctx, func(context.Context, *Job) Outcome {
		if left.Add(-1) == 0 {
			stop()
		}
		return Done()
	}))
}

// Open over what a killed process left: 100 runs.
func BenchmarkOpen(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "store")
	q, err := Open(b.Context(), Options{Dir: dir})
	require.NoError(b, err)
	for i := range 100 {
		_, _, err := q.Submit(b.Context(), fmt.Sprint(i), state{})
		require.NoError(b, err)
	}
	require.NoError(b, q.Close(b.Context()))
	for b.Loop() {
		q, err := Open(b.Context(), Options{Dir: dir})
		require.NoError(b, err)
		b.StopTimer()
		require.NoError(b, q.Close(b.Context()))
		b.StartTimer()
	}
}
