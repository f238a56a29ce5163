package formatters

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

// The operations that a refusal is documented for.
const (
	gatherStart = "GatherAppEnvStats"
	gatherRead  = "DescribeGatherStatsResult"
	ecsRead     = "DescribeInvocationResults"
	saeRead     = "DescribeApplicationStatus"
	studioRead  = "GetExecuteOperationResult"
	roleSession = "AssumeRole"
)

var askFor = map[string]func(context.Context, *cloudapi.Client) error{
	gatherStart: func(ctx context.Context, c *cloudapi.Client) error {
		_, err := c.GatherAppEnvStats(ctx, cloudapi.GatherAppEnvStatsRequest{EnvID: testEnv})
		return err
	},
	gatherRead: func(ctx context.Context, c *cloudapi.Client) error {
		_, err := c.DescribeGatherStatsResult(ctx, testChange)
		return err
	},
	ecsRead: func(ctx context.Context, c *cloudapi.Client) error {
		_, err := c.DescribeInvocationResults(ctx, cloudapi.InvocationResultsRequest{InvokeID: testInvoke})
		return err
	},
	saeRead: func(ctx context.Context, c *cloudapi.Client) error {
		_, err := c.DescribeApplicationStatus(ctx, "0099b7be-5f5b-4512-a7fc-56049ef1aaaa")
		return err
	},
	studioRead: func(ctx context.Context, c *cloudapi.Client) error {
		_, err := c.GetExecuteOperationResult(ctx, cloudapi.OperationResultRequest{OperationID: "op_1"})
		return err
	},
	roleSession: func(ctx context.Context, c *cloudapi.Client) error { // of a role that was refused as this is
		_, err := c.DescribeApplicationStatus(ctx, "0099b7be-5f5b-4512-a7fc-56049ef1aaaa")
		return err
	},
}

const testRequest = "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E"

type documentedError struct {
	op     string
	status int
	code   string
	kind   error
	exact  []string
}

// error is as the client makes it, in the region cn-beijing.
func (d documentedError) error() *cloudapi.Error {
	product := map[string]cloudapi.Product{
		gatherStart: cloudapi.WebPlus, gatherRead: cloudapi.WebPlus, ecsRead: cloudapi.ECS, saeRead: cloudapi.SAE, studioRead: cloudapi.BPStudio, roleSession: cloudapi.STS,
	}[d.op]
	e := &cloudapi.Error{Op: d.op, Product: product, Code: d.code, Message: "the vendor's own words", Status: d.status, Kind: d.kind, RequestID: testRequest, Sent: true}
	if product.NeedsRegion() {
		e.Region = "cn-beijing"
	}
	return e
}

