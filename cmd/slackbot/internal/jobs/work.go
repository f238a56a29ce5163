package jobs

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Handler does one step of a run: at most one poll, never a wait, then Again. Job is its own until it returns. ctx ends,
// with the cause ErrClosed, when the queue closes and the handler has not ended in time.
type Handler func(ctx context.Context, job *Job) Outcome

// Outcome is how a step ended. The zero Outcome is none: it counts as a crash.
type Outcome struct {
	kind   outcomeKind
	after  time.Duration
	due    time.Time // after, once the queue has placed it
	reason string
}

type outcomeKind int

const (
	kindNone outcomeKind = iota
	kindDone
	kindAgain
	kindDead
	kindBack // the queue's own: the handler does not end
)

// Done ends the run.
func Done() Outcome { return Outcome{kind: kindDone} }

// Again asks for another step, not before after; a later one when polls would take more than half of the workers' time.
func Again(after time.Duration) Outcome { return Outcome{kind: kindAgain, after: max(after, 0)} }

// Dead gives the run up. The reason is ours, never text of cloud origin: it is stored, and NATS tells it to operators.
func Dead(reason string) Outcome {
	return Outcome{kind: kindDead, reason: cmp.Or(reason, "given up")}
}

// Work hands runs to handle, Options.Workers at once, until ctx ends or the queue closes, and returns when the last
// handler has. Call it once.
func (q *Queue) Work(ctx context.Context, handle Handler) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		select {
		case <-q.closing:
			stop()
		case <-ctx.Done():
		}
	}()
	slots := make(chan struct{}, q.options.Workers)
	for ctx.Err() == nil {
		if err := q.pull(ctx, slots, handle); err != nil && ctx.Err() == nil {
			q.log.WarnContext(ctx, "no runs can be taken, will try again", "error", err)
			ended(ctx, nil, time.Second)
		}
	}
	for range q.options.Workers { // all slots free: all handlers have ended
		slots <- struct{}{}
	}
	return nil
}

// pull takes one message for each free slot and none in advance: AckWait runs from the delivery. Each is a request of its
// own: an iterator for one message at a time loses its next request to a race, and stands still for two seconds
// (nats.go 1.55, Messages with PullMaxMessages(1)).
func (q *Queue) pull(ctx context.Context, slots chan struct{}, handle Handler) error {
	consumer, err := q.consumer(ctx)
	if err != nil {
		return err
	}
	for {
		slots <- struct{}{}
		msg, err := next(ctx, consumer)
		if err == nil && !q.deliver(msg, handle, func() { <-slots }) {
			err = ErrClosed
		}
		if err != nil {
			<-slots
		}
		if err != nil && !nothingCame(err) || ctx.Err() != nil {
			return err
		}
	}
}

// next waits for a message. A request is lost with the leader that had it; the missing heartbeat tells after two seconds.
func next(ctx context.Context, consumer jetstream.Consumer) (jetstream.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return consumer.Next(jetstream.FetchContext(ctx), jetstream.FetchHeartbeat(time.Second))
}

func nothingCame(err error) bool {
	return errors.Is(err, nats.ErrTimeout) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, jetstream.ErrNoMessages) || errors.Is(err, jetstream.ErrNoHeartbeat)
}

// deliver starts the work on a message, unless the queue has closed.
func (q *Queue) deliver(msg jetstream.Msg, handle Handler, done func()) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.stopped {
		q.report("given back", msg.Nak())
		return false
	}
	d := &delivery{queue: q, msg: msg, id: string(msg.Data()), began: time.Now()}
	if q.running[d.id] {
		// The heartbeats of the delivery that runs here did not come through. Its end will settle this message too.
		q.report("postponed", msg.NakWithDelay(q.options.AckWait))
		done()
		return true
	}
	q.running[d.id] = true
	q.work.Go(func() {
		defer done()
		defer q.leave(d.id)
		d.work(handle)
	})
	return true
}

func (q *Queue) leave(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.running, id)
}

// report is for messages to the server that have no answer: if one is lost, AckWait does the same later.
func (q *Queue) report(what string, err error) {
	if err != nil {
		q.log.Warn("a delivery could not be settled, it will come again", "how", what, "error", err)
	}
}

