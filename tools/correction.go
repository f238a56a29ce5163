package tools

import (
	"encoding/json"
)

// Call is a tool with its arguments.
type Call struct {
	Tool string
	Args json.RawMessage
}

// correction collects what a refused call probably meant. It is worth something
// when there is one for each problem.
type correction struct {
	tool   string
	alone  map[string]string // the arguments of another tool
	values map[string]string
	names  map[string]string // right by wrong
	count  int
}

func (c *correction) value(arg, value string) {
	c.values = with(c.values, arg, value)
	c.count++
}

func (c *correction) name(wrong, right string) {
	c.names = with(c.names, wrong, right)
	c.count++
}

// id is about one that has another spelling, or is of another kind. A start is
// proposed to nobody.
func (c *correction) id(arg, id string, o objection) {
	switch {
	case o.near != "":
		c.value(arg, o.near)
	case o.other.Arg != "" && o.other.Arg != envID.Arg:
		c.tool, c.alone = o.other.Tool, map[string]string{o.other.Arg: id}
		c.count++
	}
}

func with(m map[string]string, name, value string) map[string]string {
	if m == nil {
		m = map[string]string{}
	}
	m[name] = value
	return m
}

// of is the whole call in place of raw, nil unless all of its problems are
// mended.
func (c *correction) of(raw json.RawMessage, problems int) *Call {
	args := map[string]json.RawMessage{}
	if c.count != problems || json.Unmarshal(raw, &args) != nil {
		return nil
	}
	if c.alone != nil {
		args = kept(args, "profile", "region", "wait_seconds")
	}
	for wrong, right := range c.names {
		args[right] = args[wrong]
		delete(args, wrong)
	}
	for _, texts := range []map[string]string{c.alone, c.values} {
		for name, value := range texts {
			args[name], _ = json.Marshal(value) // a text
		}
	}
	if _, starts := args[envID.Arg]; starts { // nobody starts by a button what they did not write
		return nil
	}
	whole, err := json.Marshal(args)
	if err != nil {
		return nil
	}
	return &Call{Tool: c.tool, Args: whole}
}

func kept(args map[string]json.RawMessage, names ...string) map[string]json.RawMessage {
	few := map[string]json.RawMessage{}
	for _, name := range names {
		if value, ok := args[name]; ok {
			few[name] = value
		}
	}
	return few
}
