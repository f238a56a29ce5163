package tools

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/formatters"
)

type gatherEnvStatsIn struct {
	EnvID           cloudapi.EnvID        `json:"env_id,omitempty" jsonschema:"EnvId (we-…) or alias: starts a gather"`
	ChangeID        cloudapi.ChangeID     `json:"change_id,omitempty" jsonschema:"ChangeId (wc-…) or alias: reads a gather"`
	TargetInstances []cloudapi.InstanceID `json:"target_instances,omitempty" jsonschema:"InstanceIds; with env_id only; default all"`
	Common
}

// gatherReadIn is what is left of the arguments when nothing may be started.
type gatherReadIn struct {
	ChangeID cloudapi.ChangeID `json:"change_id,omitempty" jsonschema:"ChangeId (wc-…) or alias"`
	Common
}

// gatherOut is a gather that was started, or one that was read.
type gatherOut struct {
	change  cloudapi.ChangeID   // the one it is about
	started *cloudapi.EnvChange // nil when it was read
	read    cloudapi.GatherStatsResult
	note    string // for a caller who wanted to start another one
	unread  error  // why a change that was joined could not be read
}

// noChange is a change that nobody has.
const noChange cloudapi.ChangeID = "wc-000000000000000000000000"

func gatherEnvStats(s *set) Tool {
	d := spec[gatherEnvStatsIn, gatherOut]{
		Name:  "gather_env_stats",
		Title: "WebPlus environment diagnostics",
		Description: "A gather of diagnostics from the instances of a WebPlus environment: where did it fail, and why? With env_id it STARTS one, a change in the environment; with change_id it reads one. " +
			"Give exactly one of the two. Reads no other changes.",
		IDs:     []IDKind{envID, changeID},
		Actions: []string{"webplus:GatherAppEnvStats", describeAppEnvs, "webplus:DescribeGatherStatsResult"},
		Check:   checkGather,
		Starts:  func(in gatherEnvStatsIn) bool { return in.EnvID != "" },
		Scope:   gatherScope,
		Run: func(ctx context.Context, at place, in gatherEnvStatsIn) (gatherOut, error) {
			if in.EnvID != "" {
				return s.starts.start(ctx, at, in)
			}
			result, err := at.DescribeGatherStatsResult(ctx, in.ChangeID)
			return gatherOut{change: in.ChangeID, read: result}, err
		},
		Report:  func(a formatters.Airlock, _ gatherEnvStatsIn, out gatherOut) formatters.Report { return out.report(a) },
		Nothing: gatherEnvStatsIn{ChangeID: noChange},
		Resume: func(_ gatherEnvStatsIn, out gatherOut) (gatherEnvStatsIn, bool) {
			return gatherEnvStatsIn{ChangeID: out.change}, out.changing()
		},
	}
	if s.ReadOnly {
		return define(s, readOnlyGather(d))
	}
	t := define(s, d)
	t.Starts = true
	return t
}

// readOnlyGather has no argument that could start anything.
func readOnlyGather(d spec[gatherEnvStatsIn, gatherOut]) spec[gatherReadIn, gatherOut] {
	return spec[gatherReadIn, gatherOut]{
		Name:        d.Name,
		Title:       d.Title,
		Description: "A gather of diagnostics from the instances of a WebPlus environment: where did it fail, and why? Read only: this server starts nothing. Reads no other changes.",
		IDs:         []IDKind{changeID},
		Actions:     []string{"webplus:DescribeGatherStatsResult"},
		Check: func(in gatherReadIn) []string {
			if in.ChangeID == "" {
				return []string{"change_id is required: a ChangeId such as " + changeID.Example + "; this server is read-only and starts no gather"}
			}
			return nil
		},
		Run: func(ctx context.Context, at place, in gatherReadIn) (gatherOut, error) {
			return d.Run(ctx, at, gatherEnvStatsIn{ChangeID: in.ChangeID})
		},
		Report:  func(a formatters.Airlock, _ gatherReadIn, out gatherOut) formatters.Report { return out.report(a) },
		Nothing: gatherReadIn{ChangeID: noChange},
		Resume:  func(in gatherReadIn, out gatherOut) (gatherReadIn, bool) { return in, out.changing() },
	}
}

func gatherScope(in gatherEnvStatsIn) string {
	n := len(in.TargetInstances)
	if n == 0 {
		return "all instances of the environment"
	}
	list := make([]string, n)
	for i, id := range in.TargetInstances {
		list[i] = string(id)
	}
	return plural(n, "instance", "instances") + ": " + listed(list)
}

