package tools_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/tools"
)

// fleetOf answers with the pages of a command that failed on so many instances,
// each with 24 KB of output, as much as Cloud Assistant keeps.
type fleetOf struct {
	instances int
	outputs   []string // Base64; instance i has the i-th, over and over
}

func (f fleetOf) RoundTrip(r *http.Request) (*http.Response, error) {
	first, _ := strconv.Atoi(r.URL.Query().Get("NextToken"))
	last, token := first+cloudapi.MaxPageSize, strconv.Itoa(first+cloudapi.MaxPageSize)
	if last >= f.instances {
		last, token = f.instances, ""
	}
	var page strings.Builder
	for i := first; i < last; i++ {
		if i > first {
			page.WriteByte(',')
		}
		fmt.Fprintf(&page, `{"InstanceId":"i-bp1%017d","InvokeId":"t-hz04k7m2q9xw1c","CommandId":"c-hz03f8v6n1d5zk","InvocationStatus":"Failed","InvokeRecordStatus":"Finished",`+
			`"ExitCode":1,"ErrorCode":"ExitCodeNonzero","ErrorInfo":"the command execution exit code is not zero.","Dropped":0,"Repeats":1,"Username":"root",`+
			`"StartTime":"2026-11-22T03:01:29Z","FinishedTime":"2026-11-22T03:01:33Z","Output":"%s"}`, i, f.outputs[i%len(f.outputs)])
	}
	body := `{"RequestId":"F416C43A-6581-4138-9503-4FBBC4EA1BB7","Invocation":{"NextToken":"` + token + `","InvocationResults":{"InvocationResult":[` + page.String() + `]}}}`
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json;charset=utf-8"}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

// outputOf is 24 KB of a log with some secrets in it, in words of its own for
// each seed: numbers would not tell outputs apart.
func outputOf(seed int) string {
	var b strings.Builder
	word := ""
	for n := seed; n > 0 || word == ""; n /= 20 {
		word += string(rune('g' + n%20))
	}
	for i := 0; b.Len() < 24*1024-120; i++ {
		fmt.Fprintf(&b, "2026-11-22T03:07:%02dZ %s worker-%d handled /api/v1/orders/%d in %d ms\n", i%60, word, i%16, i*7919%100003, i%97)
		if i%100 == 50 {
			b.WriteString("connect mysql://app:Wint3r-Sale@db:3306/shop\n")
		}
	}
	b.WriteString("gzip: /data/receipts: No space left on device\nexit 1\n")
	return base64.StdEncoding.EncodeToString([]byte(b.String()))
}

// BenchmarkManyResults is a whole call: pages read, decoded, folded, cleaned,
// redacted, fitted into the budget and rendered. Run it with -cpu 1; the targets
// for 1000 instances are 1 s with 20 distinct outputs and 200 MB, and 5 s when
// all are distinct. From 10 to 1000 it must not grow faster than the instances.
func BenchmarkManyResults(b *testing.B) {
	all := make([]string, 1000)
	for i := range all {
		all[i] = outputOf(i)
	}
	for _, n := range []int{10, 100, 1000} {
		for _, distinct := range slices.Compact([]int{min(n, 20), n}) {
			b.Run(fmt.Sprintf("%d instances, %d distinct", n, distinct), func(b *testing.B) {
				client, err := cloudapi.New(cloudapi.Config{
					Region: "cn-hangzhou", Credentials: cloudapi.StaticCredentials("testid", "testsecret", ""), Transport: fleetOf{n, all[:distinct]},
				})
				require.NoError(b, err)
				tool := tools.All(tools.Config{Profiles: []tools.Profile{{Name: "default", Client: client}}})[1]
				args := json.RawMessage(`{"invoke_id":"t-hz04k7m2q9xw1c","max_results":1000}`)
				var peak float64
				b.ReportAllocs()
				for b.Loop() {
					report, err := tool.Call(b.Context(), args, nil)
					if err != nil || report.Facts.Get("total") != int64(n) {
						b.Fatal(report.Facts, err)
					}
					if text := formatters.Text(report, "0123456789abcdef"); len(text) > formatters.MaxText {
						b.Fatal(len(text))
					}
					peak = max(peak, memoryMB())
				}
				b.ReportMetric(peak, "MB")
			})
		}
	}
}

// memoryMB is what the Go runtime holds of the system's memory, which includes
// the 32 MB of all outputs here.
func memoryMB() float64 {
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(sample)
	return float64(sample[0].Value.Uint64()-sample[1].Value.Uint64()) / 1e6
}
