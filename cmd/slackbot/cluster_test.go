package main

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/cmd/slackbot/internal/jobs/natstest"
	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

// Two replicas of the bot share a cluster of three nodes. One of each dies while a
// hundred runs wait for the end of an operation.
func TestAHundredRunsSurviveABotAndANode(t *testing.T) {
	const runs = 100
	cluster, err := natstest.Start(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	s := newScene(t, sceneOptions{file: usual, idle: true})
	s.env["ALITRIAGE_NATS_URL"] = cluster.URL
	stays, dies := s.launch(t), s.launch(t)

	ids := map[string]bool{}
	for i := range runs {
		s.SetBotURL([]*process{stays, dies}[i%2].url())
		ids[s.wait(t, i, 3*time.Second)] = true
	}
	require.Len(t, ids, runs)
	require.Eventually(t, func() bool { return s.ended(ids) > runs/5 }, patience, 10*time.Millisecond, "in the middle")
	dies.kill()
	require.NoError(t, cluster.Stop("alitriage-work", true))
	died := time.Now()
	s.SetBotURL(stays.url())

	require.Eventually(t, func() bool { return s.ended(ids) == runs }, 2*patience, 50*time.Millisecond, "%d of %d\n%s", s.ended(ids), runs, stays.log)
	took := time.Since(died)
	stays.settled(t)
	repeated := 0
	for id := range ids {
		repeated += len(s.finals(id)) - 1
	}
	t.Logf("all answered %s after the deaths; %d of %d twice", took.Round(time.Millisecond), repeated, runs)
	// Slack takes no message back: what the dead bot had posted, and not yet recorded, comes once more. It had 16 workers.
	require.LessOrEqual(t, repeated, 16)
}

// notReady is what /readyz says.
func (s *scene) notReady(t *testing.T) string {
	t.Helper()
	response, err := http.Get(s.operations() + "/readyz") //nolint:noctx // loopback
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(text)
}

// wait asks for the end of operation i, which runs for some seconds. It returns
// the id of the run.
func (s *scene) wait(t testing.TB, i int, runsFor time.Duration) string {
	t.Helper()
	id := operation(i)
	s.cloud.PutOperation(cloudsim.Operation{ID: id, RunsFor: runsFor, Status: "SUCCESS", Message: `" "`})
	answer, err := s.Command(slacksim.Alice, slacksim.Incidents, "/get_operation_result", id+" wait_seconds=40")
	require.NoError(t, err)
	require.Contains(t, answer.Text(), "IN_PROGRESS", answer.Body)
	return runID(answer.TriggerID)
}

func (s *scene) ended(ids map[string]bool) (n int) {
	for id := range ids {
		if len(s.finals(id)) > 0 {
			n++
		}
	}
	return n
}

func operation(i int) string { return fmt.Sprintf("op_4k2m9x7q1c8v5b3n6t%04d", i) }

func TestTheBotEndsInOrderWhileTheClusterIsAway(t *testing.T) {
	cluster, err := natstest.Start(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	s := newScene(t, sceneOptions{file: usual, idle: true})
	s.env["ALITRIAGE_NATS_URL"] = cluster.URL
	s.start(t)
	cluster.Close()
	state := s.notReady(t)
	require.Contains(t, state, "jetstream")
	require.NotContains(t, state, "credentials")
	require.Equal(t, exitOK, s.stop())
	require.Contains(t, s.errs.String(), "the store did not close in order")
}
