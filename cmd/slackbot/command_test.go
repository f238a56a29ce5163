package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

// ofBot are the bot's messages that a person sees in a channel.
func (s *scene) ofBot(user, channel string) (list []slacksim.Message) {
	for _, m := range s.Visible(user, channel) {
		if m.User == slacksim.BotUser {
			list = append(list, m)
		}
	}
	return list
}

// reports are what Alice sees in Incidents that is no acknowledgement.
func (s *scene) reports() []slacksim.Message {
	return slices.DeleteFunc(s.ofBot(slacksim.Alice, slacksim.Incidents), func(m slacksim.Message) bool { return m.Via == "ack" })
}

func TestEachToolAnswersPrivatelyWithAnAcknowledgementAndTheReport(t *testing.T) {
	for name, row := range map[string]struct{ command, text, verdict, next string }{
		"app":        {"/get_app_status", "checkout", "ACTION_NEEDED: ", "\nNext: "},
		"invocation": {"/get_invocation_results", cloudsim.DiskCleanup, "FAILED: ", "\nNext: "},
		"operation":  {"/get_operation_result", "resize", "OK: ", ""},
		"gather":     {"/gather_env_stats", "checkout-env wait_seconds=0", "IN_PROGRESS: ", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, sceneOptions{file: usual})
			s.cloud.PutOperation(cloudsim.Operation{ID: cloudsim.Resize, Status: "SUCCESS", Message: "done"})
			answer := s.command(t, slacksim.Alice, slacksim.Incidents, row.command, row.text)
			require.True(t, strings.HasPrefix(answer.Text(), "IN_PROGRESS: "+row.command[1:]+" "), answer.Text())
			require.Contains(t, says(*answer.Message), "nothing is shared unless you press Share")
			s.eventually(t, "the report", func() bool { return len(s.reports()) == 1 })
			report := s.reports()[0]
			require.True(t, strings.HasPrefix(report.Text, row.verdict), report.Text)
			require.Contains(t, report.Text, row.next)
			require.Contains(t, report.Text, runOf(t, *answer.Message))
			require.True(t, report.Ephemeral())
			require.Empty(t, s.ofBot(slacksim.Bob, slacksim.Incidents))
			s.audited(t, map[string]any{"tool": row.command[1:], "user": slacksim.Alice, "channel": slacksim.Incidents, "team": slacksim.TeamID, "run": runOf(t, report)})
		})
	}
}

// runOf is the run id that a message shows.
func runOf(t *testing.T, m slacksim.Message) string {
	t.Helper()
	_, id, found := strings.Cut(m.Text, " · run ")
	require.True(t, found, m.Text)
	return id
}

func TestWhatTakesLongerGetsOneProgressPostAndTheReport(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.cloud.PutOperation(cloudsim.Operation{ID: cloudsim.Resize, RunsFor: 14 * time.Second, Status: "SUCCESS", Message: "done"})
	answer := s.command(t, slacksim.Alice, slacksim.Incidents, "/get_operation_result", "resize wait_seconds=30")
	s.until(t, slacksim.Alice, slacksim.Incidents, "OK: ")
	list := s.reports()
	require.Len(t, list, 2)
	require.Contains(t, list[0].Text, "IN_PROGRESS")
	require.Contains(t, says(list[0]), "of at most 30s")
	require.Equal(t, 2, s.ResponseURLUses(answer.ResponseURL))
	require.Empty(t, s.DM(slacksim.Alice))
}

func TestASlowCloudIsNotWaitedForInSilence(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.cloud.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Delay: 5 * time.Second, Times: 2})
	_, err := s.Mention(slacksim.Alice, slacksim.Incidents, "", "checkout")
	require.NoError(t, err)
	first := s.until(t, slacksim.Alice, slacksim.Incidents, "IN_PROGRESS")
	s.changed(t, first, "ACTION_NEEDED")
	require.Len(t, s.ofBot(slacksim.Alice, slacksim.Incidents), 1)
	s.command(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "payments")
	s.eventually(t, "progress and report", func() bool { return len(s.reports()) == 3 })
}

