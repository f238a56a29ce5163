package formatters

import "fmt"

// invocationState is what the verdict on one result depends on.
type invocationState struct {
	status, record string // normal spelling
	failure        commandFailure
	code           string // the ErrorCode for a sentence of ours, "" if there is none
	exit           *int64 // nil: not reported
	printed        bool   // there is output
	periodic       bool   // the command may run on after this run: its record does not speak of this one
}

func (s invocationState) badExit() bool { return s.exit != nil && *s.exit != 0 }

func (s invocationState) exitCode() int64 {
	if s.exit == nil {
		return 0
	}
	return *s.exit
}

// proves tells whether a field other than the status proves a failure.
func (s invocationState) proves() bool { return s.code != "" || s.badExit() || s.record == "FAILED" }

// InvokeRecordStatus is coarse: what has ended there may have ended badly.
var (
	recordsMoving = []string{"RUNNING", "STOPPING", "PENDING", "SCHEDULED"}
	recordsEnded  = []string{"FINISHED", "SUCCESS", "FAILED", "PARTIALFAILED", "STOPPED"}

	unfinished = []string{"PENDING", "RUNNING", "STOPPING", "SCHEDULED"}
	neverRan   = []string{"INVALID", "ABORTED", "CANCELLED"}
)

// recordGoesOn tells whether the record says that what has ended goes on.
func (s invocationState) recordGoesOn() bool {
	return !s.periodic && oneOf(s.record, "RUNNING", "PENDING", "SCHEDULED")
}

func (s invocationState) recordKnown() bool {
	return s.record == "" || oneOf(s.record, recordsMoving...) || oneOf(s.record, recordsEnded...)
}

var invocationRules = []rule[invocationState]{
	{
		when:    "Success, contradicted by the exit code, the error code or a record status that has failed or, unless the command is periodic, not ended",
		example: invocationState{status: "SUCCESS", record: "FAILED"},
		matches: func(s invocationState) bool {
			return s.status == "SUCCESS" && (s.proves() || s.recordGoesOn())
		},
		verdict: Unknown,
		say:     says[invocationState]("the status is Success, but another field contradicts it"),
		next:    does[invocationState](checkOnInstance),
	},
	{
		when:    "Success, with a record status that is not known",
		example: invocationState{status: "SUCCESS", record: "PAUSED"},
		matches: func(s invocationState) bool { return s.status == "SUCCESS" && !s.recordKnown() },
		verdict: Unknown,
		say:     says[invocationState]("the status is Success, but the record status is one that alitriage does not know"),
		next:    does[invocationState](checkOnInstance),
	},
	{
		when:    "Success",
		example: invocationState{status: "SUCCESS", record: "FINISHED", exit: new(int64(0))},
		matches: func(s invocationState) bool { return s.status == "SUCCESS" },
		verdict: OK,
		say: func(s invocationState) string {
			text := "ended with exit code 0"
			if s.exit == nil {
				text = "ended well; the exit code was not reported"
			}
			if s.periodic && oneOf(s.record, recordsMoving...) {
				text += "; the command is periodic and will run again"
			}
			return text
		},
	},
	{
		when:    "Failed",
		example: invocationState{status: "FAILED", record: "FINISHED", exit: new(int64(1))},
		matches: func(s invocationState) bool { return s.status == "FAILED" },
		verdict: Failed,
		rerun:   invocationState.rerun,
		say: func(s invocationState) string {
			if !s.badExit() {
				return "the script ran and failed"
			}
			return fmt.Sprintf("the script ran and ended with exit code %d", *s.exit) + s.exitInWords()
		},
		next: invocationNext,
	},
	ended("Invalid", "the command never ran, because its type or a parameter is wrong"),
	ended("Aborted", "the command could not be delivered to the instance"),
	ended("Error", "the command stopped with an exception and could not go on"),
	ended("Timeout", "the command was killed: it did not end in time"),
	ended("Cancelled", "the command was cancelled before it started"),
	ended("Terminated", "the command was stopped while it ran"),
	{
		when:    "Pending, Running, Stopping, Scheduled or a status that is not known, with an error code, an exit code that is not 0 or a failed record",
		example: invocationState{status: "RUNNING", record: "FAILED"},
		matches: func(s invocationState) bool { return s.proves() },
		verdict: Failed,
		rerun:   invocationState.rerun,
		say: func(s invocationState) string {
			switch {
			case s.stopFailed():
				return "the command may still run"
			case oneOf(s.status, unfinished...):
				return "the status says that it is still going on, another field that it failed"
			default:
				return "the command failed, with a status that alitriage does not know"
			}
		},
		next: invocationNext,
	},
	{
		when:    "Pending, Running, Stopping or Scheduled, with a record status that is not known",
		example: invocationState{status: "RUNNING", record: "PAUSED"},
		matches: func(s invocationState) bool { return oneOf(s.status, unfinished...) && !s.recordKnown() },
		verdict: Unknown,
		say:     says[invocationState]("the status says that it goes on, but the record status is one that alitriage does not know"),
		next:    does[invocationState](lookAtInvocation),
	},
	goesOn("Pending", "the command is being checked or sent", askAgain),
	goesOn("Running", "the command is running", askAgain),
	goesOn("Stopping", "the command is being stopped", askAgain),
	goesOn("Scheduled", "the command waits for its next run, which is normal for a periodic one", "There is nothing to wait for: ask again after its next run."),
	{
		when:    "any other status",
		example: invocationState{status: "HIBERNATING", record: "RUNNING"},
		matches: always[invocationState],
		verdict: Unknown,
		say: func(s invocationState) string {
			if s.status == "" {
				return "the answer names no status"
			}
			return "alitriage does not know this status"
		},
		next: does[invocationState](lookAtInvocation),
	},
}

