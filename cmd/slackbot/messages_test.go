package main

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

const gatherNow = "gather_env_stats checkout-env wait_seconds=0"

func toBot(words string) string { return "<@" + slacksim.BotUser + "> " + words }

// mention is the event of one of Alice's, whose ts the test chooses.
func mention(ts, words string, more fields) slacksim.Sent {
	event := fields{
		"type": "app_mention", "user": slacksim.Alice, "team": slacksim.TeamID, "channel": slacksim.Incidents, "ts": ts, "event_ts": ts, "text": toBot(words),
	}
	maps.Copy(event, more)
	return slacksim.Sent{Event: event}
}

// direct is one in direct messages.
func (s *scene) direct(ts, words string, more fields) slacksim.Sent {
	sent := mention(ts, words, fields{"type": "message", "channel_type": "im", "channel": s.OpenDM(slacksim.Alice), "text": words})
	maps.Copy(sent.Event, more)
	return sent
}

func (s *scene) send(t *testing.T, sent slacksim.Sent) {
	t.Helper()
	answer, err := s.Send(sent)
	require.NoError(t, err)
	require.Empty(t, answer.Error, "%v\n%s", sent, quietly{s.errs})
}

// sees waits until Alice sees that many messages of the bot's in a channel.
func (s *scene) sees(t *testing.T, channel string, number int) {
	t.Helper()
	s.eventually(t, fmt.Sprint(number, " messages"), func() bool { return len(s.ofBot(slacksim.Alice, channel)) == number })
}

func (s *scene) repetitions() int {
	return strings.Count(s.out.String(), `"outcome":"`+wasRepeated+`"`)
}

func TestAnEditStartsNothing(t *testing.T) {
	frontEnds(t, usual, func(t *testing.T, s *scene) {
		first, err := s.Mention(slacksim.Alice, slacksim.Incidents, "", gatherNow)
		require.NoError(t, err)
		s.until(t, slacksim.Alice, slacksim.Incidents, "IN_PROGRESS: Gather")
		s.audited(t, fields{"kind": "report", "tool": "gather_env_stats"})
		s.sees(t, slacksim.Incidents, 1)
		edited := fields{"edited": fields{"user": slacksim.Alice, "ts": "1"}}
		same := func() {
			t.Helper()
			before := s.repetitions()
			_, err = s.Rewrite(slacksim.Alice, slacksim.Incidents, first.TS, toBot(gatherNow))
			require.NoError(t, err)
			_, err = s.Rewrite(slacksim.Alice, slacksim.Incidents, first.TS, "gather_env_stats   checkout-env\nwait_seconds=0 "+toBot(""))
			require.NoError(t, err)
			s.send(t, mention(first.TS, gatherNow, edited))
			s.send(t, mention(first.TS, gatherNow, nil)) // another event about the same message
			s.send(t, mention(first.TS, gatherNow, fields{"attachments": []any{fields{"from_url": "https://a.example"}}}))
			again := mention(first.TS, gatherNow, nil)
			again.Retry, again.Envelope = 1, fields{"event_id": first.EventID}
			s.send(t, again)
			s.eventually(t, "six repetitions", func() bool { return s.repetitions() == before+6 })
			require.Len(t, s.cloud.Calls().Changes, 1)
		}
		same()
		s.sees(t, slacksim.Incidents, 1)

		require.Equal(t, exitOK, s.stop())
		s.errs.mu.Lock()
		s.errs.b.Reset()
		s.errs.mu.Unlock()
		s.start(t)
		same()
		s.sees(t, slacksim.Incidents, 1)

		// Other words are read at most.
		_, err = s.Rewrite(slacksim.Alice, slacksim.Incidents, first.TS, toBot("get_app_status checkout"))
		require.NoError(t, err)
		s.until(t, slacksim.Alice, slacksim.Incidents, "ACTION_NEEDED: ")
		s.sees(t, slacksim.Incidents, 2)
		_, err = s.Rewrite(slacksim.Alice, slacksim.Incidents, first.TS, toBot("gather_env_stats checkout-env"))
		require.NoError(t, err)
		s.until(t, slacksim.Alice, slacksim.Incidents, "Start gather_env_stats ")
		s.sees(t, slacksim.Incidents, 3)
		require.Len(t, s.cloud.Calls().Changes, 1)
		same() // the first words once more
		s.sees(t, slacksim.Incidents, 3)
		require.Len(t, s.cloud.Calls().Changes, 1)
	})
}

