package config_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/internal/config"
	"github.com/alitriage/alitriage/tools"
)

var update = flag.Bool("update", false, "rewrite golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// written puts a config file where read can find it.
func written(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "alitriage.yaml")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func readFile(t *testing.T, content string, words ...string) (config.Config, error) {
	t.Helper()
	c, err := read(t, nil, append([]string{"--config", written(t, content)}, words...)...)
	if err != nil { // without the folder, which differs
		return c, fmt.Errorf("%s", strings.ReplaceAll(err.Error(), filepath.Dir(c.File)+"/", ""))
	}
	return c, nil
}

func TestAFileIsUnderstood(t *testing.T) {
	c, err := read(t, nil, "--config", "testdata/good.yaml")
	require.NoError(t, err)
	ecs, err := cloudapi.ParseEndpoint("https://ecs.example.internal")
	require.NoError(t, err)
	want := defaults()
	want.Profiles = []config.Profile{
		{Name: "prod", CredentialsProfile: "prod", RoleARN: "acs:ram::123:role/triage-ro", Region: "cn-hangzhou", Site: formatters.China, Endpoints: endpoints{}},
		{Name: "staging", Region: "cn-shanghai", Site: formatters.China, Endpoints: endpoints{cloudapi.ECS: ecs}},
	}
	want.Aliases = []tools.Alias{
		{Name: "checkout", Arg: "app_id", ID: "0099b7be-5f5b-4512-a7fc-56049ef1aaaa", Profile: "prod"},
		{Name: "checkout-env", Arg: "env_id", ID: "we-5d3eaaea2977ca5251e00000", Profile: "prod", Region: "cn-beijing"},
	}
	want.Slack = config.Slack{TeamIDs: []string{"T024BE7LD"}, CanStart: []string{"U0123", "S0456"}, Channels: []string{"C0789"}, ConfirmStart: true}
	requireSame(t, want, c)
}

func TestEverythingWrongWithAFileIsSaidAtOnceWithItsLine(t *testing.T) {
	_, err := read(t, nil, "--config", "testdata/bad.yaml")
	require.Error(t, err)
	golden(t, "bad.golden", err.Error()+"\n")
}

func TestAPasswordInAnEndpointIsNotShown(t *testing.T) {
	for _, endpoint := range []string{"https://anna:pa55word@ecs.example.com", "https://ecs.example.com/?key=pa55word", "https://anna:pa55/word@ecs.example.com"} {
		_, err := readFile(t, `profiles: {a: {endpoints: {ecs: "`+endpoint+`"}}}`)
		require.ErrorContains(t, err, "alitriage.yaml:1: profiles.a.endpoints.ecs is refused: endpoint")
		require.NotContains(t, err.Error(), "pa55")
	}
}

// Else a variable that was not filled in would open the bot to all channels.
func TestAnEntryOfAListIsNotEmpty(t *testing.T) {
	for _, entry := range []string{`""`, `"  "`, "~"} {
		_, err := readFile(t, "slack:\n  channels: [C0789GH1I]\n  can_start:\n  - U012AB3CD\n  - "+entry+"\n")
		require.EqualError(t, err, "alitriage.yaml:5: slack.can_start[1] is empty; take it out", entry)
	}
}

func TestFilesThatAreNone(t *testing.T) {
	for _, test := range []struct{ name, content, want string }{
		{"a tab", "profiles:\n\tprod: {}\n", "alitriage.yaml:2: this is no YAML: found character that cannot start any token; indent with spaces, not tabs"},
		{"an open bracket", "profiles: [a\n", "alitriage.yaml:1: this is no YAML: did not find expected ',' or ']'"},
		{"a word", "hello", "alitriage.yaml:1: the file has to be a mapping, such as {default_profile: …}"},
		{"a list", "- a", "alitriage.yaml:1: the file has to be a mapping, such as {default_profile: …}"},
		{"two documents", "site: cn\n---\nsite: intl\n", "alitriage.yaml:1: there is more than one document in it; write all into one, without ---"},
		{"bytes", "\x00\xff", "alitriage.yaml:1: this is no YAML: control characters are not allowed"},
		{"a circle", "site: &a [*a]", "alitriage.yaml:1: site has to be a single value"},
		{"a text as profiles", "profiles: prod", "alitriage.yaml:1: profiles has to be a mapping, such as {name: {credentials_profile: …}}"},
		{"a default without profiles", "default_profile: prod", `alitriage.yaml:1: default_profile: "prod" is not a profile of the file, which has none`},
		{"an alias of a profile without profiles", "aliases: {web: {app_id: 0099b7be-5f5b-4512-a7fc-56049ef1aaaa, profile: prod}}", `alitriage.yaml:1: aliases.web.profile: "prod" is not a profile of the file, which has none; add it, or leave profile out`},
		{"a default that is not there", "default_profile: prdo\nprofiles: {prod: {}, staging: {}}", `alitriage.yaml:1: default_profile: "prdo" is not a profile of the file; did you mean prod? (known: prod, staging)`},
		{"too many aliases", "aliases:\n" + manyAliases(1001), "alitriage.yaml:2: aliases has more than 1000 entries"},
		{"a long list", "slack: {channels: [" + strings.Repeat("C012,", 1001) + "]}", "alitriage.yaml:1: slack.channels has 1001 entries; at most 1000 are taken"},
		{"too big", strings.Repeat("# a comment\n", 1<<17), `--config: "alitriage.yaml" is over 1024 kB, which no config file is`},
		{"a hostile key", "\"a\\e[31m\\nb\": 1", `alitriage.yaml:1: a\x1b[31m\nb is not a key (allowed: default_profile, site, read_only, max_wait, log_level, log_format, profiles, aliases, slack)`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := readFile(t, test.content)
			require.EqualError(t, err, test.want)
		})
	}
}

