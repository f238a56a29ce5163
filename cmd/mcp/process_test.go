package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/acs3"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

// In this file the program is a process of its own, with pipes to it. What the
// tests wait for has a deadline; nothing sleeps.

const (
	// patience is for what has to happen, however busy the machine is.
	patience = 30 * time.Second
	// exitLimit is the contract's, from the end of input or the first signal.
	exitLimit = 5 * time.Second
	// busy is what a machine that runs other things may add to any limit of a real
	// process. The exact times are held in the guard's tests, whose clock is their own.
	// It leaves less than the 40 s of the calls that wait.
	busy = 30 * time.Second
	// promptExit: the race detector would have each process sleep for a second
	// before its exit.
	promptExit = "GORACE=atexit_sleep_ms=0"
)

// message is a line of the protocol.
type message struct {
	ID     json.RawMessage
	Method string
	Params struct {
		ProgressToken json.RawMessage
		Progress      float64
		Message       string
	}
	Result struct {
		IsError           bool
		Content           []struct{ Type, Text string }
		StructuredContent map[string]any
	}
	Error *struct {
		Code    int
		Message string
	}
}

func (m message) text() string {
	var text strings.Builder
	for _, c := range m.Result.Content {
		text.WriteString(c.Text)
	}
	return text.String()
}

// process is the program as a client sees it.
type process struct {
	*exec.Cmd

	stdin  io.WriteCloser
	stdout chan message  // closed at the end of stdout
	exited chan struct{} // after that, with the whole of stderr
	stderr bytes.Buffer  // not to be looked at before
}

// launch starts the program with an environment of env alone. However the test
// ends, the process ends with it, and its log is looked through for secrets.
func launch(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.CommandContext(t.Context(), program, args...), stdout: make(chan message, 1000), exited: make(chan struct{})}
	p.Env = append([]string{"HOME=" + t.TempDir(), "ALITRIAGE_LOG_LEVEL=debug", promptExit}, env...)
	p.Stderr = &p.stderr
	stdin, err := p.StdinPipe()
	require.NoError(t, err)
	stdout, err := p.StdoutPipe()
	require.NoError(t, err)
	p.stdin = stdin
	require.NoError(t, p.Start())
	go p.read(t, stdout)
	t.Cleanup(func() {
		_ = p.Process.Kill() // most are gone already
		<-p.exited
		requireNoSecret(t, p.stderr.String())
	})
	return p
}

// read checks that stdout holds nothing but the protocol.
func (p *process) read(t *testing.T, stdout io.Reader) {
	lines := bufio.NewReader(stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			if len(line) > 0 {
				t.Errorf("stdout ends in the middle of a line: %.200q", line)
			}
			break
		}
		var m message
		if err := json.Unmarshal(line, &m); err != nil {
			t.Errorf("a line of stdout is not of the protocol: %v: %.200q", err, line)
		}
		p.stdout <- m
	}
	close(p.stdout)
	_ = p.Wait() // ProcessState has it
	close(p.exited)
}

func (p *process) say(t *testing.T, lines ...string) {
	t.Helper()
	_, err := io.WriteString(p.stdin, strings.Join(lines, ""))
	require.NoError(t, err)
}

// next is the next message that want holds for. Others are dropped.
func (p *process) next(t *testing.T, want func(message) bool) message {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case m, open := <-p.stdout:
			if !open {
				<-p.exited
				require.Fail(t, "stdout ended", "stderr: %s", &p.stderr)
			}
			if want(m) {
				return m
			}
		case <-timeout:
			require.Fail(t, "no such message")
		}
	}
}

// answer is the response to the request with this id.
func (p *process) answer(t *testing.T, id int) message {
	t.Helper()
	return p.next(t, func(m message) bool { return m.Method == "" && string(m.ID) == fmt.Sprint(id) })
}

// rest is all that comes until the end of stdout.
func (p *process) rest(t *testing.T) (all []message) {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case m, open := <-p.stdout:
			if !open {
				return all
			}
			all = append(all, m)
		case <-timeout:
			require.Fail(t, "stdout does not end")
		}
	}
}

