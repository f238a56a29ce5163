package tools_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/internal/growth"
	"github.com/alitriage/alitriage/tools"
)

const (
	anApp        = "0099b7be-5f5b-4512-a7fc-56049ef10000"
	anOrder      = "1ccc2339-fc19-49aa-bda0-1e7b84976d02"
	anInvoke     = "t-hz0jdfwd9f00000"
	anotherRun   = "t-hz0jdfwd9f11111"
	anInstance   = "i-bp1i7gg30r52z2em0000"
	otherHost    = "i-bp1i7gg30r52z2em1111"
	anEnv        = "we-5d3eaaea2977ca5251e00000"
	aChange      = "wc-5d4103a856fd7c14ac900000"
	anOperation  = "op_7c1f0a3b52d94e0f"
	aRequest     = "E544D333-130C-4540-94BF-116BC8A96A40"
	orOrder      = "It can also be the id of an SAE change order, which no tool takes: then give the AppId."
	aboutOrders  = "no tool takes the id of an SAE change order; give the AppId of its application, such as " + anApp + "."
	aboutRequest = "a RequestId names a call, not a thing; give the id of the thing itself."
	aboutMasks   = "asterisks mask a part of it, as documentation shows ids; give the whole id."
	aboutForeign = "no tool takes WebPlus applications, stacks or packages; give the EnvId of the environment, such as " + anEnv + "."
)

// calls shows a routing as calls with their arguments, and doubts behind them.
func calls(r tools.Routing) (lines []string) {
	for _, c := range r.Calls {
		line := c.Tool
		for _, arg := range c.Args {
			line += fmt.Sprintf(" %s=%s", arg.Name, arg.Value)
		}
		if c.Starts {
			line += " starts"
		}
		if c.Doubt != "" {
			line += " ? " + c.Doubt
		}
		lines = append(lines, line)
	}
	return lines
}

