package main

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkMemoryAfterToolsList is the peak memory of a process that has listed
// its tools (target: under 25 MB).
func BenchmarkMemoryAfterToolsList(b *testing.B) {
	path := build(b, ".")
	least := 1e9
	for b.Loop() {
		s := start(b, path)
		s.ask(b, initialize)
		s.ask(b, request(2, "tools/list", nil))
		least = min(least, peakMB(b, s.Process.Pid))
		s.end(b)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(least, "MB")
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