func checkGather(in gatherEnvStatsIn) (problems []string) {
	switch {
	case in.EnvID != "" && in.ChangeID != "":
		problems = append(problems, "env_id and change_id exclude each other: give env_id to start a gather, or change_id to read one")
	case in.EnvID == "" && in.ChangeID == "":
		problems = append(problems, fmt.Sprintf("exactly one of env_id (such as %s, starts a gather) and change_id (such as %s, reads one) is required", envID.Example, changeID.Example))
	}
	switch {
	case in.EnvID == "" && len(in.TargetInstances) > 0:
		problems = append(problems, "target_instances goes with env_id only: it says where a new gather collects")
	case in.EnvID != "" && in.TargetInstances != nil && len(in.TargetInstances) == 0: // all would be more than somebody meant
		problems = append(problems, "target_instances is empty; leave it out for all, or name some, such as "+instanceID.Example)
	}
	return problems
}

func (o gatherOut) report(a formatters.Airlock) formatters.Report {
	report := a.GatherStats(o.read)
	if o.started != nil {
		report = a.GatherStarted(*o.started)
	}
	if o.unread != nil {
		report.Reasons = append(report.Reasons, "how far it is could not be read: "+why(a, o.unread))
	}
	if o.note != "" {
		report.Notes = append(report.Notes, o.note)
	}
	return report
}

// changing tells whether asking again can show something new.
func (o gatherOut) changing() bool {
	if o.started != nil {
		return changeID.Shape.MatchString(string(o.change)) // else our own check would refuse it
	}
	return formatters.GatherChanging(o.read)
}

// starts knows the gathers that this process has started, so that a second
// start in the same environment joins the first.
type starts struct {
	set   *set
	mu    sync.Mutex
	byEnv map[startKey]*start
}

type startKey struct {
	profile, region string
	env             cloudapi.EnvID
}

type start struct {
	targets []cloudapi.InstanceID
	at      time.Time
	done    chan struct{} // closed when the fate of the start is known
	change  cloudapi.EnvChange
	err     error
}

func newStarts(s *set) *starts { return &starts{set: s, byEnv: map[startKey]*start{}} }

const (
	// startLimit is the longest that a start may take. It goes on when its caller
	// leaves: the change exists then, and its id must not be lost.
	startLimit = 20 * time.Second
	// settling is how long a new change may be unknown to the service that shows it.
	settling = time.Minute
)

// start starts a gather, or joins the one that was started before and has not
// ended.
func (s *starts) start(ctx context.Context, at place, in gatherEnvStatsIn) (gatherOut, error) {
	key := startKey{at.profile, at.Region(), in.EnvID}
	for {
		own, found, known := s.claim(key, in)
		if !found {
			go s.run(context.WithoutCancel(ctx), key, own, at)
		}
		if err := own.wait(ctx, at); err != nil {
			return gatherOut{}, err
		}
		out := gatherOut{change: own.change.ChangeID, started: &own.change}
		if !found {
			return out, nil
		}
		out.note = own.joined(in)
		if !known || !s.ended(ctx, at, own, &out) {
			return out, nil
		}
		s.forget(key, own)
	}
}

// claim returns the start for key, a new one if none was found. It is known when
// its fate is; one that is being sent this moment needs no look at how far it is.
func (s *starts) claim(key startKey, in gatherEnvStatsIn) (own *start, found, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if own, found = s.byEnv[key]; !found {
		own = &start{targets: in.TargetInstances, at: time.Now(), done: make(chan struct{})}
		s.byEnv[key] = own
	}
	select {
	case <-own.done:
		known = true
	default:
	}
	return own, found, known
}

// run makes the one call that starts the change.
func (s *starts) run(ctx context.Context, key startKey, own *start, at place) {
	ctx, cancel := context.WithTimeoutCause(ctx, startLimit, timeOver{limit: startLimit})
	defer cancel()
	defer close(own.done)
	defer func() {
		if value := recover(); value != nil { // it would end the process
			s.set.bug(ctx, envID.Tool, value)
			own.err = startUnknown(at, errors.New("internal error of alitriage"))
		}
		if own.err != nil {
			s.forget(key, own)
		}
	}()
	own.change, own.err = at.GatherAppEnvStats(ctx, cloudapi.GatherAppEnvStatsRequest{EnvID: key.env, TargetInstances: own.targets})
	if e, ok := errors.AsType[*cloudapi.Error](own.err); ok && e.Code == "EnvOnChanging" {
		own.err = s.inTheWay(ctx, at, key.env, e)
	}
}

