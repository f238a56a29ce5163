package tools

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// mention is a thing that a text names, whether once or often.
type mention struct {
	IDKind

	id      string   // as a call takes it: an alias by its name
	word    string   // as it stood first
	alias   *Alias   // nil for an id
	regions wordList // of the URLs in which it stands
	called  bool     // the text itself calls it what its kind is
}

// reading is what was read off a text.
type reading struct {
	cfg      Config
	names    map[string][]named // of aliases, by their first word
	regional map[string]bool    // the regions that words are compared with

	mentions []*mention
	known    map[string]*mention // by argument and id
	aliased  map[string]bool     // ids of the aliases among them, by argument and id
	regions  wordList            // that the text names, but not for one thing alone
	profiles wordList

	// What leads to no call.
	masked, requests, orders, foreign, strangers wordList
}

// named is an alias whose name goes on behind its first word.
type named struct {
	*Alias

	rest string
}

// wordList is without duplicates.
type wordList struct {
	list []string
	has  map[string]bool
}

func (w *wordList) add(words ...string) {
	for _, word := range words {
		if w.has[word] {
			continue
		}
		if w.has == nil {
			w.has = map[string]bool{}
		}
		w.has[word] = true
		w.list = append(w.list, word)
	}
}

var (
	// word is what may be an id, with the asterisks around it, or begin the name of
	// an alias. Chinese has no spaces, so it ends where the script changes.
	word    = regexp.MustCompile(`[\p{Latin}\p{Cyrillic}\p{Greek}0-9_*-]+|\p{Han}+|\pL+`)
	percent = regexp.MustCompile(`(?:%[0-9A-Fa-f]{2})+`)
	// urlStart begins a URL, also within another one. Chats leave the scheme out.
	urlStart = regexp.MustCompile(`(?i)https?://|\b(?:[a-z0-9-]+\.)+(?:aliyun|alibabacloud)\.com[/?#]`)
	// foreignTail is what WebPlus ids have behind their prefix.
	foreignTail = regexp.MustCompile(`^[0-9A-Za-z]+$`)
	// label is what a text calls the word behind it: appId=, "RequestId": ", /region/,
	// Request ID：, and \"AppId\":\" in a text that is quoted itself.
	label = regexp.MustCompile(`(?i)([a-z][a-z_-]*(?:\s{1,2}id)?)\\?["'“”‘’]?\s{0,2}[=:：/]\s{0,2}\\?["'“”‘’]?$`)
	// profileNamed takes no bare words: prod is one of those.
	profileNamed = regexp.MustCompile(`(?i)(?:^|[^\pL\pN_-])(?:(?:--|—|–)profile[\s=]\s{0,2}|(?:profile|account)["'“”‘’]?\s{0,2}[=:]\s{0,2})["'“”‘’]?([\pL\pN][\pL\pN._@-]*)`)
)

const endOfURL = " \t\r\n\u00a0\u3000\"'`<>|\\(){}[]“”‘’（）【】《》。，；！、"

// unescape reads the escapes of URLs, which end the word before them.
func unescape(escapes string) string {
	plain, err := url.PathUnescape(escapes)
	if err != nil || !utf8.ValidString(plain) {
		return " "
	}
	return plain
}

// read looks at each word of a text once.
func (c Config) read(text string) *reading {
	r := &reading{cfg: c, names: map[string][]named{}, regional: map[string]bool{}, known: map[string]*mention{}, aliased: map[string]bool{}}
	for i := range c.Aliases {
		a := &c.Aliases[i]
		if at := word.FindStringIndex(a.Name); at != nil && at[0] == 0 {
			first := strings.ToLower(a.Name[:at[1]])
			r.names[first] = append(r.names[first], named{a, a.Name[at[1]:]})
		}
	}
	for _, list := range r.names { // a name may begin with another one
		slices.SortStableFunc(list, func(x, y named) int { return len(y.rest) - len(x.rest) })
	}
	for _, region := range slices.Concat(publicRegions, c.Known().Regions) {
		r.regional[region] = true
	}
	text = percent.ReplaceAllStringFunc(text, unescape)
	done := 0
	for i, starts := 0, urlStart.FindAllStringIndex(text, -1); i < len(starts); i++ {
		begin, end := starts[i][0], len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		if n := strings.IndexAny(text[begin:end], endOfURL); n >= 0 {
			end = begin + n
		}
		r.prose(text[done:begin])
		r.url(text[begin:end])
		done = end
	}
	r.prose(text[done:])
	return r
}

// prose reads what is no URL.
func (r *reading) prose(text string) {
	var spared [][]int // the names of profiles, which are not those of aliases
	for _, at := range profileNamed.FindAllStringSubmatchIndex(text, -1) {
		spared = append(spared, at[2:4])
		r.profile(strings.TrimRight(text[at[2]:at[3]], ".-_"))
	}
	_, regions := r.words(text, spared)
	r.regions.add(regions.list...)
}

// url reads a URL. Its region is that of the things in it; without any it is as
// good as a word.
func (r *reading) url(text string) {
	things, regions := r.words(text, nil)
	for _, m := range things {
		m.regions.add(regions.list...)
	}
	if len(things) == 0 {
		r.regions.add(regions.list...)
	}
}

// profile notes an account that is called one. A number is the account's id.
func (r *reading) profile(name string) {
	known := r.cfg.Profiles
	i := slices.IndexFunc(known, func(p Profile) bool { return strings.EqualFold(p.Name, name) })
	switch {
	case i >= 0:
		r.profiles.add(known[i].Name)
	case strings.Trim(name, "0123456789") != "":
		r.strangers.add(excerpt(name))
	}
}

