package formatters

import (
	"maps"
	"slices"
	"strings"
)

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
