package tools_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/tools"
)

const (
	results    = "get_invocation_results"
	bigCommand = "t-big0fleet"
)

func (w *world) withResults(n int) {
	v := cloudsim.Invocation{ID: bigCommand, CommandID: "c-big0fleet"}
	for i := range n {
		v.Results = append(v.Results, cloudsim.Result{
			InstanceID: fmt.Sprintf("i-%020d", i), InvocationStatus: "Success", ExitCode: new(int64), FinishedAt: time.Now(), Output: []byte("done"),
		})
	}
	w.PutInvocation(v)
}

func TestAThousandResultsAreReadOverTwentyPages(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.withResults(1000)
		a := w.ok(t, results, `{"invoke_id":"`+bigCommand+`","max_results":1000}`)
		require.Equal(t, 20, w.count(readResults))
		require.EqualValues(t, 1000, a.Facts.Get("returned"))
		require.EqualValues(t, 1000, a.Facts.Get("total"))
		require.Nil(t, a.Facts.Get("next_token"))
		require.Equal(t, formatters.OK, a.Verdict)
		require.Len(t, a.Source.RequestIDs, 20)
	})
}

func TestAPageIsNoLargerThanWhatIsAskedFor(t *testing.T) {
	for _, row := range []struct{ ask, of, returned, pages int }{
		{1, 1000, 1, 1}, {50, 1000, 50, 1}, {51, 1000, 51, 2}, {120, 1000, 120, 3}, {999, 1000, 999, 20},
		{1000, 999, 999, 20}, {1000, 50, 50, 1}, {1000, 0, 0, 1}, {7, 7, 7, 1},
	} {
		t.Run(fmt.Sprintf("%d of %d", row.ask, row.of), func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.withResults(row.of)
				a := w.ok(t, results, fmt.Sprintf(`{"invoke_id":%q,"max_results":%d}`, bigCommand, row.ask))
				require.Equal(t, row.pages, w.count(readResults))
				if row.returned > 0 {
					require.EqualValues(t, row.returned, a.Facts.Get("returned"))
				}
				rest := row.returned < row.of
				require.Equal(t, rest, a.Facts.Get("next_token") != nil)
				require.Equal(t, rest || row.of == 0, a.Facts.Get("total") == nil, "the total is known after the last page only")
			})
		})
	}
}

func TestFiftyResultsAreReadUnlessMoreAreAskedFor(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.withResults(51)
		a := w.ok(t, results, `{"invoke_id":"`+bigCommand+`"}`)
		require.EqualValues(t, 50, a.Facts.Get("returned"))
		require.Equal(t, 1, w.count(readResults))
		require.Contains(t, a.Headline, "the rest has not been read")
	})
}

func TestATokenContinuesWhereTheResultBeforeEnded(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.withResults(130)
		first := w.ok(t, results, `{"invoke_id":"`+bigCommand+`","max_results":60}`)
		require.EqualValues(t, 60, first.Facts.Get("returned"))
		token := first.Facts.Get("next_token").(string)
		rest := w.ok(t, results, `{"invoke_id":"`+bigCommand+`","max_results":100,"next_token":"`+token+`"}`)
		require.EqualValues(t, 70, rest.Facts.Get("returned"))
		require.Nil(t, rest.Facts.Get("total"), "70 are not all")
		require.Nil(t, rest.Facts.Get("next_token"))
		require.Contains(t, rest.Notes, "verdict and counts are of the results from next_token on; those before it are not in them")
	})
}

func TestATokenThatTheCloudDoesNotKnowIsAnErrorThatSaysSo(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a := w.call(t, results, `{"invoke_id":"disk-cleanup","next_token":"AAAA"}`)
		require.Contains(t, a.text, `The specified parameter 'NextToken' is not valid.`)
	})
}

// lying is a cloud that never ends: each page has another token.
type lying struct {
	results   int  // on each page
	same      bool // the token
	anonymous bool // without a RequestId
	pages     int
}

func (l *lying) RoundTrip(*http.Request) (*http.Response, error) {
	l.pages++
	token := fmt.Sprint("token", l.pages)
	if l.same {
		token = "token"
	}
	list := []map[string]any{}
	for i := range l.results {
		list = append(list, map[string]any{"InvokeId": "t-1", "InstanceId": fmt.Sprintf("i-%d0%d", l.pages, i), "InvocationStatus": "Success"})
	}
	answer := map[string]any{"Invocation": map[string]any{"NextToken": token, "InvocationResults": map[string]any{"InvocationResult": list}}}
	if !l.anonymous {
		answer["RequestId"] = fmt.Sprint("R-", l.pages)
	}
	body, err := json.Marshal(answer)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(body)))}, err
}

func TestACloudWhoseTokensNeverEndIsLeft(t *testing.T) {
	for name, row := range map[string]struct {
		cloud lying
		pages int
	}{
		"full pages":                  {lying{results: 50}, 20},
		"pages with one result":       {lying{results: 1}, 40},
		"empty pages":                 {lying{}, 40},
		"empty pages, no RequestIds":  {lying{anonymous: true}, 40},
		"the same token":              {lying{results: 1, same: true}, 2},
		"more results than asked for": {lying{results: 300}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				cloud := row.cloud
				w.cfg.Profiles = []tools.Profile{{Name: "prod", Client: w.newClient(t, "cn-hangzhou", &cloud)}}
				w.rebuild()
				a := w.ok(t, results, `{"invoke_id":"t-1","max_results":1000}`)
				require.Equal(t, row.pages, cloud.pages)
				require.Nil(t, a.Facts.Get("total"))
				require.LessOrEqual(t, len(toJSON(t, a.Report)), formatters.MaxStructured)
				if cloud.results > 0 {
					require.NotNil(t, a.Facts.Get("next_token"))
				}
			})
		})
	}
}

func TestAFailedPageFailsTheRead(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.withResults(200)
		w.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Times: 2})
		w.Inject(cloudsim.Fault{Code: "Throttling.User", Times: 1})
		a := w.ok(t, results, `{"invoke_id":"`+bigCommand+`","max_results":200}`)
		require.EqualValues(t, 200, a.Facts.Get("total"), "one failed attempt is made good")
		require.Equal(t, 5, w.count(readResults))

		w.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Times: 2})
		w.Inject(cloudsim.Fault{Code: "Throttling.User", Times: 3})
		require.Contains(t, w.call(t, results, `{"invoke_id":"`+bigCommand+`","max_results":200}`).text, "Throttling.User")
	})
}
