package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/jobs"
	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/formatters/blockkit"
	"github.com/alitriage/alitriage/tools"
)

const (
	// editPause is the least time between two changes of one message.
	editPause = 3 * time.Second
	// maxPosts is how often a response_url may be used. The last ones are kept for
	// the answer.
	maxPosts    = 5
	urlLifetime = 30 * time.Minute
	// deliverWithin is how long an answer is tried to be delivered, from the first
	// failure on, where that may pass by itself.
	deliverWithin = 15 * time.Minute
	maxTryPause   = 2 * time.Minute // also where Slack asks for more
	// unknownTries is how often a way is tried that Slack refuses for a reason that
	// is not known here; then the next way is taken, or none is left.
	unknownTries = 2
)

// progress shows how far a run is that waits: once in private, else by editing its
// message. What goes wrong is no reason to stop. It returns how long Slack wants
// to be left alone.
func (s *step) progress(ctx context.Context) time.Duration {
	r := s.run
	if time.Since(r.Asked) < quiet && !r.answers() || time.Since(r.Told) < editPause || !r.Where.editable() && r.Progress || s.edits.take(r.Where) > 0 {
		return 0
	}
	err := s.show(ctx, s.message())
	if limited, ok := errors.AsType[*later](err); ok {
		return limited.pause()
	}
	if err != nil {
		s.logger.InfoContext(ctx, "progress was not shown", "run", s.job.ID, "error", err)
	}
	r.Progress = true
	return 0
}

// tell delivers the answer, and ends the run.
func (s *step) tell(ctx context.Context) jobs.Outcome {
	r := s.run
	if wait := editPause - time.Since(r.Told); r.Where.editable() && wait > 0 {
		return jobs.Again(wait)
	}
	if wait := s.edits.take(r.Where); wait > 0 { // somebody else has changed the same message
		return jobs.Again(wait)
	}
	crashAt("telling")
	if err := s.deliver(ctx); err != nil {
		return s.tellLater(ctx, err)
	}
	crashAt("posted")
	next := stageTold
	if r.Kind == kindAsk {
		next = stageAsking
	}
	if !s.save(ctx, next) {
		return jobs.Again(time.Second)
	}
	crashAt("told")
	s.end(ctx)
	return jobs.Done()
}

// deliver brings the answer of any kind.
func (s *step) deliver(ctx context.Context) error {
	switch s.run.Kind {
	case kindShare:
		return s.share(ctx)
	case kindFile:
		return s.file(ctx)
	case kindReport, kindAsk:
	}
	if err := s.show(ctx, s.message()); err != nil {
		return err
	}
	return s.call(ctx)
}

// tellLater tries again after a while, or gives up.
func (s *step) tellLater(ctx context.Context, err error) jobs.Outcome {
	r := s.run
	if r.Failing.IsZero() {
		r.Failing = time.Now()
	}
	r.Tries++
	s.logger.WarnContext(ctx, "an answer was not delivered", "run", s.job.ID, "tries", r.Tries, "error", err)
	if errors.Is(err, errLeft) {
		return jobs.Again(0)
	}
	pause := min(time.Duration(r.Tries)*2*time.Second, maxTryPause)
	if limited, ok := errors.AsType[*later](err); ok {
		pause = limited.pause()
	}
	if !mayYetPass(err) && r.Tries > unknownTries || time.Since(r.Failing)+pause > deliverWithin {
		return s.giveUp(ctx, err)
	}
	if !s.save(ctx, stageAnswered) {
		return jobs.Again(time.Second)
	}
	return jobs.Again(pause)
}

// mayYetPass reports whether it is worth a try to ask Slack again for the same.
// A token can be replaced while the bot is started anew.
func mayYetPass(err error) bool {
	_, limited := errors.AsType[*later](err)
	return limited || errors.Is(err, errPasses) || errors.Is(err, errSignedIn)
}

// pause is what Slack asks for, as far as it makes sense.
func (e *later) pause() time.Duration { return min(max(e.after, time.Second), maxTryPause) }

// giveUp ends a run whose answer reaches nobody. Its record stays, so that buttons
// below an earlier message of it still work.
func (s *step) giveUp(ctx context.Context, err error) jobs.Outcome {
	s.run.Undelivered = err.Error()
	s.logger.ErrorContext(ctx, "an answer is given up: it reached nobody", "run", s.job.ID, "tries", s.run.Tries, "error", err)
	if !s.save(ctx, stageAnswered) {
		return jobs.Again(time.Second)
	}
	s.end(ctx)
	return jobs.Dead("slack did not take the answer: " + err.Error())
}

// end tidies up behind a run.
func (s *step) end(ctx context.Context) {
	r := s.run
	for _, key := range r.Claims {
		if !r.shared() { // who presses twice has shared once
			s.drop(ctx, key)
		}
	}
	if err := s.queue.EraseSecret(ctx, s.job.ID); err != nil {
		s.logger.WarnContext(ctx, "a response_url was not erased", "run", s.job.ID, "error", err)
	}
	s.audit(ctx, s.job.ID, r)
}

