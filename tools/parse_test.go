package tools_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/tools"
)

// parsed are texts as people type and paste them, by tool.
var parsed = map[string][]struct{ fact, text, want string }{
	"get_app_status": {
		{"nothing", ``, `{}`},
		{"blanks alone", " \t\n\u00a0\u3000", `{}`},
		{"an alias", `checkout`, `{"app_id":"checkout"}`},
		{"an id", cloudsim.WebApp, `{"app_id":"` + cloudsim.WebApp + `"}`},
		{"a word that is nothing fills the first id, whose check says so", `frontend`, `{"app_id":"frontend"}`},
		{"so does an id of another kind", `t-hz0jdfwd9f00000`, `{"app_id":"t-hz0jdfwd9f00000"}`},
		{"key=value", `app_id=web`, `{"app_id":"web"}`},
		{"a dash in a key", `app-id=web`, `{"app_id":"web"}`},
		{"capitals in a key", `App_ID=web`, `{"app_id":"web"}`},
		{"--key value", `--app-id web`, `{"app_id":"web"}`},
		{"--key=value", `--app_id=web`, `{"app_id":"web"}`},
		{"any order", `--wait-seconds 30 region=cn-beijing web profile=prod`, `{"app_id":"web","profile":"prod","region":"cn-beijing","wait_seconds":"30"}`},
		{"a value with a dash in front", `web --wait-seconds -5`, `{"app_id":"web","wait_seconds":"-5"}`},
		{"an empty value", `web region=`, `{"app_id":"web","region":""}`},
		{"a value with = in it", `web region=a=b`, `{"app_id":"web","region":"a=b"}`},
		{"an unknown key is left to the check", `web colour=red`, `{"app_id":"web","colour":"red"}`},
		{"straight quotes", `"web" region='cn-beijing'`, `{"app_id":"web","region":"cn-beijing"}`},
		{"curly quotes", `“web” region=‘cn-beijing’`, `{"app_id":"web","region":"cn-beijing"}`},
		{"quotes of other languages", `«web» region=„cn-beijing“`, `{"app_id":"web","region":"cn-beijing"}`},
		{"backticks and a full stop", "`web`.", `{"app_id":"web"}`},
		{"angle brackets and a comma", `<web>,`, `{"app_id":"web"}`},
		{"brackets of other languages", `「web」。`, `{"app_id":"web"}`},
		{"an em dash that was two hyphens", `web —wait-seconds 30`, `{"app_id":"web","wait_seconds":"30"}`},
		{"an en dash that was two hyphens", `web –wait-seconds=30`, `{"app_id":"web","wait_seconds":"30"}`},
		{"two minus signs", "web \u2212\u2212wait-seconds 30", `{"app_id":"web","wait_seconds":"30"}`},
		{"a dash that was half changed", `web —-wait-seconds 30`, `{"app_id":"web","wait_seconds":"30"}`},
		{"a long dash within a word", `web region=cn–beijing`, `{"app_id":"web","region":"cn-beijing"}`},
		{"a hyphen that does not break", "web region=cn\u2011beijing", `{"app_id":"web","region":"cn-beijing"}`},
		{"no-break spaces", "web\u00a0region=cn-beijing\u202fprofile=prod", `{"app_id":"web","profile":"prod","region":"cn-beijing"}`},
		{"wide spaces and signs", "web\u3000region＝cn-beijing", `{"app_id":"web","region":"cn-beijing"}`},
		{"what is not seen", "\ufeffweb\u200b re\u200dgion=cn-beijing\u200e", `{"app_id":"web","region":"cn-beijing"}`},
		{"line breaks", "web\nregion=cn-beijing\r\n", `{"app_id":"web","region":"cn-beijing"}`},
	},
	"get_operation_result": {
		{"an id", `op_7c1f0a3b52d94e0f`, `{"operation_id":"op_7c1f0a3b52d94e0f"}`},
		{"an id and a key", `resize resource-group-id=rg-1`, `{"operation_id":"resize","resource_group_id":"rg-1"}`},
	},
	"get_invocation_results": {
		{"an InvokeId", `t-hz0jdfwd9f00000`, `{"invoke_id":"t-hz0jdfwd9f00000"}`},
		{"an InstanceId", `i-bp1i7gg30r52z2em0000`, `{"instance_id":"i-bp1i7gg30r52z2em0000"}`},
		{"a CommandId", `c-hz0jdfwcsr00000`, `{"command_id":"c-hz0jdfwcsr00000"}`},
		{"one of each", `i-1 t-2 c-3`, `{"command_id":"c-3","instance_id":"i-1","invoke_id":"t-2"}`},
		{"an alias of each", `db-host disk-cleanup`, `{"instance_id":"db-host","invoke_id":"disk-cleanup"}`},
		{"a switch alone", `disk-cleanup --include-history`, `{"include_history":"true","invoke_id":"disk-cleanup"}`},
		{"a switch before the id", `--full-output db-host`, `{"full_output":"true","instance_id":"db-host"}`},
		{"a switch that is off", `disk-cleanup --include-history false --full_output=False`, `{"full_output":"False","include_history":"false","invoke_id":"disk-cleanup"}`},
		{"a token with = at its end", `disk-cleanup next_token=AAb+/==`, `{"invoke_id":"disk-cleanup","next_token":"AAb+/=="}`},
		{"a token as a word of its own", `disk-cleanup --next-token AAb+/==`, `{"invoke_id":"disk-cleanup","next_token":"AAb+/=="}`},
	},
	"gather_env_stats": {
		{"an EnvId", `we-5d3eaaea2977ca5251e00000`, `{"env_id":"we-5d3eaaea2977ca5251e00000"}`},
		{"a ChangeId", `wc-5d4103a856fd7c14ac900000`, `{"change_id":"wc-5d4103a856fd7c14ac900000"}`},
		{"both, which the check refuses", `we-1 wc-2`, `{"change_id":"wc-2","env_id":"we-1"}`},
		{"further words are targets", `checkout-env i-1 i-2`, `{"env_id":"checkout-env","target_instances":["i-1","i-2"]}`},
		{"with commas", `checkout-env, i-1,i-2, db-host`, `{"env_id":"checkout-env","target_instances":["i-1","i-2","db-host"]}`},
		{"with commas of other languages", `checkout-env i-1，i-2、i-3`, `{"env_id":"checkout-env","target_instances":["i-1","i-2","i-3"]}`},
		{"targets before the id", `i-1 db-host checkout-env`, `{"env_id":"checkout-env","target_instances":["i-1","db-host"]}`},
		{"targets by their key", `checkout-env target-instances=i-1,i-2`, `{"env_id":"checkout-env","target_instances":["i-1","i-2"]}`},
		{"targets of nothing, which the check refuses", `checkout-env target-instances=`, `{"env_id":"checkout-env","target_instances":[]}`},
		{"targets that are a comma", `checkout-env --target-instances ,`, `{"env_id":"checkout-env","target_instances":[]}`},
		{"targets by their key, several times", `checkout-env --target-instances i-1 i-2 target_instances=i-3`, `{"env_id":"checkout-env","target_instances":["i-1","i-2","i-3"]}`},
		{"a second word that is no target, which the check refuses", `checkout-env foo`, `{"env_id":"checkout-env","target_instances":["foo"]}`},
	},
}

