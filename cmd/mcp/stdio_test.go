package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

// This one keeps the machine busy and is not parallel, for the sake of the
// others, which look at the clock.
func TestNoCallBeforeEOFIsLost(t *testing.T) {
	const rounds, calls = 20, 20
	for range rounds {
		p := launch(t, nil, "--demo")
		for id := range calls {
			p.say(t, toolCall(id, "get_app_status", map[string]any{"app_id": "web"}))
		}
		ended := time.Now()
		require.NoError(t, p.stdin.Close())
		requireAnsweredOnce(t, p.rest(t), calls)
		p.requireExit(t, ended, exitLimit)
	}
}

func TestPipelinedCallsAreAnsweredOnceEach(t *testing.T) {
	t.Parallel()
	const calls = 100
	p := launch(t, nil, "--demo")
	aliases := []map[string]any{{"app_id": "web"}, {"app_id": "checkout"}, {"app_id": "payments"}, {"app_id": "nobody"}}
	var lines strings.Builder
	for id := range calls {
		lines.WriteString(toolCall(id, "get_app_status", aliases[id%len(aliases)]))
	}
	p.say(t, lines.String())
	answers := make([]message, calls)
	for i := range answers {
		answers[i] = p.next(t, func(m message) bool { return m.Method == "" })
	}
	requireAnsweredOnce(t, answers, calls)
	ended := time.Now()
	require.NoError(t, p.stdin.Close())
	require.Empty(t, p.rest(t))
	p.requireExit(t, ended, exitLimit)
}

func TestALastLineWithoutNewlineIsAnswered(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "--demo")
	p.say(t, strings.TrimSuffix(toolCall(7, "get_app_status", map[string]any{"app_id": "web"}), "\n"))
	require.NoError(t, p.stdin.Close())
	require.Contains(t, p.answer(t, 7).text(), "SIMULATED OK: ")
}

func TestProgressComesBeforeTheResult(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := launch(t, w.env())
	p.say(t, gather(1))
	var last float64
	seen := 0
	result := p.next(t, func(m message) bool {
		if m.Method == "notifications/progress" {
			seen++
			require.JSONEq(t, "1", string(m.Params.ProgressToken))
			require.Greater(t, m.Params.Progress, last)
			require.Contains(t, m.Params.Message, "Gather wc-")
			last = m.Params.Progress
		}
		return m.Method == ""
	})
	require.Positive(t, seen)
	require.Equal(t, "failed", result.Result.StructuredContent["verdict"])
	require.NoError(t, p.stdin.Close())
	require.Empty(t, p.rest(t), "something came after the result")
}

func TestACancelledCallGetsNoResponse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.runForEver()
	p := launch(t, w.env())
	p.say(t, waiting(1))
	w.awaitRequest(t, "GetExecuteOperationResult")
	p.say(t, cancelled(1), webStatus(2))
	require.Contains(t, p.answer(t, 2).text(), "OK: ")
	ended := time.Now()
	require.NoError(t, p.stdin.Close())
	for _, m := range p.rest(t) {
		require.NotEqual(t, "1", string(m.ID), "a response to the cancelled call")
	}
	p.requireExit(t, ended, 3*time.Second)
}

func TestACallCancelledInTheQueueNeverReachesTheCloud(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.runForEver()
	p := launch(t, w.env())
	for id := range workers {
		p.say(t, waiting(id))
	}
	busy := map[string]bool{}
	p.next(t, func(m message) bool {
		busy[string(m.Params.ProgressToken)] = true
		return len(busy) == workers
	})
	p.say(t, gather(100), cancelled(100), webStatus(101), request(102, "ping", nil))
	p.answer(t, 102) // so the cancellation has been read
	require.NoError(t, p.stdin.Close())
	answered := map[string]bool{}
	for _, m := range p.rest(t) {
		answered[string(m.ID)] = true
	}
	require.NotContains(t, answered, "100")
	require.Contains(t, answered, "101")
	require.Zero(t, w.Calls().Accepted["GatherAppEnvStats"])
}

func TestAWaitThatMeetsEOFAnswersWithResume(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := launch(t, w.env())
	p.say(t, gather(1))
	w.awaitRequest(t, "DescribeGatherStatsResult")
	ended := time.Now()
	require.NoError(t, p.stdin.Close())
	result := p.answer(t, 1)
	p.requireExit(t, ended, 3*time.Second)
	require.False(t, result.Result.IsError)
	require.Equal(t, "in_progress", result.Result.StructuredContent["verdict"])
	require.Equal(t, map[string]any{"change_id": w.Calls().Changes[0], "profile": "default", "region": "cn-hangzhou"},
		result.Result.StructuredContent["resume"])
	require.Contains(t, result.text(), `Ask again with: {"change_id":"`+w.Calls().Changes[0]+`"`)
}

func TestWhatHangsAtTheCloudIsAnsweredAsAnErrorSoonAfterEOF(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, operation, call, says string }{
		{"a read", "DescribeApplicationStatus", webStatus(1), "shutting down"},
		{"a start", "GatherAppEnvStats", gather(1), "may have started"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Inject(cloudsim.Fault{Operation: test.operation, Kind: cloudsim.Delay, Delay: time.Hour})
			p := launch(t, w.env())
			p.say(t, test.call)
			w.awaitRequest(t, test.operation)
			ended := time.Now()
			require.NoError(t, p.stdin.Close())
			result := p.answer(t, 1)
			p.requireExit(t, ended, exitLimit)
			require.True(t, result.Result.IsError)
			require.Contains(t, result.text(), test.says)
			require.LessOrEqual(t, w.Calls().Accepted[test.operation], 1, "it was asked again")
		})
	}
}

