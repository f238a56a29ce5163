package tools

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/alitriage/alitriage/cloudapi"
)

// checker looks for all that is wrong with the arguments of one call.
type checker struct {
	tool       Tool
	in         reflect.Value // the struct that is filled
	problems   []string
	wrong      map[string]bool // arguments that something was said about
	unreadable bool            // nothing can be said about single arguments
	aliases    []Alias         // that were used
	owners     []Alias         // of ids that were given as such
	instead    correction
}

func (c *checker) say(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// check decodes raw into the struct in, puts ids in the place of aliases, and
// finds the account and region. All problems are reported at once; also looks
// at the arguments together.
func (t Tool) check(raw json.RawMessage, in reflect.Value, central bool, also func() []string) (place, *Refusal) {
	if len(raw) > maxArguments {
		return place{}, &Refusal{Tool: t.Name, Problems: []string{fmt.Sprintf("the arguments are %d bytes long; at most %d are taken", len(raw), maxArguments)}}
	}
	c := &checker{tool: t, in: in, wrong: map[string]bool{}, instead: correction{tool: t.Name}}
	if c.decode(raw); c.unreadable {
		return place{}, &Refusal{Tool: t.Name, Problems: c.problems}
	}
	common := in.FieldByName("Common").Addr().Interface().(*Common)
	if common.WaitSeconds != nil && *common.WaitSeconds < 0 {
		c.say("wait_seconds: must be 0 or more, such as 30, got %d", *common.WaitSeconds)
	}
	c.ids()
	c.problems = append(c.problems, also()...)
	c.settle(common)
	c.settleByID(common)
	at := c.place(common, central)
	if len(c.problems) > 0 {
		return place{}, &Refusal{Tool: t.Name, Problems: c.problems, Instead: c.instead.of(raw, len(c.problems))}
	}
	return at, nil
}

// ids looks at all fields that hold an id. One that was refused already gets a
// stand-in, so that it does not count as missing too.
func (c *checker) ids() {
	for _, f := range c.tool.fields {
		v := c.in.FieldByIndex(f.index)
		k, isID := c.tool.takes(f.name)
		switch {
		case f.typ.Kind() == reflect.Slice: // all lists are of InstanceIds
			for i := range v.Len() {
				c.id(f.name, instanceID, v.Index(i))
			}
		case isID && strings.Trim(v.String(), around) != "":
			c.id(f.name, k, v)
		case isID && c.wrong[f.name]:
			v.SetString("?")
		case isID:
			v.SetString("")
		}
	}
}

// takes tells whether an argument of the tool is an id.
func (t Tool) takes(arg string) (IDKind, bool) {
	i := slices.IndexFunc(t.IDs, func(k IDKind) bool { return k.Arg == arg })
	if i < 0 {
		return IDKind{}, false
	}
	return t.IDs[i], true
}

// id makes v, which is a k, the id that its text stands for.
func (c *checker) id(arg string, k IDKind, v reflect.Value) {
	given := v.String()
	if alias, ok := c.tool.set.alias(given); ok {
		c.alias(arg, k, alias)
		v.SetString(alias.ID)
		return
	}
	id := tidy(given)
	v.SetString(id)
	if len(id) > maxID {
		c.say("%s: it is %d bytes long, which no %s is; give one such as %s", arg, len(id), k.Term, k.Example)
		return
	}
	switch o := k.object(id, func(other IDKind) string { return c.tool.elsewhere(other, id) }); {
	case o.why == "":
		c.nearAlias(arg, k, id)
	case o.hopeless:
		c.hopeless(arg, k, id, o)
	default:
		c.say("%s: %s is refused: %s", arg, excerpt(id), o.why)
		c.instead.id(arg, id, o)
	}
}

// hopeless looks for an alias that may have been meant.
func (c *checker) hopeless(arg string, k IDKind, id string, o objection) {
	name, sameKind := c.tool.set.aliasLike(k, id)
	if name == "" {
		c.say("%s: %s is refused: %s", arg, excerpt(id), o.why)
		return
	}
	c.say("%s: %s is refused: %s; did you mean the alias %s?", arg, excerpt(id), o.why, name)
	if sameKind {
		c.instead.value(arg, name)
	}
}

const maxID = 256 // bytes

func (c *checker) alias(arg string, k IDKind, alias Alias) {
	if alias.Arg != k.Arg {
		what, where := "something else", ""
		if other, ok := kindOfArg(alias.Arg); ok {
			what, where = article(other.Term), "; "+c.tool.elsewhere(other, alias.Name)
			c.instead.id(arg, alias.Name, objection{other: other})
		}
		c.say("%s: the alias %s stands for %s%s", arg, alias.Name, what, where)
		return
	}
	if o := k.object(alias.ID, func(other IDKind) string { return c.tool.elsewhere(other, alias.ID) }); o.why != "" {
		c.say("%s: the alias %s stands for %s, which is refused: %s; correct the configuration", arg, alias.Name, excerpt(alias.ID), o.why)
	}
	c.aliases = append(c.aliases, alias)
}

// nearAlias refuses an id that is one edit away from an alias's: it was
// probably copied wrongly, and could belong to somebody else.
func (c *checker) nearAlias(arg string, k IDKind, id string) {
	near, owners := c.tool.set.aliasesOf(k, id)
	c.owners = append(c.owners, owners...)
	if near != nil {
		c.say("%s: %s differs in one character from %s, which is the alias %s; if that is meant, give %s=%s; if not, give the other one an alias of its own",
			arg, id, near.ID, near.Name, arg, near.Name)
	}
}

// settle takes account and region from the aliases where the call names none.
func (c *checker) settle(common *Common) {
	var byProfile, byRegion *Alias
	for i := range c.aliases {
		a := &c.aliases[i]
		profile := cmp.Or(a.Profile, c.tool.set.Profiles[0].Name)
		switch {
		case common.Profile == "":
			common.Profile, byProfile = profile, a
		case common.Profile == profile:
		case byProfile != nil:
			c.say("profile: the aliases %s and %s belong to different profiles (%s, %s); ask for one of them at a time", byProfile.Name, a.Name, common.Profile, profile)
		default:
			c.say("profile: the alias %s belongs to the profile %s, not to %s; leave profile out", a.Name, profile, excerpt(common.Profile))
			common.Profile = profile // so that nothing more is said about it
		}
		switch {
		case a.Region == "" || common.Region != "" && byRegion == nil: // the call's region goes first
		case common.Region == "":
			common.Region, byRegion = a.Region, a
		case common.Region != a.Region:
			c.say("region: the aliases %s and %s are in different regions (%s, %s); give the region of the call", byRegion.Name, a.Name, byRegion.Region, a.Region)
		}
	}
}

// settleByID takes them from the aliases of ids that were given as such, where
// nothing else names any and these do not contradict each other.
func (c *checker) settleByID(common *Common) {
	if len(c.owners) == 0 {
		return
	}
	first := c.owners[0]
	for _, a := range c.owners[1:] {
		if a.Profile != first.Profile || a.Region != first.Region {
			return
		}
	}
	profile := cmp.Or(first.Profile, c.tool.set.Profiles[0].Name)
	if common.Profile = cmp.Or(common.Profile, profile); common.Profile == profile {
		common.Region = cmp.Or(common.Region, first.Region)
	}
}

// place finds the account and region to ask in. A region is never guessed.
func (c *checker) place(common *Common, central bool) place {
	profile := c.profile(common.Profile)
	region := strings.ToLower(tidy(common.Region))
	if common.Region != "" && !cloudapi.ValidRegion(region) {
		hint := "give one such as cn-hangzhou"
		if dashed := strings.NewReplacer("_", "-", " ", "-").Replace(region); cloudapi.ValidRegion(dashed) {
			hint = "did you mean " + dashed + "?"
			c.instead.value("region", dashed)
		}
		c.say("region: %s is not a RegionId; %s", excerpt(common.Region), hint)
		return place{}
	}
	if profile.Client == nil {
		return place{}
	}
	if region = cmp.Or(region, profile.Client.Region()); region == "" && !central && !c.wrong["region"] {
		c.say("region: none is known, and none is guessed; give region=cn-hangzhou (or where the resource is), or set --region or ALIBABA_CLOUD_REGION_ID%s", c.tool.set.regions())
	}
	client, err := profile.Client.In(region)
	if err != nil {
		c.say("region: %s", err)
	}
	return place{client, profile.Name}
}

// regions lists those of the profiles, for whoever has to choose one.
func (s *set) regions() string {
	const most = 10
	var list []string
	for _, p := range s.Profiles {
		if p.Client != nil && p.Client.Region() != "" && len(list) < most {
			list = append(list, p.Name+" "+p.Client.Region())
		}
	}
	if len(list) == 0 {
		return ""
	}
	return " (profiles with a region: " + strings.Join(list, ", ") + ")"
}

// profile is the one of that name, "" being the default.
func (c *checker) profile(name string) Profile {
	all := c.tool.set.Profiles
	if name == "" {
		return all[0]
	}
	known := make([]string, len(all))
	for i, p := range all {
		if known[i] = p.Name; p.Name == name {
			return p
		}
	}
	problem := "profile: " + excerpt(name) + " is not configured"
	if near, ok := Nearest(name, known); ok {
		problem += "; did you mean " + near + "?"
		c.instead.value("profile", near)
	}
	c.say("%s (known: %s)", problem, strings.Join(known, ", "))
	return Profile{}
}

// elsewhere says what takes an id of another kind.
func (t Tool) elsewhere(k IDKind, value string) string {
	_, own := t.takes(k.Arg)
	switch {
	case k.Arg == envID.Arg && t.set.ReadOnly:
		return "this server is read-only and starts no gather; " + changeID.Tool + " takes the " + changeID.Arg + " of one"
	case own:
		return "give it as " + k.Arg + "=" + value
	case k.Arg == envID.Arg:
		return k.Tool + " takes it as " + k.Arg + "=" + value + ", and starts a gather there"
	default:
		return "use " + k.Tool + " with " + k.Arg + "=" + value
	}
}
