package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/acs3"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/internal/doctor"
)

// sickbed is a simulated cloud in which something is wrong, and the real program
// beside it.
type sickbed struct {
	*cloudsim.Sim

	t    *testing.T
	home string
	env  map[string]string
}

func newSickbed(t *testing.T, options cloudsim.Options) *sickbed {
	t.Helper()
	b := &sickbed{Sim: cloudsim.New(options), t: t, home: t.TempDir()}
	server := httptest.NewServer(b.Sim)
	t.Cleanup(server.Close)
	b.env = map[string]string{
		"HOME": b.home, "ALITRIAGE_ENDPOINT": server.URL, "ALIBABA_CLOUD_REGION_ID": cloudsim.Region,
		"ALIBABA_CLOUD_ACCESS_KEY_ID": b.Key().ID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": b.Key().Secret,
	}
	return b
}

// file puts a config file into the home, which is the working directory.
func (b *sickbed) file(content string) {
	b.t.Helper()
	require.NoError(b.t, os.WriteFile(filepath.Join(b.home, "alitriage.yaml"), []byte(content), 0o600))
	b.env["ALITRIAGE_CONFIG"] = "alitriage.yaml"
}

func (b *sickbed) run(args ...string) (stdout string, code int) {
	b.t.Helper()
	var out, errs bytes.Buffer
	p := exec.CommandContext(b.t.Context(), program, args...)
	p.Dir, p.Stdout, p.Stderr, p.WaitDelay = b.home, &out, &errs, patience
	p.Env = []string{promptExit}
	for name, value := range b.env {
		p.Env = append(p.Env, name+"="+value)
	}
	_ = p.Run() // ProcessState has it
	require.NotNil(b.t, p.ProcessState, "the program did not start")
	require.Empty(b.t, errs.String())
	requireNoSecret(b.t, out.String())
	return out.String(), p.ProcessState.ExitCode()
}

func (b *sickbed) deny(operation, action string) {
	b.Inject(cloudsim.Fault{Operation: operation, Code: "Forbidden.RAM", Denied: &cloudsim.AccessDenied{
		AuthAction: action, AuthPrincipalType: "SubUser", AuthPrincipalDisplayName: "204412345678901234",
		AuthPrincipalOwnerId: "1234567890123456", NoPermissionType: "ImplicitDeny", PolicyType: "AccountLevelIdentityBasedPolicy",
	}})
}

const aRole = "profiles:\n  prod: {region: cn-hangzhou, role_arn: \"acs:ram::1234567890123456:role/triage\"}\n"

