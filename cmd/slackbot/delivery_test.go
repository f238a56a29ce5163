package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

// held is a command whose answer takes two seconds, so that a test can do
// something before it is delivered.
func (s *scene) held(t *testing.T, channel string) slacksim.Answer {
	t.Helper()
	s.cloud.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Delay: 1800 * time.Millisecond, Times: 1})
	return s.command(t, slacksim.Alice, channel, "/get_app_status", "checkout")
}

func TestAnAnswerIsDeliveredByAnotherWayWhenTheResponseURLIsClosed(t *testing.T) {
	t.Run("expired: in the channel, privately", func(t *testing.T) {
		s := newScene(t, sceneOptions{file: usual})
		s.held(t, slacksim.Incidents)
		s.Advance(31 * time.Minute)
		report := s.until(t, slacksim.Alice, slacksim.Incidents, "ACTION_NEEDED: ")
		require.Equal(t, "chat.postEphemeral", report.Via)
	})
	t.Run("used up: in the channel, privately", func(t *testing.T) {
		s := newScene(t, sceneOptions{file: usual})
		answer := s.held(t, slacksim.Incidents)
		for range 5 {
			response, err := http.Post(answer.ResponseURL, "application/json", strings.NewReader(`{"text":"x","blocks":[{"type":"divider"}],"unfurl_links":false,"unfurl_media":false}`)) //nolint:noctx // loopback
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
		}
		report := s.until(t, slacksim.Alice, slacksim.Incidents, "ACTION_NEEDED: ")
		require.Equal(t, "chat.postEphemeral", report.Via)
	})
	t.Run("and the bot is not there: by direct message", func(t *testing.T) {
		s := newScene(t, sceneOptions{file: usual})
		s.held(t, slacksim.Elsewhere)
		s.Advance(31 * time.Minute)
		s.eventually(t, "a direct message", func() bool { return len(s.VisibleDM(slacksim.Alice)) == 1 })
		require.Contains(t, s.VisibleDM(slacksim.Alice)[0].Text, "ACTION_NEEDED: ")
		require.Empty(t, s.ofBot(slacksim.Bob, slacksim.Elsewhere))
	})
}

func TestATooManyRequestsIsHonoured(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.Inject(slacksim.Fault{Method: "response_url", Status: 429, RetryAfter: 4 * time.Second, Times: 1})
	began := time.Now()
	s.command(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout")
	s.until(t, slacksim.Alice, slacksim.Incidents, "ACTION_NEEDED: ")
	require.GreaterOrEqual(t, time.Since(began), 4*time.Second)
	require.Equal(t, 2, s.responses())

	s.Inject(slacksim.Fault{Method: "chat.postMessage", Status: 429, RetryAfter: 3 * time.Second, Times: 1})
	began = time.Now()
	_, err := s.Mention(slacksim.Bob, slacksim.Incidents, "", "payments")
	require.NoError(t, err)
	s.until(t, slacksim.Bob, slacksim.Incidents, ": Application b7a16d2e")
	require.GreaterOrEqual(t, time.Since(began), 3*time.Second)
}

// responses counts the posts to response_urls.
func (s *scene) responses() (n int) {
	for _, c := range s.Calls() {
		if c.Method == "response_url" {
			n++
		}
	}
	return n
}

func TestAnAnswerArrivesThoughSlackIsAwayForAWhile(t *testing.T) {
	for _, fault := range []slacksim.Fault{{Status: 503}, {Drop: slacksim.DropBefore}, {Error: "internal_error", Status: 500}} {
		t.Run(string(fault.Drop)+http.StatusText(fault.Status), func(t *testing.T) {
			s := newScene(t, sceneOptions{file: usual})
			s.Inject(fault)
			s.command(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout")
			_, err := s.Mention(slacksim.Bob, slacksim.Incidents, "", "payments")
			require.NoError(t, err)
			s.eventually(t, "two tries", func() bool { return strings.Count(s.errs.String(), "an answer was not delivered") >= 3 })
			s.ClearFaults()
			s.until(t, slacksim.Alice, slacksim.Incidents, "ACTION_NEEDED: ")
			s.until(t, slacksim.Bob, slacksim.Incidents, ": Application b7a16d2e")
			require.Equal(t, 2, s.cloud.Calls().Accepted["DescribeApplicationStatus"], "what is known is not asked for again")
		})
	}
}

func TestManyAnswersInOneChannelKeepSlacksPace(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, slack: slacksim.Options{RateLimits: true}})
	var threads []string
	for _, user := range []string{slacksim.Alice, slacksim.Bob, slacksim.Carol} {
		for _, what := range []string{"checkout", "payments", "web"} {
			answer, err := s.Mention(user, slacksim.Incidents, "", what)
			require.NoError(t, err)
			threads = append(threads, answer.TS)
		}
	}
	s.eventually(t, "nine answers", func() bool { return len(s.reports()) == len(threads) })
	var answered []string
	for _, m := range s.reports() {
		answered = append(answered, m.ThreadTS)
	}
	require.ElementsMatch(t, threads, answered)
}

