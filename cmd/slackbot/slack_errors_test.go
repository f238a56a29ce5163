package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/formatters/blockkit"
	"github.com/alitriage/alitriage/internal/config"
)

// withAnswer stores a run whose answer is there, and is to be posted in a thread.
func (b *bot) withAnswer(t *testing.T, id string) *step {
	t.Helper()
	s := b.question(t, id, 0)
	s.run.Stage = stageAnswered
	s.run.Report = &formatters.Report{Verdict: formatters.OK, Headline: "answer of " + id, Source: formatters.Source{AsOf: "2026-11-22T03:07:29Z"}}
	return s
}

func (s *scene) withText(part string) (list []slacksim.Message) {
	for _, m := range s.Messages("") {
		if strings.Contains(m.Text, part) {
			list = append(list, m)
		}
	}
	return list
}

// Each code of the table, given once by the fake Slack for the post of an answer.
func TestEachErrorOfSlackHasItsPlace(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, idle: true})
	b := s.idleBot(t)
	for code, kind := range slackErrors {
		s.Inject(slacksim.Fault{Method: "chat.postMessage", Error: code, Times: 1})
		step := b.withAnswer(t, code)
		step.tell(t.Context())
		arrived := s.withText("answer of " + code + " ")
		switch {
		case errors.Is(kind, errPasses):
			require.Empty(t, arrived, code)
			require.False(t, step.run.Failing.IsZero(), code)
		case errors.Is(kind, errNotThere), errors.Is(kind, errGone):
			if errors.Is(kind, errGone) {
				step.tell(t.Context()) // no post has such an error
				arrived = s.withText("answer of " + code + " ")
			}
			require.Len(t, arrived, 1, code)
			require.Equal(t, !errors.Is(kind, errGone), arrived[0].Ephemeral(), code)
		case errors.Is(kind, errRefused):
			require.Len(t, arrived, 1, code)
			require.Contains(t, arrived[0].Text, "Slack did not take the rest", code)
		case errors.Is(kind, errSignedIn):
			require.Empty(t, arrived, code)
			require.Contains(t, b.health.state()["slack"], code)
			b.health.slack(nil)
		}
		if len(arrived) == 0 {
			step.tell(t.Context())
			require.Len(t, s.withText("answer of "+code+" "), 1, code)
		}
	}
}

func TestAnErrorThatNobodyKnowsFallsBackSoon(t *testing.T) {
	for name, code := range map[string]string{"a new one": "brand_new_error", "no code at all": "Not A Code <!channel>", "a long one": strings.Repeat("x", 5000)} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, sceneOptions{file: usual, idle: true})
			b := s.idleBot(t)
			s.Inject(slacksim.Fault{Method: "chat.postMessage", Error: code})
			step := b.withAnswer(t, "unknown")
			for range unknownTries {
				step.tell(t.Context())
				require.Empty(t, s.withText("answer of"))
			}
			step.tell(t.Context())
			require.True(t, s.withText("answer of unknown")[0].Ephemeral())
			require.NotContains(t, s.errs.String()+s.out.String(), "<!channel>")
		})
	}
}

// Where no way is left, it ends soon, and the audit says why.
func TestAnAnswerThatCannotComeIsGivenUpSoonAndSaysSo(t *testing.T) {
	for _, code := range []string{"restricted_action_thread_locked", "brand_new_error", "missing_scope", "no_text"} {
		t.Run(code, func(t *testing.T) {
			s := newScene(t, sceneOptions{file: usual, idle: true})
			b := s.idleBot(t)
			for _, method := range []string{"chat.postMessage", "chat.postEphemeral", "conversations.open"} {
				s.Inject(slacksim.Fault{Method: method, Error: code})
			}
			step := b.withAnswer(t, "lost")
			for range unknownTries + 1 {
				require.Empty(t, s.audits(t))
				step.tell(t.Context())
			}
			line := s.audited(t, map[string]any{"run": "lost", "verdict": "ok"})
			require.Contains(t, line["undelivered"], code)
			kept, found := b.find(t.Context(), "lost")
			require.True(t, found)
			require.NotNil(t, kept.Report, "for the buttons")
		})
	}
}

func TestWhatMayPassIsTriedForAQuarterOfAnHour(t *testing.T) {
	for name, fault := range map[string]slacksim.Fault{
		"HTTP 503":              {Status: 503},
		"a broken connection":   {Drop: slacksim.DropBefore},
		"internal_error":        {Error: "internal_error"},
		"429 without a time":    {Status: 429},
		"429 for a minute":      {Status: 429, RetryAfter: time.Minute},
		"a token to be renewed": {Error: "token_revoked"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, sceneOptions{file: usual, idle: true})
			b := s.idleBot(t)
			s.Inject(fault)
			step := b.withAnswer(t, "late")
			step.run.Failing, step.run.Tries = time.Now().Add(-deliverWithin+5*time.Minute), 30
			step.tell(t.Context())
			require.Empty(t, s.audits(t))
			step.run.Failing = time.Now().Add(-deliverWithin)
			step.tell(t.Context())
			require.NotEmpty(t, s.audited(t, map[string]any{"run": "late"})["undelivered"])
		})
	}
}

