package formatters

import (
	"regexp"
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

// forbiddenSteps names the missing action, where there is one: what was signed in
// with, or a token, needs none.
func forbiddenSteps(e *cloudapi.Error) []string {
	switch {
	case e.Product == cloudapi.CloudSSO, e.Product == cloudapi.OAuth:
		return []string{"Who signed in may not have a key here: let the administrator of the sign-in (CloudSSO, or OAuth in the RAM console) assign the account and the access configuration of the profile.", stopHere}
	case e.Op == assumeRoleWithOIDC:
		return []string{"The role's trust policy (AssumeRolePolicy) does not admit this OIDC token: let the owner of the role compare oidc:iss, oidc:aud and oidc:sub in it with those of the token.", stopHere}
	}
	if e.Denied == nil && e.Op == assumeRole {
		return []string{
			"Which of two is missing is not said. The role's trust policy (AssumeRolePolicy) may not name who asks: let the owner of the role add the principal.",
			"Or who asks lacks the action. " + grant(actions[e.Op], "then "),
			stopHere,
		}
	}
	action, presumed := missingAction(e)
	p := policyTypeOf(e.Denied)
	switch {
	case e.Denied != nil && e.Denied.Explicit:
		return []string{p.explicit, stopHere}
	case p.implicit != "":
		return []string{p.implicit, stopHere}
	case e.Denied != nil && !e.Denied.Implicit:
		return []string{grant(action, presumed) + p.where, "If that does not help, a policy forbids it: ask its owner.", stopHere}
	default:
		return []string{grant(action, presumed) + p.where, stopHere}
	}
}

// missingAction is the one that the denial names, or else the one that the
// operation lets us presume.
func missingAction(e *cloudapi.Error) (action, presumed string) {
	if e.Denied != nil && ramAction.MatchString(e.Denied.Action) {
		return e.Denied.Action, ""
	}
	return actions[e.Op], "probably "
}

// allowHelps tells whether the steps for e offer a statement.
func allowHelps(e *cloudapi.Error) bool {
	explicit := e.Denied != nil && e.Denied.Explicit
	return e.Code != notSupportRAM && !explicit && policyTypeOf(e.Denied).implicit == ""
}

// policyTypeOf finds what is known of the kind of policy, and who was denied.
func policyTypeOf(d *cloudapi.Denial) policyType {
	if d == nil {
		return policyType{}
	}
	p := lookUpPolicyType(d.PolicyType)
	if accountID.MatchString(d.OwnerID) {
		p.implicit = strings.ReplaceAll(p.implicit, "<account>", d.OwnerID)
	}
	if strings.EqualFold(d.PrincipalType, "AssumedRoleUser") {
		p.implicit = strings.ReplaceAll(p.implicit, "user/<name>", "role/<name>")
	}
	return p
}

var accountID = regexp.MustCompile(`^[0-9]{1,20}$`)

func lookUpPolicyType(name string) policyType {
	for _, p := range policyTypes {
		if strings.EqualFold(p.name, name) {
			return p
		}
	}
	return policyType{explicit: "Ask the owner of the policy, or of the control policy, that denies it: adding an Allow will not help."}
}
