package tools_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/tools"
)

// running are calls of each tool about something that has not ended.
var running = map[string]string{
	"gather_env_stats":       `{"env_id":"checkout-env","wait_seconds":0}`,
	"get_invocation_results": `{"invoke_id":"t-runs","instance_id":"db-host","status":"running","max_results":20,"full_output":true}`,
	"get_app_status":         `{"app_id":"checkout"}`,
	"get_operation_result":   `{"operation_id":"resize","resource_group_id":"rg-1"}`,
}

func (w *world) withRunningCommand() {
	w.PutInvocation(cloudsim.Invocation{ID: "t-runs", Results: []cloudsim.Result{
		{InstanceID: cloudsim.FullDiskInstance, InvocationStatus: "Success", ExitCode: new(int64), StartedAt: time.Now(), FinishedAt: time.Now().Add(8 * time.Second)},
	}})
}

func TestTheResumeArgumentsAskAgain(t *testing.T) {
	for tool, args := range running {
		t.Run(tool, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.withRunningCommand()
				first := w.ok(t, tool, args)
				require.NotEmpty(t, first.Resume)
				require.Equal(t, "prod", first.Resume.Get("profile"))
				second := w.ok(t, tool, toJSON(t, first.Resume))
				require.Equal(t, first.Resume, second.Resume)
				if tool != "get_app_status" { // which waits for a human
					end := w.ok(t, tool, toJSON(t, append(second.Resume, formatters.Fact{Name: "wait_seconds", Value: int64(30)})))
					require.NotEqual(t, formatters.InProgress, end.Verdict)
					require.Empty(t, end.Resume, "nothing can change any more")
				}
				require.Equal(t, min(1, w.count(startGather)), w.count(startGather), "nothing is started twice")
			})
		})
	}
}

func TestTheResumeArgumentsHoldTheExactIDsAccountAndRegion(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.withRunningCommand()
		want := map[string]string{
			"get_invocation_results": `{"invoke_id":"t-runs","instance_id":"` + cloudsim.FullDiskInstance + `","status":"running","max_results":20,"full_output":true,"profile":"prod","region":"cn-hangzhou"}`,
			"get_app_status":         `{"app_id":"` + cloudsim.CheckoutApp + `","profile":"prod","region":"cn-hangzhou"}`,
			"get_operation_result":   `{"operation_id":"` + cloudsim.Resize + `","resource_group_id":"rg-1","profile":"prod"}`,
		}
		for tool, args := range running {
			a := w.ok(t, tool, args)
			if tool == gather {
				want[tool] = `{"change_id":"` + w.Calls().Changes[0] + `","profile":"prod","region":"cn-hangzhou"}`
			}
			require.Equal(t, want[tool], toJSON(t, a.Resume))
		}
	})
}

func TestTheResumeArgumentsSurviveAnAnswerThatNamesSomethingElse(t *testing.T) {
	const (
		app    = `{"Code":"200","Success":true,"RequestId":"R-1","Data":{%s"CurrentStatus":"RUNNING","RunningInstances":1,"LastChangeOrderStatus":"RUNNING"}}`
		change = `{"Code":"OK","RequestId":"R-1","GatherStatsResult":{"Change":{%s"ChangeFinished":false}}}`
	)
	ask := func(t *testing.T, w *world, appField, changeField string) (answer, answer) {
		w.PutApp(cloudsim.App{ID: cloudsim.WebApp, Raw: fmt.Appendf(nil, app, appField)})
		w.PutChange(cloudsim.Change{ID: "wc-asked", Raw: fmt.Appendf(nil, change, changeField)})
		a, g := w.ok(t, "get_app_status", `{"app_id":"web"}`), w.ok(t, gather, `{"change_id":"wc-asked"}`)
		require.Equal(t, cloudsim.WebApp, a.Resume.Get("app_id"))
		require.Equal(t, "wc-asked", g.Resume.Get("change_id"))
		return a, g
	}
	t.Run("no id", func(t *testing.T) {
		bubble(t, func(t *testing.T, w *world) {
			a, g := ask(t, w, ``, ``)
			require.Equal(t, cloudsim.WebApp, a.Facts.Get("app_id"), "what was asked for is named all the same")
			require.Equal(t, "wc-asked", g.Facts.Get("change_id"))
		})
	})
	t.Run("another id", func(t *testing.T) {
		bubble(t, func(t *testing.T, w *world) {
			a, g := ask(t, w, `"AppId":"someone-elses",`, `"ChangeId":"wc-someone0elses",`)
			require.Contains(t, a.Notes, "fields disagree: app_id "+cloudsim.WebApp+" was asked for, and the answer is about another one")
			require.Contains(t, g.Notes, "fields disagree: change_id wc-asked was asked for, and the answer is about another one")
		})
	})
}

