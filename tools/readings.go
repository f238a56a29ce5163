package tools

import (
	"context"
	"encoding/json"
	"time"

	"github.com/alitriage/alitriage/formatters"
)

// CallSince is Call for somebody who asked at that time, and had to wait for their
// turn: a reading of the same thing that was sent to the cloud since then is as
// good as one of their own, even if it failed. One that was sent before is never
// theirs. What starts something is always sent.
func (t Tool) CallSince(ctx context.Context, args json.RawMessage, asked time.Time, progress func(Progress)) (formatters.Report, error) {
	if now := time.Now(); asked.After(now) { // by the clock of another machine
		asked = now
	}
	return t.call(ctx, args, asked, nil, progress)
}

// call is Call for who asked at that time, with notes for the report.
func (t Tool) call(ctx context.Context, args json.RawMessage, asked time.Time, notes []string, progress func(Progress)) (formatters.Report, error) {
	if progress == nil {
		progress = func(Progress) {}
	}
	started := time.Now()
	report, about, err := t.run(ctx, args, asked, notes, progress)
	t.log(ctx, about, time.Since(started), report, err)
	return report, err
}

// readingsLimit bounds the memory of the readings that are kept, in bytes.
const readingsLimit = 32 << 20

// readings are the latest ones of what nobody follows any longer, for calls that
// come later than they were asked for.
type readings struct {
	keep   time.Duration
	byName map[string]snapshot
	bytes  int
}

// add keeps one, and drops those that are too old or, oldest first, too large
// together.
func (r *readings) add(name string, latest snapshot) {
	r.drop(name)
	if r.keep <= 0 || latest.panicked != nil {
		return
	}
	r.byName[name] = latest
	r.bytes += weight(latest.report)
	for other, kept := range r.byName {
		if time.Since(kept.sent) > r.keep {
			r.drop(other)
		}
	}
	for r.bytes > readingsLimit {
		r.drop(r.oldest())
	}
}

func (r *readings) drop(name string) {
	if kept, found := r.byName[name]; found {
		r.bytes -= weight(kept.report)
		delete(r.byName, name)
	}
}

func (r *readings) oldest() (name string) {
	var at time.Time
	for other, kept := range r.byName {
		if at.IsZero() || kept.sent.Before(at) {
			name, at = other, kept.sent
		}
	}
	return name
}

// weight is about what a report takes in memory.
func weight(r formatters.Report) int {
	const each = 2 << 10 // what is not text of some length: facts, names, reasons
	bytes := each
	for _, item := range r.Items {
		bytes += each + len(item.Text)
		if item.Output != nil {
			bytes += len(item.Output.Text)
		}
	}
	return bytes
}
