package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

// shared is one simulator for two front ends, with a clock that a test can turn.
type shared struct {
	*cloudsim.Sim

	ahead atomic.Int64 // of the machine's clock
	url   string
}

func newShared(t *testing.T) *shared {
	t.Helper()
	s := &shared{}
	s.Sim = cloudsim.New(cloudsim.Options{Now: func() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }})
	server := httptest.NewServer(s.Sim)
	t.Cleanup(server.Close)
	s.url = server.URL
	t.Setenv("HOME", t.TempDir()) // credentials-go reads the process's environment
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", s.Key().ID)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", s.Key().Secret)
	return s
}

// app is the program on streams of the test's.
func (s *shared) app(in io.Reader, out, errs io.Writer, args ...string) *app {
	variables := map[string]string{"ALITRIAGE_ENDPOINT": s.url, "ALIBABA_CLOUD_REGION_ID": cloudsim.Region}
	lookUp := func(name string) (string, bool) { value, ok := variables[name]; return value, ok }
	return &app{args: append([]string{program}, args...), in: in, out: out, errs: errs, lookUp: lookUp}
}

// call is what a person at a terminal is told, on either stream.
func (s *shared) call(t *testing.T, tool string, words ...string) (code int, text string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = s.app(strings.NewReader(""), &out, &errs, append([]string{"call", tool}, words...)...).run(t.Context())
	return code, out.String() + errs.String()
}

// connect starts the server and connects an assistant to it.
func (s *shared) connect(t *testing.T) *client.Client {
	t.Helper()
	in, stdin := io.Pipe()
	stdout, out := io.Pipe()
	var log bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- s.app(in, out, &log).run(context.WithoutCancel(t.Context())) // it ends with its input
		out.Close()
	}()
	c := client.NewClient(transport.NewIO(stdout, stdin, io.NopCloser(strings.NewReader(""))))
	require.NoError(t, c.Start(t.Context()))
	_, err := c.Initialize(t.Context(), mcp.InitializeRequest{})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, c.Close())
		require.Equal(t, exitOK, <-code, &log)
	})
	return c
}

func TestTheSameAnswerFromMCPAndFromCall(t *testing.T) {
	s := newShared(t)
	assistant := s.connect(t)
	code, started := s.call(t, "gather_env_stats", cloudsim.CheckoutEnv, "wait_seconds=0")
	require.Equal(t, exitRunning, code, started)
	change := s.Calls().Changes[0]
	for _, test := range []struct {
		name, tool, argument, id string
		ahead                    time.Duration
		code                     int
		begins                   string
	}{
		{"a healthy app", "get_app_status", "app_id", cloudsim.WebApp, 0, exitOK, "OK: "},
		{"a release that waits for a human", "get_app_status", "app_id", cloudsim.CheckoutApp, 0, exitBad, "ACTION_NEEDED: "},
		{"a release that failed", "get_app_status", "app_id", cloudsim.PaymentsApp, 0, exitBad, "FAILED: "},
		{"a command", "get_invocation_results", "invoke_id", cloudsim.DiskCleanup, 0, exitBad, "FAILED: "},
		{"a gather that runs", "gather_env_stats", "change_id", change, 0, exitRunning, "IN_PROGRESS: "},
		{"an operation that runs", "get_operation_result", "operation_id", cloudsim.Resize, 0, exitRunning, "IN_PROGRESS: "},
		{"a gather that has ended", "gather_env_stats", "change_id", change, time.Minute, exitBad, "FAILED: "},
		{"an operation that has ended", "get_operation_result", "operation_id", cloudsim.Resize, time.Minute, exitOK, "OK: "},
		{"an operation nobody knows", "get_operation_result", "operation_id", "op_nobody", 0, exitNoAnswer, "UNKNOWN: "},
		{"an app nobody knows", "get_app_status", "app_id", "0099b7be-5f5b-4512-a7fc-56049ef10000", 0, exitNoAnswer, "UNKNOWN: Could not find out: "},
		{"a masked id", "get_app_status", "app_id", "0099b7be-5f5b-4512-a7fc-56049ef1****", 0, exitRefused, "get_app_status: refused"},
		{"an id of another kind", "get_operation_result", "operation_id", cloudsim.DiskCleanup, 0, exitRefused, "get_operation_result: refused"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.ahead.Store(int64(test.ahead))
			result := callTool(t, assistant, test.tool, map[string]any{test.argument: test.id})
			code, terminal := s.call(t, test.tool, test.id)
			require.Equal(t, test.code, code, terminal)
			require.True(t, strings.HasPrefix(terminal, test.begins), terminal)
			// A terminal gets a line break at the end.
			require.Equal(t, normal(strings.TrimSuffix(textOf(t, result), "\n")), normal(strings.TrimSuffix(terminal, "\n")))
			require.Equal(t, result.IsError, code == exitRefused || result.StructuredContent == nil)
			requireNoSecret(t, terminal)
			if !result.IsError {
				structured, err := json.Marshal(result.StructuredContent)
				require.NoError(t, err)
				_, printed := s.call(t, test.tool, test.id, "--json")
				require.JSONEq(t, normal(string(structured)), normal(printed))
			}
		})
	}
}
