package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/tools"
)

// The figures of these benchmarks, with their targets, are in docs/benchmarks.md.
// Each reports the best of its rounds: what else the machine does only adds.

// simClient reaches a simulator without a network in between.
func simClient(b *testing.B) *cloudapi.Client {
	b.Helper()
	sim := cloudsim.New(cloudsim.Options{})
	key := sim.Key()
	client, err := cloudapi.New(cloudapi.Config{
		Region: cloudsim.Region, Credentials: cloudapi.StaticCredentials(key.ID, key.Secret, ""), Transport: sim.Transport(),
	})
	require.NoError(b, err)
	return client
}

// BenchmarkToolsCallOverStdio is one tools/call from the line of the request to
// the line of the response, guard, report and text included. The metric
// µs-added is what that adds to the same call through cloudapi (target: under
// 250).
func BenchmarkToolsCallOverStdio(b *testing.B) {
	client := simClient(b)
	s := serveTools(b, func(drain <-chan struct{}) (tools.Config, []tools.Tool) {
		cfg := tools.Config{Profiles: []tools.Profile{{Name: "default", Client: client}}, MaxWait: time.Minute, Drain: drain}
		return cfg, tools.All(cfg)
	})
	stdout := bufio.NewReader(s.stdout)
	line := request(1, "tools/call", map[string]any{"name": "get_app_status", "arguments": map[string]any{"app_id": cloudsim.WebApp}})
	overStdio := func() {
		if _, err := io.WriteString(s.stdin, line); err != nil {
			b.Fatal(err)
		}
		if answer, err := stdout.ReadBytes('\n'); err != nil || len(answer) < 1000 {
			b.Fatalf("%s %v", answer, err)
		}
	}
	direct := func() { describeWebApp(b, client) }
	b.ReportAllocs()
	for b.Loop() {
		overStdio()
	}
	with, without := fastest(overStdio, direct)
	b.ReportMetric(float64((with-without).Nanoseconds())/1e3, "µs-added")
}

// BenchmarkSameCallThroughCloudapi is the floor for BenchmarkToolsCallOverStdio.
func BenchmarkSameCallThroughCloudapi(b *testing.B) {
	client := simClient(b)
	b.ReportAllocs()
	for b.Loop() {
		describeWebApp(b, client)
	}
}

func describeWebApp(b *testing.B, client *cloudapi.Client) {
	if _, err := client.DescribeApplicationStatus(b.Context(), cloudsim.WebApp); err != nil {
		b.Fatal(err)
	}
}

// fastest times two functions in turns, ten times each in a round, and returns
// the mean of the best round of either. A round is short enough to find a
// moment in which the machine does nothing else.
func fastest(first, second func()) (x, y time.Duration) {
	const rounds, times = 300, 10
	mean := func(f func()) time.Duration {
		began := time.Now()
		for range times {
			f()
		}
		return time.Since(began) / times
	}
	x, y = mean(first), mean(second)
	for range rounds - 1 {
		x, y = min(x, mean(first)), min(y, mean(second))
	}
	return x, y
}

// BenchmarkStart is from the start of the process to the answer to initialize.
// The metric ratio compares it with bare mcp-go and the same tools (target: at
// most 1.5).
func BenchmarkStart(b *testing.B) {
	ours := build(b, ".")
	bare := build(b, "./testdata/bare")
	list, err := filepath.Abs("testdata/tools-list.json")
	require.NoError(b, err)
	best, floor, demo := time.Hour, time.Hour, time.Hour
	for b.Loop() {
		best = min(best, timeToInitialize(b, ours))
		floor = min(floor, timeToInitialize(b, bare, list))
		demo = min(demo, timeToInitialize(b, ours, "--demo"))
	}
	b.ReportMetric(0, "ns/op") // of all three together
	b.ReportMetric(milliseconds(best), "ms")
	b.ReportMetric(milliseconds(demo), "ms-demo")
	b.ReportMetric(milliseconds(floor), "ms-bare")
	b.ReportMetric(float64(best)/float64(floor), "ratio")
}

// BenchmarkPing and BenchmarkCallOfAProcess are one request after the other to a
// process, beside bare mcp-go, whose tools answer with a constant.
func BenchmarkPing(b *testing.B) {
	besideBare(b, []string{request(2, "ping", nil)}, 0)
}

