package formatters

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/alitriage/alitriage/cloudapi"
)

// invocation is what is reported together: what was read of all pages.
type invocation struct {
	cloudapi.InvocationResults

	results []*result
	groups  []group // the worst and then the rarest first
	kinds   []kind  // in the order of their first groups
	single  bool    // all results are of the same InvokeId
	noun    string  // what a result stands for
	judged  map[Verdict]int
}

const maxReasons = 12 // kinds that get a reason of their own

// InvocationResults reports on results of Cloud Assistant commands
// (DescribeInvocationResults). page holds what was read of all pages.
func (a Airlock) InvocationResults(page cloudapi.InvocationResults) Report {
	return a.through(func(c *chamber) Report { return c.invocationResults(page) })
}

func (a *chamber) invocationResults(page cloudapi.InvocationResults) Report {
	r := newReport(page.Source)
	if len(page.Results) == 0 {
		return a.emptyInvocation(r, page)
	}
	v := a.judgeAll(page)
	r.Verdict, r.Headline = a.invocationHeadline(v)
	r.Reasons, r.NextSteps = a.invocationReasons(v), a.invocationSteps(v)
	r.linkTo(a.Site.cloudAssistantConsole(v.Region))
	r.Facts = a.invocationFacts(v)
	r.Items = a.groupItems(v)
	r.Notes = invocationNotes(v, r.Items, a.FullOutput)
	for _, x := range v.results {
		r.Rerun = r.Rerun.careful(x.rerun)
	}
	return r
}

func (a *chamber) emptyInvocation(r Report, page cloudapi.InvocationResults) Report {
	r.Verdict = Unknown
	r.Headline = "Invocation: no results were found"
	r.Reasons = []string{
		"an empty list does not say why it is empty; the usual reasons follow, the likeliest first",
		"the region is wrong",
		"the id is wrong",
		"the run is older than what is kept (documented as 2 weeks to 30 days)",
		"the status filter excluded it",
		"the permission is missing (until 2025-12-20 ECS answered that with an empty list, now with 403)",
	}
	r.NextSteps = []string{
		"Check the region first, then the id; ask again without the status filter.",
		"Check that the credentials may call ecs:DescribeInvocationResults.",
	}
	r.Facts.add("returned", int64(0))
	if page.NextToken != "" {
		r.Headline = "Invocation: no results on what was read so far"
		r.Reasons = append([]string{"what was read is empty, but there is more to read"}, r.Reasons...)
		r.NextSteps = append([]string{readTheRest}, r.NextSteps...)
		r.Facts.add("next_token", a.token(page.NextToken))
	}
	r.linkTo(a.Site.cloudAssistantConsole(page.Region))
	return r
}

// readTrouble: the exit code of a script is that of its last command.
const readTrouble = "Read the line of the output that speaks of trouble: exit code 0 says how the last command ended, and a script without set -e or $ErrorActionPreference = 'Stop' goes on after an error."

const readTheRest = "Read the rest: ask again with the next_token among the facts, or raise max_results."

// invocationHeadline judges the whole: the worst result counts, and what was not
// read cannot be called ok.
func (a *chamber) invocationHeadline(v invocation) (Verdict, string) {
	subject := "Invocation " + a.orNone(string(v.results[0].InvokeID)) + ": "
	if !v.single {
		subject = "Several invocations: "
	}
	if len(v.results) == 1 {
		only := v.results[0]
		if v.NextToken == "" {
			return only.verdict, subject + only.alone(a)
		}
		verdict := only.verdict
		if verdict == OK {
			verdict = Unknown
		}
		return verdict, subject + "the first result: " + only.alone(a) + "; the rest has not been read"
	}
	n := len(v.results)
	of := "of " + count(n, v.noun)
	if v.NextToken != "" {
		of = "of the first " + count(n, v.noun)
	}
	switch {
	case v.judged[Failed] > 0:
		text := fmt.Sprintf("%d %s failed, first error %s", v.judged[Failed], of, a.mainFailure(v))
		if running := v.judged[InProgress]; running > 0 {
			text += fmt.Sprintf("; %d not finished", running)
		}
		return Failed, subject + text
	case v.judged[Unknown] > 0:
		return Unknown, subject + fmt.Sprintf("%d %s cannot be judged", v.judged[Unknown], of)
	case v.judged[InProgress] > 0:
		return InProgress, subject + fmt.Sprintf("%d %s not finished", v.judged[InProgress], of)
	case v.NextToken != "":
		return Unknown, subject + fmt.Sprintf("the first %s succeeded, the rest has not been read", count(n, v.noun))
	default:
		text := fmt.Sprintf("all %s succeeded", count(n, v.noun))
		if troubled := v.troubled(); troubled > 0 {
			text += fmt.Sprintf(", but the output of %d speaks of trouble", troubled)
		}
		return OK, subject + text
	}
}

// troubled counts what went well and whose output speaks of trouble.
func (v invocation) troubled() (n int) {
	for _, k := range v.kinds {
		if k.first().verdict == OK {
			n += k.troubled()
		}
	}
	return n
}

// mainFailure names the failure of most results, and of how many if there are
// others.
func (a *chamber) mainFailure(v invocation) string {
	var most kind
	for _, k := range v.kinds {
		if k.first().verdict == Failed && k.size() > most.size() {
			most = k
		}
	}
	text := most.first().failed(a)
	if n := most.size(); n < v.judged[Failed] {
		text += fmt.Sprintf(" on %d of them", n)
	}
	return text
}

