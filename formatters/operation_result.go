package formatters

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/alitriage/alitriage/cloudapi"
)

// operationState is what the verdict on a BPStudio operation depends on.
type operationState struct {
	found, hasStatus bool
	status           string // upper case, trimmed, otherwise as it came
	successFlag      string // "true", "false" or "" of the arguments
	// instances inside the arguments, and how many of them failed or do not say
	// that they succeeded
	total, failed, unproved int
	firstFailed             string
}

var operationRules = []rule[operationState]{
	{
		when:    "no Data, or Data without Status",
		matches: func(s operationState) bool { return !s.found || !s.hasStatus },
		verdict: Unknown,
		say:     says[operationState]("there is no result under this OperationId: it has expired (a result is kept one hour) or never existed"),
		next: does[operationState]("Do not take it for a success: check the resource that the operation was about.",
			"Check the OperationId, and ask within an hour of the operation."),
	},
	{
		when:    "INIT or RUNNING with a failed instance in Arguments",
		matches: func(s operationState) bool { return oneOf(s.status, "INIT", "RUNNING") && s.failed > 0 },
		verdict: Failed,
		say: func(s operationState) string {
			return fmt.Sprintf("the operation is still running, and %s already failed, first %s", count(s.failed, "instance"), s.firstFailed)
		},
		next: does[operationState]("Ask again with the resume arguments for the rest.", "Look at the failed instances below."),
	},
	{
		when:    "INIT or RUNNING",
		matches: func(s operationState) bool { return oneOf(s.status, "INIT", "RUNNING") },
		verdict: InProgress,
		say:     says[operationState]("the operation is still running; its result can be read for one hour after it was made"),
		next:    does[operationState]("Ask again with the resume arguments."),
	},
	{
		when: "SUCCESS with a failed instance or success:false in Arguments",
		matches: func(s operationState) bool {
			return s.status == "SUCCESS" && (s.failed > 0 || s.successFlag == "false")
		},
		verdict: Failed,
		say: func(s operationState) string {
			if s.failed > 0 {
				return fmt.Sprintf("the operation ended, but only %d of %s succeeded; %s failed", s.total-s.failed, count(s.total, "instance"), s.firstFailed)
			}
			return "the operation ended, but its arguments say success: false"
		},
		next: does[operationState]("Look at the failed instances below, mend them, and repeat the operation for them alone."),
	},
	{
		when:    "SUCCESS with an instance in Arguments that does not say that it succeeded",
		matches: func(s operationState) bool { return s.status == "SUCCESS" && s.unproved > 0 },
		verdict: Unknown,
		say: func(s operationState) string {
			return fmt.Sprintf("fields disagree: the operation calls itself a success, but %s of %d did not say so", count(s.unproved, "instance"), s.total)
		},
		next: does[operationState]("Check these instances before relying on the operation."),
	},
	{
		when:    "SUCCESS",
		matches: func(s operationState) bool { return s.status == "SUCCESS" },
		verdict: OK,
		say: func(s operationState) string {
			if s.total > 0 {
				return fmt.Sprintf("the operation succeeded on %s", count(s.total, "instance"))
			}
			return "the operation succeeded"
		},
	},
	{
		when:    "FAILURE",
		matches: func(s operationState) bool { return s.status == "FAILURE" },
		verdict: Failed,
		say:     says[operationState]("the operation failed"),
		next: does[operationState]("Read the message, check the state of the resource, and do not repeat a write blindly.",
			"Give OperationId and RequestId to Alibaba Cloud support if the message does not help."),
	},
	{
		when:    "any other status",
		matches: always[operationState],
		verdict: Unknown,
		say:     says[operationState]("the operation has a status that this version of alitriage does not know"),
		next:    does[operationState]("Check the resource that the operation was about."),
	},
}

