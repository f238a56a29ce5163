package formatters

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/alitriage/alitriage/cloudapi"
)

// result is one answer with its judgement.
type result struct {
	cloudapi.InvocationResult

	state   invocationState
	verdict Verdict
	why     string
	next    []string
}

// invocation is what is reported together: what was read of all pages.
type invocation struct {
	cloudapi.InvocationResults

	results  []result
	groups   [][]result
	single   bool   // all results are of the same InvokeId
	noun     string // what a result stands for
	judged   map[Verdict]int
	largest  map[likeness]int // the size of the largest group, whatever the output
	longNote bool             // some group lists not all its InstanceIds
}

const maxReasons = 12 // groups that get a reason of their own

// InvocationResults reports on results of Cloud Assistant commands
// (DescribeInvocationResults). page holds what was read of all pages.
func (a Airlock) InvocationResults(page cloudapi.InvocationResults) Report {
	r := newReport(page.Source)
	if len(page.Results) == 0 {
		return a.emptyInvocation(r, page)
	}
	v := a.judgeAll(page)
	r.Verdict, r.Headline = a.invocationHeadline(v)
	a.explainGroups(&r, v)
	r.Facts = a.invocationFacts(v)
	for _, g := range v.groups {
		r.Items = append(r.Items, a.groupItem(g, v))
	}
	r.Notes = invocationNotes(v, r.Items, a.FullOutput)
	for i := range v.results {
		if v.results[i].verdict == Failed {
			r.Rerun = r.Rerun.careful(v.results[i].state.rerun())
		}
	}
	return r
}

func (a Airlock) emptyInvocation(r Report, page cloudapi.InvocationResults) Report {
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
	return r
}

const readTheRest = "Read the rest: ask again with the next_token among the facts, or raise max_results."

func (a Airlock) judgeAll(page cloudapi.InvocationResults) invocation {
	v := invocation{InvocationResults: page, single: true, noun: "instance", judged: map[Verdict]int{}, largest: map[likeness]int{}}
	seen := map[cloudapi.InstanceID]bool{}
	for i := range page.Results {
		x := a.judgeResult(page.Results[i])
		v.results = append(v.results, x)
		v.judged[x.verdict]++
		v.single = v.single && x.InvokeID == page.Results[0].InvokeID
		if x.InstanceID == "" || seen[x.InstanceID] {
			v.noun = "result"
		}
		seen[x.InstanceID] = true
	}
	v.groups = groupAlike(v.results)
	for _, g := range v.groups {
		key := g[0].likeness(0)
		v.largest[key] = max(v.largest[key], len(g))
	}
	v.longNote = slices.ContainsFunc(v.groups, func(g []result) bool { return len(g) > maxIDs })
	return v
}