// documentedErrors are all rows of reference/cloudapi.md, section 7, and what the
// vendor's pages of the operations document besides, with what the best next
// step must name.
var documentedErrors = []documentedError{
	{ecsRead, 400, "Throttling", cloudapi.ErrThrottled, quota},
	{gatherStart, 400, "Throttling.User", cloudapi.ErrThrottled, quota},
	{studioRead, 503, "Throttling.Api", cloudapi.ErrThrottled, quota},
	{saeRead, 429, "TooManyRequests", cloudapi.ErrThrottled, quota},

	{saeRead, 503, "ServiceUnavailable", cloudapi.ErrUnavailable, []string{"overloaded or down", "https://status.aliyun.com", "RequestId"}},
	{studioRead, 503, "ServiceUnavailable", cloudapi.ErrUnavailable, []string{"OperationId that has expired", "1 hour"}},
	{ecsRead, 500, "InternalError", cloudapi.ErrUnavailable, []string{"fault of its own", "RequestId"}},
	{ecsRead, 500, "InternalError.Dispatch", cloudapi.ErrUnavailable, []string{"could not pass the request on", "RequestId"}},
	{gatherRead, 500, "UnknownError", cloudapi.ErrUnavailable, []string{"fault of its own", "RequestId"}},
	{ecsRead, 400, "SignatureNonceUsed", cloudapi.ErrUnavailable, []string{"nonce", "proxy"}},

	{ecsRead, 400, "InvalidTimeStamp.Expired", cloudapi.ErrUnauthenticated, clock},
	{ecsRead, 400, "InvalidTimeStamp.Format", cloudapi.ErrUnauthenticated, clock},
	{saeRead, 400, "IllegalTimestamp", cloudapi.ErrUnauthenticated, append([]string{"Do not look for a missing parameter"}, clock...)},
	{studioRead, 400, "RequestTimeExpired", cloudapi.ErrUnauthenticated, clock},
	{ecsRead, 404, "InvalidAccessKeyId.NotFound", cloudapi.ErrUnauthenticated, []string{"ALIBABA_CLOUD_ACCESS_KEY_ID", "deleted"}},
	{ecsRead, 400, "InvalidAccessKeyId.Inactive", cloudapi.ErrUnauthenticated, []string{"`aliyun ram UpdateAccessKey", "--Status Active`"}},
	{ecsRead, 403, "InvalidAccessKeyId", cloudapi.ErrUnauthenticated, []string{"ALIBABA_CLOUD_ACCESS_KEY_ID"}},
	{ecsRead, 400, "SignatureDoesNotMatch", cloudapi.ErrUnauthenticated, []string{"HTTPS_PROXY", "another AccessKey"}},
	{ecsRead, 400, "IncompleteSignature", cloudapi.ErrUnauthenticated, []string{"Authorization", "HTTPS_PROXY"}},
	{ecsRead, 400, "InvalidSignatureMethod", cloudapi.ErrUnauthenticated, []string{"Authorization", "HTTPS_PROXY"}},
	{ecsRead, 400, "MissingAccessKeyId", cloudapi.ErrUnauthenticated, []string{"Authorization", "HTTPS_PROXY"}},
	{ecsRead, 400, "MissingSecurityToken", cloudapi.ErrUnauthenticated, []string{"ALIBABA_CLOUD_SECURITY_TOKEN"}},
	{ecsRead, 400, "InvalidSecurityToken.Expired", cloudapi.ErrUnauthenticated, []string{"expired", "ALIBABA_CLOUD_SECURITY_TOKEN"}},
	{ecsRead, 400, "InvalidSecurityToken.Malformed", cloudapi.ErrUnauthenticated, []string{"not whole", "ALIBABA_CLOUD_SECURITY_TOKEN"}},
	{ecsRead, 400, "InvalidSecurityToken.MismatchWithAccessKey", cloudapi.ErrUnauthenticated, []string{"two sessions", "ALIBABA_CLOUD_SECURITY_TOKEN"}},
	{ecsRead, 400, "SecurityTokenExpired", cloudapi.ErrUnauthenticated, []string{"expired", "ALIBABA_CLOUD_SECURITY_TOKEN"}},

	{saeRead, 403, "NoPermission", cloudapi.ErrForbidden, allowing("sae:DescribeApplicationStatus")},
	{studioRead, 403, "Forbidden", cloudapi.ErrForbidden, allowing("bpstudio:GetExecuteOperationResult")},
	{ecsRead, 403, "Forbidden.RAM", cloudapi.ErrForbidden, allowing("ecs:DescribeInvocationResults")},
	{ecsRead, 403, "AccessDenied", cloudapi.ErrForbidden, allowing("ecs:DescribeInvocationResults")},
	{ecsRead, 403, "NotAuthorized", cloudapi.ErrForbidden, allowing("ecs:DescribeInvocationResults")},
	{saeRead, 403, "sae.app.no.permission", cloudapi.ErrForbidden, allowing("sae:DescribeApplicationStatus")},
	{saeRead, 429, "ResourceNoAuth", cloudapi.ErrForbidden, allowing("sae:DescribeApplicationStatus")},
	{gatherRead, 403, "AuthenticationFailed", cloudapi.ErrForbidden, allowing("webplus:DescribeGatherStatsResult")},
	{ecsRead, 403, "Operation.Forbidden", cloudapi.ErrForbidden, allowing("ecs:DescribeInvocationResults")},
	{ecsRead, 403, "Forbidden.NotSupportRAM", cloudapi.ErrForbidden, []string{"another kind", "do not go on"}},
	{gatherStart, 403, "ResourceAuthFailed", cloudapi.ErrForbidden, append([]string{"does not exist, or it is not yours", "cn-beijing"}, allowing("webplus:GatherAppEnvStats")...)},

	{roleSession, 404, "EntityNotExist.Role", cloudapi.ErrNotFound, []string{"role_arn", "`aliyun ram GetRole"}},
	{saeRead, 404, "InvalidAppId.NotFound", cloudapi.ErrNotFound, []string{"cn-beijing", "wrong region", "AppId (a UUID"}},
	{saeRead, 400, "InvalidApplication.NotFound", cloudapi.ErrNotFound, []string{"cn-beijing", "wrong region", "deleted"}},
	{gatherStart, 404, "EnvNotExists", cloudapi.ErrNotFound, []string{"cn-beijing", "wrong region", "EnvId"}},
	{gatherRead, 404, "ChangeNotExists", cloudapi.ErrNotFound, []string{"cn-beijing", "wrong region", "ChangeId"}},
	{gatherStart, 404, "InstanceNotExists", cloudapi.ErrNotFound, []string{"target_instances"}},

	{gatherStart, 400, "EnvOnChanging", cloudapi.ErrInvalid, []string{"wait until it has ended", "https://webplus.console.aliyun.com (choose the region cn-beijing)"}},
	{gatherStart, 403, "GatherStatsOnTerminatedEnvNotAllowed", cloudapi.ErrInvalid, []string{"terminated", "EnvId"}},
	{gatherStart, 403, "StatusNotAllowed", cloudapi.ErrInvalid, []string{"state", "https://webplus.console.aliyun.com (choose the region cn-beijing)"}},
	{gatherStart, 400, "CreateCommandFailed", cloudapi.ErrUnavailable, []string{"`aliyun ecs DescribeCommands --region cn-beijing`", "quota", "DeleteCommand"}},
	{gatherStart, 400, "AgentSetupTimeout", cloudapi.ErrUnavailable, []string{"1 minute", "DescribeCloudAssistantStatus", "`systemctl restart aliyun.service`"}},
	{gatherRead, 400, "OSSDisabled", cloudapi.ErrInvalid, []string{"OSS console", "activate"}},
	{gatherRead, 400, "OSSApiCallFailed", cloudapi.ErrUnavailable, []string{"bucket"}},
	{gatherStart, 400, "MissingEnvId", cloudapi.ErrInvalid, []string{"Give the argument", "HTTPS_PROXY"}},

	{ecsRead, 403, "InvalidParam.PageNumber", cloudapi.ErrInvalid, []string{"not about permissions", "next_token"}},
	{ecsRead, 403, "InvalidParam.PageSize", cloudapi.ErrInvalid, []string{"not about permissions", "max_results"}},
	{ecsRead, 403, "InvalidParameter.NextToken", cloudapi.ErrInvalid, []string{"expired or is of another query", "without next_token"}},
	{ecsRead, 403, "InvalidParameter.MaxResults", cloudapi.ErrInvalid, []string{"max_results between 1 and 1000"}},
	{ecsRead, 403, "MissingParam.InvokeId", cloudapi.ErrInvalid, []string{"include_history", "invoke_id"}},
	{ecsRead, 400, "MissingParameter", cloudapi.ErrInvalid, []string{"Give the argument", "HTTPS_PROXY"}},
	{saeRead, 400, "InvalidParameter.NotEmpty", cloudapi.ErrInvalid, []string{"app_id"}},
	{ecsRead, 403, "InvalidRegionId.CloudAssistant", cloudapi.ErrInvalid, []string{"Cloud Assistant is not offered in cn-beijing", "`aliyun ecs DescribeRegions`"}},
	{ecsRead, 404, "InvalidRegionId.NotFound", cloudapi.ErrInvalid, []string{"There is no region cn-beijing", "`aliyun ecs DescribeRegions`"}},
	{ecsRead, 404, "RegionId.ApiNotSupported", cloudapi.ErrInvalid, []string{"not offered in cn-beijing", "`aliyun ecs DescribeRegions`"}},
	{saeRead, 400, "InvalidServerlessRegion.Unsupported", cloudapi.ErrInvalid, []string{"SAE is not offered in cn-beijing", "`aliyun ecs DescribeRegions`"}},
	{ecsRead, 404, "InvalidApi.NotFound", cloudapi.ErrUnavailable, []string{"ALITRIAGE_ENDPOINT", "cn-beijing"}},
	{gatherRead, 404, "InvalidAction.NotFound", cloudapi.ErrUnavailable, []string{"ALITRIAGE_ENDPOINT", "WebPlus is documented for cn-beijing"}},
	{ecsRead, 400, "UnsupportedHTTPMethod", cloudapi.ErrInvalid, []string{"ALITRIAGE_ENDPOINT", "HTTPS_PROXY"}},
}

