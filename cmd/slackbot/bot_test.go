package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

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
	// called are those whom a message may mention: who shared, or watches.
	called []string
}

// The key of all simulated clouds: credentials come from the process's own
// environment, which tests that run in parallel share.
const keyID, keySecret = "DEMOACCESSKEYID", "demo-access-key-secret"

func TestMain(m *testing.M) {
	for name, value := range map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": keyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": keySecret} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil { // they wait more than they work
		panic(err)
	}
	goleak.VerifyTestMain(m)
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
	if together, ok := t.(*testing.T); ok {
		together.Parallel()
	}
	s := &scene{cloud: cloudsim.New(cloudsim.Options{AccessKeyID: keyID, AccessKeySecret: keySecret}), out: &buffer{}, errs: &buffer{}}
	cloud := httptest.NewServer(s.cloud)
	t.Cleanup(cloud.Close)
	s.Sim = slacksim.New(o.slack)
	server := httptest.NewServer(s.Sim)
	s.SetURL(server.URL)
	t.Cleanup(func() {
		s.Close()
		server.Close()
	})
	t.Cleanup(func() { s.check(t) })
	dir := t.TempDir()
	s.env = map[string]string{
		"HOME": dir, "ALITRIAGE_ENDPOINT": cloud.URL, "ALIBABA_CLOUD_REGION_ID": cloudsim.Region, "ALITRIAGE_LOG_LEVEL": "debug",
		"SLACK_BOT_TOKEN": s.Secrets().BotToken, "ALITRIAGE_SLACK_API_URL": s.APIURL(), "ALITRIAGE_DATA_DIR": filepath.Join(dir, "state"),
	}
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
	require.Eventually(t, func() bool { return s.operations() != "" || len(code) > 0 }, patience, 10*time.Millisecond, "%s", quietly{s.errs})
	if s.env["SLACK_APP_TOKEN"] == "" {
		s.SetBotURL(s.operations())
	}
	require.Eventually(t, func() bool {
		return ready(s.operations())
	}, patience, 20*time.Millisecond, "%s", quietly{s.errs})
	if s.env["SLACK_APP_TOKEN"] != "" { // one is enough to be ready
		limited, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		require.NoError(t, s.WaitConnected(limited, connections))
	}
}

// quietly is what the bot said, without the store's own words.
type quietly struct{ *buffer }

func (l quietly) String() string {
	var b strings.Builder
	for line := range strings.Lines(l.buffer.String()) {
		if !strings.Contains(line, "nats server") {
			b.WriteString(line)
		}
	}
	return b.String()
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
	}, patience, 20*time.Millisecond, "no message with %q: %v\n%s", part, s.Visible(user, channel), quietly{s.errs})
	return found
}

// command is typed, and answered at once.
func (s *scene) command(t *testing.T, user, channel, command, text string) slacksim.Answer {
	t.Helper()
	answer, err := s.Command(user, channel, command, text)
	require.NoError(t, err)
	require.Empty(t, answer.Error, "%s", quietly{s.errs})
	require.NotNil(t, answer.Message)
	require.True(t, answer.Message.Ephemeral())
	return answer
}

// click presses a button.
func (s *scene) click(t *testing.T, user string, m slacksim.Message, action string) slacksim.Answer {
	t.Helper()
	answer, err := s.Click(user, m, action)
	require.NoError(t, err)
	require.Empty(t, answer.Error, "%s", quietly{s.errs})
	return answer
}

// now is a message as it is at this moment.
func (s *scene) now(t *testing.T, m slacksim.Message) slacksim.Message {
	t.Helper()
	now, found := s.Message(m.Channel, m.TS)
	require.True(t, found)
	return now
}

// changed waits until a message says something.
func (s *scene) changed(t *testing.T, m slacksim.Message, part string) slacksim.Message {
	t.Helper()
	require.Eventuallyf(t, func() bool { return strings.Contains(s.now(t, m).Text, part) }, patience, 20*time.Millisecond,
		"%q does not become %q\n%s", m.Text, part, quietly{s.errs})
	return s.now(t, m)
}

