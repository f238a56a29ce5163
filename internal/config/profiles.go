package config

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/tools"
)

// products have an address that can be configured.
var products = []cloudapi.Product{cloudapi.ECS, cloudapi.SAE, cloudapi.WebPlus, cloudapi.BPStudio, cloudapi.STS}

// profiles are those of the file, the default one first. Without any there is
// one: the vendor's usual sources, or the profile of the aliyun CLI that was
// asked for.
func (r *reader) profiles() []Profile {
	flagged, fallback := r.regions()
	everywhere := r.endpoint()
	var list []Profile
	for _, e := range r.file.root.all("profiles") {
		list = append(list, r.profile(e.name, e.value, flagged, fallback, everywhere))
	}
	name, from := r.value(profile)
	if len(list) == 0 {
		r.needsNoDefault()
		if strings.ContainsFunc(name, unicode.IsControl) || len(name) > 200 {
			r.refuse(from, name, "cannot be the name of a profile")
		}
		p := r.profile(name, nil, flagged, fallback, everywhere)
		if r.sources[profile.key()] != byDefault { // also the name that it would have anyway
			p.CredentialsProfile = name
			r.sources["profiles."+name+".credentials_profile"] = from
		}
		r.sources["default_profile"] = r.sources[profile.key()]
		return []Profile{p}
	}
	return r.defaultFirst(list, name, from)
}

func (r *reader) needsNoDefault() {
	if v := r.file.root.get("default_profile"); v != nil {
		r.file.say(v.line, "default_profile: %s is not a profile of the file, which has none", shown(v.text))
	}
}

// defaultFirst moves the default profile to the front. Which one is meant is not
// guessed.
func (r *reader) defaultFirst(list []Profile, name, from string) []Profile {
	source := r.sources[profile.key()]
	if source == byDefault {
		switch v := r.file.root.get("default_profile"); {
		case v != nil:
			name, from, source = v.text, v.place()+": default_profile", v.place()
		case len(list) == 1:
			name, source = list[0].Name, "the only profile"
		}
	}
	r.sources["default_profile"] = source
	i := slices.IndexFunc(list, func(p Profile) bool { return p.Name == name })
	switch {
	case i >= 0:
		chosen := list[i]
		return slices.Insert(slices.Delete(list, i, i+1), 0, chosen)
	case source == byDefault:
		r.file.say(r.file.root.get("profiles").line, "default_profile is missing: there are several profiles, and none is called %s; give one of %s", DefaultProfile, strings.Join(profileNames(list), ", "))
	default:
		r.problems = append(r.problems, fmt.Errorf("%s: %s", from, notAProfile(name, profileNames(list))))
	}
	return list
}

func notAProfile(name string, known []string) string {
	hint := ""
	if near, ok := tools.Nearest(name, known); ok {
		hint = "; did you mean " + near + "?"
	}
	return fmt.Sprintf("%s is not a profile of the file%s (known: %s)", shown(name), hint, strings.Join(known, ", "))
}

func profileNames(list []Profile) []string {
	names := make([]string, len(list))
	for i, p := range list {
		names[i] = p.Name
	}
	return names
}

// origin is a value and where it is from.
type origin struct{ text, from string }

// regions are the one of the flag, which goes before the profiles', and the one
// of the environment, which goes behind them.
func (r *reader) regions() (flagged, fallback origin) {
	check := func(text, from string) origin {
		id := strings.ToLower(text)
		if id != "" && !cloudapi.ValidRegion(id) {
			r.refuse(from, text, "is not a RegionId; it looks like cn-hangzhou")
			id = ""
		}
		return origin{id, from}
	}
	if text := r.flag(region); text != "" {
		return check(text, "--"+region.flag), origin{}
	}
	for _, variable := range cloudapi.RegionVariables {
		if text := r.env(variable); text != "" {
			return origin{}, check(text, variable)
		}
	}
	return origin{}, origin{}
}

