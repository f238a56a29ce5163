package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

func TestAMessageAsLongAsSlackAllowsIsAnswered(t *testing.T) {
	frontEnds(t, usual, func(t *testing.T, s *scene) {
		for _, n := range []int{5_500, 39_980} {
			words := strings.Repeat("界", n)
			answer, err := s.Mention(slacksim.Alice, slacksim.Incidents, "", words)
			require.NoError(t, err)
			require.Empty(t, answer.Error)
			said := s.until(t, slacksim.Alice, slacksim.Incidents, fmt.Sprintf("The text has %d characters; at most 3000 are read", n))
			require.True(t, said.Ephemeral())
			_, err = s.DirectMessage(slacksim.Alice, words)
			require.NoError(t, err)
			s.until(t, slacksim.Alice, s.DM(slacksim.Alice), fmt.Sprintf("The text has %d characters; at most 3000 are read", n))
			typed := s.command(t, slacksim.Alice, slacksim.Incidents, "/triage", words)
			require.Contains(t, typed.Text(), fmt.Sprintf("The text has %d characters; at most 3000 are read", n))
		}
		long, err := s.Mention(slacksim.Alice, slacksim.Incidents, "", "checkout "+strings.Repeat("😀", 2900))
		require.NoError(t, err)
		require.Empty(t, long.Error)
		s.until(t, slacksim.Alice, slacksim.Incidents, "ACTION_NEEDED: ")

		// An edit brings the old words too, twice each.
		_, err = s.Rewrite(slacksim.Alice, s.DM(slacksim.Alice), s.Messages(s.DM(slacksim.Alice))[0].TS, strings.Repeat("面", 39_990))
		require.NoError(t, err)
		s.until(t, slacksim.Alice, s.DM(slacksim.Alice), "The text has 39990 characters")
	})
}

func TestAPartOfTheWrongTypeCountsAsLeftOut(t *testing.T) {
	frontEnds(t, usual, func(t *testing.T, s *scene) {
		report := s.report(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout", "ACTION_NEEDED: ")
		count := 0
		for _, wrong := range []any{nil, 7, "x", true, []any{}, []any{nil}, []any{7}, fields{}, []any{fields{}}} {
			for _, part := range []string{"team", "enterprise", "channel", "container", "message", "state", "user", "actions"} {
				answer, err := s.ClickWith(slacksim.Alice, report, "refresh", fields{part: wrong})
				require.NoError(t, err)
				require.Empty(t, answer.Error, "%s %v", part, wrong)
			}
			for _, part := range []string{"authorizations", "event", "is_ext_shared_channel"} {
				count++
				sent := mention(fmt.Sprintf("1800000000.%06d", count), "get_app_status checkout", nil)
				sent.Envelope = fields{part: wrong}
				s.send(t, sent)
			}
			served := fmt.Sprintf("U0READ%d", count)
			sent := mention(fmt.Sprintf("1800000001.%06d", count), "get_app_status checkout", fields{"user": served, "team": ours})
			sent.Envelope = fields{"authorizations": wrong}
			s.send(t, sent)
			s.judged(t, fmt.Sprint("authorizations ", wrong), served, true)
		}
		s.judged(t, "a click of nobody", "", false)
	})
}

func TestWhoIsNotToldIsRefused(t *testing.T) {
	frontEnds(t, usual, func(t *testing.T, s *scene) {
		answer, err := s.CommandWith(slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout", map[string]string{"user_id": ""})
		require.NoError(t, err)
		require.Contains(t, answer.Text(), "Slack does not tell who you are. Ask again")
	})
}

func TestAClickWithALongMessageAroundItIsTaken(t *testing.T) {
	frontEnds(t, usual, func(t *testing.T, s *scene) {
		report := s.report(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout", "ACTION_NEEDED: ")
		long := strings.Repeat("界", 40_000)
		answer, err := s.ClickWith(slacksim.Alice, report, "refresh", fields{
			"message": fields{"text": long, "blocks": []any{fields{"type": "section", "text": fields{"type": "mrkdwn", "text": long}}}},
			"state":   fields{"values": fields{"b": fields{"a": fields{"type": "plain_text_input", "value": long}}}},
		})
		require.NoError(t, err)
		require.Empty(t, answer.Error)
		s.eventually(t, "the new one", func() bool { return len(s.now(t, report).Edits) == 1 })
	})
}

func TestNotManyLargeBodiesAreReadAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := web{bot: &bot{large: make(chan struct{}, 1)}}
		large := strings.Repeat("x", smallBody+1)
		text, done, err := w.read(strings.NewReader(large))
		require.NoError(t, err)
		require.Len(t, text, len(large))

		_, other, err := w.read(strings.NewReader(large))
		require.ErrorIs(t, err, errTooMany)
		other()
		_, small, err := w.read(strings.NewReader(large[:smallBody-1]))
		require.NoError(t, err)
		small()
		done()
		text, done, err = w.read(iotest.OneByteReader(strings.NewReader(large)))
		require.NoError(t, err)
		require.Len(t, text, len(large))
		done()
		require.Empty(t, w.large)
	})
}

