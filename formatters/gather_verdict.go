package formatters

import (
	"fmt"

	"github.com/alitriage/alitriage/cloudapi"
)

// gatherState is what the verdict on a gather depends on.
type gatherState struct {
	change              bool // the answer holds a change
	anyFlag             bool // and at least one of its flags
	finished, succeeded cloudapi.Flag
	aborted, paused     bool
	timed               bool
	targets             int      // instances that were asked; 0: not known
	total, ok, failed   int      // instances that reported, and how
	failedNames         []string // the first of those that failed
	message             string   // quoted, "" if there is none
	suspect             string   // an instance that failed or returned nothing, for a step; "" if none has an id
	silent              int      // targets that returned nothing
	silentNames         []string // the first of them
}

func (s gatherState) unstated() int { return s.total - s.ok - s.failed }

var gatherRules = []rule[gatherState]{
	{
		when:    "no change in the answer",
		example: gatherState{},
		matches: func(s gatherState) bool { return !s.change },
		verdict: Unknown,
		say:     says[gatherState]("the answer holds no change; the ChangeId may be of another kind of change, and only gathers can be read"),
		next:    does[gatherState]("Check the ChangeId and the region; look for the change in the environment's change list in the WebPlus console."),
	},
	{
		when:    "all flags absent",
		example: gatherState{change: true},
		matches: func(s gatherState) bool { return !s.anyFlag },
		verdict: Unknown,
		say:     says[gatherState]("the answer does not say how far the change is"),
		next:    does[gatherState](lookAtChange),
	},
	{
		when:    "aborted (even if finished or succeeded)",
		example: gatherState{change: true, anyFlag: true, aborted: true},
		matches: func(s gatherState) bool { return s.aborted },
		verdict: Failed,
		rerun:   reruns[gatherState](RerunSafe), // it only collects
		say:     withMessage("the change was aborted"),
		next:    does[gatherState]("Find out who aborted it and why.", gatherAgain),
	},
	{
		when:    "timed out",
		example: gatherState{change: true, anyFlag: true, timed: true},
		matches: func(s gatherState) bool { return s.timed },
		verdict: Failed,
		rerun:   reruns[gatherState](RerunSafe), // it only collects
		say:     withMessage("the change timed out"),
		next:    func(s gatherState) []string { return []string{s.lookAtCloudAssistant(), gatherAgain} },
	},
	{
		when:    "not finished, some instance failed",
		example: gatherState{change: true, anyFlag: true, finished: cloudapi.False, total: 2, ok: 1, failed: 1},
		matches: func(s gatherState) bool { return s.finished != cloudapi.True && s.failed > 0 },
		verdict: Failed,
		rerun:   reruns[gatherState](RerunSafe), // it only collects
		say: func(s gatherState) string {
			text := fmt.Sprintf("%d of the %s that reported so far failed; the change is not finished", s.failed, count(s.total, "instance"))
			if s.finished == cloudapi.Absent {
				text = fmt.Sprintf("%d of the %s that reported failed; the answer does not say whether the change has finished", s.failed, count(s.total, "instance"))
			}
			if s.paused {
				text += " and is paused"
			}
			return text
		},
		next: func(s gatherState) []string {
			if s.paused {
				return []string{resumeChange, s.lookAtCloudAssistant()}
			}
			return []string{"Ask again with the resume arguments for the rest.", s.lookAtCloudAssistant()}
		},
	},
	{
		when:    "not finished, paused",
		example: gatherState{change: true, anyFlag: true, finished: cloudapi.False, paused: true},
		matches: func(s gatherState) bool { return s.finished != cloudapi.True && s.paused },
		verdict: ActionNeeded,
		say:     withMessage("the change is paused and will not go on by itself"),
		next:    does[gatherState](resumeChange),
	},
	{
		when:    "finished flag absent",
		example: gatherState{change: true, anyFlag: true, succeeded: cloudapi.True},
		matches: func(s gatherState) bool { return s.finished == cloudapi.Absent },
		verdict: Unknown,
		say:     says[gatherState]("the answer does not say whether the change has finished"),
		next:    does[gatherState](lookAtChange),
	},
	{
		when:    "not finished",
		example: gatherState{change: true, anyFlag: true, finished: cloudapi.False, targets: 3, total: 1, ok: 1},
		matches: func(s gatherState) bool { return s.finished == cloudapi.False },
		verdict: InProgress,
		say: func(s gatherState) string {
			if s.targets > 0 {
				return fmt.Sprintf("the change is running; %d of %s reported so far", s.total, count(s.targets, "instance"))
			}
			return fmt.Sprintf("the change is running; %s reported so far", count(s.total, "instance"))
		},
		next: does[gatherState](askAgain),
	},
	{
		when:    "finished, not succeeded",
		example: gatherState{change: true, anyFlag: true, finished: cloudapi.True, succeeded: cloudapi.False, message: `"…"`},
		matches: func(s gatherState) bool { return s.succeeded == cloudapi.False },
		verdict: Failed,
		rerun:   reruns[gatherState](RerunSafe), // it only collects
		say: func(s gatherState) string {
			text := "the change finished without success"
			if s.failed > 0 {
				text += "; " + s.tally()
			}
			return withMessage(text)(s)
		},
		next: func(s gatherState) []string { return []string{s.lookAtCloudAssistant(), gatherAgain} },
	},
	{
		when:    "finished and not said to have failed, some instance failed",
		example: gatherState{change: true, anyFlag: true, finished: cloudapi.True, succeeded: cloudapi.True, total: 3, ok: 2, failed: 1, failedNames: []string{"i-…"}},
		matches: func(s gatherState) bool { return s.failed > 0 },
		verdict: Failed,
		rerun:   reruns[gatherState](RerunSafe), // it only collects
		say: func(s gatherState) string {
			if s.succeeded == cloudapi.True {
				return "the change claims success, but " + s.tally()
			}
			return s.tally()
		},
		next: func(s gatherState) []string { return []string{s.lookAtCloudAssistant(), gatherAgain} },
	},
	{
		when:    "finished, succeeded flag absent",
		example: gatherState{change: true, anyFlag: true, finished: cloudapi.True},
		matches: func(s gatherState) bool { return s.succeeded == cloudapi.Absent },
		verdict: Unknown,
		say:     says[gatherState]("the change has finished, but the answer does not say whether it succeeded"),
		next:    does[gatherState]("Look at the change in the WebPlus console."),
	},
	{
		when:    "finished and succeeded, but paused or with an instance that does not say how it ended",
		example: gatherState{change: true, anyFlag: true, finished: cloudapi.True, succeeded: cloudapi.True, paused: true},
		matches: func(s gatherState) bool { return s.paused || s.unstated() > 0 },
		verdict: Unknown,
		say: func(s gatherState) string {
			if s.paused {
				return "the answer calls the change both paused and finished"
			}
			return fmt.Sprintf("the change claims success, but %d of %s did not say how it ended", s.unstated(), count(s.total, "instance"))
		},
		next: does[gatherState]("Look at the change in the WebPlus console."),
	},
	{
		when:    "finished and succeeded, none of the known target instances reported",
		example: gatherState{change: true, anyFlag: true, finished: cloudapi.True, succeeded: cloudapi.True, targets: 2, silent: 2, silentNames: []string{"i-…", "i-…"}},
		matches: func(s gatherState) bool { return s.targets > 0 && s.silent == s.targets },
		verdict: Unknown,
		say: func(s gatherState) string {
			text := fmt.Sprintf("the change claims success, but none of its %s reported", count(s.targets, "target instance"))
			if s.total > 0 {
				text += fmt.Sprintf(", only %s that it was not started on", count(s.total, "instance"))
			}
			return text + ", so nothing shows that anything was collected there"
		},
		next: func(s gatherState) []string { return []string{s.lookAtCloudAssistant(), gatherAgain} },
	},
	{
		when:    "finished and succeeded",
		example: gatherState{change: true, anyFlag: true, finished: cloudapi.True, succeeded: cloudapi.True, total: 3, ok: 3},
		matches: always[gatherState],
		verdict: OK,
		say: func(s gatherState) string {
			if s.total == 0 {
				return "the change succeeded but returned no instance results, so nothing shows that anything was collected"
			}
			if s.silent > 0 {
				return fmt.Sprintf("the change succeeded, but only %d of %d target instances delivered diagnostics; nothing came from %s",
					s.targets-s.silent, s.targets, named(s.silentNames, s.silent))
			}
			return count(s.total, "instance") + " delivered diagnostics"
		},
	},
}

