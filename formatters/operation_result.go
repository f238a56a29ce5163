package formatters

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/alitriage/alitriage/cloudapi"
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
	r.linkTo(hosts.bpStudio)
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

// readSuccess reads the flag of the whole, wherever it stands: the worst one
// counts. What looks like JSON that speaks of success or of instances, but cannot
// be read as that, proves nothing.
func readSuccess(arguments, message any) successFlag {
	worst := successAbsent
	take := func(flag successFlag) {
		if slices.Index(worstFlags, flag) < slices.Index(worstFlags, worst) {
			worst = flag
		}
	}
	attributes := field(arguments, "attributes")
	for _, v := range []any{arguments, attributes, field(attributes, "instances")} {
		if text, ok := v.(string); ok && cannotBeRead(text) {
			take(successUnreadable)
		}
	}
	for _, v := range []any{arguments, attributes, message} {
		take(flagOf(v))
	}
	return worst
}

// maxDoubt is how deep speaksOfFailure looks.
const maxDoubt = 8

// speaksOfFailure tells whether anything in v says that something failed, in
// places where nothing is documented. It proves no failure, but no success either.
func speaksOfFailure(v any, depth int) bool {
	switch v := v.(type) {
	case map[string]any:
		if flagOf(v) == successFalse || instanceVerdicts[normal(rawText(field(v, "status")))] == Failed || hasBadCode(v) {
			return true
		}
		for name := range v {
			if depth > 0 && !strings.EqualFold(name, "output") && speaksOfFailure(field(v, name), depth-1) {
				return true
			}
		}
	case []any:
		return depth > 0 && slices.ContainsFunc(v, func(element any) bool { return speaksOfFailure(element, depth-1) })
	case string:
		if inner := unwrapText(v, 1); depth > 0 && inner != nil && inner != any(v) {
			if _, still := inner.(string); !still {
				return speaksOfFailure(inner, depth-1)
			}
		}
	}
	return false
}

// hasBadCode tells whether an object has an exit code that is not 0, an error code
// or an error.
func hasBadCode(v any) bool {
	return slices.ContainsFunc([]string{"exitCode", "errorCode", "errorMessage", "error"}, func(name string) bool {
		return !oneOf(strings.ToLower(strings.TrimSpace(rawText(field(v, name)))), "", "0", "false", "none", "ok", "success")
	})
}

var worstFlags = []successFlag{successFalse, successUnreadable, successTrue, successAbsent}

// flagOf reads the field success of an object.
func flagOf(v any) successFlag {
	switch strings.ToLower(strings.TrimSpace(rawText(field(v, "success")))) {
	case "":
		return successAbsent
	case "true":
		return successTrue
	case "false":
		return successFalse
	default:
		return successUnreadable
	}
}

// cannotBeRead tells whether a text that stayed one was meant to be JSON.
func cannotBeRead(text string) bool {
	begin := strings.ToLower(text[:min(len(text), maxUnwrapped)])
	return strings.ContainsAny(begin[:min(len(begin), maxLine)], `{["`) && (strings.Contains(begin, "success") || strings.Contains(begin, "status") || strings.Contains(begin, "instances"))
}

type operationInstance struct {
	id                      string
	status, message, output any
	success                 successFlag
	doubt                   bool // an exit code or an error code says otherwise
}

// operationInstances finds attributes.instances.<InstanceId>{status,message,output},
// or a list of such objects that name their instance, and what is left to tell of
// v besides. A bare list is taken for one only if something in it failed: it may
// describe resources, whose status Running is no state of the operation.
func operationInstances(v any) (list []operationInstance, rest any) {
	attributes := field(v, "attributes")
	if list = instancesIn(field(attributes, "instances")); len(list) > 0 {
		return list, without(v, "attributes", without(attributes, "instances", nil))
	}
	if list = instancesIn(field(v, "instances")); len(list) > 0 {
		return list, without(v, "instances", nil)
	}
	if _, bare := v.([]any); bare {
		list = instancesIn(v)
	}
	if slices.ContainsFunc(list, func(i operationInstance) bool { return i.verdict() == Failed }) {
		return list, nil
	}
	return nil, v
}

func instancesIn(v any) (list []operationInstance) {
	switch v := v.(type) {
	case map[string]any:
		for _, id := range slices.Sorted(maps.Keys(v)) {
			list = append(list, readInstance(id, field(v, id)))
		}
	case []any:
		for _, element := range v {
			if text, ok := element.(string); ok {
				element = unwrapText(text, 1)
			}
			if object, ok := element.(map[string]any); ok { // bare ids say nothing of how they ended
				list = append(list, readInstance(instanceName(object), object))
			}
		}
	}
	return list
}

func readInstance(id string, v any) operationInstance {
	if _, ok := v.(map[string]any); !ok {
		return operationInstance{id: id, status: v}
	}
	// The output stays as it came: what a machine printed may be JSON.
	return operationInstance{id, field(v, "status"), field(v, "message"), member(v, "output"), flagOf(v), hasBadCode(v)}
}

func instanceName(object map[string]any) string {
	for _, name := range []string{"instanceId", "instance_id", "id", "name"} {
		if id, ok := member(object, name).(string); ok {
			return id
		}
	}
	return ""
}

// without is an object with another value in a field, or without the field if
// that is nil; nil if nothing is left.
func without(v any, name string, value any) any {
	object, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	rest := maps.Clone(object)
	maps.DeleteFunc(rest, func(other string, _ any) bool { return strings.EqualFold(other, name) })
	if value != nil {
		rest[name] = value
	}
	if len(rest) == 0 {
		return nil
	}
	return rest
}

// The statuses of an instance are those of the operation or of Cloud Assistant.
// "Finished" is not among the good ones: it only says that it has ended.
var instanceVerdicts = map[string]Verdict{
	"SUCCESS": OK, "SUCCEEDED": OK,
	"INIT": InProgress, "RUNNING": InProgress, "PENDING": InProgress, "STOPPING": InProgress, "SCHEDULED": InProgress,
	"FAILURE": Failed, "FAILED": Failed, "FAIL": Failed, "ERROR": Failed, "TIMEOUT": Failed,
	"INVALID": Failed, "ABORTED": Failed, "CANCELLED": Failed, "TERMINATED": Failed,
}

// verdict judges by the worse of the status and the flag.
func (i operationInstance) verdict() Verdict {
	by, known := instanceVerdicts[normal(rawText(i.status))]
	switch {
	case i.success == successFalse:
		return Failed
	case !known || by == OK && (i.success == successUnreadable || i.doubt):
		return Unknown
	default:
		return by
	}
}

func (a *chamber) operationItem(i operationInstance) Item {
	status := a.digest(i.status, 0)
	item := Item{Name: a.orNone(i.id), Verdict: i.verdict(), Text: "status " + a.orNone(status), Facts: Facts{}}
	switch {
	case i.success == successFalse:
		item.Text += ", success false"
	case i.doubt:
		item.Text += ", with an exit or error code that says otherwise"
	}
	if message := a.digest(i.message, 0); message != "" {
		item.Text += ": " + a.quote(message)
	}
	item.Facts.add("instance_id", a.plain(i.id))
	item.Facts.add("status", a.plain(status))
	if output := rawText(i.output); output != "" {
		item.Output = a.excerpt(a.outputOf([]byte(output), 0), -1)
		item.unopened = item.Output == nil
	}
	return item
}
