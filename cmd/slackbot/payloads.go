package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
)

// Slack's payloads, as far as the bot reads them: the same over HTTP and over
// Socket Mode. slack-go's types are not used for them, because they decode the
// whole payload, and fail for one block element that the library does not know
// (v0.35.0, block_conv.go): the request would be lost for a button of others.

// word is a text. What is no string, such as the user of some events that the bot
// does not know, counts as left out, and is no reason to lose the payload.
type word string

// UnmarshalJSON implements json.Unmarshaler.
func (w *word) UnmarshalJSON(data []byte) error { //nolint:unparam // the interface has an error
	var text string
	if json.Unmarshal(data, &text) == nil {
		*w = word(text)
	}
	return nil
}

// unmarshal reads a payload. A part of the wrong type counts as left out, as a word
// does: encoding/json reads on behind it, and tells of the first one.
func unmarshal(data []byte, payload any) error {
	err := json.Unmarshal(data, payload)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return nil
	}
	return err
}

// given tells whether a field is there and holds something.
func given(field json.RawMessage) bool {
	switch string(bytes.TrimSpace(field)) {
	case "", "null", "false", "[]", `""`:
		return false
	}
	return true
}

// envelope is that of an event.
type envelope struct {
	Type           word            `json:"type"`
	Challenge      word            `json:"challenge"`
	TeamID         word            `json:"team_id"`
	ContextTeamID  word            `json:"context_team_id"`
	EventID        word            `json:"event_id"`
	ExtShared      json.RawMessage `json:"is_ext_shared_channel"`
	Authorizations []struct {
		TeamID       word `json:"team_id"`
		EnterpriseID word `json:"enterprise_id"`
	} `json:"authorizations"`
	Event event `json:"event"`
}

type event struct {
	Type        word            `json:"type"`
	SubType     word            `json:"subtype"`
	User        word            `json:"user"`
	UserTeam    word            `json:"user_team"`
	Team        word            `json:"team"`
	SourceTeam  word            `json:"source_team"`
	BotID       word            `json:"bot_id"`
	BotProfile  json.RawMessage `json:"bot_profile"`
	AppID       word            `json:"app_id"`
	Text        word            `json:"text"`
	Channel     word            `json:"channel"`
	ChannelType word            `json:"channel_type"`
	TS          word            `json:"ts"`
	ThreadTS    word            `json:"thread_ts"`
	Edited      json.RawMessage `json:"edited"`
	Attachments json.RawMessage `json:"attachments"`
	Files       json.RawMessage `json:"files"`
	// Message and Previous are those of a message_changed.
	Message  json.RawMessage `json:"message"`
	Previous json.RawMessage `json:"previous_message"`
}

// slashCommand is what somebody has typed.
type slashCommand struct {
	TeamID       word `json:"team_id"`
	EnterpriseID word `json:"enterprise_id"`
	ChannelID    word `json:"channel_id"`
	UserID       word `json:"user_id"`
	Command      word `json:"command"`
	Text         word `json:"text"`
	ResponseURL  word `json:"response_url"`
	TriggerID    word `json:"trigger_id"`
	// IsEnterpriseInstall is "true" or "false", as text.
	IsEnterpriseInstall word `json:"is_enterprise_install"`
}

// typed reads a command from a form, as it comes over HTTP.
func typed(form url.Values) slashCommand {
	field := func(name string) word { return word(form.Get(name)) }
	return slashCommand{
		TeamID: field("team_id"), EnterpriseID: field("enterprise_id"), ChannelID: field("channel_id"), UserID: field("user_id"),
		Command: field("command"), Text: field("text"), ResponseURL: field("response_url"), TriggerID: field("trigger_id"), IsEnterpriseInstall: field("is_enterprise_install"),
	}
}

// whole tells whether it is one: it has a name, and a trigger that names the
// request.
func (c slashCommand) whole() bool { return c.Command != "" && c.TriggerID != "" }

