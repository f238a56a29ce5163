package guard_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/alitriage/alitriage/cmd/mcp/internal/guard"
)

// In this file the library is mcp-go itself. Its stdio session is one global
// of the package, so none of these tests is parallel.

// idHeader carries a call's own id from the hook, which is told it, to the
// handler, which is not: the header of a stdio request is empty, its own, and
// out of the client's reach.
const idHeader = "Jsonrpc-Id"

func withID(_ context.Context, id any, call *mcp.CallToolRequest) {
	if text, err := json.Marshal(id); err == nil {
		call.Header = http.Header{idHeader: {string(text)}}
	}
}

func idOf(call mcp.CallToolRequest) json.RawMessage {
	return json.RawMessage(call.Header.Get(idHeader))
}

// handler is a tool of a test server.
type handler = func(ctx context.Context, g *guard.Guard, call mcp.CallToolRequest) string

// serving is a guarded mcp-go server that runs until the end of its input.
type serving struct {
	*guard.Guard
	ended chan error
}

func serve(t *testing.T, in io.Reader, out io.Writer, workers int, tools map[string]handler) *serving {
	t.Helper()
	// A drain this long makes the test fail, and not only wait, when the guard
	// waits for an answer that mcp-go never gives.
	g := guard.New(in, out, guard.Options{Drain: 20 * time.Second})
	hooks := &server.Hooks{}
	hooks.AddBeforeCallTool(withID)
	s := server.NewMCPServer("test", "0", server.WithToolCapabilities(false), server.WithHooks(hooks))
	for name, run := range tools {
		s.AddTool(mcp.NewTool(name), func(ctx context.Context, call mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText(run(ctx, g, call)), nil
		})
	}
	stdio := server.NewStdioServer(s)
	server.WithWorkerPoolSize(workers)(stdio)
	stdio.SetErrorLogger(log.New(io.Discard, "", 0))
	ended := make(chan error, 1)
	go func() { ended <- stdio.Listen(t.Context(), g.Reader(), g.Writer()) }()
	return &serving{g, ended}
}

// instant answers at once.
func instant(context.Context, *guard.Guard, mcp.CallToolRequest) string { return "done" }

// exchange gives a server all of stdin and then EOF, and returns what it wrote to its end.
func exchange(t *testing.T, stdin string, tools map[string]handler) []string {
	t.Helper()
	var stdout output
	s := serve(t, strings.NewReader(stdin), &stdout, 5, tools)
	require.NoError(t, <-s.ended)
	select {
	case <-s.Expired():
		require.Fail(t, "the guard waited for an answer that never comes")
	default:
	}
	return stdout.lines()
}

// output has a lock, for mcp-go sends its own notifications from a goroutine
// that may outlive Listen.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) lines() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Collect(strings.Lines(o.text.String()))
}

