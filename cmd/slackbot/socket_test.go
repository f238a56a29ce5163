package main

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

func TestSocketModeTakesCommandsClicksAndMentions(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, socket: true})
	require.Len(t, s.Connections(), connections)
	report := s.report(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout", "ACTION_NEEDED: ")
	s.click(t, slacksim.Alice, report, "refresh")
	s.eventually(t, "the new one", func() bool { return len(s.now(t, report).Edits) == 1 })
	_, err := s.Mention(slacksim.Bob, slacksim.Incidents, "", "payments")
	require.NoError(t, err)
	s.until(t, slacksim.Bob, slacksim.Incidents, ": Application b7a16d2e")
	_, err = s.DirectMessage(slacksim.Bob, "checkout")
	require.NoError(t, err)
	s.until(t, slacksim.Bob, s.DM(slacksim.Bob), "ACTION_NEEDED: ")
	for _, ack := range s.Acks() {
		require.Empty(t, ack.Refused)
		require.Less(t, len(ack.Payload), 20_000)
	}
	status, _ := s.sent(t, "/slack/commands", slacksim.Forged{Body: []byte(s.typed(nil).Encode())})
	require.Equal(t, http.StatusNotFound, status, "there is one way in")
	require.Equal(t, exitOK, s.stop())
}

func TestHelpFitsIntoAnAcknowledgement(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, socket: true})
	for _, command := range []string{"/triage", "/get_app_status", "/get_invocation_results", "/get_operation_result", "/gather_env_stats"} {
		require.NotEmpty(t, s.command(t, slacksim.Alice, slacksim.Incidents, command, "help").Text())
	}
}

func TestNoCommandIsLostWhileSlackRenewsTheConnections(t *testing.T) {
	// Lost is what is never answered; how fast an answer is, a benchmark says.
	s := newScene(t, sceneOptions{file: usual, socket: true, slack: slacksim.Options{CloseGrace: patience, AckTimeout: patience}})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	renewed := make(chan error, 1)
	go func() {
		for range 3 {
			if err := s.Refresh(ctx); err != nil {
				renewed <- err
				return
			}
		}
		renewed <- nil
	}()
	for i := 0; i < 50 || len(renewed) == 0; i++ {
		answer, err := s.Command(slacksim.Alice, slacksim.Incidents, "/triage", "help")
		require.NoError(t, err)
		require.Empty(t, answer.Error, "command %d\n%s", i, quietly{s.errs})
	}
	require.NoError(t, <-renewed)
	require.NoError(t, s.WaitConnected(ctx, connections))
}

func TestConnectionsThatAreCutComeBack(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, socket: true})
	s.Inject(slacksim.Fault{Method: "apps.connections.open", Status: 503})
	s.CutSockets()
	s.eventually(t, "red", func() bool {
		status, body := s.get(t, "/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(body, "no connection to Slack")
	})
	s.ClearFaults()
	s.eventually(t, "green", func() bool { status, _ := s.get(t, "/readyz"); return status == http.StatusOK })
	s.report(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout", "ACTION_NEEDED: ")
}

func TestAnAppTokenThatSlackDoesNotAcceptEndsTheBotWithASentence(t *testing.T) {
	for _, code := range []string{"invalid_auth", "missing_scope"} {
		t.Run(code, func(t *testing.T) {
			s := newScene(t, sceneOptions{file: usual, socket: true, idle: true})
			s.Inject(slacksim.Fault{Method: "apps.connections.open", Error: code})
			exit, said := s.fails(t)
			require.Equal(t, exitFailed, exit)
			require.Contains(t, said, "Slack does not accept the tokens")
			require.Contains(t, said, "SLACK_APP_TOKEN")
		})
	}
}

func TestATokenThatIsRevokedLaterEndsTheBot(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, socket: true})
	s.FailAuth("token_revoked")
	s.CutSockets()
	s.eventually(t, "its end", func() bool { return strings.Contains(s.errs.String(), "Slack does not accept the tokens") })
	require.Equal(t, exitFailed, s.stop())
	require.False(t, slices.ContainsFunc(s.Calls(), func(c slacksim.Call) bool { return c.Method == "chat.postMessage" }))
}
