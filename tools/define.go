package tools

import (
	"context"
	"encoding/json"
	"reflect"
	"time"

	"github.com/alitriage/alitriage/formatters"
)

// spec declares a tool. In embeds Common; its fields are the arguments.
type spec[In, Out any] struct {
	Name, Title, Description string
	IDs                      []IDKind
	Central                  bool     // the product has no regions
	Actions                  []string // the last one is that of reading
	// Check finds what is wrong between the arguments, and with those that are no
	// ids. An id that is wrong by itself, and said to be so, still counts as given.
	Check func(In) []string
	// Starts tells whether Run with these arguments starts something, so that it
	// must be called once only; nil: it never does.
	Starts func(In) bool
	// Scope says on what such a start would work: "all instances of the environment".
	Scope func(In) string
	// Run asks the cloud once.
	Run    func(ctx context.Context, at place, in In) (Out, error)
	Report func(formatters.Airlock, In, Out) formatters.Report
	// Nothing are arguments of a read that finds nothing, and needs the same
	// permission as any other: what nobody has can be asked for without harm.
	Nothing In
	// Resume returns the arguments with which to ask again, while something can
	// still change. It takes the ids from in: those of an answer are the cloud's
	// word.
	Resume func(In, Out) (In, bool)
	// FullOutput tells whether the arguments ask for outputs as a whole; nil:
	// they never do.
	FullOutput func(In) bool
	// Whole makes the arguments ask for the output of the worst that a report of
	// them shows; nil: there is no more than the report has.
	Whole func(In, formatters.Report) In
}

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
	t.probe = func(ctx context.Context, p Profile) error {
		_, err := d.Run(ctx, place{p.Client, p.Name}, d.Nothing)
		return err
	}
	prepare := func(raw json.RawMessage) (call[In, Out], error) {
		var in In
		at, refusal := t.check(raw, reflect.ValueOf(&in).Elem(), d.Central, func() []string { return d.Check(in) })
		if refusal != nil {
			return call[In, Out]{}, refusal
		}
		c := call[In, Out]{spec: d, set: s, at: at, in: in}
		c.budget = newBudget(s.MaxWait, commonOf(&in), d.Starts(in))
		return c, nil
	}
	t.plan = func(raw json.RawMessage) (Plan, error) {
		c, err := prepare(raw)
		if err != nil {
			return Plan{}, err
		}
		plan := Plan{Args: c.arguments(c.in), Starts: d.Starts(c.in), Place: t.asked(reflect.ValueOf(c.in), c.at, d.Central).place(), Wait: c.wait}
		if plan.Starts {
			plan.Scope = d.Scope(c.in)
		}
		return plan, nil
	}
	t.whole = func(raw json.RawMessage, r formatters.Report) json.RawMessage {
		c, err := prepare(raw)
		if err != nil || d.Whole == nil {
			return raw
		}
		whole, err := json.Marshal(c.arguments(d.Whole(c.in, r)))
		if err != nil {
			return raw
		}
		return whole
	}
	t.run = func(ctx context.Context, raw json.RawMessage, since time.Time, notes []string, progress func(Progress)) (formatters.Report, asked, error) {
		c, err := prepare(raw)
		if err != nil {
			return formatters.Report{}, asked{}, err
		}
		c.since, c.progress = since, progress
		c.notes = append(c.notes, notes...)
		about := t.asked(reflect.ValueOf(c.in), c.at, d.Central)
		report, err := c.answer(ctx)
		if err != nil {
			return formatters.Report{}, about, t.explain(err, about)
		}
		t.echo(&report, about)
		return formatters.Fit(report, d.FullOutput(c.in)), about, nil
	}
	return t
}

func commonOf[In any](in *In) *Common {
	return reflect.ValueOf(in).Elem().FieldByName("Common").Addr().Interface().(*Common)
}
