package jobs

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// The memory of a process that holds a queue with 1,000 runs, in MB.
func BenchmarkMemory(b *testing.B) {
	q := openBench(b)
	for i := range 1000 {
		_, _, err := q.Submit(b.Context(), fmt.Sprint(i), state{})
		require.NoError(b, err)
	}
	for b.Loop() {
		text, err := os.ReadFile("/proc/self/status")
		require.NoError(b, err)
		found := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(text)
		require.NotNil(b, found)
		kB, err := strconv.Atoi(string(found[1]))
		require.NoError(b, err)
		b.ReportMetric(float64(kB)/1000, "MB")
	}
}
