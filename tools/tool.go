package tools

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/formatters"
)

// Config is what the tools need to run.
type Config struct {
	// Profiles are the accounts that calls may choose from; the first one is the
	// default. A Client's region is the profile's.
	Profiles  []Profile
	Aliases   []Alias
	MaxWait   time.Duration // for a whole call, its result included; 0: 45 s
	ReadOnly  bool          // nothing is started
	Simulated bool          // the cloud is the simulator; every report says so
	// Drain ends all waits when it is closed: calls then answer what they have.
	Drain <-chan struct{}
	// KeepReadings is how long a reading is kept for calls that were asked for
	// before it was sent, and come later; see CallSince. 0: not at all.
	KeepReadings time.Duration
	// MarkKey makes the marks of redacted secrets.
	MarkKey []byte
	Logger  *slog.Logger
}

// Profile is an account.
type Profile struct {
	Name   string
	Client *cloudapi.Client
	Site   formatters.Site // where links lead; "": mainland China
}

// Alias is a name that stands for an id.
type Alias struct {
	Name    string
	Arg     string // the argument it fills, such as app_id
	ID      string
	Profile string // "": the default
	Region  string // "": the profile's
}

// Tool is one thing that assistants and people can ask for.
type Tool struct {
	Name, Title, Description string
	InputSchema              json.RawMessage
	IDs                      []IDKind // the ids it takes, the likeliest first
	Starts                   bool     // it may start something
	Actions                  []string // the RAM actions it needs, that of reading last

	fields []field
	set    *set
	run    func(context.Context, json.RawMessage, time.Time, []string, func(Progress)) (formatters.Report, asked, error)
	plan   func(json.RawMessage) (Plan, error)
	whole  func(json.RawMessage, formatters.Report) json.RawMessage
	probe  func(context.Context, Profile) error
}

// Progress is how far a call is that waits.
type Progress struct {
	Elapsed, Limit time.Duration
	Message        string
}

// Refusal says why nothing was asked of Alibaba Cloud. Its problems name the
// argument, what is wrong with it and what is allowed.
type Refusal struct {
	Tool     string
	Problems []string
	Instead  *Call // what was probably meant, if that mends all problems; it starts nothing
}

func (r *Refusal) Error() string {
	return r.Tool + ": refused, nothing was asked of Alibaba Cloud\n- " + strings.Join(r.Problems, "\n- ")
}

// Call checks args, which is a JSON object or nothing, and runs the tool. It
// reports progress from the calling goroutine, strictly before it returns;
// progress may be nil. When ctx ends during a wait, it answers what it has. The
// error is a *Refusal when nothing was asked of the cloud; ErrorText renders it
// in either case.
func (t Tool) Call(ctx context.Context, args json.RawMessage, progress func(Progress)) (formatters.Report, error) {
	return t.call(ctx, args, time.Now(), nil, progress)
}

// Plan is what a call would do.
type Plan struct {
	Args   formatters.Facts // with ids in the place of aliases, and the account and region in use
	Starts bool             // it would start something
	Scope  string           // on what it would start something: "all instances of the environment"
	Place  string           // in which, of all places: nothing else is to be started there meanwhile
	Wait   time.Duration    // how long it would wait for a final state
}

// Plan checks args as Call does, and asks nobody. Its error is a *Refusal.
func (t Tool) Plan(args json.RawMessage) (Plan, error) { return t.plan(args) }

// Whole are the arguments with which to see the whole of what r, the report of
// args, has cut; args itself where there is nothing more.
func (t Tool) Whole(args json.RawMessage, r formatters.Report) json.RawMessage {
	return t.whole(args, r)
}

// Probe reads what cannot exist, with a profile. It starts nothing. The error,
// if there is one, is the cloud's or the network's; "not found" is none.
func (t Tool) Probe(ctx context.Context, p Profile) error {
	err := t.probe(ctx, p)
	if e, ok := errors.AsType[*cloudapi.Error](err); ok && errors.Is(e, cloudapi.ErrNotFound) && e.Product != cloudapi.STS {
		return nil
	}
	return err
}

// set is what all tools of a Config share.
type set struct {
	Config

	polls  *polls
	starts *starts
}

// place is the account and region of a call.
type place struct {
	*cloudapi.Client

	profile string
}

// asked is what a call is about, for errors and the log: ids that were found
// right, and never free text.
type asked struct {
	profile, region string
	ids             formatters.Facts
}
