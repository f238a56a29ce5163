package socketmode

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxAck is how many bytes make an acknowledgement one that Slack drops without a
// word (tried by the authors of slack-go, v0.35.0, socketmode.Client.Send).
const maxAck = 20 << 10

// Envelope is what Slack puts around a request.
type Envelope struct {
	Type    string // slash_commands, interactive, events_api
	ID      string
	Payload json.RawMessage
	Retried bool // Slack has sent the event before

	why string // of a disconnect
}

// decode reads an envelope. A field of the wrong type counts as left out.
func decode(frame []byte) (Envelope, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(frame, &fields); err != nil {
		return Envelope{}, errors.New("it is no JSON object") // err quotes it
	}
	text := func(name string) (value string) {
		if json.Unmarshal(fields[name], &value) != nil {
			return ""
		}
		return value
	}
	return Envelope{
		Type: text("type"), ID: text("envelope_id"), Payload: fields["payload"], why: text("reason"),
		Retried: !slices.Contains([]string{"", "0", "null", "false", `""`}, string(fields["retry_attempt"])),
	}, nil
}

// reason is why Slack asks a connection to go: warning, refresh_requested,
// link_disabled, too_many_websockets.
func (e Envelope) reason() string {
	if e.why == "" || len(e.why) > 40 || strings.Trim(e.why, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return "none that can be shown"
	}
	return e.why
}

// Request is what somebody did in Slack.
type Request struct {
	Envelope

	link *link
}

// Ack acknowledges the request with what Slack shows, or nil. If its connection has
// ended, it goes over another one: Slack's own SDK for Python writes each to the
// newest connection, whichever the request came by (slack_sdk/socket_mode/builtin/client.py, send_message, read
// 2026-12-01).
func (r *Request) Ack(payload any) error {
	frame, err := json.Marshal(struct {
		ID      string `json:"envelope_id"`
		Payload any    `json:"payload,omitempty"`
	}{r.ID, payload})
	if err != nil {
		return err
	}
	if len(frame) >= maxAck {
		return fmt.Errorf("an acknowledgement of %d bytes: Slack drops those of %d or more", len(frame), maxAck)
	}
	if err = r.link.write(frame); err == nil {
		return nil
	}
	for _, other := range r.link.client.others(r.link) {
		if other.write(frame) == nil {
			return nil
		}
	}
	return fmt.Errorf("no connection takes the acknowledgement: %w", err)
}

// Done says that nothing more is to be done for the request.
func (r *Request) Done() { r.link.done() }