func TestWhatStartsWithoutAButton(t *testing.T) {
	forwarded := []any{fields{"is_share": true, "is_msg_unfurl": true, "text": gatherNow, "author_id": slacksim.Bob}}
	for _, row := range []struct {
		fact   string
		starts bool
		words  string
		more   fields
		retry  int
	}{
		{"a person's own words", true, gatherNow, fields{"client_msg_id": "1", "blocks": []any{}, "attachments": []any{}, "files": nil, "edited": nil}, 0},
		{"a file is beside them", true, gatherNow, fields{"subtype": "file_share", "files": []any{fields{"id": "F1"}}}, 0},
		{"they were edited before the bot heard of them", false, gatherNow, fields{"edited": fields{"user": slacksim.Alice, "ts": "1"}}, 0},
		{"the edit is told without its time", false, gatherNow, fields{"edited": fields{}}, 0},
		{"a message of somebody is forwarded with them", false, gatherNow, fields{"attachments": forwarded}, 0},
		{"the link to a message is shown with them", false, gatherNow, fields{"attachments": []any{fields{"is_msg_unfurl": true}}}, 0},
		{"a page is shown with them", false, gatherNow, fields{"attachments": []any{fields{"from_url": "https://a.example"}}}, 0},
		{"they are followed by a quotation", false, gatherNow + "\n&gt; as yesterday", nil, 0},
		{"they are quoted", false, "\n&gt; " + gatherNow, nil, 0},
		{"they are quoted with the mention", false, "&gt;&gt;&gt; " + toBot(gatherNow), nil, 0},
		{"they are copied from a thread", false, gatherNow, fields{"subtype": "thread_broadcast", "thread_ts": "1700000000.000001"}, 0},
		{"a program has written them in somebody's name", false, gatherNow, fields{"app_id": "A1"}, 0},
		{"Slack sends them again, and the bot has not heard them before", false, gatherNow, nil, 1},
		{"Slack does not tell which message it is, so perhaps sends it again", false, gatherNow, fields{"ts": nil}, 0},
		{"they name the environment alone", false, "checkout-env", nil, 0},
	} {
		for _, where := range []string{"mention", "direct message"} {
			t.Run(row.fact+" "+where, func(t *testing.T) {
				frontEnds(t, usual, func(t *testing.T, s *scene) {
					const ts = "1800000000.000001"
					sent := mention(ts, row.words, row.more)
					if where == "direct message" {
						sent = s.direct(ts, row.words, row.more)
					}
					sent.Retry = row.retry
					s.send(t, sent)
					channel := sent.Event["channel"].(string)
					if row.starts {
						s.until(t, slacksim.Alice, channel, "IN_PROGRESS: Gather")
						require.Len(t, s.cloud.Calls().Changes, 1)
						return
					}
					s.sees(t, channel, 1)
					said := says(s.ofBot(slacksim.Alice, channel)[0])
					s.audited(t, fields{"user": slacksim.Alice})
					require.Empty(t, s.cloud.Calls().Changes, said)
					if !strings.Contains(row.words, "\n") {
						require.Contains(t, said, "Start gather_env_stats ")
						require.Contains(t, said, cloudsim.CheckoutEnv)
					}
				})
			})
		}
	}
}

