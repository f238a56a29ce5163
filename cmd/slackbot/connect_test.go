package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
	"github.com/alitriage/alitriage/internal/config"
)

// Slack Connect and Enterprise Grid: whose request it is. The payloads have the
// shapes of bolt-python's tests (tests/slack_bolt/request/test_internals.py) and of
// slackapi/java-slack-sdk#1041.

const (
	ours, theirs = slacksim.TeamID, slacksim.Partner
	sister       = "T0SISTER" // another workspace of our organisation
	ourOrg       = "E0OURS"
	theirOrg     = "E0PARTNER"
)

type fields = map[string]any

// installed is what an envelope says of the installation that is told of an event.
func installed(team, org any) []any {
	return []any{fields{"team_id": team, "enterprise_id": org, "user_id": slacksim.BotUser, "is_bot": true, "is_enterprise_install": team == nil}}
}

// frontEnds runs a test over HTTP and over Socket Mode.
func frontEnds(t *testing.T, file string, test func(t *testing.T, s *scene)) {
	t.Helper()
	for name, isSocket := range map[string]bool{"HTTP": false, "Socket Mode": true} {
		t.Run(name, func(t *testing.T) { test(t, newScene(t, sceneOptions{file: file, socket: isSocket})) })
	}
}

// calls counts those of a method of Slack's.
func (s *scene) calls(method string) (number int) {
	for _, c := range s.Calls() {
		if c.Method == method {
			number++
		}
	}
	return number
}

const refusedByRules = "refused by the rules"

// judged waits for what became of a request of somebody.
func (s *scene) judged(t *testing.T, fact, user string, served bool) {
	t.Helper()
	want := fields{"user": user, "outcome": refusedByRules}
	if served {
		want = fields{"user": user, "kind": "report", "tool": "get_app_status"}
	}
	s.eventually(t, fact, func() bool {
		for _, line := range s.audits(t) {
			if line["user"] == user {
				for name, value := range want {
					require.Equal(t, value, line[name], "%s: %v", fact, line)
				}
				return true
			}
		}
		return false
	})
}