func TestOfManyProblemsTheFirstFiftyAreTold(t *testing.T) {
	_, err := readFile(t, "oops: 1\n"+manyUnknown(1000))
	require.Error(t, err)
	lines := strings.Split(err.Error(), "\n")
	require.Len(t, lines, 51)
	require.Equal(t, "alitriage.yaml: 951 more problems", lines[50])
}

func manyUnknown(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "oops%d: 1\n", i)
	}
	return b.String()
}

func manyAliases(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  app%d: {app_id: 0099b7be-5f5b-4512-a7fc-56049ef1aaaa}\n", i)
	}
	return b.String()
}

func TestFilesThatSayLittle(t *testing.T) {
	for _, content := range []string{"", "# nothing\n", "---\n", "profiles:\naliases:\nslack:\n", "default_profile:\nprofiles: {}\n", "\ufeff"} {
		c, err := readFile(t, content)
		require.NoError(t, err, "%q", content)
		requireSame(t, defaults(), c, "%q", content)
	}
}

func TestAFileThatIsNotThereIsNamed(t *testing.T) {
	for _, test := range []struct{ path, want string }{
		{"testdata/none.yaml", `--config: "testdata/none.yaml" cannot be read: no such file or directory`},
		{"~/alitriage.yaml", `--config: "~/alitriage.yaml" cannot be read: ~ stands for the home directory in a shell only; write it out`},
		{"testdata", `--config: "testdata" cannot be read: it is no file, or a broken one`},
	} {
		_, err := read(t, nil, "--config", test.path)
		require.EqualError(t, err, test.want)
	}
	_, err := read(t, environment{"ALITRIAGE_CONFIG": "none.yaml"})
	require.EqualError(t, err, `ALITRIAGE_CONFIG: "none.yaml" cannot be read: no such file or directory`)
}

func TestTheFileStandsBehindFlagAndEnvironment(t *testing.T) {
	const content = "read_only: true\nmax_wait: 30\nlog_level: debug\nlog_format: json\nprofiles: {one: {}, two: {}}\ndefault_profile: two\n"
	c, err := readFile(t, content)
	require.NoError(t, err)
	require.Equal(t, "30s true json DEBUG two", summary(c))

	path := written(t, content)
	c, err = read(t, environment{"ALITRIAGE_CONFIG": path, "ALITRIAGE_READ_ONLY": "false", "ALITRIAGE_MAX_WAIT": "20s", "ALITRIAGE_LOG_LEVEL": "error", "ALITRIAGE_LOG_FORMAT": "text", "ALITRIAGE_PROFILE": "one"})
	require.NoError(t, err)
	require.Equal(t, "20s false text ERROR one", summary(c))

	c, err = read(t, environment{"ALITRIAGE_CONFIG": "none.yaml", "ALITRIAGE_PROFILE": "one"}, "--config", path, "--profile", "two", "--max-wait", "1m")
	require.NoError(t, err)
	require.Equal(t, "1m0s true json DEBUG two", summary(c))
}

