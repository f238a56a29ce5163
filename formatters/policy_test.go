package formatters

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/internal/growth"
)

func TestAPolicyAllowsTheLeastByResource(t *testing.T) {
	for _, c := range []struct {
		fact    string
		actions []string
		want    string
	}{
		{"nothing", nil, `{"Version":"1","Statement":[]}`},
		{"one action without brackets", []string{"sae:DescribeApplicationStatus"}, `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sae:DescribeApplicationStatus","Resource":"*"}]}`},
		{"a statement for each resource", []string{"sae:DescribeApplicationStatus", "ecs:DescribeInvocationResults", "bpstudio:GetExecuteOperationResult"},
			`{"Version":"1","Statement":[{"Effect":"Allow","Action":["sae:DescribeApplicationStatus","bpstudio:GetExecuteOperationResult"],"Resource":"*"},` +
				`{"Effect":"Allow","Action":"ecs:DescribeInvocationResults","Resource":["acs:ecs:*:*:command/*","acs:ecs:*:*:instance/*"]}]}`},
		{"an action once", []string{"sae:DescribeApplicationStatus", "sae:DescribeApplicationStatus"}, `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sae:DescribeApplicationStatus","Resource":"*"}]}`},
	} {
		t.Run(c.fact, func(t *testing.T) {
			text, err := json.Marshal(Allow(c.actions...))
			require.NoError(t, err)
			require.Equal(t, c.want, string(text))
		})
	}
}

const readCommands = "ecs:DescribeInvocationResults"