func TestWhoIsAnsweredInSharedChannelsAndOrganisations(t *testing.T) {
	rows := []struct {
		fact            string
		served, sisters bool // sisters: whether they are served where team_ids lists the sister
		event, envelope fields
	}{
		{"an outsider mentions the bot in our channel: the event's team is ours", false, false,
			fields{"team": ours, "user_team": theirs, "source_team": theirs}, fields{"is_ext_shared_channel": true}},
		{"an outsider of a Grid: their organisation stands for the workspace", false, false,
			fields{"team": ours, "user_team": theirOrg, "source_team": theirOrg}, fields{"is_ext_shared_channel": true}},
		{"an outsider, where the outer team_id is theirs too", false, false,
			fields{"team": theirs}, fields{"is_ext_shared_channel": true, "team_id": theirs, "context_team_id": ours}},
		{"an outsider, as only the source_team tells", false, false,
			fields{"source_team": theirs}, fields{"is_ext_shared_channel": true}},
		{"nobody knows whose a person in a shared channel is", false, false, fields{}, fields{"is_ext_shared_channel": true}},
		{"our own person in a channel that the partner hosts", true, true,
			fields{"team": theirs, "user_team": ours, "source_team": ours}, fields{"is_ext_shared_channel": true, "team_id": theirs, "context_team_id": ours}},
		{"the same, with the context of the other side", true, true,
			fields{"team": ours}, fields{"is_ext_shared_channel": true, "team_id": ours, "context_team_id": theirs}},
		{"the same, without authorizations", true, true,
			fields{"team": ours}, fields{"is_ext_shared_channel": true, "team_id": theirs, "context_team_id": ours, "authorizations": nil}},
		{"an outsider, without authorizations", false, false,
			fields{"team": theirs}, fields{"is_ext_shared_channel": true, "team_id": ours, "context_team_id": ours, "authorizations": []any{}}},
		{"a channel of our own, where no team is told of the person", true, true, fields{}, fields{}},
		{"the oldest form: only the outer team_id", true, true, fields{}, fields{"context_team_id": nil, "authorizations": nil, "is_ext_shared_channel": nil}},
		{"no team at all", false, false, fields{}, fields{"team_id": nil, "context_team_id": nil, "authorizations": nil}},
		{"an installation of somebody else's", false, false, fields{"team": ours}, fields{"authorizations": installed(theirs, nil)}},
		{"our organisation stands for the workspace", true, true,
			fields{"team": ours, "user_team": ourOrg}, fields{"authorizations": installed(ours, ourOrg)}},
		{"the same in a channel that is shared with others", true, true,
			fields{"team": ours, "user_team": ourOrg}, fields{"authorizations": installed(ours, ourOrg), "is_ext_shared_channel": true}},
		{"another organisation, although we are of one", false, false,
			fields{"team": ours, "user_team": theirOrg}, fields{"authorizations": installed(ours, ourOrg), "is_ext_shared_channel": true}},
		{"another workspace of our organisation", false, true,
			fields{"team": sister}, fields{"authorizations": installed(ours, ourOrg)}},
		{"an installation of the whole organisation, one of ours asks", true, true,
			fields{"team": ours}, fields{"authorizations": installed(nil, ourOrg)}},
		{"an installation of the whole organisation, one of the sister asks", false, true,
			fields{"team": sister}, fields{"authorizations": installed(nil, ourOrg), "team_id": sister}},
		{"an installation of the whole organisation, and that alone is told of the person", false, true,
			fields{"team": ours, "user_team": ourOrg}, fields{"authorizations": installed(nil, ourOrg)}},
		{"an installation of the whole organisation, an outsider asks", false, false,
			fields{"team": ours, "user_team": theirs}, fields{"authorizations": installed(nil, ourOrg), "is_ext_shared_channel": true}},
		{"fields that are no texts count as left out", false, false,
			fields{"team": 7, "user_team": fields{"id": ours}}, fields{"is_ext_shared_channel": true}},
	}
	for setting, file := range map[string]string{"the token's workspace": usual, "two workspaces": "slack: {team_ids: [" + ours + ", " + sister + ", " + ourOrg + "]}\n"} {
		t.Run(setting, func(t *testing.T) {
			frontEnds(t, file, func(t *testing.T, s *scene) {
				answered, whispers := 0, 0
				for i, row := range rows {
					for _, kind := range []string{"app_mention", "message"} {
						user, channel := fmt.Sprintf("U0%s%d", strings.ToUpper(kind[:3]), i), slacksim.Incidents
						event := fields{"type": kind, "user": user, "channel": channel, "text": "get_app_status checkout", "ts": fmt.Sprintf("17%08d.%06d", i, len(kind))}
						if kind == "message" {
							event["channel_type"] = "im"
						}
						maps.Copy(event, row.event)
						served := row.served
						if setting == "two workspaces" {
							served = row.sisters
						}
						answer, err := s.Send(slacksim.Sent{Event: event, Envelope: row.envelope})
						require.NoError(t, err)
						require.Empty(t, answer.Error, row.fact)
						s.judged(t, row.fact+" ("+kind+")", user, served)
						if served {
							answered++
						} else {
							whispers++
						}
					}
				}
				s.eventually(t, "as many reports as were asked for", func() bool { return len(s.ofBot(slacksim.Alice, slacksim.Incidents)) == answered })
				s.eventually(t, "as many whispers as were refused", func() bool { return s.calls("chat.postEphemeral") == whispers })
				require.Contains(t, s.errs.String(), `level=WARN msg="a request was refused" why="refused by the rules" team="" app=`+ours)
				require.Zero(t, s.calls("conversations.open"), "an outsider gets no direct messages")
			})
		})
	}
}

func TestWhoMayPressAButton(t *testing.T) {
	for _, row := range []struct {
		fact   string
		served bool
		change fields // without user.id
	}{
		{"one of ours", true, fields{"user": fields{"team_id": ours}}},
		{"no team of the person is told", true, fields{"user": fields{}}},
		{"an outsider in our channel", false, fields{"user": fields{"team_id": theirs}}},
		{"an outsider of a Grid", false, fields{"user": fields{"team_id": theirOrg}}},
		{"an outsider, and we are of an organisation", false, fields{"user": fields{"team_id": theirOrg}, "team": fields{"id": ours, "enterprise_id": ourOrg}, "enterprise": fields{"id": ourOrg}}},
		{"our organisation stands for the workspace", true, fields{"user": fields{"team_id": ourOrg}, "team": fields{"id": ours, "enterprise_id": ourOrg}}},
		{"an organisation that Slack calls nobody's", false, fields{"user": fields{"team_id": theirOrg}, "enterprise": fields{"id": theirOrg}}},
		{"an installation of the whole organisation: team is null", true, fields{"user": fields{"team_id": ours}, "team": fields(nil), "enterprise": fields{"id": ourOrg}, "is_enterprise_install": true}},
		{"the same, and one of the sister presses", false, fields{"user": fields{"team_id": sister}, "team": fields(nil), "enterprise": fields{"id": ourOrg}, "is_enterprise_install": true}},
		{"the same, and an outsider presses", false, fields{"user": fields{"team_id": theirs}, "team": fields(nil), "enterprise": fields{"id": ourOrg}, "is_enterprise_install": true}},
		{"the message of another installation", false, fields{"user": fields{"team_id": ours}, "team": fields{"id": theirs}}},
		{"no team at all", false, fields{"user": fields{}, "team": fields(nil)}},
		{"teams that are no texts", false, fields{"user": fields{"team_id": 1}, "team": fields{"id": nil}}},
	} {
		t.Run(row.fact, func(t *testing.T) {
			frontEnds(t, usual, func(t *testing.T, s *scene) {
				report := s.report(t, slacksim.Alice, slacksim.Shared, "/get_app_status", "checkout", "ACTION_NEEDED: ")
				change, user := maps.Clone(row.change), maps.Clone(row.change["user"].(fields))
				user["id"] = "U0PRESSER"
				change["user"] = user
				answer, err := s.ClickWith(slacksim.Alice, report, "refresh", change)
				require.NoError(t, err)
				require.Empty(t, answer.Error)
				s.judged(t, row.fact, "U0PRESSER", row.served)
			})
		})
	}
}

