package formatters

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/alitriage/alitriage/cloudapi"
)

// Error reports that nothing could be found out. It is not for commands that
// failed on a machine: those are data. Its text stays within MaxError bytes,
// with some room for hints.
func (a Airlock) Error(err error) Report {
	const room = 200
	var r Report
	for _, foreign := range []int{500, 250, 100} { // bytes of one text that is not ours
		r = a.through(func(c *chamber) Report { return errorLock{c, foreign}.report(err) })
		if len(Text(r, "")) <= MaxError-room {
			break
		}
	}
	return r
}

// errorLock lets so many bytes of each text through.
type errorLock struct {
	*chamber

	limit int
}

func (a errorLock) report(err error) Report {
	var e *cloudapi.Error
	if !errors.As(err, &e) {
		r := newReport(cloudapi.Source{})
		r.Verdict, r.Headline = Unknown, couldNot+shortenTo(a.line(err.Error()), a.limit)
		r.NextSteps = append(r.NextSteps, "Ask again; if it stays so, report it with the arguments that you gave.")
		return r
	}
	source := cloudapi.Source{Product: e.Product, Operation: e.Op, Region: e.Region}
	if e.RequestID != "" {
		source.RequestIDs = []string{shortenTo(a.word(e.RequestID), a.limit)}
	}
	r := newReport(source)
	r.Verdict = Unknown
	r.Headline = couldNot + a.headline(e)
	r.Reasons = append(r.Reasons, a.reasons(e)...)
	if e.MayHaveStarted {
		r.Rerun = RerunUnknown
		r.Headline = "Could not find out, and the gather may have started: " + a.headline(e)
		r.NextSteps = append(r.NextSteps, "Do not start another gather: look for the newest change of the environment in the WebPlus console and ask with its change_id.")
	} else {
		r.NextSteps = append(r.NextSteps, errorSteps(e)...)
	}
	if e.Recommend != "" {
		r.NextSteps = append(r.NextSteps, "Alibaba Cloud's troubleshooting link: "+shortenTo(a.quote(e.Recommend), a.limit))
	}
	return r
}

const couldNot = "Could not find out: "

func (a errorLock) headline(e *cloudapi.Error) string {
	switch {
	case errors.Is(e, context.Canceled):
		return e.Op + " was cancelled"
	case errors.Is(e, context.DeadlineExceeded):
		return "the time for " + e.Op + " was over"
	case errors.Is(e, cloudapi.ErrNoCredentials):
		return "there are no Alibaba Cloud credentials to ask with"
	case e.Code != "":
		return fmt.Sprintf("%s was refused with %s", e.Op, shortenTo(a.word(e.Code), a.limit))
	default:
		return e.Op + ": " + e.Kind.Error()
	}
}

func (a errorLock) reasons(e *cloudapi.Error) []string {
	var reasons []string
	switch {
	case e.Message != "" && e.Status != 0:
		reasons = append(reasons, fmt.Sprintf("Alibaba Cloud says (HTTP %d): %s", e.Status, shortenTo(a.quote(e.Message), a.limit)))
	case e.Message != "":
		reasons = append(reasons, "Alibaba Cloud says: "+shortenTo(a.quote(e.Message), a.limit))
	case e.Status != 0:
		reasons = append(reasons, fmt.Sprintf("HTTP status %d", e.Status))
	}
	if e.Cause != nil {
		if text := a.line(e.Cause.Error()); text != "" {
			reasons = append(reasons, shortenTo(text, a.limit))
		}
	}
	if e.Denied != nil {
		reasons = append(reasons, a.denied(e.Denied))
	}
	return reasons
}

// denied says who lacks what, and whether an Allow would help.
func (a errorLock) denied(d *cloudapi.Denial) string {
	short := func(s string) string { return shortenTo(a.orNone(s), a.limit) }
	how := "no policy allows it"
	if d.Explicit {
		how = "a policy forbids it, so that adding an Allow will not help"
	}
	text := fmt.Sprintf("%s %s lacks the RAM action %s: %s", short(d.PrincipalType), short(d.Principal), short(d.Action), how)
	if d.PolicyType != "" {
		text += " (policy type " + short(d.PolicyType) + ")"
	}
	return text
}

