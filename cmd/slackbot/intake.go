package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/alitriage/alitriage/formatters/blockkit"
)

// What comes in over HTTP and over Socket Mode is the same from here on.

// envelope is that of an event.
type envelope struct {
	Type      string `json:"type"`
	Challenge string `json:"challenge"`
	TeamID    string `json:"team_id"`
	EventID   string `json:"event_id"`
	Event     event  `json:"event"`
}

type event struct {
	Type        string `json:"type"`
	SubType     string `json:"subtype"`
	User        string `json:"user"`
	BotID       string `json:"bot_id"`
	Text        string `json:"text"`
	Channel     string `json:"channel"`
	ChannelType string `json:"channel_type"`
	TS          string `json:"ts"`
	ThreadTS    string `json:"thread_ts"`
}

// slashed takes a slash command.
func (b *bot) slashed(ctx context.Context, c slack.SlashCommand) blockkit.Message {
	b.metrics.commands.WithLabelValues("command").Inc()
	where := surface{}
	if strings.HasPrefix(c.ChannelID, "D") { // direct messages have nobody to hide from
		where = surface{Channel: c.ChannelID, Post: true}
	}
	return b.command(ctx, command{
		person: person{Team: c.TeamID, Channel: c.ChannelID, User: c.UserID},
		name:   strings.TrimPrefix(c.Command, "/"), text: c.Text, trigger: c.TriggerID, responseURL: c.ResponseURL, where: where,
	}).Message
}

// interacted stores what the press of a button asks for. What there is to say at
// once is said by after, when the click is acknowledged: to its response_url, for
// the acknowledgement itself shows nothing.
func (b *bot) interacted(ctx context.Context, callback slack.InteractionCallback) (after func()) {
	after = func() {}
	if callback.Type != slack.InteractionTypeBlockActions || len(callback.ActionCallback.BlockActions) == 0 || callback.TriggerID == "" {
		b.logger.InfoContext(ctx, "an interaction that the bot does not know")
		return after
	}
	b.metrics.commands.WithLabelValues("click").Inc()
	action := callback.ActionCallback.BlockActions[0]
	if action.Value == "" {
		return after // a link was opened
	}
	c := click{
		person:  person{Team: callback.Team.ID, Channel: callback.Channel.ID, User: callback.User.ID, Thread: callback.Container.ThreadTs},
		action:  action.ActionID,
		value:   action.Value,
		trigger: callback.TriggerID, responseURL: callback.ResponseURL,
	}
	if !callback.Container.IsEphemeral {
		c.message = surface{Channel: callback.Container.ChannelID, TS: callback.Container.MessageTs, Thread: callback.Container.ThreadTs}
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

// happened takes a mention, or a direct message to the bot.
func (b *bot) happened(ctx context.Context, e envelope) error {
	mention := e.Event.Type == "app_mention"
	direct := e.Event.Type == "message" && e.Event.ChannelType == "im" && e.Event.SubType == ""
	if e.Type != "event_callback" || !mention && !direct || e.Event.BotID != "" || e.Event.User == "" || e.Event.User == b.self || e.EventID == "" {
		return nil
	}
	b.metrics.commands.WithLabelValues("mention").Inc()
	thread := e.Event.ThreadTS
	if thread == "" && mention {
		thread = e.Event.TS // the answer does not fill the channel
	}
	name, text := mentioned(e.Event.Text, b.self)
	c := command{
		person: person{Team: e.TeamID, Channel: e.Event.Channel, User: e.Event.User, Thread: thread},
		name:   name, text: text, trigger: e.EventID,
		where: surface{Channel: e.Event.Channel, Thread: thread, Post: true},
	}
	return b.heard(ctx, c)
}

// heard takes a command out of a conversation, where there is no acknowledgement
// to answer in. What is refused is whispered.
func (b *bot) heard(ctx context.Context, c command) error {
	answer := b.command(ctx, c)
	switch {
	case answer.failed:
		return errNotStored
	case answer.taken:
		return nil
	}
	go b.whispered(context.WithoutCancel(ctx), c.person, answer.Message)
	return nil
}

// maxWhispers is how often a few words are tried that no run stands behind.
const maxWhispers = 5

// whispered says a few words to somebody in a conversation, or else in direct
// messages.
func (b *bot) whispered(ctx context.Context, p person, m blockkit.Message) {
	for try := 1; ; try++ {
		err := b.slack.whisper(ctx, p.Channel, p.Thread, p.User, m)
		if errors.Is(err, errNotThere) {
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
		time.Sleep(min(pause, maxTryPause))
	}
}
