package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

// report asks for something, and returns the answer.
func (s *scene) report(t *testing.T, user, channel, command, text, verdict string) slacksim.Message {
	t.Helper()
	s.command(t, user, channel, command, text)
	return s.until(t, user, channel, verdict)
}

// runs puts an operation into the cloud that ends after a while.
func (s *scene) runs(d time.Duration) {
	s.cloud.PutOperation(cloudsim.Operation{ID: cloudsim.Resize, RunsFor: d, Status: "SUCCESS", Message: "done"})
}

func TestRefreshReplacesTheReportWithANewOne(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	report := s.report(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout", "ACTION_NEEDED: ")
	s.cloud.PutApp(cloudsim.App{ID: cloudsim.CheckoutApp, CurrentStatus: "RUNNING", SubStatus: "NORMAL", RunningInstances: 3, LastChangeOrderID: "1ccc2339-fc19-49aa-bda0-1e7b84976d02", LastChangeOrderStatus: "SUCCESS"})
	before := len(s.ofBot(slacksim.Alice, slacksim.Incidents))
	s.click(t, slacksim.Alice, report, "refresh")
	s.changed(t, report, "OK: ")
	require.Len(t, s.ofBot(slacksim.Alice, slacksim.Incidents), before, "the message itself is replaced")
	require.Empty(t, s.ofBot(slacksim.Bob, slacksim.Incidents))
}

func TestWatchEditsOneDirectMessageAndMentionsTheAskerAtTheEnd(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.called = []string{slacksim.Alice}
	s.runs(13 * time.Second)
	report := s.report(t, slacksim.Alice, slacksim.Incidents, "/get_operation_result", "resize", "IN_PROGRESS: Operation")
	s.click(t, slacksim.Alice, report, "watch")
	s.until(t, slacksim.Alice, slacksim.Incidents, "Watching, for at most 30 minutes")
	s.eventually(t, "a direct message", func() bool { return len(s.VisibleDM(slacksim.Alice)) > 0 })
	watched := s.VisibleDM(slacksim.Alice)[0]
	require.Contains(t, watched.Text, "IN_PROGRESS: ")
	s.changed(t, watched, "OK: ")
	s.eventually(t, "the mention", func() bool { return len(s.VisibleDM(slacksim.Alice)) == 2 })
	called := s.VisibleDM(slacksim.Alice)[1]
	require.Contains(t, called.Text, "Done: OK: Operation op_")
	require.Equal(t, watched.TS, called.ThreadTS)
	require.Equal(t, []slacksim.Live{{Where: "/blocks/0/elements/0/elements/0", Kind: slacksim.LiveUser, Text: slacksim.Alice}}, users(called))
	require.NotEmpty(t, s.now(t, watched).Edits)
	require.NotContains(t, says(s.now(t, watched)), `"share"`)
	require.Empty(t, s.ofBot(slacksim.Bob, slacksim.Incidents))
}

// users are the live mentions of people.
func users(m slacksim.Message) (list []slacksim.Live) {
	for _, live := range slacksim.LiveMentions(m) {
		if live.Kind == slacksim.LiveUser {
			list = append(list, live)
		}
	}
	return list
}

func TestAWatchCanBeStoppedAndCallsNobodyThen(t *testing.T) {
	s := newScene(t, sceneOptions{file: "slack: {channels: [" + slacksim.Incidents + "]}\n"})
	s.runs(time.Hour)
	report := s.report(t, slacksim.Alice, slacksim.Incidents, "/get_operation_result", "resize", "IN_PROGRESS: Operation")
	s.click(t, slacksim.Alice, report, "watch")
	s.eventually(t, "a direct message", func() bool { return len(s.VisibleDM(slacksim.Alice)) > 0 })
	watched := s.VisibleDM(slacksim.Alice)[0]
	s.click(t, slacksim.Alice, watched, "stop")
	s.eventually(t, "its end", func() bool { return strings.Contains(says(s.now(t, watched)), `"action_id":"watch"`) })
	s.audited(t, map[string]any{"outcome": "stopped", "user": slacksim.Alice})
	require.Len(t, s.VisibleDM(slacksim.Alice), 1)
	_, err := s.Click(slacksim.Alice, watched, "stop") // as it was: too late
	require.NoError(t, err)
	s.eventually(t, "a word", func() bool {
		return strings.Contains(s.VisibleDM(slacksim.Alice)[len(s.VisibleDM(slacksim.Alice))-1].Text, "not waiting any more")
	})
}

func TestAPrivateWaitCanBeStopped(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.runs(time.Hour)
	s.command(t, slacksim.Alice, slacksim.Incidents, "/get_operation_result", "resize wait_seconds=40")
	progress := s.until(t, slacksim.Alice, slacksim.Incidents, "IN_PROGRESS: Operation")
	s.click(t, slacksim.Alice, progress, "stop")
	s.changed(t, progress, "Stopping")
	s.eventually(t, "the report", func() bool {
		list := s.ofBot(slacksim.Alice, slacksim.Incidents)
		return strings.Contains(says(list[len(list)-1]), `"action_id":"refresh"`)
	})
	require.Len(t, s.ofBot(slacksim.Alice, slacksim.Incidents), 3)
}

func TestSharingPostsOnceWithTheSharersName(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.called = []string{slacksim.Alice}
	report := s.report(t, slacksim.Alice, slacksim.Incidents, "/get_invocation_results", cloudsim.DiskCleanup, "FAILED: ")
	s.click(t, slacksim.Alice, report, "share")
	shared := s.until(t, slacksim.Bob, slacksim.Incidents, "FAILED: ")
	require.False(t, shared.Ephemeral())
	require.Len(t, users(shared), 1)
	require.NotContains(t, says(shared), `"share"`)
	require.Contains(t, says(shared), `"action_id":"file"`)
	s.audited(t, map[string]any{"kind": "share", "verdict": "failed", "user": slacksim.Alice})
	s.click(t, slacksim.Alice, report, "share")
	s.until(t, slacksim.Alice, slacksim.Incidents, "You have shared this here already")
	require.Len(t, s.ofBot(slacksim.Bob, slacksim.Incidents), 1)

	// What is shared is one message for all, edited in place and at most every 3 s.
	s.click(t, slacksim.Bob, shared, "refresh")
	s.click(t, slacksim.Alice, shared, "refresh")
	s.eventually(t, "two edits", func() bool { return len(s.now(t, shared).Edits) == 2 })
	require.Len(t, s.ofBot(slacksim.Bob, slacksim.Incidents), 1)
}

func TestSharingWhereTheBotIsNot(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.called = []string{slacksim.Alice}
	report := s.report(t, slacksim.Alice, slacksim.Elsewhere, "/get_app_status", "checkout", "ACTION_NEEDED: ")
	s.click(t, slacksim.Alice, report, "share")
	shared := s.until(t, slacksim.Bob, slacksim.Elsewhere, "ACTION_NEEDED: ")
	require.Equal(t, "response_url", shared.Via)
	require.Len(t, users(shared), 1)
	s.click(t, slacksim.Bob, shared, "refresh")
	s.eventually(t, "an edit in place", func() bool { return len(s.now(t, shared).Edits) == 1 })

	again := s.report(t, slacksim.Alice, slacksim.Elsewhere, "/get_app_status", "payments", ": Application b7a16d2e")
	for range 5 { // the click's own response_url is out of order
		s.Inject(slacksim.Fault{Method: "response_url", Status: 404, Times: 1})
	}
	s.click(t, slacksim.Alice, again, "share")
	s.eventually(t, "a polite word", func() bool {
		for _, m := range s.VisibleDM(slacksim.Alice) {
			if strings.Contains(m.Text, "not shared") && strings.Contains(m.Text, "/invite") {
				return true
			}
		}
		return false
	})
}

func TestTheFullOutputIsARedactedFileForTheAskerAlone(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	report := s.report(t, slacksim.Alice, slacksim.Incidents, "/get_invocation_results", cloudsim.DiskCleanup, "FAILED: ")
	s.click(t, slacksim.Alice, report, "file")
	s.eventually(t, "the file", func() bool { return len(s.FilesOf(slacksim.Alice)) == 1 })
	file := s.FilesOf(slacksim.Alice)[0]
	require.Equal(t, []string{s.DM(slacksim.Alice)}, file.SharedTo)
	require.Empty(t, s.FilesOf(slacksim.Bob))
	require.True(t, bytes.Contains(file.Content, []byte("receipts/batch-7190.json.gz: No space left on device")))
	require.Contains(t, string(file.Content), "receipts/batch-7205.json", "the part that the report cuts")
	require.Contains(t, string(file.Content), "redacted")
	s.until(t, slacksim.Alice, slacksim.Incidents, "The whole output is in your direct messages")
	s.audited(t, map[string]any{"kind": "file", "user": slacksim.Alice})
}

func TestWithoutTheScopeForFilesTheAskerIsTold(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	report := s.report(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout", "ACTION_NEEDED: ")
	s.Grant("commands", "chat:write")
	s.click(t, slacksim.Alice, report, "file")
	told := s.until(t, slacksim.Alice, slacksim.Incidents, "The file could not be sent")
	require.Contains(t, string(told.Blocks), "files:write")
}

func TestADoubleClickDoesOneThing(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	report := s.report(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout", "ACTION_NEEDED: ")
	s.cloud.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Delay: 3 * time.Second, Times: 1})
	calls := s.cloud.Calls().Accepted["DescribeApplicationStatus"]
	s.click(t, slacksim.Alice, report, "refresh")
	s.click(t, slacksim.Alice, report, "refresh")
	s.until(t, slacksim.Alice, slacksim.Incidents, "already being worked on")
	s.eventually(t, "the new one", func() bool {
		return strings.Contains(s.now(t, report).Text, "ACTION_NEEDED") && len(s.now(t, report).Edits) > 0
	})
	require.Equal(t, calls+1, s.cloud.Calls().Accepted["DescribeApplicationStatus"])
}

func TestAButtonOfARunThatIsNotKnownAnyMoreSaysSo(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	report := s.report(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout", "ACTION_NEEDED: ")
	report.Blocks = json.RawMessage(strings.ReplaceAll(string(report.Blocks), runOf(t, report), "AAAAAAAAAA"))
	s.click(t, slacksim.Alice, report, "refresh")
	s.until(t, slacksim.Alice, slacksim.Incidents, "This is over 24 hours old, or unknown")
	s.audited(t, map[string]any{"outcome": "a click without a run"})
}

func TestTheConsoleIsALinkThatTheBotDoesNotHearOf(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	report := s.report(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout", "ACTION_NEEDED: ")
	require.Contains(t, says(report), "Open in console")
	s.click(t, slacksim.Alice, report, "open_open_in_console")
	require.Len(t, s.ofBot(slacksim.Alice, slacksim.Incidents), 2)
}

func TestAClickIsAcknowledgedBeforeItIsAnswered(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	report := s.report(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout", "ACTION_NEEDED: ")
	report.Blocks = json.RawMessage(strings.ReplaceAll(string(report.Blocks), runOf(t, report), "AAAAAAAAAA"))
	s.Inject(slacksim.Fault{Method: "response_url", Delay: 4 * time.Second, Times: 1})
	answer := s.click(t, slacksim.Alice, report, "refresh")
	require.Less(t, answer.Latency, 2*time.Second)
	s.until(t, slacksim.Alice, slacksim.Incidents, "This is over 24 hours old, or unknown")
}