// show puts a message where the run's lives. One that Slack refuses would be
// refused for ever: then its text alone has to do.
func (s *step) show(ctx context.Context, m blockkit.Message) error {
	err := s.place(ctx, m)
	if errors.Is(err, errRefused) {
		s.logger.ErrorContext(ctx, "slack refused a message; its text alone is sent", "run", s.job.ID, "error", err)
		err = s.place(ctx, m.Plain())
	}
	return err
}

func (s *step) place(ctx context.Context, m blockkit.Message) error {
	r := s.run
	switch {
	case r.Where.TS != "":
		err := s.slack.update(ctx, r.Where.Channel, r.Where.TS, m)
		if !errors.Is(err, errGone) && !s.closed(ctx, err) {
			return s.shown(err)
		}
		if !errors.Is(err, errGone) && s.responseURL(ctx) != "" { // a click needs no membership
			r.Where = surface{Replace: true}
			return s.whisper(ctx, m)
		}
		r.Where.TS, r.Where.Post = "", true // somebody has deleted it
		return s.place(ctx, m)
	case r.Where.Post:
		return s.post(ctx, m)
	default:
		return s.whisper(ctx, m)
	}
}

// closed reports whether another way is to be taken: this one is barred, or would
// have to be waited for too long. Without a token only a response_url is left.
func (s *step) closed(ctx context.Context, err error) bool {
	limited, isLimited := errors.AsType[*later](err)
	switch {
	case errors.Is(err, errNotThere):
		return true
	case errors.Is(err, errUnknown):
		return s.run.Tries >= unknownTries
	case errors.Is(err, errSignedIn):
		return s.responseURL(ctx) != ""
	}
	return isLimited && limited.after > maxTryPause
}

// shown remembers when the message was changed.
func (s *step) shown(err error) error {
	if err == nil {
		s.run.Told = time.Now()
		s.edits.made(s.run.Where)
	}
	return err
}

// post makes the message that is edited from then on. Where the bot may not
// write, the asker hears of it in private.
func (s *step) post(ctx context.Context, m blockkit.Message) error {
	r := s.run
	channel := r.Where.Channel
	if channel == "" {
		dm, err := s.slack.openDM(ctx, r.Asker.User)
		if s.closed(ctx, err) {
			r.Where = surface{}
			return s.whisper(ctx, m)
		}
		if err != nil {
			return err
		}
		channel = dm
	}
	ts, err := s.slack.post(ctx, channel, r.Where.Thread, m)
	if s.closed(ctx, err) {
		r.Where = surface{}
		return s.whisper(ctx, m)
	}
	if err != nil {
		return err
	}
	r.Where = surface{Channel: channel, TS: ts, Thread: r.Where.Thread}
	return s.shown(nil)
}

// whisper reaches the asker alone: by the response_url while it can be used, then
// in the channel, then by direct message.
func (s *step) whisper(ctx context.Context, m blockkit.Message) error {
	r := s.run
	url := s.responseURL(ctx)
	if url != "" {
		err := s.slack.respond(ctx, url, m, r.Where.Replace, false)
		if err == nil {
			r.Posts++
		}
		if err == nil || !errors.Is(err, errGone) && !s.closed(ctx, err) {
			return s.shown(err)
		}
		r.Posts = maxPosts
	}
	err := s.slack.whisper(ctx, r.Asker.Channel, r.Asker.Thread, r.Asker.User, m)
	if !s.closed(ctx, err) {
		return s.shown(err)
	}
	dm, err := s.slack.openDM(ctx, r.Asker.User)
	if err != nil {
		return err
	}
	_, err = s.slack.post(ctx, dm, "", m)
	return s.shown(err)
}

// responseURL is the run's, "" when it can be used no more.
func (s *step) responseURL(ctx context.Context) string {
	if s.run.Posts >= maxPosts || time.Since(s.run.Asked) > urlLifetime {
		return ""
	}
	url, err := s.queue.Secret(ctx, s.job.ID)
	if err != nil || !s.slack.mayRespondTo(url) {
		return ""
	}
	return url
}

// call mentions who watches, below the message: an edit rings no bell.
func (s *step) call(ctx context.Context) error {
	r := s.run
	if !r.Watch {
		return nil
	}
	thread := r.Where.Thread
	if thread == "" {
		thread = r.Where.TS
	}
	words := "Done: " + strings.ToUpper(string(r.verdict()))
	switch {
	case r.moving() && r.Stopped:
		return nil // whoever stops it, looks at it
	case r.moving():
		words = "Not done after " + minutes(watchLimit) + ", and not watched any longer"
	}
	if r.Report != nil { // a notification shows no more than this
		words += ": " + r.Report.Headline
	}
	m := blockkit.Say(words, nil, blockkit.Frame{Run: s.job.ID, Call: r.Asker.User})
	if r.Where.TS == "" { // there are no direct messages with this person
		r.Where.Replace = false
		return s.whisper(ctx, m)
	}
	_, err := s.slack.post(ctx, r.Where.Channel, thread, m)
	return err
}

