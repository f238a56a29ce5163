package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/formatters"
)

const (
	// startedWait is how long a call that starts something waits for its end,
	// unless wait_seconds says otherwise.
	startedWait = 30 * time.Second
	// lastWord is how long before its end a wait falls silent: the official client
	// loses progress that comes together with the result.
	lastWord = 500 * time.Millisecond
)

// budget is the time that a call has.
type budget struct {
	began    time.Time
	wait     time.Duration // how long to wait for a final state
	reading  time.Duration // how long one read may take, so that its error is still in time
	deadline time.Time     // when the answer must be there
	notes    []string
}

// newBudget leaves a call enough of maxWait to answer.
func newBudget(maxWait time.Duration, common *Common, starts bool) budget {
	margin := min(time.Second, maxWait/4)
	b := budget{began: time.Now(), reading: maxWait - margin}
	b.deadline = b.began.Add(maxWait - margin/2)
	if starts {
		b.wait = startedWait
	}
	if common.WaitSeconds != nil {
		seconds := min(*common.WaitSeconds, math.MaxInt32) // more would overflow a Duration
		b.wait = time.Duration(seconds) * time.Second
		if b.wait > maxWait {
			b.notes = append(b.notes, fmt.Sprintf("wait_seconds=%d is more than the server allows (--max-wait %s) and was cut to it", *common.WaitSeconds, maxWait))
		}
	}
	b.wait = min(b.wait, maxWait-margin)
	return b
}

// timeOver is the cause when something has taken as long as it may.
type timeOver struct {
	limit time.Duration
	flag  string // that sets the limit, if one does
}

func (t timeOver) Error() string { return "there was no answer within " + t.limit.String() + t.flag }

// Is makes it a deadline like any other.
func (t timeOver) Is(target error) bool { return target == context.DeadlineExceeded }

// call is one run of a tool with arguments that were found right.
type call[In, Out any] struct {
	spec[In, Out]
	budget

	set      *set
	at       place
	in       In
	since    time.Time // a reading that was sent before is too old
	progress func(Progress)
	started  formatters.Report // of what this call has started, if it has
	last     formatters.Report // the newest good one
	failure  error             // of the newest read; nil when it was good
}

// answer runs the call within its time.
func (c *call[In, Out]) answer(ctx context.Context) (formatters.Report, error) {
	if ctx.Err() != nil { // cancelled while it was queued: nothing may start
		return formatters.Report{}, c.noAnswer(context.Cause(ctx), false)
	}
	ctx, cancel := context.WithDeadlineCause(ctx, c.deadline, timeOver{c.set.MaxWait, " (--max-wait)"})
	defer cancel()
	in := c.in
	if c.Starts(in) {
		first := c.read(ctx, in)
		if c.see(first) || c.set.draining() {
			return c.conclude(nil)
		}
		c.started, in, c.since = first.report, first.again.(In), time.Now()
	}
	return c.conclude(c.follow(ctx, in))
}

// follow reads until all is settled or the time to wait is over.
func (c *call[In, Out]) follow(ctx context.Context, in In) error {
	stop, cancel := c.set.stopAt(c.began.Add(c.wait))
	defer cancel()
	return c.set.polls.follow(ctx, c.pollName(in), c.since, func(ctx context.Context) snapshot { return c.read(ctx, in) }, c.see, stop)
}

// see looks at a new snapshot and tells whether the call has enough.
func (c *call[In, Out]) see(next snapshot) (enough bool) {
	elapsed := time.Since(c.began)
	message := next.report.Headline
	if c.failure = next.err; next.err == nil {
		c.last = next.report
	} else {
		message = "the last read failed, trying again: " + why(c.set.airlock(c.at.profile, false), next.err)
	}
	if next.settled || elapsed >= c.wait {
		return true
	}
	if c.wait-elapsed > lastWord {
		c.progress(Progress{elapsed, c.wait, message})
	}
	return false
}