// Each combination of what Slack may say of teams. Who is let in is of our workspace
// or organisation by the field that tells most of them, and has asked our
// installation.
func TestNoCombinationOfTeamsLetsAnOutsiderIn(t *testing.T) {
	b := &bot{rules: newRules(config.Config{}, ours, nil, nil)}
	told := []word{"", ours, theirs, sister, ourOrg, theirOrg}
	mine := func(w word, org word) bool { return w == ours || w == ourOrg && org == ourOrg }
	events, served := 0, 0
	for _, userTeam := range told {
		for _, team := range told {
			for _, source := range told {
				for _, outer := range told {
					for _, context := range told {
						for _, isShared := range []string{"true", "false", ""} {
							for _, auth := range [][2]word{{"none", ""}, {ours, ""}, {ours, ourOrg}, {"", ourOrg}, {theirs, ""}, {theirs, theirOrg}, {sister, ourOrg}} {
								e := envelope{TeamID: outer, ContextTeamID: context, ExtShared: json.RawMessage(isShared), Event: event{UserTeam: userTeam, Team: team, SourceTeam: source}}
								if auth[0] != "none" {
									e.Authorizations = append(e.Authorizations, struct {
										TeamID       word `json:"team_id"`
										EnterpriseID word `json:"enterprise_id"`
									}{auth[0], auth[1]})
								}
								events++
								if b.rules.refuse(b.asker(e.origin(), "C1", "U1", "")) != "" {
									continue
								}
								served++
								person := cmp.Or(userTeam, team, source)
								if person == "" && isShared == "true" || person != "" && !mine(person, auth[1]) || auth[0] == theirs || auth[0] == sister {
									require.Fail(t, "let in", "%+v", e)
								}
								if person == "" && auth[0] != ours && outer != ours && context != ours {
									require.Fail(t, "let in", "%+v", e)
								}
							}
						}
					}
				}
			}
		}
	}
	require.Equal(t, 6*6*6*6*6*3*7, events)
	require.Greater(t, served, events/20)
	for _, user := range told {
		for _, team := range told {
			for _, teamOrg := range []word{"", ourOrg} {
				for _, org := range told {
					var i interaction
					i.User.TeamID, i.Team.ID, i.Team.EnterpriseID, i.Enterprise.ID = user, team, teamOrg, org
					if b.rules.refuse(b.asker(i.origin(), "C1", "U1", "")) == "" && (!mine(cmp.Or(user, team), teamOrg) || team != "" && team != ours && team[0] != 'E') {
						require.Fail(t, "let in", "%+v", i)
					}
				}
			}
		}
	}
}

// Two workspaces of one organisation use one installation, and one's run is the
// other's to press; two installations share nothing.
func TestWhoseRunAButtonIsOf(t *testing.T) {
	for _, row := range []struct {
		fact        string
		asks, press person
		same        bool
	}{
		{"one workspace", person{Team: ours}, person{Team: ours, App: ours}, true},
		{"the sister presses", person{Team: ours, App: ours}, person{Team: sister, App: ours}, true},
		{"the sister has asked", person{Team: sister, App: ours}, person{Team: ours, App: ours}, true},
		{"a command of ours, the sister presses", person{Team: ours}, person{Team: sister, App: ours}, true},
		{"an organisation's", person{Team: ours, App: ourOrg}, person{Team: sister, App: ourOrg}, true},
		{"two installations", person{Team: ours, App: ours}, person{Team: sister, App: sister}, false},
		{"two workspaces, and nothing else is told", person{Team: ours}, person{Team: sister}, false},
	} {
		require.Equal(t, row.same, row.asks.sharesWith(row.press), row.fact)
		require.Equal(t, row.same, row.press.sharesWith(row.asks), row.fact)
	}
}