// share shows the report of another run to the whole channel.
func (s *step) share(ctx context.Context) error {
	r := s.run
	shared, found := s.find(ctx, r.From)
	if !found || shared.Report == nil {
		r.Error = "nothing to share"
		return s.whisper(ctx, blockkit.Say("There is nothing to share: run "+r.From+" has no report, or is over 24 hours old.", nil, blockkit.Frame{Run: s.job.ID}))
	}
	r.Report, r.Args = shared.Report, shared.Args // for the audit
	shared.Stage, shared.Where = stageTold, surface{Channel: r.Asker.Channel, Post: true}
	frame := s.frame(r.From, &shared)
	frame.SharedBy = r.Asker.User
	m := blockkit.Render(*shared.Report, frame)
	ts, err := s.slack.post(ctx, r.Asker.Channel, r.Asker.Thread, m)
	if s.closed(ctx, err) { // a response_url needs no membership
		err = errGone
		if url := s.responseURL(ctx); url != "" {
			err = s.slack.respond(ctx, url, m, false, true)
		}
		if !errors.Is(err, errGone) {
			return err
		}
		r.Posts = maxPosts
		r.Error = "not in the channel"
		return s.whisper(ctx, blockkit.Say("The report was not shared: the bot is not in this channel. Invite it with /invite @alitriage, and press Share again.", nil, blockkit.Frame{Run: s.job.ID}))
	}
	if err == nil {
		r.Where = surface{Channel: r.Asker.Channel, TS: ts}
	}
	return err
}

// file brings the whole output as a file, to the asker alone. It is read now: a
// run has no room for it.
func (s *step) file(ctx context.Context) error {
	r := s.run
	if !r.Sent {
		if said, err := s.upload(ctx); said || err != nil {
			return err
		}
		r.Sent = true
	}
	return s.whisper(ctx, blockkit.Say("The whole output is in your direct messages with the bot.", nil, blockkit.Frame{Run: s.job.ID}))
}

// upload sends the file. Where that can never be, it has said so.
func (s *step) upload(ctx context.Context) (said bool, err error) {
	r := s.run
	tool, err := tools.Find(s.tools, r.Tool)
	if err != nil {
		return true, s.whisper(ctx, blockkit.Say(err.Error(), nil, blockkit.Frame{Run: s.job.ID}))
	}
	report, err := s.ask(ctx, tool, r.Args)
	if errors.Is(err, errLeft) {
		return false, err
	}
	if err != nil {
		return true, s.whisper(ctx, blockkit.Failure(tool.ErrorText(err), blockkit.Frame{Run: s.job.ID}))
	}
	channel, err := s.slack.openDM(ctx, r.Asker.User)
	if err == nil {
		name := "alitriage-" + s.job.ID + ".txt"
		err = s.slack.upload(ctx, channel, "", name, name, formatters.Text(report, s.fence()))
	}
	if s.closed(ctx, err) || errors.Is(err, errRefused) {
		why := "the app needs the scopes im:write and files:write. Install it again with the manifest that the bot prints."
		if !errors.Is(err, errLacks) {
			why = err.Error() + "."
		}
		return true, s.whisper(ctx, blockkit.Say("The file could not be sent: "+why, nil, blockkit.Frame{Run: s.job.ID}))
	}
	return false, err
}

// message is what the run has to say now.
func (s *step) message() blockkit.Message {
	r := s.run
	if r.Kind == kindAsk {
		return question(s.job.ID, r)
	}
	frame := s.frame(s.job.ID, r)
	if r.Report == nil && r.Error == "" && r.WaitsFor != "" {
		return blockkit.Say("IN_PROGRESS: "+r.Tool+" "+subject(r), []string{"Nothing was started yet: run " + r.WaitsFor + " is to start something in the same environment first. This one waits for it."}, frame)
	}
	if r.Report == nil && r.Error == "" {
		return blockkit.Say("IN_PROGRESS: "+r.Tool+" "+subject(r), []string{"Alibaba Cloud has not answered yet."}, blockkit.Frame{Run: s.job.ID})
	}
	if r.Report == nil {
		return blockkit.Failure(r.Error, frame)
	}
	return blockkit.Render(*r.Report, frame)
}

// frame is what stands around a report.
func (b *bot) frame(id string, r *run) blockkit.Frame {
	f := blockkit.Frame{Run: id, Notes: r.Notes, Buttons: buttons(id, r)}
	if r.Stage == stageReading && r.moving() && !r.Until.IsZero() {
		f.Waiting = fmt.Sprintf("Waiting for its end: %s of at most %s.", time.Since(r.Asked).Round(time.Second), r.Until.Sub(r.Asked).Round(time.Second))
	}
	return f
}
