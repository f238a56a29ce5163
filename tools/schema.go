package tools

import (
	"encoding/json"
	"math"

	"github.com/google/jsonschema-go/jsonschema"
)

// inputSchema derives the schema of a tool's arguments from its input struct.
// Types and descriptions are the struct's; what a type cannot say is added
// here. It panics on a struct that has no schema, which a test would meet.
func inputSchema[In any](s *set) json.RawMessage {
	schema, err := jsonschema.For[In](nil)
	if err != nil {
		panic(err)
	}
	for name, p := range schema.Properties {
		if len(p.Types) == 2 { // a slice or pointer, which a client cannot send as null
			p.Type, p.Types = p.Types[1], nil
		}
		switch name {
		case "wait_seconds":
			p.Maximum = new(math.Floor(s.MaxWait.Seconds()))
		case "max_results":
			p.Maximum = new(float64(maxResults))
		case "status":
			for _, status := range recordStatuses {
				p.Enum = append(p.Enum, status)
			}
		}
	}
	raw, err := json.Marshal(schema)
	if err != nil {
		panic(err)
	}
	return raw
}