// pace returns when a poll may come again. The server delivers what comes again before what is new, so polls that
// fill the workers would starve new runs: each poll books its time on half of the workers.
func (q *Queue) pace(after, took time.Duration) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	if q.nextPoll.Before(now) {
		q.nextPoll = now
	}
	wait := q.nextPoll.Sub(now)
	q.book(took)
	return max(after, wait)
}

func (q *Queue) bookSince(began time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.book(time.Since(began))
}

func (q *Queue) book(took time.Duration) {
	q.nextPoll = q.nextPoll.Add(2 * took / time.Duration(q.options.Workers))
}

// early is how much before its time a poll may begin, for clocks and timers that differ.
const early = 100 * time.Millisecond

// delivery is one message at work in this process.
type delivery struct {
	queue *Queue
	msg   jetstream.Msg
	id    string // of the run
	token string // under which the run record is held
	began time.Time
	stop  func() // the heartbeat
}

var (
	errDuplicate = errors.New("the run lives on another message")
	errEnded     = errors.New("the run has ended")
	errEarly     = errors.New("the next poll is not due yet")
)

func (d *delivery) work(handle Handler) {
	d.stop = d.heartbeat()
	defer d.stop()
	job, err := d.begin(d.queue.handler)
	switch {
	case err == nil:
		d.run(handle, &job)
	case errors.Is(err, errEnded): // its ack was lost
		d.acknowledge(job.record)
	case errors.Is(err, errEarly):
		d.queue.report("postponed", d.msg.NakWithDelay(time.Until(job.record.Due)))
	case errors.Is(err, errDuplicate):
		d.queue.report("terminated", d.msg.TermWithReason("duplicate"))
	case errors.Is(err, ErrNotFound):
		d.orphan()
	default:
		d.queue.log.Warn("a run cannot be begun, it will be tried again", "run", d.id, "error", err)
		d.queue.report("postponed", d.msg.NakWithDelay(time.Second))
	}
}

// orphan is a message without a record: Submit took it back. It is looked for thrice, as a replica that has just
// become the leader may not have caught up.
func (d *delivery) orphan() {
	if meta, err := d.msg.Metadata(); err == nil && meta.NumDelivered < 3 {
		d.queue.report("postponed", d.msg.NakWithDelay(time.Second))
		return
	}
	d.queue.report("terminated", d.msg.TermWithReason("no such run"))
}

// heartbeat tells the server that the work goes on. When it stops, another process takes the run after AckWait. After
// stop none is on its way, as one behind a Nak would replace the delay by AckWait.
func (d *delivery) heartbeat() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !ended(ctx, nil, d.queue.options.AckWait/3) && ctx.Err() == nil {
			if err := d.msg.InProgress(); err != nil {
				return // settled, or the connection is closed
			}
		}
	}()
	return func() { cancel(); <-done }
}

// begin takes the run over: from here on every other delivery of it gets a conflict. It counts the delivery before the
// handler is called, so that a crash shows.
func (d *delivery) begin(ctx context.Context) (Job, error) {
	meta, err := d.msg.Metadata()
	if err != nil {
		return Job{}, err
	}
	for {
		job, err := d.queue.Get(ctx, d.id)
		if err != nil {
			return Job{}, err
		}
		r := job.record
		if r.Message != 0 && r.Message != meta.Sequence.Stream {
			return Job{}, errDuplicate
		}
		if !r.Finished.IsZero() {
			return job, errEnded
		}
		if time.Until(r.Due) > early {
			return job, errEarly
		}
		d.token = d.queue.life + rand.Text()
		r.Message, r.Delivery = meta.Sequence.Stream, d.token
		r.Begun++
		revision, err := d.queue.write(ctx, r, job.revision)
		if !errors.Is(err, ErrConflict) {
			return r.job(revision), err
		}
	}
}

// run calls the handler and settles its outcome, or hands the run back when the queue does not wait for it any longer.
func (d *delivery) run(handle Handler, job *Job) {
	outcome := make(chan Outcome, 1)
	go func() { outcome <- d.call(handle, job) }()
	select {
	case o := <-outcome:
		d.settle(job, o)
	case <-d.queue.handing:
		d.handBack()
	}
}

