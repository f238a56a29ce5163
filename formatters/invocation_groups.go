package formatters

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alitriage/alitriage/cloudapi"
)

// result is one answer with its judgement.
type result struct {
	cloudapi.InvocationResult
	judgement

	state  invocationState
	opened *opened // its output, when that is shown
}

// group is results that are reported as one.
type group []*result

func (a *chamber) judgeAll(page cloudapi.InvocationResults) invocation {
	v := invocation{InvocationResults: page, single: true, noun: "instance", judged: map[Verdict]int{}, largest: map[likeness]int{}}
	seen := map[cloudapi.InstanceID]bool{}
	for _, answer := range page.Results {
		x := a.judgeResult(answer)
		v.results = append(v.results, x)
		v.judged[x.verdict]++
		v.single = v.single && x.InvokeID == page.Results[0].InvokeID
		if x.InstanceID == "" || seen[x.InstanceID] {
			v.noun = "result"
		}
		seen[x.InstanceID] = true
	}
	v.groups = a.groupAlike(v.results)
	for _, g := range v.groups {
		key := g[0].likeness(0)
		v.largest[key] = max(v.largest[key], len(g))
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
		if g[0].opened = a.output(g[0].Output); g[0].opened != nil {
			room -= min(len(g[0].opened.text), window)
		}
	}
	if usual := v.majority(); usual != nil && usual[0].opened == nil {
		usual[0].opened = a.output(usual[0].Output)
	}
}

