package slacksim_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

func hello(t *testing.T, s *sim) (int, http.Header, string, error) {
	t.Helper()
	body, err := json.Marshal(object{"channel": slacksim.Incidents, "text": "hello"})
	require.NoError(t, err)
	return tryPost(t, s.APIURL()+"chat.postMessage", "application/json", body, "Authorization", "Bearer "+s.Secrets().BotToken)
}

func TestFaults(t *testing.T) {
	s := start(t, slacksim.Options{})
	t.Run("an error of Slack's, as often as it says", func(t *testing.T) {
		s.Inject(slacksim.Fault{Method: "chat.postMessage", Times: 2, Error: "fatal_error"})
		for range 2 {
			_, _, text, err := hello(t, s)
			require.NoError(t, err)
			require.Equal(t, "fatal_error", decoded(t, text)["error"])
		}
		require.Empty(t, s.Messages(slacksim.Incidents))
		say(t, s, slacksim.Incidents, "through")
	})
	t.Run("429 with Retry-After", func(t *testing.T) {
		s.Inject(slacksim.Fault{Times: 1, Status: 429, RetryAfter: 1500 * time.Millisecond})
		status, header, text, err := hello(t, s)
		require.NoError(t, err)
		require.Equal(t, 429, status)
		require.Equal(t, "2", header.Get("Retry-After"))
		require.Equal(t, "ratelimited", decoded(t, text)["error"])
	})
	t.Run("429 without", func(t *testing.T) {
		s.Inject(slacksim.Fault{Times: 1, Status: 429})
		status, header, _, err := hello(t, s)
		require.NoError(t, err)
		require.Equal(t, 429, status)
		require.Empty(t, header.Get("Retry-After"))
	})
	t.Run("a page of HTML", func(t *testing.T) {
		s.Inject(slacksim.Fault{Times: 1, Status: 503})
		status, _, text, err := hello(t, s)
		require.NoError(t, err)
		require.Equal(t, 503, status)
		require.Contains(t, text, "<html>")
	})
	t.Run("a cut before and after it was accepted", func(t *testing.T) {
		before := len(s.Messages(slacksim.Incidents))
		s.Inject(slacksim.Fault{Times: 1, Drop: slacksim.DropBefore})
		_, _, _, err := hello(t, s)
		require.Error(t, err)
		require.Len(t, s.Messages(slacksim.Incidents), before)
		s.Inject(slacksim.Fault{Times: 1, Drop: slacksim.DropAfter})
		_, _, _, err = hello(t, s)
		require.Error(t, err)
		require.Len(t, s.Messages(slacksim.Incidents), before+1)
	})
	t.Run("a delay", func(t *testing.T) {
		s.Inject(slacksim.Fault{Times: 1, Delay: 20 * time.Millisecond})
		began := time.Now()
		say(t, s, slacksim.Incidents, "slow")
		require.GreaterOrEqual(t, time.Since(began), 20*time.Millisecond)
	})
	t.Run("until they are cleared", func(t *testing.T) {
		s.Inject(slacksim.Fault{Method: "auth.test", Error: "fatal_error"})
		require.Equal(t, "fatal_error", call(t, s, "auth.test", object{})["error"])
		say(t, s, slacksim.Incidents, "another method")
		s.ClearFaults()
		ok(t, call(t, s, "auth.test", object{}))
	})
}

func TestAResponseURLCanFailToo(t *testing.T) {
	s := start(t, slacksim.Options{BotURL: app(t, silent)})
	url := command(t, s, slacksim.Incidents).ResponseURL
	s.Inject(slacksim.Fault{Method: "response_url", Times: 1, Status: 500})
	status, _ := respond(t, url, object{"text": "x"})
	require.Equal(t, 500, status)
	require.Zero(t, s.ResponseURLUses(url))
	s.Inject(slacksim.Fault{Method: "response_url", Times: 1, Drop: slacksim.DropAfter})
	_, _, _, err := tryPost(t, url, "application/json", []byte(`{"text":"x"}`))
	require.Error(t, err)
	require.Equal(t, 1, s.ResponseURLUses(url))
}

func TestCallsAreKeptWithoutTokens(t *testing.T) {
	s := start(t, slacksim.Options{})
	post(t, s.APIURL()+"users.info", "application/x-www-form-urlencoded", []byte("user=U1&token="+s.Secrets().BotToken))
	calls := s.Calls()
	require.Len(t, calls, 1)
	require.Equal(t, "user_not_found", calls[0].Error)
	require.Equal(t, map[string]string{"user": "U1"}, calls[0].Arguments)
}

func TestPostsPerChannelAndSecond(t *testing.T) {
	at := &clock{time.Unix(1_800_000_000, 0)}
	s := start(t, slacksim.Options{Now: at.now, RateLimits: true})
	for range 3 {
		say(t, s, slacksim.Incidents, "burst")
	}
	status, header, text, err := hello(t, s)
	require.NoError(t, err)
	require.Equal(t, 429, status)
	require.Equal(t, "1", header.Get("Retry-After"))
	require.Equal(t, "ratelimited", decoded(t, text)["error"])
	say(t, s, slacksim.Alice, "another channel")
	s.Advance(time.Second)
	say(t, s, slacksim.Incidents, "a second later")
	status, _, _, _ = hello(t, s)
	require.Equal(t, 429, status)
	s.LimitRates(false)
	say(t, s, slacksim.Incidents, "without limits")
}

func TestEditsAreLimitedForAllChannels(t *testing.T) {
	at := &clock{time.Unix(1_800_000_000, 0)}
	s := start(t, slacksim.Options{Now: at.now})
	ts := say(t, s, slacksim.Incidents, "x")
	s.LimitRates(true)
	edit := func() object {
		return call(t, s, "chat.update", object{"channel": slacksim.Incidents, "ts": ts, "text": "y"})
	}
	for range 10 {
		ok(t, edit())
	}
	require.Equal(t, "ratelimited", edit()["error"])
	s.Advance(time.Minute / 50)
	ok(t, edit())
	require.Equal(t, "ratelimited", edit()["error"])
}