func TestTriageFindsWhatATextSpeaksOf(t *testing.T) {
	cfg := newWorld(t).cfg
	const ofRun, ofHost, ofApp = "get_invocation_results invoke_id=" + anInvoke, "get_invocation_results instance_id=" + anInstance, "get_app_status app_id=" + anApp
	for _, c := range []struct {
		name, text   string
		want, asides []string
	}{
		{"nothing", "", nil, nil},
		{"no id", "the shop is slow since 3 am", nil, nil},
		{"an alias", "what about checkout?", []string{"get_app_status app_id=checkout"}, nil},
		{"an alias in capitals", "CHECKOUT is down", []string{"get_app_status app_id=checkout"}, nil},
		{"an alias with emphasis", "_checkout_ and *web*", []string{"get_app_status app_id=checkout", "get_app_status app_id=web"}, nil},
		{"an alias in Chinese", "请看checkout异常", []string{"get_app_status app_id=checkout"}, nil},
		{"an alias beside its id", "checkout (" + cloudsim.CheckoutApp + ")", []string{"get_app_status app_id=checkout"}, nil},
		{"each kind of id", strings.Join([]string{anEnv, aChange, "c-hz0jdfwcsr00000", anInstance, anApp, anOperation}, " "), []string{
			"gather_env_stats env_id=" + anEnv + " starts", "gather_env_stats change_id=" + aChange, "get_invocation_results command_id=c-hz0jdfwcsr00000",
			ofHost, ofApp + " ? " + orOrder, "get_operation_result operation_id=" + anOperation,
		}, nil},
		{"an id named twice", anInvoke + " and " + anInvoke + ".", []string{ofRun}, nil},
		{"an AppId that is called one", `"AppId": "` + anApp + `"`, []string{ofApp}, nil},
		{"an AppId that is called one later", anApp + ", app_id=" + anApp, []string{ofApp}, nil},
		{"an AppId that an alias has", cloudsim.CheckoutApp, []string{"get_app_status app_id=" + cloudsim.CheckoutApp}, nil},
		{"an id that looks like an alias's", "t-hz04k7m2q9xw1d", []string{"get_invocation_results invoke_id=t-hz04k7m2q9xw1d ? It differs in one character from " +
			cloudsim.DiskCleanup + ", which is the alias disk-cleanup: if that is meant, give disk-cleanup."}, nil},

		{"an InvokeId with its InstanceId", "[FIRING:1] (InvokeId=" + anInvoke + ", host: \"" + anInstance + "\")。", []string{ofRun + " instance_id=" + anInstance}, nil},
		{"an InstanceId with its InvokeId", anInstance + " ran c-hz0jdfwcsr00000 as " + anInvoke, []string{ofRun + " instance_id=" + anInstance}, nil},
		{"an InvokeId with two InstanceIds", anInvoke + " on " + anInstance + ", " + otherHost, []string{ofRun},
			[]string{"The results of " + anInvoke + " are of all its instances, so there is no call for " + anInstance + ", " + otherHost + ": for one of them alone, give its instance_id too."}},
		{"two InvokeIds with an InstanceId", anInvoke + " " + anotherRun + " " + anInstance, []string{ofRun, "get_invocation_results invoke_id=" + anotherRun},
			[]string{"The text does not say which of the invocations " + anInvoke + ", " + anotherRun + " ran on " + anInstance + ": for one instance alone, give invoke_id and instance_id together."}},
		{"aliases of an invocation and an instance", "disk-cleanup failed on db-host in cn-hangzhou", []string{"get_invocation_results invoke_id=disk-cleanup instance_id=db-host"}, nil},
		{"an invocation and an instance of other regions", "https://x.example/?region=cn-beijing&i=" + anInstance + " https://x.example/cn-hangzhou/" + anInvoke,
			[]string{ofHost + " region=cn-beijing", ofRun + " region=cn-hangzhou"}, nil},

		{"the URL of an application", "https://sae.console.aliyun.com/#/AppList/AppDetail?appId=" + anApp + "&regionId=cn-hangzhou", []string{ofApp + " region=cn-hangzhou"}, nil},
		{"the newer URL of an application", "<https://sae.console.alibabacloud.com/ap-southeast-1/app-list/" + anApp + "/micro-app/base?name=shop|shop>", []string{ofApp + " region=ap-southeast-1"}, nil},
		{"a URL of a region that is new", "https://x.example/?RegionId=cn-lhasa&appId=" + anApp, []string{ofApp + " region=cn-lhasa"}, nil},
		{"a URL without its scheme", "sae.console.aliyun.com/cn-beijing/app-list/" + anApp + "/base, cn-shanghai is fine", []string{ofApp + " region=cn-beijing"}, nil},
		{"an encoded URL", "https%3A%2F%2Fsae.console.aliyun.com%2F%23%2FAppList%2FAppDetail%3FappId%3D" + anApp + "%26regionId%3Dcn-hangzhou", []string{ofApp + " region=cn-hangzhou"}, nil},
		{"a URL in a URL", "https://signin.aliyun.com/cn-qingdao?callback=https%3A%2F%2Fsae.console.aliyun.com%2Fcn-beijing%2Fapp-list%2F" + anApp, []string{ofApp + " region=cn-beijing"}, nil},
		{"two URLs of one thing in two regions", "https://x.example/cn-beijing?appId=" + anApp + " https://x.example/cn-shanghai?appId=" + anApp, []string{ofApp},
			[]string{"The text names several regions (cn-beijing, cn-shanghai): say which one is meant, with region."}},
		{"the URL of a change order", "https://sae.console.aliyun.com/#/AppList/ChangeOrderDetail?changeOrderId=" + anOrder + "&regionId=cn-hangzhou", nil, []string{anOrder + ": " + aboutOrders}},
		{"a change order that stands elsewhere too", anOrder + " LastChangeOrderId: " + anOrder, nil, []string{anOrder + ": " + aboutOrders}},
		{"the URL of a request", "https://api.aliyun.com/troubleshoot?q=Throttling&requestId=" + aRequest, nil, []string{aRequest + ": " + aboutRequest}},
		{"a request in lower case", `"requestId":"` + anOrder + `"`, nil, []string{anOrder + ": " + aboutRequest}},
		{"encoded quotes", "%22" + anApp + "%22", []string{ofApp + " ? " + orOrder}, nil},

		{"a region", anInvoke + " failed in cn-beijing", []string{ofRun + " region=cn-beijing"}, nil},
		{"a region in capitals", "CN-BEIJING: " + anInvoke, []string{ofRun + " region=cn-beijing"}, nil},
		{"a zone", anInvoke + " in cn-hangzhou-h, cn-hangzhou-i", []string{ofRun + " region=cn-hangzhou"}, nil},
		{"a zone behind a number", anInvoke + " in ap-southeast-1a", []string{ofRun + " region=ap-southeast-1"}, nil},
		{"a region that is called one", "region=cn-lhasa " + anInvoke, []string{ofRun + " region=cn-lhasa"}, nil},
		{"what is no region", "region: not-available cn-lhasa us-east1 my-cn-hangzhou cn-hangzhoux " + anInvoke, []string{ofRun}, nil},
		{"a region of a URL without an id", anInvoke + ": see https://ecs.console.aliyun.com/cloud-assistant/region/cn-beijing", []string{ofRun + " region=cn-beijing"}, nil},
		{"several regions", anInvoke + " in cn-beijing or cn-shanghai", []string{ofRun},
			[]string{"The text names several regions (cn-beijing, cn-shanghai): say which one is meant, with region."}},
		{"several regions that no call needs", "checkout and " + anOperation + " in cn-beijing or cn-shanghai", []string{"get_app_status app_id=checkout", "get_operation_result operation_id=" + anOperation}, nil},
		{"the region of an alias", "checkout in cn-hangzhou", []string{"get_app_status app_id=checkout"}, nil},
		{"another region than an alias's", "checkout and resize in cn-beijing", []string{
			"get_app_status app_id=checkout ? The text names cn-beijing, but the alias checkout is of cn-hangzhou: to ask there, give region=cn-beijing.",
			"get_operation_result operation_id=resize"}, nil},
		{"another profile than an alias's", "profile=staging db-host", []string{
			"get_invocation_results instance_id=db-host ? The text names the profile staging, but the alias db-host is of prod: to ask in the other one, give the id itself."}, nil},
		{"another region than that of the alias of an id", "cn-beijing " + cloudsim.WebApp, []string{
			"get_app_status app_id=" + cloudsim.WebApp + " ? The text names cn-beijing, but the alias web is of cn-hangzhou: to ask there, give region=cn-beijing."}, nil},
		{"a region and what is central", anOperation + " cn-beijing", []string{"get_operation_result operation_id=" + anOperation}, nil},

		{"a profile", "profile=staging " + anInvoke, []string{ofRun + " profile=staging"}, nil},
		{"a profile as an option", anOperation + " --profile Staging", []string{"get_operation_result operation_id=" + anOperation + " profile=staging"}, nil},
		{"an account in JSON", `{"account": "staging", "invoke": "` + anInvoke + `", "region_id": "cn-shanghai"}`, []string{ofRun + " profile=staging region=cn-shanghai"}, nil},
		{"a profile as a bare word", "staging " + anInvoke, []string{ofRun}, nil},
		{"a profile that nobody knows", "profile: web " + anInvoke, []string{ofRun}, []string{`"web": no such profile is configured; give one of prod, staging.`}},
		{"the number of an account", "account: 1234567890123456 " + anInvoke, []string{ofRun}, nil},
		{"two profiles", "profile=prod profile=staging " + anInvoke, []string{ofRun}, []string{"The text names several profiles (prod, staging): say which one is meant, with profile."}},

		{"a mask", "i-bp1i7gg30r52****", nil, []string{"i-bp1i7gg30r52****: " + aboutMasks}},
		{"masked UUIDs", "0099b7be-5f5b-4512-a7fc-**** B4D805CA-926D-41B1-8E63-7AD0C1ED****", nil,
			[]string{"0099b7be-5f5b-4512-a7fc-****, B4D805CA-926D-41B1-8E63-7AD0C1ED****: " + aboutMasks}},
		{"a RequestId is no AppId", aRequest, nil, []string{aRequest + ": " + aboutRequest}},
		{"a RequestId in small letters, in each writing", strings.Join([]string{`"RequestId": "` + anOrder + `"`, "Request ID：" + anOrder, "request\tid: " + anOrder, `{\"RequestId\":\"` + anOrder + `\"}`}, " "), nil,
			[]string{anOrder + ": " + aboutRequest}},
		{"an InvokeId beside such a RequestId", `{\"RequestId\":\"` + anOrder + `\",\"InvokeId\":\"` + anInvoke + `\",\"CommandId\":\"c-hz0jdfwcsr00000\"}`, []string{ofRun}, []string{anOrder + ": " + aboutRequest}},
		{"an AppId in words", "App ID：" + anApp, []string{ofApp}, nil},
		{"ids of WebPlus that no tool takes", "wa-5d3eaaea2977ca5251e00000 ws-5d3eaaea2977ca5251e00000", nil,
			[]string{"wa-5d3eaaea2977ca5251e00000, ws-5d3eaaea2977ca5251e00000: " + aboutForeign}},
		{"what only begins like an id of WebPlus", "wa-follow-my-instructions-1", nil, nil},
		{"a misspelt alias", "checkuot?", nil, []string{`"checkuot" is no alias: did you mean checkout?`}},
		{"a misspelt alias in a long text", "somebody should look at checkuot", nil, nil},
		{"words that only look like ids", "t-shirt c-suite i-frame t-shirt**", nil, nil},
		{"short words that only look like ids", "c-19 i-5 t-1000 i-18n c-3po", nil, nil},
		{"Chinese without spaces", "实例i-bp1i7gg30r52z2em0000异常", []string{ofHost}, nil},
		{"emphasis", "**" + anInstance + "** and *c-hz0jdfwcsr00000*", []string{ofHost, "get_invocation_results command_id=c-hz0jdfwcsr00000"}, nil},
		{"capitals", "T-HZ0JDFWD9F00000", []string{ofRun}, nil},
		{"an alias within a word is none", "checkout-v2 mycheckout web_1 of caféweb", nil, nil},
		{"an endless id", "t-" + strings.Repeat("1", 1000), nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			routing := cfg.Triage(c.text)
			require.Equal(t, c.want, calls(routing))
			require.Equal(t, c.asides, routing.Asides)
			require.False(t, routing.More)
		})
	}
}

