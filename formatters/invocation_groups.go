package formatters

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/alitriage/alitriage/cloudapi"
)

// result is one answer with its judgement.
type result struct {
	cloudapi.InvocationResult
	judgement

	state   invocationState
	opened  *opened // its output, when that is shown
	trouble int     // the line in which its output first speaks of trouble, 0 if it does not
}

// group is results that are reported as one.
type group []*result

// kind is groups that only their outputs tell apart, the rarest first.
type kind []group

func (k kind) first() *result { return k[0][0] }

func (k kind) size() (n int) {
	for _, g := range k {
		n += len(g)
	}
	return n
}

// instance is the one that all results of a kind are of, "" if there are several.
func (k kind) instance() cloudapi.InstanceID {
	id := k.first().InstanceID
	for _, g := range k {
		if !common(g, func(x *result) string { return string(x.InstanceID) }) || g[0].InstanceID != id {
			return ""
		}
	}
	return id
}

func (a *chamber) judgeAll(page cloudapi.InvocationResults) invocation {
	v := invocation{InvocationResults: page, single: true, noun: "instance", judged: map[Verdict]int{}}
	seen := map[cloudapi.InstanceID]bool{}
	for _, answer := range page.Results {
		x := a.judgeResult(answer, page.History)
		v.results = append(v.results, x)
		v.judged[x.verdict]++
		v.single = v.single && x.InvokeID == page.Results[0].InvokeID
		if x.InstanceID == "" || seen[x.InstanceID] {
			v.noun = "result"
		}
		seen[x.InstanceID] = true
	}
	v.groups = a.groupAlike(v.results)
	index := map[likeness]int{}
	for _, g := range v.groups {
		key := g[0].likeness(0)
		at, ok := index[key]
		if !ok {
			at = len(v.kinds)
			index[key] = at
			v.kinds = append(v.kinds, nil)
		}
		v.kinds[at] = append(v.kinds[at], g)
	}
	a.openOutputs(v)
	return v
}

// openOutputs opens one output of each group, of the first groups as many as any
// report has room for, and that of the majority.
func (a *chamber) openOutputs(v invocation) {
	room := MaxFull
	for _, g := range v.groups {
		if room <= 0 {
			break
		}
		g[0].opened = a.output(g[0].Output)
		room -= min(g[0].Output.Len(), window) // what is left of it when it is clean may be nothing
	}
	if usual := v.majority(); usual != nil && usual[0].opened == nil {
		usual[0].opened = a.output(usual[0].Output)
	}
	for _, g := range v.groups {
		g[0].trouble = a.troubleOf(g[0])
	}
}

func (a *chamber) judgeResult(x cloudapi.InvocationResult, history bool) *result {
	s := invocationState{status: normal(x.InvocationStatus), record: normal(x.InvokeRecordStatus), exit: x.ExitCode, printed: x.Output.Len() > 0, periodic: history || x.Repeats > 1}
	if x.ErrorCode != "" {
		s.code, s.failure = a.word(x.ErrorCode), lookUpFailure(x.ErrorCode)
	}
	return &result{InvocationResult: x, judgement: judge(invocationRules, s), state: s}
}

// likeness is equal for results that are reported as one.
type likeness struct {
	invoke       cloudapi.InvokeID
	status, code string
	exit         int64
	hasExit      bool
	why          string // differs where another field changes the judgement
	output       uint64
}

func (x *result) likeness(output uint64) likeness {
	return likeness{x.InvokeID, x.state.status, strings.ToLower(x.ErrorCode), x.state.exitCode(), x.ExitCode != nil, x.why, output}
}

// groupAlike puts equal results together, the worst and then the rarest first.
func (a *chamber) groupAlike(results []*result) []group {
	index := map[likeness]int{}
	var groups []group
	for _, x := range results {
		key := x.likeness(a.fingerprint(x.Output))
		at, ok := index[key]
		if !ok {
			at = len(groups)
			index[key] = at
			groups = append(groups, nil)
		}
		groups[at] = append(groups[at], x)
	}
	slices.SortStableFunc(groups, func(x, y group) int {
		return cmp.Or(y[0].verdict.severity()-x[0].verdict.severity(), len(x)-len(y))
	})
	return groups
}

