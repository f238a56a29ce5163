package cloudapi_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

// benchServer answers every request alike, so that both benchmarks below pay
// the same for it.
func benchServer(b *testing.B) *httptest.Server {
	b.Helper()
	body := sample(b, "DescribeApplicationStatus")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json;charset=utf-8")
		_, _ = w.Write(body)
	}))
	b.Cleanup(server.Close)
	return server
}

// BenchmarkCall is one whole call: key look-up from the environment, signature,
// round trip over loopback, decoding.
func BenchmarkCall(b *testing.B) {
	server := benchServer(b)
	b.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "testid")
	b.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "testsecret")
	base, err := cloudapi.ParseEndpoint(server.URL)
	require.NoError(b, err)
	client, err := cloudapi.New(cloudapi.Config{
		Region: "cn-hangzhou", Credentials: cloudapi.ChainCredentials(cloudapi.CredentialOptions{}),
		Endpoints: map[cloudapi.Product]*url.URL{cloudapi.SAE: base},
	})
	require.NoError(b, err)
	client = cloudapi.WithoutBudget(client)
	b.ReportAllocs()
	for b.Loop() {
		status, err := client.DescribeApplicationStatus(b.Context(), "0099b7be-5f5b-4512-a7fc-56049ef1aaaa")
		if err != nil || status.CurrentStatus != "RUNNING" {
			b.Fatal(status.CurrentStatus, err)
		}
	}
}

// BenchmarkBareCall is the floor for BenchmarkCall: net/http and encoding/json
// with nothing around them. The target is at most 1.5 times of it.
func BenchmarkBareCall(b *testing.B) {
	server := benchServer(b)
	client := server.Client()
	address := server.URL + "/pop/v1/sam/app/describeApplicationStatus?AppId=0099b7be-5f5b-4512-a7fc-56049ef1aaaa"
	type answer struct {
		RequestID, TraceID, Code, Message string
		Success                           bool
		Data                              struct {
			AppID, CurrentStatus, SubStatus, LastChangeOrderID, LastChangeOrderStatus,
			ArmsAdvancedEnabled, ArmsApmInfo, CreateTime string
			LastChangeOrderRunning, EnableAgent bool
			RunningInstances, FileSizeLimit     int64
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		var out answer
		if err := bareGet(b, client, address, &out); err != nil || out.Data.CurrentStatus != "RUNNING" {
			b.Fatal(out, err)
		}
	}
}

func bareGet(b *testing.B, client *http.Client, address string, out any) error {
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, out)
}

// BenchmarkDecode50Results24KB reads the largest page there is: 50 results with
// as much output as Cloud Assistant keeps.
func BenchmarkDecode50Results24KB(b *testing.B) {
	output := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("disk full \xff\n"), 24*1024/12))
	var results []map[string]any
	for i := range cloudapi.MaxPageSize {
		results = append(results, map[string]any{
			"InstanceId": fmt.Sprintf("i-bp1%017d", i), "InvokeId": "t-hz0jdfwd9faaaa", "InvocationStatus": "Failed",
			"ExitCode": 1, "Dropped": 0, "StartTime": "2020-05-11T09:01:40Z", "Output": output,
		})
	}
	body, err := json.Marshal(map[string]any{
		"RequestId":  "F416C43A-6581-4138-9503-4FBBC4EA1BB7",
		"Invocation": map[string]any{"InvocationResults": map[string]any{"InvocationResult": results}},
	})
	require.NoError(b, err)
	client := cloudapi.WithoutBudget(newClient(b, answerWith(http.StatusOK, string(body))))
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		page, err := client.DescribeInvocationResults(b.Context(), cloudapi.InvocationResultsRequest{InvokeID: "t-hz0jdfwd9faaaa"})
		if err != nil || len(page.Results) != cloudapi.MaxPageSize {
			b.Fatal(len(page.Results), err)
		}
	}
}