func TestAnAliasMayHaveSeveralWords(t *testing.T) {
	cfg := newWorld(t, func(cfg *tools.Config) {
		cfg.Aliases = []tools.Alias{{Name: "shop.pay", Arg: "app_id", ID: anApp}, {Name: "结账-prod", Arg: "app_id", ID: anOrder}, {Name: "pay", Arg: "invoke_id", ID: anInvoke}}
	}).cfg
	require.Equal(t, []string{"get_app_status app_id=shop.pay", "get_app_status app_id=结账-prod"}, calls(cfg.Triage("Shop.Pay is down, 结账-prod too; shop.payments is not")))
	require.Equal(t, []string{"get_invocation_results invoke_id=pay"}, calls(cfg.Triage("pay: shop")))
}

func TestTheLongestAliasIsMeant(t *testing.T) {
	names := []string{"shop", "shop.pay", "shop.pay.eu"}
	for range names { // whichever the file names first
		names = append(names[1:], names[0])
		cfg := newWorld(t, func(cfg *tools.Config) {
			cfg.Aliases = nil
			for i, name := range names {
				cfg.Aliases = append(cfg.Aliases, tools.Alias{Name: name, Arg: "invoke_id", ID: fmt.Sprintf("t-hz0jdfwd9f%05d", i)})
			}
		}).cfg
		for text, want := range map[string]string{"shop.pay.eu is down": "shop.pay.eu", "SHOP.PAY is down.": "shop.pay", "It is the shop.": "shop"} {
			require.Equal(t, []string{"get_invocation_results invoke_id=" + want}, calls(cfg.Triage(text)), "%s of %s", text, names)
		}
	}
}

