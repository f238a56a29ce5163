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
	single  bool    // all results are of the same InvokeId
	noun    string  // what a result stands for
	judged  map[Verdict]int
	largest map[likeness]int // the size of the largest group, whatever the output
}

const maxReasons = 12 // groups that get a reason of their own

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
	a.explainGroups(&r, v)
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
		"an empty list does not say why it is empty; the usual reasons, likeliest first:",
		"1. the region is wrong",
		"2. the id is wrong",
		"3. the run is older than what is kept (documented as 2 weeks to 30 days)",
		"4. the status filter excluded it",
		"5. the permission is missing (until 2025-12-20 ECS answered that with an empty list, now with 403)",
	}
	r.NextSteps = []string{
		"Check the region first, then the id; ask again without the status filter.",
		"Check that the credentials may call ecs:DescribeInvocationResults.",
	}
	r.Facts.add("returned", int64(0))
	if page.NextToken != "" {
		r.Reasons = append(r.Reasons, "this page is empty, but it is not the last one")
		r.NextSteps = append([]string{readTheRest}, r.NextSteps...)
		r.Facts.add("next_token", a.token(page.NextToken))
	}
	r.linkTo(cloudAssistantConsole(page.Region))
	return r
}

const readTheRest = "Read the rest: ask again with the next_token among the facts, or raise max_results."

// invocationHeadline judges the whole: the worst result counts, and what was not
// read cannot be called ok.
func (a *chamber) invocationHeadline(v invocation) (Verdict, string) {
	subject := "Invocation " + a.orNone(string(v.results[0].InvokeID)) + ": "
	if !v.single {
		subject = "Several invocations: "
	}
	first := v.groups[0][0]
	if len(v.results) == 1 && v.NextToken == "" {
		return first.verdict, subject + first.alone(a)
	}
	n := len(v.results)
	of := "of " + count(n, v.noun)
	if v.NextToken != "" {
		of = "of the first " + count(n, v.noun)
	}
	switch {
	case v.judged[Failed] > 0:
		text := fmt.Sprintf("%d %s failed, first error %s", v.judged[Failed], of, first.failed(a))
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
		return OK, subject + fmt.Sprintf("all %s succeeded", count(n, v.noun))
	}
}

// explainGroups gives each group its reasons and next steps.
func (a *chamber) explainGroups(r *Report, v invocation) {
	named := 0
	for _, g := range v.groups {
		if len(g[0].next) > 0 {
			named++
		}
	}
	for _, g := range v.groups[:min(len(v.groups), maxReasons)] {
		x := g[0]
		label := a.orNone(x.InvocationStatus)
		if x.state.code != "" {
			label += ", " + x.state.code
		}
		r.Reasons = append(r.Reasons, fmt.Sprintf("%s %s: %s", a.groupName(g, v), label, x.explained()+v.onlyOutputDiffers(g)+x.trouble(a)))
		if !x.state.recordKnown() {
			r.Reasons = append(r.Reasons, "InvokeRecordStatus has a value that alitriage does not know: "+a.quote(x.InvokeRecordStatus))
		}
		for _, what := range a.disagreements(g) {
			r.Reasons = append(r.Reasons, disagreeing+what)
		}
		for _, step := range x.next {
			if named > 1 && x.verdict != InProgress {
				step = "For " + x.failed(a) + ": " + step
			}
			r.NextSteps = appendNew(r.NextSteps, fillIn(step, v.Region, x.InvokeID, g.instance()))
		}
	}
	if n := len(v.groups) - maxReasons; n > 0 {
		r.Reasons = append(r.Reasons, count(n, "further group")+" below")
	}
	if v.NextToken != "" {
		r.NextSteps = append(r.NextSteps, readTheRest)
	}
	r.linkTo(cloudAssistantConsole(v.Region))
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
			note += fmt.Sprintf(", in %s: the outputs of a group differ in numbers, ids, times and white space at most, and one is shown for all", count(len(v.groups), "group"))
		}
		notes = append(notes, note)
	}
	if slices.ContainsFunc(v.groups, func(g group) bool { return len(g) > maxIDs }) {
		notes = append(notes, fmt.Sprintf("instance_ids lists the first %d of a group at most", maxIDs))
	}
	if !full && slices.ContainsFunc(items, func(i Item) bool { return i.Output != nil && i.Output.ShownLines < i.Output.TotalLines }) {
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
