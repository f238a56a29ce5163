package cloudapi_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

func FuzzGatherAppEnvStats(f *testing.F)         { fuzzAnswers(f, "GatherAppEnvStats") }
func FuzzDescribeGatherStatsResult(f *testing.F) { fuzzAnswers(f, "DescribeGatherStatsResult") }
func FuzzDescribeInvocationResults(f *testing.F) { fuzzAnswers(f, "DescribeInvocationResults") }
func FuzzDescribeApplicationStatus(f *testing.F) { fuzzAnswers(f, "DescribeApplicationStatus") }
func FuzzGetExecuteOperationResult(f *testing.F) { fuzzAnswers(f, "GetExecuteOperationResult") }

// fuzzAnswers holds that whatever comes back, the caller gets a value or an
// *Error that can be shown.
func fuzzAnswers(f *testing.F, operation string) {
	for _, pattern := range []string{"answers/*.json", "refusals/*"} {
		files, err := filepath.Glob(filepath.Join("testdata", filepath.FromSlash(pattern)))
		require.NoError(f, err)
		require.NotEmpty(f, files)
		for _, file := range files {
			body, err := os.ReadFile(file)
			require.NoError(f, err)
			for _, status := range []int{200, 400, 502} {
				f.Add(status, "5000", body)
			}
		}
	}
	f.Fuzz(func(t *testing.T, status int, header string, body []byte) {
		got, err := operations[operation](impatient{t.Context()}, newClient(t, transport(func(*http.Request) (*http.Response, error) {
			resp := response(status, string(body))
			for _, name := range []string{"X-Acs-Retry-After", "X-Acs-Request-Id", "Date", "Location"} {
				resp.Header.Set(name, header)
			}
			return resp, nil
		})))
		if err == nil {
			require.Equal(t, http.StatusOK, status)
			requireRequestIDs(t, sourceOf(got).RequestIDs)
			return
		}
		e := failure(t, err)
		require.Contains(t, []error{
			cloudapi.ErrInvalid, cloudapi.ErrNotFound, cloudapi.ErrUnauthenticated, cloudapi.ErrForbidden,
			cloudapi.ErrThrottled, cloudapi.ErrUnavailable, cloudapi.ErrBadResponse,
		}, e.Kind)
		require.True(t, e.Sent)
		require.Equal(t, status, e.Status)
		require.False(t, e.MayHaveStarted && operation != start)
		requireRequestIDs(t, []string{e.RequestID})
		for _, text := range []string{err.Error(), fmt.Sprint(e.LogValue())} {
			require.Less(t, len(text), 2000)
			require.True(t, utf8.ValidString(text))
			require.False(t, strings.ContainsFunc(text, unicode.IsControl), "%q", text)
		}
	})
}

// impatient leaves no time for a pause, so that nothing is tried again.
type impatient struct{ context.Context }

func (impatient) Deadline() (time.Time, bool) { return time.Now(), true }

func requireRequestIDs(t testing.TB, ids []string) {
	t.Helper()
	for _, id := range ids {
		require.Regexp(t, `^[0-9A-Za-z*_.-]{0,64}$`, id)
	}
}