// conclude answers with the newest good report. A later failure does not take it
// away, least of all the id of something that was started; it is added.
func (c *call[In, Out]) conclude(ended error) (formatters.Report, error) {
	if c.last.Verdict == "" && c.failure == nil {
		return formatters.Report{}, c.noAnswer(ended, true)
	}
	if c.last.Verdict == "" {
		return formatters.Report{}, c.failure
	}
	report := c.last // shared with other callers: nothing in it is changed in place
	report.Notes = append(union(c.started.Notes, report.Notes), c.notes...)
	report.Source.RequestIDs = union(c.started.Source.RequestIDs, report.Source.RequestIDs)
	if c.failure != nil {
		failed := c.set.airlock(c.at.profile, false).Error(c.failure)
		report.Notes = append(report.Notes, "the last read failed, so this is the one before: "+why(c.set.airlock(c.at.profile, false), c.failure))
		report.Source.RequestIDs = append(report.Source.RequestIDs, failed.Source.RequestIDs...)
		if !passing(c.failure) {
			report.NextSteps = append(slices.Clip(report.NextSteps), failed.NextSteps...)
		}
	}
	return report, nil
}

// noAnswer is the error of a call that ended before its first read did.
func (c *call[In, Out]) noAnswer(cause error, sent bool) error {
	product, operation, _ := strings.Cut(c.Actions[len(c.Actions)-1], ":")
	e := &cloudapi.Error{Op: operation, Product: cloudapi.Product(product), Kind: cloudapi.ErrUnavailable, Cause: cause, Sent: sent}
	if !c.Central {
		e.Region = c.at.Region()
	}
	return e
}

// read asks the cloud once and reports.
func (c *call[In, Out]) read(ctx context.Context, in In) snapshot {
	ctx, cancel := context.WithTimeoutCause(ctx, c.reading, timeOver{c.set.MaxWait, " (--max-wait)"})
	defer cancel()
	out, err := c.Run(ctx, c.at, in)
	if err != nil {
		return snapshot{err: err, settled: !passing(err) || c.Starts(in)} // a start is not tried again
	}
	shot := snapshot{report: c.Report(c.set.airlock(c.at.profile, c.FullOutput(in)), in, out), settled: true}
	shot.report.Source.Profile, shot.report.Source.Simulated = c.at.profile, c.set.Simulated
	if again, more := c.Resume(in, out); more {
		shot.again = again
		shot.report.Resume = c.arguments(again)
		shot.settled = shot.report.Verdict == formatters.ActionNeeded
	}
	return shot
}

// pollName is equal for calls that the cloud would answer alike.
func (c *call[In, Out]) pollName(in In) string {
	b, err := json.Marshal(c.arguments(in))
	if err != nil {
		panic(err) // facts always marshal
	}
	return c.Name + string(b)
}

// arguments are those of in, with the account and region in use.
func (c *call[In, Out]) arguments(in In) formatters.Facts {
	*commonOf(&in) = Common{Profile: c.at.profile}
	if !c.Central {
		commonOf(&in).Region = c.at.Region()
	}
	var facts formatters.Facts
	b, err := json.Marshal(in)
	if err == nil {
		err = json.Unmarshal(b, &facts)
	}
	if err != nil {
		panic(err) // an input struct that does not survive JSON
	}
	return facts
}

// passing tells whether a failed read may go well a moment later.
func passing(err error) bool {
	e, ok := errors.AsType[*cloudapi.Error](err)
	return ok && e.MayPass()
}

// union is a list of its own, and never nil.
func union(first, second []string) []string {
	all := append([]string{}, first...)
	for _, s := range second {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// stopAt returns a channel that is closed at t, or when the process drains.
func (s *set) stopAt(t time.Time) (<-chan struct{}, context.CancelFunc) {
	ctx, cancel := context.WithDeadline(context.Background(), t)
	if s.Drain != nil {
		go func() {
			select {
			case <-s.Drain:
				cancel()
			case <-ctx.Done():
			}
		}()
	}
	return ctx.Done(), cancel
}

func (s *set) draining() bool {
	select {
	case <-s.Drain:
		return true
	default:
		return false
	}
}

// airlock is that for answers to an account, "" being the default.
func (s *set) airlock(profile string, full bool) formatters.Airlock {
	at := max(slices.IndexFunc(s.Profiles, func(p Profile) bool { return p.Name == profile }), 0)
	return formatters.Airlock{Key: s.MarkKey, FullOutput: full, Site: s.Profiles[at].Site}
}