// interaction is the press of a button, or another thing that people do with an
// app.
type interaction struct {
	Type        word `json:"type"`
	TriggerID   word `json:"trigger_id"`
	ResponseURL word `json:"response_url"`
	// Team is that of the installation whose message it is; null in one of a whole
	// organisation.
	Team struct {
		ID           word `json:"id"`
		EnterpriseID word `json:"enterprise_id"`
	} `json:"team"`
	Enterprise struct {
		ID word `json:"id"`
	} `json:"enterprise"`
	User struct {
		ID     word `json:"id"`
		TeamID word `json:"team_id"`
	} `json:"user"`
	Channel struct {
		ID word `json:"id"`
	} `json:"channel"`
	Container struct {
		ChannelID   word            `json:"channel_id"`
		MessageTS   word            `json:"message_ts"`
		ThreadTS    word            `json:"thread_ts"`
		IsEphemeral json.RawMessage `json:"is_ephemeral"`
	} `json:"container"`
	Actions []struct {
		ActionID word `json:"action_id"`
		Value    word `json:"value"`
	} `json:"actions"`
}

// origin is where a request comes from: the workspace that has the app, the
// organisation around that, and the workspace of the person. In a channel that is
// shared with others, and in an organisation, these differ.
type origin struct {
	app    string // "" where the app is a whole organisation's, or Slack does not tell
	org    string
	person string // "" where Slack does not tell
}

// teams are the installation and the workspace of the person. Slack calls somebody
// of an organisation by that alone (E…) now and then: they count as of the
// workspace of the app, if that is in it. Home is the organisation that the bot's
// token is of; where that is not known, the payload tells.
func (o origin) teams(home string) (app, person string) {
	app, person = cmp.Or(o.app, o.org), o.person
	if isOrganisation(person) && person == cmp.Or(home, o.org) {
		person = app
	}
	return app, person
}

func isOrganisation(id string) bool { return strings.HasPrefix(id, "E") }

// origin follows Bolt (bolt-python's extract_team_id and extract_actor_team_id,
// read 2026-11-30; bolt-js 5.1.0, buildSource). The outer team_id and
// context_team_id may be of the other side of a shared channel; the event's team,
// too, where there is a user_team. Elsewhere than in a shared channel who writes is
// of the app's own.
func (e envelope) origin() origin {
	o := origin{app: string(cmp.Or(e.ContextTeamID, e.TeamID))}
	if len(e.Authorizations) > 0 {
		o.app, o.org = string(e.Authorizations[0].TeamID), string(e.Authorizations[0].EnterpriseID)
	}
	o.person = string(cmp.Or(e.Event.UserTeam, e.Event.Team, e.Event.SourceTeam))
	if o.person == "" && !given(e.ExtShared) {
		o.person = string(cmp.Or(word(o.app), e.TeamID))
	}
	return o
}

// origin: the team is that of who has typed it. Of which installation the command
// is, Slack tells only where it is that of an organisation.
func (c slashCommand) origin() origin {
	o := origin{person: string(c.TeamID)}
	if c.IsEnterpriseInstall == "true" {
		o.org = string(c.EnterpriseID)
	}
	return o
}

// origin: the team is the app's (slackapi/java-slack-sdk#1041 shows both), and the
// person's where that is not said. Whose the enterprise is beside a team, Slack does
// not say.
func (i interaction) origin() origin {
	o := origin{app: string(i.Team.ID), org: string(i.Team.EnterpriseID), person: string(cmp.Or(i.User.TeamID, i.Team.ID))}
	if o.app == "" {
		o.org = string(i.Enterprise.ID)
	}
	return o
}

// quotes tells whether a message repeats words of others: Slack writes a quotation
// with this sign before each line.
func quotes(text word) bool {
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "&gt;") || strings.HasPrefix(line, ">") {
			return true
		}
	}
	return false
}