func summary(c config.Config) string {
	return fmt.Sprint(c.MaxWait, " ", c.ReadOnly, " ", map[bool]string{true: "json", false: "text"}[c.LogJSON], " ", c.LogLevel, " ", c.Profiles[0].Name)
}

func TestTheDefaultProfileComesFirstAndIsNotGuessed(t *testing.T) {
	for _, test := range []struct{ content, words, want string }{
		{"profiles: {prod: {}}", "", "prod"},
		{"profiles: {prod: {}, default: {}}", "", "default"},
		{"profiles: {a: {}, b: {}, c: {}}\ndefault_profile: b", "", "b"},
		{"profiles: {a: {}, b: {}}\ndefault_profile: b", "--profile a", "a"},
		{"profiles: {a: {}}", "--profile default", `--profile: "default" is not a profile of the file (known: a)`},
		{"profiles: {prod: {}, staging: {}}", "--profile prdo", `--profile: "prdo" is not a profile of the file; did you mean prod? (known: prod, staging)`},
		{"profiles: {a: {}, b: {}}", "", "alitriage.yaml:1: default_profile is missing: there are several profiles, and none is called default; give one of a, b"},
	} {
		c, err := readFile(t, test.content, strings.Fields(test.words)...)
		if err != nil {
			require.EqualError(t, err, test.want)
			continue
		}
		require.Equal(t, test.want, c.Profiles[0].Name, test.content)
	}
}

// The order of the contract: flag, profile, environment. The call and its alias
// come before all of them, in package tools.
func TestTheRegionOfAProfile(t *testing.T) {
	path := written(t, "default_profile: a\nprofiles: {a: {region: cn-beijing}, b: {}}")
	for _, test := range []struct {
		env   environment
		words []string
		a, b  string
	}{
		{nil, nil, "cn-beijing", ""},
		{environment{"ALIBABA_CLOUD_REGION_ID": "cn-shanghai"}, nil, "cn-beijing", "cn-shanghai"},
		{environment{"ALIBABA_CLOUD_REGION_ID": "cn-shanghai"}, []string{"--region", "cn-hongkong"}, "cn-hongkong", "cn-hongkong"},
	} {
		c, err := read(t, test.env, append(test.words, "--config", path)...)
		require.NoError(t, err)
		require.Equal(t, test.a, c.Profiles[0].Region)
		require.Equal(t, test.b, c.Profiles[1].Region)
	}
}

func TestTheSiteOfAProfile(t *testing.T) {
	c, err := readFile(t, "site: intl\ndefault_profile: a\nprofiles: {a: {}, b: {site: cn}}")
	require.NoError(t, err)
	require.Equal(t, formatters.International, c.Profiles[0].Site)
	require.Equal(t, formatters.China, c.Profiles[1].Site)
	made, err := c.Tools("test", nil)
	require.NoError(t, err)
	require.Equal(t, formatters.International, made.Profiles[0].Site)
}

func TestShowNamesTheSourceOfEachValueAndNoSecret(t *testing.T) {
	c, err := read(t, environment{
		"ALITRIAGE_READ_ONLY": "true", "ALIBABA_CLOUD_ACCESS_KEY_ID": "secret-id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret-secret",
		"ALITRIAGE_HTTP_TOKEN": "secret-token", "HTTPS_PROXY": "http://user:secret-password@proxy:3128",
	}, "--config", "testdata/good.yaml", "--max-wait", "90", "--region", "eu-central-1", "--demo")
	require.NoError(t, err)
	text, err := c.Show()
	require.NoError(t, err)
	require.NotContains(t, text, "secret-")
	golden(t, "show.golden", text)
}