func TestSlacksWishToWaitIsBounded(t *testing.T) {
	for _, c := range []struct{ asked, pause time.Duration }{
		{-time.Hour, time.Second}, {0, time.Second}, {30 * time.Second, 30 * time.Second}, {24 * time.Hour, maxTryPause},
	} {
		require.Equal(t, c.pause, (&later{c.asked}).pause())
	}
	s := newScene(t, sceneOptions{file: usual, idle: true})
	b := s.idleBot(t)
	s.Inject(slacksim.Fault{Method: "chat.postMessage", Status: 429, RetryAfter: 24 * time.Hour})
	b.withAnswer(t, "limited").tell(t.Context())
	require.True(t, s.withText("answer of limited")[0].Ephemeral(), "another way is free")
}

// What is no answer of Slack's, as a proxy gives it.
func TestAnswersThatAreNoneOfSlack(t *testing.T) {
	for name, c := range map[string]struct {
		status     int
		body, says string
		kind       error
	}{
		"a page of a proxy":          {200, "<html>Sign in</html>", "a page that is no JSON", errNotSlack},
		"nothing":                    {200, "", "HTTP 200 with nothing", errNotSlack},
		"an empty object":            {200, "{}", "JSON that is not Slack's", errNotSlack},
		"a proxy that refuses":       {403, "<html>no</html>", "HTTP 403, perhaps a proxy", errUnknown},
		"a proxy that leads away":    {302, "", "HTTP 302", errNotSlack},
		"a proxy that is in doubt":   {502, "<html>", "HTTP 502", errPasses},
		"a Retry-After that is none": {429, "", "", errPasses},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if c.status == 429 {
					w.Header().Set("Retry-After", "soon")
				}
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			}))
			defer server.Close()
			w := newWorkspaceAt(server.URL + "/")
			_, err := w.post(t.Context(), "C1", "", blockkit.Say("x", nil, blockkit.Frame{}))
			require.ErrorIs(t, err, c.kind)
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestAResponseURLSaysWhyItIsClosed(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		kind   error
	}{
		"taken":                     {200, "ok", nil},
		"taken, as JSON":            {200, `{"ok":true}`, nil},
		"taken, in silence":         {200, "", nil},
		"expired":                   {404, `{"ok":false,"error":"expired_url"}`, errGone},
		"used":                      {404, `{"ok":false,"error":"used_url"}`, errGone},
		"used, with 200":            {200, `{"ok":false,"error":"used_url"}`, errGone},
		"an app that is gone":       {404, "no_service", errGone},
		"a team that is gone":       {404, "no_team", errGone},
		"a channel that is gone":    {410, "channel_is_archived", errGone},
		"forbidden":                 {403, "action_prohibited", errGone},
		"blocks that are not taken": {400, "invalid_blocks", errRefused},
		"no reason":                 {400, "", errGone},
		"a reason that is new":      {200, `{"ok":false,"error":"brand_new"}`, errUnknown},
		"no reason at all":          {200, `{"ok":false}`, errUnknown},
		"in trouble":                {500, "rollup_error", errPasses},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			}))
			defer server.Close()
			err := newWorkspaceAt(server.URL+"/").respond(t.Context(), server.URL+"/commands/x", blockkit.Say("x", nil, blockkit.Frame{}), false, false)
			require.ErrorIs(t, err, c.kind)
			if err != nil {
				require.NotContains(t, err.Error(), server.URL, "who has it may answer")
			}
		})
	}
}

// The rows of E2, as people meet them: a mention in such a channel is answered
// to its asker at once.
func TestAMentionIsAnsweredWhereTheBotMayNotWrite(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	for _, code := range []string{"restricted_action_read_only_channel", "restricted_action_thread_only_channel", "restricted_action_thread_locked", "cannot_reply_to_message", "team_access_not_granted"} {
		seen := len(s.ofBot(slacksim.Alice, slacksim.Incidents))
		s.Inject(slacksim.Fault{Method: "chat.postMessage", Error: code, Times: 1})
		_, err := s.Mention(slacksim.Alice, slacksim.Incidents, "", cloudsim.WebApp)
		require.NoError(t, err)
		s.eventually(t, code, func() bool { return len(s.ofBot(slacksim.Alice, slacksim.Incidents)) == seen+1 })
		require.True(t, s.ofBot(slacksim.Alice, slacksim.Incidents)[seen].Ephemeral())
	}
	require.Contains(t, s.errs.String(), "slack does not let the bot do its work", "the workspace access that lacks is told to those who run it")
}

func TestTheTableOfSlacksErrorsIsWrittenDown(t *testing.T) {
	text, err := os.ReadFile("../../docs/adr/0015-delivery.md")
	require.NoError(t, err)
	written := map[string]string{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		for code := range strings.FieldsSeq(cells[2]) {
			written[strings.Trim(code, "`,")] = strings.TrimSpace(cells[1])
		}
	}
	names := map[error]string{
		errPasses: "passes by itself", errGone: "this message or URL is closed", errNotThere: "this place is closed",
		errLacks: "the app lacks something", errRefused: "the content is refused", errSignedIn: "the token is refused",
	}
	var missing []string
	for code, kind := range slackErrors {
		if written[code] != names[kind] {
			missing = append(missing, names[kind]+": "+code)
		}
	}
	slices.Sort(missing)
	require.Empty(t, missing)
}

func newWorkspaceAt(api string) *workspace {
	return newWorkspace(config.SlackAccess{APIURL: api, Loopback: true}, func(string, error) {})
}