func TestParseArgs(t *testing.T) {
	w := newWorld(t)
	for tool, rows := range parsed {
		for _, row := range rows {
			t.Run(tool+"/"+row.fact, func(t *testing.T) {
				got, err := w.tool(t, tool).ParseArgs(row.text)
				require.NoError(t, err)
				require.JSONEq(t, row.want, string(got))
			})
		}
	}
}

func TestParseArgsRefusesWhatItCannotSplit(t *testing.T) {
	w := newWorld(t)
	for _, row := range []struct{ tool, text, want string }{
		{"get_app_status", `web checkout`, `"checkout" is one word too many; write the rest as key=value`},
		{"get_app_status", `app_id=web checkout`, `"checkout" is one word too many; write the rest as key=value`},
		{"get_app_status", `web app_id=checkout`, `app_id: it is given twice`},
		{"get_app_status", `web region=a --region b`, `region: it is given twice`},
		{"get_app_status", `web --region`, `"--region": a value is missing; write region=…`},
		{"get_app_status", `web --region --profile prod`, `"--region": a value is missing; write region=…`},
		{"get_app_status", `web region = cn-beijing`, `"region" is one word too many; write the rest as key=value` +
			"\n- " + `"=": a name is missing; write key=value or --key value, without spaces around =` +
			"\n- " + `"cn-beijing" is one word too many; write the rest as key=value`},
		{"get_app_status", `web --`, `"--": a name is missing; write key=value or --key value, without spaces around =`},
		{"get_app_status", `web —`, `"--": a name is missing; write key=value or --key value, without spaces around =`},
		{"get_app_status", `=web`, `"=web": a name is missing; write key=value or --key value, without spaces around =`},
		{"get_app_status", `web ` + strings.Repeat("x", 200), `"` + strings.Repeat("x", 60) + `…" is one word too many; write the rest as key=value`},
		{"get_app_status", strings.Repeat("x", 65537), `the arguments are 65537 bytes long; at most 65536 are taken`},
		{"get_invocation_results", `t-1 t-2`, `"t-2" is one word too many; write the rest as key=value`},
	} {
		_, err := w.tool(t, row.tool).ParseArgs(row.text)
		_, ok := errors.AsType[*tools.Refusal](err)
		require.True(t, ok, row.text)
		text := w.tool(t, row.tool).ErrorText(err)
		require.Equal(t, row.tool+": refused, nothing was asked of Alibaba Cloud\n- "+row.want, text)
		requireBounded(t, text)
	}
}