// profile makes one of its entry in the file, which may be nil.
func (r *reader) profile(name string, v *value, flagged, fallback origin, everywhere *url.URL) Profile {
	path := "profiles." + name + "."
	own := func(key string) origin {
		if found := v.get(key); found != nil {
			return origin{found.text, found.place()}
		}
		return origin{}
	}
	take := func(key string, candidates ...origin) string {
		for _, o := range candidates {
			if o.text != "" {
				r.sources[path+key] = o.from
				return o.text
			}
		}
		return ""
	}
	site := take("site", own("site"), r.site(), origin{string(formatters.China), byDefault})
	return Profile{
		Name:               name,
		CredentialsProfile: take("credentials_profile", own("credentials_profile")),
		RoleARN:            take("role_arn", own("role_arn")),
		Region:             take("region", flagged, own("region"), fallback),
		Site:               formatters.Site(site),
		Endpoints:          r.endpoints(path, v, everywhere),
	}
}

func (r *reader) site() origin {
	if v := r.file.root.get("site"); v != nil {
		return origin{v.text, v.place()}
	}
	return origin{}
}

// endpoints are the profile's; one of the environment stands in for them all.
func (r *reader) endpoints(path string, v *value, everywhere *url.URL) map[cloudapi.Product]*url.URL {
	list := map[cloudapi.Product]*url.URL{}
	for _, p := range products {
		found := v.get("endpoints").get(string(p))
		switch {
		case everywhere != nil:
			list[p] = everywhere
			r.sources[path+"endpoints."+string(p)] = variableEndpoint
		case found != nil:
			list[p], _ = cloudapi.ParseEndpoint(found.text) // the shape has checked it
			r.sources[path+"endpoints."+string(p)] = found.place()
		}
	}
	return list
}

func (r *reader) endpoint() *url.URL {
	text := r.env(variableEndpoint)
	if text == "" {
		return nil
	}
	endpoint, err := cloudapi.ParseEndpoint(text)
	if err != nil {
		r.problems = append(r.problems, fmt.Errorf("%s: %w", variableEndpoint, err))
	}
	return endpoint
}

// aliases are those of the file. Names that differ in case alone would be one in
// a text.
func (r *reader) aliases() (list []tools.Alias) {
	lines := map[string]int{}
	profiles := r.file.root.all("profiles")
	for _, e := range r.file.root.all("aliases") {
		a := tools.Alias{Name: e.name, Profile: e.string("profile"), Region: e.string("region")}
		for _, arg := range idArgs() {
			if id := e.string(arg); id != "" {
				a.Arg, a.ID = arg, id
			}
		}
		if line, twice := lines[strings.ToLower(e.name)]; twice {
			r.file.say(e.line, "%s differs from another alias, in line %d, in capitals alone", e.path, line)
		}
		lines[strings.ToLower(e.name)] = e.line
		if known := entryNames(profiles); a.Profile != "" && !slices.Contains(known, a.Profile) {
			r.unknownProfile(e, a.Profile, known)
		}
		r.sources["aliases."+a.Name] = e.place()
		list = append(list, a)
	}
	return list
}

func entryNames(entries []entry) (names []string) {
	for _, e := range entries {
		names = append(names, e.name)
	}
	return names
}

func (r *reader) unknownProfile(alias entry, name string, known []string) {
	at := alias.get("profile")
	if len(known) == 0 {
		r.file.say(at.line, "%s: %s is not a profile of the file, which has none; add it, or leave profile out", at.path, shown(name))
		return
	}
	r.file.say(at.line, "%s: %s", at.path, notAProfile(name, known))
}

func (r *reader) slack() Slack {
	v := r.file.root.get("slack")
	s := Slack{TeamIDs: v.texts("team_ids"), CanStart: v.texts("can_start"), Channels: v.texts("channels"), ConfirmStart: true}
	for _, key := range []string{"team_ids", "can_start", "channels", "confirm_start"} {
		r.sources["slack."+key] = byDefault
		if found := v.get(key); found != nil {
			r.sources["slack."+key] = found.place()
		}
	}
	s.ConfirmStart = cmp.Or(v.string("confirm_start"), "true") == "true"
	return s
}
