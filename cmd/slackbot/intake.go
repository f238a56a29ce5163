package main

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/alitriage/alitriage/formatters/blockkit"
)

// What comes in over HTTP and over Socket Mode is the same from here on.

// slashed takes a slash command.
func (b *bot) slashed(ctx context.Context, c slashCommand) blockkit.Message {
	b.metrics.commands.WithLabelValues("command").Inc()
	where := surface{}
	if strings.HasPrefix(string(c.ChannelID), "D") { // direct messages have nobody to hide from
		where = surface{Channel: string(c.ChannelID), Post: true}
	}
	return b.command(ctx, command{
		person: b.asker(c.origin(), c.ChannelID, c.UserID, ""),
		name:   strings.TrimPrefix(string(c.Command), "/"), text: string(c.Text), trigger: string(c.TriggerID), responseURL: string(c.ResponseURL), where: where,
	}).Message
}

func (b *bot) asker(o origin, channel, user, thread word) person {
	app, team := o.teams(b.rules.org)
	return person{Team: team, App: app, Channel: string(channel), User: string(user), Thread: string(thread)}
}

const blockActions = "block_actions"

// interacted stores what the press of a button asks for. What there is to say at
// once is said by after, when the click is acknowledged: to its response_url, for
// the acknowledgement itself shows nothing.
func (b *bot) interacted(ctx context.Context, i interaction) (after func()) {
	after = func() {}
	if i.Type != blockActions || len(i.Actions) == 0 || i.TriggerID == "" {
		b.logger.InfoContext(ctx, "an interaction that the bot does not know")
		return after
	}
	b.metrics.commands.WithLabelValues("click").Inc()
	action := i.Actions[0]
	if action.Value == "" {
		return after // a link was opened
	}
	c := click{
		person:  b.asker(i.origin(), i.Channel.ID, i.User.ID, i.Container.ThreadTS),
		action:  string(action.ActionID),
		value:   string(action.Value),
		trigger: string(i.TriggerID), responseURL: string(i.ResponseURL),
	}
	if !given(i.Container.IsEphemeral) {
		c.message = surface{Channel: string(i.Container.ChannelID), TS: string(i.Container.MessageTS), Thread: string(i.Container.ThreadTS)}
	}
	m := b.click(ctx, c)
	if m == nil || c.responseURL == "" || !b.slack.mayRespondTo(c.responseURL) {
		return after
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), slackTimeout)
		defer cancel()
		if err := b.slack.respond(ctx, c.responseURL, m.Message, m.replace, false); err != nil {
			b.logger.InfoContext(ctx, "a click was not answered", "error", err)
		}
	}
}

var errNotStored = errors.New("the run was not stored")

// happened takes a mention, or a direct message to the bot. Again tells that Slack
// has sent the event before.
func (b *bot) happened(ctx context.Context, e envelope, again bool) error {
	m, isForBot := b.message(e)
	if !isForBot {
		return nil
	}
	b.metrics.commands.WithLabelValues("mention").Inc()
	thread := m.ThreadTS
	if thread == "" && m.isMention() {
		thread = m.TS // the answer does not fill the channel
	}
	name, text := mentioned(string(m.Text), b.self)
	e.Event = m.event
	c := command{
		person: b.asker(e.origin(), m.Channel, m.User, thread),
		name:   name, text: text, trigger: m.trigger(name, text, string(e.EventID)), ask: again || m.isSecondHand(),
		where: surface{Channel: string(m.Channel), Thread: string(thread), Post: true},
	}
	isNew, err := b.firstHeard(ctx, m, &c, string(e.EventID))
	if err != nil || !isNew {
		return err
	}
	c.file = given(m.Files)
	return b.heard(ctx, c)
}

// heard takes a command out of a conversation, where there is no acknowledgement
// to answer in. What is refused is whispered, and to strangers nowhere else.
func (b *bot) heard(ctx context.Context, c command) error {
	answer := b.command(ctx, c)
	switch {
	case answer.failed:
		return errNotStored
	case answer.taken:
		return nil
	}
	go func() {
		ctx := context.WithoutCancel(ctx)
		if !b.isSaid(ctx, c.trigger) {
			b.whispered(ctx, c.person, answer.Message)
		}
	}()
	return nil
}

// isSaid reports whether another delivery of a request has said, or says, the few
// words that answer it: Slack sends an event again when the acknowledgement did not
// come through.
func (b *bot) isSaid(ctx context.Context, trigger string) bool {
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	mine := rand.Text()
	who, err := b.queue.Claim(ctx, "said "+trigger, mine)
	return err == nil && who != mine // twice is better than never
}

// maxWhispers is how often a few words are tried that no run stands behind.
const maxWhispers = 5

// whispered says a few words to somebody in a conversation, or else in direct
// messages.
func (b *bot) whispered(ctx context.Context, p person, m blockkit.Message) {
	for try := 1; ; try++ {
		err := b.slack.whisper(ctx, p.Channel, p.Thread, p.User, m)
		if errors.Is(err, errNotThere) && !b.rules.isStranger(p) {
			var dm string
			if dm, err = b.slack.openDM(ctx, p.User); err == nil {
				_, err = b.slack.post(ctx, dm, "", m)
			}
		}
		if err == nil {
			return
		}
		pause := time.Duration(try) * time.Second
		if limited, ok := errors.AsType[*later](err); ok {
			pause = max(pause, limited.after)
		}
		if try == maxWhispers || errors.Is(err, errNotThere) || errors.Is(err, errRefused) {
			b.logger.InfoContext(ctx, "a mention was not answered", "error", err)
			return
		}
		select {
		case <-time.After(min(pause, maxTryPause)):
		case <-b.closing:
			return
		}
	}
}
