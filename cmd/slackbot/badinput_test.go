package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

// typed is the body of a command, as Slack sends it.
func (s *scene) typed(changes map[string]string) url.Values {
	form := url.Values{}
	for name, value := range map[string]string{
		"team_id": slacksim.TeamID, "channel_id": slacksim.Incidents, "user_id": slacksim.Alice, "command": "/gather_env_stats",
		"text": "checkout-env", "trigger_id": "0123456789ab.0123456789ab.0123456789abcdef0123456789abcdef", "response_url": s.URL() + "/commands/T0FAKETEAM/1/none",
	} {
		form.Set(name, value)
	}
	for name, value := range changes {
		form.Set(name, value)
	}
	return form
}

// sent posts a request to the bot, and returns its answer.
func (s *scene) sent(t *testing.T, path string, f slacksim.Forged) (status int, body string) {
	t.Helper()
	f.URL = s.operations() + path
	request, err := s.Forge(t.Context(), f)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

func TestWhatSlackDidNotSignIsRefusedAndLogged(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	body := []byte(s.typed(nil).Encode())
	refused := 0
	for name, f := range map[string]slacksim.Forged{
		"another secret":        {Body: body, Secret: "wrong"},
		"a made-up signature":   {Body: body, Signature: "v0=" + strings.Repeat("0", 64)},
		"no signature":          {Body: body, Header: http.Header{"X-Slack-Signature": nil}},
		"an old version":        {Body: body, Signature: "v1=" + strings.Repeat("0", 64)},
		"stale":                 {Body: body, At: time.Now().Add(-6 * time.Minute)},
		"of the future":         {Body: body, At: time.Now().Add(6 * time.Minute)},
		"no time":               {Body: body, Header: http.Header{"X-Slack-Request-Timestamp": nil}},
		"a time that is none":   {Body: body, Timestamp: "now"},
		"the body of another":   {Body: body, Signature: slacksim.Signature(s.Secrets().SigningSecret, "1", []byte("other"))},
		"payload in the query":  {Body: []byte("x=1"), Secret: "wrong"},
		"a signature of spaces": {Body: body, Signature: "   "},
	} {
		for _, path := range []string{"/slack/commands", "/slack/interactions?payload=%7B%7D", "/slack/events"} {
			status, said := s.sent(t, path, f)
			require.Equal(t, http.StatusUnauthorized, status, "%s %s", name, path)
			require.Contains(t, said, "not signed by Slack")
		}
		refused += 3
		_, metrics := s.get(t, "/metrics")
		require.Contains(t, metrics, fmt.Sprintf("alitriage_commands_total{kind=\"refused\"} %d", refused), name)
	}
	require.Contains(t, s.errs.String(), "a request was refused")
	require.Empty(t, s.cloud.Calls().Accepted)
	require.Empty(t, s.ofBot(slacksim.Alice, slacksim.Incidents))
}

func TestWhatIsTooLongIsRefused(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	status, _ := s.sent(t, "/slack/commands", slacksim.Forged{Body: []byte(s.typed(map[string]string{"text": strings.Repeat("x", maxBody)}).Encode())})
	require.Equal(t, http.StatusRequestEntityTooLarge, status)
	require.Contains(t, s.errs.String(), "it is too long")
}

func TestWhatIsMalformedIsRefused(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	for _, row := range []struct{ path, body, kind string }{
		{"/slack/commands", "", ""},
		{"/slack/commands", "%zz=%", ""},
		{"/slack/commands", "command=%2Ftriage&text=checkout", ""}, // without a trigger
		{"/slack/commands", `{"command":"/triage"}`, "application/json"},
		{"/slack/interactions", "", ""},
		{"/slack/interactions", "payload=", ""},
		{"/slack/interactions", "payload={", ""},
		{"/slack/interactions", "payload=[]", ""},
		{"/slack/events", "", "application/json"},
		{"/slack/events", "{", "application/json"},
		{"/slack/events", "[]", "application/json"},
		{"/slack/events", `{} x`, "application/json"},
		{"/slack/events", strings.Repeat(`{"event":`, 100_000), "application/json"}, // deeper than anybody reads
	} {
		status, _ := s.sent(t, row.path, slacksim.Forged{Body: []byte(row.body), ContentType: row.kind})
		require.Equal(t, http.StatusBadRequest, status, "%s %q", row.path, row.body)
	}
	for _, event := range []string{`{}`, `null`, `{"type":"event_callback","event":"x"}`, `{"type":"app_rate_limited"}`} {
		status, _ := s.sent(t, "/slack/events", slacksim.Forged{Body: []byte(event), ContentType: "application/json"})
		require.Equal(t, http.StatusOK, status, event)
	}
	for _, payload := range []string{`{}`, `null`, `{"type":"view_submission"}`, `{"type":"block_actions"}`, `{"type":"block_actions","trigger_id":"1","actions":[]}`, `{"type":"block_actions","trigger_id":"1","actions":[{"type":"button","action_id":"start"}]}`} {
		status, _ := s.sent(t, "/slack/interactions", slacksim.Forged{Body: []byte(url.Values{"payload": {payload}}.Encode())})
		require.Equal(t, http.StatusOK, status, payload)
	}
	for _, path := range []string{"/", "/slack", "/slack/options", "/slack/commands/"} {
		status, _ := s.sent(t, path, slacksim.Forged{Body: []byte("x=1")})
		require.Equal(t, http.StatusNotFound, status, path)
	}
	response, err := http.Get(s.operations() + "/slack/commands") //nolint:noctx // loopback
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusMethodNotAllowed, response.StatusCode)
	require.Empty(t, s.cloud.Calls().Accepted)
}

