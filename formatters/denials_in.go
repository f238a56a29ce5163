package formatters

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/alitriage/alitriage/cloudapi"
)

// denialsIn finds the denied calls in a text that tells of at least one. The
// vendor's tools and SDKs write the same fields as JSON, once or twice escaped, as
// XML, or as maps of their language.
func denialsIn(text string, named []string) (found []failure) {
	for _, e := range denialsOf(decidedFirst(adopt(detailsIn(text))), named) {
		found = append(found, failure{Error: e})
	}
	if strings.Contains(text, notSupportRAM) {
		found = append(found, failure{Error: &cloudapi.Error{Kind: cloudapi.ErrForbidden, Code: notSupportRAM}})
	}
	return found
}

// denialsOf leaves out what says nothing new. A reason without an action is for
// the operations that the text names elsewhere.
func denialsOf(details []cloudapi.Denial, named []string) (found []*cloudapi.Error) {
	seen := map[cloudapi.Denial]bool{}
	for _, d := range details {
		if seen[d] || !decided(d) && seen[cloudapi.Denial{Action: d.Action}] {
			continue
		}
		seen[d], seen[cloudapi.Denial{Action: d.Action}] = true, true
		ops := named
		if d.Action != "" || len(named) == 0 {
			ops = []string{""}
		}
		for _, op := range ops {
			e := &cloudapi.Error{Kind: cloudapi.ErrForbidden, Op: op, Denied: &d}
			if d.Action != "" || op != "" || !allowHelps(e) { // else it is not said of what
				found = append(found, e)
			}
		}
	}
	return found
}

// decided tells whether it is said why the call was denied.
func decided(d cloudapi.Denial) bool { return d.Explicit || d.Implicit || d.PolicyType != "" }

// decidedFirst: what is denied for a reason must not be taken for what is denied
// without one, as in a statement of ours or in the vendor's message.
func decidedFirst(details []cloudapi.Denial) []cloudapi.Denial {
	slices.SortStableFunc(details, func(x, y cloudapi.Denial) int {
		switch {
		case decided(x) == decided(y):
			return 0
		case decided(x):
			return -1
		default:
			return 1
		}
	})
	return details
}

// adopt joins reasons without an action to the action without a reason that
// stands before them: some back ends name it in the message alone.
func adopt(details []cloudapi.Denial) (joined []cloudapi.Denial) {
	for _, d := range details {
		if last := len(joined) - 1; last >= 0 && d.Action == "" && joined[last].Action != "" && !decided(joined[last]) {
			d.Action = joined[last].Action
			joined[last] = d
			continue
		}
		joined = append(joined, d)
	}
	return joined
}

// The shapes in which a field and its value may stand.
const (
	quotes  = "(?:[\\\\\"'`*]|&quot;|&#34;)*"
	is      = quotes + `\s*(?:=>|[:=>])\s*` + quotes
	anAct   = `([a-z0-9-]{1,32}:[a-z0-9]{1,64})`
	aNumber = `([0-9]{1,20})`
)

// denialPart is a field of AccessDeniedDetail, or the sentence that says the same.
var denialPart = regexp.MustCompile(`(?i)` + strings.Join([]string{
	`(AccessDeniedDetail)`,
	`(?:AuthAction` + is + `|lacks the RAM action |authori[sz]ed to perform:? ` + quotes + `)` + anAct,
	`"Effect` + is + `Allow` + quotes + `\s*,\s*` + quotes + `Action` + is + anAct,
	`(explicit|implicit) ?deny`,
	`PolicyType(?: |` + is + `)([a-z]{1,64})`,
	`AuthPrincipalType` + is + `([a-z]{1,32})`,
	`AuthPrincipalOwnerId` + is + aNumber,
	`of account ` + aNumber,
}, "|"))

// The groups of denialPart.
const (
	detailBegins = iota
	deniedAction
	allowedAction
	denyKind
	denyPolicy
	principalType
	principalOwner
	principalAccount
)

// wordGoesOn: what follows a value shows that there is more of it.
var wordGoesOn = regexp.MustCompile(`^(?:[\w*/@-]|[.:+=]\w)`)

// detailsIn reads the fields in the order in which they stand. A field with
// another value, or the name of the whole, begins a new denial.
func detailsIn(text string) (details []cloudapi.Denial) {
	var d denialParts
	for _, at := range denialPart.FindAllStringSubmatchIndex(text, -1) {
		kind := slices.IndexFunc(at[2:], func(i int) bool { return i >= 0 }) / 2
		if kind != detailBegins && wordGoesOn.MatchString(text[at[1]:min(at[1]+4, len(text))]) {
			continue
		}
		value := text[at[2+2*kind]:at[3+2*kind]]
		if !d.take(kind, value) {
			details = d.appendTo(details)
			d = denialParts{}
			d.take(kind, value)
		}
	}
	return d.appendTo(details)
}

// denialParts are the fields of one denial so far, by their kinds.
type denialParts [principalAccount + 1]string

// take is false of what cannot belong to this denial.
func (d *denialParts) take(kind int, value string) bool {
	switch kind {
	case detailBegins:
		return *d == denialParts{}
	case allowedAction:
		if !isOurs(value) || value == actions[assumeRole] { // somebody's policy, or who may assume a role
			return true
		}
		kind = deniedAction
	case principalAccount:
		kind = principalOwner
	}
	if kind == deniedAction && (!ramAction.MatchString(value) || !passes(value, maxWord)) {
		return true
	}
	if d[kind] != "" && !strings.EqualFold(d[kind], value) {
		return false
	}
	d[kind] = value
	return true
}

func (d *denialParts) appendTo(details []cloudapi.Denial) []cloudapi.Denial {
	denial := cloudapi.Denial{
		Action:        d[deniedAction],
		PrincipalType: d[principalType],
		OwnerID:       d[principalOwner],
		Explicit:      strings.EqualFold(d[denyKind], "explicit"),
		Implicit:      strings.EqualFold(d[denyKind], "implicit"),
		PolicyType:    lookUpPolicyType(d[denyPolicy]).name,
	}
	if denial.Action == "" && !decided(denial) {
		return details
	}
	return append(details, denial)
}

// operationsIn are the operations of ours that a text names, alone or as actions.
func operationsIn(text string) (named []string) {
	for i, op := range operationNames() {
		if operationWords()[i].MatchString(text) {
			named = append(named, op)
		}
	}
	return named
}

// operationWords match the names of operations where they are no part of another
// word. They are made when the first text comes: a server has to start fast.
var operationWords = sync.OnceValue(func() (words []*regexp.Regexp) {
	for _, op := range operationNames() {
		words = append(words, regexp.MustCompile(`(?i)(?:^|[^a-z0-9])`+op+`(?:$|[^a-z0-9])`))
	}
	return words
})

func operationNames() []string { return slices.Sorted(maps.Keys(actions)) }
