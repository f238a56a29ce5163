package slacksim

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Answer is what a person saw at once, and what a test wants to know besides.
type Answer struct {
	// Error is what Slack tells the person when the app did not answer well:
	// operation_timeout, dispatch_failed (nobody reached), http_client_error,
	// http_service_error, invalid_command_response.
	Error   string        `json:"error,omitempty"`
	Latency time.Duration `json:"latency_ns"`
	Status  int           `json:"status,omitempty"`  // over HTTP
	Body    string        `json:"body,omitempty"`    // of the answer, or the payload of the ack
	Message *Message      `json:"message,omitempty"` // what the answer made visible

	ResponseURL string `json:"response_url,omitempty"`
	TriggerID   string `json:"trigger_id,omitempty"`
	EnvelopeID  string `json:"envelope_id,omitempty"` // over Socket Mode
	Connection  int    `json:"connection,omitempty"`  // over Socket Mode
	EventID     string `json:"event_id,omitempty"`
	TS          string `json:"ts,omitempty"` // of what the person wrote

	noRetry bool
}

// Text is what the person read at once: Slack's error, or the app's words.
func (a Answer) Text() string {
	switch {
	case a.Error != "":
		return a.Error
	case a.Message != nil:
		return a.Message.Text
	}
	return ""
}

// Command is a person who types a command into a channel where they are. It
// returns when the app has answered or the time is over. Slack does not repeat
// commands. An error means that nobody could type that.
func (s *Sim) Command(user, channel, command, text string) (Answer, error) {
	return s.CommandWith(user, channel, command, text, nil)
}

// CommandWith is a Command some fields of which are others.
func (s *Sim) CommandWith(user, channel, command, text string, changes map[string]string) (Answer, error) {
	s.mu.Lock()
	u, c, err := s.present(user, channel)
	if err == nil && !slices.Contains(s.scopes, "commands") {
		err = errors.New("the app has no scope commands")
	}
	if err != nil {
		s.mu.Unlock()
		return Answer{}, err
	}
	if s.options.ShouldEscape {
		text = s.escape(text)
	}
	trigger, response := triggerID(), s.newResponseURL(user, channel, nil)
	fields := map[string]string{
		"team_id": u.team(), "team_domain": s.world.Domain, "channel_id": channel, "channel_name": c.displayName(),
		"user_id": user, "user_name": u.Name, "command": command, "text": text, "api_app_id": AppID,
		"is_enterprise_install": "false", "response_url": response, "trigger_id": trigger, "token": "deprecated",
	}
	maps.Copy(fields, changes)
	s.mu.Unlock()
	form := url.Values{}
	for name, value := range fields {
		form.Set(name, value)
	}
	out := s.deliver(delivery{
		kind: "slash_commands", path: s.options.Paths.Commands, contentType: formType, body: []byte(form.Encode()),
		payload: fields, acceptsPayload: true,
	})
	out.TriggerID, out.ResponseURL = trigger, response
	s.showAck(&out)
	return out, nil
}

