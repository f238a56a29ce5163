package slacksim

import "strings"

func (s *Sim) authTest(arguments) (answer, *refusal) {
	bot, _ := s.user(BotUser)
	out := answer{
		"url": "https://" + s.world.Domain + ".slack.com/", "team": s.world.Domain, "user": bot.Name,
		"team_id": TeamID, "user_id": BotUser, "bot_id": BotID, "is_enterprise_install": false,
	}
	if s.world.Org != "" {
		out["enterprise_id"] = s.world.Org
	}
	return out, nil
}

func (s *Sim) userInfo(a arguments) (answer, *refusal) {
	u, ok := s.user(a["user"])
	if !ok {
		return nil, refuse("user_not_found")
	}
	return answer{"user": map[string]any{
		"id": u.ID, "team_id": u.team(), "name": u.Name, "real_name": u.RealName, "deleted": u.Deleted,
		"tz": u.TZ, "tz_label": u.TZLabel, "tz_offset": u.TZOffset, "is_bot": u.IsBot, "is_app_user": false,
		"profile": map[string]any{"real_name": u.RealName, "display_name": u.Name, "team": u.team()},
	}}, nil
}

func (s *Sim) groupMembers(a arguments) (answer, *refusal) {
	g, ok := s.group(a["usergroup"])
	if !ok {
		return nil, refuse("no_such_subteam")
	}
	return answer{"users": g.Members}, nil
}

// openConversation opens direct messages with one person; with several people it
// is not modelled.
func (s *Sim) openConversation(a arguments) (answer, *refusal) {
	id := a["users"]
	switch {
	case id == "":
		return nil, refuse("users_list_not_supplied")
	case strings.Contains(id, ","):
		return nil, refuse("not_enough_users")
	}
	u, ok := s.user(id)
	if !ok {
		return nil, refuse("user_not_found")
	}
	if u.IsBot {
		return nil, refuse("cannot_dm_bot")
	}
	if u.Deleted {
		return nil, refuse("user_disabled")
	}
	c, isNew := s.directWith(id)
	return answer{"channel": map[string]any{"id": c.ID}, "already_open": !isNew, "no_op": !isNew}, nil
}
