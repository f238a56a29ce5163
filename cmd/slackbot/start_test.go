package main

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

const asking = "slack: {can_start: [S0ONCALL], confirm_start: true}\n"

func TestWhoMayStart(t *testing.T) {
	for name, row := range map[string]struct {
		file, user string
		may        bool
		says       string
	}{
		"a user":                      {"slack: {can_start: [U0BOB], confirm_start: false}\n", slacksim.Bob, true, ""},
		"a member of a group":         {"slack: {can_start: [S0ONCALL], confirm_start: false}\n", slacksim.Alice, true, ""},
		"nobody else":                 {"slack: {can_start: [S0ONCALL, U0ALICE], confirm_start: false}\n", slacksim.Bob, false, "S0ONCALL, U0ALICE"},
		"nobody, when nobody is said": {"slack: {confirm_start: false}\n", slacksim.Alice, false, "can_start"},
		"nobody of an unknown group":  {"slack: {can_start: [S0OTHER], confirm_start: false}\n", slacksim.Alice, false, "S0OTHER"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, sceneOptions{file: row.file})
			answer := s.command(t, row.user, slacksim.Incidents, "/gather_env_stats", "checkout-env wait_seconds=0")
			if row.may {
				s.until(t, row.user, slacksim.Incidents, "IN_PROGRESS: Gather")
				require.Len(t, s.cloud.Calls().Changes, 1)
				return
			}
			require.Contains(t, answer.Text(), "Refused: ")
			require.Contains(t, answer.Text(), row.says)
			require.Contains(t, answer.Text(), "Whoever runs the bot"[1:])
			require.Empty(t, s.cloud.Calls().Changes)
			s.audited(t, map[string]any{"tool": "gather_env_stats", "outcome": "may not start", "user": row.user})
		})
	}
}

func TestOneWhoMayNotStartMayRead(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.report(t, slacksim.Bob, slacksim.Incidents, "/get_app_status", "checkout", "ACTION_NEEDED: ")
	answer := s.command(t, slacksim.Bob, slacksim.Incidents, "/triage", "checkout-env")
	require.Contains(t, answer.Text(), "Refused: ")
}

