package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/formatters"
)

// spec declares a tool. In embeds Common; its fields are the arguments.
type spec[In, Out any] struct {
	Name, Title, Description string
	IDs                      []IDKind
	Central                  bool // the product has no regions
	Actions                  []string
	// Check finds what is wrong between arguments that are right by themselves.
	Check func(In) []string
	// Starts tells whether Run with these arguments starts something, so that it
	// must be called once only; nil: it never does.
	Starts func(In) bool
	// Run asks the cloud once.
	Run    func(ctx context.Context, at place, in In) (Out, error)
	Report func(formatters.Airlock, Out) formatters.Report
	// Resume returns the arguments with which to ask again, while something can
	// still change.
	Resume func(Out) (In, bool)
	// FullOutput tells whether the arguments ask for outputs as a whole; nil:
	// they never do.
	FullOutput func(In) bool
}

// startedWait is how long a call that starts something waits for its end,
// unless wait_seconds says otherwise.
const startedWait = 30 * time.Second

// define makes a Tool of its declaration. It is the only place that knows both
// the types of a tool and its arguments on the wire.
func define[In, Out any](s *set, d spec[In, Out]) Tool {
	if d.Starts == nil {
		d.Starts = func(In) bool { return false }
	}
	if d.FullOutput == nil {
		d.FullOutput = func(In) bool { return false }
	}
	t := Tool{
		Name: d.Name, Title: d.Title, Description: d.Description, IDs: d.IDs, Actions: d.Actions,
		InputSchema: inputSchema[In](s), fields: fieldsOf(reflect.TypeFor[In]()), set: s,
	}
	t.run = func(ctx context.Context, raw json.RawMessage, progress func(Progress)) (formatters.Report, error) {
		var in In
		at, problems := t.check(raw, reflect.ValueOf(&in), d.Central)
		if len(problems) == 0 && d.Check != nil {
			problems = d.Check(in)
		}
		if len(problems) > 0 {
			return formatters.Report{}, &Refusal{t.Name, problems}
		}
		c := call[In, Out]{spec: d, set: s, at: at, in: in, progress: progress, budget: newBudget(s.MaxWait, commonOf(&in), d.Starts(in))}
		ctx, cancel := context.WithDeadlineCause(ctx, c.deadline, errMaxWait)
		defer cancel()
		report, err := c.follow(ctx)
		if err != nil {
			return formatters.Report{}, t.explain(err, reflect.ValueOf(in))
		}
		report.Notes = append(report.Notes, c.notes...)
		t.echo(&report, reflect.ValueOf(in))
		return formatters.Fit(report, d.FullOutput(in)), nil
	}
	return t
}

// budget is the time that a call has.
type budget struct {
	started  time.Time
	wait     time.Duration // how long to wait for a final state
	deadline time.Time     // when the answer must be there
	notes    []string
}

var errMaxWait = fmt.Errorf("the longest time for a call is over (--max-wait): %w", context.DeadlineExceeded)

// newBudget leaves a call enough of maxWait to answer.
func newBudget(maxWait time.Duration, common *Common, starts bool) budget {
	margin := min(time.Second, maxWait/4)
	b := budget{started: time.Now()}
	b.deadline = b.started.Add(maxWait - margin/2)
	if starts {
		b.wait = startedWait
	}
	if common.WaitSeconds != nil {
		b.wait = time.Duration(*common.WaitSeconds) * time.Second
		if b.wait > maxWait {
			b.notes = append(b.notes, fmt.Sprintf("wait_seconds=%d is more than the server allows (--max-wait %s) and was cut to it", *common.WaitSeconds, maxWait))
		}
	}
	b.wait = min(b.wait, maxWait-margin)
	return b
}

// call is one run of a tool with arguments that were found right.
type call[In, Out any] struct {
	spec[In, Out]
	budget

	set      *set
	at       place
	in       In
	progress func(Progress)
	last     snapshot // the newest good one
}

// follow reads until all is settled or the time to wait is over.
func (c *call[In, Out]) follow(ctx context.Context) (formatters.Report, error) {
	in := c.in
	if c.Starts(in) {
		c.last = c.read(ctx, in)
		if c.last.err != nil || c.last.settled || c.wait == 0 || c.set.draining() {
			return c.last.report, c.last.err
		}
		in = c.last.again.(In)
	}
	stop, cancel := c.set.stopAt(c.started.Add(c.wait))
	defer cancel()
	var failure error
	err := c.set.polls.follow(ctx, c.pollName(in), func(ctx context.Context) snapshot { return c.read(ctx, in) },
		func(next snapshot) (enough bool) {
			failure = next.err
			return c.see(next)
		}, stop)
	switch {
	case c.last.report.Verdict == "": // there was no good read at all
		return formatters.Report{}, errors.Join(failure, err)
	case failure != nil && !passing(failure):
		return formatters.Report{}, failure
	case failure != nil:
		c.notes = append(c.notes, "the last read failed, so this is the one before: "+c.set.airlock(false).Error(failure).Headline)
	}
	return c.last.report, nil
}

// see looks at a new snapshot and tells whether the call has enough.
func (c *call[In, Out]) see(next snapshot) (enough bool) {
	if next.err != nil {
		return c.last.report.Verdict == "" || !passing(next.err)
	}
	c.last = next
	if next.settled || time.Since(c.started) >= c.wait {
		return true
	}
	c.progress(Progress{time.Since(c.started), c.wait, next.report.Headline})
	return false
}

// read asks the cloud once and reports.
func (c *call[In, Out]) read(ctx context.Context, in In) snapshot {
	out, err := c.Run(ctx, c.at, in)
	if err != nil {
		return snapshot{err: err, settled: !passing(err)}
	}
	shot := snapshot{report: c.Report(c.set.airlock(c.FullOutput(in)), out), settled: true}
	shot.report.Source.Profile, shot.report.Source.Simulated = c.at.profile, c.set.Simulated
	if again, more := c.Resume(out); more {
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

func commonOf[In any](in *In) *Common {
	return reflect.ValueOf(in).Elem().FieldByName("Common").Addr().Interface().(*Common)
}

// passing tells whether a failed read may go well a moment later.
func passing(err error) bool {
	return errors.Is(err, cloudapi.ErrUnavailable) || errors.Is(err, cloudapi.ErrThrottled)
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

func (s *set) airlock(full bool) formatters.Airlock {
	return formatters.Airlock{Key: s.MarkKey, FullOutput: full}
}