// TestDenialsAreFoundInAnyText: want is an action with why it is denied, for each.
func TestDenialsAreFoundInAnyText(t *testing.T) {
	const (
		implicit = readCommands + " implicit AccountLevelIdentityBasedPolicy"
		detail   = `{"AuthAction":"ecs:DescribeInvocationResults","AuthPrincipalType":"SubUser","AuthPrincipalDisplayName":"2345","AuthPrincipalOwnerId":"1234","NoPermissionType":"ImplicitDeny","PolicyType":"AccountLevelIdentityBasedPolicy","EncodedDiagnosticMessage":"AQEAAAAA"}`
	)
	once, err := json.Marshal(`{"Code":"NoPermission","AccessDeniedDetail":` + detail + `}`)
	require.NoError(t, err)
	twice, err := json.Marshal(string(once))
	require.NoError(t, err)
	for _, c := range []struct {
		fact, text string
		want       []string
	}{
		{"the vendor's JSON", `{"RequestId":"R","Code":"NoPermission","AccessDeniedDetail":` + detail + `}`, []string{implicit}},
		{"indented", "{\n  \"AuthAction\" : \"ecs:DescribeInvocationResults\",\n  \"NoPermissionType\" : \"ImplicitDeny\",\n  \"PolicyType\" : \"AccountLevelIdentityBasedPolicy\"\n}", []string{implicit}},
		{"escaped once, within a log line", `2026-09-01T03:00:00Z level=error body=` + string(once) + ` attempt=3`, []string{implicit}},
		{"escaped twice", string(twice), []string{implicit}},
		{"in a page", strings.ReplaceAll(detail, `"`, "&quot;"), []string{implicit}},
		{"in another order, with a long message between", `{"PolicyType":"ControlPolicy","EncodedDiagnosticMessage":"` + strings.Repeat("AQ", 3000) + `","NoPermissionType":"ExplicitDeny","AuthAction":"sae:DescribeApplicationStatus"}`, []string{"sae:DescribeApplicationStatus explicit ControlPolicy"}},
		{
			"as Terraform and the aliyun CLI print it",
			"ERROR: SDK.ServerError\nErrorCode: Forbidden.RAM\nRecommend: https://api.aliyun.com/troubleshoot?q=Forbidden.RAM\nRequestId: 473469C7\nMessage: User not authorized to operate on the specified resource, or this API doesn't support RAM.\nRespHeaders: map[Date:[Mon]]\n" +
				"AccessDeniedDetail: map[AuthAction:ecs:DescribeInvocationResults AuthPrincipalDisplayName:2345 AuthPrincipalOwnerId:1234 AuthPrincipalType:SubUser EncodedDiagnosticMessage:AQEA NoPermissionType:ImplicitDeny PolicyType:AccountLevelIdentityBasedPolicy]",
			[]string{implicit},
		},
		{"as Python prints it", `{'AuthAction': 'ecs:DescribeInvocationResults', 'NoPermissionType': 'ImplicitDeny', 'PolicyType': 'AccountLevelIdentityBasedPolicy'}`, []string{implicit}},
		{"as Java prints it", `{AuthAction=ecs:DescribeInvocationResults, NoPermissionType=ImplicitDeny, PolicyType=AccountLevelIdentityBasedPolicy}`, []string{implicit}},
		{"as Ruby prints it", `{"AuthAction"=>"ecs:DescribeInvocationResults", "NoPermissionType"=>"ImplicitDeny", "PolicyType"=>"AccountLevelIdentityBasedPolicy"}`, []string{implicit}},
		{"as XML", "<AccessDeniedDetail><AuthAction>ecs:DescribeInvocationResults</AuthAction><NoPermissionType>ImplicitDeny</NoPermissionType>\n<PolicyType>AccountLevelIdentityBasedPolicy</PolicyType></AccessDeniedDetail>", []string{implicit}},
		{"on lines of their own", "AuthAction: ecs:DescribeInvocationResults\nNoPermissionType: ImplicitDeny\nPolicyType: AccountLevelIdentityBasedPolicy\n", []string{implicit}},
		{
			"the action in the message alone",
			"ErrorCode: AccessDenied\nMessage: the caller is not authorized to perform 'fc:ListFunctions' on resource 'acs:fc:cn-hangzhou:1234:functions/*'\nAccessDeniedDetail: map[NoPermissionType:ImplicitDeny PolicyType:AccountLevelIdentityBasedPolicy]",
			[]string{"fc:ListFunctions implicit AccountLevelIdentityBasedPolicy"},
		},
		{"the message names the action again", `not authorized to perform "sae:DescribeApplicationStatus", AccessDeniedDetail: map[AuthAction:sae:DescribeApplicationStatus NoPermissionType:ExplicitDeny]`, []string{"sae:DescribeApplicationStatus explicit"}},
		{"a reason without an action is for the operation that was called", "aliyun ecs DescribeInvocationResults: AccessDeniedDetail: map[NoPermissionType:ExplicitDeny PolicyType:ControlPolicy]", []string{"DescribeInvocationResults explicit ControlPolicy"}},
		{"or for nothing that is known", "AccessDeniedDetail: map[NoPermissionType:ExplicitDeny PolicyType:ControlPolicy]", []string{"explicit ControlPolicy"}},
		{"what no policy allows has to be named", "AccessDeniedDetail: map[NoPermissionType:ImplicitDeny]", []string{"a denied call"}},
		{"two of them", `{"AuthAction":"ecs:DescribeInvocationResults","NoPermissionType":"ImplicitDeny"} {"AuthAction":"sae:DescribeApplicationStatus","NoPermissionType":"ExplicitDeny"}`, []string{"ecs:DescribeInvocationResults implicit", "sae:DescribeApplicationStatus explicit"}},
		{"the same twice", detail + "\nAccessDeniedDetail " + detail, []string{implicit}},
		{"one action, denied in two ways", `AuthAction:ecs:DescribeInvocationResults ImplicitDeny AccessDeniedDetail AuthAction:ecs:DescribeInvocationResults ExplicitDeny`, []string{"ecs:DescribeInvocationResults implicit", "ecs:DescribeInvocationResults explicit"}},
		{"a kind of policy that nobody knows", `AuthAction:ecs:DescribeInvocationResults NoPermissionType:ExplicitDeny PolicyType:MoonPolicy`, []string{"ecs:DescribeInvocationResults explicit"}},
		{"no RAM at all", "Code: Forbidden.NotSupportRAM, calling DescribeInvocationResults", []string{"Forbidden.NotSupportRAM"}},

		{"the name of an operation", "DescribeInvocationResults", []string{"DescribeInvocationResults"}},
		{"the name of an action", "bpstudio:GetExecuteOperationResult", []string{"GetExecuteOperationResult"}},
		{"a method of an SDK", "not authorized, at com.aliyun.sae20190506.Client.describeApplicationStatus(Client.java:1)", []string{"DescribeApplicationStatus"}},
		{"several names", "webplus:GatherAppEnvStats and webplus:DescribeGatherStatsResult", []string{"DescribeGatherStatsResult", "GatherAppEnvStats"}},
		{"names do not count beside a denial", "after DescribeApplicationStatus: AuthAction:ecs:DescribeInvocationResults ImplicitDeny", []string{"ecs:DescribeInvocationResults implicit"}},

		{"nothing", "", nil},
		{"an action cut short", "AuthAction:ecs:Describe*", []string{"AccessDeniedDetail"}},
		{"an action that goes on", "AuthAction:ecs:Describe/../x AuthAction=ecs:A.b AuthAction=ecs:A:b", []string{"AccessDeniedDetail"}},
		{"an action too long", "AuthAction:ecs:" + strings.Repeat("A", 65), []string{"AccessDeniedDetail"}},
		{"an action in capitals", "AuthAction:ECS:DescribeInstances", []string{"AccessDeniedDetail"}},
		{"an action that is a secret", "AuthAction:password:LTAI5tQ7wE9rTyU1iOpA3sDf", []string{"AccessDeniedDetail"}},
		{"a statement of ours in nobody's error", `{"Effect":"Allow","Action":"sae:DescribeApplicationStatus","Resource":"*"}`, nil},
		{"somebody's policy", `{"Effect":"Allow","Action":"oss:GetObject","Resource":"*"}`, nil},
	} {
		t.Run(c.fact, func(t *testing.T) {
			var got []string
			for _, e := range failuresIn(c.text) {
				require.ErrorIs(t, e.Error, cloudapi.ErrForbidden)
				got = append(got, cmp.Or(e.sign, inWords(e.Error)))
			}
			require.Equal(t, c.want, got)
		})
	}
}

