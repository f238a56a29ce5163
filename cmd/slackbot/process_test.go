package main

import (
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

// In this file the bot is a process of its own, which can be killed. Slack and the
// cloud are in the test, and survive it.

const asProgram = "ALITRIAGE_TEST_AS_PROGRAM"

// init makes this binary the bot, where the test has started it for that.
func init() {
	if os.Getenv(asProgram) != "" {
		main() // ends the process
	}
}

type process struct {
	*exec.Cmd

	log    *buffer
	exited chan struct{}
}

// launch starts the bot, and waits until it takes requests.
func (s *scene) launch(t testing.TB) *process {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	p := &process{Cmd: exec.Command(self, "--listen", "127.0.0.1:0"), log: &buffer{}, exited: make(chan struct{})} //nolint:noctx // it is killed below
	p.Env = append(p.Env, asProgram+"=1", "GORACE=atexit_sleep_ms=0",
		"ALIBABA_CLOUD_ACCESS_KEY_ID="+s.cloud.Key().ID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+s.cloud.Key().Secret)
	for _, name := range slices.Sorted(maps.Keys(s.env)) {
		p.Env = append(p.Env, name+"="+s.env[name])
	}
	p.Stdout, p.Stderr = s.out, p.log
	require.NoError(t, p.Start())
	go func() {
		_ = p.Wait() // ProcessState has it
		close(p.exited)
	}()
	t.Cleanup(p.kill)
	require.Eventually(t, func() bool { return p.url() != "" && ready(p.url()) || p.hasExited() }, patience, 5*time.Millisecond, "%s", p.log)
	require.False(t, p.hasExited(), "%s", p.log)
	s.SetBotURL(p.url())
	return p
}

func (p *process) url() string { return operationsIn(p.log) }

func (p *process) hasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.Process.Kill() // it may be gone
	<-p.exited
}

// finals are the texts in which a run has shown its end, in the order in which
// they were sent. What an edit or a replacement has taken away counts.
func (s *scene) finals(id string) (texts []string) {
	for _, m := range s.Messages("") {
		for _, e := range m.Edits {
			if isFinal(m, e.Text, string(e.Blocks), id) {
				texts = append(texts, e.Text)
			}
		}
		if isFinal(m, m.Text, string(m.Blocks), id) {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

func isFinal(m slacksim.Message, text, blocks, id string) bool {
	return m.User == slacksim.BotUser && strings.Contains(text+blocks, id) && !strings.HasPrefix(text, "IN_PROGRESS")
}

// settled waits until the bot has nothing to do.
func (p *process) settled(t testing.TB) {
	t.Helper()
	require.Eventually(t, func() bool {
		metrics := p.metrics()
		return strings.Contains(metrics, "\nalitriage_queue_waiting 0\n") && strings.Contains(metrics, "\nalitriage_queue_in_flight 0\n")
	}, patience, 20*time.Millisecond, "%s", p.log)
}

func (p *process) metrics() string {
	resp, err := http.Get(p.url() + "/metrics") //nolint:noctx // loopback
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return string(text)
}
