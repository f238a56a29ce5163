package formatters

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/zricethezav/gitleaks/v8/config"

	"github.com/alitriage/alitriage/cloudapi"
)

// answering is a transport that gives one answer to everything.
type answering string

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json;charset=utf-8"}}, Body: io.NopCloser(strings.NewReader(string(a))), ContentLength: int64(len(a)),
	}, nil
}

// noise is 24 KB that looks like a log, different for each seed, with nothing
// that needs redaction.
func noise(seed int) string {
	var b strings.Builder
	word := strings.Repeat(string(rune('a'+seed%26)), 1+seed)
	for i := 0; b.Len() < 24*1024-100; i++ {
		fmt.Fprintf(&b, "2026-11-22T03:07:%02dZ %s worker-%d handled /api/v1/orders/%d in %d ms\n", i%60, word, i%16, i*7919%100003, i%97)
	}
	b.WriteString("gzip: /data/receipts: No space left on device\nexit 1\n")
	return b.String()
}

func benchBody(b testing.TB, outputs func(i int) string) string {
	b.Helper()
	var results []map[string]any
	for i := range cloudapi.MaxPageSize {
		results = append(results, map[string]any{
			"InstanceId": fmt.Sprintf("i-bp1%017d", i), "InvokeId": testInvoke, "CommandId": testCommand, "InvocationStatus": "Failed", "InvokeRecordStatus": "Finished",
			"ExitCode": 1, "ErrorCode": "ExitCodeNonzero", "ErrorInfo": "the command execution exit code is not zero.", "Dropped": 0, "Repeats": 1, "Username": "root",
			"StartTime": "2026-11-22T03:01:29Z", "FinishedTime": "2026-11-22T03:01:33Z", "Output": base64.StdEncoding.EncodeToString([]byte(outputs(i))),
		})
	}
	body, err := json.Marshal(map[string]any{
		"RequestId":  "F416C43A-6581-4138-9503-4FBBC4EA1BB7",
		"Invocation": map[string]any{"InvocationResults": map[string]any{"InvocationResult": results}},
	})
	require.NoError(b, err)
	return string(body)
}

func benchClient(b testing.TB, body string) *cloudapi.Client {
	b.Helper()
	client, err := cloudapi.New(cloudapi.Config{Region: "cn-hangzhou", Credentials: cloudapi.StaticCredentials("testid", "testsecret", ""), Transport: answering(body)})
	require.NoError(b, err)
	return client
}

// BenchmarkReport50Results24KB is all from the body of the answer to the report
// that fits: the largest page there is, with as much output as Cloud Assistant
// keeps. The target is 20 ms without what redaction takes.
func BenchmarkReport50Results24KB(b *testing.B) {
	for name, outputs := range map[string]func(int) string{
		"distinct":         noise,
		"alike":            func(int) string { return noise(7) },
		"coloured":         func(i int) string { return strings.ReplaceAll(noise(i), "worker", "\x1b[32mworker\x1b[0m")[:24*1024] },
		"Chinese":          func(i int) string { return strings.ReplaceAll(noise(i), "handled", "处理了")[:24*1024-2] },
		"a secret a line":  func(i int) string { return strings.ReplaceAll(noise(i), "handled", "password=Wint3r-Sale!")[:24*1024] },
		"nothing is plain": func(i int) string { return strings.Repeat(fmt.Sprintf("\x1b[%dm\u200btoken \r", i), 24*1024/16) },
	} {
		client := benchClient(b, benchBody(b, outputs))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				read, err := client.DescribeInvocationResults(b.Context(), cloudapi.InvocationResultsRequest{InvokeID: testInvoke})
				if err != nil || len(read.Results) != cloudapi.MaxPageSize {
					b.Fatal(len(read.Results), err)
				}
				if r := Fit(testLock.InvocationResults(read), false); r.Verdict != Failed {
					b.Fatal(r.Verdict)
				}
			}
		})
	}
}

