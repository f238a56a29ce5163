package slacksim_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

// command is Bob's.
func command(t *testing.T, s *sim, channel string) slacksim.Answer {
	t.Helper()
	seen, err := s.Command(slacksim.Bob, channel, "/triage", "checkout")
	require.NoError(t, err)
	require.Empty(t, seen.Error)
	return seen
}

func TestAResponseURLWorksFiveTimes(t *testing.T) {
	s := start(t, slacksim.Options{BotURL: app(t, silent)})
	url := command(t, s, slacksim.Elsewhere).ResponseURL
	for i := range 5 {
		status, text := respond(t, url, object{"text": "one more"})
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, "ok", text)
		require.Equal(t, i+1, s.ResponseURLUses(url))
	}
	status, text := respond(t, url, object{"text": "too many"})
	require.Equal(t, http.StatusNotFound, status)
	require.Contains(t, text, "used_url")
	require.Len(t, s.Visible(slacksim.Bob, slacksim.Elsewhere), 5, "it works where the bot is not")
	require.Empty(t, s.Visible(slacksim.Alice, slacksim.Elsewhere), "and is for one by default")
}

func TestAResponseURLEndsAfter30Minutes(t *testing.T) {
	s := start(t, slacksim.Options{BotURL: app(t, silent)})
	url := command(t, s, slacksim.Incidents).ResponseURL
	s.Advance(30*time.Minute - time.Second)
	status, _ := respond(t, url, object{"text": "in time"})
	require.Equal(t, http.StatusOK, status)
	s.Advance(2 * time.Second)
	status, text := respond(t, url, object{"text": "late"})
	require.Equal(t, http.StatusNotFound, status)
	require.Contains(t, text, "expired_url")
}

func TestAResponseURLCannotBeGuessed(t *testing.T) {
	s := start(t, slacksim.Options{BotURL: app(t, silent)})
	url := command(t, s, slacksim.Incidents).ResponseURL
	status, _ := respond(t, url[:len(url)-1], object{"text": "x"})
	require.Equal(t, http.StatusNotFound, status)
}

func TestInChannelIsForAll(t *testing.T) {
	s := start(t, slacksim.Options{BotURL: app(t, silent)})
	url := command(t, s, slacksim.Elsewhere).ResponseURL
	status, _ := respond(t, url, object{"text": "for all", "response_type": "in_channel"})
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, []string{"for all"}, texts(s.Visible(slacksim.Alice, slacksim.Elsewhere)))
}

func TestOnlyAClickReplaces(t *testing.T) {
	s := start(t, slacksim.Options{BotURL: app(t, silent)})
	url := command(t, s, slacksim.Incidents).ResponseURL
	respond(t, url, object{"text": "first", "blocks": []any{actions(button("refresh"))}})
	respond(t, url, object{"text": "second", "replace_original": true})
	require.Equal(t, []string{"first", "second"}, texts(s.Visible(slacksim.Bob, slacksim.Incidents)),
		"the URL of a command has no original")
	respond(t, url, object{"text": "third", "delete_original": true})
	require.Len(t, s.Visible(slacksim.Bob, slacksim.Incidents), 3)

	first := s.Visible(slacksim.Bob, slacksim.Incidents)[0]
	seen, err := s.Click(slacksim.Bob, first, "refresh")
	require.NoError(t, err)
	respond(t, seen.ResponseURL, object{"text": "replaced", "replace_original": true})
	shown := s.Visible(slacksim.Bob, slacksim.Incidents)
	require.Equal(t, []string{"replaced", "second", "third"}, texts(shown))
	require.Equal(t, first.TS, shown[0].TS)
	require.Empty(t, shown[0].Blocks, "the new message is the whole message")
	require.Equal(t, "first", shown[0].Edits[0].Text)

	respond(t, seen.ResponseURL, object{"text": "beside it", "replace_original": false})
	require.Equal(t, []string{"replaced", "second", "third", "beside it"}, texts(s.Visible(slacksim.Bob, slacksim.Incidents)))
	respond(t, seen.ResponseURL, object{"delete_original": true})
	require.Equal(t, []string{"second", "third", "beside it"}, texts(s.Visible(slacksim.Bob, slacksim.Incidents)))
	_, err = s.Click(slacksim.Bob, first, "refresh")
	require.ErrorContains(t, err, "does not see")
}

func TestWhoCannotSeeAMessageCannotPressItsButton(t *testing.T) {
	s := start(t, slacksim.Options{BotURL: app(t, silent)})
	url := command(t, s, slacksim.Incidents).ResponseURL
	respond(t, url, object{"text": "for Bob", "blocks": []any{actions(button("b"))}})
	m := s.Visible(slacksim.Bob, slacksim.Incidents)[0]
	_, err := s.Click(slacksim.Alice, m, "b")
	require.ErrorContains(t, err, "does not see")
	_, err = s.Click(slacksim.Bob, m, "other")
	require.ErrorContains(t, err, `these have: ["b"]`)
}