func TestTriageMakesTheOneCallThatATextAsksFor(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.command(t, slacksim.Alice, slacksim.Incidents, "/triage", "checkout")
	s.until(t, slacksim.Alice, slacksim.Incidents, "ACTION_NEEDED: ")
	s.command(t, slacksim.Alice, slacksim.Incidents, "/triage", "Alarm! The clean-up "+cloudsim.DiskCleanup+" failed; see the runbook. <!channel> password=hunter2hunter2")
	s.until(t, slacksim.Alice, slacksim.Incidents, "FAILED: ")
	require.NotContains(t, s.errs.String()+s.out.String(), "hunter2")
}

func TestTriageOffersAButtonForEachCallWhenThereAreSeveral(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.command(t, slacksim.Alice, slacksim.Incidents, "/triage", "checkout and "+cloudsim.DiskCleanup)
	question := s.until(t, slacksim.Alice, slacksim.Incidents, "Which of these?")
	require.Contains(t, says(question), "choose_0")
	require.Empty(t, s.cloud.Calls().Accepted)
	s.click(t, slacksim.Alice, question, "choose_1")
	s.changed(t, question, "FAILED: ") // in the place of the question
	s.click(t, slacksim.Alice, question, "choose_0")
	s.changed(t, question, "ACTION_NEEDED: ")
}

func TestTriageWithoutAnyIDSaysWhatItTakes(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	answer := s.command(t, slacksim.Alice, slacksim.Incidents, "/triage", "the shop is down <!here> @channel https://evil.example/x")
	require.Contains(t, answer.Text(), "There is no id")
	require.Contains(t, says(*answer.Message), "checkout")
	require.Contains(t, says(*answer.Message), "InvokeId")
}

func TestHelpIsMadeOfTheTools(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	for _, text := range []string{"", "help", "  HELP "} {
		answer := s.command(t, slacksim.Alice, slacksim.Incidents, "/triage", text)
		for _, name := range []string{"/get_app_status", "/get_invocation_results", "/get_operation_result", "/gather_env_stats", "/triage"} {
			require.Contains(t, says(*answer.Message), name)
		}
		answer = s.command(t, slacksim.Alice, slacksim.Incidents, "/get_invocation_results", text)
		for _, part := range []string{"invoke_id", "instance_id", "next_token", "wait_seconds"} {
			require.Contains(t, says(*answer.Message), part)
		}
	}
	require.Empty(t, s.cloud.Calls().Accepted)
}

func TestATextThatIsTooLongIsRefusedWithTheLimit(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	answer := s.command(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", strings.Repeat("界", 501))
	require.Contains(t, answer.Text(), "501 characters; a command takes at most 500")
	answer = s.command(t, slacksim.Alice, slacksim.Incidents, "/triage", strings.Repeat("界", 3001))
	require.Contains(t, answer.Text(), "3001 characters; at most 3000")
	require.Empty(t, s.cloud.Calls().Accepted)
}

func TestWhatWasProbablyMeantIsOneClickAway(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	for _, row := range []struct{ command, text, why, verdict string }{
		{"/get_app_status", "chekout", "checkout", "ACTION_NEEDED: "},
		{"/get_app_status", cloudsim.DiskCleanup, "InvokeId", "FAILED: "},
		{"/get_app_status", "checkout regoin=cn-hangzhou", "region", "ACTION_NEEDED: "},
	} {
		answer := s.command(t, slacksim.Alice, slacksim.Incidents, row.command, row.text)
		require.Contains(t, says(*answer.Message), row.why)
		s.click(t, slacksim.Alice, *answer.Message, "choose_0")
		s.changed(t, *answer.Message, row.verdict)
	}
}

func TestAMisspeltToolInAMentionIsOneClickAway(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	_, err := s.Mention(slacksim.Alice, slacksim.Incidents, "", "get_app_staus checkout")
	require.NoError(t, err)
	said := s.until(t, slacksim.Alice, slacksim.Incidents, "did you mean get_app_status?")
	s.click(t, slacksim.Alice, said, "choose_0")
	s.changed(t, said, "ACTION_NEEDED: ")
}

func TestWhatPhonesAndSlackMakeOfATextIsUndone(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, slack: slacksim.Options{ShouldEscape: true}})
	for _, text := range []string{
		"“" + cloudsim.DiskCleanup + "”\u00a0—instance-id " + cloudsim.FullDiskInstance,
		"invoke_id=‘" + cloudsim.DiskCleanup + "’ –instance_id\u00a0" + cloudsim.FullDiskInstance,
		cloudsim.DiskCleanup + " " + cloudsim.FullDiskInstance + "\u200b",
	} {
		before := len(s.reports())
		s.command(t, slacksim.Alice, slacksim.Incidents, "/get_invocation_results", text)
		s.eventually(t, "the report of "+text, func() bool { return len(s.reports()) == before+1 })
		report := s.reports()[before]
		require.Contains(t, report.Text, "FAILED: ")
		require.NotContains(t, says(report), cloudsim.UnreachableInstance)
		s.audited(t, map[string]any{"run": runOf(t, report)}) // it is over: the next one is no repetition
	}
	s.command(t, slacksim.Alice, slacksim.Incidents, "/triage", "see https://sae.console.aliyun.com/#/AppList/AppDetail?appId="+cloudsim.CheckoutApp+"&regionId=cn-hangzhou please")
	s.until(t, slacksim.Alice, slacksim.Incidents, "ACTION_NEEDED: ")
}