// groupName is the instance, or how many there are.
func (a *chamber) groupName(g group, v invocation) string { return a.kindName(kind{g}, v) }

func (a *chamber) kindName(k kind, v invocation) string {
	name := count(k.size(), v.noun)
	if k.size() == 1 {
		name = a.orNone(string(k.first().InstanceID))
	}
	if !v.single {
		name += " (" + a.orNone(string(k.first().InvokeID)) + ")"
	}
	return name
}

// alone speaks of the only result.
func (x *result) alone(a *chamber) string {
	where := a.orNone(string(x.InstanceID))
	switch {
	case x.verdict == Failed:
		return "failed on " + where + ", " + x.failed(a)
	case x.verdict == Unknown:
		return "cannot be judged on " + where
	case x.verdict == InProgress:
		return "not finished on " + where
	case x.trouble > 0:
		return "succeeded on " + where + ", but " + x.whereTrouble()
	default:
		return "succeeded on " + where
	}
}

// failed names how one result failed in a few words.
func (x *result) failed(a *chamber) string {
	text := a.orNone(x.InvocationStatus)
	if x.state.code != "" {
		text = x.state.code
	}
	if x.ExitCode != nil {
		text += fmt.Sprintf(" (exit %d)", *x.ExitCode)
	}
	return text
}

// explained is why, and the cause that the error code tells.
func (x *result) explained() string {
	if cause := x.state.failure.cause; cause != "" {
		return x.why + "; " + cause
	}
	return x.why
}

// outputs says how many outputs of a kind differ, and from how many alike.
func (k kind) outputs() string {
	alike := 0
	for _, g := range k {
		alike = max(alike, len(g))
	}
	switch {
	case len(k) == 1:
		return ""
	case alike == 1:
		return fmt.Sprintf("; they have %d different outputs", len(k))
	case k.size()-alike == 1:
		return fmt.Sprintf("; the output of 1 differs from that of the other %d", alike)
	default:
		return fmt.Sprintf("; the outputs of %d differ from that of the other %d", k.size()-alike, alike)
	}
}

// trouble says where the outputs of a kind seem to speak of it. The line itself
// stands within the output's boundaries alone.
func (k kind) trouble() string {
	x := k.first()
	switch n := k.troubled(); {
	case n == 0 || x.verdict != Failed && x.verdict != OK:
		return ""
	case x.verdict == Failed && len(k) > 1: // the items show each
		return ""
	case len(k) > 1:
		return fmt.Sprintf("; but the output of %d of them speaks of trouble", n)
	case x.verdict == OK:
		return "; but " + x.whereTrouble()
	default:
		return "; " + x.whereTrouble()
	}
}

// troubled counts the results whose outputs speak of trouble.
func (k kind) troubled() (n int) {
	for _, g := range k {
		if g[0].trouble > 0 {
			n += len(g)
		}
	}
	return n
}

func (x *result) whereTrouble() string {
	text := fmt.Sprintf("its output speaks of trouble first in line %d", x.trouble)
	if x.Output.DroppedBytes > 0 {
		text += " of what was kept"
	}
	return text
}

// oddities names record statuses that are not known, and fields that contradict
// each other.
func (a *chamber) oddities(k kind) (list []string) {
	for _, g := range k {
		for _, x := range g {
			if !x.state.recordKnown() {
				list = appendNew(list, "InvokeRecordStatus has a value that alitriage does not know: "+a.quote(x.InvokeRecordStatus))
			}
			for _, what := range x.state.disagreements(a.orNone(x.InvocationStatus), a.orNone(x.InvokeRecordStatus)) {
				list = appendNew(list, disagreeing+what)
			}
		}
	}
	if n := len(list) - maxReasons; n > 0 {
		list = append(list[:maxReasons], fmt.Sprintf("and %d more like these", n))
	}
	return list
}