// requireExit waits for the exit and wants code 0 within limit of since.
func (p *process) requireExit(t *testing.T, since time.Time, limit time.Duration) {
	t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		require.Fail(t, "the process does not end")
	}
	took := time.Since(since)
	require.Equal(t, 0, p.ProcessState.ExitCode(), "stderr: %s", &p.stderr)
	require.Less(t, took, limit+busy, "the exit took too long")
}

// world is the simulator behind real HTTP, as a process reaches it.
type world struct {
	*cloudsim.Sim

	url string
	// asked tells of each request, by operation, as soon as it has arrived.
	asked chan string
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{Sim: cloudsim.New(cloudsim.Options{}), asked: make(chan string, 1000)}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.asked <- r.Header.Get(acs3.HeaderAction)
		w.ServeHTTP(out, r)
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// env lets a process use the world.
func (w *world) env() []string {
	return []string{
		"ALITRIAGE_ENDPOINT=" + w.url, "ALIBABA_CLOUD_REGION_ID=" + cloudsim.Region,
		"ALIBABA_CLOUD_ACCESS_KEY_ID=" + w.Key().ID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + w.Key().Secret,
	}
}

func (w *world) awaitRequest(t *testing.T, operation string) {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case got := <-w.asked:
			if got == operation {
				return
			}
		case <-timeout:
			require.Fail(t, "the cloud was not asked for "+operation)
		}
	}
}

// secrets must not show anywhere.
var secrets = []string{
	"demo-access-key-secret", cloudsim.DemoPassword, cloudsim.DemoKeyID, cloudsim.DemoLicenseKey, wrongSecret,
}

// wrongSecret is what tests sign with to be refused.
const wrongSecret = "not-the-secret-of-this-key"

func requireNoSecret(t testing.TB, text string) {
	t.Helper()
	for _, secret := range secrets {
		require.NotContains(t, text, secret)
	}
}

// Lines of a client.

func request(id int, method string, params map[string]any) string {
	line, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params})
	if err != nil {
		panic(err)
	}
	return string(line) + "\n"
}

// toolCall asks for progress under the id of the call.
func toolCall(id int, tool string, args map[string]any) string {
	return request(id, "tools/call", map[string]any{"name": tool, "arguments": args, "_meta": map[string]any{"progressToken": id}})
}

func cancelled(id int) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}`+"\n", id)
}

// Calls that end at once, wait, and start something.

func webStatus(id int) string {
	return toolCall(id, "get_app_status", map[string]any{"app_id": cloudsim.WebApp})
}

// waiting is a call that waits until it is told not to: see runForEver.
func waiting(id int) string {
	return toolCall(id, "get_operation_result", map[string]any{"operation_id": cloudsim.Resize, "wait_seconds": 40})
}

func gather(id int) string {
	return toolCall(id, "gather_env_stats", map[string]any{"env_id": cloudsim.CheckoutEnv, "wait_seconds": 40})
}

// runForEver makes waiting calls wait.
func (w *world) runForEver() {
	w.PutOperation(cloudsim.Operation{ID: cloudsim.Resize, RunsFor: time.Hour})
}

// terminalCall is "call" as a person runs it.
type terminalCall struct {
	*exec.Cmd

	output bytes.Buffer // both streams
}

func launchCall(t *testing.T, w *world, args ...string) *terminalCall {
	t.Helper()
	p := &terminalCall{Cmd: exec.CommandContext(t.Context(), program, append([]string{"call"}, args...)...)}
	p.Env = append(w.env(), "HOME="+t.TempDir(), promptExit)
	p.Stdout, p.Stderr = &p.output, &p.output
	p.WaitDelay = patience
	require.NoError(t, p.Start())
	return p
}

// ended waits for the exit.
func (p *terminalCall) ended(t *testing.T) (code int, text string) {
	t.Helper()
	_ = p.Wait() // ProcessState has it; the test's own limit is the deadline
	requireNoSecret(t, p.output.String())
	return p.ProcessState.ExitCode(), p.output.String()
}