func call(id int, tool string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"_meta":{"progressToken":%d}}}`+"\n", id, tool, id)
}

// ids are those of the responses among lines.
func ids(t *testing.T, lines []string) []string {
	t.Helper()
	var found []string
	for _, line := range lines {
		var m struct {
			ID     json.RawMessage
			Method *string
		}
		require.NoError(t, json.Unmarshal([]byte(line), &m), line)
		if m.Method == nil {
			found = append(found, string(m.ID))
		}
	}
	return found
}

func TestNoCallBeforeEOFIsLost(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, calls := range []int{3, 20, 400} {
		t.Run(fmt.Sprint(calls), func(t *testing.T) {
			for range 20 {
				var stdin strings.Builder
				var want []string
				for id := range calls {
					stdin.WriteString(call(id, "instant"))
					want = append(want, fmt.Sprint(id))
				}
				got := exchange(t, stdin.String(), map[string]handler{"instant": instant})
				require.ElementsMatch(t, want, ids(t, got))
			}
		})
	}
}

func TestACallInFlightAtEOFCompletes(t *testing.T) {
	defer goleak.VerifyNone(t)
	got := exchange(t, call(1, "wait")+call(2, "instant"), map[string]handler{
		"instant": instant,
		"wait": func(ctx context.Context, g *guard.Guard, _ mcp.CallToolRequest) string {
			<-g.Draining()
			select {
			case <-ctx.Done():
				return "killed"
			case <-time.After(50 * time.Millisecond):
				return "completed"
			}
		},
	})
	require.ElementsMatch(t, []string{"1", "2"}, ids(t, got))
	require.Contains(t, strings.Join(got, ""), "completed")
}

func TestTheLastLineNeedsNoNewline(t *testing.T) {
	defer goleak.VerifyNone(t)
	got := exchange(t, strings.TrimSpace(call(1, "instant")), map[string]handler{"instant": instant})
	require.Equal(t, []string{"1"}, ids(t, got))
}

func TestProgressComesBeforeItsResultAndIsNeverDropped(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, test := range []struct{ rounds, calls, each int }{{20, 1, 5}, {1, 20, 500}} {
		for range test.rounds {
			var stdin strings.Builder
			for id := range test.calls {
				stdin.WriteString(call(id, "report"))
			}
			lines := exchange(t, stdin.String(), map[string]handler{
				"report": func(_ context.Context, g *guard.Guard, call mcp.CallToolRequest) string {
					token := call.Params.Meta.ProgressToken
					for i := range test.each {
						if g.Notify(token, "notifications/progress", map[string]any{"progressToken": token, "progress": i}) != nil {
							return "refused"
						}
					}
					return "reported"
				},
			})
			requireProgressInOrder(t, lines, test.calls, test.each)
		}
	}
}

func requireProgressInOrder(t *testing.T, lines []string, calls, each int) {
	t.Helper()
	next := map[int]int{}
	for _, line := range lines {
		var m struct {
			ID     *int
			Params struct{ ProgressToken, Progress int }
		}
		require.NoError(t, json.Unmarshal([]byte(line), &m))
		if m.ID != nil {
			require.Equal(t, each, next[*m.ID], "all before the result")
			require.Contains(t, line, "reported")
			continue
		}
		require.Equal(t, next[m.Params.ProgressToken], m.Params.Progress)
		next[m.Params.ProgressToken]++
	}
	require.Len(t, lines, calls*(each+1))
}

// conversation is a server whose client answers to what it reads.
type conversation struct {
	*serving
	stdin  *io.PipeWriter
	stdout *bufio.Reader
}

func converse(t *testing.T, workers int, tools map[string]handler) *conversation {
	t.Helper()
	in, stdin := io.Pipe()
	stdout, out := io.Pipe()
	return &conversation{serve(t, in, out, workers, tools), stdin, bufio.NewReader(stdout)}
}

func (c *conversation) say(t *testing.T, lines ...string) {
	t.Helper()
	_, err := io.WriteString(c.stdin, strings.Join(lines, ""))
	require.NoError(t, err)
}

func (c *conversation) hear(t *testing.T) string {
	t.Helper()
	line, err := c.stdout.ReadString('\n')
	require.NoError(t, err)
	return line
}

func TestACancelledRunningCallGetsNoResponse(t *testing.T) {
	defer goleak.VerifyNone(t)
	started, stopped := make(chan struct{}), make(chan bool, 1)
	c := converse(t, 5, map[string]handler{
		"wait": func(ctx context.Context, g *guard.Guard, call mcp.CallToolRequest) string {
			close(started)
			<-ctx.Done()
			stopped <- g.Cancelled(idOf(call))
			return "cancelled"
		},
	})
	c.say(t, call(1, "wait"))
	<-started
	c.say(t, cancel("1"))
	require.True(t, <-stopped, "its handler knows why")
	c.say(t, request("2"))
	require.Equal(t, result("2"), c.hear(t), "the first thing said")
	require.NoError(t, c.stdin.Close())
	require.NoError(t, <-c.ended)
}

func TestACallCancelledInTheQueueCanBeSkippedAndGetsNoResponse(t *testing.T) {
	defer goleak.VerifyNone(t)
	release, skipped := make(chan struct{}), make(chan bool, 1)
	c := converse(t, 1, map[string]handler{
		"block": func(context.Context, *guard.Guard, mcp.CallToolRequest) string {
			<-release
			return "done"
		},
		"queued": func(_ context.Context, g *guard.Guard, call mcp.CallToolRequest) string {
			skipped <- g.Cancelled(idOf(call))
			return "skipped"
		},
	})
	c.say(t, call(1, "block"), call(2, "queued"), cancel("2"), request("3"))
	require.Equal(t, result("3"), c.hear(t), "the cancellation before it was read")
	close(release)
	require.Contains(t, c.hear(t), `"id":1,`)
	require.True(t, <-skipped)
	c.say(t, request("4"))
	require.Equal(t, result("4"), c.hear(t))
	require.NoError(t, c.stdin.Close())
	require.NoError(t, <-c.ended)
}

func TestDrainEndsAServerThatWaitsForInput(t *testing.T) {
	defer goleak.VerifyNone(t)
	c := converse(t, 5, map[string]handler{
		"wait": func(_ context.Context, g *guard.Guard, _ mcp.CallToolRequest) string {
			<-g.Draining()
			return "in progress"
		},
	})
	c.say(t, call(1, "wait"), request("2"))
	require.Equal(t, result("2"), c.hear(t))
	c.Drain()
	require.Contains(t, c.hear(t), "in progress")
	require.NoError(t, <-c.ended)
	require.NoError(t, c.stdin.Close()) // a process would simply exit
}

func TestAServerEndsWhenItsClientHasGone(t *testing.T) {
	defer goleak.VerifyNone(t)
	in, stdin := io.Pipe()
	s := serve(t, in, &gone{}, 5, map[string]handler{
		"instant": instant,
		"wait": func(ctx context.Context, _ *guard.Guard, _ mcp.CallToolRequest) string {
			<-ctx.Done()
			return ""
		},
	})
	_, err := io.WriteString(stdin, call(1, "wait")+call(2, "instant"))
	require.NoError(t, err)
	require.NoError(t, <-s.ended, "the library does not tell")
	<-s.Broken()
	require.ErrorIs(t, s.Err(), errGone)
	require.NoError(t, stdin.Close())
}

const modern = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`

