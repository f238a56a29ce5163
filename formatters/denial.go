package formatters

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/alitriage/alitriage/cloudapi"
)

// denied says who lacks what, and whether an Allow would help. It reads the
// vendor's AccessDeniedDetail, of which EncodedDiagnosticMessage never gets here.
func (a errorLock) denied(d *cloudapi.Denial) string {
	short := func(s string) string { return shortenTo(a.orNone(s), a.limit) }
	who := principalTypes[strings.ToUpper(d.PrincipalType)]
	if who == "" {
		who = short(d.PrincipalType)
	}
	text := who + " " + short(d.Principal)
	if d.OwnerID != "" {
		text += " of account " + short(d.OwnerID)
	}
	text += " lacks the RAM action " + short(d.Action) + ": "
	if d.Explicit {
		text += "a policy forbids it, so that adding an Allow will not help (explicit deny"
	} else {
		text += "no policy allows it (implicit deny"
	}
	if d.PolicyType != "" {
		text += ", PolicyType " + short(d.PolicyType)
	}
	return text + ")"
}

var principalTypes = map[string]string{"SUBUSER": "RAM user", "ASSUMEDROLEUSER": "role session", "ROOTUSER": "root user"}

// stopHere ends every refusal for want of permission: assistants have passed
// over a 403 in silence.
const stopHere = "This is a matter of authorisation: do not go on with steps that depend on this answer."

// policyType is where a request failed, and who can mend it there. The kinds are
// those that the vendor's SDKs document for PolicyType; a policy of the resource
// is not among them, but exists.
type policyType struct {
	name     string
	implicit string // nothing there allows it; "": the statement mends it
	explicit string // something there denies it
	where    string // the statement goes there
}

var policyTypes = []policyType{
	{
		name:     "AccountLevelIdentityBasedPolicy",
		explicit: "Ask who looks after RAM in the account: a policy attached to this principal, its group or its role holds a Deny for this action, which must be taken out or narrowed. Adding an Allow will not help.",
	},
	{
		name:     "ResourceGroupLevelIdentityBasedPolicy",
		explicit: "Ask who looks after the resource group: a policy granted in it holds a Deny for this action, which must be taken out or narrowed. Adding an Allow will not help.",
		where:    ", for the resource group of the resource or for the whole account",
	},
	{
		name:     "SessionPolicy",
		implicit: "The role may be allowed, but the session is not: its session policy (Policy of AssumeRole) leaves this action out. Assume the role again with a Policy that holds it, or with none.",
		explicit: "The session policy (Policy of AssumeRole) denies it: assume the role again with another Policy, or with none. Adding an Allow will not help.",
	},
	{
		name:     "AssumeRolePolicy",
		implicit: "Let the owner of the role allow this principal in the role's trust policy (AssumeRolePolicy): it must stand under Principal there, with the Action sts:AssumeRole. A policy of the principal alone will not help.",
		explicit: "Ask the owner of the role: its trust policy (AssumeRolePolicy) denies this principal. Adding an Allow will not help.",
	},
	{
		name:     "ControlPolicy",
		implicit: "Ask the administrator of the resource directory: no control policy on this account's folder allows it. An Allow within the account will not help.",
		explicit: "Ask the administrator of the resource directory: a control policy on this account or its folder denies it. Adding an Allow within the account will not help.",
	},
	{
		name:     "ResourceBasedPolicy",
		implicit: "Ask the owner of the resource to allow this principal in the policy of the resource itself.",
		explicit: "Ask the owner of the resource: its own policy denies this principal. Adding an Allow will not help.",
	},
}

// forbiddenSteps names the missing action: as the denial says, or else as the
// operation lets us presume.
func forbiddenSteps(e *cloudapi.Error) []string {
	if e.Denied == nil {
		return []string{grant(actions[e.Op], "probably "), stopHere}
	}
	p := lookUpPolicyType(e.Denied.PolicyType)
	action, presumed := actions[e.Op], "probably "
	if ramAction.MatchString(e.Denied.Action) {
		action, presumed = e.Denied.Action, ""
	}
	switch {
	case e.Denied.Explicit:
		return []string{p.explicit, stopHere}
	case p.implicit != "":
		return []string{p.implicit, stopHere}
	default:
		return []string{grant(action, presumed) + p.where, stopHere}
	}
}

func lookUpPolicyType(name string) policyType {
	for _, p := range policyTypes {
		if strings.EqualFold(p.name, name) {
			return p
		}
	}
	return policyType{explicit: "Ask the owner of the policy, or of the control policy, that denies it: adding an Allow will not help."}
}

func grant(action, presumed string) string {
	return fmt.Sprintf(`Let an administrator add this statement, which is %swhat is missing: {"Effect":"Allow","Action":"%s","Resource":%s}`, presumed, action, resourceOf(action))
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