// BenchmarkReportAlone is the same without decoding, step by step.
func BenchmarkReportAlone(b *testing.B) {
	read, err := benchClient(b, benchBody(b, noise)).DescribeInvocationResults(b.Context(), cloudapi.InvocationResultsRequest{InvokeID: testInvoke})
	require.NoError(b, err)
	b.Run("report", func(b *testing.B) {
		for b.Loop() {
			testLock.InvocationResults(read)
		}
	})
	report := testLock.InvocationResults(read)
	b.Run("fit", func(b *testing.B) {
		for b.Loop() {
			Fit(report, false)
		}
	})
	text := noise(7)
	b.Run("strip 24KB", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			strip(text)
		}
	})
	b.Run("redact 24KB", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			testLock.redact(text)
		}
	})
	b.Run("excerpt 24KB", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			excerpt(text, window, -1, nil, false)
		}
	})
	lock := testLock.chamber()
	b.Run("fingerprint 24KB", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			lock.fingerprint(read.Results[7].Output)
		}
	})
}

// BenchmarkRedact has to grow with the text alone, whatever the text. The targets
// for logs are 6 ms for 24 KB and 250 ms for 1 MB, about what gitleaks takes.
func BenchmarkRedact(b *testing.B) {
	var logs, traps, words strings.Builder
	for i := range 44 {
		logs.WriteString(noise(i))
	}
	for _, c := range ordinaryOutput {
		traps.WriteString(c.text + "\n")
	}
	for _, r := range maintainedRules() {
		words.WriteString(strings.Join(r.places(), "=x ") + strings.Join(r.keywords, " ") + " ")
	}
	for _, c := range []struct{ name, text string }{
		{"id", "i-bp1f4s7k2w9q3m6x8z1c"},
		{"message", strings.Repeat("The command execution exit code is not zero. ", 6)},
		{"message of keys and tokens", strings.Repeat("The key of the token was refused by access. ", 6)},
		{"log 24KB", logs.String()[:24<<10]},
		{"log 1MB", logs.String()[:1<<20]},
		{"Chinese log 24KB", strings.ToValidUTF8(strings.ReplaceAll(logs.String(), "handled", "处理了密码错误的请求")[:24<<10], "")},
		{"Chinese log 1MB", strings.ToValidUTF8(strings.ReplaceAll(logs.String(), "handled", "处理了密码错误的请求")[:1<<20], "")},
		{"values that do not end 24KB", repeatTo("token:a&b;'", 24<<10)},
		{"lines that look like secrets 24KB", repeatTo(traps.String(), 24<<10)},
		{"lines that look like secrets 1MB", repeatTo(traps.String(), 1<<20)},
		{"keywords 24KB", repeatTo("token key secret api ", 24<<10)},
		{"keywords 1MB", repeatTo("token key secret api ", 1<<20)},
		{"all keywords 24KB", repeatTo(words.String(), 24<<10)},
		{"all keywords 1MB", repeatTo(words.String(), 1<<20)},
		{"the worst found 24KB", repeatTo("creds=", 24<<10)},
		{"the worst found 1MB", repeatTo("creds=", 1<<20)},
	} {
		testLock.redact(c.text) // what is read and compiled once
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			for b.Loop() {
				testLock.redact(c.text)
			}
		})
	}
}

// BenchmarkReadRules is what the first text of a process pays.
func BenchmarkReadRules(b *testing.B) {
	for b.Loop() {
		if _, err := readRules(config.DefaultConfig); err != nil {
			b.Fatal(err)
		}
	}
}

func repeatTo(text string, size int) string { return strings.Repeat(text, size/len(text)+1)[:size] }

func BenchmarkText(b *testing.B) {
	r := Fit(testLock.InvocationResults(page(fleet(50, func(i int, x *cloudapi.InvocationResult) {
		for _, change := range failedWith(int64(i), noise(i)) {
			change(x)
		}
	})...)), false)
	b.ReportAllocs()
	b.SetBytes(int64(len(Text(r, testFence))))
	for b.Loop() {
		Text(r, testFence)
	}
}
