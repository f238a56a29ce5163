package formatters

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryRowDecidesItsExample(t *testing.T) {
	checkExamples(t, appRules)
	checkExamples(t, gatherRules)
	checkExamples(t, invocationRules)
	checkExamples(t, operationRules)
}

func checkExamples[S any](t *testing.T, rules []rule[S]) {
	t.Helper()
	seen := map[string]bool{}
	for i, r := range rules {
		require.NotEmpty(t, r.when)
		require.False(t, seen[r.when], "two rows for %q", r.when)
		seen[r.when] = true
		for j, earlier := range rules[:i] {
			require.False(t, earlier.matches(r.example), "the example of row %d (%s) is decided by row %d (%s)", i, r.when, j, earlier.when)
		}
		require.True(t, r.matches(r.example), r.when)
	}
}

func TestRowsSayWhatTheyMust(t *testing.T) {
	for _, table := range VerdictTables() {
		for _, row := range table.Rows {
			require.NotEmpty(t, row.Why, row.When)
			if row.Verdict == OK {
				require.Empty(t, row.Next, row.When)
			} else {
				require.NotEmpty(t, row.Next, row.When)
			}
			mayRunAgain := row.Verdict == Failed && table.Tool != "get_app_status" // whose releases are no runs
			require.Equal(t, mayRunAgain, row.Rerun != "", row.When)
		}
	}
}

// TestEveryRowHasAGoldenReport: what a row says stands in the text of some
// golden report, with other numbers and names perhaps.
func TestEveryRowHasAGoldenReport(t *testing.T) {
	var missing []string
	for _, table := range VerdictTables() {
		paths, err := filepath.Glob("testdata/golden/" + table.Tool + "/*.txt")
		require.NoError(t, err)
		require.NotEmpty(t, paths)
		var all strings.Builder
		for _, path := range paths {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			all.Write(text)
		}
		for _, row := range table.Rows {
			pattern := regexp.QuoteMeta(row.Why)
			pattern = regexp.MustCompile(`[0-9]+`).ReplaceAllString(pattern, "[0-9]+")
			pattern = strings.NewReplacer("instances", "instances?", `"…"`, `"[^\n]+"`, "i-…", `[^\n ]+`).Replace(pattern)
			if !regexp.MustCompile(pattern).MatchString(all.String()) {
				missing = append(missing, table.Tool+": "+row.When)
			}
		}
	}
	require.Empty(t, missing, "rows that no golden report shows")
}
