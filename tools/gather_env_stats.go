package tools

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/formatters"
)

type gatherEnvStatsIn struct {
	EnvID           cloudapi.EnvID        `json:"env_id,omitempty" jsonschema:"EnvId (we-…) or alias: starts a gather"`
	ChangeID        cloudapi.ChangeID     `json:"change_id,omitempty" jsonschema:"ChangeId (wc-…) or alias: reads a gather"`
	TargetInstances []cloudapi.InstanceID `json:"target_instances,omitempty" jsonschema:"InstanceIds to gather from; with env_id only; default all"`
	Common
}

// gatherReadIn is what is left of the arguments when nothing may be started.
type gatherReadIn struct {
	ChangeID cloudapi.ChangeID `json:"change_id,omitempty" jsonschema:"ChangeId (wc-…) or alias"`
	Common
}

// gatherOut is a gather that was started, or one that was read.
type gatherOut struct {
	started *cloudapi.EnvChange
	read    cloudapi.GatherStatsResult
	joined  bool // the start found a change of ours that was still running
}

func gatherEnvStats(s *set) Tool {
	d := spec[gatherEnvStatsIn, gatherOut]{
		Name:  "gather_env_stats",
		Title: "WebPlus environment diagnostics",
		Description: "Collects diagnostics from the instances of a WebPlus environment and says where it failed. With env_id it STARTS a change in the environment; with change_id it only reads one. " +
			"Give exactly one of the two.",
		IDs:     []IDKind{envID, changeID},
		Actions: []string{"webplus:GatherAppEnvStats", "webplus:DescribeGatherStatsResult"},
		Check:   checkGather,
		Starts:  func(in gatherEnvStatsIn) bool { return in.EnvID != "" },
		Run: func(ctx context.Context, at place, in gatherEnvStatsIn) (gatherOut, error) {
			if in.EnvID != "" {
				return s.starts.start(ctx, at, in)
			}
			result, err := at.DescribeGatherStatsResult(ctx, in.ChangeID)
			return gatherOut{read: result}, err
		},
		Report: reportGather,
		Resume: resumeGather,
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
		Description: "Reads a gather of diagnostics in a WebPlus environment and says where it failed. Read only: this server starts nothing.",
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
		Report: d.Report,
		Resume: func(out gatherOut) (gatherReadIn, bool) {
			in, more := resumeGather(out)
			return gatherReadIn{ChangeID: in.ChangeID}, more
		},
	}
}

func checkGather(in gatherEnvStatsIn) (problems []string) {
	switch {
	case in.EnvID != "" && in.ChangeID != "":
		problems = append(problems, "env_id and change_id exclude each other: env_id starts a gather, change_id reads one")
	case in.EnvID == "" && in.ChangeID == "":
		problems = append(problems, fmt.Sprintf("exactly one of env_id (such as %s, starts a gather) and change_id (such as %s, reads one) is required", envID.Example, changeID.Example))
	}
	if len(in.TargetInstances) > 0 && in.EnvID == "" {
		problems = append(problems, "target_instances goes with env_id only")
	}
	return problems
}

func reportGather(a formatters.Airlock, out gatherOut) formatters.Report {
	report := a.GatherStats(out.read)
	if out.started != nil {
		report = a.GatherStarted(*out.started)
	}
	if out.joined {
		report.Notes = append(report.Notes, "nothing new was started: this change, which alitriage started in the environment before, is not finished")
	}
	return report
}

func resumeGather(out gatherOut) (gatherEnvStatsIn, bool) {
	if out.started != nil {
		return gatherEnvStatsIn{ChangeID: out.started.ChangeID}, out.started.ChangeID != ""
	}
	if out.read.Change == nil {
		return gatherEnvStatsIn{}, false
	}
	return gatherEnvStatsIn{ChangeID: out.read.Change.ChangeID}, formatters.GatherChanging(out.read)
}

// starts knows the gathers that this process has started, so that a second
// start in the same environment joins the first.
type starts struct {
	mu    sync.Mutex
	byEnv map[startKey]*start
}

type startKey struct {
	profile, region string
	env             cloudapi.EnvID
}

type start struct {
	done   chan struct{} // closed when the fate of the start is known
	change cloudapi.EnvChange
	err    error
}

func newStarts() *starts { return &starts{byEnv: map[startKey]*start{}} }

// startLimit is the longest that a start may take. It goes on when its caller
// leaves: the change exists then, and its id must not be lost.
const startLimit = 20 * time.Second

func (s *starts) start(ctx context.Context, at place, in gatherEnvStatsIn) (gatherOut, error) {
	key := startKey{at.profile, at.Region(), in.EnvID}
	for {
		s.mu.Lock()
		earlier := s.byEnv[key]
		if earlier == nil {
			earlier = &start{done: make(chan struct{})}
			s.byEnv[key] = earlier
			s.mu.Unlock()
			go s.run(context.WithoutCancel(ctx), key, earlier, at, in)
			return earlier.wait(ctx)
		}
		s.mu.Unlock()
		out, unfinished, err := s.joinEarlier(ctx, key, earlier, at)
		if err != nil || unfinished {
			return out, err
		}
	}
}

// run makes the one call that starts the change.
func (s *starts) run(ctx context.Context, key startKey, own *start, at place, in gatherEnvStatsIn) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	own.change, own.err = at.GatherAppEnvStats(ctx, cloudapi.GatherAppEnvStatsRequest{EnvID: in.EnvID, TargetInstances: in.TargetInstances})
	if own.err != nil {
		s.forget(key, own)
	}
	close(own.done)
}

// wait returns the started change, or that its caller cannot wait for it.
func (o *start) wait(ctx context.Context) (gatherOut, error) {
	select {
	case <-o.done:
		return gatherOut{started: &o.change}, o.err
	case <-ctx.Done():
		return gatherOut{}, &cloudapi.Error{
			Op: "GatherAppEnvStats", Product: cloudapi.WebPlus, Kind: cloudapi.ErrUnavailable,
			Cause: context.Cause(ctx), Sent: true, MayHaveStarted: true,
		}
	}
}

// joinEarlier reads the change that was started before. It is not joined when
// it has ended.
func (s *starts) joinEarlier(ctx context.Context, key startKey, earlier *start, at place) (out gatherOut, unfinished bool, err error) {
	select {
	case <-earlier.done:
	default: // somebody else is starting it this moment
		out, err = earlier.wait(ctx)
		out.joined = true
		return out, true, err
	}
	if earlier.change.ChangeID == "" {
		s.forget(key, earlier)
		return out, false, nil
	}
	result, err := at.DescribeGatherStatsResult(ctx, earlier.change.ChangeID)
	if err != nil {
		return out, false, err
	}
	if !formatters.GatherChanging(result) {
		s.forget(key, earlier)
		return out, false, nil
	}
	return gatherOut{read: result, joined: true}, true, nil
}

func (s *starts) forget(key startKey, gone *start) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byEnv[key] == gone {
		delete(s.byEnv, key)
	}
}
