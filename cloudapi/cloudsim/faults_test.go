package cloudsim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

// eachWay runs a test over a socket and over Transport: a fault has to look the
// same.
func eachWay(t *testing.T, test func(t *testing.T, s *cloudsim.Sim, exchange func(context.Context, question) (*http.Response, error))) {
	t.Helper()
	t.Run("over a socket", func(t *testing.T) {
		s := cloudsim.New(cloudsim.Options{})
		base, transport := overTCP(t, s)
		host := strings.TrimPrefix(base, "http://")
		test(t, s, func(ctx context.Context, q question) (*http.Response, error) {
			q.host = host
			r := q.request(t, s.Key()).WithContext(ctx)
			r.URL.Scheme = "http"
			return transport.RoundTrip(r)
		})
	})
	t.Run("in process", func(t *testing.T) {
		s := cloudsim.New(cloudsim.Options{})
		test(t, s, func(ctx context.Context, q question) (*http.Response, error) {
			return s.Transport().RoundTrip(q.request(t, s.Key()).WithContext(ctx))
		})
	})
}

func TestFaultsThatAnswer(t *testing.T) {
	denied := &cloudsim.AccessDenied{AuthAction: "ecs:DescribeInvocationResults", NoPermissionType: "ImplicitDeny"}
	for name, tc := range map[string]struct {
		fault      cloudsim.Fault
		status     int
		kind       string
		retryAfter string
		body       string
	}{
		"throttling":                 {cloudsim.Fault{Code: "Throttling.User"}, 400, "application/json;charset=utf-8", "", `"Code":"Throttling.User","Message":"Request was denied due to user flow control."`},
		"throttling with a time":     {cloudsim.Fault{Code: "Throttling", RetryAfter: 1500 * time.Millisecond}, 400, "application/json;charset=utf-8", "1500", `"Code":"Throttling"`},
		"a failure of the service":   {cloudsim.Fault{Code: "InternalError"}, 500, "application/json;charset=utf-8", "", `"Code":"InternalError"`},
		"any status and code":        {cloudsim.Fault{Status: 502, Code: "Odd", Message: "never seen"}, 502, "application/json;charset=utf-8", "", `"Code":"Odd","Message":"never seen"`},
		"a code nobody knows":        {cloudsim.Fault{Code: "Odd"}, 400, "application/json;charset=utf-8", "", `"Code":"Odd"`},
		"no permission, with detail": {cloudsim.Fault{Code: "Forbidden.RAM", Denied: denied}, 403, "application/json;charset=utf-8", "", `"AccessDeniedDetail":{"AuthAction":"ecs:DescribeInvocationResults","AuthPrincipalType":""`},
		"a page of a load balancer":  {cloudsim.Fault{Kind: cloudsim.HTML}, 502, "text/html", "", "<h1>502 Bad Gateway</h1>"},
		"another such page":          {cloudsim.Fault{Kind: cloudsim.HTML, Status: 504}, 504, "text/html", "", "<h1>504 Gateway Timeout</h1>"},
		"an answer of any shape":     {cloudsim.Fault{Kind: cloudsim.Answer, Body: json.RawMessage(`{"Invocation":[]}`)}, 200, "application/json;charset=utf-8", "", `{"Invocation":[]}`},
		"a failure inside an answer": {cloudsim.Fault{Kind: cloudsim.FailureInside, Code: "InternalError"}, 200, "application/json;charset=utf-8", "", `"Code":"InternalError"`},
	} {
		t.Run(name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, s *cloudsim.Sim, exchange func(context.Context, question) (*http.Response, error)) {
				s.Inject(tc.fault)
				resp, err := exchange(t.Context(), askInvocation)
				require.NoError(t, err)
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				require.Equal(t, tc.status, resp.StatusCode)
				require.Equal(t, tc.kind, resp.Header.Get("Content-Type"))
				require.Equal(t, tc.retryAfter, resp.Header.Get("X-Acs-Retry-After"))
				require.Contains(t, string(body), tc.body)
				require.NotEmpty(t, resp.Header.Get("Date"))
				require.Equal(t, int64(len(body)), resp.ContentLength)
			})
		})
	}
}

