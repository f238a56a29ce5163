package tools_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What clients add by themselves, or write for nothing, that the model cannot leave
// out.
func TestWhatClientsAddRefusesNoRead(t *testing.T) {
	w := newWorld(t)
	change := w.ok(t, "gather_env_stats", `{"env_id":"checkout-env","wait_seconds":0}`).Resume.Get("change_id").(string)
	for _, c := range []struct{ client, tool, args, note string }{
		{"n8n", "get_app_status", `{"app_id":"web","toolCallId":"c1","sessionId":"s","action":"sendMessage","chatInput":"how is web","tool":{"name":"MCP"}}`, `"action", "chatInput", "sessionId", "tool", "toolCallId"`},
		{"Cline", "get_app_status", `{"app_id":"web","task_progress":"- [ ] look"}`, `"task_progress"`},
		{"Cursor", "get_app_status", `{"app_id":"web","explanation":"To see how web is"}`, `"explanation"`},
		{"a model that gives its reason, which is near region", "get_app_status", `{"app_id":"web","reason":"is it up?"}`, `"reason"`},
		{"OpenAI, strict", "get_invocation_results", `{"invoke_id":"disk-cleanup","instance_id":null,"command_id":null,"status":null,"include_history":null,"max_results":null,"next_token":null,"full_output":null,"profile":null,"region":null,"wait_seconds":null}`, ""},
		{"a model that fills all in with zeros", "get_invocation_results", `{"invoke_id":"disk-cleanup","instance_id":"","command_id":"","status":"","include_history":"","max_results":0,"next_token":"","full_output":"","profile":"","region":"","wait_seconds":""}`, ""},
		{"with the word null", "get_invocation_results", `{"invoke_id":"disk-cleanup","instance_id":"null","status":"None","max_results":"0","full_output":"undefined","profile":"null","wait_seconds":"null"}`, ""},
		{"with empty objects", "get_app_status", `{"app_id":"web","profile":{},"region":[]}`, ""},
		{"one that passes the arguments as a text", "get_app_status", `"{\"app_id\":\"web\"}"`, ""},
		{"as a text in a text", "get_app_status", `"\"{\\\"app_id\\\":\\\"web\\\"}\""`, ""},
		{"numbers and switches as texts", "get_invocation_results", `{"invoke_id":"disk-cleanup","max_results":"20","full_output":"false","include_history":"true","wait_seconds":"0"}`, ""},
		{"a list for a read", "gather_env_stats", `{"change_id":"` + change + `","env_id":"","target_instances":[null]}`, ""},
	} {
		report, err := w.tool(t, c.tool).CallByClient(t.Context(), json.RawMessage(c.args), nil)
		require.NoError(t, err, c.client)
		notes := strings.Join(report.Notes, "\n")
		if c.note == "" {
			require.NotContains(t, notes, "ignored", c.client)
		} else {
			require.Contains(t, notes, "ignored, because the tool has no such arguments: "+c.note, c.client)
		}
	}
}

func TestWhatMayHaveBeenMeantIsStillRefused(t *testing.T) {
	w := newWorld(t)
	for args, want := range map[string]string{
		`{"invoke_id":"disk-cleanup","max_result":5}`:          "did you mean max_results?",
		`{"invoke_id":"disk-cleanup","maxResults":5}`:          "did you mean max_results?",
		`{"invokeId":"disk-cleanup"}`:                          "did you mean invoke_id?",
		`{"id":"disk-cleanup"}`:                                "did you mean",
		`{"invoke_id":"disk-cleanup","app_id":"web"}`:          "use get_app_status",
		`{"invoke_id":"null"}`:                                 "at least one of invoke_id",
		`{"toolCallId":"c1"}`:                                  "at least one of invoke_id",
		`{}`:                                                   "at least one of invoke_id",
		`{"invoke_id":"disk-cleanup","full_output":"perhaps"}`: "must be true or false",
		`["disk-cleanup"]`:                                     "must be one JSON object",
		`"disk-cleanup"`:                                       "must be one JSON object",
		`"\"\\\"\\\\\\\"x\\\\\\\"\\\"\""`:                      "must be one JSON object",
		`7`:                                                    "must be one JSON object",
	} {
		_, err := w.tool(t, "get_invocation_results").CallByClient(t.Context(), json.RawMessage(args), nil)
		require.ErrorContains(t, err, want, args)
	}
	require.Empty(t, w.sent)
}

// TestNothingThatAClientWritesWidensAStart: a start on all instances is asked for by
// leaving them out, and by nothing else.
func TestNothingThatAClientWritesWidensAStart(t *testing.T) {
	w := newWorld(t)
	for _, targets := range []string{
		`"target_instances":[]`, `"target_instances":""`, `"target_instances":[""]`, `"target_instances":["null"]`, `"target_instances":[null]`, `"target_instances":"null"`,
		`"target_instances":"[]"`, `"target_instances":{}`, `"target_instances":"None"`, `"target_instances":[[]]`,
		`"instances":["i-1"]`, `"targets":["i-1"]`, `"where":{"only":"i-1"}`, `"hosts":"i-bp1i7gg30r52z2em0000"`, `"comment":"only on i-bp1i7gg30r52z2em0000 please"`,
		`"hosts":"db-03"`, `"profile":"null"`, `"region":"None"`, `"profile":["null"]`,
	} {
		_, err := w.tool(t, "gather_env_stats").CallByClient(t.Context(), json.RawMessage(`{"env_id":"checkout-env",`+targets+`}`), nil)
		require.Error(t, err, targets)
		require.Contains(t, err.Error(), "refused, nothing was asked of Alibaba Cloud", targets)
	}
	require.Empty(t, w.sent)
	_, err := w.tool(t, "gather_env_stats").CallByClient(t.Context(), json.RawMessage(`{"env_id":"checkout-env","target_instances":null,"profile":null,"toolCallId":"c1","reason":"x","wait_seconds":0}`), nil)
	require.NoError(t, err)
}

func FuzzCallByClient(f *testing.F) {
	f.Add(`{"app_id":"web","toolCallId":"c1"}`)
	f.Add(`"{\"app_id\":\"null\"}"`)
	f.Add(`{"env_id":[],"target_instances":[[null]]}`)
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, args string) {
		_, err := w.tool(t, "get_app_status").Plan(json.RawMessage(args))
		_, byClient := w.tool(t, "get_app_status").CallByClient(t.Context(), json.RawMessage(args), nil)
		if err == nil { // what is right stays right
			require.NoError(t, byClient)
		}
	})
}
