package cloudapi_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/alitriage/alitriage/cloudapi"
)

func TestMain(m *testing.M) {
	if answer, isHelper := os.LookupEnv(helperAnswer); isHelper {
		beTheHelper(answer)
	}
	if path, isEditor := os.LookupEnv(editForEver); isEditor {
		for i := 0; ; i++ {
			if err := cloudapi.EditForTest(path, "p", "oauth_refresh_token", strings.Repeat(strconv.Itoa(i%10), 1000)); err != nil {
				panic(err)
			}
		}
	}
	goleak.VerifyTestMain(m)
}

// operations are the five calls with the shortest arguments that make sense.
var operations = map[string]func(context.Context, *cloudapi.Client) (any, error){
	"GatherAppEnvStats": func(ctx context.Context, c *cloudapi.Client) (any, error) {
		return c.GatherAppEnvStats(ctx, cloudapi.GatherAppEnvStatsRequest{EnvID: "we-5d3eaaea2977ca5251e00000"})
	},
	"DescribeGatherStatsResult": func(ctx context.Context, c *cloudapi.Client) (any, error) {
		return c.DescribeGatherStatsResult(ctx, "wc-5d4134b956fd7c14ac900000")
	},
	"DescribeInvocationResults": func(ctx context.Context, c *cloudapi.Client) (any, error) {
		return c.DescribeInvocationResults(ctx, cloudapi.InvocationResultsRequest{InvokeID: "t-hz0jdfwd9f0000"})
	},
	"DescribeApplicationStatus": func(ctx context.Context, c *cloudapi.Client) (any, error) {
		return c.DescribeApplicationStatus(ctx, "0099b7be-5f5b-4512-a7fc-56049ef10000")
	},
	"GetExecuteOperationResult": func(ctx context.Context, c *cloudapi.Client) (any, error) {
		return c.GetExecuteOperationResult(ctx, cloudapi.OperationResultRequest{OperationID: "op_abcdefgh"})
	},
}

const start = "GatherAppEnvStats" // the one operation that is not a read

// sample is the vendor's own JSON answer of an operation, from its page in the
// documentation.
func sample(t testing.TB, operation string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "answers", operation+".json"))
	require.NoError(t, err)
	return body
}

// transport is a server without sockets, for tests in a synctest bubble.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return f(r)
}

func answerWith(status int, body string) transport {
	return func(*http.Request) (*http.Response, error) { return response(status, body), nil }
}

// response has no Request, which a RoundTripper need not set.
func response(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{}, ContentLength: int64(len(body)),
		Body: io.NopCloser(strings.NewReader(body)),
	}
}

func newClient(t testing.TB, rt http.RoundTripper) *cloudapi.Client {
	t.Helper()
	c, err := cloudapi.New(cloudapi.Config{
		Region: "cn-hangzhou", Credentials: cloudapi.StaticCredentials("testid", "testsecret", ""), Transport: rt, Version: "test",
	})
	require.NoError(t, err)
	return c
}

// serve starts a real server and returns a client of it that has dialled
// nothing yet, for what only sockets show.
func serve(t testing.TB, handler http.HandlerFunc) *cloudapi.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return clientOf(t, server.URL, nil)
}

func clientOf(t testing.TB, address string, rt *http.Transport) *cloudapi.Client {
	t.Helper()
	base, err := cloudapi.ParseEndpoint(address)
	require.NoError(t, err)
	if rt == nil {
		rt = &http.Transport{}
	}
	t.Cleanup(rt.CloseIdleConnections)
	c, err := cloudapi.New(cloudapi.Config{
		Region: "cn-hangzhou", Credentials: cloudapi.StaticCredentials("testid", "testsecret", ""), Transport: rt, Version: "test",
		Endpoints: map[cloudapi.Product]*url.URL{
			cloudapi.ECS: base, cloudapi.SAE: base, cloudapi.WebPlus: base, cloudapi.BPStudio: base,
		},
	})
	require.NoError(t, err)
	return c
}

// failure is the *Error in err.
func failure(t testing.TB, err error) *cloudapi.Error {
	t.Helper()
	var e *cloudapi.Error
	require.ErrorAs(t, err, &e)
	return e
}

// answers gives resps one after the other, the last one again and again.
func answers(resps ...*http.Response) transport {
	return func(*http.Request) (*http.Response, error) {
		resp := resps[0]
		if len(resps) > 1 {
			resps = resps[1:]
		}
		return resp, nil
	}
}

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}
