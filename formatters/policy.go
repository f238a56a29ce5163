package formatters

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/alitriage/alitriage/cloudapi"
)

// Policy is a RAM policy document.
type Policy struct {
	Version   string
	Statement []Statement
}

// Statement allows actions on resources.
type Statement struct {
	Effect           string
	Action, Resource oneOrMore
}

// oneOrMore is written as RAM's own examples are: one of it without brackets.
type oneOrMore []string

// MarshalJSON implements json.Marshaler.
func (o oneOrMore) MarshalJSON() ([]byte, error) {
	if len(o) == 1 {
		return json.Marshal(o[0])
	}
	return json.Marshal([]string(o))
}

// Allow makes the least policy that allows actions: a statement for each
// resource.
func Allow(actions ...string) Policy {
	p := Policy{Version: "1", Statement: []Statement{}}
	for _, action := range actions {
		resource := resourceOf(action)
		i := slices.IndexFunc(p.Statement, func(s Statement) bool { return slices.Equal(s.Resource, resource) })
		switch {
		case i < 0:
			p.Statement = append(p.Statement, allow(action))
		case !slices.Contains(p.Statement[i].Action, action):
			p.Statement[i].Action = append(p.Statement[i].Action, action)
		}
	}
	return p
}

func allow(action string) Statement {
	return Statement{Effect: "Allow", Action: oneOrMore{action}, Resource: resourceOf(action)}
}

// AllowAssuming is what whoever assumes a role needs.
func AllowAssuming(role string) Statement {
	s := allow(actions[assumeRole])
	s.Resource = oneOrMore{role}
	return s
}

func (s Statement) String() string {
	text, _ := json.Marshal(s) // texts alone
	return string(text)
}

// Mend is what lets denied calls through.
type Mend struct {
	// Policy has a statement for each action that an Allow helps.
	Policy Policy
	// Steps say what there is to know beside the policy.
	Steps []string
	// Whole tells that the policy is all that is missing, as far as is known.
	Whole bool
}

// maxMends is how many failures are answered. No error of ours or of the vendor
// holds as many; hostile text may.
const maxMends = 20

// MendFor answers the failures that a text tells of: those that an Allow helps by
// a policy, the others by saying what they are. false: it tells of none. Nothing
// of the text is in the answer but actions, codes that we know, and numbers.
func MendFor(text string) (m Mend, found bool) {
	failures := failuresIn(text)
	m = Mend{Policy: Allow(), Whole: true}
	failures, more := failures[:min(len(failures), maxMends)], len(failures)-maxMends
	for _, f := range failures {
		m.answer(f)
	}
	if more > 0 {
		m.Whole = false
		m.add(count(more, "denial") + " more in this text: give fewer of them at once.")
	}
	return m, len(failures) > 0
}

func (m *Mend) answer(f failure) {
	switch {
	case f.succeeded():
		m.Whole = false
		m.add("This text tells of a call that went well (" + f.sign + "): nothing is missing. Give the text of the call that failed.")
	case !f.isDenial():
		m.notDenied(f)
	case f.Code == notYours:
		m.Whole = false
		m.add(withoutStop(errorSteps(f.Error, China))...)
	case f.Op == "" && f.Denied == nil && f.Code == "":
		m.unnamed(f)
	default:
		m.denied(f.Error)
	}
}

// notDenied says what else it is.
func (m *Mend) notDenied(f failure) {
	m.Whole = false
	m.add("This is no missing permission but " + f.sign + " (" + f.Kind.Error() + "): an Allow does not help.")
	m.add(errorSteps(f.Error, China)...)
}

// unnamed is a denial of nobody knows what.
func (m *Mend) unnamed(f failure) {
	m.Whole = false
	m.add(
		"This is a denied call ("+f.sign+"), but the denied action is not in the text, or not whole, so there is no statement to give.",
		"Look for it in the same error: AccessDeniedDetail has it as AuthAction. The aliyun CLI prints that; exceptions of the SDKs keep it in their data, not in their message. An EncodedDiagnosticMessage is decoded by `aliyun ram DecodeDiagnosticMessage --EncodedDiagnosticMessage <text>`.",
		"Or find the call in ActionTrail by its RequestId and time: the event names service and operation. Then give that name to policy --from-error.",
		"If it was a call of alitriage: `alitriage-mcp policy` prints all that it needs.",
	)
}

