package formatters

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

var gatherSets = map[string][]cloudapi.Flag{
	"none": nil, "ok": {yes}, "failed": {no}, "absent": {none}, "ok and failed": {yes, no}, "ok and absent": {yes, none},
	"failed and absent": {no, none}, "all three": {yes, no, none}, "two ok": {yes, yes},
}

// gatherVerdict is triage.md, section 5 with rule 1.9 (a failed item while
// others still run is failed) and, where a single flag is absent, rule 1.4.
func gatherVerdict(c *cloudapi.Change, set []cloudapi.Flag) Verdict {
	if c == nil {
		return Unknown // row 2
	}
	f, s, a, p, to := c.Finished, c.Succeeded, c.Aborted, c.Paused, c.TimedOut
	if f == none && s == none && a == none && p == none && to == none {
		return Unknown
	}
	anyFailed, anyAbsent := false, false
	for _, task := range set {
		anyFailed = anyFailed || task == no
		anyAbsent = anyAbsent || task == none
	}
	switch {
	case a == yes, to == yes: // rows 3 and 4
		return Failed
	case anyFailed: // rows 7, 9 and rule 1.9
		return Failed
	case f != yes && p == yes: // row 5
		return ActionNeeded
	case f == none:
		return Unknown
	case f == no: // row 6
		return InProgress
	case s == no: // row 9
		return Failed
	case s == none, p == yes, anyAbsent:
		return Unknown
	default: // row 8
		return OK
	}
}

func gatherContradicts(c *cloudapi.Change, set []cloudapi.Flag) bool {
	if c == nil {
		return false
	}
	failed, ok := 0, 0
	for _, task := range set {
		if task == no {
			failed++
		}
		if task == yes {
			ok++
		}
	}
	s := c.Succeeded == yes
	return s && c.Finished == no || s && c.Aborted == yes || s && c.TimedOut == yes || c.Paused == yes && c.Finished == yes || s && failed > 0 ||
		c.Succeeded == no && c.Finished == yes && c.Aborted != yes && c.TimedOut != yes && ok > 0 && ok == len(set)
}

func TestGatherVerdictForEveryCombination(t *testing.T) {
	check := func(c *cloudapi.Change, set []cloudapi.Flag) {
		in := cloudapi.GatherStatsResult{Source: sourceOf(cloudapi.WebPlus, "DescribeGatherStatsResult", "cn-beijing"), Change: c}
		for _, task := range set {
			in.Instances = append(in.Instances, cloudapi.GatherInstance{InstanceID: host1, Succeeded: task})
		}
		r := testLock.GatherStats(in)
		want := gatherVerdict(c, set)
		require.Equal(t, want, r.Verdict, "%+v %v", c, set)
		checkJudgement(t, r)
		require.NotEmpty(t, r.Reasons)
		require.Equal(t, gatherContradicts(c, set), namesContradiction(r), "%+v %v: %q", c, set, r.Reasons)
		rerun := Rerun("")
		if want == Failed {
			rerun = "safe" // a gather only collects
		}
		require.Equal(t, rerun, r.Rerun)
		require.Len(t, r.Items, len(set))
		changing := c != nil && c.Finished != yes && c.Aborted != yes && c.TimedOut != yes
		require.Equal(t, changing, GatherChanging(in))
	}
	n := 0
	for _, set := range gatherSets {
		check(nil, set)
		for _, f := range allFlags {
			for _, s := range allFlags {
				for _, a := range allFlags {
					for _, p := range allFlags {
						for _, to := range allFlags {
							n++
							check(&cloudapi.Change{ChangeID: testChange, Finished: f, Succeeded: s, Aborted: a, Paused: p, TimedOut: to}, set)
						}
					}
				}
			}
		}
	}
	require.Equal(t, 243*len(gatherSets), n)
}

func TestGatherSaysWhatTheReferenceAsksFor(t *testing.T) {
	for _, c := range []struct {
		fact  string
		in    cloudapi.GatherStatsResult
		holds []string
		never []string
	}{
		{"an id of another kind", gather(func(g *cloudapi.GatherStatsResult) { g.Change = nil }), []string{"another kind", "only gathers"}, nil},
		{"a paused change", gather(withFlags(no, no, no, yes, no)), []string{"ResumeChange", "abort"}, nil},
		{"a running change", gather(withFlags(no, no, no, no, no)), []string{"running for 40s", "no update for 12s"}, nil},
		{
			"times under a second", gather(withFlags(no, no, no, no, no), func(g *cloudapi.GatherStatsResult) {
				g.Change.CreatedAt, g.Change.UpdatedAt = ago(820*time.Millisecond), ago(110*time.Millisecond)
			}), []string{"running for 820ms", "no update for 110ms"}, nil,
		},
		{"k of n", gather(withInstances(collected(host1), uncollected(host2, ""))), []string{"1 of 2 instances succeeded", host2}, nil},
		{"nothing collected on the flag alone", gather(withInstances(), withTargets()), []string{"returned no instance results"}, []string{"diagnostics collected", "delivered"}},
		{"success that no target shows", gather(withInstances(), withTargets(host1, host2)), []string{"none of its 2 target instances reported", "get_invocation_results", "Then gather again"}, []string{"succeeded but returned"}},
		{"success that others show", gather(withInstances(collected(host3)), withTargets(host1, host2)), []string{"none of its 2 target instances reported, only 1 instance that it was not started on"}, nil},
		{"the message of a failure", gather(withFlags(yes, no, no, no, no), saying("out of quota")), []string{`"out of quota"`, "get_invocation_results"}, nil},
		{"a storage key is no link", gather(), []string{"not a link"}, nil},
	} {
		t.Run(c.fact, func(t *testing.T) {
			r := testLock.GatherStats(c.in)
			text := strings.Join(append(append(append([]string{r.Headline}, r.Reasons...), r.NextSteps...), r.Notes...), "\n")
			for _, part := range c.holds {
				require.Contains(t, text, part)
			}
			for _, part := range c.never {
				require.NotContains(t, text, part)
			}
		})
	}
}

func TestGatherStartedIsInProgressUnlessItHasNoName(t *testing.T) {
	change := cloudapi.EnvChange{Source: sourceOf(cloudapi.WebPlus, "GatherAppEnvStats", "cn-beijing"), EnvID: testEnv, ChangeID: testChange}
	r := testLock.GatherStarted(change)
	checkJudgement(t, r)
	require.Equal(t, InProgress, r.Verdict)
	require.Empty(t, r.Rerun)

	change.ChangeID = ""
	r = testLock.GatherStarted(change)
	checkJudgement(t, r)
	require.Equal(t, Unknown, r.Verdict)
	require.Equal(t, RerunUnknown, r.Rerun)
	require.Contains(t, r.NextSteps[0], "Do not start another")
}
