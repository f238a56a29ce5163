package formatters

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// errorPrinters are how the vendor's tools and SDKs, and what is built on them, print an
// error: its code, HTTP status and message. The texts are made after their sources:
// aliyun CLI 3.4, alibaba-cloud-sdk-go 1.63, tea 1.3 (Go), tea-python 0.4,
// tea-java 1.3, aliyun-java-sdk-core 4.7, aliyun-python-sdk-core 2.16, pop-core 1.8
// (Node), terraform-provider-alicloud 1.2xx.
var errorPrinters = []struct{ fact, format string }{
	{"the gateway's JSON", `{"RequestId":"473469C7-AA6F","HostId":"ecs.aliyuncs.com","Code":"%[1]s","Message":"%[3]s","Recommend":"https://api.aliyun.com/troubleshoot?q=%[1]s&product=Ecs"}`},
	{"in lower case", `{"requestId":"473469C7-AA6F","code":"%[1]s","message":"%[3]s"}`},
	{"escaped in a log", `level=error body="{\"Code\":\"%[1]s\",\"Message\":\"%[3]s\"}"`},
	{"XML", `<?xml version="1.0"?><Error><RequestId>473469C7</RequestId><Code>%[1]s</Code><Message>%[3]s</Message></Error>`},
	{"the aliyun CLI", "ERROR: SDK.ServerError\nErrorCode: %[1]s\nRecommend: https://api.aliyun.com/troubleshoot\nRequestId: 473469C7\nMessage: %[3]s\nRespHeaders: map[Date:[Mon]]"},
	{"Go, tea", "SDKError:\n   StatusCode: %[2]d\n   Code: %[1]s\n   Message: code: %[2]d, %[3]s request id: 473469C7\n   Data: {\"Code\":\"%[1]s\",\"statusCode\":%[2]d}\n"},
	{"Python, tea", "Tea.exceptions.TeaException: Error: %[1]s code: %[2]d, %[3]s request id: 473469C7 Response: {'Code': '%[1]s', 'statusCode': %[2]d}"},
	{"Python, the older SDK", "aliyunsdkcore.acs_exception.exceptions.ServerException: HTTP Status: %[2]d Error:%[1]s %[3]s RequestID: 473469C7"},
	{"Java, the older SDK", "Exception in thread \"main\" com.aliyuncs.exceptions.ClientException: %[1]s : %[3]s\nRequestId : 473469C7\n\tat com.aliyuncs.DefaultAcsClient.parseAcsResponse(DefaultAcsClient.java:278)"},
	{"Java, tea, with its map", "com.aliyun.tea.TeaException: code: %[2]d, %[3]s request id: 473469C7\n{Code=%[1]s, statusCode=%[2]d}"},
	{"Node, pop-core", "{ %[1]sError: %[3]s\n  name: '%[1]sError',\n  code: '%[1]s' }"},
	{"Terraform", "│ Error: [ERROR] terraform-provider-alicloud/alicloud/data_source.go:133: Resource x Describe Failed!!! [SDK alibaba-cloud-sdk-go ERROR]:\n│ SDKError:\n│    StatusCode: %[2]d\n│    Code: %[1]s\n│    Message: code: %[2]d, %[3]s"},
}

