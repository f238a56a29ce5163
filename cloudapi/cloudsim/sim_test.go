package cloudsim_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/acs3"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// question is a request before it is signed.
type question struct {
	action, version, method, host, path string
	query, form                         url.Values
}

var (
	askInvocation = question{
		"DescribeInvocationResults", "2014-05-26", "POST", "ecs-cn-hangzhou.aliyuncs.com", "/",
		url.Values{"RegionId": {cloudsim.Region}, "InvokeId": {cloudsim.DiskCleanup}}, nil,
	}
	askApp = question{
		"DescribeApplicationStatus", "2019-05-06", "GET", "sae.cn-hangzhou.aliyuncs.com",
		"/pop/v1/sam/app/describeApplicationStatus",
		url.Values{"AppId": {cloudsim.CheckoutApp}}, nil,
	}
	startGather = question{
		"GatherAppEnvStats", "2019-03-20", "POST", "webplus.cn-hangzhou.aliyuncs.com", "/pop/v1/wam/appEnv/gatherStats",
		url.Values{"RegionId": {cloudsim.Region}}, url.Values{"EnvId": {cloudsim.CheckoutEnv}},
	}
	readGather = question{
		"DescribeGatherStatsResult", "2019-03-20", "GET", "webplus.cn-hangzhou.aliyuncs.com", "/pop/v1/wam/appEnv/gatherStats",
		url.Values{"RegionId": {cloudsim.Region}}, nil,
	}
	askOperation = question{
		"GetExecuteOperationResult", "2021-09-31", "POST", "bpstudio.aliyuncs.com", "/",
		nil, url.Values{"OperationId": {cloudsim.Resize}},
	}
)

// with returns q with other query parameters ("" takes one away).
func (q question) with(pairs ...string) question {
	query := url.Values{}
	maps.Copy(query, q.query)
	for i := 0; i < len(pairs); i += 2 {
		query.Del(pairs[i])
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	q.query = query
	return q
}

// withForm returns q with another form.
func (q question) withForm(pairs ...string) question {
	q.form = url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.form.Set(pairs[i], pairs[i+1])
	}
	return q
}

// request signs q as alitriage does.
func (q question) request(t testing.TB, key acs3.Key) *http.Request {
	t.Helper()
	return q.signed(t, key, time.Now(), acs3.Nonce())
}

func (q question) signed(t testing.TB, key acs3.Key, at time.Time, nonce string) *http.Request {
	t.Helper()
	body := q.form.Encode()
	r, err := http.NewRequestWithContext(t.Context(), q.method, "https://"+q.host+q.path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Accept", "application/json")
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	acs3.Sign(r, acs3.Call{
		Action: q.action, Version: q.version, Query: q.query, Body: []byte(body), Time: at, Nonce: nonce,
	}, key)
	return r
}

// result is an answer, read.
type result struct {
	status int
	header http.Header
	body   string
	json   map[string]any
}

func (r result) code() any { return r.json["Code"] }

func (r result) at(path ...string) any {
	var v any = r.json
	for _, name := range path {
		fields, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = fields[name]
	}
	return v
}

func send(t testing.TB, s *cloudsim.Sim, r *http.Request) result {
	t.Helper()
	resp, err := s.Transport().RoundTrip(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	out := result{status: resp.StatusCode, header: resp.Header, body: string(body)}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		require.NoError(t, json.Unmarshal(body, &out.json), out.body)
	}
	return out
}

func ask(t testing.TB, s *cloudsim.Sim, q question) result {
	t.Helper()
	return send(t, s, q.request(t, s.Key()))
}

// newClient is a real client of the simulator.
func newClient(t testing.TB, s *cloudsim.Sim) *cloudapi.Client {
	t.Helper()
	key := s.Key()
	c, err := cloudapi.New(cloudapi.Config{
		Region:      cloudsim.Region,
		Credentials: cloudapi.StaticCredentials(key.ID, key.Secret, key.SecurityToken),
		Transport:   s.Transport(),
	})
	require.NoError(t, err)
	return c
}

// overTCP serves s on a socket.
func overTCP(t testing.TB, s *cloudsim.Sim) (base string, transport http.RoundTripper) {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server.URL, server.Client().Transport
}

func TestTheDemoKeyIsFixedAndTheCallersKeyWins(t *testing.T) {
	require.Equal(t, acs3.Key{ID: "DEMOACCESSKEYID", Secret: "demo-access-key-secret"}, cloudsim.New(cloudsim.Options{}).Key())
	require.Equal(t, acs3.Key{ID: "a", Secret: "b", SecurityToken: "c"},
		cloudsim.New(cloudsim.Options{AccessKeyID: "a", AccessKeySecret: "b", SecurityToken: "c"}).Key())
}

func TestAnswersCarryTheGatewaysHeaders(t *testing.T) {
	now := time.Now().Add(time.Minute)
	s := cloudsim.New(cloudsim.Options{Now: func() time.Time { return now }})
	for name, q := range map[string]question{
		"an answer": askApp, "a refusal": askApp.with("AppId", "no-such-app"),
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, s, q)
			require.Equal(t, "application/json;charset=utf-8", got.header.Get("Content-Type"))
			require.Equal(t, now.UTC().Format(http.TimeFormat), got.header.Get("Date"), "from the simulator's clock")
			require.Regexp(t, regexp.MustCompile(`^[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$`), got.json["RequestId"])
			require.Equal(t, got.json["RequestId"], got.header.Get("X-Acs-Request-Id"))
		})
	}
}

