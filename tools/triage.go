package tools

import (
	"cmp"
	"slices"

	"github.com/alitriage/alitriage/formatters"
)

// Routing is where a text leads. It may be an id, an alias, the URL of a console
// or an alert.
type Routing struct {
	Calls []Routed
	// Asides are what leads to no call, or may mean several things: one sentence
	// each, with what to do.
	Asides []string
	More   bool // there were more calls than are listed
}

// Routed is a call that a text asks for.
type Routed struct {
	Tool string
	// Args are texts: the ids, then profile and region where the text names them.
	Args formatters.Facts
	Word string // the id or alias as it stands in the text
	// Starts tells that the call would start something, so that a person has to
	// want it.
	Starts bool
	Doubt  string // a sentence about what else may be meant; "" when nothing
}

const (
	maxCalls = 20
	minTail  = 8 // characters of an id behind its prefix: "t-1000" and "c-19" are none
)

// Triage finds the tools that a text asks for, in its order and once each. What
// may mean several things is shown and not guessed. Nothing is asked of the cloud.
// The text is to be clean: see formatters.Airlock.Pasted.
func (c Config) Triage(text string) Routing {
	r := c.read(text)
	groups, apart := r.together()
	routing := Routing{More: len(groups) > maxCalls}
	for _, things := range groups[:min(len(groups), maxCalls)] {
		routing.Calls = append(routing.Calls, r.call(things))
	}
	routing.Asides = slices.Concat(r.asidesOnPlace(groups), apart, r.asides())
	if len(r.mentions) == 0 {
		routing.Asides = append(routing.Asides, c.likeAliases(text)...)
	}
	return routing
}

// together makes groups of what one call can ask about, and says in asides what
// it leaves out. An InvokeId is more specific than what stands beside it.
func (r *reading) together() (groups [][]*mention, asides []string) {
	things := slices.DeleteFunc(slices.Clone(r.mentions), r.leadsNowhere)
	var invokes, beside []*mention
	for _, m := range things {
		if m.Arg == invokeID.Arg {
			invokes = append(invokes, m)
		}
	}
	for _, m := range things {
		near := len(invokes) > 1 || len(invokes) == 1 && !m.farFrom(invokes[0])
		switch {
		case m.Arg == commandID.Arg && near:
		case m.Arg == instanceID.Arg && near:
			beside = append(beside, m)
		default:
			groups = append(groups, []*mention{m})
		}
	}
	if len(invokes) != 1 || len(beside) != 1 {
		return groups, asidesOnPairs(invokes, beside)
	}
	i := slices.IndexFunc(groups, func(g []*mention) bool { return g[0] == invokes[0] })
	groups[i] = append(groups[i], beside[0])
	return groups, nil
}

// farFrom tells that two things are in different regions, by their URLs.
func (m *mention) farFrom(other *mention) bool {
	return len(m.regions.list) > 0 && len(other.regions.list) > 0 && !slices.Equal(m.regions.list, other.regions.list)
}

// leadsNowhere is true of what an aside is about, and of an id whose alias the
// text names too.
func (r *reading) leadsNowhere(m *mention) bool {
	isApp := m.Arg == appID.Arg && m.alias == nil && !m.called
	return r.cfg.refuses(m.IDKind) || isApp && (r.orders.has[m.id] || r.requests.has[m.id]) || m.alias == nil && r.aliased[m.Arg+"="+m.id]
}

// refuses tells that a server that only reads does not take such an id.
func (c Config) refuses(k IDKind) bool { return c.ReadOnly && k.Arg == envID.Arg }

// call asks about the things of one group.
func (r *reading) call(things []*mention) Routed {
	c := Routed{Tool: things[0].Tool, Word: things[0].word, Starts: things[0].Arg == envID.Arg}
	for _, m := range things {
		c.Args = append(c.Args, formatters.Fact{Name: m.Arg, Value: m.id})
		if c.Doubt == "" {
			c.Doubt = r.doubt(m)
		}
	}
	profiles, regions := r.places(things)
	if len(profiles) == 1 {
		c.Args = append(c.Args, formatters.Fact{Name: "profile", Value: profiles[0]})
	}
	if len(regions) == 1 {
		c.Args = append(c.Args, formatters.Fact{Name: "region", Value: regions[0]})
	}
	return c
}

// places are the accounts and regions that the text names for some things. An
// alias has its own, and BPStudio is central.
func (r *reading) places(things []*mention) (profiles, regions []string) {
	var own wordList
	for _, m := range things {
		if r.placeOf(m) != nil {
			return nil, nil
		}
		own.add(m.regions.list...)
	}
	switch {
	case things[0].Arg == operationID.Arg:
		return r.profiles.list, nil
	case len(own.list) > 0:
		return r.profiles.list, own.list
	default:
		return r.profiles.list, r.regions.list
	}
}

// doubt says what else may be meant.
func (r *reading) doubt(m *mention) string {
	if alias := r.placeOf(m); alias != nil {
		return r.contradicts(m, alias)
	}
	near, owners := r.cfg.aliasesOf(m.IDKind, m.id)
	switch {
	case len(owners) > 0:
		return ""
	case near != nil:
		return "It differs in one character from " + near.ID + ", which is the alias " + near.Name + ": if that is meant, give " + near.Name + "."
	case m.Arg == appID.Arg && !m.called:
		return "It can also be the id of an SAE change order, which no tool takes: then give the AppId."
	default:
		return ""
	}
}

// placeOf is the alias that says where a thing is: the one by which it was
// called, or the one of its id, unless its URL says so itself.
func (r *reading) placeOf(m *mention) *Alias {
	if m.alias != nil || len(m.regions.list) > 0 {
		return m.alias
	}
	if _, owners := r.cfg.aliasesOf(m.IDKind, m.id); len(owners) == 1 {
		return &owners[0]
	}
	return nil
}

// contradicts says that the text names another account or region than the alias.
func (r *reading) contradicts(m *mention, alias *Alias) string {
	own := r.cfg.Profiles[0]
	if i := slices.IndexFunc(r.cfg.Profiles, func(p Profile) bool { return p.Name == alias.Profile }); i >= 0 {
		own = r.cfg.Profiles[i]
	}
	region := cmp.Or(alias.Region, own.Client.Region())
	profiles, regions := r.profiles.list, r.regions.list
	switch {
	case len(profiles) == 1 && profiles[0] != own.Name:
		return "The text names the profile " + profiles[0] + ", but the alias " + alias.Name + " is of " + own.Name + ": to ask in the other one, give the id itself."
	case len(regions) == 1 && regions[0] != region && m.Arg != operationID.Arg:
		return "The text names " + regions[0] + ", but the alias " + alias.Name + " is of " + cmp.Or(region, "no region") + ": to ask there, give region=" + regions[0] + "."
	default:
		return ""
	}
}
