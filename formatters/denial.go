package formatters

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/alitriage/alitriage/cloudapi"
)

// denied says who lacks what, and whether an Allow would help. It reads the
// vendor's AccessDeniedDetail, of which EncodedDiagnosticMessage never gets here.
func (a errorLock) denied(d *cloudapi.Denial) string {
	who := principalTypes[strings.ToUpper(d.PrincipalType)]
	if who == "" {
		who = a.orNone(d.PrincipalType)
	}
	text := who + " " + a.orNone(d.Principal)
	if d.OwnerID != "" {
		text += " of account " + a.orNone(d.OwnerID)
	}
	text += " lacks the RAM action " + a.orNone(d.Action) + ": "
	var how []string
	switch {
	case d.Explicit:
		text += "a policy forbids it"
		how = append(how, "explicit deny")
	case d.Implicit:
		text += "no policy allows it"
		how = append(how, "implicit deny")
	default:
		text += "whether a policy forbids it, or none allows it, is not said"
	}
	if d.PolicyType != "" {
		how = append(how, "PolicyType "+a.orNone(d.PolicyType))
	}
	if len(how) > 0 {
		text += " (" + strings.Join(how, ", ") + ")"
	}
	return text
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
		implicit: `Let the owner of the role allow this principal in the role's trust policy (AssumeRolePolicy), not in a policy of the principal: {"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::<account>:user/<name>"]}}`,
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
	case !e.Denied.Implicit:
		return []string{grant(action, presumed) + p.where, "If that does not help, a policy forbids it: ask its owner.", stopHere}
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

// grant is a statement for the actions that alitriage itself uses. For another
// one, which resource it needs is not ours to guess: all of them may be far too
// much.
func grant(action, presumed string) string {
	if !slices.Contains(slices.Collect(maps.Values(actions)), action) {
		return "Let an administrator allow " + action + ", on the resource alone that it is about"
	}
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