func TestSlacksChallengeIsAnswered(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	require.NoError(t, s.VerifyURL())
}

func TestSlacksLookAtTheCertificateIsAnswered(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	for body, want := range map[string]int{"ssl_check=1&token=deprecated": http.StatusOK, "ssl_check=&token=deprecated": http.StatusBadRequest} {
		status, said := s.sent(t, "/slack/commands", slacksim.Forged{Body: []byte(body)})
		require.Equal(t, want, status, body)
		require.Equal(t, want == http.StatusOK, said == "", said)
	}
	status, _ := s.sent(t, "/slack/commands", slacksim.Forged{Body: []byte("ssl_check=1"), Secret: "wrong"})
	require.Equal(t, http.StatusUnauthorized, status)
	status, said := s.sent(t, "/slack/commands", slacksim.Forged{Body: []byte(s.typed(map[string]string{"ssl_check": "1", "text": "help"}).Encode())})
	require.Equal(t, http.StatusOK, status)
	require.NotEmpty(t, said, "a command is one whatever is beside it")
}

func TestACommandThatIsReplayedStartsNothingMore(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	body := []byte(s.typed(map[string]string{"text": "checkout-env wait_seconds=0"}).Encode())
	status, _ := s.sent(t, "/slack/commands", slacksim.Forged{Body: body})
	require.Equal(t, http.StatusOK, status)
	s.until(t, slacksim.Alice, slacksim.Incidents, "IN_PROGRESS: Gather") // by chat.postEphemeral: there is no such response_url
	s.audited(t, map[string]any{"kind": "report", "tool": "gather_env_stats"})
	status, said := s.sent(t, "/slack/commands", slacksim.Forged{Body: body})
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, said, "answered already")
	s.audited(t, map[string]any{"outcome": "repeated"})
	require.Len(t, s.cloud.Calls().Changes, 1)
	require.Len(t, s.reports(), 1)
}

func TestAQuestionThatIsReplayedIsStillAnsweredOnce(t *testing.T) {
	s := newScene(t, sceneOptions{file: asking})
	form := s.typed(map[string]string{"text": "checkout-env wait_seconds=0"})
	_, said := s.sent(t, "/slack/commands", slacksim.Forged{Body: []byte(form.Encode())})
	run := runID(form.Get("trigger_id"))
	require.Contains(t, said, run)
	click := s.pressed(t, "start", run, nil)
	for range 3 { // a replay of the same click
		status, _ := s.sent(t, "/slack/interactions", slacksim.Forged{Body: click})
		require.Equal(t, http.StatusOK, status)
	}
	s.eventually(t, "the change", func() bool { return len(s.cloud.Calls().Changes) == 1 })
	_, said = s.sent(t, "/slack/commands", slacksim.Forged{Body: []byte(form.Encode())})
	require.Contains(t, said, "answered before")
	s.until(t, slacksim.Alice, slacksim.Incidents, "IN_PROGRESS: Gather")
	require.Len(t, s.cloud.Calls().Changes, 1)
}

// pressed is the body of a click, as Slack sends it.
func (s *scene) pressed(t *testing.T, action, value string, changes map[string]any) []byte {
	t.Helper()
	payload := map[string]any{
		"type": "block_actions", "trigger_id": "click " + action + value + fmt.Sprint(changes), "team": map[string]any{"id": slacksim.TeamID}, "user": map[string]any{"id": slacksim.Alice},
		"channel": map[string]any{"id": slacksim.Incidents}, "container": map[string]any{"type": "message", "is_ephemeral": true, "channel_id": slacksim.Incidents},
		"actions": []any{map[string]any{"type": "button", "action_id": action, "value": value, "block_id": "b"}}, "response_url": s.URL() + "/actions/T0FAKETEAM/1/none",
	}
	maps.Copy(payload, changes)
	raw, err := json.Marshal(payload)
	require.NoError(t, err)
	return []byte(url.Values{"payload": {string(raw)}}.Encode())
}

