package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

// patience is for what has to happen, however busy the machine is.
const patience = 30 * time.Second

// scene is the bot between a fake Slack and a simulated cloud.
type scene struct {
	*slacksim.Sim

	cloud *cloudsim.Sim
	env   map[string]string
	out   *buffer // the audit
	errs  *buffer
	stop  func() int // ends the bot, and returns its exit code
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

type sceneOptions struct {
	file   string // the config file
	slack  slacksim.Options
	socket bool // Socket Mode instead of HTTP
	idle   bool // the bot is started by the test
}

const usual = "slack: {can_start: [S0ONCALL], confirm_start: false}\n"

func newScene(t testing.TB, o sceneOptions) *scene {
	t.Helper()
	s := &scene{cloud: cloudsim.New(cloudsim.Options{}), out: &buffer{}, errs: &buffer{}}
	cloud := httptest.NewServer(s.cloud)
	t.Cleanup(cloud.Close)
	s.Sim = slacksim.New(o.slack)
	server := httptest.NewServer(s.Sim)
	s.SetURL(server.URL)
	t.Cleanup(func() {
		s.Close()
		server.Close()
	})
	dir := t.TempDir()
	s.env = map[string]string{
		"HOME": dir, "ALITRIAGE_ENDPOINT": cloud.URL, "ALIBABA_CLOUD_REGION_ID": cloudsim.Region, "ALITRIAGE_LOG_LEVEL": "debug",
		"SLACK_BOT_TOKEN": s.Secrets().BotToken, "ALITRIAGE_SLACK_API_URL": s.APIURL(), "ALITRIAGE_DATA_DIR": filepath.Join(dir, "state"),
	}
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", s.cloud.Key().ID)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", s.cloud.Key().Secret)
	if o.file != "" {
		s.write(t, o.file)
	}
	if o.socket {
		s.env["SLACK_APP_TOKEN"] = s.Secrets().AppToken
	} else {
		s.env["SLACK_SIGNING_SECRET"] = s.Secrets().SigningSecret
	}
	if !o.idle {
		s.start(t)
	}
	return s
}

// write makes the config file.
func (s *scene) write(t testing.TB, file string) {
	t.Helper()
	s.env["ALITRIAGE_CONFIG"] = filepath.Join(s.env["HOME"], "alitriage.yaml")
	require.NoError(t, os.WriteFile(s.env["ALITRIAGE_CONFIG"], []byte(file+"aliases:\n"+demoAliases(s.cloud)), 0o600))
}

func demoAliases(sim *cloudsim.Sim) string {
	var b strings.Builder
	for _, a := range sim.Aliases() {
		b.WriteString("  " + a.Name + ": {" + a.Argument + ": " + a.ID + ", region: " + a.Region + "}\n")
	}
	return b.String()
}

// start runs the bot until stop.
func (s *scene) start(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	program := app{args: []string{"alitriage-slackbot", "--listen", "127.0.0.1:0"}, out: s.out, errs: s.errs, lookUp: func(name string) (string, bool) {
		value, ok := s.env[name]
		return value, ok
	}}
	code := make(chan int, 1)
	go func() { code <- program.run(ctx) }()
	s.stop = sync.OnceValue(func() int {
		cancel()
		select {
		case c := <-code:
			return c
		case <-time.After(patience):
			require.Fail(t, "the bot does not end")
			return -1
		}
	})
	t.Cleanup(func() { s.stop() })
	require.Eventually(t, func() bool { return s.operations() != "" || len(code) > 0 }, patience, 10*time.Millisecond, "%s", s.errs)
	s.SetBotURL(s.operations())
	require.Eventually(t, func() bool {
		return ready(s.operations())
	}, patience, 20*time.Millisecond, "%s", s.errs)
}

// operations is the bot's own address.
func (s *scene) operations() string { return operationsIn(s.errs) }

func operationsIn(log *buffer) string {
	_, rest, found := strings.Cut(log.String(), "operations on ")
	if !found {
		return ""
	}
	url, _, _ := strings.Cut(rest, "/healthz")
	return url
}

func ready(operations string) bool {
	resp, err := http.Get(operations + "/readyz") //nolint:noctx // loopback
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// until waits for a message that the user sees.
func (s *scene) until(t testing.TB, user, channel, part string) slacksim.Message {
	t.Helper()
	var found slacksim.Message
	require.Eventuallyf(t, func() bool {
		for _, m := range s.Visible(user, channel) {
			if strings.Contains(m.Text, part) {
				found = m
				return true
			}
		}
		return false
	}, patience, 20*time.Millisecond, "no message with %q: %v\n%s", part, s.Visible(user, channel), s.errs)
	return found
}

func TestACommandIsAcknowledgedAndAnswered(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual})
	answer, err := s.Command(slacksim.Alice, slacksim.Incidents, "/get_app_status", "checkout")
	require.NoError(t, err)
	require.Empty(t, answer.Error)
	require.Contains(t, answer.Text(), "IN_PROGRESS")
	s.until(t, slacksim.Alice, slacksim.Incidents, "ACTION_NEEDED")
}
