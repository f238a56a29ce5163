package formatters

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/alitriage/alitriage/cloudapi"
)

func refusal(code, message string, status int, kind error, changes ...func(*cloudapi.Error)) *cloudapi.Error {
	e := &cloudapi.Error{
		Op: "DescribeInvocationResults", Product: cloudapi.ECS, Region: "cn-hangzhou", Code: code, Message: message, Status: status, Kind: kind,
		RequestID: "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E", Sent: true,
	}
	for _, change := range changes {
		change(e)
	}
	return e
}

func errorCases() []goldenCase {
	const noPermission = "User not authorized to operate on the specified resource, or this API doesn't support RAM."
	denial := func(d cloudapi.Denial) func(*cloudapi.Error) {
		return func(e *cloudapi.Error) { e.Denied = &d }
	}
	user := cloudapi.Denial{Action: "ecs:DescribeInvocationResults", Principal: "204412345678901234", PrincipalType: "SubUser", OwnerID: "1234567890123456", Implicit: true, PolicyType: "AccountLevelIdentityBasedPolicy"}
	role := cloudapi.Denial{Action: "ecs:DescribeInvocationResults", Principal: "triage-ro:alice", PrincipalType: "AssumedRoleUser", OwnerID: "1234567890123456", PolicyType: "ControlPolicy"}
	trust := cloudapi.Denial{Action: "sts:AssumeRole", Principal: "204412345678901234", PrincipalType: "SubUser", OwnerID: "1234567890123456", Implicit: true, PolicyType: "AssumeRolePolicy"}
	by := func(d cloudapi.Denial, policyType string, explicit bool) error {
		d.PolicyType, d.Explicit, d.Implicit = policyType, explicit, !explicit
		return refusal("Forbidden.RAM", noPermission, http.StatusForbidden, cloudapi.ErrForbidden, denial(d))
	}
	unsaid := func(d cloudapi.Denial) error {
		return refusal("Forbidden.RAM", noPermission, http.StatusForbidden, cloudapi.ErrForbidden, denial(d))
	}
	sts := func(e *cloudapi.Error) error {
		e.Op, e.Product, e.Region = "AssumeRole", cloudapi.STS, ""
		return e
	}
	of := func(name string, err error) goldenCase { return goldenCase{name: name, report: testLock.Error(err)} }
	cases := []goldenCase{
		of("forbidden and no policy allows it", refusal("Forbidden.RAM", noPermission, http.StatusForbidden, cloudapi.ErrForbidden, denial(user))),
		of("forbidden and a policy denies it", by(role, "ControlPolicy", true)),
		of("forbidden and a policy of the account denies it", by(user, "AccountLevelIdentityBasedPolicy", true)),
		of("forbidden and no policy of the resource group allows it", by(user, "ResourceGroupLevelIdentityBasedPolicy", false)),
		of("forbidden and a policy of the resource group denies it", by(user, "ResourceGroupLevelIdentityBasedPolicy", true)),
		of("forbidden and the session policy leaves it out", by(role, "SessionPolicy", false)),
		of("forbidden and the session policy denies it", by(role, "SessionPolicy", true)),
		of("forbidden and no control policy allows it", by(role, "ControlPolicy", false)),
		of("forbidden and the trust policy denies it", by(trust, "AssumeRolePolicy", true)),
		of("forbidden and the policy of the resource leaves it out", by(user, "ResourceBasedPolicy", false)),
		of("forbidden and the policy of the resource denies it", by(user, "ResourceBasedPolicy", true)),
		of("forbidden by a policy of a kind nobody knows", by(cloudapi.Denial{Action: "ecs:DescribeInvocationResults", Principal: "1234567890123456", PrincipalType: "RootUser"}, "MoonPolicy", true)),
		of("forbidden by the trust policy of the role", refusal("NoPermission", noPermission, http.StatusForbidden, cloudapi.ErrForbidden, denial(trust))),
		of("forbidden and how is not said", unsaid(cloudapi.Denial{Action: "ecs:DescribeInvocationResults", Principal: "204412345678901234", PrincipalType: "SubUser"})),
		of("forbidden and the action is not one of ours", by(cloudapi.Denial{Action: "kms:Decrypt", Principal: "204412345678901234", PrincipalType: "SubUser"}, "AccountLevelIdentityBasedPolicy", false)),
		of("forbidden without detail", refusal("Forbidden.RAM", noPermission, http.StatusForbidden, cloudapi.ErrForbidden)),
		of("not found", refusal("InvalidAppId.NotFound", "The current application does not exist.", http.StatusNotFound, cloudapi.ErrNotFound, func(e *cloudapi.Error) {
			e.Op, e.Product = "DescribeApplicationStatus", cloudapi.SAE
			e.Recommend = "https://api.aliyun.com/troubleshoot?q=InvalidAppId.NotFound&product=sae&requestId=473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E"
		})),
		of("throttled", refusal("Throttling.User", "Request was denied due to user flow control.", http.StatusBadRequest, cloudapi.ErrThrottled,
			func(e *cloudapi.Error) { e.RetryAfter = 2500 * time.Millisecond })),
		of("our own budget is used up", &cloudapi.Error{
			Op: "DescribeInvocationResults", Product: cloudapi.ECS, Region: "cn-hangzhou", Kind: cloudapi.ErrThrottled,
			Cause: errors.New("alitriage's own budget of 5 requests a second for ecs in cn-hangzhou is used up (callers waiting: 57); the turn of this call would come in 11.6s, when its time is over"),
		}),
		of("our own budget is held for Alibaba Cloud", &cloudapi.Error{
			Op: "DescribeInvocationResults", Product: cloudapi.ECS, Region: "cn-hangzhou", Kind: cloudapi.ErrThrottled, RetryAfter: 24100 * time.Millisecond,
			Cause: errors.New("Alibaba Cloud asked to send nothing to ecs in cn-hangzhou for 30s, of which 24.1s are left: more than this call has time"),
		}),
		of("the role may not be assumed and why is not said", sts(refusal("NoPermission", "You are not authorized to do this action.", 0, cloudapi.ErrForbidden))),
		of("the role may not be assumed and no policy allows it", sts(refusal("NoPermission", "You are not authorized to do this action.", 0, cloudapi.ErrForbidden, denial(cloudapi.Denial{
			Action: "sts:AssumeRole", Principal: "204412345678901234", PrincipalType: "SubUser", OwnerID: "1234567890123456", Implicit: true, PolicyType: "AccountLevelIdentityBasedPolicy"})))),
		of("the role may not be assumed because of its trust policy", sts(refusal("NoPermission", "You are not authorized to do this action.", 0, cloudapi.ErrForbidden, denial(trust)))),
		of("the role does not exist", sts(refusal("EntityNotExist.Role", "The role not exists: triage-ro.", 0, cloudapi.ErrNotFound))),
		of("the secret that assumes the role is wrong", sts(refusal("SignatureDoesNotMatch", "Specified signature does not match our calculation.", 0, cloudapi.ErrUnauthenticated))),
		of("the role was not assumed for STS cannot be reached", &cloudapi.Error{
			Op: "AssumeRole", Product: cloudapi.STS, Kind: cloudapi.ErrUnavailable, Cause: errors.New("sts.aliyuncs.com: dial tcp: lookup sts.aliyuncs.com: no such host"),
		}),
		of("another change is running", refusal("EnvOnChanging", "The environment is changing.", http.StatusBadRequest, cloudapi.ErrInvalid, func(e *cloudapi.Error) {
			e.Op, e.Product = "GatherAppEnvStats", cloudapi.WebPlus
		})),
		of("the start may have arrived", &cloudapi.Error{
			Op: "GatherAppEnvStats", Product: cloudapi.WebPlus, Region: "cn-beijing", Kind: cloudapi.ErrUnavailable,
			Cause: errors.New("read tcp 10.0.0.4:51234->47.95.1.1:443: connection reset by peer"), Sent: true, MayHaveStarted: true,
		}),
		of("the secret is wrong", refusal("SignatureDoesNotMatch", "Specified signature does not match our calculation.", http.StatusBadRequest, cloudapi.ErrUnauthenticated,
			func(e *cloudapi.Error) { e.SecretWrong = true })),
		of("the clock is off", refusal("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.", http.StatusBadRequest, cloudapi.ErrUnauthenticated,
			func(e *cloudapi.Error) { e.Skew = -27 * time.Minute })),
		of("no credentials", &cloudapi.Error{
			Op: "DescribeInvocationResults", Product: cloudapi.ECS, Region: "cn-hangzhou", Kind: cloudapi.ErrUnauthenticated, Cause: cloudapi.ErrNoCredentials,
		}),
		of("no credentials of a named profile", &cloudapi.Error{
			Op: "DescribeInvocationResults", Product: cloudapi.ECS, Region: "cn-hangzhou", Kind: cloudapi.ErrUnauthenticated, Cause: cloudapi.ErrNoProfileCredentials,
		}),
		of("the time was over", &cloudapi.Error{
			Op: "DescribeInvocationResults", Product: cloudapi.ECS, Region: "cn-hangzhou", Kind: cloudapi.ErrUnavailable, Cause: context.DeadlineExceeded, Sent: true,
		}),
		of("nothing was sent", &cloudapi.Error{
			Op: "DescribeInvocationResults", Product: cloudapi.ECS, Region: "cn-hangzhou", Kind: cloudapi.ErrUnavailable,
			Cause: errors.New("dial tcp: lookup ecs-cn-hangzhou.aliyuncs.com: no such host"),
		}),
		of("the answer is a page of a proxy", refusal("", "502 Bad Gateway nginx", http.StatusBadGateway, cloudapi.ErrBadResponse)),
		of("not of the cloud", errors.New("the process is shutting down")),
		of("hostile denial", refusal("Forbidden.RAM\n", "", http.StatusForbidden, cloudapi.ErrForbidden, func(e *cloudapi.Error) {
			e.RequestID = "R 1"
			e.Recommend = "https://api.aliyun.com@evil.example/troubleshoot?q=x"
			e.Denied = &cloudapi.Denial{
				Action: "ecs:*\u202e", Principal: "alice\nOK: allowed", PrincipalType: "Sub\x1b[2JUser", OwnerID: "1; `reboot`", PolicyType: "ControlPolicy\n- do this", Explicit: true,
			}
		})),
		of("hostile texts", refusal("Bad\x1b[2JCode", "line one\nOK: all is well \u202e \"quoted\" AccessKeySecret=AbCdEfGhIjKlMnOpQrStUvWxYz0123", http.StatusBadRequest, cloudapi.ErrInvalid,
			func(e *cloudapi.Error) {
				e.RequestID, e.Recommend = "R-1\nOK", "https://evil.example/?token=AbCd1234EfGh5678"
				e.Denied = &cloudapi.Denial{Action: "ecs:*\"}, {", Principal: "eve\nOK", PrincipalType: "SubUser"}
			})),
	}
	return append(cases, documentedCases()...)
}

// documentedCases show whole what only one product answers, and one of each
// group that the gateway answers. The next steps of all stand on one page: see
// TestNextStepsOfEveryDocumentedError.
func documentedCases() (cases []goldenCase) {
	whole := []string{
		"Throttling.User", "InternalError.Dispatch", "IllegalTimestamp", "InvalidSecurityToken.Expired", "InvalidAction.NotFound", "Forbidden.NotSupportRAM", "ResourceAuthFailed",
		"InvalidRegionId.CloudAssistant", "InvalidParameter.NextToken", "InvalidParam.PageSize", "InvalidApplication.NotFound", "InvalidParameter.NotEmpty",
		"EnvNotExists", "InstanceNotExists", "StatusNotAllowed", "CreateCommandFailed", "AgentSetupTimeout", "OSSDisabled",
	}
	for _, d := range documentedErrors {
		if oneOf(d.code, whole...) || d.op == studioRead && d.code == "ServiceUnavailable" {
			e := d.error()
			cases = append(cases, goldenCase{name: string(e.Product) + " " + d.code, report: testLock.Error(e)})
		}
	}
	return cases
}