// More calls hang than there are workers: those in the queue must not begin any
// more, and have their answer all the same. Not parallel: the answers have 0.8 s
// of real time, which other processes must not eat.
func TestACrowdThatHangsAtTheCloudIsAnsweredSoonAfterEOF(t *testing.T) {
	const calls = workers + 16
	w := newWorld(t)
	w.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Delay: time.Hour})
	p := launch(t, w.env())
	for id := range workers {
		p.say(t, toolCall(id, "get_app_status", map[string]any{"app_id": fmt.Sprintf("0099b7be-5f5b-4512-a7fc-56049ef1%04d", id)}))
	}
	for range workers {
		w.awaitRequest(t, "DescribeApplicationStatus")
	}
	for id := workers; id < calls; id++ {
		p.say(t, gather(id))
	}
	ended := time.Now()
	require.NoError(t, p.stdin.Close())
	all := p.rest(t)
	p.requireExit(t, ended, exitLimit)
	requireAnsweredOnce(t, all, calls)
	require.Zero(t, w.Calls().Accepted["GatherAppEnvStats"])
	for _, m := range all {
		require.True(t, m.Result.IsError)
		require.Contains(t, m.text(), "the server is shutting down")
	}
}

func TestAClientThatHasGoneEndsTheProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	theirs, ours, err := os.Pipe()
	require.NoError(t, err)
	p := exec.CommandContext(t.Context(), program)
	p.Env = append(w.env(), "HOME="+t.TempDir(), promptExit)
	p.Stdout = ours
	var log strings.Builder
	p.Stderr = &log
	stdin, err := p.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	require.NoError(t, ours.Close())
	require.NoError(t, theirs.Close())
	_, err = io.WriteString(stdin, webStatus(1)) // and stdin stays open
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- p.Wait() }()
	select {
	case err := <-ended:
		require.NoError(t, err, "killed instead of ended")
	case <-time.After(patience):
		require.NoError(t, p.Process.Kill())
		require.Fail(t, "the process does not end")
	}
	require.Contains(t, log.String(), "client is gone")
	require.Equal(t, 1, strings.Count(log.String(), "\n"), "said more than once: %s", &log)
}

func TestNothingIsAskedBeforeTheFirstCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var lookUps atomic.Int32
	keys := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		lookUps.Add(1)
		fmt.Fprintf(out, `{"AccessKeyId":%q,"AccessKeySecret":%q,"SecurityToken":"token","Expiration":%q}`,
			w.Key().ID, w.Key().Secret, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}))
	t.Cleanup(keys.Close)
	p := launch(t, []string{"ALITRIAGE_ENDPOINT=" + w.url, "ALIBABA_CLOUD_REGION_ID=cn-hangzhou", "ALIBABA_CLOUD_CREDENTIALS_URI=" + keys.URL})
	p.say(t, request(1, "initialize", map[string]any{"protocolVersion": "2025-11-25", "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "test", "version": "1"}}),
		request(2, "tools/list", nil))
	p.answer(t, 2)
	require.Zero(t, lookUps.Load())
	require.Empty(t, w.asked)
	p.say(t, webStatus(3))
	p.answer(t, 3)
	require.Positive(t, lookUps.Load())
	w.awaitRequest(t, "DescribeApplicationStatus")
}

func TestSecretsStayOutOfAnswersAndLogs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := launch(t, append(w.env(), "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+wrongSecret))
	p.say(t, webStatus(1))
	result := p.answer(t, 1)
	require.True(t, result.Result.IsError)
	require.Contains(t, result.text(), "The AccessKey secret is wrong")
	requireNoSecret(t, result.text())
	require.NotContains(t, result.text(), "ACS3-HMAC-SHA256", "the string to sign")
	require.NoError(t, p.stdin.Close())
	<-p.exited
	require.Contains(t, p.stderr.String(), "SignatureDoesNotMatch")
	require.NotContains(t, p.stderr.String(), "ACS3-HMAC-SHA256")
}

// requireAnsweredOnce wants one response for each of the ids 0 to calls-1, and
// no other.
func requireAnsweredOnce(t *testing.T, all []message, calls int) {
	t.Helper()
	times := map[string]int{}
	for _, m := range all {
		if m.Method == "" {
			times[string(m.ID)]++
		}
	}
	require.Len(t, times, calls)
	for id := range calls {
		require.Equal(t, 1, times[fmt.Sprint(id)], "responses to call %d", id)
	}
}

func TestAHugeLineIsRefusedAndTheNextIsServed(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "--demo")
	p.say(t, toolCall(1, "get_app_status", map[string]any{"app_id": strings.Repeat("x", 5<<20)}),
		toolCall(2, "get_app_status", map[string]any{"app_id": "web"}))
	refusal := p.next(t, func(m message) bool { return m.Error != nil })
	require.JSONEq(t, "1", string(refusal.ID), "its client waits for it")
	require.Contains(t, refusal.Error.Message, "send it again with shorter arguments")
	require.Contains(t, p.answer(t, 2).text(), "SIMULATED OK: ")
}

// credentials-go prints what a credentials command says when that is no JSON.
func TestACredentialsCommandDoesNotReachStdout(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(home, ".aliyun"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(home, ".aliyun", "config.json"), []byte(
		`{"current":"odd","profiles":[{"name":"odd","mode":"External","process_command":"echo `+wrongSecret+`"}]}`), 0o600))
	p := launch(t, []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "ALIBABA_CLOUD_REGION_ID=cn-hangzhou"}, "--profile", "odd")
	p.say(t, webStatus(1), request(2, "ping", nil))
	require.NoError(t, p.stdin.Close())
	for _, m := range p.rest(t) {
		require.NotEmpty(t, m.ID, "a line that answers nothing")
		requireNoSecret(t, m.text())
	}
}
