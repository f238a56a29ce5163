package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/jobs"
	"github.com/alitriage/alitriage/formatters/blockkit"
	"github.com/alitriage/alitriage/tools"
)

// click is a button that somebody has pressed.
type click struct {
	person

	action, value string
	trigger       string
	responseURL   string
	// message is where the button was, if that can be edited.
	message surface
}

// said is what a person who has pressed a button is told at once.
type said struct {
	blockkit.Message

	replace bool // in the place of the message with the button
}

func say(text string, f blockkit.Frame) *said {
	return &said{Message: blockkit.Say(text, nil, f)}
}

// click stores what is to be done, and returns what to tell the person at once;
// nil when the message itself will change.
func (b *bot) click(ctx context.Context, c click) *said {
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	if refusal := b.rules.refuseClick(c.person); refusal != "" {
		b.refused(ctx, command{person: c.person, name: c.action}, "refused by the rules", refusal)
		return say("Refused: "+refusal, blockkit.Frame{})
	}
	if c.responseURL != "" && !b.slack.mayRespondTo(c.responseURL) {
		b.refused(ctx, command{person: c.person, name: c.action}, "foreign response_url", "")
		return nil
	}
	from, found := b.find(ctx, c.value)
	if !found || !from.Asker.sharesWith(c.person) {
		b.refused(ctx, command{person: c.person}, "a click without a run", "")
		return say("This is over 24 hours old, or unknown. Ask again.", blockkit.Frame{})
	}
	return b.pressed(ctx, c, from)
}

func (b *bot) pressed(ctx context.Context, c click, from run) *said {
	again := &run{Kind: kindReport, Tool: from.Tool, Args: from.Args, Asker: c.person, From: c.value, Where: c.home()}
	number, isChoice := strings.CutPrefix(c.action, actionChoose)
	switch {
	case isChoice:
		return b.chosen(ctx, c, from, number)
	case c.action == actionRefresh:
	case c.action == actionWatch:
		again.Wait, again.Watch = watchLimit, true
		if !again.Where.editable() {
			again.Where = surface{Post: true}
		}
	case c.action == actionFile:
		again.Kind, again.Where = kindFile, surface{}
		again.Args = b.whole(from)
	case c.action == actionShare:
		again.Kind, again.Where = kindShare, surface{}
	case c.action == actionStop:
		return b.stop(ctx, c)
	case c.action == actionStart, c.action == actionCancel:
		return b.answered(ctx, c, from)
	case c.action == actionAgain && from.Unsure:
		return b.askAgain(ctx, c, from)
	default:
		b.refused(ctx, command{person: c.person}, "an unknown button", "")
		return say("This button is not known any more. Ask again.", blockkit.Frame{})
	}
	if again.Kind != kindShare && b.starts(again) { // it never got so far as to be read
		return b.askAgain(ctx, c, from)
	}
	told := b.take(ctx, c, again)
	if told == nil && again.Watch && again.Where.TS == "" {
		return say("Watching, for at most "+minutes(watchLimit)+". You are mentioned in your direct messages when it ends.", blockkit.Frame{})
	}
	return told
}

func minutes(d time.Duration) string { return fmt.Sprintf("%d minutes", int(d.Minutes())) }

// starts tells whether a run would start something.
func (b *bot) starts(r *run) bool {
	tool, err := tools.Find(b.tools, r.Tool)
	if err != nil {
		return false
	}
	plan, err := tool.Plan(r.Args)
	return err == nil && plan.Starts
}

// home is where the answer to a click belongs: into the message with the button.
// One without a timestamp is private, and the click's response_url replaces it.
func (c click) home() surface {
	if c.message.TS != "" {
		return c.message
	}
	return surface{Replace: true}
}

// take stores a run that a click asks for. Its message says the rest.
func (b *bot) take(ctx context.Context, c click, r *run) *said {
	return b.takeAs(ctx, c, runID(c.trigger), r)
}

func (b *bot) takeAs(ctx context.Context, c click, id string, r *run) *said {
	answer := b.accept(ctx, id, r, c.responseURL)
	if answer.taken {
		return nil
	}
	return &said{Message: answer.Message}
}

// whole are the arguments with which a tool shows the whole output of the run.
func (b *bot) whole(from run) []byte {
	tool, err := tools.Find(b.tools, from.Tool)
	if err != nil || from.Report == nil {
		return from.Args
	}
	return tool.Whole(from.Args, *from.Report)
}

// change alters a stored run, against others who do.
func (b *bot) change(ctx context.Context, id string, alter func(*run) error) error {
	for {
		job, err := b.queue.Get(ctx, id)
		if err != nil {
			return err
		}
		var r run
		if err := job.Decode(&r); err != nil {
			return err
		}
		if err := alter(&r); err != nil {
			return err
		}
		if err := b.queue.Save(ctx, &job, &r); !errors.Is(err, jobs.ErrConflict) {
			return err
		}
	}
}

