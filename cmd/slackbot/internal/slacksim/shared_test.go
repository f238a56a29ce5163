package slacksim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

// listening is an app that keeps what it is sent.
func listening(t *testing.T) (s *sim, received func() []object) {
	t.Helper()
	var mu sync.Mutex
	var list []object
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if form, err := url.ParseQuery(string(body)); err == nil && form.Get("payload") != "" {
			body = []byte(form.Get("payload"))
		}
		for _, b := range body {
			if b > 0x7e {
				t.Errorf("Slack writes ASCII: %q", body)
				break
			}
		}
		var got object
		if err := json.Unmarshal(body, &got); err != nil {
			t.Error(err)
		}
		got["retry"] = r.Header.Get("X-Slack-Retry-Num")
		mu.Lock()
		defer mu.Unlock()
		list = append(list, got)
	}))
	t.Cleanup(app.Close)
	return start(t, slacksim.Options{BotURL: app.URL}), func() []object {
		mu.Lock()
		defer mu.Unlock()
		return list
	}
}

func TestASharedChannelTellsOfTheHostAndOfThePerson(t *testing.T) {
	s, received := listening(t)
	for _, row := range []struct {
		user, channel, outer, team string
		userTeam                   any
	}{
		{slacksim.Alice, slacksim.Shared, slacksim.TeamID, slacksim.TeamID, nil},
		{slacksim.Dora, slacksim.Shared, slacksim.TeamID, slacksim.TeamID, slacksim.Partner},
		{slacksim.Alice, slacksim.Hosted, slacksim.Partner, slacksim.Partner, slacksim.TeamID},
		{slacksim.Dora, slacksim.Hosted, slacksim.Partner, slacksim.Partner, nil},
	} {
		_, err := s.Mention(row.user, row.channel, "", "看")
		require.NoError(t, err)
		list := received()
		got := list[len(list)-1]
		event := got["event"].(object)
		require.Equal(t, row.outer, got["team_id"])
		require.Equal(t, true, got["is_ext_shared_channel"])
		require.Equal(t, slacksim.TeamID, got["authorizations"].([]any)[0].(object)["team_id"])
		require.Equal(t, row.team, event["team"])
		require.Equal(t, row.userTeam, event["user_team"])
		require.True(t, strings.HasSuffix(event["text"].(string), "> 看"))
	}
}

func TestWhatIsRewrittenIsToldOf(t *testing.T) {
	s, received := listening(t)
	said, err := s.Mention(slacksim.Alice, slacksim.Incidents, "", "one")
	require.NoError(t, err)
	_, err = s.Rewrite(slacksim.Alice, slacksim.Incidents, said.TS, "two 😀")
	require.NoError(t, err)
	direct, err := s.DirectMessage(slacksim.Alice, "three")
	require.NoError(t, err)
	_, err = s.Rewrite(slacksim.Alice, s.DM(slacksim.Alice), direct.TS, "four")
	require.NoError(t, err)
	_, err = s.Rewrite(slacksim.Bob, slacksim.Incidents, said.TS, "five")
	require.ErrorContains(t, err, "has written nothing there")
	list := received()
	require.Len(t, list, 4)
	again, change := list[1]["event"].(object), list[3]["event"].(object)
	require.Equal(t, "app_mention", again["type"])
	require.Equal(t, "two 😀", again["text"])
	require.Equal(t, said.TS, again["ts"])
	require.Equal(t, slacksim.Alice, again["edited"].(object)["user"])
	require.NotEqual(t, list[0]["event_id"], list[1]["event_id"])
	require.Equal(t, "message_changed", change["subtype"])
	require.Equal(t, "four", change["message"].(object)["text"])
	require.Equal(t, "three", change["previous_message"].(object)["text"])
	m, _ := s.Message(slacksim.Incidents, said.TS)
	require.Equal(t, "two 😀", m.Text)
}

func TestAnEventMayHaveAnEnvelopeOfItsOwn(t *testing.T) {
	s, received := listening(t)
	_, err := s.Send(slacksim.Sent{Event: object{"type": "x"}, Envelope: object{"event_id": "Ev1", "team_id": nil, "more": 1}, Retry: 2})
	require.NoError(t, err)
	got := received()[0]
	require.Equal(t, "Ev1", got["event_id"])
	require.NotContains(t, got, "team_id")
	require.InDelta(t, 1, got["more"], 0)
	require.Equal(t, "2", got["retry"])
}
