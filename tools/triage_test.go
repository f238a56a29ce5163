package tools_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/tools"
)

func TestTriageFindsWhatATextSpeaksOf(t *testing.T) {
	cfg := newWorld(t).cfg
	for _, c := range []struct {
		name, text string
		want       []string // tool, argument and word
	}{
		{"nothing", "", nil},
		{"no id", "the shop is slow since 3 am", nil},
		{"an alias", "what about checkout?", []string{"get_app_status app_id checkout"}},
		{"an alias in capitals", "CHECKOUT is down", []string{"get_app_status app_id checkout"}},
		{"each kind of id", "we-5d3eaaea2977ca5251e00000 wc-5d4103a856fd7c14ac900000 t-hz0jdfwd9f00000 c-hz0jdfwcsr00000 i-bp1i7gg30r52z2em0000 0099b7be-5f5b-4512-a7fc-56049ef10000 op_7c1f0a3b52d94e0f", []string{
			"gather_env_stats env_id we-5d3eaaea2977ca5251e00000 starts", "gather_env_stats change_id wc-5d4103a856fd7c14ac900000",
			"get_invocation_results invoke_id t-hz0jdfwd9f00000", "get_invocation_results command_id c-hz0jdfwcsr00000",
			"get_invocation_results instance_id i-bp1i7gg30r52z2em0000", "get_app_status app_id 0099b7be-5f5b-4512-a7fc-56049ef10000",
			"get_operation_result operation_id op_7c1f0a3b52d94e0f",
		}},
		{"the URL of a console", "https://sae.console.aliyun.com/#/AppList/AppDetail?appId=0099b7be-5f5b-4512-a7fc-56049ef10000&regionId=cn-hangzhou",
			[]string{"get_app_status app_id 0099b7be-5f5b-4512-a7fc-56049ef10000"}},
		{"a pasted alert", "[FIRING:1] (InvokeId=t-hz0jdfwd9f00000, host: \"i-bp1i7gg30r52z2em0000\")。", []string{
			"get_invocation_results invoke_id t-hz0jdfwd9f00000", "get_invocation_results instance_id i-bp1i7gg30r52z2em0000"}},
		{"an id named twice", "t-hz0jdfwd9f00000 and t-hz0jdfwd9f00000.", []string{"get_invocation_results invoke_id t-hz0jdfwd9f00000"}},
		{"a masked id is none", "0099b7be-5f5b-4512-a7fc-****", nil},
		{"words that only look like ids", "t-shirt c-suite i-frame", nil},
		{"a RequestId is no AppId", "E544D333-130C-4540-94BF-116BC8A96A40", nil},
		{"short words that only look like ids", "c-19 i-5 t-1000 i-18n c-3po", nil},
		{"an encoded URL", "https%3A%2F%2Fsae.console.aliyun.com%2Fapp%2F0099b7be-5f5b-4512-a7fc-56049ef10000%2Fbase id%3Dt-hz0jdfwd9f00000%26x", []string{
			"get_app_status app_id 0099b7be-5f5b-4512-a7fc-56049ef10000", "get_invocation_results invoke_id t-hz0jdfwd9f00000"}},
		{"encoded quotes", "%220099b7be-5f5b-4512-a7fc-56049ef10000%22", []string{"get_app_status app_id 0099b7be-5f5b-4512-a7fc-56049ef10000"}},
		{"Chinese without spaces", "实例i-bp1i7gg30r52z2em0000异常", []string{"get_invocation_results instance_id i-bp1i7gg30r52z2em0000"}},
		{"emphasis", "**i-bp1i7gg30r52z2em0000** and *t-hz0jdfwd9f00000*", []string{
			"get_invocation_results instance_id i-bp1i7gg30r52z2em0000", "get_invocation_results invoke_id t-hz0jdfwd9f00000"}},
		{"a mask", "i-bp1i7gg30r52****", nil},
		{"capitals", "T-HZ0JDFWD9F00000", []string{"get_invocation_results invoke_id t-hz0jdfwd9f00000"}},
		{"an alias within a word is none", "checkout-v2 mycheckout web_1", nil},
		{"an endless id", "t-" + strings.Repeat("1", 1000), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, more := cfg.Triage(c.text)
			require.False(t, more)
			var got []string
			for _, f := range found {
				line := f.Tool + " " + f.Arg + " " + f.Word
				if f.Starts {
					line += " starts"
				}
				got = append(got, line)
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestTriageListsABoundedNumberAndSaysSo(t *testing.T) {
	var text strings.Builder
	for i := range 100 {
		fmt.Fprintf(&text, "t-hz0jdfwd%d ", i)
	}
	found, more := newWorld(t).cfg.Triage(text.String())
	require.Len(t, found, 20)
	require.True(t, more)
}

func TestATriageThatMayOnlyReadNamesNoStart(t *testing.T) {
	cfg := newWorld(t, readOnly).cfg
	found, _ := cfg.Triage("checkout-env we-5d3eaaea2977ca5251e00000 wc-5d4103a856fd7c14ac900000")
	require.Equal(t, []tools.Found{{Word: "wc-5d4103a856fd7c14ac900000", Tool: "gather_env_stats", Arg: "change_id"}}, found)
	for _, k := range cfg.Kinds() {
		require.NotEqual(t, "env_id", k.Arg)
	}
}

func TestKnownListsNamesInOrderAndNoCredential(t *testing.T) {
	client := func(region string) *cloudapi.Client {
		c, err := cloudapi.New(cloudapi.Config{Region: region, Credentials: cloudapi.StaticCredentials("LTAIsecret", "secret", "secret")})
		require.NoError(t, err)
		return c
	}
	cfg := tools.Config{
		Profiles: []tools.Profile{{Name: "prod", Client: client("cn-hangzhou")}, {Name: "any", Client: client("")}},
		Aliases: []tools.Alias{
			{Name: "web", Arg: "app_id", ID: cloudsim.WebApp, Region: "cn-beijing", Profile: "any"},
			{Name: "Checkout", Arg: "app_id", ID: cloudsim.CheckoutApp},
		},
	}
	known := cfg.Known()
	require.Equal(t, []tools.KnownProfile{{"prod", "cn-hangzhou"}, {"any", ""}}, known.Profiles)
	require.Equal(t, []string{"cn-beijing", "cn-hangzhou"}, known.Regions)
	require.Equal(t, "Checkout", known.Aliases[0].Name)
	require.Equal(t, tools.KnownAlias{"web", "get_app_status", "app_id", cloudsim.WebApp, "any", "cn-beijing"}, known.Aliases[1])
	text, err := json.Marshal(known)
	require.NoError(t, err)
	require.NotContains(t, string(text), "secret")

	for prefix, want := range map[string][]string{"": {"Checkout", "web"}, "c": {"Checkout"}, "WE": {"web"}, "x": {}, "webb": {}} {
		require.Equal(t, want, cfg.CompleteAlias(prefix), prefix)
	}
	require.Equal(t, []string{"prod"}, cfg.CompleteProfile("P"))
	require.Equal(t, []string{"cn-beijing", "cn-hangzhou"}, cfg.CompleteRegion("cn-"))
	require.Empty(t, cfg.CompleteRegion("us-"))
}

func FuzzTriage(f *testing.F) {
	cfg := newWorld(f).cfg
	for _, seed := range []string{"checkout", "we-1 t-2,i-3", "https://x/?appId=0099b7be-5f5b-4512-a7fc-56049ef10000", "\xff\x00", "t-1*", "。t-1，"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found, _ := cfg.Triage(text)
		require.LessOrEqual(t, len(found), 20)
		for _, f := range found {
			require.Regexp(t, `^[0-9A-Za-z_-]+$`, f.Word, "nothing but ids and aliases gets out of a text")
			require.NotEmpty(t, f.Tool)
		}
	})
}
