package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkMemoryAfterToolsList is the peak memory of a process that has listed
// its tools (target: under 25 MB), beside bare mcp-go.
func BenchmarkMemoryAfterToolsList(b *testing.B) {
	ours, bare := build(b, "."), build(b, "./testdata/bare")
	list, err := filepath.Abs("testdata/tools-list.json")
	require.NoError(b, err)
	least, floor := 1e9, 1e9
	for b.Loop() {
		least = min(least, memoryAfterToolsList(b, ours))
		floor = min(floor, memoryAfterToolsList(b, bare, list))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(least, "MB")
	b.ReportMetric(floor, "MB-bare")
}

func memoryAfterToolsList(b *testing.B, path string, args ...string) float64 {
	b.Helper()
	s := start(b, path, args...)
	defer s.end(b)
	s.ask(b, initialize)
	s.ask(b, request(2, "tools/list", nil))
	return peakMB(b, s.Process.Pid)
}

func peakMB(b *testing.B, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(b, err)
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	require.NotNil(b, found)
	kB, err := strconv.Atoi(string(found[1]))
	require.NoError(b, err)
	return float64(kB) * 1024 / 1e6
}