func inWords(e *cloudapi.Error) string {
	words := []string{e.Code, e.Op}
	if d := e.Denied; d != nil {
		words = append(words, d.Action)
		if d.Explicit {
			words = append(words, "explicit")
		}
		if d.Implicit {
			words = append(words, "implicit")
		}
		words = append(words, d.PolicyType)
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

// TestOurOwnErrorsAreUnderstood: what we say of a denial is enough to say the same
// again, and to give the statement.
func TestOurOwnErrorsAreUnderstood(t *testing.T) {
	t.Parallel()
	for _, p := range append(policyTypes, policyType{}) {
		for _, kind := range []string{"ExplicitDeny", "ImplicitDeny", ""} {
			e := refusal("Forbidden.RAM", "m", 403, cloudapi.ErrForbidden, func(e *cloudapi.Error) {
				e.Denied = &cloudapi.Denial{Action: readCommands, Principal: "triage-ro:alice", PrincipalType: "AssumedRoleUser", OwnerID: "1234567890123456", PolicyType: p.name, Explicit: kind == "ExplicitDeny", Implicit: kind == "ImplicitDeny"}
			})
			for _, text := range []string{Text(testLock.Error(e), "error"), jsonText(testLock.Error(e))} {
				found := failuresIn(text)
				require.Len(t, found, 1, text)
				require.Equal(t, inWords(&cloudapi.Error{Denied: e.Denied}), inWords(found[0].Error))
				m, _ := MendFor(text)
				require.Equal(t, allowHelps(e), m.Whole, text)
				require.Equal(t, allowHelps(e), len(m.Policy.Statement) == 1)
				if !m.Whole {
					want := strings.ReplaceAll(errorSteps(e, China)[0], "role/<name>", "user/<name>") // our words for the kind of principal are not read
					require.Equal(t, []string{readCommands + ": " + want}, m.Steps)
				}
			}
		}
	}
	e := refusal("Forbidden.RAM", "m", 403, cloudapi.ErrForbidden)
	m, _ := MendFor(Text(testLock.Error(e), "error"))
	require.Equal(t, Allow(readCommands), m.Policy, "without a detail the statement itself names the action")
}

func TestAMendIsWholeOnlyWhereAnAllowIsAllThatIsMissing(t *testing.T) {
	for _, c := range []struct {
		fact, text string
		allowed    []string
		whole      bool
		steps      []string // a part of each
	}{
		{"presumed from a name", "DescribeInvocationResults", []string{readCommands}, true, []string{"An Allow of ecs:DescribeInvocationResults is probably what is missing."}},
		{"said by the vendor", "AuthAction:ecs:DescribeInvocationResults ImplicitDeny", []string{readCommands}, true, []string{"An Allow of ecs:DescribeInvocationResults is what is missing."}},
		{"within a resource group", "AuthAction:ecs:DescribeInvocationResults ImplicitDeny PolicyType:ResourceGroupLevelIdentityBasedPolicy", []string{readCommands}, true, []string{"what is missing, for the resource group"}},
		{"why is not said", "AuthAction:ecs:DescribeInvocationResults", []string{readCommands}, true, []string{"is what is missing.", "If that does not help"}},
		{"another prefix of WebPlus than we presume", "AuthAction:edas:GatherAppEnvStats ImplicitDeny", []string{"edas:GatherAppEnvStats"}, true, []string{"An Allow of edas:GatherAppEnvStats"}},
		{"not ours", "AuthAction:kms:Decrypt ImplicitDeny", nil, false, []string{"allow kms:Decrypt, on the resource alone that it is about"}},
		{"an operation of ours under a prefix that is known to be another", "AuthAction:ram:DescribeInvocationResults ImplicitDeny", nil, false, []string{"allow ram:DescribeInvocationResults, on"}},
		{"explicit", "AuthAction:ecs:DescribeInvocationResults ExplicitDeny", nil, false, []string{"ecs:DescribeInvocationResults: Ask the owner of the policy"}},
		{"of nobody knows what", "AccessDeniedDetail: ExplicitDeny PolicyType:SessionPolicy", nil, false, []string{"The session policy (Policy of AssumeRole) denies it"}},
		{"the trust policy, with its statement", "AuthAction:sts:AssumeRole AuthPrincipalOwnerId:1234 ImplicitDeny PolicyType:AssumeRolePolicy", nil, false, []string{`"Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::1234:user/<name>"]}}`}},
		{"the trust policy, for a role", "AuthAction:sts:AssumeRole AuthPrincipalType:AssumedRoleUser ImplicitDeny PolicyType:AssumeRolePolicy", nil, false, []string{`"acs:ram::<account>:role/<name>"`}},
		{"no RAM at all", "Forbidden.NotSupportRAM", nil, false, []string{"A policy does not help"}},
		{"one of two", "AuthAction:sae:DescribeApplicationStatus ImplicitDeny AuthAction:ecs:DescribeInvocationResults ExplicitDeny", []string{"sae:DescribeApplicationStatus"}, false, []string{"An Allow of sae:", "ecs:DescribeInvocationResults: Ask"}},
		{"two of two", "AuthAction:sae:DescribeApplicationStatus AuthAction:bpstudio:GetExecuteOperationResult", []string{"sae:DescribeApplicationStatus", "bpstudio:GetExecuteOperationResult"}, true, []string{"An Allow of sae:", "If that", "An Allow of bpstudio:"}},
	} {
		t.Run(c.fact, func(t *testing.T) {
			m, _ := MendFor(c.text)
			var allowed []string
			for _, s := range m.Policy.Statement {
				allowed = append(allowed, s.Action...)
			}
			require.Equal(t, c.allowed, allowed)
			require.Equal(t, c.whole, m.Whole)
			require.Len(t, m.Steps, len(c.steps), m.Steps)
			for i, part := range c.steps {
				require.Contains(t, m.Steps[i], part)
			}
		})
	}
}

// denials is a text of many calls that were denied, each another one.
func denials(size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "AuthAction:a:B%d ", i)
	}
	return b.String()
}

