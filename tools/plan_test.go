package tools_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/tools"
)

func TestAPlanSaysWhatACallWouldDoAndAsksNobody(t *testing.T) {
	w := newWorld(t)
	for _, row := range []struct {
		tool, args, want string
		starts           bool
		wait             time.Duration
	}{
		{"get_app_status", `{"app_id":"web"}`, `{"app_id":"` + cloudsim.WebApp + `","profile":"prod","region":"cn-hangzhou"}`, false, 0},
		{"get_app_status", `{"app_id":"web","region":"cn-beijing","wait_seconds":7}`, `{"app_id":"` + cloudsim.WebApp + `","profile":"prod","region":"cn-beijing"}`, false, 7 * time.Second},
		{"get_operation_result", `{"operation_id":"resize"}`, `{"operation_id":"` + cloudsim.Resize + `","profile":"prod"}`, false, 0},
		{"gather_env_stats", `{"env_id":"checkout-env"}`, `{"env_id":"` + cloudsim.CheckoutEnv + `","profile":"prod","region":"cn-hangzhou"}`, true, 30 * time.Second},
		{"gather_env_stats", `{"change_id":"wc-5d4103a856fd7c14ac900000"}`, `{"change_id":"wc-5d4103a856fd7c14ac900000","profile":"prod","region":"cn-hangzhou"}`, false, 0},
	} {
		plan, err := w.tool(t, row.tool).Plan(json.RawMessage(row.args))
		require.NoError(t, err)
		require.Equal(t, row.want, toJSON(t, plan.Args))
		require.Equal(t, row.starts, plan.Starts)
		if row.starts {
			require.Equal(t, "prod cn-hangzhou env_id="+cloudsim.CheckoutEnv, plan.Place)
		}
		require.Equal(t, row.wait, plan.Wait)
	}
	require.Empty(t, w.sent)
}

func TestAPlanOfAStartSaysOnWhat(t *testing.T) {
	w := newWorld(t)
	for args, want := range map[string]string{
		`{"env_id":"checkout-env"}`:                                            "all instances of the environment",
		`{"env_id":"checkout-env","target_instances":null}`:                    "all instances of the environment",
		`{"env_id":"checkout-env","target_instances":["i-1"]}`:                 "1 instance: i-1",
		`{"env_id":"checkout-env","target_instances":["i-1","i-2","i-1"," "]}`: "2 instances: i-1, i-2",
		`{"env_id":"checkout-env","target_instances":"i-1,i-2,i-3,i-4,i-5"}`:   "5 instances: i-1, i-2, i-3 and 2 more",
		`{"change_id":"wc-5d4103a856fd7c14ac900000"}`:                          "",
		`{"change_id":"wc-5d4103a856fd7c14ac900000","target_instances":[]}`:    "",
	} {
		plan, err := w.tool(t, "gather_env_stats").Plan(json.RawMessage(args))
		require.NoError(t, err, args)
		require.Equal(t, want, plan.Scope, args)
	}
}

// TestManagedInstances: Cloud Assistant runs commands on them like on its own, so
// that every id of a report is one to ask with.
func TestManagedInstances(t *testing.T) {
	const id = "mi-hz018jrc1o0000000"
	require.Empty(t, tools.CheckID("instance_id", id))
	require.NotEmpty(t, tools.CheckID("invoke_id", id))
	w := newWorld(t)
	plan, err := w.tool(t, "get_invocation_results").Plan(json.RawMessage(`{"instance_id":"` + id + `","full_output":true}`))
	require.NoError(t, err)
	require.Contains(t, toJSON(t, plan.Args), id)
	args, err := w.tool(t, "get_invocation_results").ParseArgs("disk-cleanup " + id)
	require.NoError(t, err)
	require.JSONEq(t, `{"invoke_id":"disk-cleanup","instance_id":"`+id+`"}`, string(args))
	found := w.cfg.Triage("agent offline on " + id + ", see i-bp1i7gg30r52z2em0000")
	require.Len(t, found.Calls, 2)
}

