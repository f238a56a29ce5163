package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/alitriage/alitriage/internal/config"
	"github.com/alitriage/alitriage/internal/gendocs/section"
	"github.com/alitriage/alitriage/tools"
)

// readme is seen from this folder, where go generate and go test run.
const readme = "../../README.md"

func main() {
	old, err := os.ReadFile(readme)
	if err == nil {
		old, err = render(old)
	}
	if err == nil {
		err = os.WriteFile(readme, old, 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err)
		os.Exit(1)
	}
}

// render replaces what stands between the markers of each section.
func render(page []byte) ([]byte, error) {
	for _, part := range []struct {
		name string
		text string
	}{
		{"tools", toolTable()},
		{"arguments", argumentTables()},
		{"settings", settingsTable()},
	} {
		var err error
		if page, err = section.Replace(page, part.name, part.text); err != nil {
			return nil, fmt.Errorf("%s: %w", readme, err)
		}
	}
	return page, nil
}

func allTools() []tools.Tool {
	return tools.All(tools.Config{Profiles: []tools.Profile{{Name: config.DefaultProfile}}, MaxWait: config.DefaultMaxWait})
}

func toolTable() string {
	var b strings.Builder
	b.WriteString("| tool | what it answers | changes something? | RAM actions |\n|---|---|---|---|\n")
	for _, t := range allTools() {
		starts := "no"
		if t.Starts {
			starts = "with `env_id` it starts a change; never with `--read-only`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", t.Name, t.Description, starts, code(t.Actions, ", "))
	}
	return b.String()
}

func argumentTables() string {
	var b strings.Builder
	for _, t := range allTools() {
		fmt.Fprintf(&b, "**`%s`**\n\n| argument | type | what it is |\n|---|---|---|\n", t.Name)
		for _, a := range t.Arguments() {
			description := a.Description
			if a.Required {
				description += " (required)"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", a.Name, a.Type, description)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func settingsTable() string {
	var b strings.Builder
	b.WriteString("| flag | variable | default | what it does |\n|---|---|---|---|\n")
	for _, f := range config.Flags() {
		d, ok := f.(cli.DocGenerationFlag)
		if !ok {
			continue
		}
		usage := strings.ReplaceAll(d.GetUsage(), "`", "")
		fmt.Fprintf(&b, "| `--%s` | %s | %s | %s |\n", f.Names()[0], code(d.GetEnvVars(), ", "), strings.Trim(d.GetValue(), `"`), usage)
	}
	for _, v := range config.Variables() {
		fmt.Fprintf(&b, "| | `%s` | | %s |\n", v.Name, v.Usage)
	}
	return b.String()
}

func code(words []string, separator string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = "`" + w + "`"
	}
	return strings.Join(quoted, separator)
}