func TestAnotherWorkspaceIsRefusedPolitely(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	_, said := s.sent(t, "/slack/commands", slacksim.Forged{Body: []byte(s.typed(map[string]string{"team_id": "T0OTHER"}).Encode())})
	require.Contains(t, said, "does not work for this workspace")
	s.audited(t, map[string]any{"outcome": "refused by the rules", "team": "T0OTHER"})
	report := s.report(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout", "ACTION_NEEDED: ")
	status, _ := s.sent(t, "/slack/interactions", slacksim.Forged{Body: s.pressed(t, "share", runOf(t, report), map[string]any{"team": map[string]any{"id": "T0OTHER"}})})
	require.Equal(t, http.StatusOK, status)
	event := `{"type":"event_callback","team_id":"T0OTHER","event_id":"Ev1","event":{"type":"app_mention","user":"U0ALICE","channel":"C0INCIDENTS","ts":"1.2","text":"checkout"}}`
	status, _ = s.sent(t, "/slack/events", slacksim.Forged{Body: []byte(event), ContentType: "application/json"})
	require.Equal(t, http.StatusOK, status)
	require.Len(t, s.reports(), 1)
	require.Empty(t, s.cloud.Calls().Changes)
}

func TestARunOfAnotherWorkspaceIsNotThere(t *testing.T) {
	s := newScene(t, sceneOptions{file: "slack: {team_ids: [" + slacksim.TeamID + ", T0OTHER], can_start: [U0ALICE], confirm_start: false}\n"})
	report := s.report(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout", "ACTION_NEEDED: ")
	for _, action := range []string{"refresh", "share", "file", "watch"} {
		_, _ = s.sent(t, "/slack/interactions", slacksim.Forged{Body: s.pressed(t, action, runOf(t, report), map[string]any{"team": map[string]any{"id": "T0OTHER"}})})
	}
	s.eventually(t, "four refusals", func() bool { return strings.Count(s.out.String(), "a click without a run") == 4 })
	require.Equal(t, 1, s.cloud.Calls().Accepted["DescribeApplicationStatus"])
	require.Empty(t, s.Files())
}

func TestAButtonThatIsUnknownOrTamperedWithStartsNothing(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	report := s.report(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout", "ACTION_NEEDED: ")
	run := runOf(t, report)
	for _, row := range []struct{ action, value, outcome string }{
		{"explode", run, "an unknown button"},
		{"<!channel>", run, "an unknown button"},
		{"choose_0", run, "an unknown button"},
		{"choose_-1", run, "an unknown button"},
		{"choose_x", run, "an unknown button"},
		{"start", run, "an unknown button"},       // of a run that asks nothing
		{"start_again", run, "an unknown button"}, // nothing was started
		{"refresh", "AAAAAAAAAA", "a click without a run"},
		{"refresh", run + " ", "a click without a run"},
		{"refresh", "../" + run, "a click without a run"},
		{"start", strings.Repeat("A", 2000), "a click without a run"},
		{"start", "xoxb-" + "not-to-be-logged <!channel>", "a click without a run"},
	} {
		before := strings.Count(s.out.String(), row.outcome)
		status, _ := s.sent(t, "/slack/interactions", slacksim.Forged{Body: s.pressed(t, row.action, row.value, nil)})
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, before+1, strings.Count(s.out.String(), row.outcome), "%s %.40s", row.action, row.value)
	}
	require.Equal(t, map[string]int{"DescribeApplicationStatus": 1}, s.cloud.Calls().Accepted)
	require.NotContains(t, s.errs.String()+s.out.String(), "not-to-be-logged")
	require.NotContains(t, s.errs.String()+s.out.String(), "explode")
}

func TestAResponseURLOfAnotherHostIsNeverUsed(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	report := s.report(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout", "ACTION_NEEDED: ")
	for i, foreign := range []string{"https://evil.example/commands", "http://169.254.169.254/latest", "https://hooks.slack.com.evil.example/x", "ftp://127.0.0.1/", "http://user@127.0.0.1:1/", "::"} {
		status, said := s.sent(t, "/slack/commands", slacksim.Forged{Body: []byte(s.typed(map[string]string{"response_url": foreign, "trigger_id": fmt.Sprint("foreign ", i)}).Encode())})
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, said, "did not come from Slack", foreign)
		status, _ = s.sent(t, "/slack/interactions", slacksim.Forged{Body: s.pressed(t, "share", runOf(t, report), map[string]any{"response_url": foreign})})
		require.Equal(t, http.StatusOK, status)
	}
	require.Equal(t, 12, strings.Count(s.out.String(), `"outcome":"foreign response_url"`))
	require.Empty(t, s.cloud.Calls().Changes)
	require.NotContains(t, s.errs.String(), "evil.example")
	require.Empty(t, s.ofBot(slacksim.Bob, slacksim.Incidents))
}

func TestHostilePlacesAreNotTakenForTheirWord(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	for i, changes := range []map[string]string{
		{"user_id": "<!channel>\n{\"level\":\"INFO\"}"}, {"channel_id": "C1\" injected=\"yes"}, {"command": "/gather\nenv"}, {"text": "\x00\xff <!everyone> `rm`"},
	} {
		if changes["command"] == "" {
			changes["command"] = "/get_app_status"
		}
		changes["trigger_id"] = fmt.Sprint("hostile ", i)
		status, _ := s.sent(t, "/slack/commands", slacksim.Forged{Body: []byte(s.typed(changes).Encode())})
		require.Equal(t, http.StatusOK, status)
	}
	s.audits(t) // each line is one object
	require.Empty(t, s.cloud.Calls().Changes)
}
