package cloudapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

// How often a refused request is sent.
const (
	once       = 1
	refreshing = 2 // once more, after the credentials were looked up again
	thrice     = 3
)

// The table of reference/cloudapi.md, section 7, and what its patterns have to
// match besides.
var refusals = []struct {
	status        int
	code          string
	kind          error
	reads, starts int // how often each is sent
}{
	{400, "Throttling", cloudapi.ErrThrottled, thrice, thrice},
	{400, "Throttling.User", cloudapi.ErrThrottled, thrice, thrice},
	{503, "Throttling.Api", cloudapi.ErrThrottled, thrice, thrice},
	{429, "", cloudapi.ErrThrottled, thrice, thrice},
	{429, "SomethingElse", cloudapi.ErrThrottled, thrice, thrice},

	{503, "ServiceUnavailable", cloudapi.ErrUnavailable, thrice, once},
	{400, "ServiceUnavailable.Now", cloudapi.ErrUnavailable, thrice, once},
	{500, "InternalError", cloudapi.ErrUnavailable, thrice, once},
	{500, "InternalError.Dispatch", cloudapi.ErrUnavailable, thrice, once},
	{500, "UnknownError", cloudapi.ErrUnavailable, thrice, once},
	{500, "", cloudapi.ErrUnavailable, thrice, once},
	{502, "", cloudapi.ErrUnavailable, thrice, once},
	{503, "", cloudapi.ErrUnavailable, thrice, once},
	{504, "", cloudapi.ErrUnavailable, thrice, once},
	{599, "Odd", cloudapi.ErrUnavailable, thrice, once},
	{400, "SignatureNonceUsed", cloudapi.ErrUnavailable, thrice, once},
	{400, "OSSApiCallFailed", cloudapi.ErrUnavailable, thrice, once},

	{400, "InvalidTimeStamp.Expired", cloudapi.ErrUnauthenticated, once, once},
	{400, "InvalidTimeStamp.Format", cloudapi.ErrUnauthenticated, once, once},
	{400, "IllegalTimestamp", cloudapi.ErrUnauthenticated, once, once},
	{400, "RequestTimeExpired", cloudapi.ErrUnauthenticated, once, once},
	{404, "InvalidAccessKeyId.NotFound", cloudapi.ErrUnauthenticated, once, once},
	{400, "InvalidAccessKeyId.Inactive", cloudapi.ErrUnauthenticated, once, once},
	{403, "InvalidAccessKeyId", cloudapi.ErrUnauthenticated, once, once},
	{400, "SignatureDoesNotMatch", cloudapi.ErrUnauthenticated, once, once},
	{403, "SignatureDoesNotMatch", cloudapi.ErrUnauthenticated, once, once},
	{400, "IncompleteSignature", cloudapi.ErrUnauthenticated, once, once},
	{400, "InvalidSignatureMethod", cloudapi.ErrUnauthenticated, once, once},
	{400, "MissingAccessKeyId", cloudapi.ErrUnauthenticated, once, once},
	{401, "", cloudapi.ErrUnauthenticated, once, once},
	{400, "MissingSecurityToken", cloudapi.ErrUnauthenticated, refreshing, refreshing},
	{400, "InvalidSecurityToken.Expired", cloudapi.ErrUnauthenticated, refreshing, refreshing},
	{400, "InvalidSecurityToken.Malformed", cloudapi.ErrUnauthenticated, refreshing, refreshing},
	{400, "InvalidSecurityToken.MismatchWithAccessKey", cloudapi.ErrUnauthenticated, refreshing, refreshing},
	{400, "SecurityTokenExpired", cloudapi.ErrUnauthenticated, refreshing, refreshing},

	{403, "NoPermission", cloudapi.ErrForbidden, once, once},
	{400, "AuthenticationFail.OIDCToken.Expired", cloudapi.ErrUnauthenticated, once, once},
	{403, "AuthenticationFail.NoPermission", cloudapi.ErrForbidden, once, once},
	{403, "Forbidden", cloudapi.ErrForbidden, once, once},
	{403, "Forbidden.RAM", cloudapi.ErrForbidden, once, once},
	{403, "Forbidden.NotSupportRAM", cloudapi.ErrForbidden, once, once},
	{403, "AccessDenied", cloudapi.ErrForbidden, once, once},
	{403, "AccessDenied.Policy", cloudapi.ErrForbidden, once, once},
	{403, "NotAuthorized", cloudapi.ErrForbidden, once, once},
	{403, "NotAuthorized.Here", cloudapi.ErrForbidden, once, once},
	{403, "sae.app.no.permission", cloudapi.ErrForbidden, once, once},
	{403, "AuthenticationFailed", cloudapi.ErrForbidden, once, once},
	{403, "ResourceAuthFailed", cloudapi.ErrForbidden, once, once},
	{403, "Operation.Forbidden", cloudapi.ErrForbidden, once, once},
	{400, "Operation.Forbidden", cloudapi.ErrForbidden, once, once},
	{429, "Resource.NoAuth", cloudapi.ErrForbidden, once, once},
	{429, "ResourceNoAuth", cloudapi.ErrForbidden, once, once},
	{500, "Resource.NoPermission", cloudapi.ErrForbidden, once, once},
	{403, "", cloudapi.ErrForbidden, once, once},
	{403, "Odd", cloudapi.ErrForbidden, once, once},

	{404, "InvalidAppId.NotFound", cloudapi.ErrNotFound, once, once},
	{400, "InvalidApplication.NotFound", cloudapi.ErrNotFound, once, once},
	{404, "EnvNotExists", cloudapi.ErrNotFound, once, once},
	{404, "ChangeNotExists", cloudapi.ErrNotFound, once, once},
	{404, "InstanceNotExists", cloudapi.ErrNotFound, once, once},
	{404, "", cloudapi.ErrNotFound, once, once},

	{400, "EnvOnChanging", cloudapi.ErrInvalid, once, once},
	{403, "GatherStatsOnTerminatedEnvNotAllowed", cloudapi.ErrInvalid, once, once},
	{403, "InvalidParam.PageNumber", cloudapi.ErrInvalid, once, once},
	{403, "InvalidParam.PageSize", cloudapi.ErrInvalid, once, once},
	{404, "RegionId.ApiNotSupported", cloudapi.ErrInvalid, once, once},
	{404, "InvalidServerlessRegion.Unsupported", cloudapi.ErrInvalid, once, once},
	{403, "InvalidRegionId.CloudAssistant", cloudapi.ErrInvalid, once, once},
	{404, "InvalidRegionId.NotFound", cloudapi.ErrInvalid, once, once},
	{403, "InvalidParameter.NextToken", cloudapi.ErrInvalid, once, once},
	{403, "InvalidParameter.MaxResults", cloudapi.ErrInvalid, once, once},
	{403, "MissingParam.InvokeId", cloudapi.ErrInvalid, once, once},
	{403, "StatusNotAllowed", cloudapi.ErrInvalid, once, once},
	{403, "StatusNotAllowedOnEnv", cloudapi.ErrInvalid, once, once},
	{403, "OSSDisabled", cloudapi.ErrInvalid, once, once},
	{400, "InvalidParameter.NotEmpty", cloudapi.ErrInvalid, once, once},
	{404, "InvalidParameter", cloudapi.ErrInvalid, once, once},
	{400, "MissingParameter", cloudapi.ErrInvalid, once, once},
	{400, "MissingEnvId", cloudapi.ErrInvalid, once, once},
	{404, "UnsupportedHTTPMethod", cloudapi.ErrInvalid, once, once},
	{400, "", cloudapi.ErrInvalid, once, once},
	{418, "Odd", cloudapi.ErrInvalid, once, once},

	{400, "CreateCommandFailed", cloudapi.ErrUnavailable, once, once},
	{400, "AgentSetupTimeout", cloudapi.ErrUnavailable, once, once},
	{404, "InvalidApi.NotFound", cloudapi.ErrUnavailable, once, once},
	{404, "InvalidAction.NotFound", cloudapi.ErrUnavailable, once, once},
}

