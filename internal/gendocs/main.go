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

// part is a section of a page that is made here.
type part struct{ name, text string }

// pages are seen from this folder, where go generate and go test run.
func pages() map[string][]part {
	return map[string][]part{
		"../../README.md":        {{"tools", toolTable()}, {"arguments", argumentTables()}, {"settings", settingsTable()}, {"slack settings", slackSettingsTable()}},
		"../../docs/verdicts.md": {{"verdicts", verdictTables()}, {"failures", failureTable()}},
	}
}

// schemaPath is a file that is made here as a whole.
const schemaPath = "../../docs/config.schema.json"

func main() {
	if err := os.WriteFile(schemaPath, config.Schema(), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err)
		os.Exit(1)
	}
	for path, parts := range pages() {
		if err := rewrite(path, parts); err != nil {
			fmt.Fprintln(os.Stderr, "gendocs:", err)
			os.Exit(1)
		}
	}
}

func rewrite(path string, parts []part) error {
	page, err := os.ReadFile(path)
	if err == nil {
		page, err = render(page, parts)
	}
	if err == nil {
		err = os.WriteFile(path, page, 0o600)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// render replaces what stands between the markers of each part.
func render(page []byte, parts []part) (_ []byte, err error) {
	for _, p := range parts {
		if page, err = section.Replace(page, p.name, p.text); err != nil {
			return nil, err
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

func settingsTable() string { return flagTable(config.Flags(), config.Variables()) }

// slackSettingsTable is what the bot has beside those.
func slackSettingsTable() string { return flagTable(config.SlackFlags(), config.SlackVariables()) }

func flagTable(flags []cli.Flag, variables []config.Variable) string {
	var b strings.Builder
	b.WriteString("| flag | variable | default | what it does |\n|---|---|---|---|\n")
	for _, f := range flags {
		d, ok := f.(cli.DocGenerationFlag)
		if !ok {
			continue
		}
		usage := strings.ReplaceAll(d.GetUsage(), "`", "")
		fmt.Fprintf(&b, "| `--%s` | %s | %s | %s |\n", f.Names()[0], code(d.GetEnvVars(), ", "), strings.Trim(d.GetValue(), `"`), usage)
	}
	for _, v := range variables {
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
