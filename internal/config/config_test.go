package config_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v3"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/internal/config"
)

// read runs a program with a command "do", as both binaries have some. words are
// its command line, env its whole environment.
func read(t *testing.T, env map[string]string, words ...string) (c config.Config, err error) {
	t.Helper()
	action := func(_ context.Context, cmd *cli.Command) error {
		c, err = config.Read(cmd, func(name string) (string, bool) { value, ok := env[name]; return value, ok })
		return nil
	}
	program := &cli.Command{
		Name: "program", Flags: config.Flags(), Action: action,
		Commands: []*cli.Command{{Name: "do", Action: action}},
	}
	require.NoError(t, program.Run(t.Context(), append([]string{"program"}, words...)))
	return c, err
}

// defaults are what holds when nothing is said.
func defaults() config.Config {
	return config.Config{
		Profiles: []config.Profile{{Name: "default", Site: formatters.China, Endpoints: endpoints{}}},
		MaxWait:  45 * time.Second, LogLevel: slog.LevelWarn, Slack: config.Slack{ConfirmStart: true},
	}
}

// onlyProfile is what there is without a file.
func onlyProfile(name, region string) []config.Profile {
	p := config.Profile{Name: name, Region: region, Site: formatters.China, Endpoints: endpoints{}}
	if name != config.DefaultProfile {
		p.CredentialsProfile = name
	}
	return []config.Profile{p}
}

type endpoints = map[cloudapi.Product]*url.URL

// requireSame compares all but the sources, which Show has.
func requireSame(t *testing.T, want, got config.Config, about ...any) {
	t.Helper()
	require.Equal(t, want, got.WithoutSources(), about...)
}

type environment = map[string]string

func TestAFlagWinsOverTheEnvironmentAndThatOverTheDefault(t *testing.T) {
	full := environment{
		"ALITRIAGE_PROFILE": "prod", "ALIBABA_CLOUD_REGION_ID": "cn-beijing", "ALITRIAGE_READ_ONLY": "true",
		"ALITRIAGE_MAX_WAIT": "20s", "ALITRIAGE_LOG_LEVEL": "debug", "ALITRIAGE_LOG_FORMAT": "json",
	}
	fromEnvironment := config.Config{
		ReadOnly: true, Profiles: onlyProfile("prod", "cn-beijing"), MaxWait: 20 * time.Second, LogLevel: slog.LevelDebug, LogJSON: true,
		Slack: defaults().Slack,
	}
	fromFlags := config.Config{
		Demo: true, Profiles: onlyProfile("test", "cn-shanghai"), MaxWait: time.Minute, LogLevel: slog.LevelError, Slack: defaults().Slack,
	}
	flags := "--demo --profile test --region cn-shanghai --read-only=false --max-wait 1m --log-level error --log-format text"
	blank := environment{}
	for name := range full {
		blank[name] = "  "
	}
	for _, test := range []struct {
		name  string
		env   environment
		words string
		want  config.Config
	}{
		{"nothing", nil, "", defaults()},
		{"nothing, in a command", nil, "do", defaults()},
		{"environment", full, "", fromEnvironment},
		{"environment, in a command", full, "do", fromEnvironment},
		{"flags", nil, flags, fromFlags},
		{"flags over environment", full, flags, fromFlags},
		{"flags before a command", full, flags + " do", fromFlags},
		{"flags after a command", full, "do " + flags, fromFlags},
		{"flags around a command", full, strings.Replace(flags, "--read-only", "do --read-only", 1), fromFlags},
		{"an empty environment", blank, "", defaults()},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := read(t, test.env, strings.Fields(test.words)...)
			require.NoError(t, err)
			requireSame(t, test.want, got)
		})
	}
}

// TestAnEmptyFlagIsRefused: it means a value that is not there, such as that of a
// shell variable which is not set.
func TestAnEmptyFlagIsRefused(t *testing.T) {
	for _, name := range []string{"config", "profile", "region", "max-wait", "log-level", "log-format"} {
		for _, value := range []string{"", " "} {
			_, err := read(t, nil, "--"+name+"="+value)
			require.ErrorContains(t, err, "--"+name+" is empty; give it a value, or leave it out")
		}
	}
}

