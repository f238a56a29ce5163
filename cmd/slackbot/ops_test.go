package main

import (
	"context"

	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v3"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
	"github.com/alitriage/alitriage/internal/config"
)

// get asks for one of the bot's own pages.
func (s *scene) get(t *testing.T, path string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.operations()+path, http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

func TestReadinessFollowsTheToken(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	status, body := s.get(t, "/healthz")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "ok\n", body)
	s.FailAuth("token_revoked")
	s.eventually(t, "red", func() bool { status, body = s.get(t, "/readyz"); return status == http.StatusServiceUnavailable })
	var why map[string]string
	require.NoError(t, json.Unmarshal([]byte(body), &why))
	require.Contains(t, why["slack"], "token_revoked")
	status, _ = s.get(t, "/healthz")
	require.Equal(t, http.StatusOK, status, "a restart would not help")
	s.FailAuth("")
	s.eventually(t, "green", func() bool { status, _ = s.get(t, "/readyz"); return status == http.StatusOK })
}

func TestSlackThatIsAwayForAWhileDoesNotMakeItUnready(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.Inject(slacksim.Fault{Status: http.StatusServiceUnavailable})
	s.eventually(t, "a look", func() bool {
		status, _ := s.get(t, "/readyz")
		require.Equal(t, http.StatusOK, status)
		return slices.ContainsFunc(s.Calls(), func(c slacksim.Call) bool { return c.Method == "auth.test" && c.Error != "" })
	})
}

func TestMetricsNameWhatHappensAndQuoteNobody(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.report(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout", "ACTION_NEEDED: ")
	_, err := s.Mention(slacksim.Alice, slacksim.Incidents, "", "get_evil_label checkout")
	require.NoError(t, err)
	s.cloud.Inject(cloudsim.Fault{Status: 400, Code: "Evil\"} 1\nhostile_metric", Message: "no", Times: 1})
	s.command(t, slacksim.Bob, slacksim.Incidents, "/get_app_status", "payments")
	s.until(t, slacksim.Bob, slacksim.Incidents, "UNKNOWN")
	_, _ = s.sent(t, "/slack/commands", slacksim.Forged{Body: []byte("x=1"), Secret: "wrong"})
	_, body := s.get(t, "/metrics")
	for _, line := range []string{
		`alitriage_commands_total{kind="command"} 2`, `alitriage_commands_total{kind="mention"} 1`, `alitriage_commands_total{kind="refused"} 1`,
		`alitriage_run_seconds_count{tool="get_app_status",verdict="action_needed"} 1`, `alitriage_ack_seconds_count`,
		`alitriage_api_calls_total{code="`, `alitriage_slack_requests_total{outcome="ok",route="response_url"}`, `alitriage_queue_waiting 0`, `alitriage_queue_in_flight`,
	} {
		require.Contains(t, body, line)
	}
	for _, hostile := range []string{"evil", "Evil", "hostile", slacksim.Alice, slacksim.Incidents, slacksim.TeamID, cloudsim.CheckoutApp} {
		require.NotContains(t, body, hostile)
	}
	for line := range strings.Lines(body) {
		require.Regexp(t, regexp.MustCompile(`^(# |alitriage_[a-z_]+(\{[a-zA-Z0-9_=",.+ -]*\})? [0-9.eE+-]+(Inf)?\n$)`), line)
	}
}

func TestEachCommandLeavesOneLineInTheAudit(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	answer := s.command(t, slacksim.Alice, slacksim.Incidents, "/get_invocation_results", cloudsim.DiskCleanup)
	s.until(t, slacksim.Alice, slacksim.Incidents, "FAILED: ")
	run := runOf(t, *answer.Message)
	line := s.audited(t, map[string]any{"run": run})
	require.Equal(t, "audit", line["msg"])
	require.Equal(t, slacksim.Alice, line["user"])
	require.Equal(t, slacksim.Incidents, line["channel"])
	require.Equal(t, slacksim.TeamID, line["team"])
	require.Equal(t, "get_invocation_results", line["tool"])
	require.Equal(t, "failed", line["verdict"])
	require.Equal(t, map[string]any{"invoke_id": cloudsim.DiskCleanup}, line["ids"])
	require.Contains(t, line, "duration_ms")
	require.NotEmpty(t, line["request_ids"])
	s.command(t, slacksim.Alice, slacksim.Incidents, "/triage", "help")
	s.audited(t, map[string]any{"outcome": "help", "tool": "triage"})
	s.command(t, slacksim.Alice, slacksim.Incidents, "/triage", "my password is hunter2hunter2 and nothing else")
	s.audited(t, map[string]any{"outcome": "not understood", "tool": "triage"})
	require.Len(t, s.audits(t), 3)
	require.NotContains(t, s.out.String()+s.errs.String(), "hunter2")
}

func TestAWrongConfigurationIsRefusedBeforeAnythingIsDone(t *testing.T) {
	s := newScene(t, sceneOptions{file: "slack: {can_begin: [U1]}\n", idle: true})
	code, said := s.fails(t)
	require.Equal(t, exitRefused, code)
	require.Contains(t, said, "can_begin")
	delete(s.env, "ALITRIAGE_CONFIG")
	delete(s.env, "SLACK_SIGNING_SECRET")
	s.env["SLACK_BOT_TOKEN"] = "xapp-wrong-kind"
	code, said = s.fails(t)
	require.Equal(t, exitRefused, code)
	require.Contains(t, said, "SLACK_BOT_TOKEN")
	require.Contains(t, said, "SLACK_APP_TOKEN")
	require.NotContains(t, said, "xapp-wrong-kind")
	require.Empty(t, s.Calls())
}

func TestATokenThatSlackDoesNotAcceptEndsTheBotWithASentence(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, idle: true})
	s.FailAuth("invalid_auth")
	code, said := s.fails(t)
	require.Equal(t, exitFailed, code)
	require.Contains(t, said, "Slack does not accept SLACK_BOT_TOKEN")
	require.Contains(t, said, "install the app again")
}