// apiFailures are codes of reference/cloudapi.md, section 7, with a part of what
// is said of each; "" where only a policy can help.
var apiFailures = []struct {
	code   string
	status int
	says   string
}{
	{"Throttling", 400, "but Throttling (too many requests): an Allow does not help. Wait a minute"},
	{"Throttling.User", 400, "but Throttling.User (too many requests)"},
	{"Throttling.Api", 429, "but Throttling.Api (too many requests)"},
	{"ServiceUnavailable", 503, "but ServiceUnavailable (Alibaba Cloud did not answer): an Allow does not help. The service is overloaded or down"},
	{"InternalError", 500, "Alibaba Cloud has a fault of its own"},
	{"UnknownError", 500, "Alibaba Cloud has a fault of its own"},
	{"SignatureNonceUsed", 400, "sends requests twice"},
	{"InvalidTimeStamp.Expired", 400, "Set this machine's clock"},
	{"IllegalTimestamp", 400, "Do not look for a missing parameter"},
	{"InvalidAccessKeyId.NotFound", 404, "The AccessKey does not exist or was deleted"},
	{"InvalidAccessKeyId.Inactive", 403, "The AccessKey is disabled"},
	{"SignatureDoesNotMatch", 403, "The AccessKey secret is probably wrong"},
	{"IncompleteSignature", 400, "The signature's headers did not arrive whole"},
	{"MissingSecurityToken", 400, "came without its token"},
	{"InvalidSecurityToken.Expired", 403, "The temporary credentials have expired"},
	{"InvalidSecurityToken.MismatchWithAccessKey", 400, "of two sessions"},
	{"SecurityTokenExpired", 400, "The temporary credentials have expired"},
	{"InvalidAppId.NotFound", 404, "SAE has no application with this AppId: a wrong region is the commonest cause"},
	{"InvalidApplication.NotFound", 400, "SAE has no such application"},
	{"EnvNotExists", 404, "WebPlus has no such environment"},
	{"EnvOnChanging", 400, "Another change is running in this environment"},
	{"GatherStatsOnTerminatedEnvNotAllowed", 403, "The environment is terminated"},
	{"CreateCommandFailed", 400, "could not create its Cloud Assistant command"},
	{"InvalidParam.PageNumber", 403, "this is not about permissions"},
	{"InvalidApi.NotFound", 404, "an Allow does not help"},
	{"InvalidInstanceId.NotFound", 404, "but a code that ends in .NotFound (there is no such thing)"},
	{"EntityNotExist.Role", 404, "There is no such role"},
	{"MissingParameter", 400, "Give the argument that the message names"},
	{"InvalidParameter.NextToken", 400, "The next_token has expired"},
	{"InvalidRegionId.NotFound", 404, "There is no region"},

	{"ResourceAuthFailed", 403, "It does not exist, or it is not yours; WebPlus answers both alike. Check the id and the region first"},
	{"Forbidden.NotSupportRAM", 403, "A policy does not help"},

	{"NoPermission", 403, ""},
	{"Forbidden", 403, ""},
	{"Forbidden.RAM", 403, ""},
	{"AccessDenied", 403, ""},
	{"NotAuthorized", 403, ""},
	{"sae.no.permission", 403, ""},
	{"AuthenticationFailed", 403, ""},
	{"Operation.Forbidden", 403, ""},
}

// TestAnErrorIsSaidToBeWhatItIs, whoever printed it, also where it names one of
// our operations.
func TestAnErrorIsSaidToBeWhatItIs(t *testing.T) {
	t.Parallel()
	for _, p := range errorPrinters {
		for _, f := range apiFailures {
			for _, operation := range []string{"", " DescribeInvocationResults"} {
				text := fmt.Sprintf(p.format, f.code, f.status, "what was said, LTAI5tNotAKeyOfAnybody1") + operation
				m, found := MendFor(text)
				said := strings.Join(m.Steps, " ")
				require.True(t, found, text)
				require.NotContains(t, said, "LTAI")
				switch {
				case f.says != "":
					require.Contains(t, said, f.says, text)
					require.False(t, m.Whole)
					require.Empty(t, m.Policy.Statement, text)
					if f.code != notYours { // which may be one
						require.NotContains(t, said, "what is missing", text)
					}
					require.NotContains(t, said, "asked in", text)
				case operation != "":
					require.Equal(t, Allow(readCommands), m.Policy, text)
					require.Contains(t, said, "is probably what is missing.")
				default:
					require.False(t, m.Whole)
					require.Empty(t, m.Policy.Statement, text)
					require.Contains(t, said, "the denied action is not in the text", text)
					require.Contains(t, said, "ActionTrail")
				}
			}
		}
	}
}