func TestAHostileTextIsAnsweredInAFewLines(t *testing.T) {
	m, _ := MendFor(denials(1 << 14))
	require.Len(t, m.Steps, maxMends+2)
	require.False(t, m.Whole)
	require.Contains(t, m.Steps[maxMends+1], "more in this text")
}

func TestMendForIsLinear(t *testing.T) {
	t.Parallel()
	growth.Linear(t, 1<<11, func(size int) func() {
		text := denials(size)
		return func() { MendFor(text) }
	})
}

// FuzzFailuresIn: of a text nothing gets out but actions and numbers, and no Allow
// but of what is ours.
func FuzzFailuresIn(f *testing.F) {
	for _, seed := range []string{
		"", readCommands, `{"AuthAction":"kms:Decrypt","NoPermissionType":"ExplicitDeny","PolicyType":"ControlPolicy"}`, "Forbidden.NotSupportRAM",
		"Throttling.User", "code: 404, x", "SDKError: Code: InvalidAccessKeyId.NotFound", "context deadline exceeded", "200 OK", `{"Code":"OK"}`, "ErrorCode: NoPermission",
		"AccessDeniedDetail: map[AuthAction:ecs:DescribeInvocationResults AuthPrincipalOwnerId:12 NoPermissionType:ImplicitDeny PolicyType:AssumeRolePolicy]",
		`lacks the RAM action sts:AssumeRole: no policy allows it (implicit deny, PolicyType AssumeRolePolicy)`, `{\"Effect\":\"Allow\",\"Action\":\"sae:DescribeApplicationStatus\"`,
	} {
		f.Add(seed, byte(0))
	}
	f.Fuzz(func(t *testing.T, text string, which byte) {
		text += "\n" + fmt.Sprintf(carriers[int(which)%len(carriers)], plantedSecret) + "\n" + text
		found := failuresIn(text)
		require.Equal(t, found, failuresIn(text), "the same text is read in the same way")
		m, _ := MendFor(text)
		for _, s := range m.Policy.Statement {
			require.Len(t, s.Action, 1)
			require.True(t, isOurs(s.Action[0]))
			require.Regexp(t, ramAction, s.Action[0])
			require.NotRegexp(t, plantedSecret, s.String())
		}
		for _, step := range m.Steps {
			require.Regexp(t, "^[ -~]+$", step)
			require.Less(t, len(step), 600)
			require.NotContains(t, step, plantedSecret)
		}
		require.LessOrEqual(t, len(m.Steps), 2*maxMends+1)
		require.Equal(t, len(found) == 0, len(m.Steps) == 0)
	})
}
