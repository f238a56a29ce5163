package main

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/tools"
)

// readings lets all runs that ask for the same thing share its reads: a hundred
// who wait cost the cloud what one costs.
type readings struct {
	mu     sync.Mutex
	latest map[string]*reading
}

type reading struct {
	done   chan struct{} // closed when it is there
	at     time.Time
	report formatters.Report
	err    error
}

func newReadings() *readings { return &readings{latest: map[string]*reading{}} }

// read returns an answer that is at most that old.
func (r *readings) read(ctx context.Context, tool tools.Tool, args json.RawMessage, fresh time.Duration) (formatters.Report, error) {
	own, ask := r.join(tool.Name+string(args), fresh)
	if ask {
		own.make(ctx, tool, args)
	}
	select {
	case <-own.done:
		return own.report, own.err
	case <-ctx.Done():
	}
	select {
	case <-own.done: // both at once: then it is known
		return own.report, own.err
	default:
		return formatters.Report{}, errLeft
	}
}

// errLeft says that nobody waited for the answer, as the queue closes: it is no
// answer, and the next process asks again.
var errLeft = errors.New("nobody waited for the answer")

// serves tells whether somebody may be given this one: who asks once more after an
// error wants to know whether it has passed.
func (r *reading) serves(fresh time.Duration) bool {
	select {
	case <-r.done:
		return r.err == nil || fresh > firstFresh
	default:
		return true
	}
}

// make asks the cloud. Whoever waits for it is not left alone by a panic.
func (r *reading) make(ctx context.Context, tool tools.Tool, args json.RawMessage) {
	r.err = errors.New("internal error of alitriage")
	defer close(r.done)
	r.report, r.err = tool.Call(context.WithoutCancel(ctx), args, nil)
}

// join finds a reading that will do, or begins one that the caller has to make.
func (r *readings) join(name string, fresh time.Duration) (own *reading, ask bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if own = r.latest[name]; own != nil && now.Sub(own.at) < fresh && own.serves(fresh) {
		return own, false
	}
	for other, old := range r.latest { // a whole output is large, and nobody asks for the old ones
		if now.Sub(old.at) > pace {
			delete(r.latest, other)
		}
	}
	own = &reading{done: make(chan struct{}), at: now}
	r.latest[name] = own
	return own, true
}