func TestAFailureInsideAnAnswerHasTheProductsForm(t *testing.T) {
	for name, tc := range map[string]struct {
		q    question
		want map[string]any
	}{
		"WebPlus has the code as Code":            {startGather, map[string]any{"Code": "ResourceAuthFailed"}},
		"SAE has a status in a string":            {askApp, map[string]any{"Code": "403", "ErrorCode": "ResourceAuthFailed", "Success": false}},
		"BPStudio has a status as a number":       {askOperation, map[string]any{"Code": 403.0}},
		"ECS has a Code, which a success has not": {askInvocation, map[string]any{"Code": "ResourceAuthFailed"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := cloudsim.New(cloudsim.Options{})
			s.Inject(cloudsim.Fault{Kind: cloudsim.FailureInside, Code: "ResourceAuthFailed"})
			got := ask(t, s, tc.q)
			require.Equal(t, 200, got.status)
			require.NotEmpty(t, got.json["RequestId"])
			delete(got.json, "RequestId")
			tc.want["Message"] = "The resource does not exist or you are not authorized to access it."
			require.Equal(t, tc.want, got.json)
		})
	}
}

func TestAResetComesAfterTheRequestWasCarriedOut(t *testing.T) {
	eachWay(t, func(t *testing.T, s *cloudsim.Sim, exchange func(context.Context, question) (*http.Response, error)) {
		s.Inject(cloudsim.Fault{Kind: cloudsim.Reset})
		resp, err := exchange(t.Context(), startGather)
		if err == nil {
			resp.Body.Close()
		}
		require.ErrorIs(t, err, syscall.ECONNRESET)
		require.Len(t, s.Calls().Changes, 1)
	})
}

func TestAResetWorksWithTLSAndHTTP2(t *testing.T) {
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			s := cloudsim.New(cloudsim.Options{})
			server := httptest.NewUnstartedServer(s)
			server.EnableHTTP2 = http2
			server.StartTLS()
			defer server.Close()
			s.Inject(cloudsim.Fault{Kind: cloudsim.Reset, Times: 1})
			q := askApp
			q.host = server.Listener.Addr().String()
			resp, err := server.Client().Transport.RoundTrip(q.request(t, s.Key()))
			if err == nil {
				resp.Body.Close()
			}
			require.Error(t, err)
			require.Equal(t, 1, s.Calls().Performed["DescribeApplicationStatus"])
		})
	}
}

func TestACutBodyEndsUnexpectedly(t *testing.T) {
	eachWay(t, func(t *testing.T, s *cloudsim.Sim, exchange func(context.Context, question) (*http.Response, error)) {
		s.Inject(cloudsim.Fault{Kind: cloudsim.CutBody})
		resp, err := exchange(t.Context(), askApp)
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.NotEmpty(t, body)
		require.Equal(t, resp.ContentLength/2, int64(len(body)))
	})
}

func TestBadJSONIsHalfAnAnswer(t *testing.T) {
	eachWay(t, func(t *testing.T, s *cloudsim.Sim, exchange func(context.Context, question) (*http.Response, error)) {
		s.Inject(cloudsim.Fault{Kind: cloudsim.BadJSON})
		resp, err := exchange(t.Context(), askApp)
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NotEmpty(t, body)
		require.False(t, json.Valid(body))
	})
}

func TestAnOversizedBodyIsTrueButTooLong(t *testing.T) {
	eachWay(t, func(t *testing.T, s *cloudsim.Sim, exchange func(context.Context, question) (*http.Response, error)) {
		s.Inject(cloudsim.Fault{Kind: cloudsim.Oversized})
		resp, err := exchange(t.Context(), askApp)
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Greater(t, len(body), 8<<20)
		require.True(t, json.Valid(bytes.TrimRight(body, " ")), "so a client that cuts it off would not notice")
	})
}

