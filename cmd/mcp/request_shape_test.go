package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParametersOfAWrongTypeAreRefusedInWords(t *testing.T) {
	s := serveDemo(t)
	for request, want := range map[string]string{
		`"tools/call","params":"x"`:                                         "tools/call: params must be an object, got string",
		`"tools/call","params":{"name":5}`:                                  "tools/call: params.name must be a text, got number",
		`"tools/call","params":{"name":"get_app_status","_meta":[]}`:        "tools/call: params._meta must be an object, got array",
		`"tools/list","params":[]`:                                          "tools/list: params must be an object, got array",
		`"tools/list","params":{"cursor":1}`:                                "tools/list: params.cursor must be a text, got number",
		`"prompts/get","params":{"name":"triage","arguments":{"what":5}}`:   "prompts/get: params.arguments must be a text, got number",
		`"resources/read","params":{"uri":[]}`:                              "resources/read: params.uri must be a text, got array",
		`"initialize","params":{"protocolVersion":5}`:                       "initialize: params.protocolVersion must be a text, got number",
		`"completion/complete","params":{"ref":"x"}`:                        "completion/complete: params must be an object, got string",
		`"completion/complete","params":{"ref":{"type":"` + "x" + `"}}`:     "unknown reference type: x",
		`"tools/call","params":{"name":"` + strings.Repeat("x", 100) + `"}`: "is not a tool (tools: ",
		`"` + strings.Repeat("x", 100) + `"`:                                "not found",
		`"tools/call","params":{"name":"get_app_stats"}`:                    "did you mean get_app_status?",
		`"tools/call","params":{"name":"get-app-status"}`:                   "did you mean get_app_status?",
		`"tools/call","params":{"name":"gather_env_stats","arguments":{"env_id":"checkout-env","target_instances":["i-1"],"target_instances":null}}`: "params.arguments: \"target_instances\" is given twice; give it once",
		`"tools/list","params":{"cursor":"xyz"}`:             "tools/list: params.cursor is not one of this server, which gives none",
		`"prompts/list","params":{"cursor":"eA=="}`:          "prompts/list: params.cursor is not one of this server",
		`"resources/list","params":{"cursor":"7"}`:           "resources/list: params.cursor is not one of this server",
		`"resources/templates/list","params":{"cursor":"7"}`: "params.cursor is not one of this server",
		`"prompts/get","params":{"name":"triag"}`:            "is not a prompt; there is triage alone",
		`"tools/calls"`: "did you mean tools/call?",
		`"tool/list"`:   "did you mean tools/list?",
		`"tools/call","params":{"name":"get_app_status","arguments":"web"}`: "",
	} {
		line := s.ask(t, `{"jsonrpc":"2.0","id":1,"method":`+request+"}\n")
		var answer message
		require.NoError(t, json.Unmarshal(line, &answer))
		require.NotContains(t, string(line), "Go struct")
		if want == "" {
			require.True(t, answer.Result.IsError)
			require.Contains(t, answer.text(), "the arguments must be one JSON object")
			continue
		}
		require.NotNil(t, answer.Error, string(line))
		require.Contains(t, answer.Error.Message, want)
		if strings.Contains(want, " must be ") || strings.Contains(want, "cursor") || strings.Contains(want, "tool") && !strings.Contains(want, "/") {
			require.Equal(t, -32602, answer.Error.Code, want)
		}
	}
}
