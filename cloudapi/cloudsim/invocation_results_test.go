package cloudsim_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

// allResults reads an invocation to its last page.
func allResults(t testing.TB, c *cloudapi.Client, id cloudapi.InvokeID, pageSize int) (all []cloudapi.InvocationResult, pages int) {
	t.Helper()
	req := cloudapi.InvocationResultsRequest{InvokeID: id, MaxResults: pageSize}
	for {
		page, err := c.DescribeInvocationResults(t.Context(), req)
		require.NoError(t, err)
		all = append(all, page.Results...)
		pages++
		if req.NextToken = page.NextToken; req.NextToken == "" {
			return all, pages
		}
	}
}

func TestTheDiskCleanupAsTheClientReadsIt(t *testing.T) {
	results, _ := allResults(t, newClient(t, cloudsim.New(cloudsim.Options{})), cloudsim.DiskCleanup, 0)
	require.Len(t, results, 50)
	alike := make(map[string]int)
	ids := make(map[cloudapi.InstanceID]bool)
	for _, r := range results {
		ids[r.InstanceID] = true
		require.Equal(t, cloudapi.CommandID(cloudsim.DiskCleanupCode), r.CommandID)
		switch r.InstanceID {
		case cloudsim.FullDiskInstance:
			requireFullDisk(t, r)
		case cloudsim.UnreachableInstance:
			require.Equal(t, "Aborted", r.InvocationStatus)
			require.Equal(t, "ClientNetworkBlocked", r.ErrorCode)
			require.Nil(t, r.ExitCode, "it never ran")
			require.True(t, r.StartedAt.IsZero())
			require.Zero(t, r.Output.Len())
		case cloudsim.OddInstance:
			require.Equal(t, "Success", r.InvocationStatus)
			text, err := simplifiedchinese.GBK.NewDecoder().Bytes(r.Output.Open())
			require.NoError(t, err)
			require.Contains(t, string(text), "跳过清理")
		default:
			require.Equal(t, "Success", r.InvocationStatus)
			require.Zero(t, *r.ExitCode)
			alike[string(r.Output.Open())]++
		}
	}
	require.Len(t, ids, 50, "no instance twice")
	require.Len(t, alike, 1, "the others are all alike")
	for _, n := range alike {
		require.Equal(t, 47, n)
	}
}

func requireFullDisk(t *testing.T, r cloudapi.InvocationResult) {
	t.Helper()
	require.Equal(t, "Failed", r.InvocationStatus)
	require.Equal(t, "Finished", r.InvokeRecordStatus)
	require.Equal(t, "ExitCodeNonzero", r.ErrorCode)
	require.Equal(t, int64(1), *r.ExitCode)
	output := string(r.Output.Open())
	require.Contains(t, output, "No space left on device")
	require.Contains(t, output, "\x1b[31m", "it is coloured")
	require.Contains(t, output, "password="+cloudsim.DemoPassword)
	require.Contains(t, output, cloudsim.DemoKeyID)
	require.Greater(t, strings.Count(output, "\n"), 200)
	require.Less(t, len(output), 24576, "the agent would have dropped some of it")
}

func TestPagesAreCutByTokens(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	many := cloudsim.Invocation{ID: "t-many", CommandID: "c-many"}
	for i := range 1000 {
		many.Results = append(many.Results, cloudsim.Result{InstanceID: fmt.Sprintf("i-%04d", i), InvocationStatus: "Success"})
	}
	s.PutInvocation(many)
	for _, tc := range []struct{ size, pages int }{{0, 100}, {7, 143}, {49, 21}, {50, 20}} {
		t.Run(fmt.Sprintf("of %d", tc.size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // its clock passes over the waits of the client's budget
				results, pages := allResults(t, newClient(t, s), "t-many", tc.size)
				require.Equal(t, tc.pages, pages)
				require.Len(t, results, 1000)
				for i, r := range results {
					require.Equal(t, cloudapi.InstanceID(fmt.Sprintf("i-%04d", i)), r.InstanceID)
				}
			})
		})
	}
}

