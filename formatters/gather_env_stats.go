package formatters

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/alitriage/alitriage/cloudapi"
)

// GatherStarted reports on a gather that has just been started and not been read
// yet (GatherAppEnvStats).
func (a Airlock) GatherStarted(change cloudapi.EnvChange) Report {
	return a.through(func(c *chamber) Report { return c.gatherStarted(change) })
}

func (a *chamber) gatherStarted(change cloudapi.EnvChange) Report {
	r := newReport(change.Source)
	r.Verdict = InProgress
	r.Headline = fmt.Sprintf("Gather %s: started in environment %s", a.orNone(string(change.ChangeID)), a.orNone(string(change.EnvID)))
	r.Reasons = append(r.Reasons, "the change was accepted; nothing has been read of it yet")
	r.NextSteps = append(r.NextSteps, askAgain)
	r.Facts.add("env_id", a.plain(string(change.EnvID)))
	r.Facts.add("change_id", a.plain(string(change.ChangeID)))
	r.Facts.add("started_at", change.StartedAt)
	if change.ChangeID == "" {
		r.Verdict = Unknown
		r.Headline = fmt.Sprintf("Gather: it may have started in environment %s, but no ChangeId was named", a.orNone(string(change.EnvID)))
		r.Reasons = []string{"Alibaba Cloud accepted the start but named no ChangeId, without which it cannot be read"}
		r.NextSteps = []string{noSecondGather(a.Site.webPlusConsole(change.Region))}
		r.Rerun = RerunUnknown
	}
	return r
}

// GatherStats reports on a gather (DescribeGatherStatsResult).
func (a Airlock) GatherStats(g cloudapi.GatherStatsResult) Report {
	return a.through(func(c *chamber) Report { return c.gatherStats(g) })
}

func (a *chamber) gatherStats(g cloudapi.GatherStatsResult) Report {
	state := a.gatherState(g)
	r := newReport(g.Source)
	j := judge(gatherRules, state)
	r.Verdict, r.NextSteps, r.Rerun = j.verdict, j.next, j.rerun
	subject := "Gather"
	if g.Change != nil {
		if id := string(g.Change.ChangeID); id != "" {
			subject += " " + a.word(id)
		}
		r.Reasons = gatherReasons(g, state)
		r.Facts = a.gatherFacts(*g.Change)
	} else if n := len(g.Instances); n > 0 {
		r.Reasons = append(r.Reasons, fmt.Sprintf("the answer holds no Change, but %s (%d failed)", count(n, "instance result"), state.failed))
	} else {
		r.Reasons = append(r.Reasons, "the answer holds neither a Change nor instance results")
	}
	r.linkTo(a.Site.webPlusConsole(g.Region))
	r.Headline = subject + ": " + j.why
	r.Items = a.gatherItems(g.Instances)
	if state.targets > maxIDs {
		r.Notes = append(r.Notes, fmt.Sprintf("target_instances lists the first %d of %d", maxIDs, state.targets))
	}
	if slices.ContainsFunc(g.Instances, func(i cloudapi.GatherInstance) bool { return i.StorageKey != "" }) {
		r.Notes = append(r.Notes, "storage_key is an object key in the environment's OSS bucket, not a link")
	}
	return r
}

func (a *chamber) gatherState(g cloudapi.GatherStatsResult) gatherState {
	s := gatherState{change: g.Change != nil, total: len(g.Instances)}
	for _, i := range g.Instances {
		switch i.Succeeded {
		case cloudapi.False:
			if s.failed++; s.failed <= maxNamed {
				s.failedNames = append(s.failedNames, a.orNone(string(i.InstanceID)))
			}
			s.suspectIf(i.InstanceID)
		case cloudapi.True:
			s.ok++
		}
	}
	if c := g.Change; c != nil {
		flags := []cloudapi.Flag{c.Finished, c.Succeeded, c.Aborted, c.Paused, c.TimedOut}
		s.anyFlag = slices.ContainsFunc(flags, func(f cloudapi.Flag) bool { return f != cloudapi.Absent })
		s.finished, s.succeeded, s.targets = c.Finished, c.Succeeded, len(c.TargetInstances)
		s.aborted, s.paused, s.timed = c.Aborted == cloudapi.True, c.Paused == cloudapi.True, c.TimedOut == cloudapi.True
		if c.Message != "" {
			s.message = a.quote(c.Message)
		}
		a.findSilent(&s, c.TargetInstances, g.Instances)
	}
	return s
}

// suspectIf keeps the first instance that a step may name.
func (s *gatherState) suspectIf(id cloudapi.InstanceID) {
	if s.suspect == "" && isID(string(id)) {
		s.suspect = string(id)
	}
}

func (a *chamber) findSilent(s *gatherState, targets []cloudapi.InstanceID, instances []cloudapi.GatherInstance) {
	reported := map[cloudapi.InstanceID]bool{}
	for _, i := range instances {
		reported[i.InstanceID] = true
	}
	for _, id := range targets {
		if reported[id] {
			continue
		}
		if s.silent++; s.silent <= maxNamed {
			s.silentNames = append(s.silentNames, a.orNone(string(id)))
		}
		s.suspectIf(id)
	}
}