// BenchmarkCallOfAProcess asks for one account after the other, so that no call
// waits for a turn in the budget of its account (10 at once, then 5 a second): a
// process takes no more than 8 calls for each. What is measured is a call, and not
// how many a server may make.
func BenchmarkCallOfAProcess(b *testing.B) {
	const accounts, callsEach = 100, 8
	var file strings.Builder
	file.WriteString("default_profile: a0\nprofiles:\n")
	lines := make([]string, accounts)
	for i := range accounts {
		fmt.Fprintf(&file, "  a%d: {region: %s}\n", i, cloudsim.Region)
		lines[i] = request(2, "tools/call", map[string]any{"name": "get_app_status", "arguments": map[string]any{"app_id": cloudsim.WebApp, "profile": fmt.Sprintf("a%d", i)}})
	}
	path := filepath.Join(b.TempDir(), "alitriage.yaml")
	require.NoError(b, os.WriteFile(path, []byte(file.String()), 0o600))
	besideBare(b, lines, accounts*callsEach, "--config", path)
}

// BenchmarkToolsList also tells how many bytes the list has.
func BenchmarkToolsList(b *testing.B) {
	besideBare(b, []string{request(2, "tools/list", nil)}, 0)
}

// besideBare sends the lines in turns, most of them to one process (0: all).
func besideBare(b *testing.B, lines []string, most int, flags ...string) {
	b.Helper()
	list, err := filepath.Abs("testdata/tools-list.json")
	require.NoError(b, err)
	for _, server := range []struct {
		name, pkg string
		args      []string
	}{{"ours", ".", append([]string{"--demo"}, flags...)}, {"bare", "./testdata/bare", []string{list}}} {
		b.Run(server.name, func(b *testing.B) {
			program := build(b, server.pkg)
			s := start(b, program, server.args...)
			s.ask(b, initialize)
			size, sent := 0, 0
			for b.Loop() {
				if sent++; most > 0 && sent%most == 0 {
					b.StopTimer()
					s.end(b)
					s = start(b, program, server.args...)
					s.ask(b, initialize)
					b.StartTimer()
				}
				_, err := io.WriteString(s.stdin, lines[sent%len(lines)])
				require.NoError(b, err)
				answer, err := s.stdout.ReadBytes('\n')
				require.NoError(b, err)
				require.NotContains(b, string(answer[:min(len(answer), 200)]), `"isError":true`)
				size = len(answer)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
			b.ReportMetric(float64(size), "bytes")
			s.end(b)
		})
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

// build makes a program as it is released, but for its version.
func build(b *testing.B, pkg string) (path string) {
	b.Helper()
	path = filepath.Join(b.TempDir(), "program")
	cmd := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	said, err := cmd.CombinedOutput()
	require.NoError(b, err, "%s", said)
	return path
}

// started is a server that has been asked something.
type started struct {
	*exec.Cmd

	stdin  io.WriteCloser
	stdout *bufio.Reader
}

func start(b *testing.B, path string, args ...string) *started {
	b.Helper()
	s := &started{Cmd: exec.CommandContext(b.Context(), path, args...)}
	s.Env = []string{"HOME=" + b.TempDir()}
	stdin, err := s.StdinPipe()
	require.NoError(b, err)
	stdout, err := s.StdoutPipe()
	require.NoError(b, err)
	s.stdin, s.stdout = stdin, bufio.NewReader(stdout)
	require.NoError(b, s.Start())
	return s
}

func (s *started) ask(b *testing.B, line string) {
	b.Helper()
	_, err := io.WriteString(s.stdin, line)
	require.NoError(b, err)
	_, err = s.stdout.ReadSlice('\n')
	if err != bufio.ErrBufferFull { //nolint:errorlint // the beginning of a long answer is enough
		require.NoError(b, err)
	}
}

func (s *started) end(b *testing.B) {
	b.Helper()
	require.NoError(b, s.stdin.Close())
	_, _ = io.Copy(io.Discard, s.stdout)
	require.NoError(b, s.Wait())
}

func timeToInitialize(b *testing.B, path string, args ...string) time.Duration {
	b.Helper()
	began := time.Now()
	s := start(b, path, args...)
	s.ask(b, initialize)
	took := time.Since(began)
	s.end(b)
	return took
}

var initialize = request(1, "initialize", map[string]any{
	"protocolVersion": "2025-11-25", "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "bench", "version": "1"},
})

// BenchmarkBinarySize is of the stripped program (target: at most 15 MB).
func BenchmarkBinarySize(b *testing.B) {
	info, err := os.Stat(build(b, "."))
	require.NoError(b, err)
	for b.Loop() { // a benchmark has to
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(info.Size())/1e6, "MB")
}
