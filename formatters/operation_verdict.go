package formatters

import (
	"fmt"
)

// operationState is what the verdict on a BPStudio operation depends on.
type operationState struct {
	found   bool
	status  string      // upper case, trimmed, otherwise as it came; "" if there is none
	success successFlag // of the arguments
	doubt   bool        // something in them speaks of a failure, where nothing is documented
	// instances inside the arguments, and how they ended; the rest did not say
	total, ok, failed, moving int
	failedNames               []string // the first of them
	message                   string   // quoted, "" if there is none
}

// successFlag is what Arguments says about the success of the whole.
type successFlag uint8

const (
	successAbsent successFlag = iota
	successFalse
	successTrue
	successUnreadable
)

func (s operationState) running() bool { return oneOf(s.status, "INIT", "RUNNING") }

func (s operationState) unproved() int { return s.total - s.ok - s.failed }

// provesFailure tells whether Arguments proves a failure, whatever the status.
func (s operationState) provesFailure() bool { return s.failed > 0 || s.success == successFalse }

var operationRules = []rule[operationState]{
	{
		when:    "no Data",
		example: operationState{},
		matches: func(s operationState) bool { return !s.found },
		verdict: Unknown,
		say:     says[operationState]("there is no result under this OperationId: it has expired (it lives one hour) or never existed"),
		next:    does[operationState](noSuccess, "Check the OperationId, and ask within an hour of the operation."),
	},
	{
		when:    "Data without Status",
		example: operationState{found: true},
		matches: func(s operationState) bool { return s.status == "" },
		verdict: Unknown,
		say:     says[operationState]("the answer names no status: the OperationId has expired (it lives one hour) or never existed"),
		next:    does[operationState](noSuccess, "Check the OperationId, and ask within an hour of the operation."),
	},
	{
		when:    "FAILURE",
		example: operationState{found: true, status: "FAILURE", message: `"…"`},
		matches: func(s operationState) bool { return s.status == "FAILURE" },
		verdict: Failed,
		rerun:   reruns[operationState](CheckFirst), // a write that failed may have happened in part
		say: func(s operationState) string {
			text := "the operation failed"
			if s.failed > 0 {
				text += "; " + s.tally()
			}
			if s.message != "" {
				text += ": " + s.message
			}
			return text
		},
		next: func(s operationState) []string {
			if s.message == "" {
				return []string{"Check the state of the resource; never repeat a write blindly.", "Give OperationId and RequestId to Alibaba Cloud support, for there is no message."}
			}
			return []string{
				"Read the message and check the state of the resource; never repeat a write blindly.",
				"If the message does not help, give OperationId and RequestId to Alibaba Cloud support.",
			}
		},
	},
	{
		when:    "INIT or RUNNING with a failed instance or success:false in Arguments or Message",
		example: operationState{found: true, status: "RUNNING", total: 3, ok: 2, failed: 1, failedNames: []string{"i-…"}},
		matches: func(s operationState) bool { return s.running() && s.provesFailure() },
		verdict: Failed,
		rerun:   reruns[operationState](CheckFirst), // a write that failed may have happened in part
		say: func(s operationState) string {
			if s.failed > 0 {
				return fmt.Sprintf("the operation is still running, and %d of %s already failed: %s", s.failed, count(s.total, "instance"), named(s.failedNames, s.failed))
			}
			return "the operation is still running, but its Arguments or Message already say success: false"
		},
		next: does[operationState]("Ask again with the resume arguments for the rest.", "Check the state of the resource; never repeat a write blindly."),
	},
	{
		when:    "INIT or RUNNING",
		example: operationState{found: true, status: "RUNNING"},
		matches: operationState.running,
		verdict: InProgress,
		say:     says[operationState]("the operation is still running; its result vanishes one hour after the operation was made"),
		next:    does[operationState]("Ask again with the resume arguments, within that hour."),
	},
	{
		when:    "SUCCESS or a status that is not known, with a failed instance or success:false in Arguments or Message",
		example: operationState{found: true, status: "SUCCESS", total: 3, ok: 2, failed: 1, failedNames: []string{"i-…"}},
		matches: operationState.provesFailure,
		verdict: Failed,
		rerun:   reruns[operationState](CheckFirst), // a write that failed may have happened in part
		say: func(s operationState) string {
			text := "the operation calls itself a success, but "
			if s.status != "SUCCESS" {
				text = "the operation has a status that alitriage does not know, and "
			}
			if s.failed > 0 {
				return text + s.tally()
			}
			return text + "its Arguments or Message say success: false"
		},
		next: func(s operationState) []string {
			if s.failed > 0 {
				return []string{"Look at the failed instances below and mend them; then repeat the operation for them alone."}
			}
			return []string{"Read Arguments and Message and check the state of the resource; never repeat a write blindly."}
		},
	},
	{
		when:    "any other status",
		example: operationState{found: true, status: "PAUSED"},
		matches: func(s operationState) bool { return s.status != "SUCCESS" },
		verdict: Unknown,
		say:     says[operationState]("the operation has a status that alitriage does not know"),
		next:    does[operationState](noSuccess),
	},
	{
		when:    "SUCCESS with a success in Arguments or Message that cannot be read, something in them that speaks of a failure, or an instance that does not say that it succeeded",
		example: operationState{found: true, status: "SUCCESS", total: 3, ok: 2},
		matches: func(s operationState) bool { return s.success == successUnreadable || s.unproved() > 0 || s.doubt },
		verdict: Unknown,
		say: func(s operationState) string {
			if s.unproved() > 0 {
				return fmt.Sprintf("the operation calls itself a success, but %d of %s did not say that it succeeded", s.unproved(), count(s.total, "instance"))
			}
			if s.doubt {
				return "the operation calls itself a success, but something in its Arguments or Message speaks of a failure"
			}
			return "the operation calls itself a success, but what its Arguments or Message say about it cannot be read"
		},
		next: does[operationState](noSuccess),
	},
	{
		when:    "SUCCESS",
		example: operationState{found: true, status: "SUCCESS", total: 3, ok: 3},
		matches: always[operationState],
		verdict: OK,
		say: func(s operationState) string {
			if s.total > 0 {
				return fmt.Sprintf("the operation succeeded on %s", count(s.total, "instance"))
			}
			return "the operation succeeded"
		},
	},
}

const noSuccess = "Do not take it for a success: check the resource that the operation was about."

// tally is "k of n instances succeeded", and names those that failed.
func (s operationState) tally() string { return tally(s.ok, s.failed, s.total, s.failedNames) }
