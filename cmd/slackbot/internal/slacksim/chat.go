package slacksim

import (
	"encoding/json"
	"regexp"
)

var timestamp = regexp.MustCompile(`^\d{10}\.\d{6}$`)

func (s *Sim) postMessage(a arguments) (answer, *refusal) {
	c, refused := s.writable(a["channel"])
	if refused != nil {
		return nil, refused
	}
	m, refused := s.compose(a, c.ID, "chat.postMessage")
	if refused != nil {
		return nil, refused
	}
	stored := s.add(*m)
	return answer{"channel": c.ID, "ts": stored.TS, "message": stored.wire()}, nil
}

// compose makes a message of the bot out of the arguments.
func (s *Sim) compose(a arguments, channel, via string) (*Message, *refusal) {
	c, refused := readContent(a)
	if refused != nil {
		return nil, refused
	}
	if ts := a["thread_ts"]; ts != "" && !timestamp.MatchString(ts) {
		return nil, refuse("invalid_thread_ts")
	}
	m := c.message(channel, via)
	m.ThreadTS = a["thread_ts"]
	m.UnfurlLinks, m.UnfurlMedia = a.yes("unfurl_links"), a.yes("unfurl_media")
	if a.has("metadata") {
		m.Metadata = json.RawMessage(a["metadata"])
		if !json.Valid(m.Metadata) {
			return nil, refuse("invalid_metadata_format")
		}
	}
	return m, nil
}

func (c content) message(channel, via string) *Message {
	return &Message{
		Channel: channel, User: BotUser, Text: c.text, Blocks: c.blocks, Via: via,
		Parse: c.parse, LinkNames: c.linkNames, Truncated: c.truncated,
	}
}

// writable finds the channel that the bot may post to. A person's id stands for
// the direct messages with them.
func (s *Sim) writable(id string) (Channel, *refusal) {
	if u, ok := s.user(id); ok && !u.IsBot {
		c, _ := s.directWith(id)
		return c, nil
	}
	c, ok := s.channel(id)
	switch {
	case !ok, !c.public() && !c.has(BotUser): // what the bot cannot see is not there
		return c, refuse("channel_not_found")
	case c.Archived:
		return c, refuse("is_archived")
	case !c.has(BotUser):
		return c, refuse("not_in_channel")
	}
	return c, nil
}

func (s *Sim) postEphemeral(a arguments) (answer, *refusal) {
	c, refused := s.writable(a["channel"])
	if refused != nil {
		return nil, refused
	}
	if !c.has(a["user"]) {
		return nil, refuse("user_not_in_channel")
	}
	m, refused := s.compose(a, c.ID, "chat.postEphemeral")
	if refused != nil {
		return nil, refused
	}
	m.To = a["user"]
	return answer{"message_ts": s.add(*m).TS}, nil
}

// own finds a message of the bot that all see: ephemeral ones cannot be changed
// by the API.
func (s *Sim) own(a arguments, notOurs string) (*Message, *refusal) {
	if _, ok := s.channel(a["channel"]); !ok {
		return nil, refuse("channel_not_found")
	}
	m := s.stored(a["channel"], a["ts"])
	switch {
	case m == nil, m.Deleted, m.Ephemeral():
		return nil, refuse("message_not_found")
	case m.User != BotUser:
		return nil, refuse(notOurs)
	}
	return m, nil
}

// updateMessage: without blocks the old ones stay, an empty list takes them away.
func (s *Sim) updateMessage(a arguments) (answer, *refusal) {
	m, refused := s.own(a, "cant_update_message")
	if refused != nil {
		return nil, refused
	}
	if units(a["text"]) > maxUpdate {
		return nil, refuse("msg_too_long")
	}
	c, refused := readContent(a)
	if refused != nil {
		return nil, refused
	}
	s.edit(m, c, "chat.update")
	return answer{"channel": m.Channel, "ts": m.TS, "text": m.Text, "message": m.wire()}, nil
}

func (s *Sim) deleteMessage(a arguments) (answer, *refusal) {
	m, refused := s.own(a, "cant_delete_message")
	if refused != nil {
		return nil, refused
	}
	m.Deleted = true
	return answer{"channel": m.Channel, "ts": m.TS}, nil
}