// words reads a piece of the text, but for what is spared.
func (r *reading) words(text string, spared [][]int) (things []*mention, regions wordList) {
	done := 0
	for _, at := range word.FindAllStringIndex(text, -1) {
		for len(spared) > 0 && spared[0][1] <= at[0] {
			spared = spared[1:]
		}
		if at[0] < done || len(spared) > 0 && spared[0][0] < at[1] {
			continue
		}
		if region, ok := r.region(text, at); ok {
			regions.add(region)
		} else if m, end := r.alias(text, at); m != nil {
			things, done = append(things, m), end
		} else if m := r.id(text, at); m != nil {
			things = append(things, m)
		}
	}
	return things, regions
}

// region tells whether a word is one, or is called one and looks like it.
func (r *reading) region(text string, at []int) (string, bool) {
	bare := strings.ToLower(strings.Trim(text[at[0]:at[1]], "*-_"))
	if region, ok := regionOf(bare, r.regional); ok || !regionShape.MatchString(bare) || len(bare) > 63 {
		return region, ok
	}
	return bare, slices.Contains([]string{"region", "regionid"}, labelOf(text, at[0]))
}

// labelOf is what the text before a word calls it, without dashes and in lower case.
func labelOf(text string, at int) string {
	const far = 48
	before := text[max(at-far, 0):at]
	if parts := label.FindStringSubmatch(before); parts != nil {
		return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(strings.Join(strings.Fields(parts[1]), "")))
	}
	return ""
}

// alias finds the alias whose name begins with a word, and where it ends.
func (r *reading) alias(text string, at []int) (*mention, int) {
	for _, emphasis := range [...]string{"*", "*-_"} {
		begin := at[1] - len(strings.TrimLeft(text[at[0]:at[1]], emphasis))
		bare := strings.TrimRight(text[begin:at[1]], emphasis)
		end := begin + len(bare)
		for _, n := range r.names[strings.ToLower(bare)] {
			k, known := kindOfArg(n.Arg)
			if known && continues(text[end:], n.rest) {
				end += len(n.rest)
				return r.mention(k, n.Name, text[begin:end], n.Alias), end
			}
		}
	}
	return nil, 0
}

// continues tells whether text begins with rest, and a word ends there.
func continues(text, rest string) bool {
	if rest == "" {
		return true
	}
	if len(text) < len(rest) || !strings.EqualFold(text[:len(rest)], rest) {
		return false
	}
	at := word.FindStringIndex(text[len(rest):min(len(rest)+utf8.UTFMax, len(text))])
	return at == nil || at[0] > 0
}

// id reads a word that is one, or notes what is odd about it. An asterisk behind
// it alone is a mask, on both sides it is emphasis.
func (r *reading) id(text string, at []int) *mention {
	bare := text[at[0]:at[1]]
	if strings.HasPrefix(bare, "*") {
		bare = strings.Trim(bare, "*")
	}
	bare = strings.Trim(bare, "-_")
	prefix, tail, found := strings.Cut(strings.Replace(bare, "_", "-", 1), "-")
	if !found || len(bare) > maxID || !strings.ContainsAny(tail, "0123456789") {
		return nil
	}
	lower := strings.ToLower(bare)
	k, ok := kindOf(bare)
	if !ok {
		k, ok = kindOf(lower)
	}
	switch {
	case strings.Contains(bare, "*"):
		if isMasked(lower) {
			r.masked.add(bare)
		}
	case len(tail) < minTail:
	case ok && k.Arg == appID.Arg:
		return r.uuid(bare, labelOf(text, at[0]))
	case ok && !k.Shape.MatchString(bare):
		return r.mention(k, lower, bare, nil)
	case ok:
		return r.mention(k, bare, bare, nil)
	case foreign[strings.ToLower(prefix)+"-"] != "" && foreignTail.MatchString(tail):
		r.foreign.add(bare)
	}
	return nil
}

// uuid is an AppId unless the text says otherwise; in capitals it is a RequestId.
func (r *reading) uuid(id, label string) *mention {
	switch {
	case strings.HasSuffix(label, "changeorderid"), strings.HasSuffix(label, "changeorder"):
		r.orders.add(id)
	case strings.HasSuffix(label, "requestid"), strings.HasSuffix(label, "traceid"), !appID.Shape.MatchString(id):
		r.requests.add(id)
	default:
		m := r.mention(appID, id, id, nil)
		m.called = m.called || slices.Contains([]string{"appid", "applicationid", "applist"}, label)
		return m
	}
	return nil
}

// isMasked tells whether something would be an id without its asterisks.
func isMasked(word string) bool {
	for _, digits := range [...]string{"0", "000000"} {
		whole := asterisks.ReplaceAllStringFunc(word, func(run string) string {
			if digits == "0" {
				return strings.Repeat(digits, len(run))
			}
			return digits
		})
		if _, ok := kindOf(whole); ok || requestIDShape.MatchString(strings.ToUpper(whole)) {
			return true
		}
	}
	return false
}

var asterisks = regexp.MustCompile(`\*+`)

// mention notes a thing, and returns the one noted before if there is one.
func (r *reading) mention(k IDKind, id, word string, alias *Alias) *mention {
	key := k.Arg + "=" + id
	if alias != nil {
		r.aliased[k.Arg+"="+alias.ID] = true
	}
	if r.known[key] == nil {
		r.known[key] = &mention{IDKind: k, id: id, word: word, alias: alias}
		r.mentions = append(r.mentions, r.known[key])
	}
	return r.known[key]
}
