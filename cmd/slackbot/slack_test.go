package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/internal/config"
)

func TestWhatAnswersInSlacksPlaceIsSaid(t *testing.T) {
	const instead = "something else answered in Slack's place"
	for _, c := range []struct {
		fact   string
		status int
		body   string
		want   string
	}{
		{"a page of a proxy", 200, "<!DOCTYPE html><html>sign in a5ecret</html>", instead},
		{"nothing", 200, "", instead},
		{"half an answer", 200, `{"ok":tr`, instead},
		{"JSON of somebody else", 200, `{"error":{"code":1}}`, instead},
		{"an empty object", 200, `{}`, instead},
		{"a list", 200, `[]`, instead},
		{"a sign-in page elsewhere", 302, "", instead + " (a proxy, a sign-in page of the network, or a wrong ALITRIAGE_SLACK_API_URL): HTTP 302"},
		{"a proxy that wants a login", 407, "", "HTTP 407"},
		{"a network that wants a login", 511, "<html>", "HTTP 511"},
		{"Slack itself", 200, `{"ok":false,"error":"invalid_auth"}`, "slack does not accept the bot's token: invalid_auth"},
		{"a gateway", 502, "<html>", "slack answered HTTP 502"},
	} {
		t.Run(c.fact, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "https://login.example.com/")
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			defer server.Close()
			w := newWorkspace(config.SlackAccess{BotToken: "xoxb-x", APIURL: server.URL + "/"}, func(string, error) {})
			_, _, _, err := w.self(t.Context())
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "a5ecret")
		})
	}
}

func TestHelpIsAskedForInManyWays(t *testing.T) {
	for _, text := range []string{"", " ", "help", "Help", "--help", "—help", "-h", "?"} {
		require.True(t, asksForHelp(text), text)
	}
	for _, text := range []string{"checkout", "--help checkout", "helpdesk"} {
		require.False(t, asksForHelp(text), text)
	}
}