func TestValuesAreUnderstoodAsPeopleWriteThem(t *testing.T) {
	for _, test := range []struct {
		env   environment
		words []string
		want  func(*config.Config)
	}{
		{nil, []string{"--max-wait", "30"}, func(c *config.Config) { c.MaxWait = 30 * time.Second }},
		{nil, []string{"--max-wait", " 1m30s "}, func(c *config.Config) { c.MaxWait = 90 * time.Second }},
		{nil, []string{"--max-wait", "1s"}, func(c *config.Config) { c.MaxWait = time.Second }},
		{nil, []string{"--max-wait", "10m"}, func(c *config.Config) { c.MaxWait = 10 * time.Minute }},
		{nil, []string{"--region", " CN-Hangzhou "}, func(c *config.Config) { c.Profiles[0].Region = "cn-hangzhou" }},
		{environment{"ALIBABA_CLOUD_REGION_ID": "EU-Central-1"}, nil, func(c *config.Config) { c.Profiles[0].Region = "eu-central-1" }},
		{nil, []string{"--log-level", "Warn"}, func(c *config.Config) { c.LogLevel = slog.LevelWarn }},
		{nil, []string{"--log-format", "JSON"}, func(c *config.Config) { c.LogJSON = true }},
		{nil, []string{"--read-only"}, func(c *config.Config) { c.ReadOnly = true }},
		{environment{"ALITRIAGE_READ_ONLY": "1"}, nil, func(c *config.Config) { c.ReadOnly = true }},
		{environment{"ALITRIAGE_READ_ONLY": "FALSE"}, nil, func(*config.Config) {}},
		{environment{"ALIBABA_CLOUD_ECS_METADATA": "role"}, nil, func(c *config.Config) { c.Credentials.Metadata = true }},
		{environment{"ALIBABA_CLOUD_CREDENTIALS_URI": "http://127.0.0.1"}, nil, func(c *config.Config) { c.Credentials.URI = true }},
	} {
		want := defaults()
		test.want(&want)
		got, err := read(t, test.env, test.words...)
		require.NoError(t, err, "%v %v", test.env, test.words)
		requireSame(t, want, got, "%v %v", test.env, test.words)
	}
}

func TestABadValueIsNamedWithItsPlaceAndWhatIsAllowed(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, test := range []struct {
		env   environment
		words []string
		want  string
	}{
		{nil, []string{"--region", "Hang Zhou"}, `--region: "Hang Zhou" is not a RegionId; it looks like cn-hangzhou`},
		{environment{"ALIBABA_CLOUD_REGION_ID": "cn_hangzhou"}, nil, `ALIBABA_CLOUD_REGION_ID: "cn_hangzhou" is not a RegionId; it looks like cn-hangzhou`},
		{nil, []string{"--max-wait", "soon"}, `--max-wait: "soon" is not allowed; give a time from 1s to 10m, such as 45s`},
		{nil, []string{"--max-wait", "0"}, `--max-wait: "0" is not allowed; give a time from 1s to 10m, such as 45s`},
		{nil, []string{"--max-wait", "999ms"}, `--max-wait: "999ms" is not allowed; give a time from 1s to 10m, such as 45s`},
		{nil, []string{"--max-wait", "601"}, `--max-wait: "601" is not allowed; give a time from 1s to 10m, such as 45s`},
		{nil, []string{"--max-wait=-5s"}, `--max-wait: "-5s" is not allowed; give a time from 1s to 10m, such as 45s`},
		{nil, []string{"--max-wait", "18446744119"}, `--max-wait: "18446744119" is not allowed; give a time from 1s to 10m, such as 45s`}, // would overflow to 45 s
		{environment{"ALITRIAGE_MAX_WAIT": "1h"}, nil, `ALITRIAGE_MAX_WAIT: "1h" is not allowed; give a time from 1s to 10m, such as 45s`},
		{nil, []string{"--log-level", "loud"}, `--log-level: "loud" is not a level; use debug, info, warn or error`},
		{environment{"ALITRIAGE_LOG_LEVEL": "loud"}, nil, `ALITRIAGE_LOG_LEVEL: "loud" is not a level; use debug, info, warn or error`},
		{nil, []string{"--log-format", "xml"}, `--log-format: "xml" is not a format; use text or json`},
		{environment{"ALITRIAGE_LOG_FORMAT": "xml"}, nil, `ALITRIAGE_LOG_FORMAT: "xml" is not a format; use text or json`},
		{environment{"ALITRIAGE_READ_ONLY": "yes please"}, nil, `ALITRIAGE_READ_ONLY: "yes please" is neither true nor false`},
		{environment{"ALITRIAGE_ENDPOINT": "http://ecs.example.com"}, nil, `ALITRIAGE_ENDPOINT: endpoint "http://ecs.example.com": http:// is accepted for loopback only; use https://`},
		{environment{"ALITRIAGE_ENDPOINT": "ecs.example.com"}, nil, `ALITRIAGE_ENDPOINT: endpoint "ecs.example.com" is not a URL: write it like https://ecs.example.internal`},
		{environment{"ALITRIAGE_LOG_LEVEL": long}, nil, `ALITRIAGE_LOG_LEVEL: "` + long[:80] + `" is not a level; use debug, info, warn or error`},
		{environment{"ALITRIAGE_LOG_LEVEL": "a\nb"}, nil, `ALITRIAGE_LOG_LEVEL: "a\nb" is not a level; use debug, info, warn or error`},
	} {
		_, err := read(t, test.env, test.words...)
		require.EqualError(t, err, test.want, "%v %v", test.env, test.words)
	}
}

