package formatters

import (
	"fmt"
	"slices"
	"strings"
)

// rule is one row of a verdict table. The first row that matches decides; all
// tables end with a row that matches everything.
type rule[S any] struct {
	when    string // the condition in words
	example S      // a state for which this row decides, to show what it says
	matches func(S) bool
	verdict Verdict
	say     func(S) string   // why
	next    func(S) []string // what to do; nil when there is nothing to do
	rerun   func(S) Rerun    // whether what failed may be run again; nil when nothing failed
}

// judgement is what a row says of a state.
type judgement struct {
	verdict Verdict
	why     string
	next    []string
	rerun   Rerun
}

func judge[S any](rules []rule[S], state S) judgement {
	for _, r := range rules {
		if r.matches(state) {
			return r.judge(state)
		}
	}
	panic("a verdict table must end with a row that matches everything")
}

func (r rule[S]) judge(state S) judgement {
	j := judgement{verdict: r.verdict, why: r.say(state), next: []string{}}
	if r.next != nil {
		j.next = slices.Clone(r.next(state)) // a table's own slice is not handed out
	}
	if r.rerun != nil {
		j.rerun = r.rerun(state)
	}
	return j
}

// says, does and reruns make the fixed cells of rows.
func says[S any](text string) func(S) string { return func(S) string { return text } }

func does[S any](steps ...string) func(S) []string { return func(S) []string { return steps } }

func reruns[S any](r Rerun) func(S) Rerun { return func(S) Rerun { return r } }

// disagreeing begins every reason that names fields which contradict each other.
const disagreeing = "fields disagree: "

func always[S any](S) bool { return true }

// normal folds the spellings of a status: case, underscores and spaces around
// do not count. Letters that only Unicode calls alike stay different.
func normal(status string) string {
	return upperASCII(strings.ReplaceAll(strings.TrimSpace(status), "_", ""))
}

func upperASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, s)
}

func oneOf(s string, list ...string) bool { return slices.Contains(list, s) }

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// maxNamed is how many failed instances a sentence names.
const maxNamed = 3

// tally is "only k of n instances succeeded", with the names of those that failed.
func tally(ok, failed, total int, names []string) string {
	switch {
	case total == 1:
		return "the only instance failed: " + named(names, failed)
	case ok == 0:
		return fmt.Sprintf("none of %d instances succeeded; failed: %s", total, named(names, failed))
	default:
		return fmt.Sprintf("only %d of %d instances succeeded; failed: %s", ok, total, named(names, failed))
	}
}

func named(names []string, all int) string {
	text := strings.Join(names, ", ")
	if n := all - len(names); n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}
