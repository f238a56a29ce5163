package formatters

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/internal/growth"
)

// bare is a report of any size; its texts need not make sense.
func bare(items int, outputBytes, reasons, facts, each int) Report {
	text := func(i int) string { return fmt.Sprintf("%d ", i) + strings.Repeat("x<\" ", each/4) }
	r := newReport(page().Source)
	r.Verdict, r.Headline = Failed, text(0)
	for i := range reasons {
		r.Reasons = append(r.Reasons, text(i))
		r.NextSteps = append(r.NextSteps, text(i))
		r.Notes = append(r.Notes, text(i))
		r.Source.RequestIDs = append(r.Source.RequestIDs, text(i))
	}
	for i := range facts {
		r.Facts = append(r.Facts, Fact{"fact_" + strconv.Itoa(i), text(i)}, Fact{"list_" + strconv.Itoa(i), []string{text(i), text(i)}},
			Fact{"object_" + strconv.Itoa(i), Facts{{"a", text(i)}, {"b", int64(7)}}})
	}
	r.Resume = Facts{{"invoke_id", testInvoke}, {"profile", "prod"}}
	for i := range items {
		item := Item{Name: "i-" + strconv.Itoa(i), Verdict: Failed, Text: text(i), Facts: Facts{{"n", int64(i)}}}
		if i%2 == 1 {
			item.Verdict = OK
		}
		if outputBytes > 0 {
			item.Output = &Output{Text: strings.Repeat("line of output\n", outputBytes/15), Untrusted: true, ShownLines: outputBytes / 15, TotalLines: outputBytes / 15}
		}
		r.Items = append(r.Items, item)
	}
	worstFirst(r.Items)
	return r
}

func TestFitKeepsEveryReportWithinItsLimits(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]Report{
		"nothing to do":              bare(3, 300, 3, 3, 40),
		"one huge item":              bare(1, 200_000, 1, 1, 40),
		"one item with a huge text":  bare(1, 0, 1, 1, 100_000),
		"a thousand items":           bare(1000, 0, 3, 3, 40),
		"a thousand outputs":         bare(1000, 300, 3, 3, 40),
		"huge facts":                 bare(3, 100, 1, 100, 2000),
		"huge reasons":               bare(3, 100, 100, 1, 2000),
		"one huge reason":            bare(3, 100, 1, 1, 100_000),
		"everything huge":            bare(60, 10_000, 60, 60, 2000),
		"no items and huge reasons":  bare(0, 0, 60, 60, 2000),
		"many small facts":           bare(0, 0, 1, 5000, 4),
		"twenty pages of RequestIds": bare(2, 100, 20, 2, 36),
	} {
		for _, full := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, full %v", name, full), func(t *testing.T) {
				before := jsonText(r)
				fitted := Fit(r, full)
				checkReport(t, fitted, full)
				require.Equal(t, before, jsonText(r), "the report that was handed in is as it was")
				require.Equal(t, Fit(fitted, full), fitted, "what fits stays")
				require.Equal(t, Failed, fitted.Verdict)
				checkLeftOut(t, r, fitted)
			})
		}
	}
}

// TestTheTextHasALimitOfItsOwn: short lines take more as text, with their
// indent, than as JSON.
func TestTheTextHasALimitOfItsOwn(t *testing.T) {
	t.Parallel()
	longest := 0
	for n := 600; n < 1600; n += 7 {
		r := bare(40, 30, 1, 1, 8)
		for i := range r.Items {
			r.Items[i].Output.Text = strings.Repeat("\n", n)
		}
		longest = max(longest, len(Text(Fit(r, false), testFence)))
	}
	require.LessOrEqual(t, longest, 32_000)
	require.Greater(t, longest, 31_900, "and it is used up")
}

var itemsLeftOut = regexp.MustCompile(`to keep the report short, (?:(\d+) of (\d+) items?)?(?: and )?(?:(\d+) outputs?)? were left out; ask with instance_id for one instance, and with full_output=true for its whole output, or with a smaller max_results and then next_token for all in parts`)

// checkLeftOut holds that whole items went from the end, that all that went is
// counted, and that the note says how to see it.
func checkLeftOut(t *testing.T, r, fitted Report) {
	t.Helper()
	for i, item := range fitted.Items {
		require.Equal(t, r.Items[i].Name, item.Name, "items go from the least important end")
		require.Equal(t, r.Items[i].Text, item.Text, "items go as a whole")
		require.Equal(t, r.Items[i].Facts, item.Facts)
	}
	left, outputs := len(r.Items)-len(fitted.Items), 0
	for i, item := range fitted.Items {
		if item.Output == nil && r.Items[i].Output != nil {
			outputs++
			require.True(t, item.Verdict == OK || len(fitted.Items) == 1, "outputs of what went well go first")
		}
	}
	i := slices.IndexFunc(fitted.Notes, itemsLeftOut.MatchString)
	if left == 0 && outputs == 0 {
		require.Equal(t, -1, i)
		return
	}
	require.GreaterOrEqual(t, i, 0, "%q", fitted.Notes)
	m := itemsLeftOut.FindStringSubmatch(fitted.Notes[i])
	if left > 0 {
		require.Equal(t, []string{strconv.Itoa(left), strconv.Itoa(len(r.Items))}, m[1:3])
	}
	if outputs > 0 {
		require.Equal(t, strconv.Itoa(outputs), m[3])
	}
}