func TestAGoodFlagMendsABadEnvironment(t *testing.T) {
	env := environment{
		"ALIBABA_CLOUD_REGION_ID": "!", "ALITRIAGE_READ_ONLY": "!", "ALITRIAGE_MAX_WAIT": "!", "ALITRIAGE_LOG_LEVEL": "!", "ALITRIAGE_LOG_FORMAT": "!",
	}
	_, err := read(t, env, strings.Fields("--region cn-hangzhou --read-only --max-wait 45s --log-level warn --log-format text")...)
	require.NoError(t, err)
}

func TestAllProblemsAreReportedAtOnce(t *testing.T) {
	_, err := read(t, environment{
		"ALIBABA_CLOUD_REGION_ID": "!", "ALITRIAGE_READ_ONLY": "!", "ALITRIAGE_MAX_WAIT": "!",
		"ALITRIAGE_LOG_LEVEL": "!", "ALITRIAGE_LOG_FORMAT": "!", "ALITRIAGE_ENDPOINT": "!",
	})
	require.Error(t, err)
	require.Len(t, strings.Split(err.Error(), "\n"), 6)
}

func TestHelpNamesTheVariableOfEachFlag(t *testing.T) {
	var out strings.Builder
	program := &cli.Command{Name: "program", Flags: config.Flags(), Writer: &out}
	require.NoError(t, program.Run(t.Context(), []string{"program", "--help"}))
	for _, variable := range []string{
		"ALITRIAGE_PROFILE", "ALIBABA_CLOUD_REGION_ID", "ALITRIAGE_READ_ONLY", "ALITRIAGE_MAX_WAIT", "ALITRIAGE_LOG_LEVEL", "ALITRIAGE_LOG_FORMAT",
	} {
		require.Contains(t, out.String(), variable)
	}
}

// The process's own environment is no business of a Read that was handed another.
func TestOnlyTheGivenEnvironmentIsRead(t *testing.T) {
	for _, name := range []string{
		"ALITRIAGE_CONFIG", "ALITRIAGE_PROFILE", "ALIBABA_CLOUD_REGION_ID", "ALITRIAGE_READ_ONLY", "ALITRIAGE_MAX_WAIT", "ALITRIAGE_LOG_LEVEL", "ALITRIAGE_LOG_FORMAT", "ALITRIAGE_ENDPOINT",
	} {
		t.Setenv(name, "!")
	}
	got, err := read(t, nil)
	require.NoError(t, err)
	requireSame(t, defaults(), got)
}

// clientOf is the default profile's.
func clientOf(t *testing.T, c config.Config) *cloudapi.Client {
	t.Helper()
	made, err := c.Tools("test", nil)
	require.NoError(t, err)
	return made.Profiles[0].Client
}

func TestTheEndpointStandsInForEveryProduct(t *testing.T) {
	sim := cloudsim.New(cloudsim.Options{})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	t.Setenv("HOME", t.TempDir())
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", sim.Key().ID)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", sim.Key().Secret)
	c, err := read(t, environment{"ALITRIAGE_ENDPOINT": server.URL + "/", "ALIBABA_CLOUD_REGION_ID": cloudsim.Region})
	require.NoError(t, err)
	client := clientOf(t, c)
	require.Equal(t, cloudsim.Region, client.Region())

	_, err = client.DescribeApplicationStatus(t.Context(), cloudsim.WebApp)
	require.NoError(t, err)
	_, err = client.DescribeInvocationResults(t.Context(), cloudapi.InvocationResultsRequest{InvokeID: cloudsim.DiskCleanup})
	require.NoError(t, err)
	_, err = client.GetExecuteOperationResult(t.Context(), cloudapi.OperationResultRequest{OperationID: cloudsim.Resize})
	require.NoError(t, err)
	started, err := client.GatherAppEnvStats(t.Context(), cloudapi.GatherAppEnvStatsRequest{EnvID: cloudsim.CheckoutEnv})
	require.NoError(t, err)
	_, err = client.DescribeGatherStatsResult(t.Context(), started.ChangeID)
	require.NoError(t, err)
	require.Zero(t, sim.Calls().Refused)
}

func TestAProfileUsesNothingFromTheEnvironment(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "id-of-the-environment")
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "secret-of-the-environment")
	c, err := read(t, nil, "--profile", "triage", "--region", "cn-hangzhou")
	require.NoError(t, err)
	client := clientOf(t, c)
	_, err = client.DescribeApplicationStatus(t.Context(), cloudsim.WebApp)
	require.ErrorIs(t, err, cloudapi.ErrNoCredentials)
	require.ErrorContains(t, err, `"triage"`)
	require.NotContains(t, err.Error(), "of-the-environment")
}