// fails runs a bot that is to end by itself.
func (s *scene) fails(t *testing.T) (code int, said string) {
	t.Helper()
	s.errs = &buffer{}
	program := app{args: []string{"alitriage-slackbot", "--listen", "127.0.0.1:0"}, out: s.out, errs: s.errs, lookUp: func(name string) (string, bool) {
		value, ok := s.env[name]
		return value, ok
	}}
	ended := make(chan int, 1)
	go func() { ended <- program.run(t.Context()) }()
	s.eventually(t, "its end", func() bool { return len(ended) == 1 })
	return <-ended, s.errs.String()
}

func TestSlackThatComesBackIsSignedInTo(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, idle: true})
	s.Inject(slacksim.Fault{Method: "auth.test", Status: 500, Times: 1})
	s.start(t)
	s.report(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout", "ACTION_NEEDED: ")
	require.Equal(t, exitOK, s.stop())
}

func TestUnsignedRequestsDoNotFillTheLog(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	for range 200 {
		response, err := http.Post(s.operations()+pathCommands, "application/x-www-form-urlencoded", strings.NewReader("command=/triage")) //nolint:noctx // loopback
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusUnauthorized, response.StatusCode)
	}
	require.Equal(t, 1, strings.Count(s.errs.String(), "a request was refused"))
	_, metrics := s.get(t, "/metrics")
	require.Contains(t, metrics, `alitriage_commands_total{kind="refused"} 200`)
}

func TestWhereTheBotListens(t *testing.T) {
	for name, c := range map[string]struct {
		args   []string
		socket bool
		at     string
	}{
		"HTTP, where Slack comes":        {nil, false, ":8080"},
		"HTTP, where it is told":         {[]string{"--listen", "127.0.0.1:81"}, false, "127.0.0.1:81"},
		"Socket Mode, where nobody does": {nil, true, "127.0.0.1:8080"},
		"Socket Mode, where it is told":  {[]string{"--listen", ":8080"}, true, ":8080"},
	} {
		t.Run(name, func(t *testing.T) {
			access := config.SlackAccess{}
			if c.socket {
				access.AppToken = "xapp-0"
			}
			cmd := (&app{}).command()
			cmd.Action = func(_ context.Context, cmd *cli.Command) error {
				require.Equal(t, c.at, listenAt(cmd, access))
				return nil
			}
			require.NoError(t, cmd.Run(t.Context(), append([]string{"alitriage-slackbot"}, c.args...)))
		})
	}
}
