package tools

import (
	"fmt"
	"strings"
)

// Find returns the tool that is called name, with _ and - alike. The error names
// the tools there are, and the one that was probably meant.
func Find(all []Tool, name string) (Tool, error) {
	known := make([]string, len(all))
	for i, t := range all {
		if t.Name == strings.ReplaceAll(name, "-", "_") {
			return t, nil
		}
		known[i] = t.Name
	}
	text := "which tool?"
	if name != "" {
		text = fmt.Sprintf("%.60q is not a tool", name)
		if near, ok := Nearest(name, known); ok {
			text += "; did you mean " + near + "?"
		}
	}
	return Tool{}, fmt.Errorf("%s (tools: %s)", text, strings.Join(known, ", "))
}