var (
	quota = []string{"Wait a minute", "per API, region and account in 1-minute windows", "console and Terraform"}
	clock = []string{"clock", "15 minutes", "`chronyc makestep`", "`w32tm /resync`"}
)

func allowing(action string) []string {
	return []string{`{"Effect":"Allow","Action":"` + action + `","Resource":`, "probably", "do not go on"}
}

type refusing func(*http.Request) (*http.Response, error)

func (a refusing) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

// refusedBy is the error of a real client to whom the cloud says no.
func refusedBy(t *testing.T, op string, status int, body string) (err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { // its clock passes over the pauses between attempts
		client, newErr := cloudapi.New(cloudapi.Config{
			Region: "cn-beijing", Credentials: cloudapi.StaticCredentials("id", "secret", ""),
			Transport: refusing(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader([]byte(body)))}, nil
			}),
		})
		require.NoError(t, newErr)
		err = askFor[op](t.Context(), client)
	})
	return err
}

func TestEveryDocumentedErrorHasItsNextStep(t *testing.T) {
	for _, row := range documentedErrors {
		t.Run(fmt.Sprintf("%s/%d %s", row.op, row.status, row.code), func(t *testing.T) {
			err := refusedBy(t, row.op, row.status, fmt.Sprintf(`{"RequestId":%q,"Code":%q,"Message":"m"}`, testRequest, row.code))
			require.ErrorIs(t, err, row.kind)

			r := testLock.Error(err)
			steps := strings.Join(r.NextSteps, "\n")
			for _, part := range row.exact {
				require.Contains(t, steps, part)
			}
			text := Text(r, "error")
			require.LessOrEqual(t, len(text), MaxError)
			require.Contains(t, text, row.code)
			require.Contains(t, text, testRequest)
			require.Contains(t, steps, "https://api.aliyun.com/troubleshoot?")
			for _, dump := range []string{"%!", "<nil>", "&{", "map[", "0x", "<region>"} {
				require.NotContains(t, text, dump)
			}
			checkReport(t, r, false)
			if row.op == gatherStart {
				require.Equal(t, RerunSafe, r.Rerun, "what was refused may be sent again")
			} else {
				require.Empty(t, r.Rerun)
			}
		})
	}
}

