package slacksim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

func TestPeopleCanBePlayedOverHTTP(t *testing.T) {
	b := &bot{answer: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "seen") }}
	s := startWith(t, b, slacksim.Options{Control: true})
	order := func(name string, o object) string {
		body, err := json.Marshal(o)
		require.NoError(t, err)
		status, _, text := post(t, s.URL()+"/_sim/"+name, "application/json", body)
		require.Equal(t, http.StatusOK, status, text)
		return text
	}
	seen := decoded(t, order("command", object{"user": slacksim.Bob, "channel": slacksim.Incidents, "command": "/triage", "text": "x"}))
	require.Equal(t, "seen", seen["message"].(object)["text"])
	ts := ok(t, call(t, s, "chat.postMessage", object{"channel": slacksim.Incidents, "text": "m", "blocks": []any{actions(button("b"))}}))["ts"]
	order("click", object{"user": slacksim.Bob, "channel": slacksim.Incidents, "ts": ts, "action_id": "b"})
	order("mention", object{"user": slacksim.Bob, "channel": slacksim.Incidents, "text": "x"})
	order("dm", object{"user": slacksim.Bob, "text": "x"})
	require.Equal(t, 4, b.count())
	require.Contains(t, order("messages", object{"user": slacksim.Bob, "channel": slacksim.Incidents}), "seen")
	require.NotContains(t, order("messages", object{"user": slacksim.Alice, "channel": slacksim.Incidents}), "seen")

	order("faults", object{"method": "chat.postMessage", "times": 1, "status": 429, "retry_after_ms": 2000})
	status, header, _, err := hello(t, s)
	require.NoError(t, err)
	require.Equal(t, 429, status)
	require.Equal(t, "2", header.Get("Retry-After"))
	order("settings", object{"auth_error": "account_inactive", "advance_ms": 1000})
	require.Equal(t, "account_inactive", call(t, s, "auth.test", object{})["error"])

	status, _, text := post(t, s.URL()+"/_sim/command", "application/json", []byte(`{"user":"U1"}`))
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, text, `no user \"U1\"`)
	status, _, _ = post(t, s.URL()+"/_sim/command", "application/json", []byte(`{"usr":"U1"}`))
	require.Equal(t, http.StatusBadRequest, status, "a misspelt field")
}

func TestTheControlsAreForThisMachineAndOnlyWhenAsked(t *testing.T) {
	for name, tc := range map[string]struct {
		on   bool
		from string
		want int
	}{
		"on":              {true, "127.0.0.1:1", http.StatusOK},
		"from elsewhere":  {true, "192.0.2.1:1", http.StatusNotFound},
		"not switched on": {false, "127.0.0.1:1", http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			s := slacksim.New(slacksim.Options{Control: tc.on})
			t.Cleanup(s.Close)
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/_sim/identity", strings.NewReader("{}"))
			r.RemoteAddr = tc.from
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			require.Equal(t, tc.want, w.Code)
		})
	}
}
