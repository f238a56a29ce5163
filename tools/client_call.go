package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/alitriage/alitriage/formatters"
)

// CallByClient is Call for arguments that a client has put together, which the model
// cannot change: what a client adds by itself is left out and noted, what stands for
// nothing counts as left out, and an object that was written as a text is opened.
// None of it ever widens what is started.
func (t Tool) CallByClient(ctx context.Context, args json.RawMessage, progress func(Progress)) (formatters.Report, error) {
	args, notes, refusal := t.withoutFillers(args)
	if refusal != nil {
		return formatters.Report{}, refusal
	}
	return t.call(ctx, args, time.Now(), notes, progress)
}

const maxOpened = 2 // texts in texts that hold the arguments

// withoutFillers mends arguments. What it cannot mend stays for the check to refuse.
func (t Tool) withoutFillers(raw json.RawMessage) (mended json.RawMessage, notes []string, refusal *Refusal) {
	if len(raw) > maxArguments {
		return raw, nil, nil
	}
	given, ok := opened(raw)
	if !ok {
		return raw, nil, nil
	}
	_, starts := given[envID.Arg]
	starts = starts && !isNothing(given[envID.Arg]) && t.Starts
	var ignored, problems []string
	for _, name := range slices.Sorted(maps.Keys(given)) {
		i := slices.IndexFunc(t.fields, func(f field) bool { return f.name == name })
		switch {
		case i >= 0 && starts && saysWhere(name) && string(given[name]) != "null" && t.isFiller(t.fields[i], given[name]):
			problems = append(problems, name+" is empty; leave it out for the default, or say where to start")
		case i >= 0:
			t.mend(given, t.fields[i])
		case t.meansSomething(name, starts):
		default:
			delete(given, name)
			ignored = append(ignored, name)
		}
	}
	if len(problems) > 0 {
		return raw, nil, &Refusal{Tool: t.Name, Problems: problems}
	}
	if len(ignored) > 0 {
		notes = []string{ignoredNote(ignored)}
	}
	mended, err := json.Marshal(given)
	if err != nil {
		return raw, nil, nil
	}
	return mended, notes, nil
}

func ignoredNote(names []string) string {
	words := make([]string, 0, maxUnknown)
	for _, name := range names[:min(len(names), maxUnknown)] {
		words = append(words, excerpt(name))
	}
	text := "ignored, because the tool has no such arguments: " + strings.Join(words, ", ")
	if more := len(names) - len(words); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// opened reads an object, also one that is written as a text.
func opened(raw json.RawMessage) (given map[string]json.RawMessage, ok bool) {
	for range maxOpened + 1 {
		if json.Unmarshal(raw, &given) == nil {
			return given, given != nil
		}
		var text string
		if json.Unmarshal(raw, &text) != nil {
			return nil, false
		}
		raw = json.RawMessage(strings.TrimSpace(text))
	}
	return nil, false
}

// addedByClients are the arguments that clients and agent frameworks add to calls by
// themselves, and models that are told to explain themselves: they mean nothing to a
// tool, even where the name is near one of its own.
var addedByClients = []string{
	"action", "chatInput", "sessionId", "tool", "toolCallId", // n8n (its issues 21500 and 21716)
	"task_progress",                                 // Cline
	"explanation", "reason", "reasoning", "thought", // Cursor, and models
	"session_id", "tool_call_id", "tool_name", "conversation_id", "message_id", "user_id",
	"_meta", "progressToken", // of the request, one level too deep
}

// meansSomething tells whether an argument that the tool does not have may have been
// meant: its name is near that of one, or is one of another tool. Where something is
// to be started, any name may, for it could say where: {"hosts": […]}.
func (t Tool) meansSomething(name string, starts bool) bool {
	if slices.Contains(addedByClients, name) {
		return false
	}
	_, near := Nearest(name, names(t.fields))
	_, other := kindOfArg(name)
	return starts || near || other
}

// saysWhere tells whether an argument says in which account and region something is
// started.
func saysWhere(name string) bool { return name == "profile" || name == "region" }

// mend takes a filler out of the arguments. A list of nothing becomes an empty one:
// where something would be started that is less than all, which the check refuses.
func (t Tool) mend(given map[string]json.RawMessage, f field) {
	value := given[f.name]
	isList := f.typ.Kind() == reflect.Slice
	switch {
	case string(value) == "null" || !t.isFiller(f, value):
	case isList:
		given[f.name] = json.RawMessage("[]")
	default:
		delete(given, f.name)
	}
}

func (t Tool) isFiller(f field, value json.RawMessage) bool {
	var text string
	if json.Unmarshal(value, &text) == nil && t.isName(text) {
		return false
	}
	switch {
	case isNothing(value):
		return true
	case f.name == "max_results": // which begins at 1
		return string(value) == "0" || text == "0"
	default:
		return false
	}
}

// isName tells whether an alias or a profile is called so.
func (t Tool) isName(text string) bool {
	_, isAlias := t.set.alias(text)
	return isAlias || text != "" && slices.ContainsFunc(t.set.Profiles, func(p Profile) bool { return p.Name == text })
}

// isNothing tells whether a value is what clients write for none: null, an empty
// text, the words for it, an empty object, or a list of such.
func isNothing(value json.RawMessage) bool {
	var text string
	var list []json.RawMessage
	var object map[string]json.RawMessage
	switch {
	case string(value) == "null" || len(value) == 0:
		return true
	case json.Unmarshal(value, &text) == nil:
		return slices.Contains(nothings, strings.ToLower(strings.TrimSpace(text)))
	case json.Unmarshal(value, &list) == nil:
		return !slices.ContainsFunc(list, func(v json.RawMessage) bool { return !isNothing(v) })
	case json.Unmarshal(value, &object) == nil:
		return len(object) == 0
	default:
		return false
	}
}

var nothings = []string{"", "null", "undefined", "none", "nil", "n/a", "[]", "{}", `""`, "''"}
