package formatters

import (
	"fmt"
	"strings"

	"github.com/alitriage/alitriage/cloudapi"
)

// OperationResult reports on a BPStudio operation (GetExecuteOperationResult).
func (a Airlock) OperationResult(op cloudapi.OperationResult) Report {
	return a.through(func(c *chamber) Report { return c.operationResult(op) })
}

func (a *chamber) operationResult(op cloudapi.OperationResult) Report {
	arguments, message := unwrap(op.Arguments), unwrap(op.Message)
	instances, rest := operationInstances(arguments)
	if len(instances) == 0 {
		instances, _ = operationInstances(message)
	}
	id := a.plain(string(op.OperationID)) // before there is no time left to read it
	r := newReport(op.Source)
	for _, i := range instances {
		r.Items = append(r.Items, a.operationItem(i))
	}
	worstFirst(r.Items)
	state := operationState{
		found: op.Found, status: upperASCII(strings.TrimSpace(op.Status)), success: readSuccess(arguments, message),
	}
	state.doubt = speaksOfFailure(rest, maxDoubt) || speaksOfFailure(message, maxDoubt)
	state.countItems(r.Items)
	if text := a.digest(message, 0); text != "" {
		state.message = a.quote(text)
	}
	j := judge(operationRules, state)
	r.Verdict, r.NextSteps, r.Rerun = j.verdict, j.next, j.rerun
	r.Headline = "Operation: " + j.why
	if op.OperationID != "" {
		r.Headline = fmt.Sprintf("Operation %s: %s", a.word(string(op.OperationID)), j.why)
	}
	r.linkTo(a.Site.hosts().bpStudio)
	r.Reasons = a.operationReasons(op, state)
	r.Facts.add("operation_id", id)
	r.Facts.add("status", a.plain(op.Status))
	r.Facts.add("message", a.lineUpTo(a.digest(message, 0), maxValue))
	r.Facts.add("arguments", a.lineUpTo(a.digest(rest, 0), maxValue))
	return r
}

func (s *operationState) countItems(items []Item) {
	s.total = len(items)
	for _, item := range items {
		switch item.Verdict {
		case OK:
			s.ok++
		case InProgress:
			s.moving++
		case Failed:
			if s.failed++; s.failed <= maxNamed {
				s.failedNames = append(s.failedNames, item.Name)
			}
		}
	}
}

func (a *chamber) operationReasons(op cloudapi.OperationResult, s operationState) []string {
	if !s.found {
		return []string{"the API answered, but without Data; its own Code 200 says nothing about the operation"}
	}
	reasons := []string{"Status " + a.orNone(op.Status)}
	if s.total > 0 {
		reasons[0] += fmt.Sprintf("; %s: %d succeeded, %d failed", count(s.total, "instance"), s.ok, s.failed)
		if s.moving > 0 {
			reasons[0] += fmt.Sprintf(", %d still running", s.moving)
		}
		if n := s.unproved() - s.moving; n > 0 {
			reasons[0] += fmt.Sprintf(", %d did not say", n)
		}
	}
	if s.status == "FAILURE" && s.message == "" {
		reasons = append(reasons, "BPStudio gives no message")
	}
	return append(reasons, operationContradictions(s)...)
}

func operationContradictions(s operationState) (reasons []string) {
	success := s.status == "SUCCESS"
	for _, c := range []struct {
		holds bool
		what  string
	}{
		{(success || s.running()) && s.success == successFalse, "Status is " + s.status + ", but Arguments or Message say success: false"},
		{success && s.failed > 0, "Status is SUCCESS, but an instance failed"},
		{success && s.unproved() > 0, "Status is SUCCESS, but not every instance says so"},
		{success && s.doubt && !s.provesFailure(), "Status is SUCCESS, but something in Arguments or Message speaks of a failure"},
		{success && s.success == successUnreadable, "Status is SUCCESS, but what Arguments or Message say about success cannot be read"},
		{s.status == "FAILURE" && s.success == successTrue, "Status is FAILURE, but Arguments or Message say success: true"},
		{s.status == "FAILURE" && s.total > 0 && s.ok == s.total, "Status is FAILURE, but every instance succeeded"},
	} {
		if c.holds {
			reasons = append(reasons, disagreeing+c.what)
		}
	}
	return reasons
}

// OperationResultChanging tells whether asking again can show something new.
func OperationResultChanging(op cloudapi.OperationResult) bool {
	return op.Found && oneOf(upperASCII(strings.TrimSpace(op.Status)), "INIT", "RUNNING")
}