func TestParseArgsOfAReadOnlyServerTakesTheChangeID(t *testing.T) {
	w := newWorld(t, readOnly)
	for text, want := range map[string]string{
		`wc-1`:         `{"change_id":"wc-1"}`,
		`we-1`:         `{"change_id":"we-1"}`, // whose check says what is wrong
		`checkout-env`: `{"change_id":"checkout-env"}`,
	} {
		got, err := w.tool(t, gather).ParseArgs(text)
		require.NoError(t, err)
		require.JSONEq(t, want, string(got))
	}
}

func TestWhatParseArgsMakesIsAccepted(t *testing.T) {
	for tool, text := range map[string]string{
		"get_app_status":         `“web” —wait-seconds 0`,
		"get_invocation_results": `disk-cleanup db-host --full-output max-results=10 status=failed`,
		"get_operation_result":   `resize --resource-group-id rg-1`,
		"gather_env_stats":       `checkout-env db-host wait_seconds=0`,
	} {
		w := newWorld(t)
		args, err := w.tool(t, tool).ParseArgs(text)
		require.NoError(t, err)
		w.ok(t, tool, string(args))
	}
}

// hostile is what nobody types and somebody sends.
var hostile = []string{
	"\xff\xfe", "\x00", "--\u202e=\u202e", "= = =", "-- -- --", "—–―", "a=b=c,,,", strings.Repeat("--x ", 500), "{}", `{"app_id":"web"}`,
	"\u2028\u2029", "ａｐｐ＿ｉｄ＝ｗｅｂ", "--app-id", "İ=1", "ſtatus=K", "\U000e0041", "wait_seconds=99999999999999999999", "%s%n%!",
}

func FuzzParseArgs(f *testing.F) {
	for _, name := range slices.Sorted(maps.Keys(parsed)) {
		for _, row := range parsed[name] {
			f.Add(row.text)
		}
	}
	for _, text := range hostile {
		f.Add(text)
	}
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, text string) {
		for _, tool := range w.tools {
			args, err := tool.ParseArgs(text)
			if err != nil {
				_, ok := errors.AsType[*tools.Refusal](err)
				require.True(t, ok)
				requireBounded(t, tool.ErrorText(err))
				continue
			}
			var given map[string]any
			require.NoError(t, json.Unmarshal(args, &given), "it must be an object")
			again, err := tool.ParseArgs(text)
			require.NoError(t, err)
			require.Equal(t, string(args), string(again))
		}
	})
}

func FuzzCallArguments(f *testing.F) {
	for _, name := range slices.Sorted(maps.Keys(refused)) {
		for _, row := range refused[name] {
			f.Add([]byte(row.args))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(running)) {
		f.Add([]byte(running[name]))
	}
	for _, text := range hostile {
		f.Add([]byte(text))
		f.Add([]byte(toJSON(f, map[string]string{"app_id": text, text: text})))
	}
	f.Fuzz(func(t *testing.T, args []byte) {
		bubble(t, func(t *testing.T, w *world) { // where no wait takes time
			for _, tool := range w.tools {
				before := len(w.sent)
				a := w.call(t, tool.Name, string(args))
				if a.err == nil {
					requireSound(t, a)
					continue
				}
				requireBounded(t, a.text)
				if _, refused := errors.AsType[*tools.Refusal](a.err); refused {
					require.Len(t, w.sent, before, "a refusal asks nothing")
				}
			}
		})
	})
}

func requireSound(t testing.TB, a answer) {
	t.Helper()
	require.NotEmpty(t, a.Verdict)
	require.NotEmpty(t, a.Headline)
	require.NotEmpty(t, a.Source.Operation)
	require.NotEmpty(t, fmt.Sprint(a.Facts))
}
