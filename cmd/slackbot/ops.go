package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/jobs"
	"github.com/alitriage/alitriage/tools"
)

// health is what /readyz tells.
type health struct {
	mu       sync.Mutex
	problems map[string]error
	sockets  map[int]bool // connections of Socket Mode; nil over HTTP
	signedIn bool
	asked    time.Time
}

func newHealth() *health { return &health{problems: map[string]error{}} }

func (h *health) set(what string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err == nil {
		delete(h.problems, what)
		return
	}
	h.problems[what] = err
}

func (h *health) slack(err error) { h.set("slack", err) }
func (h *health) store(err error) { h.set("jetstream", err) }

// askPause is the least time between two looks at whether Slack accepts the token.
const askPause = 10 * time.Second

// mayAsk tells whether it is time to ask Slack, once the bot has signed in.
func (h *health) mayAsk() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.signedIn || time.Since(h.asked) < askPause {
		return false
	}
	h.asked = time.Now()
	return true
}

// open: from now on requests are taken.
func (h *health) open() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.signedIn = true
	delete(h.problems, "slack")
}

// socket notes whether a connection of Socket Mode is there.
func (h *health) socket(number int, connected bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sockets == nil {
		h.sockets = map[int]bool{}
	}
	h.sockets[number] = connected
}

// state is nil when requests are taken, and answered.
func (h *health) state() map[string]string {
	h.mu.Lock()
	defer h.mu.Unlock()
	state := map[string]string{}
	for what, err := range h.problems {
		state[what] = err.Error()
	}
	connected := h.sockets == nil
	for _, one := range h.sockets {
		connected = connected || one
	}
	if !connected {
		state["socket"] = "no connection to Slack"
	}
	return state
}

// readyLimit is how long a look at what the bot needs may take.
const readyLimit = 3 * time.Second

// ready looks at the store and the credentials anew.
func (b *bot) ready(ctx context.Context) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	b.health.store(b.storeReady(ctx))
	if b.health.mayAsk() {
		// Slack that is away for a while is no reason to send its requests elsewhere.
		if _, _, _, err := b.slack.self(ctx); err == nil || errors.Is(err, errSignedIn) {
			b.health.slack(err)
		}
	}
	for _, p := range b.known.Profiles {
		_, err := p.Client.CredentialsSource(ctx)
		if err != nil {
			err = errors.New("there are no usable credentials: see alitriage-mcp doctor")
		}
		b.health.set("credentials of "+p.Name, err)
	}
	return b.health.state()
}

// storeReady leaves time for the others: a store that does not answer is no
// trouble with credentials.
func (b *bot) storeReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit/2)
	defer cancel()
	return b.queue.Ready(ctx)
}

// operations serves those who run the bot.
func (b *bot) operations(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		state := b.ready(r.Context())
		if len(state) == 0 {
			fmt.Fprintln(w, "ok")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusServiceUnavailable)
		_ = json.NewEncoder(w).Encode(state)
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(b.metrics.registry, promhttp.HandlerOpts{}))
}

// metrics are for Prometheus. No label is text of somebody else's.
type metrics struct {
	registry   *prometheus.Registry
	commands   *prometheus.CounterVec
	ack        prometheus.Histogram
	runs       *prometheus.HistogramVec
	calls      *prometheus.CounterVec
	deliveries *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		commands: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "alitriage_commands_total", Help: "Requests of people, by what came in."}, []string{"kind"}),
		ack: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "alitriage_ack_seconds", Help: "From a request to its acknowledgement, the store included.", Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2, 3},
		}),
		runs: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "alitriage_run_seconds", Help: "From a request to its answer.", Buckets: []float64{.25, .5, 1, 2, 5, 10, 30, 60, 300, 1800},
		}, []string{"tool", "verdict"}),
		calls:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "alitriage_api_calls_total", Help: "Calls to Alibaba Cloud, by operation and code of the answer."}, []string{"operation", "code"}),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "alitriage_slack_requests_total", Help: "Requests to Slack, by route and outcome."}, []string{"route", "outcome"}),
	}
	m.registry.MustRegister(m.commands, m.ack, m.runs, m.calls, m.deliveries)
	return m
}

// delivered counts a request to Slack.
func (m *metrics) delivered(route string, err error) {
	outcome := "ok"
	switch {
	case err == nil:
	case errors.Is(err, errGone):
		outcome = "gone"
	case errors.Is(err, errNotThere):
		outcome = "not_there"
	case errors.Is(err, errUnknown):
		outcome = "unknown"
	case errors.Is(err, errRefused), errors.Is(err, errSignedIn):
		outcome = "refused"
	default:
		outcome = "failed"
		if _, limited := errors.AsType[*later](err); limited {
			outcome = "rate_limited"
		}
	}
	m.deliveries.WithLabelValues(route, outcome).Inc()
}

