//go:build unix

package main

import (
	"bufio"
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

func TestSIGTERMEndsAnIdleServer(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p := launch(t, nil, "--demo")
		p.say(t, request(1, "ping", nil))
		p.answer(t, 1)
		sent := time.Now()
		require.NoError(t, p.Process.Signal(sig))
		require.Empty(t, p.rest(t))
		p.requireExit(t, sent, 2*time.Second)
	}
}

func TestSIGTERMAnswersTheCallsThatWait(t *testing.T) {
	t.Parallel()
	const calls = 20
	w := newWorld(t)
	w.runForEver()
	p := launch(t, w.env())
	for id := range calls {
		p.say(t, waiting(id))
	}
	busy := map[string]bool{}
	p.next(t, func(m message) bool {
		busy[string(m.Params.ProgressToken)] = true
		return len(busy) == calls
	})
	sent := time.Now()
	require.NoError(t, p.Process.Signal(syscall.SIGTERM))
	all := p.rest(t)
	p.requireExit(t, sent, exitLimit)
	requireAnsweredOnce(t, all, calls)
	for _, m := range all {
		if m.Method == "" {
			require.Equal(t, "in_progress", m.Result.StructuredContent["verdict"])
			require.Contains(t, m.text(), "Ask again with: {")
		}
	}
}

func TestASecondSignalEndsTheProcessAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.runForEver()
	w.Inject(cloudsim.Fault{Operation: "DescribeApplicationStatus", Kind: cloudsim.Delay, Delay: time.Hour})
	p := launch(t, w.env())
	p.say(t, waiting(1), webStatus(2))
	w.awaitRequest(t, "DescribeApplicationStatus")
	p.next(t, func(m message) bool { return m.Method == "notifications/progress" })
	require.NoError(t, p.Process.Signal(syscall.SIGTERM))
	p.answer(t, 1) // so the first signal has come; call 2 still hangs
	sent := time.Now()
	require.NoError(t, p.Process.Signal(syscall.SIGTERM))
	<-p.exited
	require.Less(t, time.Since(sent), 2*time.Second+busy)
	require.Equal(t, syscall.SIGTERM, p.ProcessState.Sys().(syscall.WaitStatus).Signal())
}

// A person at a terminal gets what is known, with the exit code for it.
func TestCtrlCAnswersACallThatWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := launchCall(t, w, "gather_env_stats", cloudsim.CheckoutEnv, "wait_seconds=40")
	w.awaitRequest(t, "DescribeGatherStatsResult")
	sent := time.Now()
	require.NoError(t, p.Process.Signal(syscall.SIGINT))
	code, text := p.ended(t)
	require.Less(t, time.Since(sent), 3*time.Second+busy)
	require.Equal(t, exitRunning, code)
	require.Contains(t, text, "IN_PROGRESS: ")
	require.Contains(t, text, `Ask again with: {"change_id":"`)
}

func TestCtrlCEndsACallThatHangsAtTheCloud(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Delay: time.Hour})
	p := launchCall(t, w, "gather_env_stats", cloudsim.CheckoutEnv)
	w.awaitRequest(t, "GatherAppEnvStats")
	sent := time.Now()
	require.NoError(t, p.Process.Signal(syscall.SIGINT))
	code, text := p.ended(t)
	require.Less(t, time.Since(sent), exitLimit+busy)
	require.Equal(t, exitNoAnswer, code)
	require.Contains(t, text, "may have started")
	require.Contains(t, text, "interrupted")
}

func TestOverHTTPSIGTERMAnswersTheCallsThatWait(t *testing.T) {
	t.Parallel()
	const calls = 20
	w := newWorld(t)
	w.runForEver()
	s := launchHTTP(t, w.env()...)
	var waits []*bufio.Reader
	for id := range calls {
		wait := bufio.NewReader(s.open(t, waiting(id)).Body)
		_, err := wait.ReadString('\n') // of its first progress
		require.NoError(t, err)
		waits = append(waits, wait)
	}
	sent := time.Now()
	require.NoError(t, s.Process.Signal(syscall.SIGTERM))
	for _, wait := range waits {
		rest, err := io.ReadAll(wait)
		require.NoError(t, err)
		require.Contains(t, string(rest), `"verdict":"in_progress"`)
		require.Contains(t, string(rest), "Ask again with: {")
	}
	require.NoError(t, s.Wait(), "exit code 0")
	require.Less(t, time.Since(sent), exitLimit+busy)
}

func TestOverHTTPWhatHangsAtTheCloudIsAnsweredAtTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Delay: time.Hour})
	s := launchHTTP(t, w.env()...)
	answers := make(chan []message, 1)
	go func() {
		_, all := s.post(t, gather(1))
		answers <- all
	}()
	w.awaitRequest(t, "GatherAppEnvStats")
	sent := time.Now()
	require.NoError(t, s.Process.Signal(syscall.SIGTERM))
	all := <-answers
	require.Contains(t, all[len(all)-1].text(), "may have started")
	require.NoError(t, s.Wait(), "exit code 0")
	require.Less(t, time.Since(sent), exitLimit+busy)
}