func TestWhoSignsNothingIsNotReadAtAll(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	request, err := s.Forge(t.Context(), slacksim.Forged{URL: s.operations() + "/slack/events", Header: http.Header{"X-Slack-Signature": nil}})
	require.NoError(t, err)
	request.Body, request.ContentLength = http.NoBody, maxBody-1
	request.Header.Set("Expect", "100-continue") // the body is sent when the server begins to read
	response, err := (&http.Transport{ExpectContinueTimeout: patience}).RoundTrip(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusUnauthorized, response.StatusCode)
}

// tomorrow is what Slack may have one day, in each place where slack-go v0.35.0
// knows its elements by name.
func tomorrow() []any {
	odd := fields{"type": "an_element_of_tomorrow", "elements": []any{1, nil}}
	return []any{
		fields{"type": "actions", "elements": []any{odd}}, fields{"type": "context", "elements": []any{odd}},
		fields{"type": "input", "element": odd}, fields{"type": "section", "accessory": odd, "fields": "x"},
		fields{"type": "table", "rows": []any{[]any{odd}}}, fields{"type": "data_table", "rows": 1}, odd, nil, 7,
	}
}

func TestABlockThatTheLibraryDoesNotKnowLosesNothing(t *testing.T) {
	frontEnds(t, usual, func(t *testing.T, s *scene) {
		for i, block := range tomorrow() {
			more := fields{"blocks": []any{block}, "attachments": []any{fields{"blocks": []any{block}, "id": "no number"}}, "files": fields{"size": "x"}, "metadata": 1}
			s.send(t, mention(fmt.Sprintf("1800000000.%06d", i), fmt.Sprint("get_app_status checkout max_results=", i), more))
			s.eventually(t, fmt.Sprint("an answer beside ", block), func() bool { return len(s.ofBot(slacksim.Alice, slacksim.Incidents)) == i+1 })
		}
		report := s.report(t, slacksim.Bob, slacksim.Incidents, "/get_app_status", "checkout", "ACTION_NEEDED: ")
		answer, err := s.ClickWith(slacksim.Bob, report, "refresh", fields{"message": fields{"blocks": tomorrow()}, "state": "x", "view": 1, "is_enterprise_install": "no"})
		require.NoError(t, err)
		require.Empty(t, answer.Error)
		s.eventually(t, "the new one", func() bool { return len(s.now(t, report).Edits) == 1 })
		typed, err := s.CommandWith(slacksim.Bob, slacksim.Incidents, "/get_app_status", "help", map[string]string{"is_enterprise_install": "perhaps"})
		require.NoError(t, err)
		require.Empty(t, typed.Error)
	})
}