// troublePause is the least time between two lines about the same trouble.
const troublePause = 10 * time.Minute

// trouble tells those who run the bot at once what nobody else can mend.
func (b *bot) trouble(route string, err error) {
	if errors.Is(err, errSignedIn) {
		b.health.slack(err)
	}
	if b.troubles.again(err.Error(), troublePause) {
		b.logger.Error("slack does not let the bot do its work: install the app again with the manifest that the bot prints, and set its tokens anew", "route", route, "error", err)
	}
}

// seldom lets each of a few things through once in a while.
type seldom struct {
	mu   sync.Mutex
	last map[string]time.Time
}

func (s *seldom) again(name string, pause time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil || len(s.last) > 100 {
		s.last = map[string]time.Time{}
	}
	if at, found := s.last[name]; found && time.Since(at) < pause {
		return false
	}
	s.last[name] = time.Now()
	return true
}

// deny notes a request that is not Slack's, or none that can be read: one line in a
// while for each reason, with the number of those since the last. Anybody can send
// them, as many as they like.
func (b *bot) deny(ctx context.Context, path, from, why string) {
	b.metrics.commands.WithLabelValues("refused").Inc()
	count := b.denied.Add(1)
	if !b.troubles.again("denied "+why, deniedPause) {
		return
	}
	b.denied.Add(-count)
	b.logger.WarnContext(ctx, "a request was refused", "path", path, "from", from, "why", why, "refused_since_last_line", count)
}

const deniedPause = time.Minute

// watchQueue adds the depth of the queue, read when it is asked for.
func (m *metrics) watchQueue(queue *jobs.Queue) {
	depth := func(of func(jobs.Depth) int) func() float64 {
		return func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), readyLimit)
			defer cancel()
			d, err := queue.Depth(ctx)
			if err != nil {
				return -1
			}
			return float64(of(d))
		}
	}
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "alitriage_queue_waiting", Help: "Runs that wait for a worker; -1: not known."}, depth(func(d jobs.Depth) int { return d.Waiting })),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "alitriage_queue_in_flight", Help: "Runs that are worked on, or wait for their next step; -1: not known."}, depth(func(d jobs.Depth) int { return d.InFlight })),
	)
}

// note writes a line about a request that made no run of its own.
func (b *bot) note(ctx context.Context, id, tool string, p person, outcome string) {
	b.audit(ctx, id, &run{Asker: p, Tool: tool, Error: outcome})
}

// audit writes a line about a run that is over, or a request that was refused:
// never texts, outputs or tokens.
func (b *bot) audit(ctx context.Context, id string, r *run) {
	attrs := []slog.Attr{
		slog.String("run", id), slog.String("kind", string(r.Kind)), slog.String("tool", b.toolName(r.Tool)),
		slog.String("team", r.Asker.Team), slog.String("channel", r.Asker.Channel), slog.String("user", r.Asker.User),
	}
	if !r.Asked.IsZero() {
		took := time.Since(r.Asked)
		attrs = append(attrs, slog.Any("ids", b.idsOf(r)), slog.String("verdict", string(r.verdict())), slog.Int64("duration_ms", took.Milliseconds()))
		b.metrics.runs.WithLabelValues(b.toolName(r.Tool), string(r.verdict())).Observe(took.Seconds())
	} else {
		attrs = append(attrs, slog.String("outcome", r.Error))
	}
	if r.Undelivered != "" {
		attrs = append(attrs, slog.String("undelivered", r.Undelivered))
	}
	if r.Report != nil {
		attrs = append(attrs, slog.Any("request_ids", r.Report.Source.RequestIDs))
	}
	b.auditor.LogAttrs(ctx, slog.LevelInfo, "audit", attrs...)
}

// toolName keeps what a person has typed out of logs and labels.
func (b *bot) toolName(name string) string {
	if t, err := tools.Find(b.tools, name); err == nil {
		return t.Name
	}
	if name == triageName {
		return triageName
	}
	return "other"
}

// idsOf are the ids that a run is about: checked ones, and nothing else of its
// arguments.
func (b *bot) idsOf(r *run) map[string]any {
	t, err := tools.Find(b.tools, r.Tool)
	if err != nil {
		return nil
	}
	ids := map[string]any{}
	for _, raw := range []json.RawMessage{r.First, r.Args} {
		var args map[string]any
		if json.Unmarshal(raw, &args) != nil {
			continue
		}
		for _, k := range t.IDs {
			if id, ok := args[k.Arg]; ok {
				ids[k.Arg] = id
			}
		}
	}
	return ids
}
