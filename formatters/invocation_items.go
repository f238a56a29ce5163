package formatters

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alitriage/alitriage/cloudapi"
)

// groupItems shows the groups in their order: what failed first.
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
			odd, text = firstDifference(ours, theirs, len(usual))
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
func firstDifference(ours *opened, theirs string, others int) (line int, text string) {
	x, y := strings.Split(ours.text, "\n"), strings.Split(theirs, "\n")
	for i, j := 0, 0; ; i, j = i+1, j+1 {
		i, j = nextLine(x, i), nextLine(y, j)
		switch {
		case i == len(x) && j == len(y):
			return -1, ""
		case i == len(x):
			return -1, fmt.Sprintf("; its output ends where that of %d others goes on", others)
		case j == len(y) || !alike(x[i], y[j]):
			return i, fmt.Sprintf("; its output differs from that of %d others first in line %d", others, ours.number(i))
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
		{x.trouble > 0 && x.verdict == OK, x.whereTrouble()},
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
