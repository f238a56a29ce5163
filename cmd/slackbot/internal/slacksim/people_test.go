package slacksim_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

// bot keeps what it was sent.
type bot struct {
	mu       sync.Mutex
	requests []received
	answer   http.HandlerFunc
}

type received struct {
	path, body string
	header     http.Header
	form       url.Values
}

func (b *bot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	b.mu.Lock()
	b.requests = append(b.requests, received{r.URL.Path, string(body), r.Header, form})
	b.mu.Unlock()
	if b.answer != nil {
		b.answer(w, r)
	}
}

func (b *bot) last(t *testing.T) received {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.NotEmpty(t, b.requests)
	return b.requests[len(b.requests)-1]
}

func (b *bot) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.requests)
}

func startWith(t *testing.T, b *bot, options slacksim.Options) *sim {
	t.Helper()
	options.BotURL = app(t, b.ServeHTTP)
	return start(t, options)
}

func TestACommandComesSignedAndItsAnswerIsSeen(t *testing.T) {
	b := &bot{answer: func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"text":"working on it","response_type":"ephemeral"}`)
	}}
	s := startWith(t, b, slacksim.Options{})
	seen, err := s.Command(slacksim.Bob, slacksim.Incidents, "/get_app_status", "checkout")
	require.NoError(t, err)
	require.Equal(t, "working on it", seen.Text())
	require.Equal(t, []string{"working on it"}, texts(s.Visible(slacksim.Bob, slacksim.Incidents)))
	require.Empty(t, s.Visible(slacksim.Alice, slacksim.Incidents))
	require.Zero(t, s.ResponseURLUses(seen.ResponseURL), "the ack is no use of it")

	got := b.last(t)
	require.Equal(t, "/slack/commands", got.path)
	mac := hmac.New(sha256.New, []byte(s.Secrets().SigningSecret))
	fmt.Fprintf(mac, "v0:%s:%s", got.header.Get("X-Slack-Request-Timestamp"), got.body)
	require.Equal(t, "v0="+hex.EncodeToString(mac.Sum(nil)), got.header.Get("X-Slack-Signature"))
	stamp, err := strconv.ParseInt(got.header.Get("X-Slack-Request-Timestamp"), 10, 64)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), time.Unix(stamp, 0), 5*time.Second)
	for name, want := range map[string]string{
		"command": "/get_app_status", "text": "checkout", "user_id": slacksim.Bob, "channel_id": slacksim.Incidents,
		"channel_name": "incidents", "team_id": slacksim.TeamID, "response_url": seen.ResponseURL, "trigger_id": seen.TriggerID,
	} {
		require.Equal(t, want, got.form.Get(name), name)
	}
}

func TestWhatIsSeenWhenACommandGoesWrong(t *testing.T) {
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"silence":             {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "operation_timeout"},
		"a broken app":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "http_service_error"},
		"an app that refuses": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, "http_client_error"},
		"a cut":               {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "dispatch_failed"},
		"bad blocks":          {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"blocks":[{"type":"alert"}]}`) }, "invalid_command_response"},
		"plain words":         {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }, "hello"},
		"nothing":             {func(http.ResponseWriter, *http.Request) {}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bot{answer: tc.answer}
			s := startWith(t, b, slacksim.Options{AckTimeout: 100 * time.Millisecond})
			seen, err := s.Command(slacksim.Bob, slacksim.Incidents, "/triage", "x")
			require.NoError(t, err)
			require.Equal(t, tc.want, seen.Text())
			require.Equal(t, 1, b.count(), "commands are not repeated")
		})
	}
}

func TestACommandNeedsAPersonInAChannel(t *testing.T) {
	s := start(t, slacksim.Options{})
	_, err := s.Command(slacksim.Carol, slacksim.Elsewhere, "/triage", "")
	require.Error(t, err)
	_, err = s.Command("U1", slacksim.Incidents, "/triage", "")
	require.Error(t, err)
	s.Grant("chat:write")
	_, err = s.Command(slacksim.Bob, slacksim.Incidents, "/triage", "")
	require.ErrorContains(t, err, "scope")
}