func TestTotalCountIsOnlyTrueWithPageNumbers(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	tokens := ask(t, s, askInvocation.with("MaxResults", "20"))
	require.Equal(t, 1.0, tokens.at("Invocation", "TotalCount"), "not the number of results")
	require.NotEmpty(t, tokens.at("Invocation", "NextToken"))
	numbers := ask(t, s, askInvocation.with("PageNumber", "3", "PageSize", "20"))
	require.Equal(t, 50.0, numbers.at("Invocation", "TotalCount"))
	require.Equal(t, 3.0, numbers.at("Invocation", "PageNumber"))
	require.Equal(t, 20.0, numbers.at("Invocation", "PageSize"))
	require.Len(t, numbers.at("Invocation", "InvocationResults", "InvocationResult"), 10)
	require.Empty(t, numbers.at("Invocation", "NextToken"))
	both := ask(t, s, askInvocation.with("MaxResults", "20", "PageNumber", "99"))
	require.Len(t, both.at("Invocation", "InvocationResults", "InvocationResult"), 20, "page numbers are ignored beside MaxResults")
}

func TestQuestionsForResultsThatAreRefused(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	token, ok := ask(t, s, askInvocation).at("Invocation", "NextToken").(string)
	require.True(t, ok)
	for name, tc := range map[string]struct {
		q      question
		status int
		code   string
	}{
		"no RegionId":                 {askInvocation.with("RegionId", ""), http.StatusBadRequest, "MissingRegionId"},
		"MaxResults 0":                {askInvocation.with("MaxResults", "0"), http.StatusBadRequest, "InvalidParameter"},
		"MaxResults 51":               {askInvocation.with("MaxResults", "51"), http.StatusBadRequest, "InvalidParameter"},
		"MaxResults in words":         {askInvocation.with("MaxResults", "ten"), http.StatusBadRequest, "InvalidParameter"},
		"a token of nobody's":         {askInvocation.with("NextToken", "AAAA"), http.StatusBadRequest, "InvalidParameter"},
		"a token that was changed":    {askInvocation.with("NextToken", token[:len(token)-2]+"fM"), http.StatusBadRequest, "InvalidParameter"},
		"a token of another question": {askInvocation.with("NextToken", token, "InvokeId", "t-1"), http.StatusBadRequest, "InvalidParameter"},
		"PageNumber 0":                {askInvocation.with("PageNumber", "0"), http.StatusForbidden, "InvalidParam.PageNumber"},
		"PageSize 51":                 {askInvocation.with("PageSize", "51"), http.StatusForbidden, "InvalidParam.PageSize"},
		"history without an InvokeId": {askInvocation.with("InvokeId", "", "IncludeHistory", "true"), http.StatusBadRequest, "MissingInvokeId"},
		"history perhaps":             {askInvocation.with("IncludeHistory", "maybe"), http.StatusBadRequest, "InvalidParameter"},
		"an unknown record status":    {askInvocation.with("InvokeRecordStatus", "Broken"), http.StatusBadRequest, "InvalidParameter"},
		"an unknown encoding":         {askInvocation.with("ContentEncoding", "Base32"), http.StatusBadRequest, "InvalidParameter"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, s, tc.q)
			require.Equal(t, tc.code, got.code())
			require.Equal(t, tc.status, got.status)
		})
	}
}

func TestFiltersOfResults(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	s.PutInvocation(cloudsim.Invocation{ID: "t-cron", CommandID: "c-cron", Results: []cloudsim.Result{
		{InstanceID: "i-1", InvocationStatus: "Success", Earlier: true, Repeats: 1},
		{InstanceID: "i-1", InvocationStatus: "Scheduled", InvokeRecordStatus: "Running", Repeats: 2},
	}})
	for name, tc := range map[string]struct {
		pairs []string
		want  int
	}{
		"all of everything":            {[]string{"InvokeId", ""}, 50},
		"one instance":                 {[]string{"InstanceId", cloudsim.OddInstance}, 1},
		"a command":                    {[]string{"InvokeId", "", "CommandId", "c-cron"}, 1},
		"a command of another run":     {[]string{"CommandId", "c-cron"}, 0},
		"a record status":              {[]string{"InvokeRecordStatus", "Failed"}, 1},
		"a record status nothing has":  {[]string{"InvokeRecordStatus", "Stopped"}, 0},
		"a periodic run as it is now":  {[]string{"InvokeId", "t-cron"}, 1},
		"a periodic run with its past": {[]string{"InvokeId", "t-cron", "IncludeHistory", "true"}, 2},
		"an unknown id":                {[]string{"InvokeId", "t-hz0jdfwd9f0000"}, 0},
		"a masked id":                  {[]string{"InvokeId", "t-hz0jdfwd9f****"}, 0},
		"another region":               {[]string{"RegionId", "cn-beijing"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, s, askInvocation.with(tc.pairs...).with("MaxResults", "50"))
			require.Equal(t, 200, got.status)
			require.NotContains(t, got.json, "Code", "a success has none")
			require.Len(t, got.at("Invocation", "InvocationResults", "InvocationResult"), tc.want)
		})
	}
}

func TestAResultMovesWithTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := cloudsim.New(cloudsim.Options{})
		now, seven := time.Now(), int64(7)
		s.PutInvocation(cloudsim.Invocation{ID: "t-1", Results: []cloudsim.Result{{
			InstanceID: "i-1", InvocationStatus: "Failed", ErrorCode: "ExitCodeNonzero", ExitCode: &seven, Output: []byte("end"),
			StartedAt: now.Add(time.Second), FinishedAt: now.Add(3 * time.Second), Repeats: 1,
		}}})
		c := newClient(t, s)
		for _, want := range []struct{ status, record, code, output string }{
			{"Pending", "Running", "", ""}, {"Running", "Running", "", ""}, {"Failed", "Finished", "ExitCodeNonzero", "end"},
		} {
			results, _ := allResults(t, c, "t-1", 0)
			require.Len(t, results, 1)
			got := results[0]
			require.Equal(t, want.status, got.InvocationStatus)
			require.Equal(t, want.record, got.InvokeRecordStatus)
			require.Equal(t, want.code, got.ErrorCode)
			require.Equal(t, want.output, string(got.Output.Open()))
			require.Equal(t, want.output != "", got.ExitCode != nil)
			require.Equal(t, want.output != "", !got.FinishedAt.IsZero())
			require.Equal(t, want.status != "Pending", !got.StartedAt.IsZero())
			time.Sleep(1500 * time.Millisecond)
		}
	})
}

func TestOutputIsBase64UnlessPlainTextIsAskedFor(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	s.PutInvocation(cloudsim.Invocation{ID: "t-1", Results: []cloudsim.Result{{InstanceID: "i-1", Output: []byte("ok\xff\n")}}})
	output := func(encoding string) any {
		got := ask(t, s, askInvocation.with("InvokeId", "t-1", "ContentEncoding", encoding))
		return got.at("Invocation", "InvocationResults", "InvocationResult").([]any)[0].(map[string]any)["Output"]
	}
	encoded := base64.StdEncoding.EncodeToString([]byte("ok\xff\n"))
	require.Equal(t, encoded, output(""))
	require.Equal(t, encoded, output("Base64"))
	require.Equal(t, "ok\uFFFD\n", output("PlainText"), "JSON cannot hold the byte")
}

func TestFieldsOfTheWireCanBeOverwritten(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	s.PutInvocation(cloudsim.Invocation{ID: "t-1", Results: []cloudsim.Result{{
		InstanceID: "i-1", StartedAt: time.Unix(1, 0), Fields: map[string]any{"StartTime": "2019-12-20 06:15:55", "ExitCode": "1", "Repeats": nil},
	}}})
	got := ask(t, s, askInvocation.with("InvokeId", "t-1")).at("Invocation", "InvocationResults", "InvocationResult").([]any)[0].(map[string]any)
	require.Equal(t, "2019-12-20 06:15:55", got["StartTime"])
	require.Equal(t, "1", got["ExitCode"])
	require.NotContains(t, got, "Repeats")
}

func TestAnInvocationIsReplacedByItsID(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	s.PutInvocation(cloudsim.Invocation{ID: cloudsim.DiskCleanup, Results: []cloudsim.Result{{InstanceID: "i-1"}}})
	require.Len(t, ask(t, s, askInvocation).at("Invocation", "InvocationResults", "InvocationResult"), 1)
}