func TestAConnectionThatBreaksAfterThePostRepeatsItWithTheSameRun(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.Inject(slacksim.Fault{Method: "response_url", Drop: slacksim.DropAfter, Times: 1})
	s.command(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout")
	s.eventually(t, "both", func() bool { return len(s.reports()) == 2 })
	list := s.reports()
	require.Equal(t, runOf(t, list[0]), runOf(t, list[1]))
}

func TestAMessageThatSomebodyHasDeletedIsPostedAnew(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.runs(12 * time.Second)
	_, err := s.Mention(slacksim.Alice, slacksim.Incidents, "", "get_operation_result resize wait_seconds=40")
	require.NoError(t, err)
	s.until(t, slacksim.Alice, slacksim.Incidents, "IN_PROGRESS: Operation")
	s.Inject(slacksim.Fault{Method: "chat.update", Error: "message_not_found", Times: 1})
	s.eventually(t, "another message", func() bool { return len(s.ofBot(slacksim.Alice, slacksim.Incidents)) == 2 })
	s.changed(t, s.ofBot(slacksim.Alice, slacksim.Incidents)[1], "OK: ")
}

func TestAWatchWithoutDirectMessagesReachesTheAskerAllTheSame(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, slack: slacksim.Options{Scopes: []string{"commands", "chat:write", "app_mentions:read"}}})
	s.runs(6 * time.Second)
	report := s.report(t, slacksim.Alice, slacksim.Incidents, "/get_operation_result", "resize", "IN_PROGRESS: Operation")
	s.called = []string{slacksim.Alice}
	s.click(t, slacksim.Alice, report, "watch")
	s.until(t, slacksim.Alice, slacksim.Incidents, "OK: ")
	require.Len(t, users(s.until(t, slacksim.Alice, slacksim.Incidents, "Done: OK")), 1)
}

func TestAClosedChannelIsNotSilence(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.Inject(slacksim.Fault{Method: "chat.postMessage", Error: "restricted_action", Times: 1})
	_, err := s.Mention(slacksim.Alice, slacksim.Incidents, "", "checkout")
	require.NoError(t, err)
	report := s.until(t, slacksim.Alice, slacksim.Incidents, "ACTION_NEEDED: ")
	require.True(t, report.Ephemeral())
}

func TestWhatARefusalSaysInAThreadSurvivesATooManyRequests(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.Inject(slacksim.Fault{Method: "chat.postEphemeral", Status: 429, RetryAfter: time.Second, Times: 1})
	_, err := s.Mention(slacksim.Alice, slacksim.Incidents, "", "help")
	require.NoError(t, err)
	s.until(t, slacksim.Alice, slacksim.Incidents, "What happened on Alibaba Cloud")
}

func TestAMessageThatSlackRefusesIsSentAsText(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.Inject(slacksim.Fault{Method: "chat.postMessage", Error: "invalid_blocks_format", Times: 1})
	_, err := s.Mention(slacksim.Alice, slacksim.Incidents, "", "checkout")
	require.NoError(t, err)
	report := s.until(t, slacksim.Alice, slacksim.Incidents, "ACTION_NEEDED: ")
	require.Contains(t, report.Text, "Slack did not take the rest")
	require.JSONEq(t, "[]", string(report.Blocks))
	require.Contains(t, s.errs.String(), "slack refused a message")
}

func TestAFileIsSentOnceHoweverLongItTakesToSaySo(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	report := s.report(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout", "ACTION_NEEDED: ")
	s.Inject(slacksim.Fault{Method: "response_url", Status: 500, Times: 2})
	s.click(t, slacksim.Alice, report, "file")
	s.until(t, slacksim.Alice, slacksim.Incidents, "The whole output is in your direct messages")
	require.Len(t, s.Files(), 1)
}