func TestARefusalHasTheWholeEnvelope(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	got := ask(t, s, askApp.with("AppId", "no-such-app"))
	require.Equal(t, http.StatusNotFound, got.status)
	require.Equal(t, "InvalidAppId.NotFound", got.code())
	require.Equal(t, "The specified AppId does not exist.", got.json["Message"])
	require.Equal(t, "sae.cn-hangzhou.aliyuncs.com", got.json["HostId"])
	require.Equal(t, "https://api.aliyun.com/troubleshoot?q=InvalidAppId.NotFound&requestId="+got.json["RequestId"].(string), got.json["Recommend"])
	require.NotContains(t, got.json, "AccessDeniedDetail")
}

func TestARefusalIsXMLForWhoeverAsksForIt(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	r := askApp.with("AppId", "no-such-app").request(t, s.Key())
	r.Header.Set("Accept", "application/xml")
	got := send(t, s, r)
	require.Equal(t, "application/xml;charset=utf-8", got.header.Get("Content-Type"))
	require.Contains(t, got.body, "<Code>InvalidAppId.NotFound</Code>")
}

func TestCallsCountWhatTheCloudWasAsked(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	s.Inject(cloudsim.Fault{Operation: "GatherAppEnvStats", Code: "Throttling.User", Times: 1})
	ask(t, s, startGather)                                                 // throttled
	started := ask(t, s, startGather)                                      // starts
	ask(t, s, startGather)                                                 // refused: one is running
	send(t, s, askApp.request(t, acs3.Key{ID: "nobody", Secret: "knows"})) // not let in
	require.Equal(t, cloudsim.Calls{
		Refused:   1,
		Accepted:  map[string]int{"GatherAppEnvStats": 3},
		Performed: map[string]int{"GatherAppEnvStats": 1},
		Changes:   []string{started.at("EnvChange", "ChangeId").(string)},
	}, s.Calls())
}

func TestItServesManyAtOnce(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	s.Inject(cloudsim.Fault{Code: "Throttling.User", RetryAfter: time.Millisecond, Times: 5})
	var all sync.WaitGroup
	for range 16 {
		c := newClient(t, s) // with a budget of its own
		all.Go(func() {
			_, err := c.DescribeInvocationResults(t.Context(), cloudapi.InvocationResultsRequest{InvokeID: cloudsim.DiskCleanup})
			if err != nil && !isThrottled(err) {
				t.Error(err)
			}
		})
		all.Go(func() {
			s.PutApp(cloudsim.App{ID: cloudsim.WebApp, CurrentStatus: "RUNNING"})
			s.Calls()
			s.Inject(cloudsim.Fault{Code: "Throttling.User", Operation: "GetExecuteOperationResult"})
		})
	}
	all.Wait()
	s.Clear()
	require.Equal(t, 200, ask(t, s, askOperation).status)
}
