package formatters

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

var update = flag.Bool("update", false, "rewrite golden files")

const testFence = "5f0c1d2e3b4a5968"

var (
	testLock = Airlock{Key: []byte("a key for tests")}
	testTime = time.Date(2026, 11, 22, 3, 7, 29, 0, time.UTC)
)

// goldenCase is a report as the tools layer hands it to the front ends.
type goldenCase struct {
	name      string // the fact that it shows
	report    Report
	resume    Facts
	simulated bool
	full      bool
}

func (c goldenCase) finished() Report {
	r := c.report
	if r.Source.Operation != "" {
		r.Source.Profile = "prod"
	}
	r.Source.Simulated = c.simulated
	if c.resume != nil {
		r.Resume = append(append(Facts{}, c.resume...), Fact{"profile", "prod"})
		if r.Source.Region != "" {
			r.Resume = append(r.Resume, Fact{"region", r.Source.Region})
		}
	}
	return Fit(r, c.full)
}

func TestGoldenReports(t *testing.T) {
	seen := map[string]bool{}
	for tool, cases := range map[string][]goldenCase{
		"get_app_status":         appStatusCases(),
		"gather_env_stats":       gatherCases(),
		"get_invocation_results": invocationCases(t),
		"get_operation_result":   operationCases(),
		"errors":                 errorCases(),
		"international":          internationalCases(),
	} {
		for _, c := range cases {
			t.Run(tool+"/"+c.name, func(t *testing.T) {
				stem := filepath.Join("testdata", "golden", tool, strings.ReplaceAll(c.name, " ", "-"))
				require.False(t, seen[stem], "two cases of one name")
				seen[stem], seen[stem+".txt"], seen[stem+".json"] = true, true, true
				r := c.finished()
				compare(t, stem+".txt", Text(r, testFence))
				compare(t, stem+".json", indented(t, r))
				checkReport(t, r, c.full)
			})
		}
	}
	require.NoError(t, filepath.WalkDir("testdata/golden", func(path string, entry fs.DirEntry, err error) error {
		require.True(t, entry.IsDir() || seen[path], "no case writes %s any more: delete it", path)
		return err
	}))
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run: go test ./formatters -update, and read the diff")
	require.Equal(t, string(want), got, "if this is meant, run: go test ./formatters -update, and read the diff")
}

func indented(t *testing.T, r Report) string {
	t.Helper()
	b, err := json.Marshal(r)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, json.Indent(&out, b, "", "  "))
	return out.String() + "\n"
}

func sourceOf(product cloudapi.Product, operation, region string) cloudapi.Source {
	return cloudapi.Source{
		Product: product, Operation: operation, Region: region,
		RequestIDs: []string{"473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E"}, AsOf: testTime,
	}
}

func ago(d time.Duration) time.Time { return testTime.Add(-d) }
