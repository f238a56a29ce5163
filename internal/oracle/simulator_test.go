package oracle

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/acs3"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

// asked is one request to the demo world, as both clients make it.
type asked struct {
	shape       shape
	query, form url.Values
	ours        func(context.Context, *cloudapi.Client) (any, error)
}

var questions = []asked{
	{
		shapes[0], url.Values{"RegionId": {cloudsim.Region}}, url.Values{"EnvId": {cloudsim.CheckoutEnv}},
		func(ctx context.Context, c *cloudapi.Client) (any, error) {
			return c.GatherAppEnvStats(ctx, cloudapi.GatherAppEnvStatsRequest{EnvID: cloudsim.CheckoutEnv})
		},
	},
	{
		shapes[1], url.Values{"RegionId": {cloudsim.Region}, "ChangeId": {finishedChange}}, nil,
		func(ctx context.Context, c *cloudapi.Client) (any, error) {
			return c.DescribeGatherStatsResult(ctx, finishedChange)
		},
	},
	{
		shapes[2], url.Values{
			"RegionId": {cloudsim.Region}, "InvokeId": {cloudsim.DiskCleanup}, "MaxResults": {"50"}, "ContentEncoding": {"Base64"},
		}, nil,
		func(ctx context.Context, c *cloudapi.Client) (any, error) {
			return c.DescribeInvocationResults(ctx, cloudapi.InvocationResultsRequest{InvokeID: cloudsim.DiskCleanup, MaxResults: 50})
		},
	},
	{
		shapes[3], url.Values{"AppId": {cloudsim.CheckoutApp}}, nil,
		func(ctx context.Context, c *cloudapi.Client) (any, error) {
			return c.DescribeApplicationStatus(ctx, cloudsim.CheckoutApp)
		},
	},
	{
		shapes[4], nil, url.Values{"OperationId": {cloudsim.Resize}},
		func(ctx context.Context, c *cloudapi.Client) (any, error) {
			return c.GetExecuteOperationResult(ctx, cloudapi.OperationResultRequest{OperationID: cloudsim.Resize})
		},
	},
}

const finishedChange = "wc-5d4134b956fd7c14ac900000"

// The simulator lets the vendor's client in, and tells it what it tells ours.
func TestBothClientsGetTheSameFromTheSimulator(t *testing.T) {
	now := time.Now()
	for name, token := range map[string]string{"with an AccessKey": "", "with a temporary key": "STS.demo+/= token"} {
		for _, question := range questions {
			t.Run(name+"/"+question.shape.action, func(t *testing.T) {
				sim := func() (*cloudsim.Sim, *httptest.Server) { // one each: a gather changes the world
					s := cloudsim.New(cloudsim.Options{SecurityToken: token, Now: func() time.Time { return now }})
					s.PutChange(cloudsim.Change{ID: finishedChange, EnvID: cloudsim.CheckoutEnv, CreatedAt: now.Add(-time.Hour)})
					server := httptest.NewServer(s)
					t.Cleanup(server.Close)
					return s, server
				}
				first, server := sim()
				answer, err := callGeneric(genericClient(t, server, first.Key()), question.shape, question.query, question.form)
				require.NoError(t, err)
				require.Equal(t, 1, first.Calls().Accepted[question.shape.action])

				second, server := sim()
				base, err := cloudapi.ParseEndpoint(server.URL)
				require.NoError(t, err)
				ours, err := question.ours(t.Context(), ourClient(t, http.DefaultTransport, base, second.Key()))
				require.NoError(t, err)

				// The vendor's answer, read by our decoder, is ours.
				body, err := json.Marshal(answer["body"])
				require.NoError(t, err)
				vendors, err := question.ours(t.Context(), ourClient(t, replay(body), base, second.Key()))
				require.NoError(t, err)
				require.Equal(t, withoutChance(ours), withoutChance(vendors))
			})
		}
	}
}

func ourClient(t *testing.T, transport http.RoundTripper, base *url.URL, key acs3.Key) *cloudapi.Client {
	t.Helper()
	client, err := cloudapi.New(cloudapi.Config{
		Region: cloudsim.Region, Transport: transport,
		Credentials: cloudapi.StaticCredentials(key.ID, key.Secret, key.SecurityToken),
		Endpoints: map[cloudapi.Product]*url.URL{
			cloudapi.ECS: base, cloudapi.SAE: base, cloudapi.WebPlus: base, cloudapi.BPStudio: base,
		},
	})
	require.NoError(t, err)
	return client
}

type replay []byte

func (body replay) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(body)))}, nil
}

// withoutChance takes out what no two answers share.
func withoutChance(result any) any {
	v := reflect.New(reflect.TypeOf(result)).Elem()
	v.Set(reflect.ValueOf(result))
	for _, name := range []string{"AsOf", "RequestIDs", "TraceID", "ChangeID"} {
		if field := v.FieldByName(name); field.IsValid() {
			field.SetZero()
		}
	}
	return v.Interface()
}