// TestNextStepsOfEveryDocumentedError is the whole table on one page, to be read.
func TestNextStepsOfEveryDocumentedError(t *testing.T) {
	var b strings.Builder
	for _, d := range documentedErrors {
		fmt.Fprintf(&b, "%s %d %s: %s\n", d.op, d.status, d.code, d.kind)
		steps := errorSteps(d.error(), China)
		checkSteps(t, d.code, steps)
		b.WriteString("- " + strings.Join(steps, "\n- ") + "\n")
	}
	compare(t, filepath.Join("testdata", "next_steps.txt"), b.String())
}

// TestEveryRowOfTheTableIsReached: a pattern must not hide a row below it, and
// each row is in the test's table.
func TestEveryRowOfTheTableIsReached(t *testing.T) {
	for _, row := range apiErrors {
		require.True(t, slices.ContainsFunc(documentedErrors, func(d documentedError) bool { return rowOf(d.code) == row.code }),
			"%s: nothing in the test's table reaches it", row.code)
	}
}

func rowOf(code string) string {
	for _, row := range apiErrors {
		if matchesCode(row.code, code) {
			return row.code
		}
	}
	return ""
}

// TestOnlyWhatItsKindExplainsHasNoRow: a documented code falls back to its kind
// where the kind's steps are as exact.
func TestOnlyWhatItsKindExplainsHasNoRow(t *testing.T) {
	for _, d := range documentedErrors {
		if rowOf(d.code) == "" {
			require.Contains(t, []error{cloudapi.ErrForbidden, cloudapi.ErrThrottled}, d.kind, d.code)
		}
	}
}

