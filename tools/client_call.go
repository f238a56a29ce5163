package tools

import (
	"bytes"
	"context"
	"encoding/json"
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
	args, notes := t.withoutFillers(args)
	return t.call(ctx, args, time.Now(), notes, progress)
}

const maxOpened = 2 // texts in texts that hold the arguments

// withoutFillers mends arguments. What it cannot mend stays for the check to refuse.
func (t Tool) withoutFillers(raw json.RawMessage) (mended json.RawMessage, notes []string) {
	if len(raw) > maxArguments {
		return raw, nil
	}
	given, ok := opened(raw)
	if !ok {
		return raw, nil
	}
	_, starts := given[envID.Arg]
	starts = starts && !isNothing(given[envID.Arg]) && t.Starts
	var ignored []string
	for _, name := range slices.Sorted(maps.Keys(given)) {
		i := slices.IndexFunc(t.fields, func(f field) bool { return f.name == name })
		switch {
		case i >= 0:
			t.mend(given, t.fields[i])
		case t.meansSomething(name, given[name], starts):
		default:
			delete(given, name)
			ignored = append(ignored, name)
		}
	}
	if len(ignored) > 0 {
		notes = []string{ignoredNote(ignored)}
	}
	mended, err := json.Marshal(given)
	if err != nil {
		return raw, nil
	}
	return mended, notes
}

func ignoredNote(names []string) string {
	words := make([]string, 0, maxUnknown)
	for _, name := range names[:min(len(names), maxUnknown)] {
		words = append(words, excerpt(name))
	}
	text := "ignored, because the tool has no such arguments: " + strings.Join(words, ", ")
	if more := len(names) - len(words); more > 0 {
		text += " and " + plural(more, "more", "more")
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

// meansSomething tells whether an argument that the tool does not have may have been
// meant: its name is near that of one, or is one of another tool; or it could say
// where something is to be started.
func (t Tool) meansSomething(name string, value json.RawMessage, starts bool) bool {
	if _, near := Nearest(name, names(t.fields)); near {
		return true
	}
	if _, other := kindOfArg(name); other {
		return true
	}
	if !starts || isNothing(value) {
		return false
	}
	value = bytes.TrimSpace(value)
	return value[0] == '[' || value[0] == '{' || slices.ContainsFunc(word.FindAllString(string(value), -1), func(w string) bool {
		_, isID := kindOf(w)
		return isID
	})
}

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
	if json.Unmarshal(value, &text) == nil {
		if _, isAlias := t.set.alias(text); isAlias {
			return false
		}
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
