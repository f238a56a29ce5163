package tools

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/formatters"
)

// snapshot is what one read of the cloud has shown.
type snapshot struct {
	report   formatters.Report
	again    any  // the arguments with which to ask again, nil when nothing can change
	settled  bool // waiting longer shows nothing new, or a human must act
	err      error
	panicked any // what the read panicked with

	// sent is when its first request went out, or when it failed without one: what
	// happened in the cloud before that is in it.
	sent time.Time
}

const (
	firstPause = 1 * time.Second
	maxPause   = 5 * time.Second
)

// polls lets all who wait for the same thing share its reads: thirty who wait cost
// the cloud what one costs. Everybody gets a reading that was sent after they
// asked, and so does whoever comes later and has asked before it was sent.
type polls struct {
	mu     sync.Mutex
	byName map[string]*poll
	kept   readings
	bug    func(context.Context, string, any) // is told of a read that panicked
}

// poll is one thing that is read for those who follow it.
type poll struct {
	watchers int
	running  bool
	cancel   context.CancelFunc // of what runs
	latest   snapshot
	version  int           // of latest; 0: there is none yet
	changed  chan struct{} // closed, and replaced, with each new snapshot

	reading bool          // a read is under way,
	sent    time.Time     // and was sent then; zero: not yet
	wanted  time.Time     // the newest asking for which no reading will do yet
	asked   chan struct{} // wanted has changed
}

func newPolls(bug func(context.Context, string, any), keep time.Duration) *polls {
	return &polls{byName: map[string]*poll{}, kept: readings{keep: keep, byName: map[string]snapshot{}}, bug: bug}
}

// follow hands each new snapshot of name that was sent since then to see, until see
// has enough. Once there has been one, it also ends when stop is closed. The poll
// runs while anybody follows it, in a context of its own.
func (p *polls) follow(ctx context.Context, name string, since time.Time, read func(context.Context) snapshot, see func(snapshot) (enough bool), stop <-chan struct{}) error {
	joined := p.join(name)
	defer p.leave(name, joined)
	run := func(pause time.Duration) {
		var own context.Context
		own, joined.cancel = context.WithCancel(context.WithoutCancel(ctx))
		go p.run(own, name, joined, read, pause)
	}
	seen := 0
	var ends <-chan struct{} // stop, from the first snapshot on
	for {
		latest, version, changed := p.next(joined, since, seen, run)
		if version > seen {
			if latest.panicked != nil {
				panic(latest.panicked) // in the goroutine of somebody who can deal with it
			}
			if see(latest) {
				return nil
			}
			seen, ends = version, stop
			continue // what runs it is started only for those who need more
		}
		select {
		case <-changed:
		case <-ends:
			return nil
		case <-ctx.Done():
			if latest, version = p.known(joined, since); version > seen { // both at once
				see(latest)
			}
			return context.Cause(ctx)
		}
	}
}

func (p *polls) join(name string) *poll {
	p.mu.Lock()
	defer p.mu.Unlock()
	joined := p.byName[name]
	if joined == nil {
		joined = &poll{changed: make(chan struct{}), asked: make(chan struct{}, 1)}
		if kept, found := p.kept.byName[name]; found {
			joined.latest, joined.version = kept, 1
		}
		p.byName[name] = joined
	}
	joined.watchers++
	return joined
}

// next returns the latest snapshot if it is another than the one that was seen and
// was sent since then. Else its version is 0, and one is under way.
func (p *polls) next(own *poll, since time.Time, seen int, run func(pause time.Duration)) (latest snapshot, version int, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if own.version > seen && !own.latest.sent.Before(since) {
		return own.latest, own.version, nil
	}
	if seen == 0 && !own.serves(since) {
		if since.After(own.wanted) {
			own.wanted = since
		}
		select {
		case own.asked <- struct{}{}:
		default:
		}
	}
	if !own.running {
		own.running = true
		pause := firstPause
		if seen == 0 {
			pause = 0
		}
		run(pause)
	}
	return snapshot{}, 0, own.changed
}

// known is the latest snapshot if it was sent since then, and starts nothing.
func (p *polls) known(own *poll, since time.Time) (latest snapshot, version int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if own.latest.sent.Before(since) || own.latest.panicked != nil {
		return snapshot{}, 0
	}
	return own.latest, own.version
}

// serves reports whether the read that is under way will do for who asked then.
func (o *poll) serves(since time.Time) bool {
	return o.reading && (o.sent.IsZero() || !o.sent.Before(since))
}

func (p *polls) leave(name string, joined *poll) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if joined.watchers--; joined.watchers == 0 {
		if joined.cancel != nil {
			joined.cancel()
		}
		p.forget(name, joined)
	}
}

func (p *polls) forget(name string, gone *poll) {
	if p.byName[name] == gone {
		delete(p.byName, name)
	}
}

// run reads until all is settled and everybody was served, or everybody has left.
func (p *polls) run(ctx context.Context, name string, own *poll, read func(context.Context) snapshot, pause time.Duration) {
	for next := firstPause; ; {
		if !own.await(ctx, pause) {
			return
		}
		latest := p.read(ctx, own, read)
		served, over := p.publish(ctx, name, own, latest)
		switch {
		case over:
			return
		case !served:
			pause = 0
		default:
			pause, next = jitter(next), min(next*3/2, maxPause)
		}
	}
}

// await returns after the pause, or when somebody asks for more. It is false when
// nobody follows any longer.
func (o *poll) await(ctx context.Context, pause time.Duration) bool {
	if pause <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-o.asked:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// read survives a panic, which in this goroutine would end the process.
func (p *polls) read(ctx context.Context, own *poll, read func(context.Context) snapshot) (latest snapshot) {
	p.mu.Lock()
	own.reading, own.sent = true, time.Time{}
	p.mu.Unlock()
	defer func() {
		if value := recover(); value != nil {
			p.bug(ctx, "poll", value)
			latest = snapshot{panicked: value, settled: true}
		}
	}()
	return read(cloudapi.OnSend(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if own.sent.IsZero() { // of several pages or attempts the first one counts
			own.sent = time.Now()
		}
	}))
}

// publish reports whether all who have asked so far are served, and whether nothing
// more is to be read.
func (p *polls) publish(ctx context.Context, name string, own *poll, latest snapshot) (served, over bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if latest.sent = own.sent; latest.sent.IsZero() {
		latest.sent = time.Now()
	}
	own.reading = false
	if ctx.Err() != nil { // it may have failed because its last follower has left
		return true, true
	}
	own.latest = latest
	own.version++
	close(own.changed)
	own.changed = make(chan struct{})
	select {
	case <-own.asked:
	default:
	}
	p.kept.add(name, latest)
	served = !latest.sent.Before(own.wanted)
	over = latest.settled && served
	if over {
		own.running = false
		p.forget(name, own) // who comes now reads anew
	}
	return served, over
}

// jitter shortens a pause by up to a fifth, so that processes do not march in
// step.
func jitter(pause time.Duration) time.Duration {
	return time.Duration(float64(pause) * (0.8 + 0.2*rand.Float64())) //nolint:gosec // not for secrets
}
