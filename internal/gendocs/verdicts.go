package main

import (
	"fmt"
	"strings"

	"github.com/alitriage/alitriage/formatters"
)

// verdictTables shows the tables by which reports judge, one for each tool.
func verdictTables() string {
	var b strings.Builder
	for _, table := range formatters.VerdictTables() {
		fmt.Fprintf(&b, "### `%s`\n\n| | when | verdict | it says, such as | next | rerun |\n|--:|---|---|---|---|---|\n", table.Tool)
		for i, row := range table.Rows {
			fmt.Fprintf(&b, "| %d | %s | `%s` | %s | %s | %s |\n", i+1, cell(row.When), row.Verdict, cell(row.Why), cell(row.Next...), cell(string(row.Rerun)))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// failureTable shows what the ErrorCodes of Cloud Assistant mean.
func failureTable() string {
	var b strings.Builder
	b.WriteString("| ErrorCode | cause | ran? | rerun | next |\n|---|---|---|---|---|\n")
	for _, row := range formatters.CommandFailures() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", row.Code, cell(row.Cause), row.Ran, row.Rerun, cell(row.Next...))
	}
	return b.String()
}

// cell puts lines into one cell of a table.
func cell(lines ...string) string {
	escaped := make([]string, len(lines))
	for i, line := range lines {
		parts := strings.Split(strings.NewReplacer("|", `\|`, "\n", " ").Replace(line), "`")
		for j := 0; j < len(parts); j += 2 { // what stands between backticks is shown as it is
			parts[j] = strings.ReplaceAll(parts[j], "<", "&lt;")
		}
		escaped[i] = strings.Join(parts, "`")
	}
	return strings.Join(escaped, "<br>")
}
