package tools

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/alitriage/alitriage/formatters"
)

// snapshot is what one read of the cloud has shown.
type snapshot struct {
	report   formatters.Report
	again    any  // the arguments with which to ask again, nil when nothing can change
	settled  bool // waiting longer shows nothing new, or a human must act
	err      error
	panicked any // what the read panicked with
}

const (
	firstPause = 1 * time.Second
	maxPause   = 5 * time.Second
	// fresh is how old a snapshot may be to serve a caller who joins a poll.
	fresh = 1 * time.Second
)

// polls lets all who wait for the same thing share one poll: thirty waiters
// cost the cloud what one costs.
type polls struct {
	mu     sync.Mutex
	byName map[string]*poll
	bug    func(context.Context, string, any) // is told of a read that panicked
}

type poll struct {
	watchers int
	latest   snapshot
	version  int // of latest; 0: there is none yet
	at       time.Time
	changed  chan struct{} // closed, and replaced, with each new snapshot
	asked    chan struct{} // somebody joined for whom latest is too old
	cancel   context.CancelFunc
}

func newPolls(bug func(context.Context, string, any)) *polls {
	return &polls{byName: map[string]*poll{}, bug: bug}
}

// follow hands each new snapshot of name to see until see has enough. Once
// there has been one, it also ends when stop is closed. The poll runs while
// anybody follows it, in a context of its own.
func (p *polls) follow(ctx context.Context, name string, read func(context.Context) snapshot, see func(snapshot) (enough bool), stop <-chan struct{}) error {
	joined, seen := p.join(ctx, name, read)
	defer p.leave(name, joined)
	var ends <-chan struct{} // stop, from the first snapshot on
	for {
		p.mu.Lock()
		latest, version, changed := joined.latest, joined.version, joined.changed
		p.mu.Unlock()
		if version > seen {
			if latest.panicked != nil {
				panic(latest.panicked) // in the goroutine of somebody who can deal with it
			}
			if see(latest) {
				return nil
			}
			seen, ends = version, stop
		}
		select {
		case <-changed:
		case <-ends:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// join returns the version up to which snapshots are too old for the caller.
func (p *polls) join(ctx context.Context, name string, read func(context.Context) snapshot) (joined *poll, seen int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	joined = p.byName[name]
	if joined == nil {
		joined = &poll{changed: make(chan struct{}), asked: make(chan struct{}, 1)}
		p.byName[name] = joined
		var own context.Context
		own, joined.cancel = context.WithCancel(context.WithoutCancel(ctx))
		go p.run(own, name, joined, read)
	} else if joined.version > 0 && time.Since(joined.at) > fresh {
		seen = joined.version
		select {
		case joined.asked <- struct{}{}:
		default:
		}
	}
	joined.watchers++
	return joined, seen
}

func (p *polls) leave(name string, joined *poll) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if joined.watchers--; joined.watchers == 0 {
		joined.cancel()
		p.forget(name, joined)
	}
}

func (p *polls) forget(name string, gone *poll) {
	if p.byName[name] == gone {
		delete(p.byName, name)
	}
}

func (p *polls) run(ctx context.Context, name string, own *poll, read func(context.Context) snapshot) {
	for pause := firstPause; ; pause = min(pause*3/2, maxPause) {
		latest := p.read(ctx, read)
		if p.publish(name, own, latest); latest.settled {
			return
		}
		timer := time.NewTimer(jitter(pause))
		select {
		case <-timer.C:
		case <-own.asked:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// read survives a panic, which in this goroutine would end the process.
func (p *polls) read(ctx context.Context, read func(context.Context) snapshot) (latest snapshot) {
	defer func() {
		if value := recover(); value != nil {
			p.bug(ctx, "poll", value)
			latest = snapshot{panicked: value, settled: true}
		}
	}()
	return read(ctx)
}

func (p *polls) publish(name string, own *poll, latest snapshot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	own.latest, own.at = latest, time.Now()
	own.version++
	close(own.changed)
	own.changed = make(chan struct{})
	select {
	case <-own.asked: // by somebody who joined during this read, and is served by it
	default:
	}
	if latest.settled {
		p.forget(name, own) // who comes now reads anew
	}
}

// jitter shortens a pause by up to a fifth, so that processes do not march in
// step.
func jitter(pause time.Duration) time.Duration {
	return time.Duration(float64(pause) * (0.8 + 0.2*rand.Float64())) //nolint:gosec // not for secrets
}
