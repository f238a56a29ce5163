package slacksim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Attempt is one delivery of an event.
type Attempt struct {
	Number int       `json:"number"` // 0 is the first, 1 the first retry
	Answer Answer    `json:"answer"`
	At     time.Time `json:"at"`
}

// Attempts lists the deliveries of an event so far.
func (s *Sim) Attempts(eventID string) []Attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.attempts[eventID])
}

// Say is a person who writes something that is no business of the app's.
func (s *Sim) Say(user, channel, threadTS, text string) (Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, _, err := s.present(user, channel); err != nil {
		return Message{}, err
	}
	return s.add(Message{Channel: channel, User: user, Text: text, ThreadTS: threadTS, Via: "person"}).copy(), nil
}

// Mention is a person who writes <@bot> and a text to a channel where the bot is,
// or to a thread there. It returns after the first delivery; when that failed,
// up to three more follow by themselves.
func (s *Sim) Mention(user, channel, threadTS, text string) (Answer, error) {
	s.mu.Lock()
	c, _ := s.channel(channel)
	here := c.has(BotUser)
	s.mu.Unlock()
	if !here {
		return Answer{}, fmt.Errorf("the bot is not in %q and hears of no mention", channel)
	}
	return s.write(user, channel, threadTS, "<@"+BotUser+"> "+text, "app_mentions:read", map[string]any{"type": "app_mention"})
}

// DirectMessage is a person who writes to the bot.
func (s *Sim) DirectMessage(user, text string) (Answer, error) {
	return s.write(user, s.OpenDM(user), "", text, "im:history", map[string]any{"type": "message", "channel_type": "im"})
}

func (s *Sim) write(user, channel, threadTS, text, scope string, event map[string]any) (Answer, error) {
	s.mu.Lock()
	granted := slices.Contains(s.scopes, scope)
	s.mu.Unlock()
	if !granted {
		return Answer{}, fmt.Errorf("the app has no scope %s and hears nothing", scope)
	}
	m, err := s.Say(user, channel, threadTS, text)
	if err != nil {
		return Answer{}, err
	}
	return s.told(m, event)
}

// told sends the event of a message of a person's.
func (s *Sim) told(m Message, event map[string]any) (Answer, error) {
	s.mu.Lock()
	written, around := s.written(m)
	s.mu.Unlock()
	written["event_ts"], written["channel"] = m.TS, m.Channel
	maps.Copy(written, event)
	out, err := s.Send(Sent{Event: written, Envelope: around})
	out.TS = m.TS
	return out, err
}

// written is a message of a person's as an event has it, and what is special in the
// envelope around it: in a channel that is shared with another workspace the team
// is the host's, and the person's own is the user_team where it is another one (so
// in the payloads that bolt-python's tests have).
func (s *Sim) written(m Message) (event, envelope map[string]any) {
	u, _ := s.user(m.User)
	c, _ := s.channel(m.Channel)
	event = map[string]any{"user": m.User, "text": m.Text, "ts": m.TS, "team": cmp.Or(c.Host, u.team()), "client_msg_id": randomHex(16)}
	event["blocks"] = []any{map[string]any{"type": "rich_text", "block_id": "b", "elements": []any{
		map[string]any{"type": "rich_text_section", "elements": []any{map[string]any{"type": "text", "text": m.Text}}},
	}}}
	if m.ThreadTS != "" {
		event["thread_ts"] = m.ThreadTS
	}
	if c.Host == "" {
		return event, nil
	}
	if u.team() != c.Host {
		event["user_team"], event["source_team"] = u.team(), u.team()
	}
	return event, map[string]any{"is_ext_shared_channel": true, "team_id": c.Host, "context_team_id": TeamID}
}

// Rewrite is a person who edits what they have written. Where the bot is mentioned
// it hears of the mention again, in direct messages of a change.
func (s *Sim) Rewrite(user, channel, ts, text string) (Answer, error) {
	s.mu.Lock()
	c, _ := s.channel(channel)
	m := s.stored(channel, ts)
	if m == nil || m.User != user {
		s.mu.Unlock()
		return Answer{}, fmt.Errorf("%s has written nothing there", user)
	}
	before, _ := s.written(m.copy())
	m.Text = text
	changed := m.copy()
	edited := map[string]any{"user": user, "ts": s.stamp()}
	after, _ := s.written(changed)
	s.mu.Unlock()
	if !c.direct() {
		return s.told(changed, map[string]any{"type": "app_mention", "edited": edited})
	}
	after["type"], before["type"], after["edited"] = "message", "message", edited
	return s.Event(map[string]any{
		"type": "message", "subtype": "message_changed", "hidden": true, "channel": channel, "channel_type": "im", "ts": edited["ts"], "event_ts": edited["ts"],
		"message": after, "previous_message": before,
	})
}