func TestFitCountsReasonsAndFactsThatItLeavesOut(t *testing.T) {
	r := bare(0, 0, 300, 300, 400)
	fitted := Fit(r, false)
	note := fitted.Notes[len(fitted.Notes)-2]
	require.Contains(t, note, "the report was too long: ")
	require.Contains(t, note, fmt.Sprintf("%d of 300 reasons", 300-len(fitted.Reasons)))
	require.Contains(t, note, fmt.Sprintf("%d of 300 next steps", 300-len(fitted.NextSteps)))
	require.Contains(t, note, fmt.Sprintf("%d of 900 facts", 900-len(fitted.Facts)))
	require.Equal(t, r.Resume, fitted.Resume, "an id is given whole or not at all")
}

func TestFitDropsAResumeThatIsTooLongAsAWhole(t *testing.T) {
	r := bare(0, 0, 1, 1, 40)
	r.Resume = Facts{{"next_token", strings.Repeat("x", 100_000)}}
	fitted := Fit(r, false)
	checkReport(t, fitted, false)
	require.Empty(t, fitted.Resume)
	require.Contains(t, strings.Join(fitted.Notes, "\n"), "the resume arguments")
}

func TestTheNoteNamesArgumentsThatExist(t *testing.T) {
	for product, part := range map[cloudapi.Product]string{cloudapi.ECS: "instance_id", cloudapi.WebPlus: "WebPlus console", cloudapi.BPStudio: "BPStudio console"} {
		r := bare(1000, 0, 1, 1, 40)
		r.Source.Product = string(product)
		require.Contains(t, Fit(r, false).Notes[1], part)
	}
}

func TestFitIsLinear(t *testing.T) {
	growth.Linear(t, 60, func(items int) func() {
		r := bare(items, 3000, 10, 10, 100)
		return func() { Fit(r, false) }
	})
}

// TestHostileAnswersFit: everything that a cloud can make long is long, and costs
// as much as it can in JSON.
func TestHostileAnswersFit(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("<&\"\\> ", 500)
	results := fleet(300, func(i int, x *cloudapi.InvocationResult) {
		x.InvokeID, x.CommandID, x.InstanceID = cloudapi.InvokeID(long), cloudapi.CommandID(long), cloudapi.InstanceID(fmt.Sprint(i, long))
		x.InvocationStatus, x.InvokeRecordStatus, x.ErrorCode, x.ErrorInfo = fmt.Sprint(i, long), long, fmt.Sprint(i, long), long
		x.Username, x.ContainerName, x.OSSOutputURI, x.Output = long, long, long, printed(fmt.Sprint(strings.Repeat("a", i), long))
	})
	in := page(results...)
	in.NextToken = long
	checkReport(t, Fit(testLock.InvocationResults(in), false), false)

	g := gather(saying(long), func(g *cloudapi.GatherStatsResult) {
		g.Change.ChangeID, g.Change.EnvID, g.Change.Name, g.Change.CreatedBy = cloudapi.ChangeID(long), cloudapi.EnvID(long), long, long
		for i := range 300 {
			g.Change.TargetInstances = append(g.Change.TargetInstances, cloudapi.InstanceID(fmt.Sprint(i, long)))
			g.Instances = append(g.Instances, uncollected(cloudapi.InstanceID(fmt.Sprint(i, long)), long))
		}
	})
	checkReport(t, Fit(testLock.GatherStats(g), false), false)

	checkReport(t, Fit(testLock.AppStatus(app(withStatus(long, nil), withOrder(long, yes), withSub(long), func(a *cloudapi.AppStatus) {
		a.AppID, a.LastChangeOrderID, a.TraceID = cloudapi.AppID(long), long, long
	})), false), false)

	var instances []string
	for i := range 300 {
		instances = append(instances, fmt.Sprintf(`"i-%d":{"status":%q,"message":%q,"output":%q}`, i, fmt.Sprint("Failed", long), long, long))
	}
	op := operation(long, long, `{"success":false,`+attributes(strings.Join(instances, ","))+`}`)
	op.OperationID = cloudapi.OperationID(long)
	checkReport(t, Fit(testLock.OperationResult(op), false), false)
}
