package slacksim

import (
	"encoding/json"
	"slices"
	"time"
)

// Message is one message as Slack keeps it.
type Message struct {
	Channel  string          `json:"channel"`
	TS       string          `json:"ts"`
	ThreadTS string          `json:"thread_ts,omitempty"`
	User     string          `json:"user"`         // who wrote it
	To       string          `json:"to,omitempty"` // the only one who sees it: an ephemeral message
	Text     string          `json:"text"`
	Blocks   json.RawMessage `json:"blocks,omitempty"` // with the block_ids that Slack gave
	Metadata json.RawMessage `json:"metadata,omitempty"`
	Files    []string        `json:"files,omitempty"` // ids

	// As the sender said; nil where it said nothing, which means Slack's default
	// (it unfurls).
	UnfurlLinks *bool  `json:"unfurl_links,omitempty"`
	UnfurlMedia *bool  `json:"unfurl_media,omitempty"`
	Parse       string `json:"parse,omitempty"`
	LinkNames   bool   `json:"link_names,omitempty"`

	Via       string    `json:"via"` // the API method, "response_url", "ack", or "person"
	At        time.Time `json:"at"`
	Truncated bool      `json:"truncated,omitempty"` // the text was longer than 40,000
	Edits     []Edit    `json:"edits,omitempty"`     // what it said before, oldest first
	Deleted   bool      `json:"deleted,omitempty"`
	Gone      bool      `json:"gone,omitempty"` // an ephemeral message after a reload

	origin *responseURL // by which response_url it came
}

// Edit is what a message said before At, when Via changed it.
type Edit struct {
	Text   string          `json:"text"`
	Blocks json.RawMessage `json:"blocks,omitempty"`
	Via    string          `json:"via"`
	At     time.Time       `json:"at"`
}

// Ephemeral tells whether only one person sees it.
func (m Message) Ephemeral() bool { return m.To != "" }

func (m *Message) shown() bool { return !m.Deleted && !m.Gone }

// Messages are all messages of a channel, oldest first, with ephemeral and
// deleted ones; "" means of all channels.
func (s *Sim) Messages(channel string) []Message {
	return s.selectMessages(func(m *Message) bool { return channel == "" || m.Channel == channel })
}

// Visible is what this person sees in a channel at this moment.
func (s *Sim) Visible(user, channel string) []Message {
	return s.selectMessages(func(m *Message) bool { return m.Channel == channel && s.sees(user, m) })
}

// VisibleDM is what this person sees in the conversation with the bot.
func (s *Sim) VisibleDM(user string) []Message { return s.Visible(user, s.DM(user)) }

// Message finds a message by its ts.
func (s *Sim) Message(channel, ts string) (Message, bool) {
	list := s.selectMessages(func(m *Message) bool { return m.Channel == channel && m.TS == ts })
	if len(list) == 0 {
		return Message{}, false
	}
	return list[0], true
}

// Reload is a person who starts the Slack client again: ephemeral messages are
// gone.
func (s *Sim) Reload(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.messages {
		if m.To == user {
			m.Gone = true
		}
	}
}

func (s *Sim) selectMessages(wanted func(*Message) bool) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Message{}
	for _, m := range s.messages {
		if wanted(m) {
			list = append(list, m.copy())
		}
	}
	return list
}

func (m *Message) copy() Message {
	out := *m
	out.Edits, out.Files = slices.Clone(m.Edits), slices.Clone(m.Files)
	return out
}

func (s *Sim) sees(user string, m *Message) bool {
	if !m.shown() || m.To != "" && m.To != user {
		return false
	}
	c, _ := s.channel(m.Channel)
	return c.has(user) || c.public()
}

// stored finds the message itself; ephemeral ones only where the caller may have
// them.
func (s *Sim) stored(channel, ts string) *Message {
	i := slices.IndexFunc(s.messages, func(m *Message) bool { return m.Channel == channel && m.TS == ts })
	if i < 0 {
		return nil
	}
	return s.messages[i]
}

func (s *Sim) add(m Message) *Message {
	m.TS, m.At = s.stamp(), s.now()
	s.messages = append(s.messages, &m)
	return &m
}

func (s *Sim) edit(m *Message, c content, via string) {
	m.Edits = append(m.Edits, Edit{m.Text, m.Blocks, via, s.now()})
	if c.hasText {
		m.Text = c.text
	}
	if c.hasBlocks {
		m.Blocks = c.blocks
	}
	m.Parse, m.LinkNames, m.Truncated = c.parse, c.linkNames, c.truncated
}

// wire is the message as the API and payloads show it.
func (m *Message) wire() map[string]any {
	out := map[string]any{"type": "message", "user": m.User, "text": m.Text, "ts": m.TS, "team": TeamID}
	if m.User == BotUser {
		out["bot_id"], out["app_id"] = BotID, AppID
	}
	if m.Blocks != nil {
		out["blocks"] = m.Blocks
	}
	if m.ThreadTS != "" {
		out["thread_ts"] = m.ThreadTS
	}
	if m.Metadata != nil {
		out["metadata"] = m.Metadata
	}
	return out
}