var errOver = errors.New("it is over")

// stop ends the wait of a run at its next step.
func (b *bot) stop(ctx context.Context, c click) *said {
	var tool string
	err := b.change(ctx, c.value, func(r *run) error {
		if tool = r.Tool; r.Stage != stageReading && r.Stage != stageStarting {
			return errOver
		}
		r.Stopped = true
		return nil
	})
	switch {
	case errors.Is(err, errOver):
		b.note(ctx, c.value, tool, c.person, wasTooLate)
		return say("This is not waiting any more.", blockkit.Frame{Run: c.value})
	case err != nil:
		return &said{Message: b.notStored(ctx, err).Message}
	}
	b.note(ctx, c.value, tool, c.person, wasStopped)
	if c.message.TS != "" {
		return nil // the message itself changes
	}
	return &said{Message: blockkit.Say("Stopping: what is known comes in a moment.", nil, blockkit.Frame{Run: c.value}), replace: true}
}

var errAnswered = errors.New("it was answered before")

// answered takes the answer to a question, once. The permission is that of who
// presses the button.
func (b *bot) answered(ctx context.Context, c click, from run) *said {
	if from.Kind != kindAsk || len(from.Choices) > 0 {
		b.refused(ctx, command{person: c.person, name: from.Tool}, "an unknown button", "")
		return say("This button is not known any more. Ask again.", blockkit.Frame{})
	}
	if refusal := b.rules.refuseStart(c.person); refusal != "" {
		b.refused(ctx, command{person: c.person, name: from.Tool}, wasForbidden, refusal)
		return say("Refused: "+refusal, blockkit.Frame{Run: c.value})
	}
	// One question starts one run, whoever presses its button how often.
	id := runID("answer to " + c.value)
	if c.action == actionCancel {
		id = runID(c.trigger)
	}
	err := b.change(ctx, c.value, func(r *run) error {
		if r.Stage == stageChosen && r.From == id {
			_, _, err := b.look(ctx, id)
			if errors.Is(err, jobs.ErrNotFound) { // the process died before it was stored
				return nil
			}
			return cmp.Or(err, errAnswered)
		}
		if r.Stage != stageAsking && r.Stage != stageAnswered { // or it is being shown this moment
			return errAnswered
		}
		r.Stage, r.From = stageChosen, id
		return nil
	})
	switch {
	case errors.Is(err, errAnswered):
		b.note(ctx, c.value, from.Tool, c.person, wasTooLate)
		return say("This question was answered before.", blockkit.Frame{Run: c.value})
	case err != nil:
		return &said{Message: b.notStored(ctx, err).Message}
	case c.action == actionCancel:
		b.note(ctx, c.value, from.Tool, c.person, wasCancelled)
		return &said{Message: blockkit.Say("Cancelled: nothing was started.", nil, blockkit.Frame{Run: c.value}), replace: true}
	}
	crashAt("chosen")
	return b.takeAs(ctx, c, id, &run{
		Kind: kindReport, Tool: from.Tool, Args: from.Args, Asker: c.person, From: c.value, Where: c.home(),
		Wait: from.Wait, Overrule: from.Overrule,
	})
}

// askAgain asks once more, in the place of a message about a start that failed, or
// may have. Only the latter has a place that can be overruled.
func (b *bot) askAgain(ctx context.Context, c click, from run) *said {
	overrule := ""
	if from.Unsure {
		overrule = cmp.Or(from.Overrule, c.value)
	}
	if refusal := b.rules.refuseStart(c.person); refusal != "" {
		b.refused(ctx, command{person: c.person, name: from.Tool}, wasForbidden, refusal)
		return say("Refused: "+refusal, blockkit.Frame{Run: c.value})
	}
	return b.take(ctx, c, &run{
		Kind: kindAsk, Tool: from.Tool, Args: from.Args, Asker: c.person, From: c.value, Where: c.home(),
		Wait: startWait, Overrule: overrule,
	})
}

const startWait = 30 * time.Second

// chosen runs one of the calls that a message offers.
func (b *bot) chosen(ctx context.Context, c click, from run, number string) *said {
	i, err := strconv.Atoi(number)
	if err != nil || i < 0 || i >= len(from.Choices) {
		b.refused(ctx, command{person: c.person, name: from.Tool}, "an unknown button", "")
		return say("This button is not known any more. Ask again.", blockkit.Frame{})
	}
	r, m, why := b.planned(command{person: c.person, where: c.home()}, from.Choices[i])
	if r == nil {
		b.note(ctx, c.value, from.Choices[i].Tool, c.person, why)
		return &said{Message: m}
	}
	return b.take(ctx, c, r)
}
