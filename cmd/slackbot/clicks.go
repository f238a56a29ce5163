package main

import (
	"cmp"
	"context"
	"errors"
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

// click stores what is to be done, and returns what to tell the person at once;
// nil when the message itself will change.
func (b *bot) click(ctx context.Context, c click) *blockkit.Message {
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	say := func(text string) *blockkit.Message {
		m := blockkit.Say(text, nil, blockkit.Frame{})
		return &m
	}
	if refusal := b.rules.refuse(c.person); refusal != "" {
		b.refused(ctx, command{person: c.person, name: c.action}, "refused by the rules", refusal)
		return say("Refused: " + refusal)
	}
	if c.responseURL != "" && !b.slack.mayRespondTo(c.responseURL) {
		b.refused(ctx, command{person: c.person, name: c.action}, "foreign response_url", "")
		return nil
	}
	from, found := b.find(ctx, c.value)
	if !found || from.Asker.Team != c.Team {
		b.logger.InfoContext(ctx, "a click without a run", "action", shortened(c.action, 40), "user", c.User)
		return say("This is over 24 hours old, or unknown. Ask again.")
	}
	return b.pressed(ctx, c, from)
}

func (b *bot) pressed(ctx context.Context, c click, from run) *blockkit.Message {
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
		return b.stop(ctx, c.value)
	case c.action == actionStart, c.action == actionCancel:
		return b.answered(ctx, c, from)
	case c.action == actionAgain:
		return b.askAgain(ctx, c, from)
	default:
		b.logger.InfoContext(ctx, "an unknown button", "action", shortened(c.action, 40), "user", c.User)
		return nil
	}
	if again.Kind != kindShare && b.starts(again) { // it never got so far as to be read
		return b.askAgain(ctx, c, from)
	}
	return b.take(ctx, c, again)
}

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
func (b *bot) take(ctx context.Context, c click, r *run) *blockkit.Message {
	return b.takeAs(ctx, c, runID(c.trigger), r)
}

func (b *bot) takeAs(ctx context.Context, c click, id string, r *run) *blockkit.Message {
	answer := b.accept(ctx, id, r, c.responseURL)
	if answer.taken {
		return nil
	}
	return &answer.Message
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

func (b *bot) stop(ctx context.Context, id string) *blockkit.Message {
	err := b.change(ctx, id, func(r *run) error {
		r.Stopped = true
		return nil
	})
	if err != nil {
		answer := b.notStored(ctx, err)
		return &answer.Message
	}
	return nil
}

var errAnswered = errors.New("it was answered before")

// answered takes the answer to a question, once. The permission is that of who
// presses the button.
func (b *bot) answered(ctx context.Context, c click, from run) *blockkit.Message {
	if refusal := b.rules.refuseStart(c.person); refusal != "" {
		m := blockkit.Say("Refused: "+refusal, nil, blockkit.Frame{Run: c.value})
		return &m
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
		m := blockkit.Say("This question was answered before.", nil, blockkit.Frame{Run: c.value})
		return &m
	case err != nil:
		answer := b.notStored(ctx, err)
		return &answer.Message
	case c.action == actionCancel:
		return b.say(ctx, c, "Cancelled: nothing was started.")
	}
	crashAt("chosen")
	return b.takeAs(ctx, c, id, &run{
		Kind: kindReport, Tool: from.Tool, Args: from.Args, Asker: c.person, From: c.value, Where: c.home(),
		Wait: from.Wait, Overrule: from.Overrule,
	})
}

// askAgain asks once more, in the place of a message that did not know.
func (b *bot) askAgain(ctx context.Context, c click, from run) *blockkit.Message {
	if refusal := b.rules.refuseStart(c.person); refusal != "" {
		m := blockkit.Say("Refused: "+refusal, nil, blockkit.Frame{Run: c.value})
		return &m
	}
	return b.take(ctx, c, &run{
		Kind: kindAsk, Tool: from.Tool, Args: from.Args, Asker: c.person, From: c.value, Where: c.home(),
		Wait: startWait, Overrule: cmp.Or(from.Overrule, c.value),
	})
}

const startWait = 30 * time.Second

// chosen runs one of the calls that a message offers.
func (b *bot) chosen(ctx context.Context, c click, from run, number string) *blockkit.Message {
	i, err := strconv.Atoi(number)
	if err != nil || i < 0 || i >= len(from.Choices) {
		b.logger.InfoContext(ctx, "an unknown choice", "user", c.User)
		return nil
	}
	r, m := b.planned(command{person: c.person, where: c.home()}, from.Choices[i])
	if r == nil {
		return &m
	}
	return b.take(ctx, c, r)
}

// say replaces the message with the button by a few words.
func (b *bot) say(ctx context.Context, c click, text string) *blockkit.Message {
	m := blockkit.Say(text, nil, blockkit.Frame{Run: c.value})
	if c.responseURL == "" {
		return &m
	}
	if err := b.slack.respond(ctx, c.responseURL, m, true, false); err != nil {
		b.logger.InfoContext(ctx, "a message was not replaced", "error", err)
	}
	return nil
}