func gatherReasons(g cloudapi.GatherStatsResult, s gatherState) []string {
	c := g.Change
	reasons := []string{gatherFlags(*c) + "; " + s.reported()}
	reasons = append(reasons, gatherContradictions(s)...)
	if s.silent > 0 && s.finished == cloudapi.True {
		reasons = append(reasons, fmt.Sprintf("%d of %s returned no result: %s", s.silent, count(s.targets, "target instance"), named(s.silentNames, s.silent)))
	}
	if s.finished == cloudapi.False && !s.aborted && !s.timed && !c.CreatedAt.IsZero() && g.AsOf.After(c.CreatedAt) {
		running := "running for " + duration(g.AsOf.Sub(c.CreatedAt))
		if g.AsOf.After(c.UpdatedAt) && !c.UpdatedAt.IsZero() {
			running += ", no update for " + duration(g.AsOf.Sub(c.UpdatedAt))
		}
		reasons = append(reasons, running)
	}
	return reasons
}

// gatherFlags leaves out the flags that are as one expects.
func gatherFlags(c cloudapi.Change) string {
	var text strings.Builder
	fmt.Fprintf(&text, "ChangeFinished %s, ChangeSucceeded %s", c.Finished, c.Succeeded)
	for _, f := range []struct {
		name  string
		value cloudapi.Flag
	}{{"ChangeAborted", c.Aborted}, {"ChangePaused", c.Paused}, {"ChangeTimedout", c.TimedOut}} {
		if f.value != cloudapi.False {
			fmt.Fprintf(&text, ", %s %s", f.name, f.value)
		}
	}
	return text.String()
}

// reported counts the instances by what they said.
func (s gatherState) reported() string {
	text := count(s.total, "instance") + " reported"
	if s.total == 0 {
		return "no instance reported"
	}
	text += fmt.Sprintf(": %d succeeded, %d failed", s.ok, s.failed)
	if s.unstated() > 0 {
		text += fmt.Sprintf(", %d did not say", s.unstated())
	}
	return text
}

func gatherContradictions(s gatherState) (reasons []string) {
	succeeded := s.succeeded == cloudapi.True
	for _, c := range []struct {
		holds bool
		what  string
	}{
		{succeeded && s.finished == cloudapi.False, "the change is succeeded and not finished"},
		{succeeded && s.aborted, "the change is aborted and succeeded"},
		{succeeded && s.timed, "the change is timed out and succeeded"},
		{s.paused && s.finished == cloudapi.True, "the change is paused and finished"},
		{succeeded && s.failed > 0, "the change claims success, but not all its instances do"},
		{s.succeeded == cloudapi.False && s.finished == cloudapi.True && !s.aborted && !s.timed && s.total > 0 && s.ok == s.total, "the change finished without success, but all its instances succeeded"},
	} {
		if c.holds {
			reasons = append(reasons, disagreeing+c.what)
		}
	}
	return reasons
}

func (a *chamber) gatherFacts(c cloudapi.Change) Facts {
	var f Facts
	f.add("env_id", a.plain(string(c.EnvID)))
	f.add("change_id", a.plain(string(c.ChangeID)))
	f.add("change_name", a.plain(c.Name))
	f.add("change_message", a.plain(c.Message))
	f.add("created_by", a.plain(c.CreatedBy))
	f.add("started_at", c.CreatedAt)
	f.add("updated_at", c.UpdatedAt)
	f.add("finished_at", c.FinishedAt)
	if !c.FinishedAt.IsZero() && !c.CreatedAt.IsZero() && !c.FinishedAt.Before(c.CreatedAt) {
		f.add("duration_ms", c.FinishedAt.Sub(c.CreatedAt).Milliseconds())
	}
	f.add("target_instances", a.instanceIDs(c.TargetInstances))
	f.add("finished", c.Finished)
	f.add("succeeded", c.Succeeded)
	f.add("aborted", c.Aborted)
	f.add("paused", c.Paused)
	f.add("timed_out", c.TimedOut)
	return f
}

func (a *chamber) gatherItems(instances []cloudapi.GatherInstance) []Item {
	verdicts := map[cloudapi.Flag]Verdict{cloudapi.True: OK, cloudapi.False: Failed, cloudapi.Absent: Unknown}
	texts := map[Verdict]string{OK: "diagnostics collected", Failed: "the collection failed", Unknown: "the answer does not say how it ended"}
	items := []Item{}
	for _, i := range instances {
		item := Item{Name: a.orNone(string(i.InstanceID)), Verdict: verdicts[i.Succeeded], Facts: Facts{}}
		item.Text = texts[item.Verdict]
		if message := a.lineOf(i.Message); message != "" {
			item.Text += ": " + inQuotes(message)
		}
		item.Facts.add("instance_id", a.plain(string(i.InstanceID)))
		item.Facts.add("task_succeeded", i.Succeeded)
		item.Facts.add("storage_key", a.plain(i.StorageKey))
		items = append(items, item)
	}
	worstFirst(items)
	return items
}

// GatherChanging tells whether asking again can show something new.
func GatherChanging(g cloudapi.GatherStatsResult) bool {
	c := g.Change
	return c != nil && c.Finished != cloudapi.True && c.Aborted != cloudapi.True && c.TimedOut != cloudapi.True
}

func worstFirst(items []Item) {
	slices.SortStableFunc(items, func(x, y Item) int { return y.Verdict.severity() - x.Verdict.severity() })
}

// maxIDs is how many InstanceIds a fact lists. Notes say so.
const maxIDs = 40

func (a *chamber) instanceIDs(ids []cloudapi.InstanceID) []string {
	list := make([]string, 0, min(len(ids), maxIDs))
	for _, id := range ids[:cap(list)] {
		if text := a.plain(string(id)); text != "" {
			list = append(list, text)
		}
	}
	return list
}

// duration writes how long something took, in milliseconds where it was short.
func duration(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
