package slacksim

import (
	"cmp"
	"slices"
)

// The demo workspace. The ids are constants, so that tests can name them.
const (
	TeamID  = "T0FAKETEAM"
	Partner = "T0PARTNER" // another workspace, by Slack Connect
	AppID   = "A0FAKEAPP"
	BotID   = "B0FAKEBOT"
	BotUser = "U0FAKEBOT"

	Alice = "U0ALICE" // on call, in Hangzhou; member of Oncall
	Bob   = "U0BOB"   // in Berlin; not in Oncall
	Carol = "U0CAROL" // in no channel with the bot but Incidents
	Dora  = "U0DORA"  // of Partner

	Incidents = "C0INCIDENTS" // public: the bot, Alice, Bob, Carol
	Elsewhere = "C0ELSEWHERE" // public, without the bot: Alice, Bob
	Private   = "G0PRIVATE"   // private, without the bot: Alice
	Archived  = "C0ARCHIVED"  // archived: the bot, Alice
	Shared    = "C0SHARED"    // with Partner: the bot, Alice, Dora
	Hosted    = "C0HOSTED"    // by Partner, shared with us: the bot, Alice, Dora
	Oncall    = "S0ONCALL"    // user group: Alice
)

// Workspace is who and what is there.
type Workspace struct {
	Domain   string
	Org      string // an organisation that it is in, "" if none
	Users    []User
	Channels []Channel
	Groups   []UserGroup
}

// User is a person or a bot.
type User struct {
	ID, Name, RealName, TZ, TZLabel string
	TZOffset                        int
	IsBot, Deleted                  bool
	Team                            string // "" means TeamID
}

// Channel is a conversation: C… public, G… private, D… between two.
type Channel struct {
	ID, Name string
	Members  []string
	Archived bool
	// Host is the workspace that has shared it with others by Slack Connect; "" for a
	// channel that is not shared.
	Host string
}

// UserGroup is what people mention to reach several.
type UserGroup struct {
	ID, Handle string
	Members    []string
}

// Demo is the workspace that is used unless Options say otherwise. BotUser must
// be in any.
func Demo() *Workspace {
	return &Workspace{
		Domain: "fake-workspace",
		Users: []User{
			{ID: BotUser, Name: "alitriage", RealName: "alitriage", TZ: "America/Los_Angeles", TZLabel: "Pacific Standard Time", TZOffset: -28800, IsBot: true},
			{ID: Alice, Name: "alice", RealName: "Alice", TZ: "Asia/Shanghai", TZLabel: "China Standard Time", TZOffset: 28800},
			{ID: Bob, Name: "bob", RealName: "Bob", TZ: "Europe/Berlin", TZLabel: "Central European Time", TZOffset: 3600},
			{ID: Carol, Name: "carol", RealName: "Carol", TZ: "Europe/London", TZLabel: "Greenwich Mean Time"},
			{ID: Dora, Name: "dora", RealName: "Dora", TZ: "Europe/Paris", TZLabel: "Central European Time", TZOffset: 3600, Team: Partner},
		},
		Channels: []Channel{
			{ID: Incidents, Name: "incidents", Members: []string{BotUser, Alice, Bob, Carol}},
			{ID: Elsewhere, Name: "elsewhere", Members: []string{Alice, Bob}},
			{ID: Private, Name: "private", Members: []string{Alice}},
			{ID: Archived, Name: "archived", Members: []string{BotUser, Alice}, Archived: true},
			{ID: Shared, Name: "shared", Members: []string{BotUser, Alice, Dora}, Host: TeamID},
			{ID: Hosted, Name: "hosted", Members: []string{BotUser, Alice, Dora}, Host: Partner},
		},
		Groups: []UserGroup{{ID: Oncall, Handle: "oncall", Members: []string{Alice}}},
	}
}

func (u User) team() string { return cmp.Or(u.Team, TeamID) }

func (c Channel) has(user string) bool { return slices.Contains(c.Members, user) }
func (c Channel) direct() bool         { return c.ID[0] == 'D' }
func (c Channel) public() bool         { return c.ID[0] == 'C' }

// displayName is what payloads call the channel.
func (c Channel) displayName() string {
	switch {
	case c.direct():
		return "directmessage"
	case c.public():
		return c.Name
	default:
		return "privategroup"
	}
}

// The finders need the lock.

func (s *Sim) user(id string) (User, bool) {
	return found(s.world.Users, func(u User) bool { return u.ID == id })
}

func (s *Sim) channel(id string) (Channel, bool) {
	return found(s.world.Channels, func(c Channel) bool { return c.ID == id })
}

func (s *Sim) group(id string) (UserGroup, bool) {
	return found(s.world.Groups, func(g UserGroup) bool { return g.ID == id })
}

func found[T any](list []T, is func(T) bool) (T, bool) {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i], true
	}
	var none T
	return none, false
}

// directWith finds or opens the conversation between a person and the bot.
func (s *Sim) directWith(user string) (_ Channel, isNew bool) {
	c, ok := found(s.world.Channels, func(c Channel) bool {
		return c.direct() && c.has(user) && c.has(BotUser)
	})
	if ok {
		return c, false
	}
	c = Channel{ID: identifier("D"), Members: []string{BotUser, user}}
	s.world.Channels = append(s.world.Channels, c)
	return c, true
}

// DM is the id of the conversation between a person and the bot, "" before one
// was opened.
func (s *Sim) DM(user string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, _ := found(s.world.Channels, func(c Channel) bool { return c.ID[0] == 'D' && c.has(user) && c.has(BotUser) })
	return c.ID
}
