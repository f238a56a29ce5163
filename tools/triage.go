package tools

import (
	"slices"
	"strings"
)

// Found is a call that a text asks for.
type Found struct {
	Word string // as it stands in the text: an id, or the name of an alias
	Tool string
	Arg  string // the argument that takes it
	// Starts tells that the call would start something, so that a person has to
	// want it.
	Starts bool
}

const maxFound = 20

// Triage lists what a text speaks of, in its order and once each: it may be an
// id, an alias, the URL of a console or a pasted alert. more tells that there
// was more than is listed. Ids that no tool takes are left out, and nothing is
// asked of the cloud.
func (c Config) Triage(text string) (found []Found, more bool) {
	seen := map[string]bool{}
	for _, word := range strings.FieldsFunc(text, between) {
		word = strings.Trim(word, "-_.")
		f, ok := c.about(word)
		if !ok || seen[f.Word] {
			continue
		}
		seen[f.Word] = true
		if len(found) == maxFound {
			return found, true
		}
		found = append(found, f)
	}
	return found, false
}

// between separates words in prose and in URLs. An asterisk does not: behind an
// id it is a mask.
func between(r rune) bool {
	return strings.ContainsRune(around, r) || strings.ContainsRune("/?&=#|\\%+@", r)
}

func (c Config) about(word string) (Found, bool) {
	k, ok := kindOf(word)
	ok = ok && len(word) <= maxID && strings.ContainsAny(word, "0123456789") // "t-shirt" has the shape of an InvokeId
	for _, a := range c.Aliases {
		if strings.EqualFold(a.Name, word) {
			word = a.Name
			k, ok = kindOfArg(a.Arg)
		}
	}
	return Found{Word: word, Tool: k.Tool, Arg: k.Arg, Starts: k.Arg == envID.Arg}, ok && !c.refuses(k)
}

// refuses tells that a server that only reads does not take such an id.
func (c Config) refuses(k IDKind) bool { return c.ReadOnly && k.Arg == envID.Arg }

// Known is what a server knows by name. There is no credential in it.
type Known struct {
	Aliases  []KnownAlias   `json:"aliases"`
	Profiles []KnownProfile `json:"profiles"`
	Regions  []string       `json:"regions"`
}

// KnownAlias is an alias, as it may be shown.
type KnownAlias struct {
	Name    string `json:"name"`
	Tool    string `json:"tool"`
	Arg     string `json:"arg"`
	ID      string `json:"id"`
	Profile string `json:"profile,omitempty"`
	Region  string `json:"region,omitempty"`
}

// KnownProfile is an account. Region is "" when calls have to name one.
type KnownProfile struct {
	Name   string `json:"name"`
	Region string `json:"region,omitempty"`
}

// Known lists the names of c, in alphabetical order but for the profiles, the
// first of which is the default.
func (c Config) Known() Known {
	k := Known{Aliases: []KnownAlias{}, Profiles: []KnownProfile{}, Regions: []string{}}
	for _, p := range c.Profiles {
		k.Profiles = append(k.Profiles, KnownProfile{p.Name, p.Client.Region()})
		k.Regions = append(k.Regions, p.Client.Region())
	}
	for _, a := range c.Aliases {
		kind, _ := kindOfArg(a.Arg)
		k.Aliases = append(k.Aliases, KnownAlias{a.Name, kind.Tool, a.Arg, a.ID, a.Profile, a.Region})
		k.Regions = append(k.Regions, a.Region)
	}
	slices.SortFunc(k.Aliases, func(a, b KnownAlias) int { return strings.Compare(a.Name, b.Name) })
	slices.Sort(k.Regions)
	k.Regions = slices.DeleteFunc(slices.Compact(k.Regions), func(region string) bool { return region == "" })
	return k
}

// Complete lists the aliases that begin with prefix, without regard to case.
func (c Config) Complete(prefix string) []string {
	names := []string{}
	for _, a := range c.Known().Aliases {
		if len(a.Name) >= len(prefix) && strings.EqualFold(a.Name[:len(prefix)], prefix) {
			names = append(names, a.Name)
		}
	}
	return names
}
