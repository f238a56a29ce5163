package formatters

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/alitriage/alitriage/cloudapi"
)

// apiError is what to do after an error of the API, by its code.
type apiError struct {
	code  string // a trailing asterisk matches a prefix
	steps func(*cloudapi.Error) []string
}

// advise makes the fixed steps of a row.
func advise(steps ...string) func(*cloudapi.Error) []string { return does[*cloudapi.Error](steps...) }

// apiErrors is the table of reference/cloudapi.md, section 7, with what the
// vendor's pages of the five operations and of their products document besides.
// The first match wins, so exact codes stand before patterns. Codes that say no
// more than their kind are not here: see kindSteps.
var apiErrors = []apiError{
	// All products: the gateway.
	{"SignatureNonceUsed", advise("Ask again: every request has a nonce of its own. If it stays so, a proxy on the way sends requests twice: ask without it.")},
	{"InvalidTimeStamp*", clockSteps},
	{"IllegalTimestamp", clockSteps},
	{"RequestTimeExpired", clockSteps},
	{"InvalidAccessKeyId.NotFound", advise("The AccessKey does not exist or was deleted: look for it in the RAM console, and set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or the profile, to one that exists.")},
	{"InvalidAccessKeyId.Inactive", advise("The AccessKey is disabled: enable it with `aliyun ram UpdateAccessKey --UserName <user> --UserAccessKeyId <AccessKeyId> --Status Active`, or use another one.")},
	{"InvalidAccessKeyId*", advise("The AccessKey id is not one: set ALIBABA_CLOUD_ACCESS_KEY_ID, or that of the profile, again without spaces or quotes around it.")},
	{"SignatureDoesNotMatch", signatureSteps},
	{"IncompleteSignature", advise(headersAltered)},
	{"InvalidSignatureMethod", advise(headersAltered)},
	{"MissingAccessKeyId", advise(headersAltered)},
	{"MissingSecurityToken", advise("The AccessKey is a temporary one and came without its token: set ALIBABA_CLOUD_SECURITY_TOKEN beside it, all three from the same answer of STS.")},
	{"InvalidSecurityToken.Expired", advise(tokenExpired)},
	{"SecurityTokenExpired", advise(tokenExpired)},
	{"InvalidSecurityToken.MismatchWithAccessKey", advise("Token and AccessKey are of two sessions: set ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and ALIBABA_CLOUD_SECURITY_TOKEN together, from the same answer of STS.")},
	{"InvalidSecurityToken*", advise("The security token is not whole: set ALIBABA_CLOUD_SECURITY_TOKEN again, without line breaks, or get new temporary credentials.")},
	{"InvalidApi.NotFound", notServedSteps},
	{"InvalidAction.NotFound", notServedSteps},
	{"UnsupportedHTTPMethod", advise("Something on the way changed the request's method: check ALITRIAGE_ENDPOINT, the endpoints of the profile, and the proxy (HTTPS_PROXY).")},
	{"InternalError.Dispatch", unavailable("The gateway could not pass the request on")},
	{"InternalError*", unavailable("Alibaba Cloud has a fault of its own")},
	{"ServiceUnavailable*", unavailable("The service is overloaded or down")},
	{"UnknownError", unavailable("Alibaba Cloud has a fault of its own")},

	// Permissions that an Allow statement does not mend.
	{notSupportRAM, advise("A policy does not help: this operation does not take the kind of principal that asked. Ask with another kind: a RAM user instead of a role session, or the account itself.", stopHere)},
	{notYours, func(e *cloudapi.Error) []string {
		return append([]string{fmt.Sprintf("It does not exist, or it is not yours; WebPlus answers both alike. Check the id and the region%s first, then the account.", askedIn(e))}, forbiddenSteps(e)...)
	}},

	// STS, AssumeRole.
	{"EntityNotExist.Role", advise("There is no such role: check role_arn of the profile, account and name (`aliyun ram GetRole --RoleName <name>` shows the Arn of one that exists, with a key of its account).")},

	// Regions.
	{"InvalidRegionId.CloudAssistant", regionSteps("Cloud Assistant is not offered in")},
	{"InvalidRegionId.NotFound", regionSteps("There is no region")},
	{"RegionId.ApiNotSupported", regionSteps("This operation is not offered in")},
	{"InvalidServerlessRegion.Unsupported", regionSteps("SAE is not offered in")},

	// ECS, DescribeInvocationResults.
	{"InvalidParameter.NextToken", advise("The next_token has expired or is of another query: ask again without next_token, and with the same ids and filters for every page after that.")},
	{"InvalidParameter.MaxResults", advise("Ask with max_results between 1 and 1000: alitriage reads that in pages of 50 at most.")},
	{"InvalidParam.PageNumber", advise(oldPaging)},
	{"InvalidParam.PageSize", advise(oldPaging)},
	{"MissingParam.*", advise("Give the argument that the message names; include_history needs the invoke_id of a command that runs more than once.")},

	// SAE, DescribeApplicationStatus.
	{"InvalidAppId.NotFound", notFound("SAE has no application with this AppId", "the AppId (a UUID, not the application's name)")},
	{"InvalidApplication.NotFound", notFound("SAE has no such application", "whether it was deleted")},
	{"InvalidParameter.NotEmpty", advise("The argument that the message names arrived empty: give app_id, a UUID such as 0099b7be-5f5b-4512-a7fc-56049ef1aaaa.")},

	// WebPlus, GatherAppEnvStats and DescribeGatherStatsResult.
	{"EnvNotExists", notFound("WebPlus has no such environment", "the EnvId (we-…)")},
	{"ChangeNotExists", notFound("WebPlus has no such change", "the ChangeId (wc-…)")},
	{"InstanceNotExists", func(e *cloudapi.Error) []string {
		return []string{fmt.Sprintf("The environment has no such instance: correct target_instances, or leave it out so that all instances are asked. The region asked was %s.", asked(e))}
	}},
	{"EnvOnChanging", advise("Another change is running in this environment: wait until it has ended, then gather again. Its change list shows which one: <WebPlus console>.")},
	{"StatusNotAllowed*", advise("The environment is in a state in which WebPlus gathers nothing: see which at <WebPlus console>, and gather again when it is running.")},
	{"GatherStatsOnTerminatedEnvNotAllowed", advise("The environment is terminated: there is nothing to gather from. If that is a surprise, check the EnvId.")},
	{"CreateCommandFailed", advise("WebPlus could not create its Cloud Assistant command, as a rule because the region's quota is used up: count them with `aliyun ecs DescribeCommands --region <region>` (TotalCount), delete what nobody needs (DeleteCommand), then gather again.")},
	{"AgentSetupTimeout", advise("The agent on the instances did not answer within 1 minute: `aliyun ecs DescribeCloudAssistantStatus --region <region> --InstanceId.1 <InstanceId>` must say CloudAssistantStatus true; if not, `systemctl restart aliyun.service` on the host. Then gather again.")},
	{"OSSDisabled", advise("OSS is not activated in this account, or was suspended (an overdue payment): activate it in the OSS console; WebPlus keeps what it gathers there.")},
	{"OSSApiCallFailed", advise("WebPlus could not use OSS: check that the environment's bucket exists and that WebPlus may still use it, then ask again.")},
	{"Missing*", advise("Give the argument that the message names. If you gave it, a proxy on the way (HTTPS_PROXY) may have cut it off.")},
}