func TestRefusals(t *testing.T) {
	for _, row := range refusals {
		for operation, call := range operations {
			t.Run(fmt.Sprintf("%s/%d %s", operation, row.status, row.code), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					sent := 0
					client := newClient(t, transport(func(*http.Request) (*http.Response, error) {
						sent++
						resp := response(row.status, fmt.Sprintf(`{"RequestId":"R-1","HostId":"h","Code":%q,"Message":"m","Recommend":"https://r"}`, row.code))
						return resp, nil
					}))
					_, err := call(t.Context(), client)

					e := failure(t, err)
					require.Equal(t, row.kind, e.Kind)
					want := row.reads
					if operation == start {
						want = row.starts
					}
					require.Equal(t, want, sent)
					require.Equal(t, operation == start && row.starts == once && row.reads == thrice, e.MayHaveStarted,
						"exactly what is repeated for reads alone may have started")
					require.True(t, e.Sent)
					require.Equal(t, operation, e.Op)
					require.Equal(t, row.code, e.Code)
					require.Equal(t, row.status, e.Status)
					require.Equal(t, "R-1", e.RequestID)
					require.Equal(t, "https://r", e.Recommend)
					require.NotEmpty(t, e.Message)
				})
			})
		}
	}
}

// A back end reports its failure inside HTTP 200, under its own conventions.
func TestFailuresInsideHTTP200(t *testing.T) {
	for name, row := range map[string]struct {
		operation, body string
		kind            error
		code            string
		sent            int
	}{
		"WebPlus names a code":                   {start, `{"Code":"EnvOnChanging","Message":"m","RequestId":"R-1"}`, cloudapi.ErrInvalid, "EnvOnChanging", once},
		"WebPlus fails inside":                   {start, `{"Code":"InternalError","RequestId":"R-1"}`, cloudapi.ErrUnavailable, "InternalError", once},
		"WebPlus throttles inside":               {start, `{"Code":"Throttling","RequestId":"R-1"}`, cloudapi.ErrThrottled, "Throttling", thrice},
		"WebPlus spells OK in capitals":          {start, `{"Code":"ok","RequestId":"R-1","EnvChange":{"ChangeId":"wc-1"}}`, cloudapi.ErrBadResponse, "ok", once},
		"WebPlus says nothing":                   {start, `{"RequestId":"R-1"}`, cloudapi.ErrBadResponse, "", once},
		"WebPlus knows no such change":           {"DescribeGatherStatsResult", `{"code":"ChangeNotExists","requestId":"R-1"}`, cloudapi.ErrNotFound, "ChangeNotExists", once},
		"ECS names a code":                       {"DescribeInvocationResults", `{"RequestId":"R-1","Code":"InvalidParam.PageSize"}`, cloudapi.ErrInvalid, "InvalidParam.PageSize", once},
		"ECS fails inside":                       {"DescribeInvocationResults", `{"RequestId":"R-1","Code":"ServiceUnavailable","Invocation":{}}`, cloudapi.ErrUnavailable, "ServiceUnavailable", thrice},
		"SAE has a status and a code":            {"DescribeApplicationStatus", `{"RequestId":"R-1","Success":false,"Code":"404","ErrorCode":"InvalidAppId.NotFound"}`, cloudapi.ErrNotFound, "InvalidAppId.NotFound", once},
		"SAE has only a status":                  {"DescribeApplicationStatus", `{"RequestId":"R-1","Success":false,"Code":503}`, cloudapi.ErrUnavailable, "503", thrice},
		"SAE has only a code":                    {"DescribeApplicationStatus", `{"RequestId":"R-1","Success":"false","Code":"200","ErrorCode":"NoPermission"}`, cloudapi.ErrForbidden, "NoPermission", once},
		"SAE contradicts itself":                 {"DescribeApplicationStatus", `{"RequestId":"R-1","Success":false,"Code":"200"}`, cloudapi.ErrBadResponse, "200", once},
		"SAE contradicts itself the other way":   {"DescribeApplicationStatus", `{"RequestId":"R-1","Success":true,"Code":"500"}`, cloudapi.ErrUnavailable, "500", thrice},
		"BPStudio has a status":                  {"GetExecuteOperationResult", `{"RequestId":"R-1","Code":503}`, cloudapi.ErrUnavailable, "503", thrice},
		"BPStudio has a status of its own":       {"GetExecuteOperationResult", `{"RequestId":"R-1","Code":404}`, cloudapi.ErrNotFound, "404", once},
		"BPStudio names a code":                  {"GetExecuteOperationResult", `{"RequestId":"R-1","Code":"Forbidden.RAM"}`, cloudapi.ErrForbidden, "Forbidden.RAM", once},
		"one odd field does not cost the others": {"GetExecuteOperationResult", `{"Code":"Forbidden.RAM","Message":{"a":[]},"Success":[],"RequestId":"R-1"}`, cloudapi.ErrForbidden, "Forbidden.RAM", once},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sent := 0
				client := newClient(t, transport(func(*http.Request) (*http.Response, error) {
					sent++
					return response(http.StatusOK, row.body), nil
				}))
				_, err := operations[row.operation](t.Context(), client)
				e := failure(t, err)
				require.Equal(t, row.kind, e.Kind)
				require.Equal(t, row.code, e.Code)
				require.Equal(t, row.sent, sent)
				require.Equal(t, "R-1", e.RequestID)
				require.Equal(t, 200, e.Status)
				ambiguous := slices.Contains([]error{cloudapi.ErrBadResponse, cloudapi.ErrUnavailable}, row.kind)
				require.Equal(t, row.operation == start && ambiguous, e.MayHaveStarted)
			})
		})
	}
}