// Sent is an event that is delivered.
type Sent struct {
	Event    map[string]any
	Envelope map[string]any // fields that are others than usual; nil takes one away
	Retry    int            // Slack has tried that often before
}

// Event delivers any event, with the envelope that Slack puts around it.
func (s *Sim) Event(event map[string]any) (Answer, error) { return s.Send(Sent{Event: event}) }

// Send delivers an event with an envelope of its own.
func (s *Sim) Send(sent Sent) (Answer, error) {
	s.mu.Lock()
	now := s.now().Unix()
	s.mu.Unlock()
	envelope := map[string]any{
		"token": "deprecated", "team_id": TeamID, "context_team_id": TeamID, "api_app_id": AppID, "event": sent.Event,
		"type": "event_callback", "event_id": identifier("Ev"), "event_time": now, "is_ext_shared_channel": false,
		"event_context": "4-" + randomHex(8), "context_enterprise_id": nil,
		"authorizations": []any{map[string]any{
			"team_id": TeamID, "user_id": BotUser, "is_bot": true, "is_enterprise_install": false, "enterprise_id": nil,
		}},
	}
	replace(envelope, sent.Envelope)
	id, _ := envelope["event_id"].(string)
	raw, err := encoded(envelope)
	if err != nil {
		return Answer{}, err
	}
	d := delivery{
		kind: "events_api", path: s.options.Paths.Events, contentType: "application/json", body: raw,
		payload: raw,
	}
	if sent.Retry > 0 {
		d.again(sent.Retry, "http_timeout")
	}
	out := s.attempt(id, d)
	if out.failed() {
		s.background(func() { s.retry(id, d, out) })
	}
	return out, nil
}

func (a Answer) failed() bool { return a.Error != "" && !a.noRetry }

func (s *Sim) attempt(id string, d delivery) Answer {
	out := s.deliver(d)
	out.EventID = id
	s.mu.Lock()
	s.attempts[id] = append(s.attempts[id], Attempt{d.retry, out, s.now()})
	s.mu.Unlock()
	return out
}

func (s *Sim) retry(id string, d delivery, last Answer) {
	for i, pause := range s.options.EventRetries {
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-s.life.Done():
			timer.Stop()
			return
		}
		d.again(i+1, retryReason(last))
		if last = s.attempt(id, d); !last.failed() {
			return
		}
	}
}

// again makes a delivery a repeated one.
func (d *delivery) again(number int, reason string) {
	d.retry, d.reason = number, reason
	d.header = http.Header{"X-Slack-Retry-Num": {strconv.Itoa(number)}, "X-Slack-Retry-Reason": {reason}}
}

func retryReason(a Answer) string {
	switch a.Error {
	case operationTimeout:
		return "http_timeout"
	case dispatchFailed:
		return "connection_failed"
	}
	return "http_error"
}

// VerifyURL is what Slack does when the events URL of an app is entered. The app
// has to answer with the challenge.
func (s *Sim) VerifyURL() error {
	challenge := randomHex(20)
	raw, err := json.Marshal(map[string]string{"token": "deprecated", "challenge": challenge, "type": "url_verification"})
	if err != nil {
		return err
	}
	out := s.deliver(delivery{kind: "events_api", path: s.options.Paths.Events, contentType: "application/json", body: raw})
	var said struct{ Challenge string }
	if json.Unmarshal([]byte(out.Body), &said) != nil {
		said.Challenge = out.Body
	}
	if out.Error != "" || said.Challenge != challenge {
		return fmt.Errorf("the challenge did not come back: %s %d %q", out.Error, out.Status, out.Body)
	}
	return nil
}

// encoded is JSON as Slack writes it: in ASCII, so that a Chinese character has six
// bytes.
func encoded(v any) (json.RawMessage, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var out []byte
	for _, r := range string(raw) {
		switch {
		case r < utf8.RuneSelf:
			out = utf8.AppendRune(out, r)
		case r < 0x10000:
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		}
	}
	return out, nil
}

// background runs something that Close waits for.
func (s *Sim) background(run func()) {
	if done, ok := s.track(); ok {
		go func() {
			defer done()
			run()
		}()
	}
}

// track counts something that Close waits for, unless the fake is closing.
func (s *Sim) track() (done func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life.Err() != nil {
		return nil, false
	}
	s.work.Add(1)
	return s.work.Done, true
}
