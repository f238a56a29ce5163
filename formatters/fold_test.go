package formatters

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

func TestFold(t *testing.T) {
	for _, c := range []struct{ fact, in, want string }{
		{"a number", "took 12 ms", "took 0 ms"},
		{"an amount", "1,234.5 of 12,000", "0 of 0"},
		{"a time", "2026-11-22T03:07:29Z up", "0Z up"},
		{"durations with and without a point", "1.5s 12s", "0s 0s"},
		{"an address and a port", "10.0.3.17:8080 refused", "0 refused"},
		{"a host name", "web-01 and iZbp1x9k2Z", "web-0 and 0"},
		{"an InstanceId", "i-bp1f4s7k2w9q3m6x8z1c", "i-0"},
		{"a UUID", "5c0e8a4f-93d1-4b7a-a2f6-1d84c7e0b935!", "0!"},
		{"a UUID with a part of letters alone", "5c0e8a4f-face-4b7a-a2f6-1d84c7e0b935", "0"},
		{"letters of a word with a number stay", "node1OK node12FAILED", "node0OK node0FAILED"},
		{"a commit", "at 3f9c2ab1d", "at 0"},
		{"white space", " \t a\r\n\n b  ", "a b"},
		{"words stay", "error: no such file /data/app.log", "error: no such file /data/app.log"},
		{"words of hexadecimal letters stay", "3-way added 2 bad", "0-way added 0 bad"},
		{"a number in a path", "/data/2024/11/x", "/data/0/x"},
		{"Chinese stays", "磁盘使用率 97%", "磁盘使用率 0%"},
		{"nothing", "", ""},
	} {
		t.Run(c.fact, func(t *testing.T) { require.Equal(t, c.want, string(fold(nil, []byte(c.in)))) })
	}
}

// TestOutputsAreComparedWithoutWhatDiffersEverywhere: what differs in numbers,
// ids, times or white space alone is alike.
func TestOutputsAreComparedWithoutWhatDiffersEverywhere(t *testing.T) {
	of := func(text string) uint64 {
		return testLock.chamber().fingerprint(cloudapi.Output{MachineBytes: cloudapi.NewMachineBytes([]byte(text))})
	}
	base := of("host i-1 took 12 ms\ndone\n")
	for _, same := range []string{"host i-2 took 3456 ms\r\ndone", "host i-2\ttook 0 ms\n\n\ndone  "} {
		require.Equal(t, base, of(same), "%q", same)
	}
	for _, other := range []string{"host i-2 took ms\ndone\n", "host i-3 took 12 ms\ndonе\n", "", "host i-2 took 12 ms\n"} {
		require.NotEqual(t, base, of(other), "%q", other)
	}
	require.Equal(t, of(""), of(" \n"))
}