// The answers are in testdata/doctor, where they can be read as people get them.
func TestTheDoctorFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, world := range []struct {
		fact    string
		options cloudsim.Options
		spoil   func(*sickbed)
		args    string
		code    int
	}{
		{fact: "all is well"},
		{fact: "all is well, and nothing is to be started", args: "--read-only"},
		{fact: "all is well with a role", spoil: func(b *sickbed) { b.file(aRole) }},
		{fact: "no credentials", code: exitBad, spoil: func(b *sickbed) {
			delete(b.env, "ALIBABA_CLOUD_ACCESS_KEY_ID")
			delete(b.env, "ALIBABA_CLOUD_ACCESS_KEY_SECRET")
		}},
		{fact: "a profile of the aliyun CLI that is not there", code: exitBad, args: "--profile triage"},
		{fact: "an AccessKey that does not exist", code: exitBad, spoil: func(b *sickbed) { b.env["ALIBABA_CLOUD_ACCESS_KEY_ID"] = "LTAI5tNobody" }},
		{fact: "a wrong secret", code: exitBad, spoil: func(b *sickbed) { b.env["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = "of-another-key" }},
		{fact: "an expired token", code: exitBad, spoil: func(b *sickbed) {
			b.PutCredential(cloudsim.Credential{Key: acs3.Key{ID: b.Key().ID, Secret: b.Key().Secret, SecurityToken: "old"}, ExpiresAt: time.Now().Add(-time.Minute)})
			b.env["ALIBABA_CLOUD_SECURITY_TOKEN"] = "old"
		}},
		{fact: "a clock 20 minutes behind", code: exitBad, options: cloudsim.Options{Now: func() time.Time { return time.Now().Add(20 * time.Minute) }}},
		{fact: "a clock 3 minutes ahead", options: cloudsim.Options{Now: func() time.Time { return time.Now().Add(-3 * time.Minute) }}},
		{fact: "a clock 20 minutes behind that of one endpoint", code: exitBad, options: cloudsim.Options{Now: func() time.Time { return time.Now().Add(10 * time.Second) }}, spoil: func(b *sickbed) {
			url := b.env["ALITRIAGE_ENDPOINT"]
			delete(b.env, "ALITRIAGE_ENDPOINT")
			ahead := httptest.NewServer(cloudsim.New(cloudsim.Options{Now: func() time.Time { return time.Now().Add(20 * time.Minute) }}))
			b.t.Cleanup(ahead.Close)
			b.file("profiles:\n  prod: {region: cn-hangzhou, endpoints: {sae: " + url + ", webplus: " + url + ", bpstudio: " + url + ", ecs: " + ahead.URL + "}}\n")
		}},
		{fact: "no region", spoil: func(b *sickbed) { delete(b.env, "ALIBABA_CLOUD_REGION_ID") }},
		{fact: "a region with a slip", spoil: func(b *sickbed) { b.env["ALIBABA_CLOUD_REGION_ID"] = "cn-hangzou" }},
		{fact: "a region that there is not", code: exitBad, spoil: func(b *sickbed) {
			b.env["ALIBABA_CLOUD_REGION_ID"] = "cn-atlantis"
			b.Inject(cloudsim.Fault{Operation: "DescribeInvocationResults", Code: "InvalidRegionId.NotFound", Status: 404, Message: "The specified RegionId does not exist."})
		}},
		{fact: "commands may not be read", code: exitBad, spoil: func(b *sickbed) { b.deny("DescribeInvocationResults", "ecs:DescribeInvocationResults") }},
		{fact: "applications may not be read", code: exitBad, spoil: func(b *sickbed) { b.deny("DescribeApplicationStatus", "sae:DescribeApplicationStatus") }},
		{fact: "operations may not be read", code: exitBad, spoil: func(b *sickbed) { b.deny("GetExecuteOperationResult", "bpstudio:GetExecuteOperationResult") }},
		{fact: "gathers may not be read", code: exitBad, spoil: func(b *sickbed) { b.deny("DescribeGatherStatsResult", "webplus:DescribeGatherStatsResult") }},
		{fact: "gathers that do not exist or may not be read", spoil: func(b *sickbed) {
			b.Inject(cloudsim.Fault{Operation: "DescribeGatherStatsResult", Code: "ResourceAuthFailed"})
		}},
		{fact: "a policy forbids it", code: exitBad, spoil: func(b *sickbed) {
			b.Inject(cloudsim.Fault{Operation: "DescribeApplicationStatus", Code: "Forbidden.RAM", Denied: &cloudsim.AccessDenied{
				AuthAction: "sae:DescribeApplicationStatus", AuthPrincipalType: "AssumedRoleUser", AuthPrincipalDisplayName: "triage:alitriage",
				NoPermissionType: "ExplicitDeny", PolicyType: "ControlPolicy",
			}})
		}},
		{fact: "the role may not be assumed", code: exitBad, spoil: func(b *sickbed) {
			b.file(aRole)
			b.Inject(cloudsim.Fault{Operation: "AssumeRole", Code: "NoPermission", Denied: &cloudsim.AccessDenied{
				AuthAction: "sts:AssumeRole", AuthPrincipalType: "SubUser", AuthPrincipalDisplayName: "204412345678901234",
				AuthPrincipalOwnerId: "1234567890123456", NoPermissionType: "ImplicitDeny", PolicyType: "AssumeRolePolicy",
			}})
		}},
		{fact: "nobody listens at the endpoint", code: exitBad, spoil: func(b *sickbed) { b.env["ALITRIAGE_ENDPOINT"] = "http://127.0.0.1:1" }},
		{fact: "the endpoint hangs up", code: exitBad, spoil: func(b *sickbed) {
			server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
			b.t.Cleanup(server.Close)
			b.env["ALITRIAGE_ENDPOINT"] = server.URL
		}},
		{fact: "one endpoint of two accounts is away", code: exitBad, spoil: func(b *sickbed) {
			url := b.env["ALITRIAGE_ENDPOINT"]
			delete(b.env, "ALITRIAGE_ENDPOINT")
			four := "sae: " + url + ", webplus: " + url + ", bpstudio: " + url + ", ecs: "
			b.file("default_profile: prod\nprofiles:\n  prod: {region: cn-hangzhou, endpoints: {" + four + url + "}}\n  staging: {region: cn-shanghai, endpoints: {" + four + "http://127.0.0.1:1}}\n")
		}},
		{fact: "a product that is not offered in the region is away", spoil: func(b *sickbed) {
			url := b.env["ALITRIAGE_ENDPOINT"]
			delete(b.env, "ALITRIAGE_ENDPOINT")
			b.file("profiles:\n  prod: {region: eu-west-1, endpoints: {sae: http://127.0.0.1:1, webplus: " + url + ", bpstudio: " + url + ", ecs: " + url + "}}\n")
		}},
		{fact: "the endpoint serves something else", code: exitBad, spoil: func(b *sickbed) {
			b.Inject(cloudsim.Fault{Operation: "DescribeApplicationStatus", Code: "InvalidApi.NotFound"})
		}},
		{fact: "a product has a fault of its own", code: exitBad, spoil: func(b *sickbed) {
			b.Inject(cloudsim.Fault{Operation: "GetExecuteOperationResult", Code: "ServiceUnavailable"})
		}},
		{fact: "the account is throttled", spoil: func(b *sickbed) {
			b.Inject(cloudsim.Fault{Operation: "DescribeApplicationStatus", Code: "Throttling.User"})
		}},
		{fact: "a proxy that is no URL", spoil: func(b *sickbed) { b.env["HTTPS_PROXY"] = "http://alice:100%@proxy:3128" }},
		{fact: "a config file with slips", code: exitBad, spoil: func(b *sickbed) { b.file("profile: {prod: {}}\naliases: {web: {app: x}}\n") }},
		{fact: "a config file that is not there", code: exitBad, args: "--config none.yaml"},
		{fact: "one of two accounts is asked for", args: "--profile staging", spoil: func(b *sickbed) {
			b.file("default_profile: prod\nprofiles: {prod: {credentials_profile: gone}, staging: {}}\n")
		}},
		{fact: "a simulator", args: "--demo"},
	} {
		t.Run(world.fact, func(t *testing.T) {
			t.Parallel()
			b := newSickbed(t, world.options)
			if world.spoil != nil {
				world.spoil(b)
			}
			stdout, code := b.run(append([]string{"doctor"}, strings.Fields(world.args)...)...)
			requireGolden(t, "doctor/"+strings.NewReplacer(" ", "-", ",", "").Replace(world.fact)+".txt", normal(stdout))
			require.Equal(t, world.code, code, stdout)
			require.Empty(t, b.Calls().Changes, "nothing is started")
			require.Zero(t, b.Calls().Accepted["GatherAppEnvStats"])
		})
	}
}

func requireGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", filepath.FromSlash(name))
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run make golden, and read what it writes")
	require.Equal(t, string(want), got, "if it is meant to change: make golden, and read the diff")
}

func TestTheDoctorSpeaksJSON(t *testing.T) {
	t.Parallel()
	for code, spoil := range map[int]func(*sickbed){
		exitOK:  func(*sickbed) {},
		exitBad: func(b *sickbed) { b.deny("DescribeApplicationStatus", "sae:DescribeApplicationStatus") },
	} {
		b := newSickbed(t, cloudsim.Options{})
		spoil(b)
		stdout, got := b.run("doctor", "--json")
		require.Equal(t, code, got)
		var answer struct {
			OK, Simulated bool
			Checks        []doctor.Check
		}
		require.NoError(t, json.Unmarshal([]byte(stdout), &answer))
		require.Equal(t, code == exitOK, answer.OK)
		require.False(t, answer.Simulated)
		require.Len(t, answer.Checks, 15)
		if code == exitBad {
			require.Contains(t, stdout, `"status": "failed"`)
			require.Contains(t, stdout, `sae:DescribeApplicationStatus`)
		}
	}
}