func TestAReportNamesTheIDsThatWereAskedFor(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		for args, want := range map[string]map[string]string{
			`{"invoke_id":"disk-cleanup","instance_id":"db-host"}`: {"invoke_id": cloudsim.DiskCleanup, "instance_id": cloudsim.FullDiskInstance},
			`{"invoke_id":"t-not0there"}`:                          {"invoke_id": "t-not0there"},
			`{"instance_id":"i-1","command_id":"c-1"}`:             {"instance_id": "i-1", "command_id": "c-1"},
		} {
			a := w.ok(t, results, args)
			for name, id := range want {
				require.Equal(t, id, a.Facts.Get(name), args)
			}
		}
		require.Equal(t, "op_gone", w.ok(t, "get_operation_result", `{"operation_id":"op_gone"}`).Facts.Get("operation_id"))
		require.Equal(t, cloudsim.CheckoutEnv, w.ok(t, gather, `{"env_id":"checkout-env","wait_seconds":0}`).Facts.Get("env_id"))
		require.Equal(t, cloudsim.CheckoutEnv, w.ok(t, gather, `{"env_id":"checkout-env"}`).Facts.Get("env_id"))
	})
}

// changing is what differs from one report to the next.
var changing = regexp.MustCompile(`"request_ids":\[[^]]*\]|"as_of":"[^"]*"|"trace_id":"[^"]*"`)

func TestTheSameArgumentsGiveTheSameReport(t *testing.T) {
	for tool, args := range map[string]string{
		"get_invocation_results": `{"invoke_id":"disk-cleanup"}`,
		"get_app_status":         `{"app_id":"checkout"}`,
		"get_operation_result":   `{"operation_id":"resize"}`,
	} {
		bubble(t, func(t *testing.T, w *world) {
			first := changing.ReplaceAllString(toJSON(t, w.ok(t, tool, args).Report), "")
			for range 5 {
				time.Sleep(time.Second)
				require.Equal(t, first, changing.ReplaceAllString(toJSON(t, w.ok(t, tool, args).Report), ""))
			}
			w.rebuild() // another process
			require.Equal(t, first, changing.ReplaceAllString(toJSON(t, w.ok(t, tool, args).Report), ""))
		})
	}
}

func TestListsAreNeverNull(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.withRunningCommand()
		calls := map[string]string{results: `{"invoke_id":"t-none"}`}
		for tool, args := range running {
			w.requireLists(t, tool, args)
		}
		for tool, args := range calls {
			w.requireLists(t, tool, args)
		}
		w.requireLists(t, gather, `{"env_id":"checkout-env"}`)
		w.requireLists(t, "get_app_status", `{"app_id":"web","wait_seconds":10}`)
	})
}

func (w *world) requireLists(t testing.TB, tool, args string) {
	t.Helper()
	var fields map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(toJSON(t, w.ok(t, tool, args).Report)), &fields))
	for _, name := range []string{"reasons", "next_steps", "facts", "items", "notes"} {
		require.NotEqual(t, "null", string(fields[name]), name)
	}
}

func TestASimulatedAnswerSaysSo(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		require.True(t, w.ok(t, "get_app_status", `{"app_id":"web"}`).Source.Simulated)
		require.Contains(t, w.call(t, "get_app_status", `{"app_id":"0099b7be-5f5b-4512-a7fc-56049ef1aaaa"}`).text, "SIMULATED ")
	}, func(cfg *tools.Config) { cfg.Simulated = true })
}
