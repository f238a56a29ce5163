package cloudapi

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOnlyLanesInUseAreRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(budgetRate, budgetBurst)
		held, busy := laneName{ECS, "held"}, laneName{ECS, "busy"}
		b.hold(held, time.Hour)
		for range budgetBurst {
			require.NoError(t, b.wait(t.Context(), busy))
		}
		for i := range 10_000 {
			require.NoError(t, b.wait(t.Context(), laneName{ECS, fmt.Sprint("cn-", i)}))
			<-time.After(time.Millisecond) // 200 of them are not full again
			if i%1000 == 0 {
				for range 5 {
					require.NoError(t, b.wait(t.Context(), busy))
				}
			}
			require.LessOrEqual(t, len(b.lanes), maxLanes+1)
		}
		require.Contains(t, b.lanes, held)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.ErrorAs(t, b.wait(ctx, held), new(overBudget))
	})
}

// BenchmarkBudget is what the budget adds to a call that need not wait.
func BenchmarkBudget(b *testing.B) {
	all := newBudget(1e12, 1e12)
	b.ReportAllocs()
	for b.Loop() {
		if err := all.wait(b.Context(), laneName{ECS, "cn-hangzhou"}); err != nil {
			b.Fatal(err)
		}
	}
}
