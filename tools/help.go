package tools

import "encoding/json"

// Argument is an argument of a tool, as help texts and command lines need it.
type Argument struct {
	Name        string
	Type        string // JSON Schema's: string, integer, boolean, array
	Description string
	Required    bool
}

// Example is the shortest call of t that says something, as text: its first id
// that starts nothing.
func (t Tool) Example() string {
	for _, k := range t.IDs {
		if !t.Starts || k.Arg != envID.Arg {
			return k.Arg + "=" + k.Example
		}
	}
	return ""
}

// Arguments lists the arguments of t in the order of their declaration.
func (t Tool) Arguments() []Argument {
	var schema struct {
		Properties map[string]struct{ Type, Description string }
		Required   []string
	}
	if err := json.Unmarshal(t.InputSchema, &schema); err != nil {
		panic(err) // we made it
	}
	list := make([]Argument, len(t.fields))
	for i, f := range t.fields {
		p := schema.Properties[f.name]
		list[i] = Argument{Name: f.name, Type: p.Type, Description: p.Description}
		for _, name := range schema.Required {
			list[i].Required = list[i].Required || name == f.name
		}
	}
	return list
}
