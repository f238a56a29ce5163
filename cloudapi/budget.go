package cloudapi

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// What one Client sends at most, for each product and region: 300 requests a
// minute. The vendor's quotas are per API, region and account, in windows of one
// minute, and the console and Terraform live off them too. None of their figures
// is promised, so this is a share that should leave room for the others.
const (
	budgetRate  = 5 // a second
	budgetBurst = 10
	// unaskedHold is the pause for all after a Throttling that names none.
	unaskedHold = 500 * time.Millisecond
	// maxLanes bounds what is remembered: regions are text that callers give.
	maxLanes = 256
)

// budget is shared by all callers of one Client and of its other regions. It
// starts no goroutine.
type budget struct {
	rate  rate.Limit
	burst int

	mu    sync.Mutex // of the lanes, too
	lanes map[laneName]*lane
}

type laneName struct {
	product Product
	region  string
}

func (n laneName) String() string {
	if n.region == "" {
		return string(n.product)
	}
	return string(n.product) + " in " + n.region
}

// lane is what one product in one region is asked with.
type lane struct {
	laneName

	limiter   *rate.Limiter
	line      []*waiter // only the first waits for the limiter: who leaves owes it nothing
	heldUntil time.Time // because of a Throttling
	asked     time.Duration
}

// waiter is a caller in the line.
type waiter struct {
	deadline time.Time     // zero: none
	news     chan struct{} // it is the first, or too late
	late     error
}

// overBudget is why a turn would come too late.
type overBudget struct {
	text  string
	asked time.Duration // what is left of the pause that the vendor asked for
}

func (e overBudget) Error() string { return e.text }

func newBudget(r rate.Limit, burst int) *budget {
	return &budget{rate: r, burst: burst, lanes: make(map[laneName]*lane)}
}

// wait returns when the caller may send one request, first come, first served.
// Its error is an overBudget, at once, when the turn would come after ctx's
// deadline, or else the cause of ctx.
func (b *budget) wait(ctx context.Context, name laneName) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.lane(name)
	if len(l.line) == 0 && l.take(time.Now()) {
		return nil
	}
	w := &waiter{news: make(chan struct{}, 1)}
	w.deadline, _ = ctx.Deadline()
	if err := l.tooLate(w, len(l.line), time.Now()); err != nil {
		return err
	}
	l.line = append(l.line, w)
	defer l.leave(w)
	for {
		first, now := l.line[0] == w, time.Now()
		if first && l.take(now) {
			return nil
		}
		turn := l.turn(0, now).Sub(now)
		b.mu.Unlock()
		w.pause(ctx, first, turn)
		b.mu.Lock()
		if w.late != nil {
			return w.late
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// pause ends with ctx, with news, and for the first in the line with its turn.
func (w *waiter) pause(ctx context.Context, first bool, turn time.Duration) {
	var alarm <-chan time.Time
	if first {
		timer := time.NewTimer(turn)
		defer timer.Stop()
		alarm = timer.C
	}
	select {
	case <-alarm:
	case <-w.news:
	case <-ctx.Done():
	}
}

func (w *waiter) tell() {
	select {
	case w.news <- struct{}{}:
	default:
	}
}

// hold lets nobody send for as long as the vendor asked; 0: it did not say.
func (b *budget) hold(name laneName, asked time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l, now := b.lane(name), time.Now()
	until := now.Add(cmp.Or(asked, unaskedHold))
	if !until.After(l.heldUntil) {
		return
	}
	l.heldUntil, l.asked = until, asked
	ahead := 0
	l.line = slices.DeleteFunc(l.line, func(w *waiter) bool {
		if w.late = l.tooLate(w, ahead, now); w.late == nil {
			ahead++
			return false
		}
		w.tell()
		return true
	})
	l.callFirst()
}

// lane finds a lane or makes it. The caller holds the lock.
func (b *budget) lane(name laneName) *lane {
	if l := b.lanes[name]; l != nil {
		return l
	}
	if len(b.lanes) >= maxLanes {
		now := time.Now()
		for name, l := range b.lanes {
			if l.idle(now) {
				delete(b.lanes, name)
			}
		}
	}
	l := &lane{laneName: name, limiter: rate.NewLimiter(b.rate, b.burst)}
	b.lanes[name] = l
	return l
}

// idle lanes are like new ones.
func (l *lane) idle(now time.Time) bool {
	return len(l.line) == 0 && !now.Before(l.heldUntil) && l.limiter.TokensAt(now) >= float64(l.limiter.Burst())
}

func (l *lane) take(now time.Time) bool {
	return !now.Before(l.heldUntil) && l.limiter.AllowN(now, 1)
}

// turn is when the one behind that many others may send.
func (l *lane) turn(ahead int, now time.Time) time.Time {
	if now.Before(l.heldUntil) {
		now = l.heldUntil
	}
	missing := float64(ahead+1) - l.limiter.TokensAt(now)
	return now.Add(max(0, time.Duration(missing/float64(l.limiter.Limit())*float64(time.Second))))
}

// tooLate says why w, behind that many others, would not get its turn in time.
func (l *lane) tooLate(w *waiter, ahead int, now time.Time) error {
	turn := l.turn(ahead, now)
	if w.deadline.IsZero() || turn.Before(w.deadline) {
		return nil
	}
	left := func(t time.Time) time.Duration { return t.Sub(now).Round(time.Millisecond) }
	switch {
	case l.heldUntil.Before(w.deadline):
		text := fmt.Sprintf("alitriage's own budget of %v requests a second for %s is used up", l.limiter.Limit(), l.laneName)
		if ahead > 0 {
			text += fmt.Sprintf(" (callers waiting: %d)", ahead)
		}
		return overBudget{text: fmt.Sprintf("%s; the turn of this call would come in %s, when its time is over", text, left(turn))}
	case l.asked > 0:
		return overBudget{fmt.Sprintf("Alibaba Cloud asked to send nothing to %s for %s, of which %s are left: more than this call has time",
			l.laneName, l.asked, left(l.heldUntil)), left(l.heldUntil)}
	default:
		return overBudget{text: fmt.Sprintf("Alibaba Cloud refused a request to %s as one too many, so alitriage sends none for %s: more than this call has time",
			l.laneName, left(l.heldUntil))}
	}
}

// leave makes room for the next.
func (l *lane) leave(w *waiter) {
	l.line = slices.DeleteFunc(l.line, func(other *waiter) bool { return other == w })
	l.callFirst()
}

func (l *lane) callFirst() {
	if len(l.line) > 0 {
		l.line[0].tell()
	}
}