func (a *chamber) judgeResult(x cloudapi.InvocationResult) *result {
	s := invocationState{status: normal(x.InvocationStatus), record: normal(x.InvokeRecordStatus), exit: x.ExitCode}
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
func (a *chamber) groupName(g group, v invocation) string {
	name := count(len(g), v.noun)
	if len(g) == 1 {
		name = a.orNone(string(g[0].InstanceID))
	}
	if !v.single {
		name += " (" + a.orNone(string(g[0].InvokeID)) + ")"
	}
	return name
}

// instance is the one that all results of the group are of, "" if there are
// several.
func (g group) instance() cloudapi.InstanceID {
	if !common(g, func(x *result) string { return string(x.InstanceID) }) {
		return ""
	}
	return g[0].InstanceID
}

// alone speaks of the only result.
func (x *result) alone(a *chamber) string {
	where := a.orNone(string(x.InstanceID))
	switch x.verdict {
	case Failed:
		return "failed on " + where + ", " + x.failed(a)
	case Unknown:
		return "cannot be judged on " + where
	case InProgress:
		return "not finished on " + where
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

// trouble quotes the first line in which the output of what failed seems to
// speak of it.
func (x *result) trouble(a *chamber) string {
	if x.verdict != Failed || x.opened == nil {
		return ""
	}
	at, found := firstTrouble(x.opened.text)
	if !found {
		return ""
	}
	before, rest := x.opened.text[:at], x.opened.text[at:]
	begin, end := strings.LastIndexByte(before, '\n')+1, at+len(rest)
	if i := strings.IndexByte(rest, '\n'); i >= 0 {
		end = at + i
	}
	return fmt.Sprintf("; its output says in line %d: %s", strings.Count(before, "\n")+1, a.quote(x.opened.text[begin:end]))
}

// onlyOutputDiffers says so of the smaller of groups which nothing else tells
// apart.
func (v invocation) onlyOutputDiffers(g group) string {
	others := v.largest[g[0].likeness(0)]
	if others <= len(g) {
		return ""
	}
	return fmt.Sprintf("; the output differs from that of %d others", others)
}

// disagreements names the contradictions within a group.
func (a *chamber) disagreements(g group) (list []string) {
	for _, x := range g {
		for _, what := range x.state.disagreements(a.orNone(x.InvocationStatus), a.orNone(x.InvokeRecordStatus)) {
			list = appendNew(list, what)
		}
		if len(list) >= maxReasons {
			break
		}
	}
	return list
}

func (a *chamber) groupItems(v invocation) []Item {
	items := make([]Item, len(v.groups))
	usual, reruns := v.majority(), v.reruns()
	for i, g := range v.groups {
		items[i] = a.groupItem(g, v)
		if len(reruns) > 1 {
			items[i].Text += rerunRemarks[g[0].rerun]
		}
		a.addOutput(&items[i], g, usual)
	}
	return items
}

// reruns are the different answers to whether what failed may run again.
func (v invocation) reruns() map[Rerun]bool {
	all := map[Rerun]bool{}
	for _, x := range v.results {
		if x.rerun != "" {
			all[x.rerun] = true
		}
	}
	return all
}

var rerunRemarks = map[Rerun]string{
	RerunSafe:    "; safe to run again here",
	CheckFirst:   "; check its effects here before running it again",
	RerunUnknown: "; whether it ran here is not known",
}

// majority is the largest group, the one that went best of several; nil if no
// results are alike.
func (v invocation) majority() (usual group) {
	for _, g := range v.groups {
		if len(g) > 1 && len(g) >= len(usual) {
			usual = g
		}
	}
	return usual
}

// addOutput adds a group's output, and where it leaves that of the usual group.
func (a *chamber) addOutput(item *Item, g, usual group) {
	ours := g[0].opened
	if ours == nil {
		item.unopened = g[0].Output.Len() > 0
		return
	}
	if len(g) < len(usual) && usual[0].opened != nil {
		item.Text += a.firstDifference(ours.text, usual[0].opened.text, len(usual))
	}
	if ours.note != "" {
		item.Text += "; " + ours.note
	}
	item.Output = a.excerpt(ours)
}

// firstDifference quotes the first line of ours that theirs has not in its
// place. Empty lines do not count.
func (a *chamber) firstDifference(ours, theirs string, others int) string {
	x, y := strings.Split(ours, "\n"), strings.Split(theirs, "\n")
	for i, j := 0, 0; ; i, j = i+1, j+1 {
		i, j = nextLine(x, i), nextLine(y, j)
		switch {
		case i == len(x) && j == len(y):
			return ""
		case i == len(x):
			return fmt.Sprintf("; its output ends where that of %d others goes on with %s", others, a.quote(y[j]))
		case j == len(y) || !alike(x[i], y[j]):
			return fmt.Sprintf("; its output differs from that of %d others first in line %d: %s", others, i+1, a.quote(x[i]))
		}
	}
}

func nextLine(lines []string, i int) int {
	for i < len(lines) && strings.TrimSpace(lines[i]) == "" {
		i++
	}
	return i
}

func (a *chamber) groupItem(g group, v invocation) Item {
	x := g[0]
	item := Item{Name: a.groupName(g, v), Verdict: x.verdict, Text: x.explained(), Facts: a.groupFacts(g)}
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
		{x.Repeats > 1 && x.verdict == OK, "run " + strconv.FormatInt(x.Repeats, 10) + " of a periodic command, whose schedule has ended unless this is its history"},
		{x.Output.DroppedBytes > 0 && x.OSSOutputURI != "", "the whole output is in OSS"},
		{x.Output.Undecoded, "the output was not Base64 and is shown as it came"},
	} {
		if remark.holds {
			item.Text += "; " + remark.text
		}
	}
	return item
}

// howLong speaks of the time of a group. The vendor counts in seconds.
func howLong(g group, asOf time.Time) string {
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
func times(g group) (started, finished time.Time, longest time.Duration) {
	for _, x := range g {
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
func (a *chamber) groupFacts(g group) Facts {
	x := g[0]
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
	if x.Repeats > 0 && common(g, func(x *result) string { return strconv.FormatInt(x.Repeats, 10) }) {
		f.add("repeats", x.Repeats)
	}
	add("username", func(x *result) string { return x.Username })
	add("container_name", func(x *result) string { return x.ContainerName })
	add("oss_output_uri", func(x *result) string { return x.OSSOutputURI })
	return f
}

// common tells whether all of a list have the same.
func common(list []*result, of func(*result) string) bool {
	for _, x := range list {
		if of(x) != of(list[0]) {
			return false
		}
	}
	return true
}

func (a *chamber) groupIDs(g group) []string {
	var ids []string
	seen := map[cloudapi.InstanceID]bool{}
	for _, x := range g {
		if id := x.InstanceID; id != "" && !seen[id] && len(ids) < maxIDs {
			seen[id] = true
			ids = append(ids, a.plain(string(id)))
		}
	}
	return ids
}