func TestWhatTheBotDoesNotKnowIsAcknowledged(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, socket: true})
	for kind, payload := range map[string]any{
		"an_envelope_of_tomorrow": fields{"a": "secret-of-tomorrow"}, "options": fields{}, "": nil,
		"events_api": "secret-of-tomorrow", "slash_commands": 7, "interactive": []any{"secret-of-tomorrow"},
	} {
		answer := s.Push(kind, payload)
		require.Empty(t, answer.Error, kind)
	}
	for _, sent := range []slacksim.Sent{{Event: fields{"type": "of_tomorrow", "user": 1}}, {Envelope: fields{"event": "x"}}, {Envelope: fields{"authorizations": "x"}}, {Envelope: fields{"type": "event_of_tomorrow"}}} {
		s.send(t, sent)
	}
	for _, kind := range []string{"message_action", "shortcut", "view_submission", "block_suggestion", "of_tomorrow"} {
		require.Empty(t, s.Push("interactive", fields{"type": kind, "trigger_id": "1", "message": fields{"blocks": tomorrow()}}).Error, kind)
	}
	require.Len(t, s.Connections(), connections)
	require.Equal(t, 6, strings.Count(s.errs.String(), "does not know, or cannot read"))
	require.NotContains(t, s.errs.String(), "secret-of-tomorrow")
	s.report(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout", "ACTION_NEEDED: ")
}

// FuzzPayloads: whatever comes, nothing panics, and no team is made up: each stands
// in the payload.
func FuzzPayloads(f *testing.F) {
	for _, seed := range []string{
		`{"type":"event_callback","event_id":"Ev1","team_id":"T1","context_team_id":"T2","is_ext_shared_channel":true,"authorizations":[{"team_id":"T1","enterprise_id":"E1"}],"event":{"type":"app_mention","user":"U1","user_team":"E1","team":"T1","text":"<@U0> x","ts":"1.2","channel":"C1","edited":{}}}`,
		`{"type":"event_callback","event_id":"Ev1","event":{"type":"message","subtype":"message_changed","channel_type":"im","channel":"D1","message":{"user":"U1","text":"b","ts":"1.1","team":"T1"},"previous_message":{"text":"a","ts":"1.1"}}}`,
		`{"type":"block_actions","trigger_id":"1","team":{"id":"T1","enterprise_id":"E1"},"enterprise":{"id":"E1"},"user":{"id":"U1","team_id":"E1"},"container":{"is_ephemeral":true},"actions":[{"action_id":"a","value":"v"}]}`,
		`{"command":"/triage","text":"x","team_id":"T1","enterprise_id":"E1","trigger_id":"1"}`,
		`{"team":null,"user":{"team_id":7},"authorizations":null,"event":{"user":{},"message":[]}}`,
	} {
		f.Add([]byte(seed))
	}
	b := &bot{self: slacksim.BotUser}
	f.Fuzz(func(t *testing.T, data []byte) {
		var origins []origin
		var e envelope
		if unmarshal(data, &e) == nil {
			origins = append(origins, e.origin())
			if m, isForBot := b.message(e); isForBot {
				require.NotEmpty(t, m.User)
				require.NotEqual(t, word(slacksim.BotUser), m.User)
				require.Empty(t, m.BotID)
				e.Event = m.event
				origins = append(origins, e.origin())
				name, text := mentioned(string(m.Text), b.self)
				require.NotEmpty(t, m.trigger(name, text, string(e.EventID)))
			}
		}
		var i interaction
		if unmarshal(data, &i) == nil {
			origins = append(origins, i.origin())
		}
		var c slashCommand
		if unmarshal(data, &c) == nil {
			origins = append(origins, c.origin())
		}
		texts := textsOf(data)
		for _, o := range origins {
			app, person := o.teams("E1")
			require.Contains(t, texts, app)
			require.Contains(t, texts, person)
		}
	})
}

// textsOf are all texts within a JSON value, and "".
func textsOf(data []byte) map[string]bool {
	texts := map[string]bool{"": true}
	in := json.NewDecoder(bytes.NewReader(data))
	for {
		token, err := in.Token()
		if err != nil {
			return texts
		}
		if text, ok := token.(string); ok {
			texts[text] = true
		}
	}
}

func TestACommandIsReadAlikeFromAFormAndFromJSON(t *testing.T) {
	form, object := url.Values{}, map[string]string{}
	for name := range strings.FieldsSeq("team_id enterprise_id channel_id user_id command text response_url trigger_id is_enterprise_install") {
		form.Set(name, "the "+name)
		object[name] = "the " + name
	}
	text, err := json.Marshal(object)
	require.NoError(t, err)
	var c slashCommand
	require.NoError(t, json.Unmarshal(text, &c))
	require.Equal(t, typed(form), c)
	require.NotContains(t, fmt.Sprintf("%q", c), `""`)
}
