package growth

import (
	"testing"
	"time"
)

const (
	factor = 16 // how much longer the longer input is
	bound  = 4  // of the ratio: linear growth gives 1, quadratic growth 16
	rounds = 8  // to find the least times in
)

// Linear fails the test if work on one input of 16n takes much longer than work on
// 16 inputs of n. prepare makes an input and returns the work on it; n is to be so
// large that its work takes longer than what is done but once.
func Linear(t testing.TB, n int, prepare func(size int) (work func())) {
	t.Helper()
	short, long := prepare(n), prepare(factor*n)
	short() // what is read and compiled once
	ratio := ratioOf(timeOf(long, 1), timeOf(short, factor))
	t.Logf("%.1f times the time for the same input in one piece", ratio)
	if ratio >= bound {
		t.Errorf("the work on %d and on %d does not grow as they do", n, factor*n)
	}
}

// ratioOf compares the least times that one piece and many took. What interrupts
// them only adds to them, so the least of a few come close to what they need.
func ratioOf(one, many func() time.Duration) (ratio float64) {
	least, leastOfMany := one(), many()
	for range rounds {
		if ratio = float64(least) / float64(max(leastOfMany, 1)); ratio < bound {
			break
		}
		least, leastOfMany = min(least, one()), min(leastOfMany, many())
	}
	return ratio
}

func timeOf(work func(), times int) func() time.Duration {
	return func() time.Duration {
		began := time.Now()
		for range times {
			work()
		}
		return time.Since(began)
	}
}
