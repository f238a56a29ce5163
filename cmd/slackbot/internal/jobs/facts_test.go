package jobs

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheSameCommandJoinsTheRunThatIsActive(t *testing.T) {
	q := open(t, Options{})
	const command = "U1 C1 get_app_status app_id=checkout\n"
	for _, step := range []struct{ does, owner, current string }{
		{"claim", "run-1", "run-1"},
		{"claim", "run-2", "run-1"},
		{"claim", "run-1", "run-1"},
		{"release", "run-2", ""}, // not its own
		{"claim", "run-2", "run-1"},
		{"release", "run-1", ""},
		{"release", "run-1", ""},
		{"claim", "run-2", "run-2"},
	} {
		if step.does == "release" {
			require.NoError(t, q.Release(t.Context(), command, step.owner))
			continue
		}
		current, err := q.Claim(t.Context(), command, step.owner)
		require.NoError(t, err)
		require.Equal(t, step.current, current)
	}
	current, err := q.Claim(t.Context(), "another", "run-3")
	require.NoError(t, err)
	require.Equal(t, "run-3", current)
}

func TestOfManyWhoClaimAtOnceOneHasIt(t *testing.T) {
	q := open(t, Options{})
	var winners atomic.Int32
	var all sync.WaitGroup
	for owner := range strings.SplitSeq("abcdefghijklmnop", "") {
		all.Go(func() {
			if current, err := q.Claim(t.Context(), "key", owner); err == nil && current == owner {
				winners.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, winners.Load())
}

func TestAFactIsKeptAndReplaced(t *testing.T) {
	q := open(t, Options{})
	_, err := q.Lookup(t.Context(), "key")
	require.ErrorIs(t, err, ErrNotFound)
	require.NoError(t, q.Put(t.Context(), "key", "one"))
	require.NoError(t, q.Put(t.Context(), "key", strings.Repeat("2", 1<<10)))
	value, err := q.Lookup(t.Context(), "key")
	require.NoError(t, err)
	require.Len(t, value, 1<<10)
	require.Error(t, q.Put(t.Context(), "key", strings.Repeat("3", 1<<10+1)))

	current, err := q.Claim(t.Context(), "key", "run")
	require.NoError(t, err)
	require.Equal(t, "run", current, "claims and facts are apart")
}
