package formatters

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/alitriage/alitriage/cloudapi"
)

// invocationState is what the verdict on one result depends on.
type invocationState struct {
	status, record string // normal spelling
	failure        commandFailure
	hasCode        bool   // ErrorCode is not empty
	exit           *int64 // nil: not reported
}

func (s invocationState) badExit() bool { return s.exit != nil && *s.exit != 0 }

// proves tells whether a field other than the status proves a failure.
func (s invocationState) proves() bool { return s.hasCode || s.badExit() }

var invocationRules = []rule[invocationState]{
	{
		when: "Success, contradicted by the exit code, the error code or the record status",
		matches: func(s invocationState) bool {
			return s.status == "SUCCESS" && (s.proves() || !oneOf(s.record, "", "FINISHED", "SUCCESS", "STOPPED", "STOPPING", "PARTIALFAILED"))
		},
		verdict: Unknown,
		say:     says[invocationState]("fields disagree: the status is Success, another field says otherwise"),
		next:    does[invocationState]("Check on the instance what the command did before relying on it or running it again."),
	},
	{
		when:    "Success",
		matches: func(s invocationState) bool { return s.status == "SUCCESS" },
		verdict: OK,
		say:     says[invocationState]("ended with exit code 0"),
	},
	ended("Failed", "FAILED", "ran and ended with an exit code that is not 0"),
	ended("Invalid", "INVALID", "never ran: the command's type or a parameter is wrong"),
	ended("Aborted", "ABORTED", "never ran: it could not be delivered to the instance"),
	ended("Error", "ERROR", "stopped with an exception"),
	ended("Timeout", "TIMEOUT", "was killed when its Timeout was over"),
	ended("Cancelled", "CANCELLED", "was cancelled before it started"),
	ended("Terminated", "TERMINATED", "was stopped while it ran"),
	{
		when:    "Pending, Running, Stopping, Scheduled or an unknown status, with an error code or an exit code that is not 0",
		matches: func(s invocationState) bool { return s.proves() },
		verdict: Failed,
		say: func(s invocationState) string {
			if oneOf(s.status, "PENDING", "RUNNING", "STOPPING", "SCHEDULED") {
				return "fields disagree: the status says that it goes on, another field that it failed"
			}
			return "failed, with a status that this version of alitriage does not know"
		},
		next: invocationNext,
	},
	goesOn("Pending", "PENDING", "is being checked or sent"),
	goesOn("Running", "RUNNING", "is running"),
	goesOn("Stopping", "STOPPING", "is being stopped"),
	goesOn("Scheduled", "SCHEDULED", "waits for its next run, which is normal for a periodic command"),
	{
		when:    "any other status",
		matches: always[invocationState],
		verdict: Unknown,
		say:     says[invocationState]("has a status that this version of alitriage does not know"),
		next:    does[invocationState]("Look at the invocation in the ECS console (Cloud Assistant)."),
	},
}

func ended(name, status, text string) rule[invocationState] {
	return rule[invocationState]{
		when:    name,
		matches: func(s invocationState) bool { return s.status == status },
		verdict: Failed,
		say: func(s invocationState) string {
			if s.exit != nil && *s.exit == 0 && status == "FAILED" {
				return text + " (fields disagree: the exit code is 0)"
			}
			return text
		},
		next: invocationNext,
	}
}

func goesOn(name, status, text string) rule[invocationState] {
	return rule[invocationState]{
		when:    name,
		matches: func(s invocationState) bool { return s.status == status },
		verdict: InProgress,
		say:     says[invocationState](text),
		next: func(s invocationState) []string {
			if s.status == "SCHEDULED" {
				return []string{"Nothing to wait for: ask again after its next run."}
			}
			return []string{"Ask again with the resume arguments."}
		},
	}
}

func invocationNext(s invocationState) []string {
	if s.failure.remedy != "" {
		return []string{s.failure.remedy}
	}
	if step, ok := exitRemedies[s.exit0()]; ok {
		return []string{step}
	}
	if step, ok := statusRemedies[s.status]; ok {
		return []string{step}
	}
	return []string{"Read the output and the error info, and check on the instance what the command did."}
}

