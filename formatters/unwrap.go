package formatters

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const (
	maxLayers    = 3       // a string that is JSON that holds a string that is JSON
	maxUnwrapped = 1 << 20 // bytes; longer texts stay texts
)

// unwrapText decodes the JSON in a text, and the JSON in that when it is a
// string, up to so many layers. What is no JSON stays a string; nothing at all
// is nil. Numbers stay as they were written.
func unwrapText(text string, layers int) any {
	text = strings.TrimSpace(strings.TrimPrefix(text, "\ufeff")) // and a byte order mark
	if strings.Trim(text, `" `) == "" {                          // BPStudio spells nothing as " " in quotes
		return nil
	}
	if layers == 0 || len(text) > maxUnwrapped {
		return text
	}
	v, err := decodeJSON(text)
	if err != nil {
		// The vendor's sample wraps JSON in quotes without escaping what is inside.
		inner, opened := strings.CutPrefix(text, `"`)
		inner, closed := strings.CutSuffix(inner, `"`)
		if v, err = decodeJSON(inner); err != nil || !opened || !closed {
			return text
		}
	}
	if s, ok := v.(string); ok {
		return unwrapText(s, layers-1)
	}
	return v
}

func decodeJSON(text string) (v any, err error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	return v, nil
}

// field looks into an object, whatever the case of the name. Its value may be
// encoded once more.
func field(v any, name string) any {
	value := member(v, name)
	if s, ok := value.(string); ok {
		return unwrapText(s, 1)
	}
	return value
}

// member is field for a value that stays as it came.
func member(v any, name string) any {
	object, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	if value, exact := object[name]; exact {
		return value
	}
	for _, other := range slices.Sorted(maps.Keys(object)) {
		if strings.EqualFold(other, name) {
			return object[other]
		}
	}
	return nil
}

// rawText writes a decoded value as text: strings as they are, the rest as JSON.
func rawText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if e.Encode(v) != nil {
			return ""
		}
		return strings.TrimSpace(b.String())
	}
}

const (
	digestFields   = 5 // key fields of an object
	digestElements = 3 // of a list
	digestDepth    = 3
)

// digest is a decoded value in short: of lists the first elements, of objects
// the key fields, and how many more there are. Each text goes through the
// airlock by itself, before quotes and brackets are put around it: they could
// hide from redaction what it holds. The whole does so again where it is shown,
// for a name and its value come together here.
func (a *chamber) digest(v any, depth int) string {
	switch v := v.(type) {
	case map[string]any:
		if depth == digestDepth {
			return "{" + count(len(v), "field") + "}"
		}
		return a.digestObject(v, depth)
	case []any:
		if depth == digestDepth {
			return "[" + strconv.Itoa(len(v)) + "]"
		}
		return a.digestList(v, depth)
	case string:
		if depth == 0 {
			return v
		}
		return a.word(v)
	default:
		return rawText(v)
	}
}

func (a *chamber) digestList(list []any, depth int) string {
	var parts []string
	for _, v := range list[:min(len(list), digestElements)] {
		parts = append(parts, a.digest(v, depth+1))
	}
	if n := len(list) - digestElements; n > 0 {
		parts = append(parts, "and "+strconv.Itoa(n)+" more")
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func (a *chamber) digestObject(object map[string]any, depth int) string {
	names := slices.SortedFunc(maps.Keys(object), func(x, y string) int {
		return cmp.Or(fieldRank(x, object[x])-fieldRank(y, object[y]), strings.Compare(x, y))
	})
	var parts []string
	for _, name := range names[:min(len(names), digestFields)] {
		parts = append(parts, a.word(name)+"="+a.digest(object[name], depth+1))
	}
	if n := len(names) - digestFields; n > 0 {
		parts = append(parts, "and "+count(n, "field")+" more")
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// fieldRank puts first what tells which thing it is and how it is.
func fieldRank(name string, v any) int {
	lower := strings.ToLower(name)
	switch v.(type) {
	case map[string]any, []any:
		return 4
	}
	switch {
	case lower == "requestid": // of a call that is not ours
		return 4
	case lower == "instanceid", lower == "id", lower == "name", lower == "success":
		return 0
	case strings.HasSuffix(lower, "status"), strings.HasSuffix(lower, "code"), strings.HasSuffix(lower, "message"), lower == "state", lower == "error":
		return 1
	case strings.HasSuffix(lower, "id"), strings.HasSuffix(lower, "name"), strings.HasSuffix(lower, "port"), strings.HasSuffix(lower, "type"):
		return 2
	default:
		return 3
	}
}