func TestADelayEndsWhenTheCallerLeaves(t *testing.T) {
	eachWay(t, func(t *testing.T, s *cloudsim.Sim, exchange func(context.Context, question) (*http.Response, error)) {
		s.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		resp, err := exchange(ctx, askApp)
		if err == nil {
			resp.Body.Close()
		}
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestASlowBodyEndsWhenTheCallerLeaves(t *testing.T) {
	eachWay(t, func(t *testing.T, s *cloudsim.Sim, exchange func(context.Context, question) (*http.Response, error)) {
		s.Inject(cloudsim.Fault{Kind: cloudsim.SlowBody, Delay: time.Hour})
		ctx, cancel := context.WithCancel(t.Context())
		resp, err := exchange(ctx, askApp)
		require.NoError(t, err)
		defer resp.Body.Close()
		_, err = io.ReadFull(resp.Body, make([]byte, resp.ContentLength/2))
		require.NoError(t, err, "the first half is there")
		cancel()
		_, err = io.ReadAll(resp.Body)
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestDelaysLastAsLongAsTheySay(t *testing.T) {
	for name, tc := range map[string]struct {
		fault            cloudsim.Fault
		toHeaders, toEnd time.Duration
	}{
		"before the headers":       {cloudsim.Fault{Kind: cloudsim.Delay, Delay: 3 * time.Second}, 3 * time.Second, 3 * time.Second},
		"in the body":              {cloudsim.Fault{Kind: cloudsim.SlowBody, Delay: 3 * time.Second}, 0, 3 * time.Second},
		"before any other trouble": {cloudsim.Fault{Code: "InternalError", Delay: time.Second}, time.Second, time.Second},
		"not at all":               {cloudsim.Fault{Kind: cloudsim.Delay}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := cloudsim.New(cloudsim.Options{})
				s.Inject(tc.fault)
				began := time.Now()
				resp, err := s.Transport().RoundTrip(askApp.request(t, s.Key()))
				require.NoError(t, err)
				require.Equal(t, tc.toHeaders, time.Since(began))
				body, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				require.Equal(t, tc.toEnd, time.Since(began))
				require.True(t, json.Valid(body))
				resp.Body.Close()
			})
		})
	}
}

func TestFaultsHitTheCallsTheyAreFor(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	s.Inject(cloudsim.Fault{Operation: "DescribeApplicationStatus", Code: "InternalError", Times: 2})
	s.Inject(cloudsim.Fault{Code: "Throttling", Times: 1})
	s.Inject(cloudsim.Fault{Code: "ServiceUnavailable"})
	require.Equal(t, "Throttling", ask(t, s, askInvocation).code(), "the first that fits")
	require.Equal(t, "InternalError", ask(t, s, askApp).code())
	require.Equal(t, "InternalError", ask(t, s, askApp).code())
	require.Equal(t, "ServiceUnavailable", ask(t, s, askApp).code(), "the two times are over")
	require.Equal(t, "ServiceUnavailable", ask(t, s, askInvocation).code(), "this one has no end")
	s.Clear()
	require.Equal(t, 200, ask(t, s, askInvocation).status)
}

func TestARefusalCanHideAStart(t *testing.T) {
	for name, tc := range map[string]struct {
		fault   cloudsim.Fault
		changes int
	}{
		"a gateway that gave up waiting":     {cloudsim.Fault{Kind: cloudsim.HTML, Status: 504, Performed: true}, 1},
		"a refusal before the start":         {cloudsim.Fault{Kind: cloudsim.HTML, Status: 502}, 0},
		"throttling":                         {cloudsim.Fault{Code: "Throttling"}, 0},
		"a failure inside":                   {cloudsim.Fault{Kind: cloudsim.FailureInside, Code: "EnvOnChanging"}, 0},
		"an answer of another shape":         {cloudsim.Fault{Kind: cloudsim.Answer, Body: json.RawMessage(`{}`)}, 1},
		"an answer that cannot be read":      {cloudsim.Fault{Kind: cloudsim.BadJSON}, 1},
		"an answer that is too long":         {cloudsim.Fault{Kind: cloudsim.Oversized}, 1},
		"a connection cut during the answer": {cloudsim.Fault{Kind: cloudsim.CutBody}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := cloudsim.New(cloudsim.Options{})
			s.Inject(tc.fault)
			resp, err := s.Transport().RoundTrip(startGather.request(t, s.Key()))
			require.NoError(t, err)
			resp.Body.Close()
			require.Len(t, s.Calls().Changes, tc.changes)
			require.Equal(t, tc.changes, s.Calls().Performed["GatherAppEnvStats"])
		})
	}
}

func TestTheClientMakesAKindOfEachFault(t *testing.T) {
	for name, tc := range map[string]struct {
		fault cloudsim.Fault
		kind  error
	}{
		"throttled":          {cloudsim.Fault{Code: "Throttling.User", RetryAfter: time.Millisecond}, cloudapi.ErrThrottled},
		"unavailable":        {cloudsim.Fault{Code: "ServiceUnavailable"}, cloudapi.ErrUnavailable},
		"no permission":      {cloudsim.Fault{Code: "NoPermission"}, cloudapi.ErrForbidden},
		"a failure inside":   {cloudsim.Fault{Kind: cloudsim.FailureInside, Code: "InvalidAppId.NotFound"}, cloudapi.ErrNotFound},
		"HTML":               {cloudsim.Fault{Kind: cloudsim.HTML}, cloudapi.ErrUnavailable},
		"a cut body":         {cloudsim.Fault{Kind: cloudsim.CutBody}, cloudapi.ErrUnavailable},
		"a reset":            {cloudsim.Fault{Kind: cloudsim.Reset}, cloudapi.ErrUnavailable},
		"bad JSON":           {cloudsim.Fault{Kind: cloudsim.BadJSON}, cloudapi.ErrBadResponse},
		"a body too long":    {cloudsim.Fault{Kind: cloudsim.Oversized}, cloudapi.ErrBadResponse},
		"not an answer":      {cloudsim.Fault{Kind: cloudsim.Answer, Body: json.RawMessage(`[]`)}, cloudapi.ErrBadResponse},
		"a slow cloud":       {cloudsim.Fault{Kind: cloudsim.Delay, Delay: time.Hour}, cloudapi.ErrUnavailable},
		"a cloud that stops": {cloudsim.Fault{Kind: cloudsim.SlowBody, Delay: time.Hour}, cloudapi.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := cloudsim.New(cloudsim.Options{})
				s.Inject(tc.fault)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				_, err := newClient(t, s).DescribeApplicationStatus(ctx, cloudsim.WebApp)
				require.ErrorIs(t, err, tc.kind)
			})
		})
	}
}