func TestWhatNobodySaysToTheBotIsNotAnswered(t *testing.T) {
	frontEnds(t, usual, func(t *testing.T, s *scene) {
		const words = "get_app_status checkout"
		number := 0
		send := func(sent slacksim.Sent) {
			t.Helper()
			number++
			sent.Event["ts"] = fmt.Sprintf("1800000000.%06d", number)
			s.send(t, sent)
		}
		for _, more := range []fields{
			{"bot_id": slacksim.BotID}, {"bot_id": "B1"}, {"bot_profile": fields{"id": "B1"}}, {"user": slacksim.BotUser}, {"user": "USLACKBOT"}, {"user": nil},
			{"subtype": "bot_message", "bot_id": "B1", "user": nil}, {"subtype": "bot_message"}, {"user": fields{"id": slacksim.Alice}},
		} {
			send(mention("", words, more))
			send(s.direct("", words, more))
		}
		for subtype := range strings.FieldsSeq(`bot_message message_deleted message_replied message_changed channel_join channel_leave channel_topic channel_purpose channel_name
			channel_archive channel_unarchive channel_convert_to_private channel_posting_permissions group_join group_leave group_topic group_purpose group_name group_archive
			group_unarchive file_comment file_mention pinned_item unpinned_item ekm_access_denied reminder_add assistant_app_thread document_mention bot_add bot_remove
			slackbot_response reply_broadcast tombstone huddle_thread sh_room_created a_subtype_of_tomorrow`) {
			send(s.direct("", words, fields{"subtype": subtype}))
			send(s.direct("", words, fields{"subtype": subtype, "message": "a text"}))
		}
		// The bot's own messages change, too.
		own := fields{"type": "message", "user": slacksim.BotUser, "bot_id": slacksim.BotID, "ts": "1800000000.000001", "text": words}
		send(s.direct("", "", fields{"subtype": "message_changed", "message": own, "previous_message": fields{"ts": "1800000000.000001", "text": "before"}}))
		delete(own, "bot_id")
		send(s.direct("", "", fields{"subtype": "message_changed", "message": own}))
		for _, kind := range []string{"reaction_added", "member_joined_channel", "app_home_opened", "user_change", "channel_rename"} {
			send(slacksim.Sent{Event: fields{"type": kind, "user": fields{"id": slacksim.Alice}, "channel": fields{"id": "C1"}, "message": "x", "text": 1}})
		}
		send(s.direct("", words, fields{"channel_type": "channel"}))
		send(s.direct("", words, fields{"channel_type": "mpim"}))

		s.send(t, mention("1800000000.999999", "get_app_status payments", nil))
		s.until(t, slacksim.Alice, slacksim.Incidents, ": Application b7a16d2e")
		s.sees(t, slacksim.Incidents, 1)
		require.Empty(t, s.ofBot(slacksim.Alice, s.DM(slacksim.Alice)))
		require.Equal(t, map[string]int{"DescribeApplicationStatus": 1}, s.cloud.Calls().Accepted)
	})
}

func TestDirectMessagesOfEachFormAreAnswered(t *testing.T) {
	for fact, more := range map[string]fields{
		"plain":                        nil,
		"with a file":                  {"subtype": "file_share", "files": []any{fields{"id": "F1", "name": "a.png"}}},
		"to a thread and the channel":  {"subtype": "thread_broadcast", "thread_ts": "1700000000.000001", "root": fields{"text": "checkout"}},
		"/me":                          {"subtype": "me_message"},
		"in the app's own tab, as old": {"channel_type": "app_home"},
		"without a channel_type":       {"channel_type": nil},
		"with blocks of all kinds":     {"blocks": []any{fields{"type": "rich_text"}, fields{"type": "actions", "elements": []any{fields{"type": "of_tomorrow"}}}}},
	} {
		t.Run(fact, func(t *testing.T) {
			frontEnds(t, usual, func(t *testing.T, s *scene) {
				s.send(t, s.direct("1800000000.000001", "what is with checkout?", more))
				s.until(t, slacksim.Alice, s.DM(slacksim.Alice), "ACTION_NEEDED: ")
				s.sees(t, s.DM(slacksim.Alice), 1)
			})
		})
	}
}

func TestAFileWithoutWordsIsSaidNotToBeRead(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.send(t, s.direct("1800000000.000001", "", fields{"subtype": "file_share", "files": []any{fields{"id": "F1", "name": "a.png"}}}))
	said := s.until(t, slacksim.Alice, s.DM(slacksim.Alice), "I do not read files")
	require.Contains(t, says(said), "InvokeId")
}

