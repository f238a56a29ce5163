//go:build fixture

package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// manyProgress is how often the fixture test_many_progress reports at once.
const manyProgress = 2000

func requireAllInOrder(t *testing.T, all []message) {
	t.Helper()
	require.Len(t, all, manyProgress+1, "none dropped")
	last := 0.0
	for _, m := range all[:manyProgress] {
		require.Equal(t, "notifications/progress", m.Method, "none late")
		require.GreaterOrEqual(t, m.Params.Progress, last)
		last = m.Params.Progress
	}
	require.Equal(t, "counted", all[manyProgress].text())
}

func TestFixtureProgressOverStdioIsNeitherLateNorDropped(t *testing.T) {
	p := launch(t, nil, "--demo")
	p.say(t, toolCall(1, "test_many_progress", nil))
	require.NoError(t, p.stdin.Close())
	requireAllInOrder(t, p.rest(t))
}

// Several calls at a time, each with progress of its own.
func TestFixtureProgressOfEachCallComesBeforeItsResult(t *testing.T) {
	const calls = 5
	p := launch(t, nil, "--demo")
	for id := range calls {
		p.say(t, toolCall(id, "test_many_progress", nil))
	}
	require.NoError(t, p.stdin.Close())
	byCall := map[string][]message{}
	for _, m := range p.rest(t) {
		id := m.ID
		if m.Method != "" {
			id = m.Params.ProgressToken
		}
		byCall[string(id)] = append(byCall[string(id)], m)
	}
	require.Len(t, byCall, calls)
	for _, all := range byCall {
		requireAllInOrder(t, all)
	}
}

func TestFixtureProgressOverHTTPIsNeitherLateNorDropped(t *testing.T) {
	s := launchHTTP(t, newWorld(t).env()...)
	status, all := s.post(t, toolCall(1, "test_many_progress", nil))
	require.Equal(t, http.StatusOK, status)
	requireAllInOrder(t, all)
}