// call counts a panic as a crash. The value is not logged: it may hold anything.
func (d *delivery) call(handle Handler, job *Job) (o Outcome) {
	defer func() {
		if v := recover(); v != nil {
			d.queue.log.Error("a handler panicked", "run", d.id, "type", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
			o = Outcome{}
		}
	}()
	return handle(d.queue.handler, job)
}

// settle records the outcome, then tells the server. While the store does not answer it tries again: a step that
// was done should not be repeated for an election of a leader.
func (d *delivery) settle(job *Job, o Outcome) {
	switch o.kind {
	case kindNone:
		return // the message comes again after AckWait, with one crash more
	case kindAgain:
		o.due = time.Now().Add(d.queue.pace(o.after, time.Since(d.began)))
		defer d.queue.bookSince(time.Now()) // to settle costs as much as to poll, on a busy machine much
	}
	ctx, cancel := d.queue.untilHanding(3 * d.queue.options.AckWait)
	defer cancel()
	for {
		r, err := d.conclude(ctx, job, o)
		switch {
		case err == nil:
			d.tell(r, o)
			return
		case errors.Is(err, ErrSuperseded) || errors.Is(err, ErrNotFound):
			d.queue.log.Info("the outcome of a delivery that was overtaken is dropped", "run", d.id)
			return
		case ctx.Err() != nil || d.queue.isHanding():
			d.queue.log.Warn("the outcome of a step could not be stored, the step will be repeated", "run", d.id, "error", err)
			return
		}
		if !errors.Is(err, ErrConflict) {
			ended(ctx, d.queue.handing, 250*time.Millisecond)
		}
		job = nil
	}
}

// conclude writes the outcome into the record. Others may have written since, a click for one; only another delivery
// may not. Without job it reads the run.
func (d *delivery) conclude(ctx context.Context, job *Job, o Outcome) (record, error) {
	if job == nil {
		now, err := d.queue.Get(ctx, d.id)
		if err != nil {
			return record{}, err
		}
		job = &now
	}
	r := job.record
	if r.Delivery != d.token {
		return record{}, ErrSuperseded
	}
	r.Begun = 0
	switch o.kind {
	case kindDone, kindDead:
		r.Finished, r.Reason = time.Now().UTC(), o.reason
	case kindAgain:
		r.Due = o.due
	case kindBack:
		r.Delivery = "" // the handler, which still runs, has it no more
	}
	_, err := d.queue.write(ctx, r, job.revision)
	return r, err
}

func (d *delivery) tell(r record, o Outcome) {
	d.stop()
	if o.kind == kindAgain {
		d.queue.report("again", d.msg.NakWithDelay(time.Until(o.due)))
		return
	}
	d.acknowledge(r)
}

// acknowledge removes the message of a run that has ended.
func (d *delivery) acknowledge(r record) {
	if r.Reason != "" {
		d.queue.report("terminated", d.msg.TermWithReason(r.Reason))
		return
	}
	ctx, cancel := d.queue.untilHanding(d.queue.options.AckWait)
	defer cancel()
	d.queue.report("done", d.msg.DoubleAck(ctx))
}

// handingLimit is how long the store may still take when the queue hands over.
const handingLimit = time.Second

// untilHanding ends with its limit, and soon after the queue has begun to hand over: a
// store that does not answer must not keep it from closing.
func (q *Queue) untilHanding(limit time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	go func() {
		if ended(ctx, q.handing, limit) && ctx.Err() == nil {
			ended(ctx, nil, handingLimit)
		}
		cancel()
	}()
	return ctx, cancel
}

func (q *Queue) isHanding() bool {
	select {
	case <-q.handing:
		return true
	default:
		return false
	}
}

// handBack gives the run to whoever asks next. What the handler here still does or returns counts no more.
func (d *delivery) handBack() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	d.queue.log.Warn("a handler does not end, its run is handed back", "run", d.id)
	for {
		_, err := d.conclude(ctx, nil, Outcome{kind: kindBack})
		if err == nil || errors.Is(err, ErrSuperseded) {
			break
		}
		if !errors.Is(err, ErrConflict) {
			d.queue.report("handed back", err)
			break
		}
	}
	d.queue.report("handed back", d.msg.Nak())
}