// Nothing of an answer that did not stand may get into the one that does.
func TestAnAnswerIsNotMixedWithTheOneBefore(t *testing.T) {
	for operation, bodies := range map[string][2]string{
		"DescribeInvocationResults": {
			`{"RequestId":"R-1","Code":"ServiceUnavailable","Invocation":{"NextToken":"old","InvocationResults":[{"InstanceId":"i-old"}]}}`,
			`{"RequestId":"R-2"}`,
		},
		"GetExecuteOperationResult": {
			`{"RequestId":"R-1","Code":503,"Data":{"Status":"SUCCESS","OperationId":"op_old"}}`,
			`{"RequestId":"R-2","Code":200}`,
		},
		"DescribeApplicationStatus": {
			`{"RequestId":"R-1","Success":false,"Code":"503","TraceId":"old","Data":{"CurrentStatus":"RUNNING","RunningInstances":3}}`,
			`{"RequestId":"R-2","Success":true,"Code":"200","Data":{"AppId":"a"}}`,
		},
		"DescribeGatherStatsResult": {
			`{"RequestId":"R-1","Code":"InternalError","GatherStatsResult":{"Change":{"ChangeFinished":true}}}`,
			`{"RequestId":"R-2","Code":"OK"}`,
		},
		start: {
			`{"RequestId":"R-1","Code":"Throttling","EnvChange":{"EnvId":"we-old","StartTime":1564541864384}}`,
			`{"RequestId":"R-2","Code":"OK","EnvChange":{"ChangeId":"wc-1"}}`,
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			alone, err := decode(t, operation, []byte(bodies[1]))
			require.NoError(t, err)
			after, err := operations[operation](t.Context(), newClient(t, answers(response(200, bodies[0]), response(200, bodies[1]))))
			require.NoError(t, err, operation)
			require.Equal(t, withoutTime(alone), withoutTime(after))
		})
	}
}