func TestSlacksMarksAreTakenAway(t *testing.T) {
	for text, want := range map[string]string{
		"<http://checkout.example|checkout.example> a=b": "checkout.example a=b",
		"<@U0BOB|bob> checkout":                          "bob checkout",
		"<@U0BOB> checkout":                              "@U0BOB checkout",
		"<https://a.example/?x=1&amp;y=2>":               "https://a.example/?x=1&y=2",
		"a &lt;b&gt; &amp;amp;":                          "a <b> &amp;",
		"<mailto:a@b.example|a@b.example>":               "a@b.example",
		"<!subteam^S1|@oncall> and <#C1|shop>":           "@oncall and shop",
		"5 < 6 and 7 > 6":                                "5 < 6 and 7 > 6",
	} {
		require.Equal(t, want, plainText(text))
	}
}

func TestAMentionIsSplitAtAnyWhiteSpace(t *testing.T) {
	for text, want := range map[string][2]string{
		"<@U1> get_app_status checkout":                 {"get_app_status", "checkout"},
		"<@U1>\u00a0/get-app-status\n checkout  a=b":    {"get_app_status", "checkout  a=b"},
		"<@U1|alitriage> triage t-1 and more":           {"triage", "t-1 and more"},
		"t-1 failed, <@U1>":                             {"triage", "t-1 failed,"},
		"<@U1>":                                         {"triage", ""},
		"<@U1> gather_env_stats\tcheckout-env":          {"gather_env_stats", "checkout-env"},
		"hey <@U1> get_app_status says nothing of t-1?": {"triage", "hey   get_app_status says nothing of t-1?"},
	} {
		name, rest := mentioned(text, "U1")
		require.Equal(t, want, [2]string{name, rest}, text)
	}
}

func TestTheSameCommandJoinsTheOneThatRuns(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.cloud.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Delay: 2 * time.Second, Times: 1})
	first := s.command(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout")
	second := s.command(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout")
	require.Contains(t, second.Text(), "already being worked on")
	require.Equal(t, runOf(t, *first.Message), runOf(t, *second.Message))
	s.until(t, slacksim.Alice, slacksim.Incidents, "ACTION_NEEDED: ")
	require.Equal(t, map[string]int{"DescribeApplicationStatus": 1}, s.cloud.Calls().Accepted)
	s.audited(t, map[string]any{"outcome": "joined", "run": runOf(t, *first.Message)})
}

func TestAnErrorIsAnAnswerWithTheNextStep(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.cloud.Inject(cloudsim.Fault{Status: 403, Code: "Forbidden.RAM", Message: "no <!channel> for you", Times: 1})
	s.command(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout")
	failure := s.until(t, slacksim.Alice, slacksim.Incidents, "Forbidden.RAM")
	require.Contains(t, says(failure), "RequestId")
	s.click(t, slacksim.Alice, failure, "refresh")
	s.changed(t, failure, "ACTION_NEEDED: ")
}