// kindSteps are for codes that say no more than their kind, and for failures
// without a code.
var kindSteps = []struct {
	kind  error
	steps func(*cloudapi.Error) []string
}{
	{context.Canceled, advise("Ask again when you need the answer.")},
	{cloudapi.ErrKeyAwaited, advise("What you asked for was not sent, for there was no key in time: find out why its source is slow (a program may wait for somebody to sign in; a server, STS or a proxy may not answer), then ask again, or give it more time (--max-wait).")},
	{context.DeadlineExceeded, advise("Ask again: this says nothing about what you asked for. If it stays so, give it more time (--max-wait), or check the network and the proxy (HTTPS_PROXY).")},
	{cloudapi.ErrNoProfileCredentials, withoutKey("Give that profile credentials with `aliyun configure --profile <its name>`, or name another one: a profile that is named takes none from variables.")},
	{cloudapi.ErrNoCredentials, withoutKey("Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or configure a profile with `aliyun configure`; or try alitriage with --demo, which needs none.", clientEnv)},
	{cloudapi.ErrInvalid, advise("Correct the argument that the message names, and ask again.")},
	{cloudapi.ErrNotFound, notFound("It is not there", "the id")},
	{cloudapi.ErrUnauthenticated, credentialSteps},
	{cloudapi.ErrForbidden, forbiddenSteps},
	{cloudapi.ErrThrottled, throttledSteps},
	{cloudapi.ErrBadResponse, advise("Ask again; if it stays so, report it with the RequestId. A proxy or a wrong endpoint override may answer in Alibaba Cloud's place.")},
	{cloudapi.ErrUnavailable, unavailable("Alibaba Cloud does not answer as it should")},
}