func TestAnOutsiderGetsARefusalAndNothingElse(t *testing.T) {
	frontEnds(t, "slack: {can_start: [U0DORA, S0ONCALL], confirm_start: false}\n", func(t *testing.T, s *scene) {
		_, err := s.Mention(slacksim.Alice, slacksim.Shared, "", "get_app_status checkout")
		require.NoError(t, err)
		report := s.until(t, slacksim.Alice, slacksim.Shared, "ACTION_NEEDED: ")
		for _, action := range []string{"file", "refresh"} {
			s.click(t, slacksim.Dora, report, action)
		}
		for _, text := range []string{"get_app_status checkout", "gather_env_stats checkout-env", "help", "checkuot"} {
			_, err = s.Mention(slacksim.Dora, slacksim.Shared, "", text)
			require.NoError(t, err)
		}
		_, err = s.Mention(slacksim.Dora, slacksim.Hosted, "", "get_app_status checkout")
		require.NoError(t, err)
		typed := s.command(t, slacksim.Dora, slacksim.Shared, "/get_app_status", "checkout")
		require.Contains(t, typed.Text(), "does not work for this workspace")
		s.eventually(t, "eight refusals", func() bool { return strings.Count(s.out.String(), refusedByRules) == 8 })
		s.eventually(t, "the refusals that Dora sees", func() bool {
			return len(s.ofBot(slacksim.Dora, slacksim.Shared)) == 1+2+4+1 && len(s.ofBot(slacksim.Dora, slacksim.Hosted)) == 1
		})
		for _, m := range s.Messages("") {
			if m.To == slacksim.Dora {
				require.Contains(t, m.Text, "Refused: this bot does not work for this workspace")
				require.NotContains(t, says(m), "alias")
			}
		}
		require.Len(t, s.ofBot(slacksim.Alice, slacksim.Shared), 1)
		require.Empty(t, s.Files())
		require.Empty(t, s.DM(slacksim.Dora))
		require.Equal(t, map[string]int{"DescribeApplicationStatus": 1}, s.cloud.Calls().Accepted)

		// An outsider whom the bot cannot reach in the channel hears nothing.
		s.Inject(slacksim.Fault{Method: "chat.postEphemeral", Error: "user_not_in_channel"})
		_, err = s.Mention(slacksim.Dora, slacksim.Shared, "", "checkout")
		require.NoError(t, err)
		s.eventually(t, "the end of the attempt", func() bool { return strings.Contains(s.errs.String(), "a mention was not answered") })
		require.Empty(t, s.DM(slacksim.Dora))
	})
}

// The token's organisation is asked for, so that a click in which Slack names the
// person by it, and tells nothing else, is one of ours.
func TestWhoIsCalledByTheOrganisationOfTheToken(t *testing.T) {
	world := slacksim.Demo()
	world.Org = ourOrg
	for _, row := range []struct {
		org    string
		served bool
	}{{ourOrg, true}, {theirOrg, false}} {
		t.Run(row.org, func(t *testing.T) {
			s := newScene(t, sceneOptions{file: usual, slack: slacksim.Options{Workspace: world}})
			report := s.report(t, slacksim.Alice, slacksim.Shared, "/get_app_status", "checkout", "ACTION_NEEDED: ")
			_, err := s.ClickWith(slacksim.Alice, report, "refresh", fields{"user": fields{"id": "U0PRESSER", "team_id": row.org}, "enterprise": fields{"id": row.org}})
			require.NoError(t, err)
			s.judged(t, row.org, "U0PRESSER", row.served)
			s.send(t, slacksim.Sent{
				Event:    mention("1800000000.000001", "get_app_status checkout", fields{"user": "U0ASKER"}).Event,
				Envelope: fields{"authorizations": installed(nil, row.org)},
			})
			s.judged(t, "an installation of "+row.org, "U0ASKER", row.served)
		})
	}
}

func TestOurPeopleAreAnsweredInAChannelThatOthersHost(t *testing.T) {
	frontEnds(t, usual, func(t *testing.T, s *scene) {
		_, err := s.Mention(slacksim.Alice, slacksim.Hosted, "", "get_app_status checkout")
		require.NoError(t, err)
		report := s.until(t, slacksim.Alice, slacksim.Hosted, "ACTION_NEEDED: ")
		s.click(t, slacksim.Alice, report, "refresh")
		s.eventually(t, "the new one", func() bool { return len(s.now(t, report).Edits) == 1 })
		s.click(t, slacksim.Alice, report, "file")
		s.eventually(t, "the file", func() bool { return len(s.Files()) == 1 })
	})
}