// shapes are lines with the ids of the responses that mcp-go gives when one is all of stdin.
var shapes = []struct {
	name, line string
	want       []string
}{
	{"ping", `{"jsonrpc":"2.0","id":1,"method":"ping"}`, []string{"1"}},
	{"id a string", `{"jsonrpc":"2.0","id":"1","method":"ping"}`, []string{`"1"`}},
	{"id a fraction", `{"jsonrpc":"2.0","id":1.5,"method":"ping"}`, []string{"1.5"}},
	{"id 1.0", `{"jsonrpc":"2.0","id":1.0,"method":"ping"}`, []string{"1"}},
	{"id of 54 bits", `{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}`, []string{"9007199254740993"}},
	{"id -0", `{"jsonrpc":"2.0","id":-0,"method":"ping"}`, []string{"-0"}},
	{"id 1e400", `{"jsonrpc":"2.0","id":1e400,"method":"ping"}`, []string{"1e400"}},
	{"id an object", `{"jsonrpc":"2.0","id":{"b":1,"a":2},"method":"ping"}`, []string{`{"a":2,"b":1}`}},
	{"id a list", `{"jsonrpc":"2.0","id":[1],"method":"ping"}`, []string{"[1]"}},
	{"id a bool", `{"jsonrpc":"2.0","id":false,"method":"tools/call"}`, []string{"false"}},
	{"id null", `{"jsonrpc":"2.0","id":null,"method":"ping"}`, nil},
	{"no id", `{"jsonrpc":"2.0","method":"ping"}`, nil},
	{"a call without id", `{"jsonrpc":"2.0","method":"tools/call","params":{"name":"instant"}}`, nil},
	{"id in capitals", `{"JSONRPC":"2.0","ID":1,"Method":"ping"}`, []string{"1"}},
	{"two ids", `{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}`, []string{"2"}},
	{"no method", `{"jsonrpc":"2.0","id":1}`, []string{"1"}},
	{"method null", `{"jsonrpc":"2.0","id":1,"method":null}`, []string{"1"}},
	{"method a number", `{"jsonrpc":"2.0","id":1,"method":7}`, []string{"null"}},
	{"method unknown", `{"jsonrpc":"2.0","id":1,"method":"no/such"}`, []string{"1"}},
	{"tool unknown", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"no"}}`, []string{"1"}},
	{"no params", `{"jsonrpc":"2.0","id":1,"method":"tools/call"}`, []string{"1"}},
	{"params a list", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[1]}`, []string{"1"}},
	{"_meta a number", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"instant","_meta":1}}`, []string{"1"}},
	{"notification, params a list", `{"jsonrpc":"2.0","method":"x","params":[1]}`, []string{"null"}},
	{"no version", `{"id":1,"method":"ping"}`, []string{"1"}},
	{"wrong version", `{"jsonrpc":"1.0","id":1,"method":"tools/call"}`, []string{"1"}},
	{"wrong version, no id", `{"jsonrpc":"1.0","method":"tools/call"}`, []string{"null"}},
	{"version a number", `{"jsonrpc":2,"id":1,"method":"ping"}`, []string{"null"}},
	{"version a number, a call", `{"jsonrpc":2,"id":1,"method":"tools/call"}`, []string{"null"}},
	{"a response", `{"jsonrpc":"2.0","id":1,"result":{}}`, nil},
	{"a response with a method", `{"jsonrpc":"2.0","id":1,"method":"tools/call","result":{}}`, nil},
	{"a response of null", `{"jsonrpc":"2.0","id":1,"result":null}`, []string{"1"}},
	{"an error response", `{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}`, []string{"1"}},
	{"no JSON", `{"jsonrpc"`, []string{"null"}},
	{"a batch", `[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, []string{"1"}},
	{"a batch without a request", `[7]`, []string{"null"}},
	{"a negative one", `{"jsonrpc":"2.0","id":-9223372036854775809,"method":"ping"}`, []string{"-9223372036854775809"}},
	{"one of many digits", `{"jsonrpc":"2.0","id":0.12345678901234567890123,"method":"ping"}`, []string{"0.12345678901234567890123"}},
	{"one with half a character", `{"jsonrpc":"2.0","id":"\ud800","method":"ping"}`, []string{`"\ud800"`}},
	{"one of a call that fails", `{"jsonrpc":"2.0","id":9007199254740993,"method":"x"}`, []string{"9007199254740993"}},
	{"a string", `"x"`, []string{"null"}},
	{"null", `null`, []string{"null"}},
	{"an empty object", `{}`, []string{"null"}},
	{"blank", ` `, nil},
	{"a subscription", `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},` + modern + `}}`, []string{"1"}},
	{"discover", `{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{` + modern + `}}`, []string{"1"}},
}

func TestEveryShapeOfLineIsAnsweredOrNotWaitedFor(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, test := range shapes {
		t.Run(test.name, func(t *testing.T) {
			for _, stdin := range []string{test.line, test.line + "\n", test.line + "\r\n"} {
				got := exchange(t, stdin, map[string]handler{"instant": instant})
				require.Equal(t, test.want, ids(t, got), stdin)
			}
		})
	}
}
