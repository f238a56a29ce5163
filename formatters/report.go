package formatters

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/alitriage/alitriage/cloudapi"
)

// Verdict is the answer in one word.
type Verdict string

// The five verdicts.
const (
	OK           Verdict = "ok"
	InProgress   Verdict = "in_progress"   // it will move by itself
	ActionNeeded Verdict = "action_needed" // nothing broke, but it will not move until a human acts
	Failed       Verdict = "failed"        // something ended badly, was cut short, or is broken now
	Unknown      Verdict = "unknown"       // the fields do not prove any of the others
)

// severity orders verdicts for "the worse one counts".
func (v Verdict) severity() int {
	switch v {
	case Failed:
		return 4
	case ActionNeeded:
		return 3
	case Unknown:
		return 2
	case InProgress:
		return 1
	default:
		return 0
	}
}

// Rerun says whether what failed may be run again.
type Rerun string

// The values of Rerun; "" when nothing failed.
const (
	RerunSafe    Rerun = "safe"        // it never ran, or repeating it changes nothing
	CheckFirst   Rerun = "check_first" // it may have had effects
	RerunUnknown Rerun = "unknown"
)

// careful returns the more careful of two.
func (r Rerun) careful(other Rerun) Rerun {
	rank := map[Rerun]int{"": 0, RerunSafe: 1, CheckFirst: 2, RerunUnknown: 3}
	if rank[other] > rank[r] {
		return other
	}
	return r
}

// Report is the one answer that all front ends render. All its texts have been
// through the airlock. It survives JSON: what is read back renders the same.
type Report struct {
	Verdict   Verdict  `json:"verdict"`
	Headline  string   `json:"headline"`
	Reasons   []string `json:"reasons"`
	NextSteps []string `json:"next_steps"`
	Rerun     Rerun    `json:"rerun,omitempty"`
	Facts     Facts    `json:"facts"`
	Items     []Item   `json:"items"`
	Notes     []string `json:"notes"`
	Resume    Facts    `json:"resume,omitempty"` // the arguments with which to ask again
	Source    Source   `json:"source"`
}

// Item is one instance, or a group of instances with the same result.
type Item struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	Text    string  `json:"text"`
	Facts   Facts   `json:"facts"`
	Output  *Output `json:"output,omitempty"`

	unopened bool // there is an output, for which there was no room
}

// Output is what a machine printed, after the airlock. Untrusted is always
// true: it reminds the reader that the text is data, whatever it says.
type Output struct {
	Text         string `json:"text"`
	Untrusted    bool   `json:"untrusted"`
	DroppedBytes int64  `json:"dropped_bytes"` // cut by the agent on the machine, before us
	Redacted     int    `json:"redacted"`      // secrets replaced
	Sanitized    int    `json:"sanitized"`     // runs of control or invisible characters removed, and lines overwritten
	ShownLines   int    `json:"shown_lines"`
	TotalLines   int    `json:"total_lines"`
	CutLines     int    `json:"cut_lines,omitempty"` // shown lines that are too long to be shown whole
}

func (o Output) isExcerpt() bool { return o.ShownLines < o.TotalLines || o.CutLines > 0 }

// Source says who answered, about where and when. Region is "" for a central
// service, and then absent.
type Source struct {
	Product    string   `json:"product"`
	Operation  string   `json:"operation"`
	Region     string   `json:"region,omitempty"`
	Profile    string   `json:"profile,omitempty"`
	RequestIDs []string `json:"request_ids"`
	AsOf       string   `json:"as_of,omitempty"` // RFC 3339, UTC
	Simulated  bool     `json:"simulated"`
}

// Facts is an object whose order is kept: the order of importance.
type Facts []Fact

// Fact is one entry. Value is a string, a bool, an integer, a []string or Facts.
type Fact struct {
	Name  string
	Value any
}

// newReport starts a report whose lists are never null.
func newReport(source cloudapi.Source) Report {
	return Report{
		Reasons: []string{}, NextSteps: []string{}, Facts: Facts{}, Items: []Item{}, Notes: []string{},
		Source: Source{
			Product:    string(source.Product),
			Operation:  source.Operation,
			Region:     source.Region,
			RequestIDs: shownIDs(source.RequestIDs),
			AsOf:       stamp(source.AsOf),
		},
	}
}

// shownIDs leaves out what is no RequestId, but may be a secret.
func shownIDs(ids []string) []string {
	return slices.DeleteFunc(slices.Clone(nonNil(ids)), func(id string) bool { return len(findSecrets(id)) > 0 })
}

// add appends a fact unless the cloud did not say.
func (f *Facts) add(name string, value any) {
	switch v := value.(type) {
	case nil:
		return
	case string:
		if v == "" {
			return
		}
	case []string:
		if len(v) == 0 {
			return
		}
	case *int64:
		if v == nil {
			return
		}
		value = *v
	case time.Time:
		if v.IsZero() {
			return
		}
		value = stamp(v)
	case cloudapi.Flag:
		if v == cloudapi.Absent {
			return
		}
		value = v == cloudapi.True
	}
	*f = append(*f, Fact{name, value})
}

// Get returns the value of a fact, nil if there is none.
func (f Facts) Get(name string) any {
	for _, fact := range f {
		if fact.Name == name {
			return fact.Value
		}
	}
	return nil
}

// MarshalJSON writes f as an object in its own order.
func (f Facts) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, fact := range f {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(fact.Name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(fact.Value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads an object and keeps its order.
func (f *Facts) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return errors.Join(errors.New("facts must be a JSON object"), err)
	}
	*f = Facts{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		value, err := factValue(raw)
		if err != nil {
			return err
		}
		*f = append(*f, Fact{name.(string), value})
	}
	return nil
}

func factValue(raw json.RawMessage) (any, error) {
	switch raw[0] {
	case '{':
		var nested Facts
		err := json.Unmarshal(raw, &nested)
		return nested, err
	case '[':
		var list []string
		err := json.Unmarshal(raw, &list)
		return list, err
	case 'n':
		return nil, errors.New("a fact must have a value")
	case '"', 't', 'f':
		var value any
		err := json.Unmarshal(raw, &value)
		return value, err
	default:
		var n int64
		err := json.Unmarshal(raw, &n)
		return n, err
	}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Truncate(time.Second).Format(time.RFC3339)
}

func nonNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
