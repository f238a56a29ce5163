package slacksim_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

func TestWhereTheBotMayPost(t *testing.T) {
	s := start(t, slacksim.Options{})
	for name, tc := range map[string]struct {
		method    string
		arguments object
		want      string
	}{
		"in its channel":                 {"chat.postMessage", object{"channel": slacksim.Incidents}, ""},
		"to a person":                    {"chat.postMessage", object{"channel": slacksim.Carol}, ""},
		"not where it is not":            {"chat.postMessage", object{"channel": slacksim.Elsewhere}, "not_in_channel"},
		"a private channel is not there": {"chat.postMessage", object{"channel": slacksim.Private}, "channel_not_found"},
		"nothing of that name":           {"chat.postMessage", object{"channel": "C1"}, "channel_not_found"},
		"not in an archive":              {"chat.postMessage", object{"channel": slacksim.Archived}, "is_archived"},
		"a thread_ts that is none":       {"chat.postMessage", object{"channel": slacksim.Incidents, "thread_ts": "1"}, "invalid_thread_ts"},
		"nothing to say":                 {"chat.postMessage", object{"channel": slacksim.Incidents, "text": ""}, "no_text"},
		"blocks that are no list":        {"chat.postMessage", object{"channel": slacksim.Incidents, "blocks": object{}}, "invalid_blocks_format"},
		"ephemeral":                      {"chat.postEphemeral", object{"channel": slacksim.Incidents, "user": slacksim.Bob}, ""},
		"ephemeral where the bot is not": {"chat.postEphemeral", object{"channel": slacksim.Elsewhere, "user": slacksim.Bob}, "not_in_channel"},
		"ephemeral to who is not there":  {"chat.postEphemeral", object{"channel": slacksim.Archived, "user": slacksim.Bob}, "is_archived"},
		"ephemeral to nobody":            {"chat.postEphemeral", object{"channel": slacksim.Incidents, "user": "U1"}, "user_not_in_channel"},
		"no such message to change":      {"chat.update", object{"channel": slacksim.Incidents, "ts": "1700000000.000001"}, "message_not_found"},
		"no such message to delete":      {"chat.delete", object{"channel": slacksim.Incidents, "ts": "1700000000.000001"}, "message_not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, given := tc.arguments["text"]; !given {
				tc.arguments["text"] = "hello"
			}
			answer := call(t, s, tc.method, tc.arguments)
			if tc.want == "" {
				ok(t, answer)
				return
			}
			require.Equal(t, tc.want, answer["error"])
		})
	}
}

func TestAMessageIsEditedInPlaceAndItsHistoryKept(t *testing.T) {
	s := start(t, slacksim.Options{})
	ts := say(t, s, slacksim.Incidents, "one")
	ok(t, call(t, s, "chat.update", object{"channel": slacksim.Incidents, "ts": ts, "text": "two", "blocks": []any{object{"type": "divider"}}}))
	ok(t, call(t, s, "chat.update", object{"channel": slacksim.Incidents, "ts": ts, "text": "three"}))
	m, found := s.Message(slacksim.Incidents, ts)
	require.True(t, found)
	require.Equal(t, "three", m.Text)
	require.Contains(t, string(m.Blocks), "divider", "without blocks the old ones stay")
	require.Equal(t, "one", m.Edits[0].Text)
	require.Equal(t, "two", m.Edits[1].Text)
	require.Equal(t, "msg_too_long",
		call(t, s, "chat.update", object{"channel": slacksim.Incidents, "ts": ts, "text": strings.Repeat("x", 4001)})["error"])

	person, err := s.Say(slacksim.Bob, slacksim.Incidents, "", "mine")
	require.NoError(t, err)
	require.Equal(t, "cant_update_message", call(t, s, "chat.update", object{"channel": slacksim.Incidents, "ts": person.TS, "text": "x"})["error"])
	require.Equal(t, "cant_delete_message", call(t, s, "chat.delete", object{"channel": slacksim.Incidents, "ts": person.TS})["error"])
	ok(t, call(t, s, "chat.delete", object{"channel": slacksim.Incidents, "ts": ts}))
	require.Equal(t, []string{"mine"}, texts(s.Visible(slacksim.Alice, slacksim.Incidents)))
}

