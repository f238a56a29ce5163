package formatters

import (
	"fmt"
	"slices"
	"time"

	"github.com/alitriage/alitriage/cloudapi"
)

// gatherState is what the verdict on a gather depends on.
type gatherState struct {
	change                  bool // the answer holds a change
	anyFlag                 bool // and at least one of its flags
	finished, succeeded     bool
	aborted, paused, timed  bool
	total, failed, unstated int    // instances that reported, and how
	message                 string // quoted, "" if there is none
}

var gatherRules = []rule[gatherState]{
	{
		when:    "no change in the answer",
		matches: func(s gatherState) bool { return !s.change },
		verdict: Unknown,
		say:     says[gatherState]("the answer holds no change; the ChangeId may be of another kind of change, and only gathers can be read"),
		next:    does[gatherState]("Check the ChangeId and the region; look for the change in the environment's change list in the WebPlus console."),
	},
	{
		when:    "all flags absent",
		matches: func(s gatherState) bool { return !s.anyFlag },
		verdict: Unknown,
		say:     says[gatherState]("the answer does not say how far the change is"),
		next:    does[gatherState]("Ask again in a minute; if it stays so, look at the change in the WebPlus console."),
	},
	{
		when:    "aborted (even if finished or succeeded)",
		matches: func(s gatherState) bool { return s.aborted },
		verdict: Failed,
		say:     withMessage("the change was aborted"),
		next:    does[gatherState]("Find out who aborted it and why; then gather again with env_id."),
	},
	{
		when:    "timed out",
		matches: func(s gatherState) bool { return s.timed },
		verdict: Failed,
		say:     withMessage("the change timed out"),
		next:    does[gatherState](lookAtCloudAssistant, "Then gather again with env_id."),
	},
	{
		when:    "not finished, some instance failed",
		matches: func(s gatherState) bool { return !s.finished && s.failed > 0 },
		verdict: Failed,
		say: func(s gatherState) string {
			return fmt.Sprintf("%d of the %s that reported so far failed; the change is not finished", s.failed, count(s.total, "instance"))
		},
		next: does[gatherState]("Ask again with the resume arguments for the rest.", lookAtCloudAssistant),
	},
	{
		when:    "not finished, paused",
		matches: func(s gatherState) bool { return !s.finished && s.paused },
		verdict: ActionNeeded,
		say:     withMessage("the change is paused and will not go on by itself"),
		next:    does[gatherState]("Resume the change (ResumeChange) or abort it in the WebPlus console."),
	},
	{
		when:    "not finished",
		matches: func(s gatherState) bool { return !s.finished },
		verdict: InProgress,
		say: func(s gatherState) string {
			return fmt.Sprintf("the change is running; %s reported so far", count(s.total, "instance"))
		},
		next: does[gatherState]("Ask again with the resume arguments."),
	},
	{
		when:    "finished and succeeded, some instance failed",
		matches: func(s gatherState) bool { return s.succeeded && s.failed > 0 },
		verdict: Failed,
		say: func(s gatherState) string {
			return fmt.Sprintf("%d of %s succeeded, although the change as a whole claims success", s.total-s.failed-s.unstated, count(s.total, "instance"))
		},
		next: does[gatherState](lookAtCloudAssistant),
	},
	{
		when:    "finished and succeeded, but paused or with an instance that does not say how it ended",
		matches: func(s gatherState) bool { return s.succeeded && (s.paused || s.unstated > 0) },
		verdict: Unknown,
		say: func(s gatherState) string {
			if s.paused {
				return "the answer calls the change both paused and finished"
			}
			return fmt.Sprintf("%s did not say whether it succeeded", count(s.unstated, "instance"))
		},
		next: does[gatherState]("Look at the change in the WebPlus console."),
	},
	{
		when:    "finished and succeeded",
		matches: func(s gatherState) bool { return s.succeeded },
		verdict: OK,
		say: func(s gatherState) string {
			if s.total == 0 {
				return "the change succeeded but returned no instance results, so nothing shows that anything was collected"
			}
			return count(s.total, "instance") + " delivered diagnostics"
		},
	},
	{
		when:    "finished, not succeeded",
		matches: always[gatherState],
		verdict: Failed,
		say:     withMessage("the change finished without success"),
		next:    does[gatherState](lookAtCloudAssistant, "Then gather again with env_id."),
	},
}

const lookAtCloudAssistant = "A gather runs through Cloud Assistant: ask get_invocation_results with the instance_id of a failed instance."

func withMessage(text string) func(gatherState) string {
	return func(s gatherState) string {
		if s.message == "" {
			return text
		}
		return text + ": " + s.message
	}
}

