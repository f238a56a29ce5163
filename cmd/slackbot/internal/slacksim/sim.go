package slacksim

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options may be left empty.
type Options struct {
	// Now is the fake's clock; nil means time.Now. Advance moves it further.
	Now func() time.Time
	// BotURL is where commands, clicks and events are posted, without a path;
	// empty means Socket Mode.
	BotURL string
	// Paths behind BotURL; empty means /slack/commands, /slack/interactions and
	// /slack/events.
	Paths Paths
	// Client carries the deliveries to BotURL; nil means one of its own.
	Client *http.Client
	// Scopes granted to the bot; nil means AllScopes.
	Scopes []string
	// Workspace is who and what is there; nil means Demo().
	Workspace *Workspace
	// RateLimits switches Slack's rate limits on.
	RateLimits bool
	// ShouldEscape makes <@U…|name> and <http…> of what people type in commands.
	ShouldEscape bool
	// AckTimeout is how long an answer may take; 0 means Slack's 3 seconds.
	AckTimeout time.Duration
	// EventRetries are the pauses before an event is sent again; nil means
	// Slack's: at once, 1 minute, 5 minutes.
	EventRetries []time.Duration
	// PingInterval of Socket Mode; 0 means 5 seconds.
	PingInterval time.Duration
	// CloseGrace is how long a connection that was asked to go may stay; 0 means
	// 2 seconds (Slack's own is about 10).
	CloseGrace time.Duration
	// Control serves /_sim/, where a program without Go plays the people. It is
	// unsigned, so only callers on the same machine are served.
	Control bool
}

// Paths are where an app has its three endpoints.
type Paths struct{ Commands, Interactions, Events string }

// AllScopes is what a bot needs for all that the fake offers.
var AllScopes = []string{
	"app_mentions:read", "chat:write", "commands", "files:write", "im:history", "im:write", "usergroups:read", "users:read",
}

// Sim is a Slack with one workspace and one app.
type Sim struct {
	options Options
	secrets Secrets
	client  *http.Client
	server  *http.Server
	life    context.Context // ends with Close
	end     context.CancelFunc
	work    sync.WaitGroup

	mu           sync.Mutex
	url          string
	botURL       string
	ahead        time.Duration // what Advance added
	lastStamp    int64
	authError    string
	scopes       []string
	world        Workspace
	messages     []*Message
	files        map[string]*File
	responseURLs map[string]*responseURL
	faults       []*Fault
	calls        []Call
	buckets      map[string]*bucket
	attempts     map[string][]Attempt
	sockets      sockets
}

// Secrets are what the app is configured with. None of them is real.
type Secrets struct {
	BotToken      string `json:"bot_token"`
	AppToken      string `json:"app_token"`
	SigningSecret string `json:"signing_secret"`
}

// New returns a fake that serves as an http.Handler. Close it.
func New(options Options) *Sim {
	options = withDefaults(options)
	life, end := context.WithCancel(context.Background())
	s := &Sim{
		options: options, client: options.Client, life: life, end: end,
		secrets: Secrets{
			BotToken:      "xoxb-fake-" + rand.Text(),
			AppToken:      "xapp-1-" + AppID + "-fake-" + rand.Text(),
			SigningSecret: randomHex(16),
		},
		botURL:       strings.TrimSuffix(options.BotURL, "/"),
		scopes:       slices.Clone(options.Scopes),
		world:        *options.Workspace,
		files:        make(map[string]*File),
		responseURLs: make(map[string]*responseURL),
		buckets:      make(map[string]*bucket),
		attempts:     make(map[string][]Attempt),
		sockets:      newSockets(),
	}
	s.world.Channels = slices.Clone(s.world.Channels) // conversations are added
	if s.client == nil {
		s.client = &http.Client{Transport: &http.Transport{}}
	}
	return s
}

