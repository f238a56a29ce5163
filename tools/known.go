package tools

import (
	"slices"
	"strings"
)

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

// CompleteAlias lists the aliases that begin with prefix, without regard to case.
func (c Config) CompleteAlias(prefix string) []string {
	return completions(c.Known().Aliases, func(a KnownAlias) string { return a.Name }, prefix)
}

// CompleteProfile does so for profiles.
func (c Config) CompleteProfile(prefix string) []string {
	return completions(c.Known().Profiles, func(p KnownProfile) string { return p.Name }, prefix)
}

// CompleteRegion does so for the regions of profiles and aliases.
func (c Config) CompleteRegion(prefix string) []string {
	return completions(c.Known().Regions, func(region string) string { return region }, prefix)
}

func completions[T any](all []T, nameOf func(T) string, prefix string) []string {
	names := []string{}
	for _, x := range all {
		if name := nameOf(x); len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) {
			names = append(names, name)
		}
	}
	return names
}