// GatherStarted reports on a gather that has just been started and not been read
// yet (GatherAppEnvStats).
func (a Airlock) GatherStarted(change cloudapi.EnvChange) Report {
	r := newReport(change.Source)
	r.Verdict = InProgress
	r.Headline = fmt.Sprintf("Gather %s: started in environment %s", a.orNone(string(change.ChangeID)), a.orNone(string(change.EnvID)))
	r.Reasons = append(r.Reasons, "the change was accepted; nothing has been read of it yet")
	r.NextSteps = append(r.NextSteps, "Ask again with the resume arguments.")
	r.Facts.add("env_id", a.plain(string(change.EnvID)))
	r.Facts.add("change_id", a.plain(string(change.ChangeID)))
	r.Facts.add("started_at", change.StartedAt)
	if change.ChangeID == "" {
		r.Verdict = Unknown
		r.Reasons = []string{"Alibaba Cloud accepted the start but named no ChangeId"}
		r.NextSteps = []string{"Look for the newest change of the environment in the WebPlus console; do not start another one."}
		r.Rerun = RerunUnknown
	}
	return r
}

// GatherStats reports on a gather (DescribeGatherStatsResult).
func (a Airlock) GatherStats(g cloudapi.GatherStatsResult) Report {
	state := a.gatherState(g)
	r := newReport(g.Source)
	var why string
	r.Verdict, why, r.NextSteps = judge(gatherRules, state)
	r.NextSteps = nonNil(r.NextSteps)
	if r.Verdict == Failed {
		r.Rerun = RerunSafe // it only collects
	}
	if g.Change == nil {
		r.Headline = "Gather: " + why
		r.Reasons = append(r.Reasons, why)
	} else {
		r.Headline = fmt.Sprintf("Gather %s: %s", a.orNone(string(g.Change.ChangeID)), why)
		r.Reasons = a.gatherReasons(g)
		r.Facts = a.gatherFacts(*g.Change)
	}
	r.Items = a.gatherItems(g.Instances)
	for _, i := range g.Instances {
		if i.StorageKey != "" {
			r.Notes = append(r.Notes, "storage_key is an object key in the environment's OSS bucket, not a link")
			break
		}
	}
	return r
}

func (a Airlock) gatherState(g cloudapi.GatherStatsResult) gatherState {
	s := gatherState{change: g.Change != nil, total: len(g.Instances)}
	for _, i := range g.Instances {
		switch i.Succeeded {
		case cloudapi.False:
			s.failed++
		case cloudapi.Absent:
			s.unstated++
		}
	}
	if c := g.Change; c != nil {
		flags := []cloudapi.Flag{c.Finished, c.Succeeded, c.Aborted, c.Paused, c.TimedOut}
		s.anyFlag = slices.ContainsFunc(flags, func(f cloudapi.Flag) bool { return f != cloudapi.Absent })
		s.finished, s.succeeded = c.Finished == cloudapi.True, c.Succeeded == cloudapi.True
		s.aborted, s.paused, s.timed = c.Aborted == cloudapi.True, c.Paused == cloudapi.True, c.TimedOut == cloudapi.True
		if c.Message != "" {
			s.message = a.quote(c.Message)
		}
	}
	return s
}

func (a Airlock) gatherReasons(g cloudapi.GatherStatsResult) []string {
	c := g.Change
	reasons := []string{fmt.Sprintf("change finished %s, succeeded %s, aborted %s, paused %s, timed out %s; %s reported",
		c.Finished, c.Succeeded, c.Aborted, c.Paused, c.TimedOut, count(len(g.Instances), "instance"))}
	disagree := func(what string) { reasons = append(reasons, "fields disagree: the change is "+what) }
	if c.Succeeded == cloudapi.True && c.Finished != cloudapi.True {
		disagree("succeeded and not finished")
	}
	if c.Aborted == cloudapi.True && c.Succeeded == cloudapi.True {
		disagree("aborted and succeeded")
	}
	if c.TimedOut == cloudapi.True && c.Succeeded == cloudapi.True {
		disagree("timed out and succeeded")
	}
	if c.Paused == cloudapi.True && c.Finished == cloudapi.True {
		disagree("paused and finished")
	}
	if c.Finished != cloudapi.True && !c.CreatedAt.IsZero() && g.AsOf.After(c.CreatedAt) {
		running := "running for " + g.AsOf.Sub(c.CreatedAt).Round(time.Second).String()
		if g.AsOf.After(c.UpdatedAt) && !c.UpdatedAt.IsZero() {
			running += ", no update for " + g.AsOf.Sub(c.UpdatedAt).Round(time.Second).String()
		}
		reasons = append(reasons, running)
	}
	return reasons
}

func (a Airlock) gatherFacts(c cloudapi.Change) Facts {
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
	f.add("target_instances", instanceList(c.TargetInstances))
	f.add("finished", c.Finished)
	f.add("succeeded", c.Succeeded)
	f.add("aborted", c.Aborted)
	f.add("paused", c.Paused)
	f.add("timed_out", c.TimedOut)
	return f
}

func (a Airlock) gatherItems(instances []cloudapi.GatherInstance) []Item {
	verdicts := map[cloudapi.Flag]Verdict{cloudapi.True: OK, cloudapi.False: Failed, cloudapi.Absent: Unknown}
	texts := map[Verdict]string{OK: "diagnostics collected", Failed: "the collection failed", Unknown: "the answer does not say how it ended"}
	items := []Item{}
	for _, i := range instances {
		item := Item{Name: a.orNone(string(i.InstanceID)), Verdict: verdicts[i.Succeeded]}
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

func instanceList(ids []cloudapi.InstanceID) []string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = string(id)
	}
	return list
}