func TestAnEphemeralMessageIsForOneUntilTheyReload(t *testing.T) {
	s := start(t, slacksim.Options{})
	answer := ok(t, call(t, s, "chat.postEphemeral", object{"channel": slacksim.Incidents, "user": slacksim.Bob, "text": "for Bob"}))
	require.Equal(t, []string{"for Bob"}, texts(s.Visible(slacksim.Bob, slacksim.Incidents)))
	require.Empty(t, s.Visible(slacksim.Alice, slacksim.Incidents))
	ts := answer["message_ts"]
	require.Equal(t, "message_not_found", call(t, s, "chat.update", object{"channel": slacksim.Incidents, "ts": ts, "text": "x"})["error"],
		"the API cannot change it")
	s.Reload(slacksim.Bob)
	require.Empty(t, s.Visible(slacksim.Bob, slacksim.Incidents))
}

func TestDirectMessagesAreForTheTwo(t *testing.T) {
	s := start(t, slacksim.Options{})
	say(t, s, slacksim.Alice, "psst")
	require.Equal(t, []string{"psst"}, texts(s.VisibleDM(slacksim.Alice)))
	require.Empty(t, s.Visible(slacksim.Bob, s.DM(slacksim.Alice)))
}

func TestLongTextIsCut(t *testing.T) {
	s := start(t, slacksim.Options{})
	ts := say(t, s, slacksim.Incidents, strings.Repeat("€", 39_999)+"😀")
	m, _ := s.Message(slacksim.Incidents, ts)
	require.True(t, m.Truncated, "😀 counts as two")
	require.Equal(t, strings.Repeat("€", 39_999), m.Text)
}

func TestWhatIsLiveIsFound(t *testing.T) {
	mrkdwn := func(text string) string {
		raw, _ := json.Marshal([]any{object{"type": "section", "text": object{"type": "mrkdwn", "text": text}}})
		return string(raw)
	}
	rich := func(element string) string {
		return `[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[` + element + `]}]}]`
	}
	for name, tc := range map[string]struct {
		message slacksim.Message
		want    string // kinds
	}{
		"plain words":                 {slacksim.Message{Text: "all is well @here a < b > c"}, "[]"},
		"escaped":                     {slacksim.Message{Text: "&lt;!channel&gt; &lt;@U1&gt;"}, "[]"},
		"a broadcast":                 {slacksim.Message{Text: "<!channel> <!here|here>"}, "[broadcast broadcast]"},
		"a person":                    {slacksim.Message{Text: "<@U1>"}, "[user]"},
		"a group and a channel":       {slacksim.Message{Text: "<!subteam^S1> <#C1|x>"}, "[group channel]"},
		"links":                       {slacksim.Message{Text: "<https://a.example|click> <mailto:a@b.example> https://c.example"}, "[link link bare_link]"},
		"a date":                      {slacksim.Message{Text: "<!date^1^{date}|x>"}, "[date]"},
		"names, when asked for":       {slacksim.Message{Text: "@channel", LinkNames: true}, "[bare_broadcast]"},
		"in mrkdwn":                   {slacksim.Message{Blocks: json.RawMessage(mrkdwn("<!here> @everyone"))}, "[broadcast bare_broadcast]"},
		"in code too":                 {slacksim.Message{Blocks: json.RawMessage(mrkdwn("`<!here>` `@here https://x.example`"))}, "[broadcast]"},
		"in plain_text never":         {slacksim.Message{Blocks: json.RawMessage(`[{"type":"header","text":{"type":"plain_text","text":"<!channel>"}}]`)}, "[]"},
		"text in rich_text never":     {slacksim.Message{Blocks: json.RawMessage(rich(`{"type":"text","text":"<!channel> https://x.example"}`))}, "[]"},
		"a person in rich_text":       {slacksim.Message{Blocks: json.RawMessage(rich(`{"type":"user","user_id":"U1"},{"type":"broadcast","range":"here"}`))}, "[user broadcast]"},
		"raw_text in a table never":   {slacksim.Message{Blocks: json.RawMessage(`[{"type":"table","rows":[[{"type":"raw_text","text":"<@U1>"}]]}]`)}, "[]"},
		"links of the markdown block": {slacksim.Message{Blocks: json.RawMessage(`[{"type":"markdown","text":"[a](b)"}]`)}, "[link]"},
	} {
		t.Run(name, func(t *testing.T) {
			kinds := []string{}
			for _, l := range slacksim.LiveMentions(tc.message) {
				kinds = append(kinds, l.Kind)
			}
			require.Equal(t, tc.want, fmt.Sprint(kinds))
		})
	}
}
