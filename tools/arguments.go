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
	"unicode"
)

// Common are the arguments of every tool.
type Common struct {
	Profile     string `json:"profile,omitempty" jsonschema:"account, if not the default"`
	Region      string `json:"region,omitempty" jsonschema:"such as cn-hangzhou, unless configured"`
	WaitSeconds *int   `json:"wait_seconds,omitempty" jsonschema:"for a final state; default 0, after a start 30"`
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

const (
	maxArguments = 64 << 10 // bytes
	maxListed    = 100      // entries of a list
	maxUnknown   = 5        // unknown arguments that are named one by one
)

// decode reads raw into the struct of c. Numbers, booleans and lists may be
// written as text, which is how terminals and Slack hand them over and how
// models often do.
func (c *checker) decode(raw json.RawMessage) {
	if raw = bytes.TrimSpace(raw); len(raw) == 0 {
		return
	}
	var given map[string]json.RawMessage
	if json.Unmarshal(raw, &given) != nil {
		c.say("the arguments must be one JSON object, such as {%q: %q}, got %s", c.tool.IDs[0].Arg, c.tool.IDs[0].Example, got(raw))
		c.unreadable = true
		return
	}
	var unknown []string
	for _, name := range slices.Sorted(maps.Keys(given)) {
		i := slices.IndexFunc(c.tool.fields, func(f field) bool { return f.name == name })
		switch {
		case i < 0:
			unknown = append(unknown, name)
		case string(given[name]) == "null": // as good as left out
		default:
			if problem := assign(c.in.FieldByIndex(c.tool.fields[i].index), given[name], c.example(name)); problem != "" {
				c.say("%s: %s, got %s", name, problem, got(given[name]))
				c.wrong[name] = true
			}
		}
	}
	c.unknown(unknown)
}

// unknown refuses arguments that the tool does not have: a misspelt one would
// be ignored in silence, and the answer be about something else.
func (c *checker) unknown(given []string) {
	if len(given) == 0 {
		return
	}
	known := names(c.tool.fields)
	for _, name := range given[:min(len(given), maxUnknown)] {
		problem := excerpt(name) + " is not an argument"
		if near, ok := Nearest(name, known); ok {
			problem += "; did you mean " + near + "?"
			c.wrong[near] = true
			c.instead.name(name, near)
		} else if k, ok := kindOfArg(name); ok {
			problem += " of this tool; " + c.tool.elsewhere(k, "…")
		}
		c.say("%s", problem)
	}
	if more := len(given) - maxUnknown; more > 0 {
		c.say("%d more are not arguments either", more)
	}
	c.problems[len(c.problems)-1] += " (allowed: " + strings.Join(known, ", ") + ")"
}

// example is a value that an argument of type text could have.
func (c *checker) example(arg string) string {
	if k, isID := c.tool.takes(arg); isID {
		return k.Example
	}
	switch arg {
	case "profile":
		return c.tool.set.Profiles[0].Name
	case "region":
		return "cn-hangzhou"
	case "status":
		return recordStatuses[0]
	case "resource_group_id":
		return exampleGroup
	default:
		return "that of the result before" // next_token
	}
}

// assign stores one JSON value; the returned problem says what was expected, with
// an example where that is a text.
func assign(target reflect.Value, raw json.RawMessage, example string) (problem string) {
	if target.Kind() == reflect.Pointer {
		value := reflect.New(target.Type().Elem())
		if problem = assign(value.Elem(), raw, example); problem == "" {
			target.Set(value)
		}
		return problem
	}
	text := string(raw)
	isText := json.Unmarshal(raw, &text) == nil
	text = strings.TrimSpace(text)
	switch target.Kind() {
	case reflect.String:
		if !isText {
			return "must be a text, such as " + example
		}
		target.SetString(text)
	case reflect.Int:
		n, err := strconv.Atoi(strings.TrimSuffix(text, ".0"))
		if err != nil {
			return "must be a whole number, such as 30"
		}
		target.SetInt(int64(n))
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil || !isText && text != "true" && text != "false" {
			return "must be true or false"
		}
		target.SetBool(b)
	default:
		return assignList(target, raw, text, isText)
	}
	return ""
}

// assignList takes a list, a text with its entries, or a text that holds the
// JSON of a list. Blank entries and repetitions do not count; a list of nothing is
// empty, and not nil.
func assignList(target reflect.Value, raw json.RawMessage, text string, isText bool) (problem string) {
	var list []string
	switch {
	case json.Unmarshal(raw, &list) == nil:
	case isText && json.Unmarshal([]byte(text), &list) == nil:
	case isText:
		list = strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	default:
		return `must be a list of texts, such as ["` + instanceID.Example + `"]`
	}
	if len(list) > maxListed {
		return fmt.Sprintf("must have at most %d entries (these are %d)", maxListed, len(list))
	}
	out := reflect.MakeSlice(target.Type(), 0, len(list))
	seen := map[string]bool{}
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" && !seen[s] {
			seen[s] = true
			out = reflect.Append(out, reflect.ValueOf(s).Convert(target.Type().Elem()))
		}
	}
	target.Set(out)
	return ""
}

// got describes a JSON value in a few words.
func got(raw json.RawMessage) string {
	var text string
	var list []json.RawMessage
	switch {
	case !json.Valid(raw):
		return excerpt(string(raw)) + ", which is no JSON"
	case json.Unmarshal(raw, &text) == nil:
		return excerpt(text)
	case json.Unmarshal(raw, &list) == nil:
		return "a list of " + plural(len(list), "entry", "entries")
	case raw[0] == '{':
		return "an object"
	default: // a number, true or false
		return shorten(string(raw))
	}
}

// excerpt quotes what a caller has sent.
func excerpt(text string) string { return strconv.Quote(shorten(text)) }

func shorten(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