func (s invocationState) exit0() int64 {
	if s.exit == nil {
		return 0
	}
	return *s.exit
}

// rerun takes the more careful of what the status and the error code say.
func (s invocationState) rerun() Rerun {
	byStatus, known := statusReruns[s.status]
	if !known && !s.hasCode {
		byStatus = RerunUnknown
	}
	if s.badExit() {
		byStatus = byStatus.careful(CheckFirst) // it ran
	}
	return byStatus.careful(s.failure.rerun)
}

var statusReruns = map[string]Rerun{
	"FAILED": CheckFirst, "ERROR": CheckFirst, "TIMEOUT": CheckFirst, "TERMINATED": CheckFirst,
	"INVALID": RerunSafe, "ABORTED": RerunSafe, "CANCELLED": RerunSafe, "PENDING": RerunSafe,
	"RUNNING": CheckFirst, "STOPPING": CheckFirst, "SCHEDULED": CheckFirst, "SUCCESS": CheckFirst,
}

const (
	maxReasons = 12 // groups that get a reason of their own
	maxIDs     = 40 // InstanceIds listed for one group
)

// result is one answer with its judgement.
type result struct {
	cloudapi.InvocationResult

	state   invocationState
	verdict Verdict
	why     string
	next    []string
}

// InvocationResults reports on results of Cloud Assistant commands
// (DescribeInvocationResults). page holds what was read of all pages.
func (a Airlock) InvocationResults(page cloudapi.InvocationResults) Report {
	r := newReport(page.Source)
	if len(page.Results) == 0 {
		return emptyInvocation(r)
	}
	results := make([]result, len(page.Results))
	for i := range page.Results {
		results[i] = judgeResult(page.Results[i])
	}
	groups := groupAlike(results)
	a.summarise(&r, page, results, groups)
	a.invocationFacts(&r, page, results)
	for _, g := range groups {
		r.Items = append(r.Items, a.groupItem(g, page.AsOf))
		if len(g) > maxIDs {
			r.Notes = append(r.Notes, fmt.Sprintf("instance_ids lists the first %d of a group of %d", maxIDs, len(g)))
		}
	}
	if n := len(results) - len(groups); n > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%s in %s; results in a group differ in digits and white space at most, and one output is shown for all",
			count(len(results), "result"), count(len(groups), "group")))
	}
	for _, x := range results {
		if x.TimesWithoutZone {
			r.Notes = append(r.Notes, "times came without a zone and were read as UTC")
			break
		}
	}
	return r
}

func judgeResult(x cloudapi.InvocationResult) result {
	s := invocationState{
		status: normal(x.InvocationStatus), record: normal(x.InvokeRecordStatus),
		hasCode: x.ErrorCode != "", exit: x.ExitCode,
	}
	if s.hasCode {
		s.failure = lookUpFailure(x.ErrorCode)
	}
	v, why, next := judge(invocationRules, s)
	return result{InvocationResult: x, state: s, verdict: v, why: why, next: next}
}

func emptyInvocation(r Report) Report {
	r.Verdict = Unknown
	r.Headline = "Invocation: no results were found"
	r.Reasons = []string{
		"an empty list has five usual reasons, likeliest first: the region is wrong; the id is wrong; the run is older than what is kept (documented as 2 weeks to 30 days); the status filter excluded it; the permission is missing (until 2025-12-20 ECS answered that with an empty list)",
	}
	r.NextSteps = []string{
		"Check the region first, then the id; ask again without the status filter.",
		"Check that the credentials may call ecs:DescribeInvocationResults.",
	}
	return r
}