func TestAMessageThatSlackTellsOfTwiceIsOneRun(t *testing.T) {
	frontEnds(t, usual, func(t *testing.T, s *scene) {
		dm := s.OpenDM(slacksim.Alice)
		for _, words := range []string{"get_app_status checkout", "help"} {
			ts := "1800000000." + fmt.Sprintf("%06d", len(words))
			s.send(t, mention(ts, words, fields{"channel": dm, "text": words}))
			s.send(t, s.direct(ts, words, nil))
			s.send(t, s.direct(ts, toBot(words), nil))
		}
		s.eventually(t, "four repetitions", func() bool { return s.repetitions() == 4 })
		s.until(t, slacksim.Alice, dm, "ACTION_NEEDED: ")
		s.until(t, slacksim.Alice, dm, "What happened on Alibaba Cloud")
		s.sees(t, dm, 2)
		require.Equal(t, map[string]int{"DescribeApplicationStatus": 1}, s.cloud.Calls().Accepted)
	})
}

func TestAnEventThatIsDeliveredAgainIsAnsweredOnce(t *testing.T) {
	frontEnds(t, usual, func(t *testing.T, s *scene) {
		for number, row := range []struct{ words, answer string }{
			{"help", "What happened on Alibaba Cloud"},
			{"nothing that is an id", "There is no id in this text"},
			{"get_app_status checkout wait_seconds=many", "get_app_status: refused"},
			{"get_app_status chekcout", "get_app_status: refused"}, // a question
			{"get_app_status checkout", "ACTION_NEEDED: "},
		} {
			for try := range 4 {
				sent := mention(fmt.Sprintf("1800000000.%06d", number), row.words, nil)
				sent.Retry, sent.Envelope = try, fields{"event_id": fmt.Sprint("Ev", number)}
				s.send(t, sent)
			}
			s.until(t, slacksim.Alice, slacksim.Incidents, row.answer)
		}
		_, err := s.Mention(slacksim.Alice, slacksim.Incidents, "", "help me") // the last to be answered
		require.NoError(t, err)
		s.sees(t, slacksim.Incidents, 6)
	})
}

func TestEventsOfOneMessageAtTheSameTimeAreOneStart(t *testing.T) {
	frontEnds(t, usual, func(t *testing.T, s *scene) {
		const events = 12
		var all sync.WaitGroup
		for i := range events {
			all.Go(func() {
				sent := mention("1800000000.000001", gatherNow, nil)
				if i%3 == 0 {
					sent.Event["edited"] = fields{"user": slacksim.Alice, "ts": "1"}
				}
				answer, err := s.Send(sent)
				if err != nil || answer.Error != "" {
					t.Error(err, answer.Error)
				}
			})
		}
		all.Wait()
		s.eventually(t, "the repetitions", func() bool { return s.repetitions() == events-1 })
		s.sees(t, slacksim.Incidents, 1)
		require.LessOrEqual(t, len(s.cloud.Calls().Changes), 1) // none, if an edit came first: then it is asked for
	})
}

func TestADirectMessageThatIsEditedIsReadAgain(t *testing.T) {
	frontEnds(t, usual, func(t *testing.T, s *scene) {
		sent, err := s.DirectMessage(slacksim.Alice, "get_app_status chekcout") // a typing error
		require.NoError(t, err)
		dm := s.DM(slacksim.Alice)
		s.sees(t, dm, 1)
		_, err = s.Rewrite(slacksim.Alice, dm, sent.TS, "get_app_status checkout")
		require.NoError(t, err)
		s.until(t, slacksim.Alice, dm, "ACTION_NEEDED: ")
		s.sees(t, dm, 2)
		_, err = s.Rewrite(slacksim.Alice, dm, sent.TS, gatherNow)
		require.NoError(t, err)
		s.until(t, slacksim.Alice, dm, "Start gather_env_stats ")
		s.sees(t, dm, 3)
		require.Empty(t, s.cloud.Calls().Changes)
		for range 3 { // a link is shown, and the same words come back
			_, err = s.Rewrite(slacksim.Alice, dm, sent.TS, gatherNow)
			require.NoError(t, err)
		}
		_, err = s.Rewrite(slacksim.Alice, dm, sent.TS, "get_app_status checkout")
		require.NoError(t, err)
		s.eventually(t, "a repetition", func() bool { return s.repetitions() == 1 })
		s.sees(t, dm, 3)
		require.Empty(t, s.cloud.Calls().Changes)
	})
}