// invocationReasons explains each kind.
func (a *chamber) invocationReasons(v invocation) (reasons []string) {
	for _, k := range v.kinds[:min(len(v.kinds), maxReasons)] {
		x := k.first()
		label := a.orNone(x.InvocationStatus)
		if x.state.code != "" {
			label += ", " + x.state.code
		}
		reasons = append(reasons, fmt.Sprintf("%s %s: %s%s%s", a.kindName(k, v), label, x.explained(), k.outputs(), k.trouble()))
		reasons = append(reasons, a.oddities(k)...)
	}
	if n := len(v.kinds) - maxReasons; n > 0 {
		reasons = append(reasons, count(n, "further kind")+" of result not explained here; the items below begin with the worst")
	}
	return reasons
}

// invocationSteps is what to do about each kind. A step that several kinds need
// stands once.
func (a *chamber) invocationSteps(v invocation) []string {
	var steps []string
	about := map[string][]string{} // the failures that a step is for
	several := false
	for _, k := range v.kinds {
		x := k.first()
		several = several || len(x.next) > 0 && x != v.kinds[0].first()
		for _, step := range x.next {
			step = fillIn(step, v.Region, x.InvokeID, k.instance())
			steps = appendNew(steps, step)
			if x.verdict != InProgress {
				about[step] = appendNew(about[step], x.failed(a))
			}
		}
	}
	for i, step := range steps {
		if of := about[step]; several && len(of) > 0 {
			steps[i] = "For " + named(of[:min(len(of), maxNamed)], len(of)) + ": " + step
		}
	}
	if v.troubled() > 0 {
		steps = append(steps, readTrouble)
	}
	if v.NextToken != "" {
		steps = append(steps, readTheRest)
	}
	return nonNil(steps)
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

func (a *chamber) invocationFacts(v invocation) Facts {
	var f Facts
	first := v.results[0]
	if v.single {
		f.add("invoke_id", a.plain(string(first.InvokeID)))
		if common(v.results, func(x *result) string { return string(x.CommandID) }) {
			f.add("command_id", a.plain(string(first.CommandID)))
		}
	}
	if v.NextToken == "" {
		f.add("total", int64(len(v.results)))
	}
	f.add("returned", int64(len(v.results)))
	f = append(f, Fact{"status_counts", a.statusCounts(v.results)})
	f.add("next_token", a.token(v.NextToken))
	return f
}

// maxStatuses is how many different statuses are counted one by one.
const maxStatuses = 16

// statusCounts adds up to the number of results.
func (a *chamber) statusCounts(results []*result) Facts {
	counts := map[string]int64{}
	for i := range results {
		status := a.plain(results[i].InvocationStatus)
		if status == "" {
			status = "(none)"
		}
		counts[status]++
	}
	order := make([]string, 0, len(counts))
	for status := range counts {
		order = append(order, status)
	}
	slices.SortFunc(order, func(x, y string) int { return cmp.Or(cmp.Compare(counts[y], counts[x]), strings.Compare(x, y)) })
	facts := Facts{}
	var others int64
	for i, status := range order {
		if i < maxStatuses {
			facts.add(status, counts[status])
		} else {
			others += counts[status]
		}
	}
	if others > 0 {
		facts.add("(others)", others)
	}
	return facts
}

func invocationNotes(v invocation, items []Item, full bool) []string {
	notes := []string{}
	if n := len(v.results); n > 1 {
		note := fmt.Sprintf("counted: %s = %s", v.sum(), count(n, "result"))
		if len(v.groups) < n {
			note += ", in " + count(len(v.groups), "group")
			if slices.ContainsFunc(v.groups, func(g group) bool { return len(g) > 1 && g[0].Output.Len() > 0 }) {
				note += ": outputs of a group are alike but for numbers, ids, times and white space, and one is shown for all"
			}
		}
		notes = append(notes, note)
	}
	if v.NextToken != "" {
		notes = append(notes, fmt.Sprintf("the API has more pages: %s were read, how many remain is not known", count(len(v.results), "result")))
	}
	if slices.ContainsFunc(v.groups, func(g group) bool { return len(g) > maxIDs }) {
		notes = append(notes, fmt.Sprintf("instance_ids lists the first %d of a group at most", maxIDs))
	}
	if !full && slices.ContainsFunc(items, func(i Item) bool { return i.Output != nil && i.Output.isExcerpt() }) {
		notes = append(notes, "long outputs are excerpts: ask with instance_id and full_output=true for a whole one")
	}
	if slices.ContainsFunc(v.results, func(x *result) bool { return x.Output.DroppedBytes > 0 && x.OSSOutputURI == "" }) {
		notes = append(notes, "what the agent dropped is kept nowhere: next time let the command write to a file, or deliver its output to OSS")
	}
	if slices.ContainsFunc(v.results, func(x *result) bool { return x.TimesWithoutZone }) {
		notes = append(notes, "times came without a zone and were read as UTC")
	}
	return notes
}

// sum counts the results by verdict, the worst first.
func (v invocation) sum() string {
	var parts []string
	for _, verdict := range []Verdict{Failed, Unknown, InProgress, OK} {
		if n := v.judged[verdict]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, verdict))
		}
	}
	return strings.Join(parts, " + ")
}

// InvocationResultsChanging tells whether asking again soon can show something
// new. A periodic command that waits for its next run does not count.
func InvocationResultsChanging(page cloudapi.InvocationResults) bool {
	return slices.ContainsFunc(page.Results, func(x cloudapi.InvocationResult) bool {
		return oneOf(normal(x.InvocationStatus), "PENDING", "RUNNING", "STOPPING")
	})
}