// describeAppEnvs is the RAM action of the read that finds a change in the way.
const describeAppEnvs = "webplus:DescribeAppEnvs"

// obstructed is a start that was refused because another change runs, with what
// is known of that one. Another process may have started it, so that nobody here
// can join it.
type obstructed struct {
	error

	change cloudapi.ChangeID // "" when it could not be found
	unread error             // why not
}

func (o *obstructed) Unwrap() error { return o.error }

// lookLimit is how long a refusal may take to find the change that is in the way.
const lookLimit = 5 * time.Second

// inTheWay finds the change because of which a start was refused. It only reads.
func (s *starts) inTheWay(ctx context.Context, at place, env cloudapi.EnvID, refusal *cloudapi.Error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, lookLimit, timeOver{limit: lookLimit})
	defer cancel()
	found, err := at.DescribeAppEnvs(ctx, env)
	o := &obstructed{error: refusal, unread: err}
	for _, e := range found.Envs {
		if e.EnvID == env && changeID.Shape.MatchString(string(e.LatestChangeID)) {
			o.change = e.LatestChangeID
		}
	}
	return o
}

// steps say how to follow the change, or what would have found it.
func (o *obstructed) steps(a formatters.Airlock) []string {
	switch {
	case o.change != "":
		return []string{fmt.Sprintf("The newest change of the environment is %[1]s: read it by gather_env_stats with change_id=%[1]s, which starts nothing. If it is no gather, that call says so; wait for it in the console.", o.change)}
	case errors.Is(o.unread, cloudapi.ErrForbidden):
		return []string{"Which change it is could not be read: with the RAM action " + describeAppEnvs + ", which `alitriage-mcp policy` holds, this error would name it."}
	case o.unread != nil:
		return []string{"Which change it is could not be read: " + why(a, o.unread) + "."}
	default:
		return nil
	}
}

// wait returns when the fate of the start is known, or its caller has to leave.
func (o *start) wait(ctx context.Context, at place) error {
	select {
	case <-o.done:
	case <-ctx.Done():
		select {
		case <-o.done: // both at once: then it is known
		default:
			return startUnknown(at, context.Cause(ctx))
		}
	}
	return o.err
}

// startUnknown is for a start that was sent, and whose fate is not known.
func startUnknown(at place, cause error) error {
	return &cloudapi.Error{
		Op: "GatherAppEnvStats", Product: cloudapi.WebPlus, Region: at.Region(), Kind: cloudapi.ErrUnavailable,
		Cause: cause, Sent: true, MayHaveStarted: true,
	}
}

// joined is what a caller is told who wanted to start another one.
func (o *start) joined(in gatherEnvStatsIn) string {
	note := "nothing new was started: alitriage had started this change in the environment before, and it had not ended"
	if !slices.Equal(slices.Sorted(slices.Values(o.targets)), slices.Sorted(slices.Values(in.TargetInstances))) {
		note += "; it was started with other target_instances"
	}
	return note
}

// ended reads the change that was started before into out, and tells whether it
// has ended. One that cannot be read now counts as unfinished: a second one could
// be in its way. Many who ask at once share one read.
func (s *starts) ended(ctx context.Context, at place, own *start, out *gatherOut) bool {
	id := own.change.ChangeID
	var result cloudapi.GatherStatsResult
	var failure error
	err := s.set.polls.follow(ctx, "join "+at.profile+" "+at.Region()+" "+string(id), time.Now(), func(ctx context.Context) snapshot {
		ctx, cancel := context.WithTimeoutCause(ctx, startLimit, timeOver{limit: startLimit})
		defer cancel()
		result, err := at.DescribeGatherStatsResult(ctx, id)
		return snapshot{again: result, err: err, settled: true}
	}, func(next snapshot) bool {
		result, failure = next.again.(cloudapi.GatherStatsResult), next.err
		return true
	}, nil)
	failure = cmp.Or(failure, err)
	gone := errors.Is(failure, cloudapi.ErrNotFound) || failure == nil && result.Change == nil
	switch {
	case gone && time.Since(own.at) > settling:
		return true
	case failure != nil:
		out.unread = failure
		return false
	case gone:
		return false
	}
	out.started, out.read = nil, result
	return !formatters.GatherChanging(result)
}

func (s *starts) forget(key startKey, gone *start) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byEnv[key] == gone {
		delete(s.byEnv, key)
	}
}
