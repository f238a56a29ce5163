package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

func TestAMentionInAThreadIsAnsweredThereByOneMessageThatIsEdited(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.runs(14 * time.Second)
	alert, err := s.Say(slacksim.Bob, slacksim.Incidents, "", "the resize hangs")
	require.NoError(t, err)
	answer, err := s.Mention(slacksim.Alice, slacksim.Incidents, alert.TS, "get_operation_result resize wait_seconds=40")
	require.NoError(t, err)
	require.Empty(t, answer.Error)
	first := s.until(t, slacksim.Bob, slacksim.Incidents, "IN_PROGRESS: Operation")
	require.Equal(t, alert.TS, first.ThreadTS)
	require.Contains(t, says(first), "Stop waiting")
	done := s.changed(t, first, "OK: ")
	require.GreaterOrEqual(t, len(done.Edits), 2)
	require.Len(t, s.ofBot(slacksim.Bob, slacksim.Incidents), 1)
	require.Len(t, s.Attempts(answer.EventID), 1)
	require.NotContains(t, says(done), `"share"`)
	s.audited(t, map[string]any{"tool": "get_operation_result", "verdict": "ok", "user": slacksim.Alice, "channel": slacksim.Incidents})
}

func TestAMentionInAChannelIsAnsweredInItsThread(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	answer, err := s.Mention(slacksim.Alice, slacksim.Incidents, "", "what is with checkout?")
	require.NoError(t, err)
	report := s.until(t, slacksim.Bob, slacksim.Incidents, "ACTION_NEEDED: ")
	require.Equal(t, answer.TS, report.ThreadTS)
	require.False(t, report.Ephemeral())
}

func TestADirectMessageIsAnsweredByOneMessage(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.runs(8 * time.Second)
	_, err := s.DirectMessage(slacksim.Alice, "get_operation_result resize wait_seconds=40")
	require.NoError(t, err)
	dm := s.DM(slacksim.Alice)
	first := s.until(t, slacksim.Alice, dm, "IN_PROGRESS: Operation")
	s.changed(t, first, "OK: ")
	require.Len(t, s.ofBot(slacksim.Alice, dm), 1)
	require.Empty(t, first.ThreadTS)

	_, err = s.DirectMessage(slacksim.Alice, "help")
	require.NoError(t, err)
	s.until(t, slacksim.Alice, dm, "What happened on Alibaba Cloud")
}

func TestACommandInDirectMessagesIsAnsweredByOneMessage(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.runs(8 * time.Second)
	dm := s.OpenDM(slacksim.Alice)
	s.command(t, slacksim.Alice, dm, "/get_operation_result", "resize wait_seconds=40")
	first := s.until(t, slacksim.Alice, dm, "IN_PROGRESS: Operation")
	s.changed(t, first, "OK: ")
	require.Len(t, s.ofBot(slacksim.Alice, dm), 2)
	require.False(t, first.Ephemeral())
}

func TestAWatchInAThreadEditsTheMessageThere(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.called = []string{slacksim.Bob}
	s.runs(10 * time.Second)
	_, err := s.Mention(slacksim.Alice, slacksim.Incidents, "", "resize")
	require.NoError(t, err)
	report := s.until(t, slacksim.Bob, slacksim.Incidents, "IN_PROGRESS: Operation")
	s.click(t, slacksim.Bob, report, "watch")
	s.changed(t, report, "OK: ")
	called := s.until(t, slacksim.Alice, slacksim.Incidents, "Done: OK")
	require.Equal(t, report.ThreadTS, called.ThreadTS)
	require.Equal(t, slacksim.Bob, users(called)[0].Text)
	require.Empty(t, s.DM(slacksim.Bob))
}

func TestARefusalInAThreadIsForTheAskerAlone(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	_, err := s.Mention(slacksim.Bob, slacksim.Incidents, "", "gather_env_stats checkout-env")
	require.NoError(t, err)
	refusal := s.until(t, slacksim.Bob, slacksim.Incidents, "Refused: you may not start")
	require.True(t, refusal.Ephemeral())
	require.Empty(t, s.ofBot(slacksim.Alice, slacksim.Incidents))
	require.Empty(t, s.cloud.Calls().Changes)
}

func TestTheBotDoesNotAnswerItselfNorEdits(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	for _, event := range []map[string]any{
		{"type": "message", "channel_type": "im", "user": slacksim.BotUser, "text": "checkout"},
		{"type": "message", "channel_type": "im", "user": slacksim.Alice, "bot_id": "B1", "text": "checkout"},
		{"type": "message", "channel_type": "im", "subtype": "message_changed", "user": slacksim.Alice, "text": "checkout"},
		{"type": "message", "channel_type": "channel", "user": slacksim.Alice, "text": "checkout"},
		{"type": "reaction_added", "user": slacksim.Alice},
	} {
		event["channel"] = slacksim.Incidents
		answer, err := s.Event(event)
		require.NoError(t, err)
		require.Empty(t, answer.Error)
	}
	_, err := s.Mention(slacksim.Alice, slacksim.Incidents, "", "payments")
	require.NoError(t, err)
	s.until(t, slacksim.Alice, slacksim.Incidents, ": Application b7a16d2e")
	require.Equal(t, 1, s.cloud.Calls().Accepted["DescribeApplicationStatus"])
}