// errorSteps is what to do next: first by the code, then by the kind.
func errorSteps(e *cloudapi.Error) []string {
	if step, ok := codeSteps[e.Code]; ok {
		return []string{step}
	}
	switch {
	case errors.Is(e.Kind, cloudapi.ErrInvalid):
		return []string{"Correct the argument that the message names, and ask again."}
	case errors.Is(e.Kind, cloudapi.ErrNotFound):
		return []string{fmt.Sprintf("Check the id and the region (asked in %s): a wrong region is the commonest cause.", orDefault(e.Region, "no region"))}
	case errors.Is(e.Kind, cloudapi.ErrUnauthenticated):
		return credentialSteps(e)
	case errors.Is(e.Kind, cloudapi.ErrForbidden):
		return forbiddenSteps(e)
	case errors.Is(e.Kind, cloudapi.ErrThrottled):
		if e.RetryAfter > 0 {
			return []string{fmt.Sprintf("Wait %s, as Alibaba Cloud asks, and ask again: the quota is shared with the console and other tools.", duration(e.RetryAfter))}
		}
		return []string{"Wait a minute and ask again: the quota is per API, region and account in 1-minute windows, and shared with the console and other tools."}
	case errors.Is(e.Kind, cloudapi.ErrBadResponse):
		return []string{"Ask again; if it stays so, report it with the RequestId. A proxy or a wrong endpoint override may answer in Alibaba Cloud's place."}
	default:
		if !e.Sent {
			return []string{"Nothing was sent. Check the network, the proxy settings and the region, then ask again."}
		}
		return []string{"Ask again in a minute; if it stays so, look at Alibaba Cloud's status page or open a ticket with the RequestId."}
	}
}

func credentialSteps(e *cloudapi.Error) []string {
	switch {
	case errors.Is(e, cloudapi.ErrNoCredentials):
		return []string{"Nothing was sent. Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or configure a profile with `aliyun configure`; or try alitriage with --demo, which needs none."}
	case e.Code == "SignatureDoesNotMatch" && e.SecretWrong:
		return []string{"The AccessKey secret is wrong: both sides signed the same request. Correct the secret."}
	case e.Code == "SignatureDoesNotMatch":
		return []string{"The request was altered on the way, probably by a proxy; or the secret belongs to another AccessKey."}
	case e.Skew > 10*time.Minute || e.Skew < -10*time.Minute:
		return []string{fmt.Sprintf("This machine's clock is off by %s: synchronise it (NTP).", (-e.Skew).Round(time.Second))}
	default:
		return []string{"Check which credentials are in use and renew them."}
	}
}

// forbiddenSteps names the missing action: as the denial says, or else as the
// operation lets us presume.
func forbiddenSteps(e *cloudapi.Error) []string {
	const stop = "This is a matter of authorisation: do not go on with steps that depend on this answer."
	action, presumed := actions[e.Op], "probably "
	if d := e.Denied; d != nil {
		switch {
		case strings.EqualFold(d.PolicyType, "AssumeRolePolicy"):
			return []string{"Let the owner of the role allow this principal in the role's trust policy (AssumeRolePolicy).", stop}
		case d.Explicit:
			return []string{"Ask the owner of the policy, or of the control policy, that denies it: adding an Allow will not help.", stop}
		case ramAction.MatchString(d.Action):
			action, presumed = d.Action, ""
		}
	}
	return []string{
		fmt.Sprintf(`Let an administrator add this statement, which is %swhat is missing: {"Effect":"Allow","Action":"%s","Resource":%s}`, presumed, action, resourceOf(action)), stop,
	}
}

var ramAction = regexp.MustCompile(`^[a-z0-9-]{1,32}:[A-Za-z0-9]{1,64}$`)

// resourceOf is the least that a statement must name.
func resourceOf(action string) string {
	if action == "ecs:DescribeInvocationResults" {
		return `["acs:ecs:*:*:command/*","acs:ecs:*:*:instance/*"]`
	}
	return `"*"`
}

// actions are the RAM actions by operation. The prefix of WebPlus is not printed
// anywhere; it is presumed.
var actions = map[string]string{
	"GatherAppEnvStats":         "webplus:GatherAppEnvStats",
	"DescribeGatherStatsResult": "webplus:DescribeGatherStatsResult",
	"DescribeInvocationResults": "ecs:DescribeInvocationResults",
	"DescribeApplicationStatus": "sae:DescribeApplicationStatus",
	"GetExecuteOperationResult": "bpstudio:GetExecuteOperationResult",
}

var codeSteps = map[string]string{
	"EnvOnChanging":                        "Another change is running in this environment: wait until it has ended, then gather again.",
	"GatherStatsOnTerminatedEnvNotAllowed": "The environment is terminated: there is nothing to gather from.",
	"ResourceAuthFailed":                   "The resource does not exist, or it is not yours: check the id, the region and the account.",
	"CreateCommandFailed":                  "The gather could not create its Cloud Assistant command: check Cloud Assistant's quotas and that the agent is online.",
	"AgentSetupTimeout":                    "The agent on the instances did not answer within a minute: check that Cloud Assistant is online there.",
	"InvalidApi.NotFound":                  "The product or this operation is not served at this endpoint: check the region and endpoint overrides.",
	"InvalidAction.NotFound":               "The product or this operation is not served at this endpoint: check the region and endpoint overrides.",
	"InvalidAccessKeyId.NotFound":          "The AccessKey does not exist: check which credentials are in use.",
	"InvalidAccessKeyId.Inactive":          "The AccessKey is disabled: enable it or use another one.",
	"SignatureNonceUsed":                   "Ask again; if it stays so, a proxy repeats requests.",
	"RegionId.ApiNotSupported":             "This region does not have the product: check the region.",
	"InvalidServerlessRegion.Unsupported":  "This region does not have the product: check the region.",
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