// TestEveryStepOfAReportIsAccepted: no report advises a call that is refused.
func TestEveryStepOfAReportIsAccepted(t *testing.T) {
	advised := regexp.MustCompile(`\b((?:instance|invoke|command|change|app|operation|env)_id)[ =]([0-9A-Za-z_-]+)`)
	files, err := filepath.Glob("../formatters/testdata/golden/*/*.json")
	require.NoError(t, err)
	n := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		var r formatters.Report
		require.NoError(t, json.Unmarshal(raw, &r), file)
		ids := map[string][]string{}
		for _, step := range r.NextSteps {
			for _, m := range advised.FindAllStringSubmatch(step, -1) {
				if strings.ContainsAny(m[2], "0123456789") { // else a word behind the name
					ids[m[1]] = append(ids[m[1]], m[2])
				}
			}
		}
		for _, item := range r.Items { // the note on whole outputs says to ask with these
			list, _ := item.Facts.Get("instance_ids").([]string)
			ids["instance_id"] = append(ids["instance_id"], list...)
		}
		for arg, list := range ids {
			for _, id := range list {
				if file := filepath.Base(file); file == "hostile-texts.json" || strings.HasPrefix(file, "output-that-pretends") {
					continue
				}
				n++
				require.Empty(t, tools.CheckID(arg, id), "%s: %s %s", file, arg, id)
			}
		}
	}
	require.Greater(t, n, 50)
}

func TestARefusalKnowsTheWholeCallThatWasMeant(t *testing.T) {
	w := newWorld(t)
	for _, row := range []struct{ tool, args, instead, with string }{
		{"get_app_status", `{"app_id":"chekout"}`, "get_app_status", `{"app_id":"checkout"}`},
		{"get_app_status", `{"appid":"web"}`, "get_app_status", `{"app_id":"web"}`},
		{"get_app_status", `{"app_id":"web","region":"CN_Hangzhou"}`, "get_app_status", `{"app_id":"web","region":"cn-hangzhou"}`},
		{"get_app_status", `{"app_id":"E29D07B3-1C5A-47f8-b640-3ae8f91d20c7"}`, "get_app_status", `{"app_id":"e29d07b3-1c5a-47f8-b640-3ae8f91d20c7"}`},
		{"get_app_status", `{"app_id":"t-hz04k7m2q9xw1c","wait_seconds":5}`, "get_invocation_results", `{"invoke_id":"t-hz04k7m2q9xw1c","wait_seconds":5}`},
		{"get_app_status", `{"app_id":"disk-cleanup"}`, "get_invocation_results", `{"invoke_id":"disk-cleanup"}`},
		{"get_app_status", `{"app_id":"payment","profile":"prd"}`, "get_app_status", `{"app_id":"payments","profile":"prod"}`},

		{"get_app_status", `{"app_id":"checkout-env"}`, "", ""},   // it would start something
		{"gather_env_stats", `{"env_id":"checkout-evn"}`, "", ""}, // so would this
		{"gather_env_stats", `{"env_id":"checkout-env","profile":"prdo"}`, "", ""},
		{"gather_env_stats", `{"envid":"checkout-env"}`, "", ""},
		{"get_app_status", `{"app_id":"chekout","wait_seconds":-1}`, "", ""}, // of which one problem stays
		{"get_app_status", `{"app_id":"i-bp1****"}`, "", ""},
		{"get_app_status", `{}`, "", ""},
	} {
		_, err := w.tool(t, row.tool).Plan(json.RawMessage(row.args))
		refusal, ok := errors.AsType[*tools.Refusal](err)
		require.True(t, ok, row.args)
		if row.instead == "" {
			require.Nil(t, refusal.Instead, row.args)
			continue
		}
		require.NotNil(t, refusal.Instead, "%s: %v", row.args, refusal.Problems)
		require.Equal(t, row.instead, refusal.Instead.Tool)
		require.JSONEq(t, row.with, string(refusal.Instead.Args))
		_, err = w.tool(t, row.instead).Plan(refusal.Instead.Args)
		require.NoError(t, err, "what is proposed is accepted")
	}
}

func TestTheWholeOutputIsThatOfTheWorst(t *testing.T) {
	w := newWorld(t)
	tool := w.tool(t, "get_invocation_results")
	args := json.RawMessage(`{"invoke_id":"` + cloudsim.DiskCleanup + `"}`)
	whole := tool.Whole(args, w.ok(t, tool.Name, string(args)).Report)
	require.JSONEq(t, `{"invoke_id":"`+cloudsim.DiskCleanup+`","instance_id":"`+cloudsim.FullDiskInstance+`","full_output":true,"profile":"prod","region":"cn-hangzhou"}`, string(whole))
	require.NotEmpty(t, w.ok(t, tool.Name, string(whole)).Items)

	same := json.RawMessage(`{"app_id":"web"}`)
	require.Equal(t, same, w.tool(t, "get_app_status").Whole(same, w.ok(t, "get_app_status", string(same)).Report))
}