// What Show prints does the same as what it was printed from.
func TestWhatShowPrintsIsAConfigFile(t *testing.T) {
	for name, content := range map[string]string{
		"nothing": "",
		"all":     string(must(os.ReadFile("testdata/good.yaml"))),
		"odd names": "default_profile: '1e3'\nprofiles: {'1e3': {credentials_profile: 'yes', region: cn-hangzhou}, 'true': {credentials_profile: 'a # b'}, '0x1': {}}\n" +
			"aliases: {'12': {app_id: 0099b7be-5f5b-4512-a7fc-56049ef1aaaa, profile: 'true'}, 结账: {operation_id: op_4k2m9x7q1c8v5b3n6t0p2r}}\nmax_wait: 2m\n",
	} {
		t.Run(name, func(t *testing.T) {
			c, err := readFile(t, content)
			require.NoError(t, err)
			text, err := c.Show()
			require.NoError(t, err)
			again, err := readFile(t, text)
			require.NoError(t, err, text)
			requireSame(t, c.WithoutSources(), again, text)
		})
	}
	c, err := read(t, environment{"ALITRIAGE_ENDPOINT": "https://proxy.example/cloud", "ALIBABA_CLOUD_REGION_ID": "cn-beijing"})
	require.NoError(t, err)
	text, err := c.Show()
	require.NoError(t, err)
	again, err := readFile(t, text)
	require.NoError(t, err, text)
	requireSame(t, c.WithoutSources(), again, text)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestTheSchemaTakesWhatReadTakes(t *testing.T) {
	var schema jsonschema.Schema
	require.NoError(t, json.Unmarshal(config.Schema(), &schema))
	resolved, err := schema.Resolve(nil)
	require.NoError(t, err)
	validate := func(content string) error {
		var value any
		require.NoError(t, yaml.Unmarshal([]byte(content), &value), content)
		return resolved.Validate(value)
	}
	for _, content := range []string{
		string(must(os.ReadFile("testdata/good.yaml"))), "max_wait: 45", "max_wait: 1m30s", "{}", "profiles: {a: {endpoints: {sts: http://127.0.0.1:80}}}",
		"aliases: {结账: {operation_id: op_4k2m9x7q1c8v5b3n6t0p2r}}",
	} {
		_, err := readFile(t, content)
		require.NoError(t, err, content)
		require.NoError(t, validate(content), content)
	}
	for _, content := range []string{
		"site: us", "sits: cn", "read_only: 'yes'", "profiles: [a]", "profiles: {a: {regoin: x}}", "profiles: {'a b': {}}", "profiles: {a: {region: Hang Zhou}}",
		"profiles: {a: {role_arn: x}}", "profiles: {a: {endpoints: {oss: https://x}}}", "aliases: {a1: {}}", "slack: {team_ids: [x]}", "slack: {confirm_start: 1}",
		"aliases: {web: {app_id: 0099b7be-5f5b-4512-a7fc-56049ef1aaaa, env_id: we-5d3eaaea2977ca5251e00000}}", "aliases: {web: {app_id: t-hz0jdfwd9f00000}}",
		"log_level: loud",
	} {
		_, err := readFile(t, content)
		require.Error(t, err, content)
		require.Error(t, validate(content), content)
	}
}

func FuzzFile(f *testing.F) {
	f.Add(string(must(os.ReadFile("testdata/good.yaml"))))
	f.Add(string(must(os.ReadFile("testdata/bad.yaml"))))
	f.Add("a: &x {<<: *x}")
	for _, seed := range []string{"%YAML 1.2\n---\nread_only: True\n", `{"site": "c\\/n"}`, "\xff\xfea\x00:\x00", "a: [@b]\n", "# x\u2028a: b\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		c, err := config.ReadContent(content)
		if err != nil {
			require.NotRegexp(t, `[\x00-\x09\x0b-\x1f\x7f]`, err.Error(), "nothing of a file reaches a terminal raw")
			return
		}
		text, err := c.Show()
		require.NoError(t, err)
		again, err := config.ReadContent(text)
		require.NoError(t, err, text)
		requireSame(t, c.WithoutSources(), again)
	})
}

// In a demo the profiles keep their names and regions, and one simulator answers
// for all of them.
func TestInADemoTheFileStaysInForce(t *testing.T) {
	c, err := readFile(t, "profiles: {prod: {region: cn-beijing, role_arn: acs:ram::1:role/x}}\naliases: {web: {app_id: 0099b7be-5f5b-4512-a7fc-56049ef1aaaa}}", "--demo")
	require.NoError(t, err)
	made, err := c.Tools("test", nil)
	require.NoError(t, err)
	require.True(t, made.Simulated)
	require.Equal(t, "cn-beijing", made.Profiles[0].Client.Region())
	require.Equal(t, []string{"checkout", "checkout-env", "disk-cleanup", "payments", "resize", "web"}, made.CompleteAlias(""))
	require.Equal(t, []string{"web"}, made.CompleteAlias("w"))
	_, err = made.Profiles[0].Client.GetExecuteOperationResult(t.Context(), cloudapi.OperationResultRequest{OperationID: cloudsim.Resize})
	require.NoError(t, err)
}
