package main

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

// A disk that is full, and then has room again, is made of a limit on the size of
// files.

const smallFiles = "ALITRIAGE_TEST_SMALL_FILES"

func init() {
	if os.Getenv(smallFiles) != "" {
		signal.Ignore(syscall.SIGXFSZ)
	}
}

func (p *process) limitFiles(t *testing.T, limit uint64) {
	t.Helper()
	require.NoError(t, unix.Prlimit(p.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: limit, Max: unix.RLIM_INFINITY}, nil))
}

func TestABotWhoseDiskWasFullRecoversWhenThereIsRoom(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, idle: true, slack: crowd(80)})
	s.env[smallFiles] = "1"
	p := s.launch(t)
	s.command(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout")
	s.until(t, slacksim.Alice, slacksim.Incidents, "ACTION_NEEDED: ")
	p.limitFiles(t, 64<<10)
	full := false
	for i := 0; i < 400 && !full; i++ {
		answer := s.command(t, member(i%80), slacksim.Incidents, "/get_app_status", fmt.Sprintf("5c0e8a4f-93d1-4b7a-a2f6-%012x", i))
		full = strings.Contains(answer.Text(), "could not be stored")
	}
	require.True(t, full)
	p.limitFiles(t, unix.RLIM_INFINITY)
	s.eventually(t, "a new start", func() bool { return strings.Count(p.log.String(), "operations on ") == 2 })
	_, rest, _ := strings.Cut(p.log.String()[strings.LastIndex(p.log.String(), "operations on "):], "operations on ")
	url, _, _ := strings.Cut(rest, "/healthz")
	s.eventually(t, "ready", func() bool { return ready(url) })
	s.SetBotURL(url)
	require.False(t, p.hasExited())
	s.command(t, slacksim.Bob, slacksim.Incidents, "/get_app_status", "checkout")
	s.until(t, slacksim.Bob, slacksim.Incidents, "ACTION_NEEDED: ")
	s.click(t, slacksim.Alice, s.until(t, slacksim.Alice, slacksim.Incidents, "ACTION_NEEDED: "), "refresh")
}