func (m *Mend) denied(e *cloudapi.Error) {
	action, presumed := missingAction(e)
	steps := withoutStop(errorSteps(e, China))
	switch {
	case allowHelps(e) && isOurs(action):
		if !slices.ContainsFunc(m.Policy.Statement, func(s Statement) bool { return s.Action[0] == action }) {
			m.Policy.Statement = append(m.Policy.Statement, allow(action))
		}
		steps[0] = "An Allow of " + action + " is " + presumed + "what is missing" + policyTypeOf(e.Denied).where + "."
		if e.Op == assumeRole || action == actions[assumeRole] {
			steps = append(steps, "Put the ARN of the role in the place of "+someRole+", and let the role's trust policy name who assumes it.")
		}
	case allowHelps(e) || action == "":
		m.Whole = false
	default:
		m.Whole = false
		steps[0] = action + ": " + steps[0]
	}
	m.add(steps...)
}

// add leaves out what has been said.
func (m *Mend) add(steps ...string) {
	for _, step := range steps {
		if !slices.Contains(m.Steps, step) {
			m.Steps = append(m.Steps, step)
		}
	}
}

// withoutStop is for people who are about to mend it.
func withoutStop(steps []string) []string {
	return slices.DeleteFunc(steps, func(step string) bool { return step == stopHere })
}

// grant is a statement for the actions that alitriage itself uses. For another
// one, which resource it needs is not ours to guess: all of them may be far too
// much.
func grant(action, presumed string) string {
	if !isOurs(action) {
		return "Let an administrator allow " + action + ", on the resource alone that it is about"
	}
	return "Let an administrator add this statement, which is " + presumed + "what is missing: " + allow(action).String()
}

var ramAction = regexp.MustCompile(`^[a-z0-9-]{1,32}:[A-Za-z0-9]{1,64}$`)

// resourceOf is the least that a statement must name.
func resourceOf(action string) oneOrMore {
	switch action {
	case "ecs:DescribeInvocationResults":
		return oneOrMore{"acs:ecs:*:*:command/*", "acs:ecs:*:*:instance/*"}
	case actions[assumeRole]:
		return oneOrMore{someRole}
	default:
		return oneOrMore{"*"}
	}
}

// assumeRole is the operation of STS by which a profile's role is taken on.
const assumeRole = "AssumeRole"

// assumeRoleWithOIDC needs no action: the role's trust policy alone decides.
const assumeRoleWithOIDC = "AssumeRoleWithOIDC"

// someRole stands for a role's ARN, which no denial says.
const someRole = "acs:ram::ACCOUNT:role/ROLE"

// actions are the RAM actions by operation. The prefix of WebPlus is not printed
// anywhere; it is presumed.
var actions = map[string]string{
	"GatherAppEnvStats":         "webplus:GatherAppEnvStats",
	"DescribeGatherStatsResult": "webplus:DescribeGatherStatsResult",
	"DescribeAppEnvs":           "webplus:DescribeAppEnvs",
	"DescribeInvocationResults": "ecs:DescribeInvocationResults",
	"DescribeApplicationStatus": "sae:DescribeApplicationStatus",
	"GetExecuteOperationResult": "bpstudio:GetExecuteOperationResult",
	assumeRole:                  "sts:AssumeRole",
}

const presumedPrefix = "webplus:"

// isOurs tells whether alitriage uses this action. Where we presume the prefix, a
// denial may know better.
func isOurs(action string) bool {
	_, operation, _ := strings.Cut(action, ":")
	known, ours := actions[operation]
	return ours && (known == action || strings.HasPrefix(known, presumedPrefix))
}

// Presumed are those of actions whose prefix the vendor does not print.
func Presumed(actions []string) (presumed []string) {
	for _, action := range actions {
		if strings.HasPrefix(action, presumedPrefix) {
			presumed = append(presumed, action)
		}
	}
	return presumed
}
