package formatters

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

// internationalLock is of an account of alibabacloud.com.
var internationalLock = Airlock{Key: testLock.Key, Site: International}

// internationalCases are one report of each tool, and errors: their links alone
// differ from those of the site for mainland China.
func internationalCases() []goldenCase {
	gone := operation("", "", "")
	gone.Found = false
	atWebPlus := func(e *cloudapi.Error) { e.Op, e.Product = "GatherAppEnvStats", cloudapi.WebPlus }
	return []goldenCase{
		{name: "an application is stopped", report: internationalLock.AppStatus(app(withStatus("STOPPED", new(int64(0)))))},
		{name: "a batch waits for confirmation", report: internationalLock.AppStatus(app(withOrder("WAIT_BATCH_CONFIRM", yes))), resume: Facts{{"app_id", testApp}}},
		{name: "a gather is paused", report: internationalLock.GatherStats(gather(withFlags(no, no, no, yes, no))), resume: Facts{{"change_id", testChange}}},
		{name: "a gather started without a ChangeId", report: internationalLock.GatherStarted(cloudapi.EnvChange{
			Source: sourceOf(cloudapi.WebPlus, "GatherAppEnvStats", "cn-beijing"), EnvID: testEnv, StartedAt: testTime,
		})},
		{name: "a command failed", report: internationalLock.InvocationResults(page(ran(failedWith(1, "boom\n")...)))},
		{name: "no results", report: internationalLock.InvocationResults(page())},
		{name: "an operation has no Data", report: internationalLock.OperationResult(gone)},
		{name: "a fault", report: internationalLock.Error(refusal("ServiceUnavailable", "", http.StatusServiceUnavailable, cloudapi.ErrUnavailable))},
		{name: "another change is running", report: internationalLock.Error(refusal("EnvOnChanging", "", http.StatusBadRequest, cloudapi.ErrInvalid, atWebPlus))},
		{name: "the start may have arrived", report: internationalLock.Error(startError(func(e *cloudapi.Error) { e.MayHaveStarted = true }))},
		{name: "the link of the vendor stays", report: internationalLock.Error(refusal("EnvOnChanging", "", http.StatusBadRequest, cloudapi.ErrInvalid, atWebPlus,
			func(e *cloudapi.Error) { e.Recommend = "https://api.aliyun.com/troubleshoot?q=EnvOnChanging" }))},
	}
}

func TestNoLinkOfOursLeavesTheInternationalSite(t *testing.T) {
	for _, c := range internationalCases() {
		steps := strings.Join(c.report.NextSteps, "\n")
		require.Contains(t, steps, ".alibabacloud.com", c.name)
		require.Equal(t, c.name == "the link of the vendor stays", strings.Contains(steps, "aliyun.com"), c.name)
	}
	require.False(t, slices.ContainsFunc(errorCases(), func(c goldenCase) bool {
		return strings.Contains(strings.Join(c.report.NextSteps, "\n"), "alibabacloud.com")
	}))
}