func TestWhereCommandsWork(t *testing.T) {
	s := newScene(t, sceneOptions{file: "slack: {channels: [" + slacksim.Incidents + "]}\n"})
	answer := s.command(t, slacksim.Alice, slacksim.Elsewhere, "/get_app_status", "checkout")
	require.Contains(t, answer.Text(), "#"+slacksim.Incidents)
	s.audited(t, map[string]any{"outcome": "refused by the rules", "channel": slacksim.Elsewhere})
	s.report(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout", "ACTION_NEEDED: ")
}

func TestAStartIsAskedForFirst(t *testing.T) {
	s := newScene(t, sceneOptions{file: asking})
	answer := s.command(t, slacksim.Alice, slacksim.Incidents, "/gather_env_stats", "checkout-env")
	question := *answer.Message
	require.Contains(t, question.Text, "Start gather_env_stats ")
	require.Contains(t, question.Text, cloudsim.CheckoutEnv)
	require.Contains(t, says(question), "It creates a change")
	require.Contains(t, says(question), "It works on all instances of the environment.")
	require.Empty(t, s.cloud.Calls().Changes)
	s.audited(t, map[string]any{"outcome": "asked", "tool": "gather_env_stats"})
	s.click(t, slacksim.Alice, question, "start")
	s.click(t, slacksim.Alice, question, "start")
	s.until(t, slacksim.Alice, slacksim.Incidents, "This question was answered before")
	report := s.changed(t, question, "FAILED: ") // in the place of the question, after 6 s
	require.Len(t, s.cloud.Calls().Changes, 1)
	require.Contains(t, report.Text, s.cloud.Calls().Changes[0])
	s.audited(t, map[string]any{"tool": "gather_env_stats", "verdict": "failed"})
}

func TestAQuestionSaysOnHowManyInstancesAndAnEmptyListIsNone(t *testing.T) {
	s := newScene(t, sceneOptions{file: asking})
	question := *s.command(t, slacksim.Alice, slacksim.Incidents, "/gather_env_stats", "checkout-env "+string(cloudsim.FullDiskInstance)+" "+string(cloudsim.OddInstance)).Message
	require.Contains(t, says(question), "It works on 2 instances: "+string(cloudsim.FullDiskInstance)+", "+string(cloudsim.OddInstance)+".")
	for _, nothing := range []string{"target_instances=", "--target-instances ,", `target_instances="" `} {
		refused := *s.command(t, slacksim.Alice, slacksim.Incidents, "/gather_env_stats", "checkout-env "+nothing).Message
		require.Contains(t, says(refused), "target_instances is empty; leave it out for all", nothing)
	}
	require.Empty(t, s.cloud.Calls().Changes)
}

func TestAQuestionCanBeAnsweredWithNo(t *testing.T) {
	s := newScene(t, sceneOptions{file: asking})
	question := *s.command(t, slacksim.Alice, slacksim.Incidents, "/gather_env_stats", "checkout-env").Message
	s.click(t, slacksim.Alice, question, "cancel")
	cancelled := s.changed(t, question, "Cancelled: nothing was started")
	require.NotContains(t, says(cancelled), `"start"`)
	s.click(t, slacksim.Alice, question, "start") // as it was
	s.until(t, slacksim.Alice, slacksim.Incidents, "This question was answered before")
	require.Empty(t, s.cloud.Calls().Changes)
	s.audited(t, map[string]any{"outcome": "cancelled"})
}

func TestAQuestionInAThreadIsAnsweredByThoseWhoMayStartAlone(t *testing.T) {
	s := newScene(t, sceneOptions{file: asking})
	_, err := s.Mention(slacksim.Alice, slacksim.Incidents, "", "gather_env_stats checkout-env wait_seconds=0")
	require.NoError(t, err)
	question := s.until(t, slacksim.Bob, slacksim.Incidents, "Start gather_env_stats ")
	s.click(t, slacksim.Bob, question, "start")
	s.until(t, slacksim.Bob, slacksim.Incidents, "Refused: you may not start")
	require.Empty(t, s.cloud.Calls().Changes)
	s.audited(t, map[string]any{"outcome": "may not start", "user": slacksim.Bob})
	s.click(t, slacksim.Alice, question, "start")
	s.changed(t, question, "IN_PROGRESS: Gather")
	require.Len(t, s.cloud.Calls().Changes, 1)
}

func TestAStartByAnybodyElsewhereJoinsTheUnfinishedChange(t *testing.T) {
	s := newScene(t, sceneOptions{file: "slack: {can_start: [U0ALICE, U0BOB, U0CAROL], confirm_start: false}\n"})
	s.command(t, slacksim.Alice, slacksim.Incidents, "/gather_env_stats", "checkout-env wait_seconds=0")
	first := s.until(t, slacksim.Alice, slacksim.Incidents, "IN_PROGRESS: Gather")
	change := s.cloud.Calls().Changes[0]
	s.command(t, slacksim.Bob, slacksim.Elsewhere, "/gather_env_stats", "checkout-env")
	joined := s.until(t, slacksim.Bob, slacksim.Elsewhere, change)
	require.Contains(t, says(joined), "Nothing new was started: run "+runOf(t, first))
	s.until(t, slacksim.Bob, slacksim.Elsewhere, "FAILED: ")
	s.eventually(t, "the end of the change", func() bool { return time.Since(first.At) > 6*time.Second })
	require.Equal(t, []string{change}, s.cloud.Calls().Changes)

	// It has ended: the next one starts anew.
	s.command(t, slacksim.Carol, slacksim.Incidents, "/gather_env_stats", "checkout-env wait_seconds=0")
	s.until(t, slacksim.Carol, slacksim.Incidents, "IN_PROGRESS: Gather")
	require.Len(t, s.cloud.Calls().Changes, 2)
}

func TestManyWhoStartAtOnceStartOneGather(t *testing.T) {
	s := newScene(t, sceneOptions{file: "slack: {can_start: [U0ALICE, U0BOB, U0CAROL], confirm_start: false}\n"})
	s.cloud.Inject(cloudsim.Fault{Operation: "GatherAppEnvStats", Kind: cloudsim.Delay, Delay: time.Second, Times: 1})
	var all sync.WaitGroup
	for user, channel := range map[string]string{slacksim.Alice: slacksim.Incidents, slacksim.Bob: slacksim.Elsewhere, slacksim.Carol: slacksim.Incidents} {
		all.Go(func() {
			_, err := s.Command(user, channel, "/gather_env_stats", "checkout-env wait_seconds=0")
			require.NoError(t, err) //nolint:testifylint // it fails the test all the same
		})
	}
	all.Wait()
	for user, channel := range map[string]string{slacksim.Alice: slacksim.Incidents, slacksim.Bob: slacksim.Elsewhere, slacksim.Carol: slacksim.Incidents} {
		s.eventually(t, "the change", func() bool {
			for _, m := range s.ofBot(user, channel) {
				if changes := s.cloud.Calls().Changes; len(changes) > 0 && strings.Contains(m.Text, changes[0]) {
					return true
				}
			}
			return false
		})
	}
	require.Len(t, s.cloud.Calls().Changes, 1)
}

func TestAStartThatMayHaveBegunIsNeverRepeatedByItself(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.cloud.Inject(cloudsim.Fault{Operation: "GatherAppEnvStats", Kind: cloudsim.Reset, Performed: true, Times: 1})
	s.command(t, slacksim.Alice, slacksim.Incidents, "/gather_env_stats", "checkout-env wait_seconds=0")
	unsure := s.until(t, slacksim.Alice, slacksim.Incidents, "UNKNOWN")
	require.Contains(t, says(unsure), "start_again")
	require.Len(t, s.cloud.Calls().Changes, 1)
	s.click(t, slacksim.Alice, unsure, "start_again")
	question := s.changed(t, unsure, "Start gather_env_stats ")
	require.Len(t, s.cloud.Calls().Changes, 1)
	s.click(t, slacksim.Alice, question, "cancel")
	s.changed(t, question, "Cancelled")
}

func TestAStartThatFailedCanBeTriedAgain(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.cloud.Inject(cloudsim.Fault{Operation: "GatherAppEnvStats", Code: "Forbidden.RAM", Status: 403, Times: 1})
	s.command(t, slacksim.Alice, slacksim.Incidents, "/gather_env_stats", "checkout-env wait_seconds=0")
	failed := s.until(t, slacksim.Alice, slacksim.Incidents, "Forbidden.RAM")
	require.Contains(t, says(failed), "Try again")
	require.Empty(t, s.cloud.Calls().Changes)
	s.click(t, slacksim.Alice, failed, "refresh")
	question := s.changed(t, failed, "Start gather_env_stats ")
	require.Empty(t, s.cloud.Calls().Changes)
	s.click(t, slacksim.Alice, question, "start")
	s.eventually(t, "the change", func() bool { return len(s.cloud.Calls().Changes) == 1 })
}

func TestOneClickOverrulesAStartWhoseFateIsUnknownForTheSecondTime(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	s.cloud.Inject(cloudsim.Fault{Operation: "GatherAppEnvStats", Kind: cloudsim.HTML, Times: 2}) // which says nothing of its fate
	s.command(t, slacksim.Alice, slacksim.Incidents, "/gather_env_stats", "checkout-env wait_seconds=0")
	message := s.until(t, slacksim.Alice, slacksim.Incidents, "UNKNOWN")
	for try := 1; try <= 2; try++ {
		s.click(t, slacksim.Alice, message, "start_again")
		question := s.changed(t, message, "Start gather_env_stats ")
		s.click(t, slacksim.Alice, question, "start")
		if try == 1 {
			message = s.changed(t, message, "UNKNOWN")
		}
	}
	s.eventually(t, "the change", func() bool { return len(s.cloud.Calls().Changes) == 1 })
}

func TestWhoPressesStartSeesAtOnceThatItDoes(t *testing.T) {
	s := newScene(t, sceneOptions{file: asking})
	question := *s.command(t, slacksim.Alice, slacksim.Incidents, "/gather_env_stats", "checkout-env").Message
	s.click(t, slacksim.Alice, question, "start")
	shown := s.changed(t, question, "IN_PROGRESS: Gather")
	require.Zero(t, s.cloud.Calls().Accepted["DescribeGatherStatsResult"], "not only when it is read")
	require.NotContains(t, says(shown), `"start"`)
}

func TestAChangeThatCannotBeReadIsNotSaidToRun(t *testing.T) {
	s := newScene(t, sceneOptions{file: "slack: {can_start: [U0ALICE, U0BOB], confirm_start: false}\n"})
	s.command(t, slacksim.Alice, slacksim.Incidents, "/gather_env_stats", "checkout-env wait_seconds=0")
	s.until(t, slacksim.Alice, slacksim.Incidents, "IN_PROGRESS: Gather")
	s.cloud.Inject(cloudsim.Fault{Operation: "DescribeGatherStatsResult", Code: "Forbidden.RAM", Status: 403})
	s.command(t, slacksim.Bob, slacksim.Incidents, "/gather_env_stats", "checkout-env wait_seconds=0")
	told := s.until(t, slacksim.Bob, slacksim.Incidents, "Forbidden.RAM")
	require.Contains(t, says(told), "it cannot be told now whether it has ended")
	require.NotContains(t, says(told), "it has not ended")
	require.Len(t, s.cloud.Calls().Changes, 1)
}

func TestAChangeThatIsGoneHoldsUpNobodyWhoHasLooked(t *testing.T) {
	s := newScene(t, sceneOptions{file: "slack: {can_start: [U0ALICE, U0BOB], confirm_start: false}\n"})
	s.command(t, slacksim.Alice, slacksim.Incidents, "/gather_env_stats", "checkout-env wait_seconds=0")
	s.until(t, slacksim.Alice, slacksim.Incidents, "IN_PROGRESS: Gather")
	s.cloud.Inject(cloudsim.Fault{Operation: "DescribeGatherStatsResult", Code: "ChangeNotExists", Status: 404})
	s.command(t, slacksim.Bob, slacksim.Incidents, "/gather_env_stats", "checkout-env wait_seconds=0")
	told := s.until(t, slacksim.Bob, slacksim.Incidents, "cannot be found now")
	require.Len(t, s.cloud.Calls().Changes, 1)
	s.click(t, slacksim.Bob, told, "start_again")
	question := s.changed(t, told, "Start gather_env_stats ")
	s.click(t, slacksim.Bob, question, "start")
	shown := s.changed(t, question, "IN_PROGRESS: Gather") // the tool was asked to start it, which knows of the first for a minute more
	require.NotContains(t, says(shown), "Nothing was started")
}

func TestAChoiceThatStartsSomethingSaysSo(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	question := *s.command(t, slacksim.Alice, slacksim.Incidents, "/triage", "checkout-env and checkout").Message
	require.Equal(t, 1, strings.Count(says(question), "STARTS a change"))
}