// clientEnv: the TypeScript SDK of MCP starts a server with HOME, LOGNAME, PATH,
// SHELL, TERM and USER alone (client/stdio.ts, getDefaultEnvironment), so that keys
// which a shell has exported do not reach it.
const clientEnv = `If an MCP client starts alitriage, it may not pass on what a shell has exported: put the variables into "env" of its configuration, or a profile into its "args" (--profile NAME).`

// errorSteps is what to do next: first by the code, then by the kind.
func errorSteps(e *cloudapi.Error, site Site) []string {
	for _, row := range apiErrors {
		if matchesCode(row.code, e.Code) {
			return filledIn(row.steps(e), e, site)
		}
	}
	for _, row := range kindSteps {
		if errors.Is(e, row.kind) {
			return filledIn(row.steps(e), e, site)
		}
	}
	return []string{"Ask again; if it stays so, report it with the arguments that you gave."}
}

// matchesCode compares with a code whose trailing asterisk stands for any rest.
func matchesCode(pattern, code string) bool {
	prefix, any := strings.CutSuffix(pattern, "*")
	return any && strings.HasPrefix(code, prefix) || pattern == code
}

func filledIn(steps []string, e *cloudapi.Error, site Site) []string {
	filled := make([]string, len(steps))
	addresses := strings.NewReplacer("<WebPlus console>", site.webPlusConsole(e.Region), "<status page>", site.hosts().status)
	for i, step := range steps {
		filled[i] = addresses.Replace(fillIn(step, e.Region, "", ""))
		if e.RequestID == "" {
			filled[i] = strings.ReplaceAll(filled[i], " with the RequestId", "")
		}
	}
	return filled
}

const (
	notSupportRAM = "Forbidden.NotSupportRAM"
	notYours      = "ResourceAuthFailed"
)

const (
	headersAltered = "The signature's headers did not arrive whole: a proxy (HTTPS_PROXY) or an endpoint override (ALITRIAGE_ENDPOINT) removes or alters Authorization or x-acs-*. Ask without it."
	tokenExpired   = "The temporary credentials have expired, and looking them up again brought no new ones: sign in or assume the role again, then set ALIBABA_CLOUD_SECURITY_TOKEN and its AccessKey anew."
	oldPaging      = "Despite HTTP 403 this is not about permissions: the paging is wrong. Page with max_results (1 to 1000) and next_token alone."
)

// asked is the region that was asked in, or that there was none.
func asked(e *cloudapi.Error) string {
	if e.Region == "" {
		return "no region"
	}
	return e.Region
}

// askedIn is for what is said of a failure of which nobody knows where, too.
func askedIn(e *cloudapi.Error) string {
	if e.Region == "" && e.At.IsZero() { // it is not our call's
		return ""
	}
	return " (asked in " + asked(e) + ")"
}

// notFound puts the commonest cause first.
func notFound(what, check string) func(*cloudapi.Error) []string {
	return func(e *cloudapi.Error) []string {
		return []string{fmt.Sprintf("%s%s: a wrong region is the commonest cause, so ask in the resource's own region first; then check %s.", what, askedIn(e), check)}
	}
}

func regionSteps(what string) func(*cloudapi.Error) []string {
	return func(e *cloudapi.Error) []string {
		return []string{fmt.Sprintf("%s %s: ask with the region where the resource is. `aliyun ecs DescribeRegions` lists those that exist.", what, asked(e))}
	}
}

// farOff is a clock that explains a refusal.
const farOff = 10 * time.Minute

// clockSteps believe the Date of the answer and not the message: IllegalTimestamp
// speaks of a missing parameter.
func clockSteps(e *cloudapi.Error) []string {
	steps := []string{"Set this machine's clock by NTP (`chronyc makestep`; Windows `w32tm /resync`; `timedatectl` shows its state): what was signed more than 15 minutes ago, or ahead, is refused."}
	if e.Skew.Abs() > farOff {
		way := "ahead of"
		if e.Skew > 0 {
			way = "behind"
		}
		steps[0] = fmt.Sprintf("This machine's clock is %s %s Alibaba Cloud's. %s", e.Skew.Abs().Round(time.Second), way, steps[0])
	}
	if e.Code == "IllegalTimestamp" {
		steps = append(steps, "Do not look for a missing parameter, whatever the message says: IllegalTimestamp means the time.")
	}
	return steps
}

