package tools

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
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

const (
	maxFound = 20
	minTail  = 8 // characters of an id behind its prefix: "t-1000" and "c-19" are none
)

// Triage lists what a text speaks of, in its order and once each: it may be an
// id, an alias, the URL of a console or an alert. more tells that there was more
// than is listed. Ids that no tool takes are left out, and nothing is asked of
// the cloud. The text is to be clean: see formatters.Airlock.Pasted.
func (c Config) Triage(text string) (found []Found, more bool) {
	text = percent.ReplaceAllStringFunc(text, unescape)
	places := c.aliasesIn(text)
	for _, at := range word.FindAllStringIndex(text, -1) {
		if f, ok := idIn(text[at[0]:at[1]]); ok {
			places = append(places, foundAt{f, at[0]})
		}
	}
	slices.SortStableFunc(places, func(a, b foundAt) int { return cmp.Compare(a.at, b.at) })
	seen := map[string]bool{}
	for _, p := range places {
		k, _ := kindOfArg(p.Arg)
		switch {
		case seen[p.Word] || c.refuses(k):
		case len(found) == maxFound:
			return found, true
		default:
			found = append(found, p.Found)
		}
		seen[p.Word] = true
	}
	return found, false
}

type foundAt struct {
	Found

	at int
}

var (
	// word is what may be an id, with the asterisks around it.
	word    = regexp.MustCompile(`[0-9A-Za-z_*-]+`)
	percent = regexp.MustCompile(`(?:%[0-9A-Fa-f]{2})+`)
)

// unescape reads the escapes of URLs, which end the word before them.
func unescape(escapes string) string {
	plain, err := url.PathUnescape(escapes)
	if err != nil || !utf8.ValidString(plain) {
		return " "
	}
	return plain
}

// idIn tells which id a word is. An asterisk behind it alone is a mask, on both
// sides it is emphasis.
func idIn(word string) (Found, bool) {
	if strings.HasPrefix(word, "*") {
		word = strings.Trim(word, "*")
	}
	word = strings.Trim(word, "-_")
	k, ok := kindOf(word)
	if !ok { // an upper-case UUID stays a RequestId
		lower := strings.ToLower(word)
		if k, ok = kindOf(lower); k.Arg == appID.Arg {
			return Found{}, false
		}
		word = lower
	}
	_, tail, _ := strings.Cut(strings.Replace(word, "_", "-", 1), "-")
	return about(word, k), ok && len(word) <= maxID && len(tail) >= minTail && strings.ContainsAny(tail, "0123456789")
}

// aliasesIn finds the names of aliases where they stand as a word.
func (c Config) aliasesIn(text string) (places []foundAt) {
	for _, a := range c.Aliases {
		k, known := kindOfArg(a.Arg)
		name := regexp.MustCompile(`(?i)(?:^|[^\pL\pN_-])(` + regexp.QuoteMeta(a.Name) + `)(?:$|[^\pL\pN_-])`)
		if at := name.FindStringSubmatchIndex(text); at != nil && known {
			places = append(places, foundAt{about(a.Name, k), at[2]})
		}
	}
	return places
}

func about(word string, k IDKind) Found {
	return Found{Word: word, Tool: k.Tool, Arg: k.Arg, Starts: k.Arg == envID.Arg}
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