// TestADenialSaysWhoLacksWhat as the vendor's AccessDeniedDetail has it, and
// nothing of the message in it that is only for its decoder.
func TestADenialSaysWhoLacksWhat(t *testing.T) {
	const diagnostic = "AQIBIAAAAOPdwKY2QLOvgMEc7SkkoJfj1kvZwsaR"
	err := refusedBy(t, ecsRead, http.StatusForbidden, `{"RequestId":"`+testRequest+`","Code":"Forbidden.RAM","Message":"m","AccessDeniedDetail":{
		"AuthAction":"ecs:DescribeInvocationResults","AuthPrincipalType":"AssumedRoleUser","AuthPrincipalDisplayName":"triage-ro:alice","AuthPrincipalOwnerId":"1234567890123456",
		"NoPermissionType":"ImplicitDeny","PolicyType":"ResourceGroupLevelIdentityBasedPolicy","EncodedDiagnosticMessage":"`+diagnostic+`"}}`)
	text := Text(testLock.Error(err), "error")
	for _, part := range []string{
		"role session triage-ro:alice of account 1234567890123456 lacks the RAM action ecs:DescribeInvocationResults", "no policy allows it (implicit deny, PolicyType ResourceGroup",
		`{"Effect":"Allow","Action":"ecs:DescribeInvocationResults","Resource":["acs:ecs:*:*:command/*","acs:ecs:*:*:instance/*"]}`, stopHere,
	} {
		require.Contains(t, text, part)
	}
	require.NotContains(t, text, "probably")
	require.NotContains(t, text, diagnostic[:8])
}

// TestEveryKindOfPolicySaysWhoCanMendIt, for both ways to be denied by it; an
// Allow is offered only where one helps.
func TestEveryKindOfPolicySaysWhoCanMendIt(t *testing.T) {
	for _, p := range append(policyTypes, policyType{name: ""}, policyType{name: "MoonPolicy"}) {
		for _, explicit := range []bool{false, true} {
			steps := forbiddenSteps(refusal("Forbidden.RAM", "", 403, cloudapi.ErrForbidden, func(e *cloudapi.Error) {
				e.Denied = &cloudapi.Denial{Action: "ecs:DescribeInvocationResults", PolicyType: strings.ToUpper(p.name), Explicit: explicit, Implicit: !explicit}
			}))
			checkSteps(t, p.name, steps)
			require.Equal(t, stopHere, steps[len(steps)-1])
			require.Equal(t, !explicit && (p.implicit == "" || p.name == "AssumeRolePolicy"), strings.Contains(steps[0], `"Effect":"Allow"`), p.name)
			if explicit {
				require.Regexp(t, "dding an Allow (within the account )?will not help", steps[0], p.name)
			}
		}
	}
}

// TestARefusedKeyHasStepsOfItsOwn: no policy and no argument mends a sign-in or a
// token.
func TestARefusedKeyHasStepsOfItsOwn(t *testing.T) {
	for _, c := range []struct {
		op      string
		product cloudapi.Product
		code    string
		kind    error
		want    string
	}{
		{"CreateCloudCredential", cloudapi.CloudSSO, "", cloudapi.ErrForbidden, "assign the account and the access configuration"},
		{"Exchange", cloudapi.OAuth, "access_denied", cloudapi.ErrForbidden, "Who signed in may not have a key here"},
		{"AssumeRoleWithOIDC", cloudapi.STS, "AuthenticationFail.NoPermission", cloudapi.ErrForbidden, "does not admit this OIDC token"},
		{"AssumeRoleWithOIDC", cloudapi.STS, "AuthenticationFail.OIDCToken.Expired", cloudapi.ErrUnauthenticated, "what has to renew its file"},
	} {
		t.Run(c.op+" "+c.code, func(t *testing.T) {
			r := testLock.Error(refusal(c.code, "", 403, c.kind, func(e *cloudapi.Error) { e.Op, e.Product, e.Region = c.op, c.product, "" }))
			checkSteps(t, c.op, r.NextSteps)
			require.Contains(t, r.NextSteps[0], c.want)
			require.NotContains(t, strings.Join(r.NextSteps, " "), "Effect")
		})
	}
}

