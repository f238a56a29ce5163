package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

// question stores a read that was asked for so long ago.
func (b *bot) question(t *testing.T, id string, ago time.Duration) *step {
	t.Helper()
	r := &run{
		Kind: kindReport, Tool: "get_app_status", Args: asJSON(map[string]string{"app_id": cloudsim.CheckoutApp, "region": cloudsim.Region}),
		Asker: alice, Where: surface{Channel: slacksim.Incidents, Post: true}, Asked: time.Now().Add(-ago), Stage: stageReading,
	}
	job, _, err := b.queue.Submit(t.Context(), id, r)
	require.NoError(t, err)
	return &step{bot: b, job: &job, run: r}
}

func TestOneReadServesAllWhoHaveWaitedForIt(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, idle: true})
	b := s.idleBot(t)
	for i := range 3 {
		b.question(t, fmt.Sprint("waited", i), time.Minute).read(t.Context())
		time.Sleep(1200 * time.Millisecond) // their turns come one after the other
	}
	require.Equal(t, 1, s.cloud.Calls().Accepted["DescribeApplicationStatus"])
	b.question(t, "new", 0).read(t.Context())
	require.Equal(t, 2, s.cloud.Calls().Accepted["DescribeApplicationStatus"])
	require.Len(t, s.reports(), 4)
}

func TestARefreshShowsWhatHasChangedThisMoment(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	report := s.report(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout", "ACTION_NEEDED: ")
	s.cloud.PutApp(cloudsim.App{ID: cloudsim.CheckoutApp, CurrentStatus: "RUNNING", RunningInstances: 3, LastChangeOrderStatus: "SUCCESS"})
	s.click(t, slacksim.Alice, report, "refresh")
	s.changed(t, report, "OK: ")
}

func TestWhoComesLateIsToldHowManyAreBefore(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, slack: crowd(60)})
	s.cloud.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Delay: 20 * time.Second, Times: 16})
	first := s.command(t, member(0), slacksim.Incidents, "/get_app_status", appNumber(0))
	require.NotContains(t, says(*first.Message), "are waiting before")
	for i := 1; i < 60; i++ {
		s.command(t, member(i), slacksim.Incidents, "/get_app_status", appNumber(i))
	}
	last := s.command(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout")
	require.Contains(t, says(*last.Message), "About 40 requests are waiting before this one. It is answered in its turn")
	require.True(t, strings.HasPrefix(last.Text(), "IN_PROGRESS: "))
}

func appNumber(i int) string { return fmt.Sprintf("5c0e8a4f-93d1-4b7a-a2f6-%012x", i) }
