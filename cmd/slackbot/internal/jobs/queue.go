package jobs

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Options says where the store is. The zero value of everything but Dir and URL
// is the default.
type Options struct {
	// Dir holds the embedded store: created with mode 0700, used by one process at a time.
	Dir string
	// URL of an external NATS cluster instead, several with commas between them. The query of the first may name files:
	// creds, ca, cert and key. The account should be of its own, and the cluster should have sync_interval: always.
	URL string

	Workers  int           // handlers at once in this process, default 16
	AckWait  time.Duration // how long the work of a dead process lies, default 10 s
	MaxBytes int64         // of all runs, default 512 MiB; the other streams stay below it
	Logger   *slog.Logger  // default: discards
}

var (
	// ErrNotFound says that there is no such run, fact or secret, or no longer.
	ErrNotFound = errors.New("jobs: not found")
	// ErrConflict says that somebody else has written the run since it was read.
	ErrConflict = errors.New("jobs: the run was changed by another")
	// ErrSuperseded says that another delivery has taken the run over. The handler has to stop. It is an ErrConflict too.
	ErrSuperseded = fmt.Errorf("%w: another delivery has taken it over", ErrConflict)
	// ErrUncertain says that a run may be stored and begin although Submit failed.
	ErrUncertain = errors.New("jobs: it is not known whether the run was stored: it may still begin")
	// ErrClosed is the cause of a handler's cancelled context when the queue closes.
	ErrClosed = errors.New("jobs: the queue is closing")
)

// Queue is an open store and the work on it. Its methods may be called from many
// goroutines.
type Queue struct {
	options  Options
	log      *slog.Logger
	life     string
	embedded *embedded // nil with an external cluster
	conn     *nats.Conn
	js       jetstream.JetStream
	runs     jetstream.KeyValue
	facts    jetstream.KeyValue
	secrets  jetstream.Stream

	closing chan struct{}  // no new work
	handing chan struct{}  // who still works is given up
	work    sync.WaitGroup // deliveries
	tending sync.WaitGroup // the chore
	handler context.Context
	cancel  context.CancelCauseFunc // ends handler

	closeOnce sync.Once
	closeErr  error
	full      atomic.Bool
	unqueued  atomic.Bool // the last run could not be queued, and nobody knows why

	mu       sync.Mutex
	running  map[string]bool // runs that this process is at
	nextPoll time.Time       // see pace
	stopped  bool            // guards work.Add against work.Wait
}

// Open opens the store, and creates it where there is none.
func Open(ctx context.Context, o Options) (*Queue, error) {
	q := newQueue(o)
	if err := q.open(ctx); err != nil {
		q.shut()
		return nil, fmt.Errorf("jobs: %w", err)
	}
	q.tending.Go(q.tend)
	return q, nil
}

func newQueue(o Options) *Queue {
	if o.Workers <= 0 {
		o.Workers = 16
	}
	if o.AckWait <= 0 {
		o.AckWait = 10 * time.Second
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 512 << 20
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	handler, cancel := context.WithCancelCause(context.Background())
	return &Queue{
		options: o, log: o.Logger, life: rand.Text(),
		closing: make(chan struct{}), handing: make(chan struct{}),
		handler: handler, cancel: cancel,
		running: map[string]bool{},
	}
}

func (q *Queue) open(ctx context.Context) error {
	if (q.options.Dir == "") == (q.options.URL == "") {
		return errors.New("give either a store directory or the URL of a NATS cluster")
	}
	if err := q.connect(); err != nil {
		return err
	}
	js, err := jetstream.New(q.conn)
	if err != nil {
		return err
	}
	q.js = js
	if q.embedded == nil {
		return patiently(ctx, func(ctx context.Context) error {
			if err := q.prepareExternal(ctx); err != nil {
				return err
			}
			return q.bind(ctx)
		})
	}
	if err := q.prepareEmbedded(ctx); err != nil {
		return err
	}
	return q.bind(ctx)
}

func (q *Queue) connect() (err error) {
	options := []nats.Option{
		nats.Name("alitriage-slackbot"),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			q.log.Warn("nats connection", "error", err)
		}),
	}
	if q.options.URL != "" {
		q.conn, err = connectExternal(q.options.URL, options...)
		return err
	}
	if q.embedded, err = startEmbedded(q.options.Dir, q.options.MaxBytes, q.log); err != nil {
		return err
	}
	q.conn, err = q.embedded.connect(options...)
	return err
}

func (q *Queue) prepareEmbedded(ctx context.Context) error {
	used, err := q.embedded.directory.used()
	if err != nil {
		return err
	}
	if used {
		if err := q.checkStore(ctx); err != nil {
			return err
		}
		if err := q.forgetDeliveries(ctx); err != nil {
			return err
		}
	}
	if _, err := ensureStreams(ctx, q.js, q.options.MaxBytes, 1); err != nil {
		return err
	}
	q.embedded.log.complaints()
	return q.embedded.directory.markUsed()
}

// forgetDeliveries makes all unfinished runs deliverable at once, where AckWait would have to pass first: whoever had
// them is dead, as this process has the lock. When a poll is due stands in its record.
func (q *Queue) forgetDeliveries(ctx context.Context) error {
	err := q.js.DeleteConsumer(ctx, workStream, workers)
	if err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return fmt.Errorf("consumer %s: %w", workers, err)
	}
	return nil
}