const (
	checkOnInstance  = "Check on the instance what the command did before relying on it or running it again."
	lookAtInvocation = "Look at the invocation in the ECS console (Cloud Assistant)."
)

func ended(status, text string) rule[invocationState] {
	return rule[invocationState]{
		when:    status,
		example: invocationState{status: normal(status)},
		matches: func(s invocationState) bool { return s.status == normal(status) },
		verdict: Failed,
		rerun:   invocationState.rerun,
		say:     says[invocationState](text),
		next:    invocationNext,
	}
}

const askAgain = "Ask again with the resume arguments."

func goesOn(status, text, step string) rule[invocationState] {
	return rule[invocationState]{
		when:    status,
		example: invocationState{status: normal(status)},
		matches: func(s invocationState) bool { return s.status == normal(status) },
		verdict: InProgress,
		say:     says[invocationState](text),
		next:    does[invocationState](step),
	}
}

// stopFailed: the code speaks of the stop and not of the command, so that it
// does not contradict a status that goes on.
func (s invocationState) stopFailed() bool {
	return s.failure.code == terminationException && !s.badExit() && s.record != "FAILED" && oneOf(s.status, unfinished...)
}

// exitMeaning is what the exit code means by convention, in brackets.
func (s invocationState) exitInWords() string {
	if m := lookUpExit(s.exitCode()); m.what != "" {
		return " (" + m.what + ")"
	}
	return ""
}

// invocationNext chooses by codes alone: what a machine prints decides nothing.
func invocationNext(s invocationState) []string {
	if len(s.failure.steps) > 0 {
		return s.failure.steps
	}
	if m := lookUpExit(s.exitCode()); m.step != "" {
		return []string{m.step}
	}
	if steps, ok := statusSteps[s.status]; ok {
		return steps
	}
	return []string{"Read the output and the error info, and check on the instance what the command did."}
}

// disagreements names the fields that contradict each other, in the vendor's
// spelling of status and record.
func (s invocationState) disagreements(status, record string) (list []string) {
	add := func(holds bool, what string) {
		if holds {
			list = append(list, "InvocationStatus is "+status+", but "+what)
		}
	}
	failed := s.status == "FAILED" || oneOf(s.status, neverRan...) || oneOf(s.status, "ERROR", "TIMEOUT", "TERMINATED")
	open := oneOf(s.status, unfinished...)
	add((s.status == "SUCCESS" || open) && s.badExit(), fmt.Sprintf("the exit code is %d", s.exitCode()))
	add(failed && s.exit != nil && !s.badExit(), "the exit code is 0")
	add(oneOf(s.status, neverRan...) && s.badExit(), fmt.Sprintf("the exit code %d says that it ran", s.exitCode()))
	add((s.status == "SUCCESS" || open && !s.stopFailed()) && s.code != "", "the error code is "+s.code)
	add(oneOf(s.status, "FAILED", "TIMEOUT", "TERMINATED") && s.failure.ran == ranNot, "the error code "+s.code+" says that it never ran")
	add(oneOf(s.status, neverRan...) && s.failure.ran == ranYes, "the error code "+s.code+" says that it ran")
	add((s.status == "SUCCESS" || failed) && s.recordGoesOn(), "InvokeRecordStatus is "+record)
	add(s.status == "SUCCESS" && s.record == "FAILED", "InvokeRecordStatus is "+record)
	add(failed && s.record == "SUCCESS", "InvokeRecordStatus is "+record)
	add(open && oneOf(s.record, recordsEnded...), "InvokeRecordStatus is "+record)
	return list
}

// rerun takes the more careful of what the status and the error code say. What
// contradicts them, or shows that the command ran, makes it more careful still.
func (s invocationState) rerun() Rerun {
	by, known := statusReruns[s.status]
	if !known {
		by = RerunUnknown
	}
	if s.exit != nil || s.printed || s.stopFailed() || len(s.disagreements("", "")) > 0 {
		by = by.careful(CheckFirst)
	}
	return by.careful(s.failure.ran.rerun())
}

var statusReruns = map[string]Rerun{
	"FAILED": CheckFirst, "ERROR": CheckFirst, "TIMEOUT": CheckFirst, "TERMINATED": CheckFirst,
	"INVALID": RerunSafe, "ABORTED": RerunSafe, "CANCELLED": RerunSafe, "PENDING": RerunSafe,
	"RUNNING": CheckFirst, "STOPPING": CheckFirst, "SCHEDULED": CheckFirst,
}
