package config

import (
	"encoding/json"

	"github.com/google/jsonschema-go/jsonschema"
)

// Schema is the JSON Schema of the config file, for editors. A file that it
// refuses is refused by Read; not everything that Read refuses can be said in it.
func Schema() []byte {
	s := fileShape().schema()
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.Title = "alitriage"
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic(err) // we made it
	}
	return append(b, '\n')
}

func (s shape) schema() *jsonschema.Schema {
	var out *jsonschema.Schema
	switch {
	case s.text != nil:
		out = s.text.schema()
	case s.list != nil:
		out = &jsonschema.Schema{Type: "array", Items: s.list.schema(), MaxItems: &s.most}
	case s.each != nil:
		out = &jsonschema.Schema{Type: "object", AdditionalProperties: s.each.schema(), MaxProperties: &s.most, PropertyNames: &jsonschema.Schema{Pattern: s.name.pattern}}
	default:
		out = &jsonschema.Schema{Type: "object", Properties: map[string]*jsonschema.Schema{}, AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}}}
		for _, k := range s.keys {
			out.Properties[k.name] = k.schema()
			out.PropertyOrder = append(out.PropertyOrder, k.name)
		}
		for _, name := range s.one {
			out.OneOf = append(out.OneOf, &jsonschema.Schema{Required: []string{name}})
		}
	}
	out.Description = s.usage
	return out
}

func (t *text) schema() *jsonschema.Schema {
	switch {
	case t.isFlag:
		return &jsonschema.Schema{Type: "boolean"}
	case t.oneOf != nil:
		out := &jsonschema.Schema{Type: "string"}
		for _, one := range t.oneOf {
			out.Enum = append(out.Enum, one)
		}
		return out
	case t.number:
		return &jsonschema.Schema{Types: []string{"string", "number"}, Pattern: t.pattern}
	default:
		return &jsonschema.Schema{Type: "string", Pattern: t.pattern}
	}
}