func (a Airlock) judgeResult(x cloudapi.InvocationResult) result {
	s := invocationState{status: normal(x.InvocationStatus), record: normal(x.InvokeRecordStatus), exit: x.ExitCode}
	if x.ErrorCode != "" {
		s.code, s.failure = a.word(x.ErrorCode), lookUpFailure(x.ErrorCode)
	}
	v, why, next := judge(invocationRules, s)
	return result{InvocationResult: x, state: s, verdict: v, why: why, next: next}
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
func groupAlike(results []result) [][]result {
	index := map[likeness]int{}
	var groups [][]result
	for i := range results {
		x := &results[i]
		key := x.likeness(alike(&x.InvocationResult))
		at, ok := index[key]
		if !ok {
			at = len(groups)
			index[key] = at
			groups = append(groups, nil)
		}
		groups[at] = append(groups[at], *x)
	}
	slices.SortStableFunc(groups, func(x, y []result) int {
		return cmp.Or(y[0].verdict.severity()-x[0].verdict.severity(), len(x)-len(y))
	})
	return groups
}

// invocationHeadline judges the whole: the worst result counts, and what was not
// read cannot be called ok.
func (a Airlock) invocationHeadline(v invocation) (Verdict, string) {
	subject := "Invocation " + a.orNone(string(v.results[0].InvokeID)) + ": "
	if !v.single {
		subject = "Several invocations: "
	}
	first := &v.groups[0][0]
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
		text := fmt.Sprintf("%d %s failed, first error %s", v.judged[Failed], of, first.failure(a))
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

// alone speaks of the only result.
func (x *result) alone(a Airlock) string {
	where := a.orNone(string(x.InstanceID))
	switch x.verdict {
	case Failed:
		return "failed on " + where + ", " + x.failure(a)
	case Unknown:
		return "cannot be judged on " + where
	case InProgress:
		return "not finished on " + where
	default:
		return "succeeded on " + where
	}
}

// failure names how one result failed in a few words.
func (x *result) failure(a Airlock) string {
	text := a.orNone(x.InvocationStatus)
	if x.state.code != "" {
		text = x.state.code
	}
	if x.ExitCode != nil {
		text += fmt.Sprintf(" (exit %d)", *x.ExitCode)
	}
	return text
}

// explainGroups gives each group its reasons and next steps.
func (a Airlock) explainGroups(r *Report, v invocation) {
	named := 0
	for _, g := range v.groups {
		if len(g[0].next) > 0 {
			named++
		}
	}
	for _, g := range v.groups[:min(len(v.groups), maxReasons)] {
		x := &g[0]
		label := a.orNone(x.InvocationStatus)
		if x.state.code != "" {
			label += ", " + x.state.code
		}
		r.Reasons = append(r.Reasons, fmt.Sprintf("%s %s: %s", a.groupName(g, v), label, x.explained()+v.different(g)))
		if !x.state.recordKnown() {
			r.Reasons = append(r.Reasons, "InvokeRecordStatus has a value that alitriage does not know: "+a.quote(x.InvokeRecordStatus))
		}
		for _, what := range a.disagreements(g) {
			r.Reasons = append(r.Reasons, disagreeing+what)
		}
		for _, step := range x.next {
			if named > 1 && x.verdict != InProgress {
				step = "For " + x.failure(a) + ": " + step
			}
			r.NextSteps = appendNew(r.NextSteps, inRegion(step, v.Region))
		}
	}
	if n := len(v.groups) - maxReasons; n > 0 {
		r.Reasons = append(r.Reasons, count(n, "further group")+" below")
	}
	if v.NextToken != "" {
		r.NextSteps = append(r.NextSteps, readTheRest)
	}
}

// groupName is the instance, or how many there are.
func (a Airlock) groupName(g []result, v invocation) string {
	name := count(len(g), v.noun)
	if len(g) == 1 {
		name = a.orNone(string(g[0].InstanceID))
	}
	if !v.single {
		name += " (" + a.orNone(string(g[0].InvokeID)) + ")"
	}
	return name
}

// explained is why, and the cause that the error code tells.
func (x *result) explained() string {
	if cause := x.state.failure.cause; cause != "" {
		return x.why + "; " + cause
	}
	return x.why
}

// different says of the smaller of groups which only the output tells apart
// that it does.
func (v invocation) different(g []result) string {
	others := v.largest[g[0].likeness(0)]
	if others <= len(g) {
		return ""
	}
	return fmt.Sprintf("; the output differs from that of %d others", others)
}

// disagreements names the contradictions within a group.
func (a Airlock) disagreements(g []result) (list []string) {
	for i := range g {
		for _, what := range g[i].state.disagreements(a.orNone(g[i].InvocationStatus), a.orNone(g[i].InvokeRecordStatus)) {
			list = appendNew(list, what)
		}
		if len(list) >= maxReasons {
			break
		}
	}
	return list
}

// inRegion fills in the region where a step names a host of it.
func inRegion(step, region string) string {
	if region == "" {
		return step
	}
	return strings.ReplaceAll(step, "<region>", region)
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

func (a Airlock) invocationFacts(v invocation) Facts {
	var f Facts
	first := &v.results[0]
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
func (a Airlock) statusCounts(results []result) Facts {
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

// common tells whether all of a list have the same.
func common(list []result, of func(*result) string) bool {
	for i := range list {
		if of(&list[i]) != of(&list[0]) {
			return false
		}
	}
	return true
}

func (a Airlock) groupItem(g []result, v invocation) Item {
	x := &g[0]
	item := Item{Name: a.groupName(g, v), Verdict: x.verdict, Facts: a.groupFacts(g)}
	var charset string
	item.Output, charset = a.output(x.Output)
	item.Text = x.explained() + v.different(g)
	if x.ErrorInfo != "" {
		item.Text += ": " + a.quote(x.ErrorInfo)
		if !common(g, func(x *result) string { return x.ErrorInfo }) {
			item.Text += " (others of the group say it differently)"
		}
	}
	took := howLong(g, v.AsOf)
	for _, remark := range []struct {
		holds bool
		text  string
	}{
		{took != "", took},
		{x.Output.DroppedBytes > 0 && x.OSSOutputURI != "", "the whole output is in OSS"},
		{x.Output.Undecoded, "the output was not Base64 and is shown as it came"},
		{charset != "", charset},
	} {
		if remark.holds {
			item.Text += "; " + remark.text
		}
	}
	return item
}

// howLong speaks of the time of a group. The vendor counts in seconds.
func howLong(g []result, asOf time.Time) string {
	started, finished, longest := times(g)
	switch {
	case oneOf(g[0].state.status, "RUNNING", "STOPPING") && !started.IsZero() && asOf.After(started):
		return "so far " + duration(asOf.Sub(started))
	case started.IsZero() || finished.IsZero() || finished.Before(started):
		return ""
	case longest == 0:
		return "took less than 1s"
	case len(g) > 1:
		return "took " + duration(longest) + " at most"
	default:
		return "took " + duration(longest)
	}
}

// times are the first start and the last end of a group, and the longest run.
func times(g []result) (started, finished time.Time, longest time.Duration) {
	for i := range g {
		x := &g[i]
		if !x.StartedAt.IsZero() && (started.IsZero() || x.StartedAt.Before(started)) {
			started = x.StartedAt
		}
		if x.FinishedAt.After(finished) {
			finished = x.FinishedAt
		}
		if !x.StartedAt.IsZero() && !x.FinishedAt.IsZero() {
			longest = max(longest, x.FinishedAt.Sub(x.StartedAt))
		}
	}
	return started, finished, longest
}

// groupFacts speaks for all of a group: what differs within it is left out, and
// of the times the first start, the last end and the longest run stand.
func (a Airlock) groupFacts(g []result) Facts {
	x := &g[0]
	var f Facts
	add := func(name string, of func(*result) string) {
		if common(g, of) {
			f.add(name, a.plain(of(x)))
		}
	}
	f.add("instance_ids", a.groupIDs(g))
	add("invocation_status", func(x *result) string { return x.InvocationStatus })
	add("invoke_record_status", func(x *result) string { return x.InvokeRecordStatus })
	f.add("exit_code", x.ExitCode)
	add("error_code", func(x *result) string { return x.ErrorCode })
	f.add("error_info", a.plain(x.ErrorInfo))
	started, finished, longest := times(g)
	f.add("started_at", started)
	f.add("finished_at", finished)
	if longest > 0 {
		f.add("duration_ms", longest.Milliseconds())
	}
	if repeats := x.Repeats; repeats > 0 && !slices.ContainsFunc(g, func(x result) bool { return x.Repeats != repeats }) {
		f.add("repeats", repeats)
	}
	add("username", func(x *result) string { return x.Username })
	add("container_name", func(x *result) string { return x.ContainerName })
	add("oss_output_uri", func(x *result) string { return x.OSSOutputURI })
	return f
}

func (a Airlock) groupIDs(g []result) []string {
	var ids []string
	seen := map[cloudapi.InstanceID]bool{}
	for i := range g {
		if id := g[i].InstanceID; id != "" && !seen[id] && len(ids) < maxIDs {
			seen[id] = true
			ids = append(ids, a.plain(string(id)))
		}
	}
	return ids
}

func invocationNotes(v invocation, items []Item, full bool) []string {
	notes := []string{}
	if len(v.groups) < len(v.results) {
		notes = append(notes, fmt.Sprintf("%s in %s: results of a group differ in digits and white space at most; one output is shown for all",
			count(len(v.results), "result"), count(len(v.groups), "group")))
	}
	if v.longNote {
		notes = append(notes, fmt.Sprintf("instance_ids lists the first %d of a group at most", maxIDs))
	}
	if !full && slices.ContainsFunc(items, func(i Item) bool { return i.Output != nil && i.Output.ShownLines < i.Output.TotalLines }) {
		notes = append(notes, "long outputs are excerpts: ask with instance_id and full_output=true for a whole one")
	}
	if slices.ContainsFunc(v.results, func(x result) bool { return x.TimesWithoutZone }) {
		notes = append(notes, "times came without a zone and were read as UTC")
	}
	return notes
}

// InvocationResultsChanging tells whether asking again soon can show something
// new. A periodic command that waits for its next run does not count.
func InvocationResultsChanging(page cloudapi.InvocationResults) bool {
	return slices.ContainsFunc(page.Results, func(x cloudapi.InvocationResult) bool {
		return oneOf(normal(x.InvocationStatus), "PENDING", "RUNNING", "STOPPING")
	})
}