func TestWhatADenialSays(t *testing.T) {
	const detail = `{"AuthAction":"ecs:DescribeInvocationResults","AuthPrincipalType":"SubUser","AuthPrincipalDisplayName":"2345",` +
		`"AuthPrincipalOwnerId":"1234","NoPermissionType":"%s","PolicyType":"AccountLevelIdentityBasedPolicy","EncodedDiagnosticMessage":"AQEAAAAA"}`
	for name, row := range map[string]struct {
		detail string
		want   *cloudapi.Denial
	}{
		"implicit": {fmt.Sprintf(detail, "ImplicitDeny"), &cloudapi.Denial{
			Action: "ecs:DescribeInvocationResults", PrincipalType: "SubUser", Principal: "2345", OwnerID: "1234", Implicit: true,
			PolicyType: "AccountLevelIdentityBasedPolicy",
		}},
		"neither is said": {fmt.Sprintf(detail, ""), &cloudapi.Denial{
			Action: "ecs:DescribeInvocationResults", PrincipalType: "SubUser", Principal: "2345", OwnerID: "1234",
			PolicyType: "AccountLevelIdentityBasedPolicy",
		}},
		"explicit": {fmt.Sprintf(detail, "ExplicitDeny"), &cloudapi.Denial{
			Action: "ecs:DescribeInvocationResults", PrincipalType: "SubUser", Principal: "2345", OwnerID: "1234", Explicit: true,
			PolicyType: "AccountLevelIdentityBasedPolicy",
		}},
		"a principal that is a number": {`{"AuthAction":"a","AuthPrincipalDisplayName":2345}`, &cloudapi.Denial{Action: "a", Principal: "2345"}},
		"without an action":            {`{"AuthPrincipalType":"SubUser"}`, nil},
		"an empty text":                {`""`, nil},
		"null":                         {`null`, nil},
		"a list":                       {`[]`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			body := `{"RequestId":"R-1","Code":"NoPermission","Message":"m","AccessDeniedDetail":` + row.detail + `}`
			_, err := operations["DescribeInvocationResults"](t.Context(), newClient(t, answerWith(http.StatusForbidden, body)))
			e := failure(t, err)
			require.ErrorIs(t, err, cloudapi.ErrForbidden)
			require.Equal(t, row.want, e.Denied)
			require.NotContains(t, printed(e), "AQEAAAAA")
		})
	}
}