func withDefaults(o Options) Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Workspace == nil {
		o.Workspace = Demo()
	}
	if o.Scopes == nil {
		o.Scopes = AllScopes
	}
	if o.EventRetries == nil {
		o.EventRetries = []time.Duration{0, time.Minute, 5 * time.Minute}
	}
	o.Paths.Commands = cmp.Or(o.Paths.Commands, "/slack/commands")
	o.Paths.Interactions = cmp.Or(o.Paths.Interactions, "/slack/interactions")
	o.Paths.Events = cmp.Or(o.Paths.Events, "/slack/events")
	o.AckTimeout = cmp.Or(o.AckTimeout, 3*time.Second)
	o.PingInterval = cmp.Or(o.PingInterval, 5*time.Second)
	o.CloseGrace = cmp.Or(o.CloseGrace, 2*time.Second)
	return o
}

// Start returns a fake that listens on a free port of the loopback interface.
func Start(options Options) (*Sim, error) { return Listen(options, "127.0.0.1:0") }

// Listen is Start at an address.
func Listen(options Options, address string) (*Sim, error) {
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, err
	}
	s := New(options)
	s.url = "http://" + listener.Addr().String()
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	s.work.Go(func() { s.server.Serve(listener) }) //nolint:errcheck // it ends with Close
	return s, nil
}

// Close ends all connections and waits until nothing of the fake runs.
func (s *Sim) Close() {
	s.end()
	if s.server != nil {
		s.server.Close()
	}
	s.CutSockets()
	s.work.Wait()
	s.client.CloseIdleConnections()
}

// URL is where the fake listens, without a slash at its end.
func (s *Sim) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

// APIURL is the base of the Web API, with a slash at its end.
func (s *Sim) APIURL() string { return s.URL() + "/api/" }

// SetURL says where a handler made with New is reached. Without it the first
// request tells.
func (s *Sim) SetURL(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.url = strings.TrimSuffix(url, "/")
}

// SetBotURL says where deliveries go from now on; empty means Socket Mode.
func (s *Sim) SetBotURL(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.botURL = strings.TrimSuffix(url, "/")
}

// Secrets are what the app has to know.
func (s *Sim) Secrets() Secrets { return s.secrets }

// Grant replaces the scopes of the bot.
func (s *Sim) Grant(scopes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scopes = slices.Clone(scopes)
}

// FailAuth refuses all tokens with this code, such as token_revoked or
// account_inactive, until it is called with "".
func (s *Sim) FailAuth(code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.authError = code
}

// Advance moves the fake's clock on.
func (s *Sim) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead += d
}

func (s *Sim) now() time.Time { return s.options.Now().Add(s.ahead) }

// stamp makes the ts of a message: unique, and growing even when the clock
// stands. The caller holds the lock.
func (s *Sim) stamp() string {
	micros := max(s.now().UnixMicro(), s.lastStamp+1)
	s.lastStamp = micros
	return fmt.Sprintf("%d.%06d", micros/1e6, micros%1e6)
}

// ServeHTTP implements http.Handler.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if s.url == "" {
		s.url = "http://" + r.Host
	}
	s.mu.Unlock()
	path := r.URL.Path
	switch {
	case strings.HasPrefix(path, "/api/"):
		s.serveAPI(w, r, strings.TrimPrefix(path, "/api/"))
	case strings.HasPrefix(path, "/commands/"), strings.HasPrefix(path, "/actions/"):
		s.serveResponseURL(w, r)
	case strings.HasPrefix(path, "/upload/"):
		s.serveUpload(w, r, strings.TrimPrefix(path, "/upload/"))
	case strings.HasPrefix(path, "/_sim/") && s.options.Control && fromLoopback(r):
		s.serveControl(w, r)
	case path == "/link/":
		s.serveSocket(w, r)
	default:
		http.NotFound(w, r)
	}
}

func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// identifier makes ids of Slack's form: a letter or two, and capitals.
func identifier(prefix string) string { return prefix + rand.Text()[:9] }
