package slacksim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
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
	event["user"], event["text"], event["ts"], event["event_ts"] = user, text, m.TS, m.TS
	event["channel"], event["team"], event["client_msg_id"] = channel, TeamID, randomHex(16)
	if threadTS != "" {
		event["thread_ts"] = threadTS
	}
	out, err := s.Event(event)
	out.TS = m.TS
	return out, err
}

// Event delivers any event, with the envelope that Slack puts around it.
func (s *Sim) Event(event map[string]any) (Answer, error) {
	id := identifier("Ev")
	s.mu.Lock()
	now := s.now().Unix()
	s.mu.Unlock()
	raw, err := json.Marshal(map[string]any{
		"token": "deprecated", "team_id": TeamID, "context_team_id": TeamID, "api_app_id": AppID, "event": event,
		"type": "event_callback", "event_id": id, "event_time": now, "is_ext_shared_channel": false,
		"event_context": "4-" + randomHex(8), "context_enterprise_id": nil,
		"authorizations": []any{map[string]any{
			"team_id": TeamID, "user_id": BotUser, "is_bot": true, "is_enterprise_install": false, "enterprise_id": nil,
		}},
	})
	if err != nil {
		return Answer{}, err
	}
	d := delivery{
		kind: "events_api", path: s.options.Paths.Events, contentType: "application/json", body: raw,
		payload: json.RawMessage(raw),
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
		d.retry, d.reason = i+1, retryReason(last)
		d.header = http.Header{"X-Slack-Retry-Num": {strconv.Itoa(d.retry)}, "X-Slack-Retry-Reason": {d.reason}}
		if last = s.attempt(id, d); !last.failed() {
			return
		}
	}
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