func TestRefusalsThatAreNotTheDocumentedJSON(t *testing.T) {
	for name, row := range map[string]struct {
		status                   int
		body                     string
		kind                     error
		code, message, requestID string
	}{
		"XML of an old gateway": {
			400, `<?xml version="1.0"?><Error><RequestId>R-1</RequestId><HostId>h</HostId><Code>Throttling</Code><Message>slow &amp; steady</Message></Error>`,
			cloudapi.ErrThrottled, "Throttling", "slow & steady", "R-1",
		},
		"a page of a load balancer": {
			502, "<html>\r\n<head><title>502 Bad Gateway</title><style>b{}</style></head>\r\n<body><h1>502 Bad Gateway</h1><hr>nginx</body></html>",
			cloudapi.ErrUnavailable, "", "502 Bad Gateway 502 Bad Gateway nginx", "H-1",
		},
		"a plain line":                    {503, "upstream connect error\x1b[31m\n", cloudapi.ErrUnavailable, "", "upstream connect error?[31m", "H-1"},
		"nothing":                         {503, "", cloudapi.ErrUnavailable, "", "", "H-1"},
		"broken JSON":                     {403, `{"Code":"NoPermission",`, cloudapi.ErrForbidden, "", "", "H-1"},
		"not UTF-8":                       {403, "nein\xff\xfe", cloudapi.ErrForbidden, "", "nein??", "H-1"},
		"a long page":                     {403, "<p>" + strings.Repeat("Nein ", 9999), cloudapi.ErrForbidden, "", strings.Repeat("Nein ", 71) + "Ne…", "H-1"},
		"lower case":                      {403, `{"code":"NoPermission","message":"m","requestId":"R-1"}`, cloudapi.ErrForbidden, "NoPermission", "m", "R-1"},
		"a blank message":                 {403, `{"Code":"NoPermission","Message":"\" \"","RequestId":"R-1"}`, cloudapi.ErrForbidden, "NoPermission", "", "R-1"},
		"a list":                          {403, `["NoPermission"]`, cloudapi.ErrForbidden, "", `["NoPermission"]`, "H-1"},
		"null":                            {403, `null`, cloudapi.ErrForbidden, "", "", "H-1"},
		"a status that is not documented": {204, "", cloudapi.ErrBadResponse, "", "", "H-1"},
		"a redirect":                      {302, "elsewhere", cloudapi.ErrBadResponse, "", "", "H-1"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := newClient(t, transport(func(*http.Request) (*http.Response, error) {
					resp := response(row.status, row.body)
					resp.Header.Set("X-Acs-Request-Id", "H-1")
					return resp, nil
				}))
				_, err := client.DescribeApplicationStatus(t.Context(), "a")
				e := failure(t, err)
				require.Equal(t, row.kind, e.Kind)
				require.Equal(t, []string{row.code, row.message, row.requestID}, []string{e.Code, e.Message, e.RequestID})
				require.Equal(t, row.status, e.Status)
			})
		})
	}
}

func TestTheGatewaysClockIsCompared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		resp := response(http.StatusBadRequest, `{"Code":"InvalidTimeStamp.Expired","RequestId":"R-1"}`)
		resp.Header.Set("Date", time.Now().Add(-20*time.Minute).UTC().Format(http.TimeFormat))
		_, err := operations[start](t.Context(), newClient(t, answers(resp)))
		require.Equal(t, -20*time.Minute, failure(t, err).Skew)
	})
}
