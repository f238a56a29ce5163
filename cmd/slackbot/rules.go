package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alitriage/alitriage/internal/config"
)

// groupMemory is how long the members of a user group are believed: somebody who
// has left it should not start anything for long.
const groupMemory = 5 * time.Minute

// rules say who may do what, and where.
type rules struct {
	teams, channels, starters []string
	org                       string // that the token's workspace is in, if any (E…)
	everybody                 bool   // may start
	confirm                   bool
	members                   func(context.Context, string) ([]string, error) // of a user group
	logger                    *slog.Logger

	mu     sync.Mutex
	groups map[string]group
}

type group struct {
	users []string
	at    time.Time
}

// newRules takes the file's. home is the bot token's own workspace, which counts
// where the file names none.
func newRules(cfg config.Config, home string, members func(context.Context, string) ([]string, error), logger *slog.Logger) *rules {
	r := &rules{
		teams: cfg.Slack.TeamIDs, channels: cfg.Slack.Channels, starters: cfg.Slack.CanStart,
		everybody: cfg.Demo && cfg.File == "", confirm: cfg.Slack.ConfirmStart, members: members, logger: logger, groups: map[string]group{},
	}
	if len(r.teams) == 0 {
		r.teams = []string{home}
	}
	return r
}

// refuse says why a request is not taken; "" when it is.
func (r *rules) refuse(p person) string {
	switch {
	case p.Team == "":
		return "Slack does not tell of which workspace you are, and this bot works for some alone."
	case p.User == "":
		return "Slack does not tell who you are. Ask again; if it stays so, tell those who run the bot."
	case r.isStranger(p):
		return "this bot does not work for this workspace. Whoever runs it can add it to team_ids."
	case len(r.channels) > 0 && !slices.Contains(r.channels, p.Channel):
		return "commands do not work in this channel. Whoever runs the bot can add it to channels; they work in " + mentions(r.channels, "#") + "."
	}
	return ""
}

// isStranger tells whether somebody, or the installation that they have asked, is
// of a workspace that the bot does not work for.
func (r *rules) isStranger(p person) bool {
	return p.Team == "" || !slices.Contains(r.teams, p.Team) || !r.isOurs(p.App)
}

// isOurs tells whether the bot works for an installation. That of an organisation
// is the token's own; for which of its workspaces, team_ids says.
func (r *rules) isOurs(app string) bool {
	if isOrganisation(app) {
		return r.org == "" || r.org == app
	}
	return app == "" || slices.Contains(r.teams, app)
}

// refuseClick is refuse for a button. One in direct messages is below what was
// asked for in a channel where that is allowed.
func (r *rules) refuseClick(p person) string {
	if strings.HasPrefix(p.Channel, "D") && len(r.channels) > 0 {
		p.Channel = r.channels[0]
	}
	return r.refuse(p)
}

// refuseStart says why somebody may not start anything; "" when they may.
func (r *rules) refuseStart(p person) string {
	switch {
	case r.everybody || r.mayStart(p.User):
		return ""
	case len(r.starters) == 0:
		return "nobody may start a gather here. Whoever runs the bot can name users and user groups in can_start."
	default:
		return "you may not start a gather. Ask one of " + mentions(r.starters, "") + ", or whoever runs the bot to add you to can_start."
	}
}

func (r *rules) mayStart(user string) bool {
	if user != "" && slices.Contains(r.starters, user) {
		return true
	}
	for _, id := range r.starters {
		if strings.HasPrefix(id, "S") && slices.Contains(r.membersOf(id), user) {
			return true
		}
	}
	return false
}

// membersOf asks Slack when it has to. A group that cannot be read has nobody in
// it, unless it could a moment ago.
func (r *rules) membersOf(id string) []string {
	r.mu.Lock()
	known, found := r.groups[id]
	r.mu.Unlock()
	if found && time.Since(known.at) < groupMemory {
		return known.users
	}
	ctx, cancel := context.WithTimeout(context.Background(), storeLimit/2)
	defer cancel()
	users, err := r.members(ctx, id)
	if err != nil {
		r.logger.Warn("a user group could not be read, so nobody in it may start anything", "group", id, "error", err)
		if errors.Is(err, errNotThere) || time.Since(known.at) > 2*groupMemory {
			return nil
		}
		return known.users
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.groups[id] = group{users, time.Now()}
	return users
}

// mentions lists ids as they are: a live mention would call everybody.
func mentions(ids []string, sign string) string {
	const most = 5
	shown := slices.Clone(ids[:min(len(ids), most)])
	for i := range shown {
		shown[i] = sign + shown[i]
	}
	text := strings.Join(shown, ", ")
	if len(ids) > most {
		text += " and others"
	}
	return text
}
