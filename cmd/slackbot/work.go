package main

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cmd/slackbot/internal/jobs"
	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/tools"
)

const (
	// pace is the time between two reads of one thing, whoever waits for it.
	pace = 5 * time.Second
	// quiet is how long a run is worked on before its asker hears of it again.
	quiet = 2 * time.Second
	// maxCrashes is how often a run is taken up again after the process died in it.
	maxCrashes = 5
	// storePatience is how long the outcome of a step is held while the store does not
	// take it, as in an election of its leader.
	storePatience = 20 * time.Second
	storePause    = 250 * time.Millisecond
)

// work takes a run one step on. It is called again until it says that it is done;
// whatever it does may be done twice, but for a start.
func (b *bot) work(ctx context.Context, job *jobs.Job) jobs.Outcome {
	var r run
	if err := job.Decode(&r); err != nil {
		return jobs.Dead("its state cannot be read")
	}
	s := &step{bot: b, job: job, run: &r}
	if job.Crashes >= maxCrashes && (r.Stage == stageReading || r.Stage == stageStarting || r.Stage == stageAnswered) {
		r.Kind = kindReport // a share or a file would be tried, and fail, once more
		r.Report, r.Error = nil, "alitriage failed several times over this, and has given up. Ask again; if it stays so, tell those who run the bot, with the run id."
		if r.Stage == stageStarting {
			s.unsure()
		}
		if !s.save(ctx, stageAnswered) {
			return jobs.Again(time.Second)
		}
	}
	s.noteInterruption()
	switch r.Stage {
	case stageReading:
		return s.read(ctx)
	case stageStarting:
		return s.interrupted(ctx)
	case stageAnswered:
		return s.tell(ctx)
	case stageTold, stageAsking, stageChosen:
		if len(r.Claims) > 0 { // the process died before it had tidied up
			s.end(ctx)
		}
	}
	return jobs.Done()
}

// mayBeLeft is a note below the answer. Slack offers nothing by which a message whose
// taking was not recorded could be found again with the scopes that the bot has.
const mayBeLeft = "The bot was interrupted while it worked on this. If another message of this run still says IN_PROGRESS, it is out of date."

// noteInterruption is for a run that was taken up again before it has a message that
// it knows of: the process may have died between posting one and storing where it is.
func (s *step) noteInterruption() {
	r := s.run
	if s.job.Crashes > 0 && r.Where.Post && r.Kind == kindReport && !slices.Contains(r.Notes, mayBeLeft) {
		r.Notes = append(r.Notes, mayBeLeft)
	}
}

// step is one delivery of a run.
type step struct {
	*bot

	job *jobs.Job
	run *run
}

// save stores the run. It is false when another delivery has it: then this step is
// over. While the store does not answer it tries again, so that nothing that was
// done outside is done once more.
func (s *step) save(ctx context.Context, next stage) bool {
	s.run.Stage = next
	for began := time.Now(); ; {
		err := s.queue.Save(ctx, s.job, s.run)
		if err == nil {
			return true
		}
		mayPass := time.Since(began) < storePatience && ctx.Err() == nil
		if again := s.queue.Reload(ctx, s.job); again != nil {
			err, mayPass = again, mayPass && !errors.Is(again, jobs.ErrConflict)
		} else if errors.Is(err, jobs.ErrConflict) {
			err = nil
		}
		if err != nil && mayPass {
			pause(ctx, storePause)
			continue
		}
		if err != nil {
			s.logger.WarnContext(ctx, "a run was not stored", "run", s.job.ID, "error", err)
			return false
		}
		var stored run
		if s.job.Decode(&stored) != nil {
			return false
		}
		s.run.Stopped = stored.Stopped // what others change: this,
		if stored.Stage == stageChosen {
			return false // and the answer to a question
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// read asks the cloud once.
func (s *step) read(ctx context.Context) jobs.Outcome {
	if s.run.Kind != kindReport { // these are read when they are delivered
		return s.answer(ctx)
	}
	tool, err := tools.Find(s.tools, s.run.Tool)
	if err != nil {
		s.run.Error = err.Error()
		return s.answer(ctx)
	}
	plan, err := tool.Plan(s.run.Args)
	if err != nil {
		s.run.Error = tool.ErrorText(err)
		return s.answer(ctx)
	}
	if plan.Starts {
		return s.start(ctx, tool, plan)
	}
	var report formatters.Report
	s.patiently(ctx, func() { report, err = s.ask(ctx, tool, s.run.Args) })
	switch {
	case errors.Is(err, errLeft):
		return jobs.Again(0)
	case err != nil && passing(err) && s.waits():
		s.run.Since = time.Now() // it failed for others, too
		s.save(ctx, stageReading)
		return jobs.Again(pace)
	}
	return s.judge(ctx, tool, report, err)
}

// patiently does what may take long, and shows after a while that it does.
func (s *step) patiently(ctx context.Context, do func()) {
	done := make(chan struct{})
	var bug any
	go func() {
		defer close(done)
		defer func() { bug = recover() }() // here it would end the process
		do()
	}()
	if s.run.Report == nil && !s.run.Progress {
		timer := time.NewTimer(quiet - time.Since(s.run.Asked) + 10*time.Millisecond)
		defer timer.Stop()
		select {
		case <-timer.C:
			s.progress(ctx)
			s.save(ctx, s.run.Stage) // where the message is
		case <-done:
		}
	}
	if <-done; bug != nil {
		panic(bug)
	}
}

// passing tells whether asking again may go well.
func passing(err error) bool {
	e, ok := errors.AsType[*cloudapi.Error](err)
	return ok && e.MayPass() && !e.MayHaveStarted
}

func (s *step) waits() bool { return time.Now().Before(s.run.Until) && !s.run.Stopped }

// judge decides whether what was read is the answer.
func (s *step) judge(ctx context.Context, tool tools.Tool, report formatters.Report, err error) jobs.Outcome {
	if err != nil {
		s.run.Report, s.run.Error = nil, tool.ErrorText(err)
		return s.answer(ctx)
	}
	s.take(report)
	if !s.run.moving() || !s.waits() {
		return s.answer(ctx)
	}
	after := pace
	if limited := s.progress(ctx); limited > 0 {
		after = max(after, limited)
	}
	crashAt("progressed")
	if !s.save(ctx, stageReading) {
		return jobs.Again(time.Second)
	}
	crashAt("polled")
	return jobs.Again(min(after, max(time.Until(s.run.Until), time.Second)))
}

// take makes a report the newest.
func (s *step) take(report formatters.Report) {
	s.run.Report, s.run.Error, s.run.Since = &report, "", time.Now()
	if len(report.Resume) > 0 {
		s.run.Args = asJSON(report.Resume)
	}
}

// answer is reached: what is left is to deliver it.
func (s *step) answer(ctx context.Context) jobs.Outcome {
	if !s.save(ctx, stageAnswered) {
		return jobs.Again(time.Second)
	}
	return s.tell(ctx)
}

func asJSON(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // facts and runs always marshal
	}
	return text
}