func TestTriageListsABoundedNumberAndSaysSo(t *testing.T) {
	var text strings.Builder
	for i := range 100 {
		fmt.Fprintf(&text, "t-hz0jdfwd%d i-bp1i7gg30r%d wa-5d3eaaea%d ", i, i, i)
	}
	routing := newWorld(t).cfg.Triage(text.String())
	require.Len(t, routing.Calls, 20)
	require.True(t, routing.More)
	require.Len(t, routing.Asides, 2)
	for _, aside := range routing.Asides {
		require.Contains(t, aside, " and 97 more")
	}
}

// A text may be as long as what is read of one, and a server may have many names.
func TestTriageIsLinear(t *testing.T) {
	cfg := newWorld(t, func(cfg *tools.Config) {
		for i := range 1000 {
			cfg.Aliases = append(cfg.Aliases, tools.Alias{Name: fmt.Sprintf("shop-%d", i), Arg: "app_id", ID: fmt.Sprintf("0099b7be-5f5b-4512-a7fc-56049e%06d", i)})
		}
	}).cfg
	for _, word := range []string{"shop ", "https://", "%41", "*", "t-1111111# ", anApp + " ", "cn-hangzhou-", "profile=x", "结", aRequest + "/"} {
		t.Run(word, func(t *testing.T) {
			growth.Linear(t, 1<<12, func(size int) func() {
				var text strings.Builder
				for i := 0; text.Len() < size; i++ {
					text.WriteString(strings.Replace(word, "#", strconv.Itoa(i), 1)) // each id another one
				}
				return func() { cfg.Triage(text.String()) }
			})
		})
	}
}