// tally is "k of n instances succeeded", and names those that failed.
func (s gatherState) tally() string { return tally(s.ok, s.failed, s.total, s.failedNames) }

const (
	lookAtChange = "Ask again in a minute; if it stays so, look at the change in the WebPlus console."
	gatherAgain  = "Then gather again with env_id, which makes a new change."
	resumeChange = "Resume the change (ResumeChange) or abort it in the WebPlus console."
)

// noSecondGather is for a start whose change is not known, but for the console.
func noSecondGather(console string) string {
	return "Do not start another gather: open the environment at " + console +
		", take the ChangeId of its newest change if that is a GatherStats of this minute, and ask with it as change_id. If there is none after a minute, nothing was started: gather again."
}

// lookAtCloudAssistant names an instance to ask about, where one is known.
func (s gatherState) lookAtCloudAssistant() string {
	const text = "A gather runs through Cloud Assistant: ask get_invocation_results with "
	switch {
	case s.suspect != "":
		return text + "instance_id " + s.suspect + ", which did not succeed."
	case s.total > 0 && s.ok == s.total:
		return "No instance failed, so look at the change itself in the WebPlus console; what ran on an instance, get_invocation_results shows by its instance_id."
	default:
		return text + "the instance_id of an instance that did not succeed."
	}
}

func withMessage(text string) func(gatherState) string {
	return func(s gatherState) string {
		if s.message == "" {
			return text
		}
		return text + ": " + s.message
	}
}