// TestAKeyThatDidNotComeInTimeIsNotAMatterOfTheNetwork: its source may be a program.
func TestAKeyThatDidNotComeInTimeIsNotAMatterOfTheNetwork(t *testing.T) {
	for name, over := range map[string]error{"--max-wait": context.DeadlineExceeded, "doctor": errors.New("there was no answer within 15s")} {
		t.Run(name, func(t *testing.T) {
			r := testLock.Error(&cloudapi.Error{Op: ecsRead, Product: cloudapi.ECS, Kind: cloudapi.ErrUnavailable, Cause: fmt.Errorf("%w, %w", over, cloudapi.ErrKeyAwaited)})
			checkSteps(t, name, r.NextSteps)
			require.Contains(t, r.NextSteps[0], "What you asked for was not sent, for there was no key in time")
		})
	}
}

func TestTheClockIsSaidToBeAheadOrBehind(t *testing.T) {
	for _, c := range []struct {
		fact, code string
		skew       int // minutes, the gateway's clock minus ours
		want       string
	}{
		{"ours is ahead", "InvalidTimeStamp.Expired", -27, "clock is 27m0s ahead of Alibaba Cloud's"},
		{"ours is behind", "IllegalTimestamp", 61, "clock is 1h1m0s behind Alibaba Cloud's"},
		{"another code, but the clock explains it", "InvalidSomething", 30, "clock is 30m0s behind"},
	} {
		t.Run(c.fact, func(t *testing.T) {
			r := testLock.Error(refusal(c.code, "", 400, cloudapi.ErrUnauthenticated, func(e *cloudapi.Error) { e.Skew = time.Duration(c.skew) * time.Minute }))
			require.Contains(t, r.NextSteps[0], c.want)
		})
	}
}

// TestAStartSaysWhetherSomethingWasStarted: never both.
func TestAStartSaysWhetherSomethingWasStarted(t *testing.T) {
	for _, c := range []struct {
		fact    string
		err     error
		started string // the beginning of the headline
		rerun   Rerun
	}{
		{"refused", refusedBy(t, gatherStart, 400, `{"Code":"EnvOnChanging"}`), "Nothing was started: ", RerunSafe},
		{"refused for want of permission", refusedBy(t, gatherStart, 403, `{"Code":"NoPermission"}`), "Nothing was started: ", RerunSafe},
		{"throttled", refusedBy(t, gatherStart, 429, `{}`), "Nothing was started: ", RerunSafe},
		{"never sent", startError(func(e *cloudapi.Error) { e.Sent = false }), "Nothing was started: ", RerunSafe},
		{"refused late", refusedBy(t, gatherStart, 400, `{"Code":"AgentSetupTimeout"}`), "Could not find out: ", RerunSafe},
		{"a fault", refusedBy(t, gatherStart, 500, `{"Code":"InternalError"}`), "Could not find out, and the gather may have started: ", RerunUnknown},
		{"a nonce that was used: the first try arrived", refusedBy(t, gatherStart, 400, `{"Code":"SignatureNonceUsed"}`), "Could not find out, and the gather may have started: ", RerunUnknown},
		{"an answer that cannot be read", refusedBy(t, gatherStart, 200, `{`), "Could not find out, and the gather may have started: ", RerunUnknown},
		{"no answer", startError(func(e *cloudapi.Error) { e.MayHaveStarted = true }), "Could not find out, and the gather may have started: ", RerunUnknown},
		{"not a start", refusedBy(t, gatherRead, 404, `{"Code":"ChangeNotExists"}`), "Could not find out: ", ""},
	} {
		t.Run(c.fact, func(t *testing.T) {
			r := testLock.Error(c.err)
			require.True(t, strings.HasPrefix(r.Headline, c.started), r.Headline)
			require.Equal(t, c.rerun, r.Rerun)
			noSecond := strings.Contains(strings.Join(r.NextSteps, "\n"), "Do not start another gather")
			require.Equal(t, c.rerun == RerunUnknown, noSecond)
		})
	}
}

func startError(change func(*cloudapi.Error)) error {
	e := &cloudapi.Error{Op: gatherStart, Product: cloudapi.WebPlus, Region: "cn-beijing", Kind: cloudapi.ErrUnavailable, Sent: true}
	change(e)
	return e
}