func TestATriageThatMayOnlyReadNamesNoStart(t *testing.T) {
	cfg := newWorld(t, readOnly).cfg
	routing := cfg.Triage("checkout-env " + anEnv + " " + aChange)
	require.Equal(t, []string{"gather_env_stats change_id=" + aChange}, calls(routing))
	require.Equal(t, []string{"checkout-env, " + anEnv + ": this server starts nothing; to read a gather, give its ChangeId, such as wc-5d4103a856fd7c14ac900000."}, routing.Asides)
	for _, k := range cfg.Kinds() {
		require.NotEqual(t, "env_id", k.Arg)
	}
}

// TestOurOwnLinksLeadBack: somebody pastes what a report says.
func TestOurOwnLinksLeadBack(t *testing.T) {
	at := cloudapi.Source{Product: cloudapi.SAE, Region: "cn-beijing"}
	stopped := cloudapi.AppStatus{Source: at, AppID: anApp, CurrentStatus: "STOPPED", RunningInstances: new(int64(0)), LastChangeOrderID: anOrder, LastChangeOrderStatus: "SUCCESS"}
	waiting := stopped
	waiting.LastChangeOrderStatus = "WAIT_BATCH_CONFIRM"
	refused := &cloudapi.Error{Op: "GatherAppEnvStats", Product: cloudapi.WebPlus, Region: "cn-beijing", Code: "EnvOnChanging", RequestID: aRequest, Kind: cloudapi.ErrInvalid, Sent: true}
	for _, site := range []formatters.Site{formatters.China, formatters.International} {
		a := formatters.Airlock{Key: []byte("key"), Site: site}
		for _, c := range []struct {
			name, id     string // what a person writes beside the link
			report       formatters.Report
			want, asides []string
		}{
			{"an application", "", a.AppStatus(stopped), []string{"get_app_status app_id=" + anApp + " region=cn-beijing"}, nil},
			{"a change order", "", a.AppStatus(waiting), nil, []string{anOrder + ": " + aboutOrders}},
			{"Cloud Assistant", anInvoke, a.InvocationResults(cloudapi.InvocationResults{Source: at}), []string{"get_invocation_results invoke_id=" + anInvoke + " region=cn-beijing"}, nil},
			{"WebPlus", aChange, a.GatherStats(cloudapi.GatherStatsResult{Source: at}), []string{"gather_env_stats change_id=" + aChange + " region=cn-beijing"}, nil},
			{"BPStudio", anOperation, a.OperationResult(cloudapi.OperationResult{}), []string{"get_operation_result operation_id=" + anOperation}, nil},
			{"troubleshooting", anEnv, a.Error(refused), []string{"gather_env_stats env_id=" + anEnv + " region=cn-beijing starts"}, []string{aRequest + ": " + aboutRequest}},
			{"the status page", anInvoke, a.Error(&cloudapi.Error{Op: "x", Product: cloudapi.ECS, Kind: cloudapi.ErrUnavailable, Sent: true}), []string{"get_invocation_results invoke_id=" + anInvoke}, nil},
		} {
			t.Run(c.name+" of "+string(site), func(t *testing.T) {
				routing := newWorld(t).cfg.Triage(c.id + "\n" + strings.Join(c.report.NextSteps, "\n"))
				require.Equal(t, c.want, calls(routing))
				require.Equal(t, c.asides, routing.Asides)
			})
		}
	}
}

func FuzzTriage(f *testing.F) {
	cfg := newWorld(f).cfg
	for _, seed := range []string{
		"checkout", "we-1 t-2,i-3", "https://x/?appId=" + anApp, "\xff\x00", "t-1*", "。t-1，", "profile=staging " + anInvoke + " " + anInstance + " cn-hangzhou-h",
		"sae.console.aliyun.com/cn-beijing/app-list/" + anApp, "changeOrderId=" + anOrder + "%20" + anOrder, "disk-cleanup db-host", "RegionId: cn-lhasa " + aChange, "结账web",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		routing := cfg.Triage(text)
		require.LessOrEqual(t, len(routing.Calls), 20)
		require.LessOrEqual(t, len(strings.Join(routing.Asides, "")), 10_000)
		for _, c := range routing.Calls {
			require.Regexp(t, `^[0-9A-Za-z_-]+$`, c.Word, "nothing but ids and aliases gets out of a text")
			if !strings.Contains(text, "%") {
				require.Contains(t, text, c.Word)
			}
			var again strings.Builder
			for _, arg := range c.Args {
				fmt.Fprintf(&again, "%s=%s ", arg.Name, arg.Value)
			}
			back := cfg.Triage(again.String())
			require.Empty(t, back.Asides)
			require.Len(t, back.Calls, 1)
			require.Equal(t, c.Tool, back.Calls[0].Tool)
			require.Equal(t, c.Args, back.Calls[0].Args)
		}
	})
}