func (q *Queue) prepareExternal(ctx context.Context) error {
	if _, err := q.js.AccountInfo(ctx); err != nil {
		if errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) {
			return fmt.Errorf("NATS at %s has JetStream not enabled for this account: enable it, it is what keeps the runs: %w", q.conn.ConnectedAddr(), err)
		}
		return fmt.Errorf("NATS at %s does not answer for JetStream: %w", q.conn.ConnectedAddr(), err)
	}
	copies, err := ensureStreams(ctx, q.js, q.options.MaxBytes, 3)
	if err == nil && copies < 3 && q.conn.ConnectedClusterName() != "" {
		q.log.WarnContext(ctx, "the NATS cluster has no place for three replicas: runs are lost with the node that has them",
			"cluster", q.conn.ConnectedClusterName(), "replicas", copies)
	}
	return err
}

func (q *Queue) bind(ctx context.Context) (err error) {
	if q.runs, err = q.js.KeyValue(ctx, runsBucket); err != nil {
		return err
	}
	if q.facts, err = q.js.KeyValue(ctx, factsBucket); err != nil {
		return err
	}
	if q.secrets, err = q.js.Stream(ctx, secretStream); err != nil {
		return err
	}
	_, err = q.consumer(ctx)
	return err
}

func (q *Queue) consumer(ctx context.Context) (jetstream.Consumer, error) {
	c, err := q.js.CreateOrUpdateConsumer(ctx, workStream, workerConfig(q.options.AckWait))
	if err != nil {
		return nil, fmt.Errorf("consumer %s: %w", workers, err)
	}
	return c, nil
}

// Depth is how much there is to do.
type Depth struct {
	Waiting  int // never delivered yet
	InFlight int // delivered and not done: at work, or waiting for the next poll
}

// Depth counts over all processes.
func (q *Queue) Depth(ctx context.Context) (Depth, error) {
	stream, err := q.js.Stream(ctx, workStream)
	if err != nil {
		return Depth{}, fmt.Errorf("jobs: depth: %w", err)
	}
	consumer, err := stream.Consumer(ctx, workers)
	if err != nil {
		return Depth{}, fmt.Errorf("jobs: depth: %w", err)
	}
	// Cached is as fresh as the lookup. A message leaves the stream when it is done; the consumer counts new ones late.
	all, inFlight := int(stream.CachedInfo().State.Msgs), consumer.CachedInfo().NumAckPending //nolint:gosec // at most maxRuns
	return Depth{Waiting: max(all-inFlight, 0), InFlight: inFlight}, nil
}

// Ready writes where runs, facts and secrets are, as a full or broken disk shows only then. Each in its turn: a stream
// that once could not write takes nothing more until the process starts anew, while the others may go on. The server may
// not answer for such a disk at all, so ctx should have an end; without one it is 5 s, as everywhere here.
func (q *Queue) Ready(ctx context.Context) error {
	select {
	case <-q.closing:
		return ErrClosed
	default:
	}
	if q.full.Load() {
		return errFull
	}
	_, err := q.runs.Put(ctx, readyKey, nil)
	if err == nil {
		_, err = q.facts.Put(ctx, readyKey, nil)
	}
	if err == nil {
		err = q.PutSecret(ctx, readyKey, "", time.Minute)
	}
	if err == nil {
		err = q.tryQueue(ctx)
	}
	switch {
	case err == nil:
		return nil
	case q.embedded != nil:
		return fmt.Errorf("jobs: the store takes no writes; make room on its disk: %w", err)
	default:
		return fmt.Errorf("jobs: the store takes no writes: %w", err)
	}
}

// Stuck reports whether an embedded store takes no writes although its disk has room again. It has to be opened anew
// then. ctx should have an end, as for Ready.
func (q *Queue) Stuck(ctx context.Context) bool {
	if q.embedded == nil {
		return false
	}
	err := q.Ready(ctx)
	if err == nil || errors.Is(err, ErrClosed) || errors.Is(err, errFull) {
		return false
	}
	return q.embedded.directory.hasRoom()
}

// Close takes no more work and lets handlers finish. When half of the time of ctx (5 s where it has no end) has gone
// their contexts are cancelled, with the cause ErrClosed; near its end what still runs is handed back, so that another
// process takes it at once. Then connection and embedded server end, unfinished work simply stays.
func (q *Queue) Close(ctx context.Context) error {
	q.closeOnce.Do(func() { q.closeErr = q.close(ctx) })
	return q.closeErr
}

func (q *Queue) close(ctx context.Context) error {
	end, bounded := ctx.Deadline()
	if !bounded {
		end = time.Now().Add(5 * time.Second)
	}
	left := time.Until(end)
	q.stopIntake()

	idle := make(chan struct{})
	go func() { q.work.Wait(); close(idle) }()
	if !ended(ctx, idle, left/2) {
		q.cancel(ErrClosed)
		if !ended(ctx, idle, left/4) {
			close(q.handing)
			<-idle // handing back is bounded, see handBack
		}
	}
	q.cancel(ErrClosed)
	q.tending.Wait()
	err := q.flush(end)
	q.shut()
	return err
}

// flush sees the last Naks out.
func (q *Queue) flush(end time.Time) error {
	err := nats.ErrDisconnected
	switch {
	case q.conn.IsClosed():
		return nil
	case q.conn.IsConnected():
		err = q.conn.FlushTimeout(max(time.Until(end), 100*time.Millisecond))
	}
	if err != nil {
		return fmt.Errorf("jobs: close: the last answers may not have reached NATS, what they were about comes again: %w", err)
	}
	return nil
}

func (q *Queue) stopIntake() {
	close(q.closing)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stopped = true
}

// shut also ends what open left half done.
func (q *Queue) shut() {
	q.cancel(ErrClosed)
	if q.conn != nil {
		q.conn.Close()
	}
	if q.embedded != nil {
		q.embedded.stop()
	}
}

func ended(ctx context.Context, done <-chan struct{}, within time.Duration) bool {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// key makes a subject token of any text.
func key(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