// TestAnErrorWithoutACodeIsSaidToBeWhatItIs: want is a part of the first step; ""
// where nothing is known of it.
func TestAnErrorWithoutACodeIsSaidToBeWhatItIs(t *testing.T) {
	const name = "DescribeInvocationResults: "
	for _, c := range []struct{ fact, text, want string }{
		{"200 OK", name + "200 OK", "went well (HTTP 200)"},
		{"a status line", name + "HTTP/1.1 200 OK", "went well (HTTP 200)"},
		{"a code of success", `{"Code":"OK","Message":"success","EnvChange":{}} GatherAppEnvStats`, "went well (OK)"},
		{"the code 200", `{"Code":"200","Success":true} DescribeApplicationStatus`, "went well (OK)"},
		{"success in words", name + "succeeded in 2 s", "went well (success)"},
		{"a timeout of Go", `Post "https://ecs.cn-hangzhou.aliyuncs.com/?Action=DescribeInvocationResults": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`, "a timeout"},
		{"a timeout of Java", "SDK.ServerUnreachable : java.net.SocketTimeoutException: Read timed out DescribeInvocationResults", "a timeout"},
		{"a timeout of Python", name + "HTTPSConnectionPool(host='ecs.aliyuncs.com', port=443): Read timed out. (read timeout=10)", "a timeout"},
		{"a timeout of ours", "UNKNOWN: Could not find out: the time for DescribeInvocationResults was over", "a timeout"},
		{"a timeout in Chinese", name + "请求超时", "a timeout"},
		{"a refused connection", name + "dial tcp 10.0.0.1:443: connect: connection refused", "did not get through"},
		{"an unknown host", name + "dial tcp: lookup ecs.cn-moon.aliyuncs.com: no such host", "did not get through"},
		{"a certificate", name + "tls: failed to verify certificate: x509", "did not get through"},
		{"throttling in words", name + "Request was denied due to user flow control.", "throttling (too many requests)"},
		{"throttling by status", name + "HTTP 429", "HTTP 429 (too many requests)"},
		{"not found by status", "StatusCode: 404 " + name, "HTTP 404 (there is no such thing)"},
		{"tea's message alone", name + "code: 404, The specified instance is not here request id: 473469C7", "HTTP 404"},
		{"a gateway's page", "<html><head><title>502 Bad Gateway</title></head></html> " + name, "HTTP 502"},
		{"a key in words", "Specified access key is not found. " + name, "an AccessKey that is not known"},
		{"a signature in words", "Specified signature is not matched with our calculation. " + name, "a signature that does not match"},
		{"a token in words", "Specified SecurityToken is expired. " + name, "a security token that has expired"},
		{"no credentials", "credentials: no usable Alibaba Cloud credentials found " + name, "missing credentials"},
		{"not found in words", name + "The specified InstanceId does not exist.", "something that is not there"},

		{"a denial by status", "HTTP 403", "This is a denied call (HTTP 403)"},
		{"tea's message of a denial", "code: 403, request id: 473469C7", "This is a denied call (HTTP 403)"},
		{"a denial in words", "User not authorized to operate on the specified resource, or this API doesn't support RAM.", "This is a denied call"},
		{"a denial in Chinese", "您没有权限执行此操作", "This is a denied call"},
		{"a denial of an operation", name + "User not authorized to operate on the specified resource", "is probably what is missing"},

		{"a trace without an error", "at com.aliyun.sae20190506.Client.describeApplicationStatus(Client.java:1)", ""},
		{"a command that was not run yet", "aliyun ecs DescribeInvocationResults --RegionId cn-hangzhou", ""},
		{"a code that nobody knows", name + "ErrorCode: MoonPhase", ""},
		{"a log without an error", name + "started", ""},
	} {
		t.Run(c.fact, func(t *testing.T) {
			m, found := MendFor(c.text)
			require.Equal(t, c.want != "", found, m.Steps)
			if !found {
				return
			}
			require.Contains(t, m.Steps[0], c.want)
			require.Equal(t, strings.Contains(c.want, "is missing"), m.Whole)
			require.Equal(t, m.Whole, len(m.Policy.Statement) == 1)
		})
	}
}

func TestSeveralErrorsAreEachSaidToBeWhatTheyAre(t *testing.T) {
	m, _ := MendFor("attempt 1: Throttling.User\nattempt 2: Forbidden.RAM calling DescribeInvocationResults")
	said := strings.Join(m.Steps, " ")
	require.Contains(t, said, "but Throttling.User")
	require.Contains(t, said, "An Allow of ecs:DescribeInvocationResults is probably what is missing.")
	require.False(t, m.Whole)

	m, _ = MendFor("attempt 1: Throttling.User\nattempt 2: AuthAction:ecs:DescribeInvocationResults NoPermissionType:ImplicitDeny")
	require.Equal(t, []string{"An Allow of ecs:DescribeInvocationResults is what is missing."}, m.Steps, "where the action is known it was a matter of two calls, or of patience")
	require.True(t, m.Whole)
}
