package tools

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Common are the arguments of every tool.
type Common struct {
	Profile     string `json:"profile,omitempty" jsonschema:"configured account; omit for the default"`
	Region      string `json:"region,omitempty" jsonschema:"RegionId such as cn-hangzhou; needed unless configured"`
	WaitSeconds *int   `json:"wait_seconds,omitempty" jsonschema:"seconds to wait for a final state; default 0, for a started gather 30"`
}

// field is one argument of a tool, read off its input struct.
type field struct {
	name  string
	typ   reflect.Type
	index []int
}

func fieldsOf(in reflect.Type) []field {
	var fields []field
	for _, f := range reflect.VisibleFields(in) {
		if f.Anonymous {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields = append(fields, field{name, f.Type, f.Index})
	}
	return fields
}

func names(fields []field) []string {
	list := make([]string, len(fields))
	for i, f := range fields {
		list[i] = f.name
	}
	return list
}

const maxArguments = 64 << 10 // bytes

// decode reads raw into the struct that in points to. Numbers, booleans and
// lists may be written as text, which is how terminals and Slack hand them over
// and how models often do.
func decode(raw json.RawMessage, fields []field, in reflect.Value) (problems []string) {
	if len(raw) > maxArguments {
		return []string{fmt.Sprintf("the arguments are over %d bytes long", maxArguments)}
	}
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		raw = []byte("{}")
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(raw, &given); err != nil {
		return []string{"the arguments must be a JSON object such as {" + strconv.Quote(fields[0].name) + ": \"…\"}"}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
		if i < 0 {
			problems = append(problems, unknownArgument(name, names(fields)))
			continue
		}
		if bytes.Equal(given[name], []byte("null")) {
			continue
		}
		if problem := assign(in.Elem().FieldByIndex(fields[i].index), given[name]); problem != "" {
			problems = append(problems, name+": "+problem)
		}
	}
	return problems
}

func unknownArgument(name string, known []string) string {
	problem := fmt.Sprintf("%.60q is not an argument", name)
	if near, ok := nearest(name, known); ok {
		problem += "; did you mean " + near + "?"
	}
	return problem + " (allowed: " + strings.Join(known, ", ") + ")"
}

// assign stores one JSON value; the returned problem says what was expected.
func assign(target reflect.Value, raw json.RawMessage) (problem string) {
	if target.Kind() == reflect.Pointer {
		target.Set(reflect.New(target.Type().Elem()))
		target = target.Elem()
	}
	var text string
	isText := json.Unmarshal(raw, &text) == nil
	text = strings.TrimSpace(text)
	got := ", got " + excerpt(raw)
	switch target.Kind() {
	case reflect.String:
		if !isText {
			return "must be a text" + got
		}
		target.SetString(text)
	case reflect.Int:
		if !isText {
			text = string(raw)
		}
		n, err := strconv.Atoi(strings.TrimSuffix(text, ".0"))
		if err != nil {
			return "must be a whole number, such as 30" + got
		}
		target.SetInt(int64(n))
	case reflect.Bool:
		if !isText {
			text = string(raw)
		}
		b, err := strconv.ParseBool(text)
		if err != nil || !isText && raw[0] != 't' && raw[0] != 'f' {
			return "must be true or false" + got
		}
		target.SetBool(b)
	default:
		return setList(target, raw, text, isText, got)
	}
	return ""
}

func setList(target reflect.Value, raw json.RawMessage, text string, isText bool, got string) string {
	var list []string
	if isText {
		list = strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
	} else if json.Unmarshal(raw, &list) != nil {
		return `must be a list of texts, such as ["` + instanceID.Example + `"]` + got
	}
	if len(list) > maxListed {
		return fmt.Sprintf("must have at most %d entries, got %d", maxListed, len(list))
	}
	out := reflect.MakeSlice(target.Type(), len(list), len(list))
	for i, s := range list {
		out.Index(i).SetString(strings.TrimSpace(s))
	}
	target.Set(out)
	return ""
}

const maxListed = 100

func excerpt(raw json.RawMessage) string {
	runes := []rune(strings.ToValidUTF8(string(raw), "\uFFFD"))
	if len(runes) > 40 {
		runes = append(runes[:40], '…')
	}
	return strconv.Quote(string(runes))
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