// showAck makes the answer to a command visible. It is no use of the response_url.
func (s *Sim) showAck(out *Answer) {
	text := strings.TrimSpace(out.Body)
	if out.Error != "" || text == "" {
		return
	}
	a, refused := jsonArguments([]byte(out.Body))
	if refused != nil {
		a = arguments{"text": text}
	}
	if !a.has("text") && !a.has("blocks") {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, refused := readContent(a)
	if refused == nil {
		refused = s.postFor(s.responseURLs[strings.TrimPrefix(out.ResponseURL, s.url)], c, a, "ack")
	}
	if refused != nil {
		out.Error = "invalid_command_response"
		return
	}
	shown := s.messages[len(s.messages)-1].copy()
	out.Message = &shown
}

// Click is a person who presses a button of a message as they see it, and
// confirms if they are asked to. Slack does not repeat clicks.
func (s *Sim) Click(user string, m Message, actionID string) (Answer, error) {
	return s.use(user, m, actionID, "")
}

// ClickWith is a Click some fields of whose payload are others; nil takes one away.
func (s *Sim) ClickWith(user string, m Message, actionID string, changes map[string]any) (Answer, error) {
	action, err := findAction(m, actionID, "")
	if err != nil {
		return Answer{}, err
	}
	return s.interact(user, m, func(payload map[string]any) {
		s.press(payload, m, action)
		replace(payload, changes)
	})
}

// replace puts changes into a payload; nil takes a field away.
func replace(payload, changes map[string]any) {
	for name, value := range changes {
		if payload[name] = value; value == nil {
			delete(payload, name)
		}
	}
}

// Choose is a person who picks the option with this value in a menu.
func (s *Sim) Choose(user string, m Message, actionID, value string) (Answer, error) {
	return s.use(user, m, actionID, value)
}

func (s *Sim) use(user string, m Message, actionID, value string) (Answer, error) {
	action, err := findAction(m, actionID, value)
	if err != nil {
		return Answer{}, err
	}
	return s.interact(user, m, func(payload map[string]any) { s.press(payload, m, action) })
}

func (s *Sim) press(payload map[string]any, m Message, action object) {
	action["action_ts"] = s.stamp()
	payload["type"] = "block_actions"
	payload["actions"] = []any{action}
	payload["state"] = map[string]any{"values": map[string]any{}}
	payload["container"] = container(m)
}

// Shortcut is a person who picks the app's shortcut in the menu of a message.
func (s *Sim) Shortcut(user string, m Message, callbackID string) (Answer, error) {
	return s.interact(user, m, func(payload map[string]any) {
		payload["type"] = "message_action"
		payload["callback_id"] = callbackID
		payload["message_ts"] = m.TS
		payload["action_ts"] = m.TS
	})
}

func (s *Sim) interact(user string, m Message, complete func(map[string]any)) (Answer, error) {
	s.mu.Lock()
	u, c, err := s.present(user, m.Channel)
	stored := s.stored(m.Channel, m.TS)
	if err == nil && (stored == nil || !s.sees(user, stored)) {
		err = fmt.Errorf("%s does not see this message (any more)", user)
	}
	if err != nil {
		s.mu.Unlock()
		return Answer{}, err
	}
	trigger := triggerID()
	payload := map[string]any{
		"user": map[string]any{"id": u.ID, "username": u.Name, "name": u.Name, "team_id": u.team()},
		"team": map[string]any{"id": TeamID, "domain": s.world.Domain}, "api_app_id": AppID, "token": "deprecated",
		"trigger_id": trigger, "enterprise": nil, "is_enterprise_install": false,
		"channel": map[string]any{"id": c.ID, "name": c.displayName()},
	}
	if !m.Ephemeral() {
		payload["message"] = stored.wire()
	}
	complete(payload)
	source := stored
	if payload["type"] != "block_actions" {
		source = nil // there is nothing of the app's to replace
	}
	response := s.newResponseURL(user, m.Channel, source)
	payload["response_url"] = response
	s.mu.Unlock()
	raw, err := encoded(payload)
	if err != nil {
		return Answer{}, err
	}
	out := s.deliver(delivery{
		kind: "interactive", path: s.options.Paths.Interactions, contentType: formType,
		body: []byte(url.Values{"payload": {string(raw)}}.Encode()), payload: raw,
	})
	out.TriggerID, out.ResponseURL = trigger, response
	return out, nil
}

func container(m Message) map[string]any {
	out := map[string]any{
		"type": "message", "message_ts": m.TS, "channel_id": m.Channel, "is_ephemeral": m.Ephemeral(),
	}
	if m.ThreadTS != "" {
		out["thread_ts"] = m.ThreadTS
	}
	return out
}

// findAction makes what a payload says of a pressed element.
func findAction(m Message, actionID, value string) (object, error) {
	var blocks []object
	if err := json.Unmarshal(m.Blocks, &blocks); m.Blocks != nil && err != nil {
		return nil, err
	}
	var seen []string
	for _, block := range blocks {
		for _, e := range pressable(block) {
			seen = append(seen, fmt.Sprint(e["action_id"]))
			if e["action_id"] != actionID {
				continue
			}
			return action(e, block["block_id"], value)
		}
	}
	return nil, fmt.Errorf("no element has the action_id %q, these have: %q", actionID, seen)
}

func action(e object, blockID any, value string) (object, error) {
	out := object{"type": e["type"], "action_id": e["action_id"], "block_id": blockID}
	if e["type"] == "button" {
		for _, name := range []string{"text", "value", "style", "url"} {
			if e[name] != nil {
				out[name] = e[name]
			}
		}
		return out, nil
	}
	options, _ := e["options"].([]any)
	for _, option := range options {
		if o, _ := option.(object); o["value"] == value {
			out["selected_option"] = o
			return out, nil
		}
	}
	return nil, fmt.Errorf("no option has the value %q", value)
}

// present finds a person and a channel where they are.
func (s *Sim) present(user, channel string) (User, Channel, error) {
	u, ok := s.user(user)
	if !ok {
		return u, Channel{}, fmt.Errorf("no user %q", user)
	}
	c, ok := s.channel(channel)
	if !ok || !c.has(user) {
		return u, c, fmt.Errorf("%s is not in a channel %q", user, channel)
	}
	return u, c, nil
}

// OpenDM is a person who opens the conversation with the bot.
func (s *Sim) OpenDM(user string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, _ := s.directWith(user)
	return c.ID
}

var (
	typedURL     = regexp.MustCompile(`\bhttps?://[^\s<>]+`)
	typedMention = regexp.MustCompile(`([@#])([a-z0-9._-]+)`)
)

// escape does what should_escape in the manifest asks for.
func (s *Sim) escape(text string) string {
	text = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
	text = typedURL.ReplaceAllString(text, "<$0>")
	return typedMention.ReplaceAllStringFunc(text, func(typed string) string {
		if typed[0] == '#' {
			if c, ok := found(s.world.Channels, func(c Channel) bool { return c.Name == typed[1:] }); ok {
				return "<#" + c.ID + "|" + c.Name + ">"
			}
			return typed
		}
		if u, ok := found(s.world.Users, func(u User) bool { return u.Name == typed[1:] }); ok {
			return "<@" + u.ID + "|" + u.Name + ">"
		}
		return typed
	})
}

func triggerID() string { return randomHex(6) + "." + randomHex(6) + "." + randomHex(16) }