// groupAlike puts equal results together, the worst and then the rarest first.
func groupAlike(results []result) [][]result {
	type key struct {
		status, record, code string
		exit                 int64
		hasExit              bool
		output               uint64
	}
	index := map[key]int{}
	var groups [][]result
	for i := range results {
		x := &results[i]
		k := key{x.state.status, x.state.record, strings.ToLower(x.ErrorCode), x.state.exit0(), x.ExitCode != nil, alike(&x.InvocationResult)}
		at, ok := index[k]
		if !ok {
			at = len(groups)
			index[k] = at
			groups = append(groups, nil)
		}
		groups[at] = append(groups[at], *x)
	}
	slices.SortStableFunc(groups, func(x, y []result) int {
		return cmp.Or(y[0].verdict.severity()-x[0].verdict.severity(), len(x)-len(y))
	})
	return groups
}

// summarise fills in verdict, headline, reasons, next steps and rerun.
func (a Airlock) summarise(r *Report, page cloudapi.InvocationResults, results []result, groups [][]result) {
	byVerdict := map[Verdict]int{}
	for _, x := range results {
		byVerdict[x.verdict]++
		if x.verdict == Failed {
			r.Rerun = r.Rerun.careful(x.state.rerun())
		}
	}
	n := len(results)
	of := fmt.Sprintf("of %s", count(n, "instance"))
	if page.NextToken != "" {
		of = fmt.Sprintf("of the first %s", count(n, "instance"))
	}
	subject := "Invocation " + a.orNone(string(results[0].InvokeID))
	if !sameInvocation(results) {
		subject, of = "Invocations", strings.ReplaceAll(of, "instance", "result")
	}
	switch {
	case byVerdict[Failed] > 0:
		r.Verdict = Failed
		r.Headline = fmt.Sprintf("%s: %d %s failed, first error %s", subject, byVerdict[Failed], of, a.errorOf(groups[0][0]))
		if byVerdict[InProgress] > 0 {
			r.Headline += fmt.Sprintf("; %d still running", byVerdict[InProgress])
		}
	case byVerdict[Unknown] > 0:
		r.Verdict = Unknown
		r.Headline = fmt.Sprintf("%s: %d %s cannot be judged", subject, byVerdict[Unknown], of)
	case byVerdict[InProgress] > 0:
		r.Verdict = InProgress
		r.Headline = fmt.Sprintf("%s: %d %s not finished", subject, byVerdict[InProgress], of)
	case page.NextToken != "":
		r.Verdict = Unknown
		r.Headline = fmt.Sprintf("%s: the first %s are ok, the rest has not been read", subject, count(n, "result"))
	default:
		r.Verdict = OK
		r.Headline = fmt.Sprintf("%s: all %s ok", subject, count(n, "instance"))
	}
	for _, g := range groups[:min(len(groups), maxReasons)] {
		r.Reasons = append(r.Reasons, a.groupReason(g))
		r.NextSteps = appendNew(r.NextSteps, g[0].next...)
	}
	if n := len(groups) - maxReasons; n > 0 {
		r.Reasons = append(r.Reasons, count(n, "more group")+" below")
	}
	if page.NextToken != "" {
		r.NextSteps = append(r.NextSteps, fmt.Sprintf("Read the rest with next_token=%s, or raise max_results.", a.word(page.NextToken)))
	}
}

func sameInvocation(results []result) bool {
	return !slices.ContainsFunc(results, func(x result) bool { return x.InvokeID != results[0].InvokeID })
}

