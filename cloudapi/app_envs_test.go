package cloudapi_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

const anEnv = "we-5d3eaaea2977ca5251e00000"

func TestAnEnvironmentIsAskedForByItsID(t *testing.T) {
	client := newClient(t, transport(func(r *http.Request) (*http.Response, error) {
		require.Equal(t, http.MethodGet, r.Method)
		require.Equal(t, "/pop/v1/wam/appEnv", r.URL.Path)
		require.Equal(t, "EnvId="+anEnv+"&PageSize=1&RegionId=cn-hangzhou", r.URL.RawQuery)
		require.Equal(t, "DescribeAppEnvs", r.Header.Get("X-Acs-Action"))
		return response(200, `{"Code":"OK","AppEnvs":{"AppEnv":{"EnvId":"`+anEnv+`","EnvName":"shop","EnvStatus":"Running","LatestChangeId":"wc-1","ApplyingChange":"true"}}}`), nil
	}))
	got, err := client.DescribeAppEnvs(t.Context(), anEnv)
	require.NoError(t, err)
	require.Equal(t, []cloudapi.AppEnv{{EnvID: anEnv, Name: "shop", Status: "Running", LatestChangeID: "wc-1", Changing: cloudapi.True}}, got.Envs)
}

// FuzzDescribeAppEnvs holds that whatever comes back, the caller gets a value or an
// *Error.
func FuzzDescribeAppEnvs(f *testing.F) {
	for _, body := range []string{
		"", "[]", `{"Code":"OK"}`, `{"Code":"OK","AppEnvs":""}`, `{"Code":"OK","AppEnvs":{"AppEnv":[]}}`, `{"Code":"OK","AppEnvs":[{"EnvId":1,"LatestChangeId":null}]}`,
		`{"Code":"OK","AppEnvs":{"AppEnv":{"EnvId":"we-1","ApplyingChange":"maybe"}}}`, `{"Code":"EnvNotExists"}`,
	} {
		f.Add(200, body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		_, err := newClient(t, transport(func(*http.Request) (*http.Response, error) { return response(status, body), nil })).
			DescribeAppEnvs(impatient{t.Context()}, anEnv)
		if err != nil {
			require.NotNil(t, failure(t, err).Kind)
		}
	})
}