// OperationResult reports on a BPStudio operation (GetExecuteOperationResult).
func (a Airlock) OperationResult(op cloudapi.OperationResult) Report {
	arguments, message := unwrap(op.Arguments), unwrap(op.Message)
	instances := operationInstances(arguments)
	state := operationState{
		found: op.Found, hasStatus: op.Status != "", status: strings.ToUpper(op.Status),
		successFlag: successFlag(arguments), total: len(instances),
	}
	r := newReport(op.Source)
	for _, i := range instances {
		item := a.operationItem(i)
		switch item.Verdict {
		case OK:
		case Failed:
			if state.failed++; state.failed == 1 {
				state.firstFailed = item.Name
			}
		default:
			state.unproved++
		}
		r.Items = append(r.Items, item)
	}
	worstFirst(r.Items)
	var why string
	r.Verdict, why, r.NextSteps = judge(operationRules, state)
	r.NextSteps = nonNil(r.NextSteps)
	r.Headline = fmt.Sprintf("Operation %s: %s", a.orNone(string(op.OperationID)), why)
	r.Reasons = append(r.Reasons, fmt.Sprintf("status %s; that the API answered says nothing about the operation", a.orNone(op.Status)))
	if r.Verdict == Failed {
		r.Rerun = CheckFirst
	}
	r.Facts.add("operation_id", a.plain(string(op.OperationID)))
	r.Facts.add("status", a.plain(op.Status))
	r.Facts.add("message", a.line(summary(message)))
	if len(instances) == 0 {
		r.Facts.add("arguments", a.line(summary(arguments)))
	}
	if op.Status == "FAILURE" && message != nil {
		r.Reasons = append(r.Reasons, "message: "+a.quote(summary(message)))
	}
	return r
}

// OperationResultChanging tells whether asking again can show something new.
func OperationResultChanging(op cloudapi.OperationResult) bool {
	return op.Found && oneOf(strings.ToUpper(op.Status), "INIT", "RUNNING")
}

const (
	maxLayers    = 3       // a string that is JSON that holds a string that is JSON
	maxUnwrapped = 1 << 20 // bytes; longer texts stay texts
)

// unwrap decodes the JSON in a text, and the JSON in its strings, up to
// maxLayers deep. What is no JSON stays a string; nothing at all is nil.
func unwrap(m cloudapi.MachineBytes) any {
	return unwrapText(string(m.Open()), maxLayers)
}

func unwrapText(text string, layers int) any {
	text = strings.TrimSpace(text)
	if text == "" || text == `""` || text == `" "` {
		return nil
	}
	if layers == 0 || len(text) > maxUnwrapped {
		return text
	}
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if d.Decode(&v) != nil || d.More() {
		// The vendor's sample wraps JSON in quotes without escaping what is inside.
		inner, wrapped := strings.CutPrefix(strings.TrimSuffix(text, `"`), `"`)
		if wrapped && json.Unmarshal([]byte(inner), &v) == nil {
			return v
		}
		return text
	}
	if s, ok := v.(string); ok {
		return unwrapText(s, layers-1)
	}
	return v
}

// field looks into an object, whose value may be encoded once more.
func field(v any, name string) any {
	object, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	if s, ok := object[name].(string); ok {
		return unwrapText(s, 1)
	}
	return object[name]
}

type operationInstance struct {
	id                      string
	status, message, output any
}

// operationInstances finds attributes.instances.<InstanceId>{status,message,output}.
func operationInstances(arguments any) []operationInstance {
	byID, _ := field(field(arguments, "attributes"), "instances").(map[string]any)
	list := make([]operationInstance, 0, len(byID))
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		one := byID[id]
		if s, ok := one.(string); ok {
			one = unwrapText(s, 1)
		}
		list = append(list, operationInstance{id, field(one, "status"), field(one, "message"), field(one, "output")})
	}
	return list
}

func (a Airlock) operationItem(i operationInstance) Item {
	status := summary(i.status)
	item := Item{Name: a.word(i.id), Text: "status " + a.orNone(status)}
	switch normal(status) {
	case "SUCCESS", "SUCCEEDED", "SUCCESSFUL", "FINISHED", "OK":
		item.Verdict = OK
	case "INIT", "RUNNING", "PENDING":
		item.Verdict = InProgress
	case "FAILURE", "FAILED", "FAIL", "ERROR", "TIMEOUT":
		item.Verdict = Failed
	default:
		item.Verdict = Unknown
	}
	if message := summary(i.message); message != "" {
		item.Text += ": " + a.quote(message)
	}
	item.Facts.add("instance_id", a.plain(i.id))
	item.Facts.add("status", a.plain(status))
	if output := summary(i.output); output != "" {
		item.Output = a.output(cloudapi.Output{MachineBytes: cloudapi.NewMachineBytes([]byte(output))})
	}
	return item
}

func successFlag(arguments any) string {
	return strings.ToLower(strings.TrimSpace(summary(field(arguments, "success"))))
}

// summary writes a decoded value as text: strings as they are, the rest as JSON.
func summary(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		b, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return string(b)
	}
}
