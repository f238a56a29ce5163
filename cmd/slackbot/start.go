package main

import (
	"context"
	"errors"
	"time"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cmd/slackbot/internal/jobs"
	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/tools"
)

// ownFor is how long after an intent was stored no other process can have taken
// the run over: less than AckWait without a heartbeat.
const ownFor = 5 * time.Second

// start starts something, or joins what somebody has started there before. The
// intent is on disk before anything is sent, and is never acted upon twice.
func (s *step) start(ctx context.Context, tool tools.Tool, plan tools.Plan) jobs.Outcome {
	key := "start " + plan.Place
	owner, err := s.queue.Claim(ctx, key, s.job.ID)
	switch {
	case err != nil:
		return jobs.Again(pace)
	case owner != s.job.ID:
		return s.join(ctx, tool, key, owner)
	}
	s.run.WaitsFor = ""
	crashAt("placed")
	intended := time.Now().Round(0) // the wall's: others go on while this machine sleeps
	if !s.save(ctx, stageStarting) {
		return jobs.Again(time.Second)
	}
	crashAt("intended")
	if time.Since(intended) > ownFor && s.queue.Reload(ctx, s.job) != nil {
		return jobs.Again(time.Second) // another process has it, and has said that it does not know
	}
	args := append(plan.Args, formatters.Fact{Name: "wait_seconds", Value: int64(0)})
	var report formatters.Report
	s.patiently(ctx, func() { report, err = tool.Call(context.WithoutCancel(ctx), asJSON(args), nil) })
	crashAt("started")
	if err != nil {
		if e, ok := errors.AsType[*cloudapi.Error](err); ok && e.MayHaveStarted {
			s.run.Unsure, s.run.Overrule = true, "" // and the place stays taken, by this run
		} else {
			s.drop(ctx, key)
		}
		return s.judge(ctx, tool, report, err)
	}
	if s.take(report); !s.save(ctx, stageReading) { // before anybody is told
		return jobs.Again(time.Second)
	}
	return s.judge(ctx, tool, report, nil)
}

// drop gives up the place of a start.
func (s *step) drop(ctx context.Context, key string) {
	if err := s.queue.Release(ctx, key, s.job.ID); err != nil {
		s.logger.WarnContext(ctx, "a claim was not released", "run", s.job.ID, "error", err)
	}
}

// join shows the change that another run has started in the same place, while it
// is unfinished.
func (s *step) join(ctx context.Context, tool tools.Tool, key, owner string) jobs.Outcome {
	other, over, err := s.look(ctx, owner)
	switch {
	case s.run.Overrule == owner, errors.Is(err, jobs.ErrNotFound):
		return s.succeed(ctx, key, owner)
	case err != nil: // which says nothing about the other
		return jobs.Again(pace)
	case other.Unsure:
		return s.doubt(ctx, owner, "may have started something there, and its fate is not known")
	case s.starts(&other) && !over: // its turn comes, or has come: however long ago it was asked for
		return s.waitFor(ctx, owner)
	case s.starts(&other): // and never did
		return s.succeed(ctx, key, owner)
	}
	report, err := s.ask(ctx, tool, other.Args)
	if errors.Is(err, errLeft) {
		return jobs.Again(0)
	}
	switch {
	case err == nil && len(report.Resume) == 0:
		return s.succeed(ctx, key, owner)
	case errors.Is(err, cloudapi.ErrNotFound): // or not yet: people have to look
		return s.doubt(ctx, owner, "started something there that cannot be found now")
	}
	fate := "it has not ended."
	if err != nil {
		fate = "it cannot be told now whether it has ended."
	}
	s.run.Args = other.Args
	s.run.Notes = append(s.run.Notes, "Nothing new was started: run "+owner+" had started this change before, and "+fate)
	return s.judge(ctx, tool, report, err)
}

// waitFor shows that another run is to start something there first, until it has or
// somebody stops this one.
func (s *step) waitFor(ctx context.Context, owner string) jobs.Outcome {
	if s.run.Stopped {
		s.run.WaitsFor = ""
		s.run.Error = "Stopped: this run has started nothing. Run " + owner + " may still start something in the same environment."
		return s.answer(ctx)
	}
	s.run.WaitsFor = owner
	after := max(s.progress(ctx), time.Second)
	if !s.save(ctx, stageReading) {
		return jobs.Again(time.Second)
	}
	return jobs.Again(after)
}

// doubt leaves it to people whether anything is started beside another's run.
func (s *step) doubt(ctx context.Context, owner, what string) jobs.Outcome {
	s.run.Unsure, s.run.Overrule = true, owner
	s.run.Error = "Nothing was started: run " + owner + " " + what + ". Look in the console for the newest change of the environment first."
	return s.answer(ctx)
}

// succeed takes over the place of a run that is over.
func (s *step) succeed(ctx context.Context, key, owner string) jobs.Outcome {
	if err := s.queue.Release(ctx, key, owner); err != nil {
		return jobs.Again(pace)
	}
	return jobs.Again(0)
}

// interrupted is a run that meant to start something when its process died (no
// process runs two deliveries of one run at once). Whether it did is not known,
// and is not tried.
func (s *step) interrupted(ctx context.Context) jobs.Outcome {
	s.unsure()
	return s.answer(ctx)
}

func (s *step) unsure() {
	s.run.Unsure, s.run.Report, s.run.Overrule = true, nil, "" // the place is its own now
	s.run.Error = "The bot was interrupted just when it was about to start this, at " + s.run.Asked.UTC().Format(time.TimeOnly) +
		" UTC: it may have been started, or not. Nothing is started again by itself. Look in the console for the newest change of the environment; if there is none, start again."
}

func (b *bot) find(ctx context.Context, id string) (run, bool) {
	r, _, err := b.look(ctx, id)
	return r, err == nil
}

// look reads another run, and tells whether it is over.
func (b *bot) look(ctx context.Context, id string) (r run, over bool, err error) {
	job, err := b.queue.Get(ctx, id)
	if err != nil {
		return run{}, false, err
	}
	err = job.Decode(&r)
	return r, !job.Finished.IsZero() || r.Stage == stageAnswered || r.Stage == stageTold, err
}