func signatureSteps(e *cloudapi.Error) []string {
	if e.SecretWrong {
		return []string{"The AccessKey secret is wrong: both sides signed the same request. Set ALIBABA_CLOUD_ACCESS_KEY_SECRET, or that of the profile, to the secret of this AccessKey; a lost one cannot be read again, so make a new AccessKey."}
	}
	if e.Product == cloudapi.STS || e.Product == "" { // what was signed is not known
		return []string{"The AccessKey secret is probably wrong: set ALIBABA_CLOUD_ACCESS_KEY_SECRET, or that of the profile that assumes the role, again. Else a proxy (HTTPS_PROXY) altered the request."}
	}
	return []string{"The request was altered on its way, as a rule by a proxy: ask without it (HTTPS_PROXY, NO_PROXY). Else the secret belongs to another AccessKey."}
}

// withoutKey is for calls that nothing could sign. A server that hands out keys
// may have been asked.
func withoutKey(step string, more ...string) func(*cloudapi.Error) []string {
	return func(e *cloudapi.Error) []string {
		step := step
		if cloudapi.SourceIsUnusable(e) && !errors.Is(e, cloudapi.ErrNoProfileCredentials) {
			step = "Mend what is said of the last source that was tried, or name a profile with --profile: no other source is tried, for its key may be somebody else's."
		}
		if e.Sent {
			return append([]string{step}, more...)
		}
		return append([]string{"Nothing was sent. " + step}, more...)
	}
}

// credentialSteps are for refused credentials of which no more is known than what
// the clock tells.
func credentialSteps(e *cloudapi.Error) []string {
	if e.Skew.Abs() > farOff {
		return clockSteps(e)
	}
	if e.Product == cloudapi.CloudSSO || e.Product == cloudapi.OAuth {
		return []string{"Sign in again with the aliyun CLI: `aliyun configure --profile <its name>`, then ask again."}
	}
	if e.Op == assumeRoleWithOIDC {
		return []string{"STS does not accept the OIDC token: when it has expired, look at what has to renew its file; else compare its issuer and audience with the identity provider in the RAM console."}
	}
	return []string{"Find out which credentials are in use (environment, then profile) and whose they are: `aliyun sts GetCallerIdentity` with the same ones; renew them."}
}

// throttledSteps tell apart who has refused: what was not sent, our own budget.
func throttledSteps(e *cloudapi.Error) []string {
	if !e.Sent && e.RetryAfter == 0 {
		return []string{
			"Nothing was sent. Ask again in a few seconds, for fewer things at the same time, or give it more time (--max-wait).",
			"alitriage sends so few requests a second for each product and region to leave the account's quota to the console and Terraform.",
		}
	}
	wait := "a minute"
	if e.RetryAfter > 0 {
		wait = duration(e.RetryAfter) + ", as Alibaba Cloud asks"
	}
	return []string{
		"Wait " + wait + ", then ask again.",
		"The quota is per API, region and account in 1-minute windows, and the console and Terraform use it up too: pause what else polls this API.",
	}
}

// unavailable is for faults on the other side, and for requests that never got
// there.
func unavailable(what string) func(*cloudapi.Error) []string {
	return func(e *cloudapi.Error) []string {
		steps := []string{what + ": ask again in a minute. If it stays so, look at <status page>, or open a ticket with the RequestId."}
		if !e.Sent {
			steps = networkSteps(e)
		}
		switch {
		case e.Product == cloudapi.STS && !e.Sent:
			steps = []string{"The role was not assumed, so nothing else was sent. Check the network, the proxy (HTTPS_PROXY, NO_PROXY) and the endpoint of sts, if the profile has one; then ask again."}
		case e.Product == cloudapi.BPStudio && e.Sent:
			steps = append(steps, "BPStudio may answer so for an OperationId that has expired, too: it lives 1 hour.")
		case e.Product == cloudapi.WebPlus && !e.Sent && oneOf(steps[0], noHost, notSent):
			steps = append(steps, webPlusMayBeGone)
		}
		return steps
	}
}

const webPlusMayBeGone = "WebPlus is documented for cn-beijing, cn-zhangjiakou, cn-hangzhou, cn-shanghai and cn-shenzhen alone, and has not changed for years: it may be gone elsewhere, or altogether."

func notServedSteps(e *cloudapi.Error) []string {
	steps := []string{fmt.Sprintf("This endpoint does not serve %s: check the region (%s) and the overrides (ALITRIAGE_ENDPOINT, endpoints of the profile).", e.Op, asked(e))}
	if e.Product == cloudapi.WebPlus {
		steps = append(steps, webPlusMayBeGone)
	}
	return steps
}
