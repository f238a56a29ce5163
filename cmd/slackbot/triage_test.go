package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

// Without a config file nothing tells that an id is an alias's.
func TestTriageReadsTheOnlyThingThatATextNames(t *testing.T) {
	const requestID = "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E"
	for _, row := range []struct{ fact, text, verdict, note string }{
		{"a bare AppId", cloudsim.CheckoutApp, "ACTION_NEEDED: ", "It can also be the id of an SAE change order"},
		{"an AppId in a sentence", "what is with " + cloudsim.CheckoutApp + "?", "ACTION_NEEDED: ", "It can also be the id of an SAE change order"},
		{"an AppId that there is not", "11111111-2222-4333-8444-555555555555", "", "It can also be the id of an SAE change order"},
		{"an InvokeId in JSON beside a RequestId", `{"RequestId": "` + requestID + `", "InvokeId": "` + cloudsim.DiskCleanup + `"}`, "FAILED: ", requestID[:8]},
		{"the same, the other way round", `{"InvokeId": "` + cloudsim.DiskCleanup + `",` + "\n" + `"RequestId": "` + requestID + `"}`, "FAILED: ", "a RequestId names a call, not a thing"},
		{"an InvokeId beside a masked id", cloudsim.DiskCleanup + " and i-bp1******abc", "FAILED: ", "asterisks mask a part"},
		{"an InvokeId and a profile that there is not", cloudsim.DiskCleanup + " profile=nowhere", "FAILED: ", "no such profile is configured"},
		{"an InvokeId beside a change order", cloudsim.DiskCleanup + " changeOrderId: 11111111-2222-4333-8444-555555555555", "FAILED: ", "no tool takes the id of an SAE change order"},
	} {
		t.Run(row.fact, func(t *testing.T) {
			s := newScene(t, sceneOptions{})
			typed := s.command(t, slacksim.Alice, slacksim.Incidents, "/triage", row.text)
			require.Contains(t, typed.Text(), "IN_PROGRESS: get_")
			s.eventually(t, "the answer", func() bool { return len(s.reports()) == 1 })
			_, err := s.Mention(slacksim.Alice, slacksim.Incidents, "", row.text)
			require.NoError(t, err)
			s.eventually(t, "the answer in the thread", func() bool { return len(s.reports()) == 2 })
			_, err = s.DirectMessage(slacksim.Alice, "triage "+row.text)
			require.NoError(t, err)
			s.eventually(t, "the direct answer", func() bool { return len(s.ofBot(slacksim.Alice, s.DM(slacksim.Alice))) == 1 })
			for _, m := range append(s.reports(), s.ofBot(slacksim.Alice, s.DM(slacksim.Alice))...) {
				require.True(t, strings.HasPrefix(m.Text, row.verdict), m.Text)
				require.NotContains(t, m.Text, "Which of these")
				require.Contains(t, says(m), row.note)
			}
		})
	}
}

func TestTriageAsksBeforeItStartsAnything(t *testing.T) {
	for fact, text := range map[string]string{
		"an environment":                      cloudsim.CheckoutEnv,
		"an environment and what is no id":    cloudsim.CheckoutEnv + " RequestId 473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E",
		"an environment by its alias":         "checkout-env",
		"an environment in the console's URL": "https://webplus.console.aliyun.com/#/env/" + cloudsim.CheckoutEnv,
	} {
		t.Run(fact, func(t *testing.T) {
			s := newScene(t, sceneOptions{file: usual}) // in which a command asks nothing
			question := *s.command(t, slacksim.Alice, slacksim.Incidents, "/triage", text).Message
			require.Contains(t, question.Text, "Start gather_env_stats ")
			require.Empty(t, s.cloud.Calls().Changes)
			if strings.Contains(text, "RequestId") {
				require.Contains(t, says(question), "a RequestId names a call")
			}
			s.click(t, slacksim.Alice, question, "start")
			s.eventually(t, "the change", func() bool { return len(s.cloud.Calls().Changes) == 1 })
		})
	}
}
