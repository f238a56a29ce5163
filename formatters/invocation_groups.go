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
}

func (a *chamber) judgeResult(x cloudapi.InvocationResult) *result {
	s := invocationState{status: normal(x.InvocationStatus), record: normal(x.InvokeRecordStatus), exit: x.ExitCode, printed: x.Output.Len() > 0}
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

// trouble says where the output of what failed seems to speak of it. The line
// itself stands within the output's boundaries alone.
func (k kind) trouble() string {
	x := k.first()
	if x.verdict != Failed || x.opened == nil || len(k) > 1 {
		return ""
	}
	at, found := firstTrouble(x.opened.text)
	if !found {
		return ""
	}
	kept := ""
	if x.opened.dropped > 0 {
		kept = " of what was kept"
	}
	return fmt.Sprintf("; its output speaks of trouble first in line %d%s", strings.Count(x.opened.text[:at], "\n")+1, kept)
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
	item.unopened = ours == nil && g[0].Output.Len() > 0
	odd := -1 // the line in which it is
	if len(g) < len(usual) && usual[0].opened != nil {
		theirs := usual[0].opened.text
		switch {
		case ours != nil:
			var text string
			odd, text = firstDifference(ours.text, theirs, len(usual))
			item.Text += text
		case !item.unopened && g[0].state.status == usual[0].state.status:
			item.Text += fmt.Sprintf("; it printed nothing, where %d others did", len(usual))
		}
	}
	if ours == nil {
		return
	}
	if ours.note != "" {
		item.Text += "; " + ours.note
	}
	item.Output = a.excerpt(ours, odd)
}

// firstDifference is the first line of ours that theirs has not in its place, -1
// if there is none. Empty lines do not count.
func firstDifference(ours, theirs string, others int) (line int, text string) {
	x, y := strings.Split(ours, "\n"), strings.Split(theirs, "\n")
	for i, j := 0, 0; ; i, j = i+1, j+1 {
		i, j = nextLine(x, i), nextLine(y, j)
		switch {
		case i == len(x) && j == len(y):
			return -1, ""
		case i == len(x):
			return -1, fmt.Sprintf("; its output ends where that of %d others goes on", others)
		case j == len(y) || !alike(x[i], y[j]):
			return i, fmt.Sprintf("; its output differs from that of %d others first in line %d", others, i+1)
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
	item.Text += a.errorInfos(g)
	took := howLong(g, v.AsOf)
	for _, remark := range []struct {
		holds bool
		text  string
	}{
		{took != "", took},
		{x.Repeats > 1 && x.verdict == OK, "run " + strconv.FormatInt(x.Repeats, 10) + " of a periodic command, the last one unless you asked for its history"},
		{x.Output.DroppedBytes > 0 && x.OSSOutputURI != "", "the whole output is in OSS"},
		{x.Output.Undecoded, "the output was not Base64 and is shown as it came"},
	} {
		if remark.holds {
			item.Text += "; " + remark.text
		}
	}
	return item
}

// saysNothing is what the vendor adds to each exit code that is not 0.
const saysNothing = "the command execution exit code is not zero."

// errorInfos quotes what the results of a group say, the commonest first.
func (a *chamber) errorInfos(g group) string {
	var infos []string
	counts := map[string]int{}
	for _, x := range g {
		if x.ErrorInfo != "" && x.ErrorInfo != saysNothing {
			infos = appendNew(infos, x.ErrorInfo)
			counts[x.ErrorInfo]++
		}
	}
	slices.SortStableFunc(infos, func(x, y string) int { return counts[y] - counts[x] })
	var quoted []string
	for _, info := range infos[:min(len(infos), maxNamed)] {
		text := a.quote(info)
		if counts[info] < len(g) {
			text += fmt.Sprintf(" (%d of %d)", counts[info], len(g))
		}
		quoted = append(quoted, text)
	}
	if len(quoted) == 0 {
		return ""
	}
	return ": " + named(quoted, len(infos))
}

// howLong speaks of the time of a group. The vendor counts in seconds.
func howLong(g group, asOf time.Time) string {
	started, finished, longest := times(g)
	switch {
	case oneOf(g[0].state.status, "RUNNING", "STOPPING") && !started.IsZero() && asOf.After(started):
		return "for " + duration(asOf.Sub(started)) + " so far"
	case started.IsZero() || finished.IsZero() || finished.Before(started):
		return ""
	case longest == 0:
		return "took less than 1s"
	case g[0].state.status == "TIMEOUT": // FinishedTime is StartTime and Timeout, by definition
		return "its Timeout was " + duration(longest)
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
	add("error_info", func(x *result) string { return x.ErrorInfo })
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