func TestShouldEscapeRewritesWhatIsTyped(t *testing.T) {
	b := &bot{}
	s := startWith(t, b, slacksim.Options{ShouldEscape: true})
	_, err := s.Command(slacksim.Bob, slacksim.Incidents, "/triage", "ask @alice in #incidents & see https://x.example/a @nobody")
	require.NoError(t, err)
	require.Equal(t, "ask <@U0ALICE|alice> in <#C0INCIDENTS|incidents> &amp; see <https://x.example/a> @nobody", b.last(t).form.Get("text"))
}

func TestAClickTellsWhatWasPressedAndWhere(t *testing.T) {
	b := &bot{answer: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"text":"not shown"}`) }}
	s := startWith(t, b, slacksim.Options{})
	ts := ok(t, call(t, s, "chat.postMessage", object{
		"channel": slacksim.Incidents, "text": "m",
		"blocks": []any{object{"type": "section", "text": plain("x"), "accessory": button("share")}, actions(button("refresh"), menu("overflow", 1))},
	}))["ts"].(string)
	m, _ := s.Message(slacksim.Incidents, ts)
	seen, err := s.Click(slacksim.Alice, m, "refresh")
	require.NoError(t, err)
	require.Empty(t, seen.Error)
	require.Len(t, s.Visible(slacksim.Alice, slacksim.Incidents), 1, "the answer to a click is not shown")

	got := b.last(t)
	require.Equal(t, "/slack/interactions", got.path)
	payload := decoded(t, got.form.Get("payload"))
	require.Equal(t, "block_actions", payload["type"])
	require.Equal(t, slacksim.Alice, payload["user"].(object)["id"])
	require.Equal(t, object{"type": "message", "message_ts": ts, "channel_id": slacksim.Incidents, "is_ephemeral": false}, payload["container"])
	require.Equal(t, ts, payload["message"].(object)["ts"])
	require.Equal(t, object{"values": object{}}, payload["state"])
	require.Equal(t, seen.ResponseURL, payload["response_url"])
	action := payload["actions"].([]any)[0].(object)
	require.Equal(t, "refresh", action["action_id"])
	require.Equal(t, "run-1", action["value"])
	require.NotEmpty(t, action["block_id"], "Slack gives one")

	_, err = s.Click(slacksim.Alice, m, "share")
	require.NoError(t, err)
	_, err = s.Choose(slacksim.Alice, m, "m", "v")
	require.NoError(t, err)
	chosen := decoded(t, b.last(t).form.Get("payload"))["actions"].([]any)[0].(object)
	require.Equal(t, "v", chosen["selected_option"].(object)["value"])
	_, err = s.Choose(slacksim.Alice, m, "m", "w")
	require.Error(t, err)
}

func TestAClickOnAnEphemeralMessageHasNoMessage(t *testing.T) {
	b := &bot{}
	s := startWith(t, b, slacksim.Options{})
	ok(t, call(t, s, "chat.postEphemeral", object{
		"channel": slacksim.Incidents, "user": slacksim.Bob, "text": "m", "blocks": []any{actions(button("b"))},
	}))
	_, err := s.Click(slacksim.Bob, s.Visible(slacksim.Bob, slacksim.Incidents)[0], "b")
	require.NoError(t, err)
	payload := decoded(t, b.last(t).form.Get("payload"))
	require.NotContains(t, payload, "message")
	require.Equal(t, true, payload["container"].(object)["is_ephemeral"])
}

func TestAShortcutCarriesTheMessage(t *testing.T) {
	b := &bot{}
	s := startWith(t, b, slacksim.Options{})
	m, err := s.Say(slacksim.Bob, slacksim.Incidents, "", "t-hz0 failed again")
	require.NoError(t, err)
	_, err = s.Shortcut(slacksim.Alice, m, "triage")
	require.NoError(t, err)
	payload := decoded(t, b.last(t).form.Get("payload"))
	require.Equal(t, "message_action", payload["type"])
	require.Equal(t, "triage", payload["callback_id"])
	require.Equal(t, "t-hz0 failed again", payload["message"].(object)["text"])
}

func TestAMentionIsAnEvent(t *testing.T) {
	b := &bot{}
	s := startWith(t, b, slacksim.Options{})
	parent := say(t, s, slacksim.Incidents, "a thread")
	seen, err := s.Mention(slacksim.Bob, slacksim.Incidents, parent, "look at checkout")
	require.NoError(t, err)
	got := b.last(t)
	require.Equal(t, "/slack/events", got.path)
	payload := decoded(t, got.body)
	require.Equal(t, "event_callback", payload["type"])
	require.Equal(t, seen.EventID, payload["event_id"])
	event := payload["event"].(object)
	require.Equal(t, "app_mention", event["type"])
	require.Equal(t, "<@"+slacksim.BotUser+"> look at checkout", event["text"])
	require.Equal(t, parent, event["thread_ts"])
	require.Empty(t, got.header.Get("X-Slack-Retry-Num"))

	_, err = s.Mention(slacksim.Bob, slacksim.Elsewhere, "", "hello")
	require.Error(t, err, "the bot is not there")
	_, err = s.DirectMessage(slacksim.Bob, "hello")
	require.NoError(t, err)
	require.Equal(t, "im", decoded(t, b.last(t).body)["event"].(object)["channel_type"])
}

func TestAnEventIsRepeatedThreeTimesAndACommandNever(t *testing.T) {
	all := make(chan struct{})
	b := &bot{}
	b.answer = func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		if r.Header.Get("X-Slack-Retry-Num") == "3" {
			close(all)
		}
	}
	s := startWith(t, b, slacksim.Options{EventRetries: []time.Duration{0, time.Millisecond, time.Millisecond}})
	seen, err := s.Mention(slacksim.Bob, slacksim.Incidents, "", "hello")
	require.NoError(t, err)
	require.Equal(t, "http_service_error", seen.Error)
	<-all
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Len(t, b.requests, 4)
	for i, r := range b.requests[1:] {
		require.Equal(t, strconv.Itoa(i+1), r.header.Get("X-Slack-Retry-Num"))
		require.Equal(t, "http_error", r.header.Get("X-Slack-Retry-Reason"))
		require.Equal(t, b.requests[0].body, r.body, "the same event_id")
	}
}

func TestAnAppCanDeclineRetries(t *testing.T) {
	b := &bot{answer: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Slack-No-Retry", "1")
		w.WriteHeader(500)
	}}
	s := startWith(t, b, slacksim.Options{EventRetries: []time.Duration{0}})
	seen, err := s.Mention(slacksim.Bob, slacksim.Incidents, "", "hello")
	require.NoError(t, err)
	s.Close()
	require.Len(t, s.Attempts(seen.EventID), 1)
}

func TestTheEventsURLIsVerified(t *testing.T) {
	b := &bot{}
	b.answer = func(w http.ResponseWriter, _ *http.Request) {
		var in struct{ Challenge string }
		require.NoError(t, json.Unmarshal([]byte(b.last(t).body), &in))
		fmt.Fprint(w, in.Challenge)
	}
	s := startWith(t, b, slacksim.Options{})
	require.NoError(t, s.VerifyURL())
	quiet := start(t, slacksim.Options{BotURL: app(t, silent)})
	require.Error(t, quiet.VerifyURL())
}

func TestForgedRequestsAreAsTheyWereOrdered(t *testing.T) {
	s := start(t, slacksim.Options{})
	body := []byte("command=/triage")
	right, err := s.Forge(t.Context(), slacksim.Forged{URL: "http://bot.example", Body: body, Timestamp: "1700000000"})
	require.NoError(t, err)
	require.Equal(t, slacksim.Signature(s.Secrets().SigningSecret, "1700000000", body), right.Header.Get("X-Slack-Signature"))
	wrong, err := s.Forge(t.Context(), slacksim.Forged{URL: "http://bot.example", Body: body, Timestamp: "1700000000", Secret: "other"})
	require.NoError(t, err)
	require.NotEqual(t, right.Header.Get("X-Slack-Signature"), wrong.Header.Get("X-Slack-Signature"))
	bare, err := s.Forge(t.Context(), slacksim.Forged{
		URL: "http://bot.example", Body: body, At: time.Unix(5, 0), Header: http.Header{"X-Slack-Signature": nil},
	})
	require.NoError(t, err)
	require.Empty(t, bare.Header.Get("X-Slack-Signature"))
	require.Equal(t, "5", bare.Header.Get("X-Slack-Request-Timestamp"))
}

// The example of Slack's own documentation.
func TestTheSignatureIsSlacks(t *testing.T) {
	body := "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	require.Equal(t, "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
		slacksim.Signature("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", []byte(body)))
}
