package streams_test

import (
	"bytes"
	"fmt"
	"log"
	"log/slog"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/internal/streams"
)

const asProgram = "ALITRIAGE_TEST_AS_PROGRAM"

// TestMain makes this binary a program with a library that prints, where the test
// has started it for that.
func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "" {
		os.Exit(m.Run())
	}
	stdout, stderr := streams.Own()
	fmt.Println("a library's secret")
	fmt.Fprintln(os.Stdout, "a library's secret")
	fmt.Fprintln(os.Stderr, "a library's secret")
	log.Print("a library's secret")
	slog.Error("a library's secret")                                                          //nolint:sloglint // a library would
	child := exec.Command("sh", "-c", "echo a child\\'s secret; echo a child\\'s secret >&2") //nolint:noctx // it ends by itself
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if err := child.Run(); err != nil {
		fmt.Fprintln(stderr, err)
	}
	fmt.Fprintln(stdout, "the protocol")
	fmt.Fprintln(stderr, "the log")
	panic("a crash")
}

func TestOnlyTheProgramReachesItsStreams(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	var stdout, stderr bytes.Buffer
	program := exec.CommandContext(t.Context(), self)
	program.Env = append(os.Environ(), asProgram+"=1")
	program.Stdout, program.Stderr = &stdout, &stderr
	require.Error(t, program.Run(), "it panics")
	require.Equal(t, "the protocol\n", stdout.String())
	require.Contains(t, stderr.String(), "the log\npanic: a crash\n", "what people need after a crash is there")
	require.NotContains(t, stderr.String(), "secret")
}