func appendNew(list []string, more ...string) []string {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// errorOf names the failure of one result in a few words.
func (a Airlock) errorOf(x result) string {
	text := x.InvocationStatus
	if x.ErrorCode != "" {
		text = x.ErrorCode
	}
	text = a.orNone(text)
	if x.ExitCode != nil {
		text += fmt.Sprintf(" (exit %d)", *x.ExitCode)
	}
	return text
}

func (a Airlock) groupReason(g []result) string {
	x := g[0]
	text := fmt.Sprintf("%s: %s (%s)", count(len(g), "instance"), x.why, a.orNone(x.InvocationStatus))
	if x.ErrorCode != "" {
		text += ", " + a.orNone(x.ErrorCode)
		if x.state.failure.cause != "" {
			text += ": " + x.state.failure.cause
		}
	}
	if x.ExitCode != nil && *x.ExitCode != 0 {
		text += fmt.Sprintf(", exit code %d", *x.ExitCode)
		if meaning := exitMeanings[*x.ExitCode]; meaning != "" {
			text += " (" + meaning + ")"
		}
	}
	return text
}

func (a Airlock) invocationFacts(r *Report, page cloudapi.InvocationResults, results []result) {
	if sameInvocation(results) {
		r.Facts.add("invoke_id", a.plain(string(results[0].InvokeID)))
		r.Facts.add("command_id", a.plain(string(results[0].CommandID)))
	}
	if page.NextToken == "" {
		r.Facts.add("total", int64(len(results)))
	}
	r.Facts.add("returned", int64(len(results)))
	var order []string
	counts := map[string]int64{}
	for _, x := range results {
		status := a.plain(x.InvocationStatus)
		if counts[status]++; counts[status] == 1 {
			order = append(order, status)
		}
	}
	slices.SortFunc(order, func(x, y string) int { return cmp.Or(cmp.Compare(counts[y], counts[x]), strings.Compare(x, y)) })
	var statusCounts Facts
	for _, status := range order {
		statusCounts.add(status, counts[status])
	}
	r.Facts = append(r.Facts, Fact{"status_counts", statusCounts})
	r.Facts.add("next_token", a.plain(page.NextToken))
}

func (a Airlock) groupItem(g []result, asOf time.Time) Item {
	x := g[0]
	item := Item{Name: a.orNone(string(x.InstanceID)), Verdict: x.verdict, Text: x.why, Output: a.output(x.Output)}
	if len(g) > 1 {
		item.Name = count(len(g), "instance")
	}
	if x.ErrorInfo != "" {
		item.Text += ": " + a.quote(x.ErrorInfo)
	}
	if x.verdict == InProgress && !x.StartedAt.IsZero() && asOf.After(x.StartedAt) {
		item.Text += " for " + asOf.Sub(x.StartedAt).Round(time.Second).String()
	}
	if x.Output.DroppedBytes > 0 {
		item.Text += fmt.Sprintf("; the agent dropped %d bytes of output before us, from the beginning or the middle", x.Output.DroppedBytes)
	}
	if x.Output.Undecoded {
		item.Text += "; the output was not Base64 and is shown as it came"
	}
	item.Facts = a.resultFacts(g)
	return item
}

// resultFacts speaks for a group: the earliest start, the latest end.
func (a Airlock) resultFacts(g []result) Facts {
	x := g[0]
	started, finished := x.StartedAt, x.FinishedAt
	ids := make([]string, 0, len(g))
	for _, other := range g {
		if len(ids) < maxIDs {
			ids = append(ids, a.plain(string(other.InstanceID)))
		}
		if !other.StartedAt.IsZero() && other.StartedAt.Before(started) {
			started = other.StartedAt
		}
		if other.FinishedAt.After(finished) {
			finished = other.FinishedAt
		}
	}
	var f Facts
	f.add("instance_ids", ids)
	f.add("invocation_status", a.plain(x.InvocationStatus))
	f.add("invoke_record_status", a.plain(x.InvokeRecordStatus))
	f.add("exit_code", x.ExitCode)
	f.add("error_code", a.plain(x.ErrorCode))
	f.add("error_info", a.plain(x.ErrorInfo))
	f.add("started_at", started)
	f.add("finished_at", finished)
	if !started.IsZero() && !finished.Before(started) {
		f.add("duration_ms", finished.Sub(started).Milliseconds())
	}
	f.add("repeats", x.Repeats)
	f.add("username", a.plain(x.Username))
	f.add("container_name", a.plain(x.ContainerName))
	if x.Output.DroppedBytes > 0 {
		f.add("oss_output_uri", a.plain(x.OSSOutputURI))
	}
	return f
}

// InvocationResultsChanging tells whether asking again soon can show something
// new. A periodic command that waits for its next run does not count.
func InvocationResultsChanging(page cloudapi.InvocationResults) bool {
	return slices.ContainsFunc(page.Results, func(x cloudapi.InvocationResult) bool {
		return oneOf(normal(x.InvocationStatus), "PENDING", "RUNNING", "STOPPING")
	})
}