// eventually waits for anything.
func (s *scene) eventually(t *testing.T, what string, true func() bool) {
	t.Helper()
	require.Eventuallyf(t, true, patience, 20*time.Millisecond, "not seen: %s\n%s", what, quietly{s.errs})
}

// audits are the lines of the audit.
func (s *scene) audits(t *testing.T) (lines []map[string]any) {
	t.Helper()
	for line := range strings.Lines(s.out.String()) {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &fields), line)
		lines = append(lines, fields)
	}
	return lines
}

// audited waits for a line of the audit with these fields.
func (s *scene) audited(t *testing.T, want map[string]any) (line map[string]any) {
	t.Helper()
	s.eventually(t, fmt.Sprint("an audit line with ", want), func() bool {
		for _, line = range s.audits(t) {
			same := true
			for name, value := range want {
				same = same && line[name] == value
			}
			if same {
				return true
			}
		}
		return false
	})
	return line
}

// says is all that a message shows, for a search.
func says(m slacksim.Message) string { return m.Text + "\n" + string(m.Blocks) }

// triggers and response_urls give whoever has them a right.
var bearers = regexp.MustCompile(`/(commands|actions)/T[A-Z0-9]+/|[0-9a-f]{12}\.[0-9a-f]{12}\.[0-9a-f]{32}`)

// check holds of whatever anybody has seen in a scene.
func (s *scene) check(t testing.TB) {
	t.Helper()
	for _, m := range s.Messages("") {
		if m.User != slacksim.BotUser {
			continue
		}
		s.checkMessage(t, m)
	}
	for _, c := range s.Calls() {
		if c.Injected {
			continue
		}
		require.NotContains(t, []string{"invalid_blocks", "no_text", "msg_too_long", "msg_blocks_too_long", "unknown_method", "invalid_arguments"}, c.Error, "%v", c)
	}
	seen, err := json.Marshal(s.Messages(""))
	require.NoError(t, err)
	texts := map[string]string{"message": string(seen), "log": s.errs.String(), "audit": s.out.String()}
	for _, f := range s.Files() {
		texts["file "+f.ID] = string(f.Content)
	}
	for where, text := range texts {
		for what, secret := range map[string]string{
			"password": cloudsim.DemoPassword, "key id": cloudsim.DemoKeyID, "license": cloudsim.DemoLicenseKey, "secret": keySecret,
			"bot token": s.Secrets().BotToken, "app token": s.Secrets().AppToken, "signing secret": s.Secrets().SigningSecret,
		} {
			if strings.Contains(text, secret) {
				t.Errorf("the %s is in a %s", what, where)
			}
		}
	}
	for _, where := range []string{"log", "audit"} {
		require.NotRegexp(t, bearers, texts[where], where)
		require.NotContains(t, texts[where], "disk-cleanup 2.4.1", "an output is in the "+where)
	}
}

func (s *scene) checkMessage(t testing.TB, m slacksim.Message) {
	t.Helper()
	if len(m.Files) == 0 {
		require.NotNil(t, m.UnfurlLinks, m.Text)
		require.NotNil(t, m.UnfurlMedia, m.Text)
		require.False(t, *m.UnfurlLinks || *m.UnfurlMedia, m.Text)
		require.NotEmpty(t, m.Text)
		require.True(t, len(m.Blocks) > 0 || strings.Contains(m.Text, "Slack did not take the rest"), m.Text)
	}
	last := m.At
	for _, e := range m.Edits {
		if !m.Ephemeral() {
			require.GreaterOrEqual(t, e.At.Sub(last), editPause-50*time.Millisecond, "edited too soon: %s", m.Text)
		}
		last = e.At
	}
	for _, live := range slacksim.LiveMentions(m) {
		switch live.Kind {
		case slacksim.LiveDate:
		case slacksim.LiveLink, slacksim.LiveBareLink:
			u, err := url.Parse(live.Text)
			require.NoError(t, err)
			require.Regexp(t, `(^|\.)(aliyun|alibabacloud)\.com$`, u.Hostname())
		default:
			require.Equal(t, slacksim.LiveUser, live.Kind, "%v in %s", live, m.Text)
			require.Contains(t, s.called, live.Text, m.Text)
		}
	}
}