func TestTheAdminEndpoint(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	base, transport := overTCP(t, s)
	admin := func(method, path, body string) result {
		r, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
		require.NoError(t, err)
		resp, err := transport.RoundTrip(r)
		require.NoError(t, err)
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		out := result{status: resp.StatusCode, body: string(text)}
		if len(text) > 0 {
			require.NoError(t, json.Unmarshal(text, &out.json))
		}
		return out
	}

	require.Equal(t, 204, admin("POST", "/_sim/faults",
		`{"operation":"DescribeApplicationStatus","code":"Throttling.User","retry_after_ms":250,"delay_ms":1,"times":3}`).status)
	got := ask(t, s, askApp)
	require.Equal(t, "Throttling.User", got.code())
	require.Equal(t, "250", got.header.Get("X-Acs-Retry-After"))
	require.Equal(t, 204, admin("DELETE", "/_sim/faults", "").status)
	require.Equal(t, 200, ask(t, s, askApp).status)
	require.Equal(t, map[string]any{
		"refused": 0.0, "changes": []any{},
		"accepted":  map[string]any{"DescribeApplicationStatus": 2.0},
		"performed": map[string]any{"DescribeApplicationStatus": 1.0},
	}, admin("GET", "/_sim/calls", "").json)

	for name, body := range map[string]string{
		"not JSON":             `{`,
		"two faults":           `{"code":"x"}{"code":"y"}`,
		"an unknown field":     `{"code":"x","dealy_ms":1}`,
		"an unknown kind":      `{"kind":"meteor"}`,
		"an unknown operation": `{"operation":"RunCommand","code":"x"}`,
		"no code":              `{}`,
		"no body":              `{"kind":"answer"}`,
		"a negative count":     `{"code":"x","times":-1}`,
		"an impossible status": `{"code":"x","status":99}`,
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			got := admin("POST", "/_sim/faults", body)
			require.Equal(t, 400, got.status)
			require.NotEmpty(t, got.json["error"])
		})
	}
	require.Equal(t, 200, ask(t, s, askApp).status, "none of them counts")
}

func TestTheAdminEndpointIsNotThereForOthers(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	for _, peer := range []string{"192.0.2.1:1234", "[2001:db8::1]:1234", "@", ""} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/_sim/faults", strings.NewReader(`{"code":"Throttling"}`))
		r.RemoteAddr = peer
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		require.Equal(t, 400, w.Code)
		require.Contains(t, w.Body.String(), "MissingAccessKeyId")
	}
	require.Equal(t, 200, ask(t, s, askApp).status)
}

func TestTheRealClientSpeaksToItOverASocket(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	base, transport := overTCP(t, s)
	endpoint, err := cloudapi.ParseEndpoint(base)
	require.NoError(t, err)
	key := s.Key()
	c, err := cloudapi.New(cloudapi.Config{
		Region: cloudsim.Region, Credentials: cloudapi.StaticCredentials(key.ID, key.Secret, ""), Transport: transport,
		Endpoints: map[cloudapi.Product]*url.URL{cloudapi.SAE: endpoint},
	})
	require.NoError(t, err)
	got, err := c.DescribeApplicationStatus(t.Context(), cloudsim.WebApp)
	require.NoError(t, err)
	require.Equal(t, cloudapi.AppID(cloudsim.WebApp), got.AppID)
}
