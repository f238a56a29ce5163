package growth

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// taking answers with each of the times in turn, and with the last one from then on.
func taking(times ...time.Duration) func() time.Duration {
	return func() time.Duration {
		took := times[0]
		times = times[min(1, len(times)-1):]
		return took
	}
}

func TestOnlyGrowthExceedsTheBound(t *testing.T) {
	for _, c := range []struct {
		fact      string
		one, many func() time.Duration
		exceeds   bool
	}{
		{"linear", taking(160), taking(160), false},
		{"linear, with a start that is paid for each time", taking(160), taking(800), false},
		{"quadratic", taking(2560), taking(160), true},
		{"linear, the long one interrupted", taking(5000, 4000, 3000, 160), taking(160), false},
		{"linear, both at half the speed", taking(320), taking(320), false},
		{"quadratic, both interrupted", taking(5000, 2560), taking(900, 160), true},
		{"too quick for the clock", taking(0), taking(0), false},
	} {
		require.Equal(t, c.exceeds, ratioOf(c.one, c.many) >= bound, c.fact)
	}
}

func TestTheSameIsDoneInOnePieceAndInMany(t *testing.T) {
	done := map[int]int{}
	Linear(t, 1_000, func(size int) func() {
		list := make([]byte, size)
		return func() {
			clear(list)
			done[size]++
		}
	})
	require.Equal(t, 16*done[16_000], done[1_000]-1, "but for the first, which is not measured")
}
