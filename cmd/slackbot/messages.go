package main

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
)

// message is what a person has written to the bot.
type message struct {
	event

	changed bool // it came as a change of one that was there before
}

// peoplesOwn are the subtypes of what people write themselves. The others of
// docs.slack.dev/reference/events/message (read 2026-11-30) tell of what happens to
// a channel (channel_*, group_*, pinned_item, ekm_access_denied, …), of messages
// that were deleted or answered, or are written by programs (bot_message,
// slackbot_response, reminder_add, …): nobody waits for an answer to those.
var peoplesOwn = []word{"", "file_share", "thread_broadcast", "me_message"}

const (
	typeMessage    = "message"
	typeMention    = "app_mention"
	subtypeChanged = "message_changed"
	subtypeCopied  = "thread_broadcast"
	slackbot       = "USLACKBOT" // which repeats the words of others, as in reminders
)

// message finds what a person says to the bot in an event.
func (b *bot) message(e envelope) (m message, isForBot bool) {
	m.event = e.Event
	if m.Type == typeMessage && m.SubType == subtypeChanged {
		if !m.unwrap() {
			return m, false
		}
	}
	isForBot = e.Type == "event_callback" && e.EventID != "" && (m.isDirect() || m.isMention()) && slices.Contains(peoplesOwn, m.SubType) && !m.isBots(b.self)
	return m, isForBot
}

func (m *message) isMention() bool { return m.Type == typeMention }

// isDirect tells whether it is in direct messages, which app_home was called once.
func (m *message) isDirect() bool {
	isDM := m.ChannelType == "" && strings.HasPrefix(string(m.Channel), "D")
	return m.Type == typeMessage && (isDM || m.ChannelType == "im" || m.ChannelType == "app_home")
}

// unwrap takes the new message out of a change. One that has the same words as
// before, as when Slack shows what is behind a link, is none.
func (m *message) unwrap() bool {
	var now, before event
	if json.Unmarshal(m.Message, &now) != nil || given(m.Previous) && json.Unmarshal(m.Previous, &before) != nil {
		return false
	}
	if given(m.Previous) && before.Text == now.Text {
		return false
	}
	now.Type, now.Channel, now.ChannelType = typeMessage, m.Channel, m.ChannelType
	m.event, m.changed = now, true
	return true
}

// isBots is true of what programs write, the bot itself before all others: an
// answer to it would be answered for ever.
func (m *message) isBots(self string) bool {
	return m.BotID != "" || given(m.BotProfile) || m.User == "" || m.User == word(self) || m.User == slackbot
}

// isEdited tells whether these are other words than those that were sent first.
func (m *message) isEdited() bool { return m.changed || given(m.Edited) }

// isSecondHand is true of what somebody may have written for something else than
// to start anything now: it was edited, forwarded, quoted, copied from a thread, or
// sent by a program in somebody's name. One without a ts cannot be told from its
// repetitions.
func (m *message) isSecondHand() bool {
	return m.TS == "" || m.isEdited() || given(m.Attachments) || quotes(m.Text) || m.SubType == subtypeCopied || m.AppID != ""
}

// trigger names the words of a message, in however many events Slack tells of them.
func (m *message) trigger(name, text, event string) string {
	return m.key(event) + " " + name + " " + strings.Join(strings.Fields(text), " ")
}

func (m *message) key(event string) string {
	if m.TS == "" {
		return "event " + event
	}
	return "message " + string(m.Channel) + " " + string(m.TS)
}

// firstHeard tells whether the words of a message are heard for the first time.
// Slack tells of a message again when it is edited, when it shows what is behind a
// link, and as mention and as direct message; an event that is delivered once more
// goes on, as the process may have died in its first delivery. Other words than at
// first make a person confirm what they would start.
func (b *bot) firstHeard(ctx context.Context, m message, c *command, event string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	id := runID(c.trigger)
	told, err := b.queue.Claim(ctx, "words "+c.trigger, event)
	if err != nil {
		return false, b.notHeard(ctx, err)
	}
	first, err := b.queue.Claim(ctx, m.key(event), id)
	if err != nil {
		return false, b.notHeard(ctx, err)
	}
	if told != event {
		b.note(ctx, id, c.name, c.person, wasRepeated)
		return false, nil
	}
	c.ask = c.ask || first != id
	return true, nil
}

// notHeard makes Slack send an event again.
func (b *bot) notHeard(ctx context.Context, err error) error {
	b.notStored(ctx, err)
	return errNotStored
}
