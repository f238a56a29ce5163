package formatters

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"
	"github.com/zricethezav/gitleaks/v8/config"
)

// ruleFile is what is read of the rules of gitleaks. What they say of paths and
// commits does not matter here: an output has neither.
type ruleFile struct {
	Rules      []ruleText
	Allowlist  *allowText
	Allowlists []allowText
}

type ruleText struct {
	ID, Regex   string
	SecretGroup int
	Entropy     float64
	Keywords    []string
	Allowlist   *allowText
	Allowlists  []allowText
}

// notTaken says why a rule would do harm here.
var notTaken = map[string]string{ //nolint:gosec // reasons, no credentials
	"curl-auth-user":           "takes the user with the password; our own shape leaves it readable",
	"private-key":              "needs the end of the key; findKeys does not",
	"kubernetes-secret-yaml":   "takes the first entry alone, with its name; findSecretData takes all values",
	"hashicorp-tf-password":    "is for *.tf; elsewhere it takes any quoted word that follows the word password",
	"slack-webhook-url":        "takes the address of Slack too; our own shape leaves it readable",
	"sourcegraph-access-token": "takes every commit for a token where the text says sourcegraph; our own shape takes sgp_",
}

// generic is the rule for any key, which takes trace ids, commits, object keys
// and cache keys too. Here the name has to betray a secret.
const generic = "generic-api-key"

// innocent are names that it knows and of which every log is full. Where they
// betray a secret, "key" follows, and is looked for.
var innocent = []string{"access", "api", "auth"}

var (
	keyOfSecret = regexp.MustCompile(`(?i)(?:access|admin|aes|api|auth|crypt|encryption|hmac|master|private|service|shared|sign|signing)[_.-]?$`)
	oneName     = regexp.MustCompile(`^[\w.-]+` + valueSign)
	// plainName ends in what tells ids and digests.
	plainName = regexp.MustCompile(`(?:(?i:(?:^|[^a-z])(?:(?:client|key|request|span|trace|user)?ids?|commit|digest|etag|fingerprint|hash|md5|name|release|` +
		`revision|sha-?[0-9]+|type|version|(?:next|page)[_-]?token))|[a-z]I[dD]s?)` + valueSign)
)

const valueSign = `[\s'"\\]*(?:=>|:=|[:=])[\s'"\\]*$`

// maintainedRule is a rule of gitleaks, which others keep up with the services
// that give out tokens.
type maintainedRule struct {
	kind string
	// starts are what every match begins with, in lower case. Only there the
	// pattern is tried. If there are none, it is tried everywhere in a text that
	// has one of the keywords.
	starts, keywords []string
	// wholeWord tells that no match begins in the middle of a word.
	wholeWord bool
	generic   bool
	// ready compiles the rule when a text needs it.
	ready func() (*readyRule, error)
}

// readyRule judges what its pattern finds.
type readyRule struct {
	pattern *regexp.Regexp
	group   int
	entropy float64
	allowed []allowance
	generic bool
}

// maintainedRules is read when the first text comes.
var maintainedRules = sync.OnceValue(func() []*maintainedRule {
	rules, _ := readRules(config.DefaultConfig) // what cannot be read fails a test; the others still work
	return rules
})

// keywordScanner knows the keywords of rules whose matches may begin with anything.
var keywordScanner = sync.OnceValue(func() *scanner[*maintainedRule] {
	anywhere := slices.DeleteFunc(slices.Clone(maintainedRules()), func(r *maintainedRule) bool { return len(r.starts) > 0 })
	return newScanner(anywhere, func(r *maintainedRule) []string { return r.keywords })
})

func readRules(text string) ([]*maintainedRule, error) {
	var file ruleFile
	if err := toml.Unmarshal([]byte(text), &file); err != nil {
		return nil, err
	}
	var rules []*maintainedRule
	var failed []error
	for _, r := range file.Rules {
		if r.Regex == "" || notTaken[r.ID] != "" {
			continue
		}
		rule, err := r.read(file.allowedFor(r))
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", r.ID, err))
			continue
		}
		rules = append(rules, rule)
	}
	return rules, errors.Join(failed...)
}

// allowedFor lists the exceptions of a rule, its own and those for all.
func (f ruleFile) allowedFor(r ruleText) []allowText {
	list := slices.Clone(r.Allowlists)
	for _, old := range []*allowText{r.Allowlist, f.Allowlist} {
		if old != nil {
			list = append(list, *old)
		}
	}
	for _, a := range f.Allowlists {
		if len(a.TargetRules) == 0 || slices.Contains(a.TargetRules, r.ID) {
			list = append(list, a)
		}
	}
	return list
}

func (r ruleText) read(allow []allowText) (*maintainedRule, error) {
	tree, err := syntax.Parse(forOutputs.Replace(r.Regex), syntax.Perl)
	if err != nil {
		return nil, err
	}
	if r.SecretGroup > tree.MaxCap() {
		return nil, fmt.Errorf("it has no group %d", r.SecretGroup)
	}
	if tree.MaxCap() > 0 {
		tree = withoutRunUp(tree)
	}
	rule := &maintainedRule{kind: kindOf(r.ID), wholeWord: beginsWord(tree), generic: r.ID == generic}
	for _, k := range r.Keywords {
		rule.keywords = append(rule.keywords, strings.ToLower(k))
	}
	rule.starts = startsOf(tree)
	if rule.generic {
		rule.starts = slices.DeleteFunc(rule.starts, func(start string) bool { return slices.Contains(innocent, start) })
	}
	pattern := tree.String()
	if len(rule.starts) > 0 {
		pattern = "^(?:" + pattern + ")"
	} else if !scannable(rule.keywords) {
		return nil, errors.New("nothing tells where to look for it")
	}
	rule.ready = sync.OnceValues(func() (*readyRule, error) { return r.compile(pattern, allow) })
	return rule, nil
}

// forOutputs loosens what the rules expect around a value: they are made for
// source files, and an output has JSON within JSON, lists and sentences.
var forOutputs = strings.NewReplacer(
	`[\s'"]{0,3}(?:=|`, `[\s'"\\]{0,8}(?:=|`,
	`[\x60'"\s=]{0,5}`, `[\x60'"\s=\\]{0,8}`,
	"(?:[\\x60'\"\\s;]|\\\\[nr]|$)", "(?:[\\x60'\"\\s;\\\\,&<>|)\\]}:?!]|\\.(?:\\s|$)|$)",
)

// kindOf makes words of the id of a rule, as marks have them.
func kindOf(id string) string {
	words := strings.FieldsFunc(id, func(r rune) bool { return r == '-' || r == '_' || r == ' ' })
	words = slices.DeleteFunc(words, func(word string) bool {
		return strings.ContainsFunc(word, func(r rune) bool { return !isAlnum(r) || '0' <= r && r <= '9' })
	})
	if len(words) == 0 {
		return "secret"
	}
	return strings.Join(words, " ")
}

func (r ruleText) compile(pattern string, allow []allowText) (*readyRule, error) {
	compiled, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	ready := &readyRule{pattern: compiled, group: r.SecretGroup, entropy: r.Entropy, generic: r.ID == generic}
	var failed []error
	for _, text := range allow {
		a, err := text.compile()
		failed = append(failed, err)
		ready.allowed = append(ready.allowed, a)
	}
	return ready, errors.Join(failed...)
}

func (r *maintainedRule) places() []string { return r.starts }

// match looks for the secret of a rule whose start may be at i.
func (r *maintainedRule) match(text string, i int) (span, bool) {
	begins := func(start string) bool { return hasPrefixFold(text[i:], start) }
	if !slices.ContainsFunc(r.starts, begins) || r.wholeWord && inWord(text, i) || r.generic && !betrays(text, i) {
		return span{}, false
	}
	ready, _ := r.ready()
	if ready == nil {
		return span{}, false
	}
	end := min(len(text), i+maxSecret)
	m := ready.pattern.FindStringSubmatchIndex(text[i:end])
	if m == nil {
		return span{}, false
	}
	found, ok := ready.secret(text, i, m)
	if found.to == end {
		found.to += untilSpace(text[end:])
	}
	found.kind = r.kind
	return found, ok
}

// betrays tells whether the name at i is one of a secret: a key of anything else
// is none.
func betrays(text string, i int) bool {
	return !hasPrefixFold(text[i:], "key") || keyOfSecret.MatchString(text[max(0, i-len("encryption_")):i])
}

// findAnywhere tries the rules whose matches may begin with anything.
func findAnywhere(text string) (spans []span) {
	rules := rulesWithKeywordIn(text)
	if len(rules) == 0 {
		return nil
	}
	// What stands behind an escaped line break begins a word.
	text = escape.ReplaceAllStringFunc(text, func(s string) string { return strings.Repeat(" ", len(s)) })
	for _, r := range rules {
		spans = append(spans, r.all(text)...)
	}
	return spans
}

func rulesWithKeywordIn(text string) (rules []*maintainedRule) {
	for i := 0; ; i++ {
		var candidates []*maintainedRule
		if i, candidates = keywordScanner().next(text, i); i == len(text) {
			return rules
		}
		for _, r := range candidates {
			begins := func(keyword string) bool { return hasPrefixFold(text[i:], keyword) }
			if slices.ContainsFunc(r.keywords, begins) && !slices.Contains(rules, r) {
				rules = append(rules, r)
			}
		}
	}
}

func (r *maintainedRule) all(text string) (spans []span) {
	ready, _ := r.ready()
	if ready == nil {
		return nil
	}
	for _, m := range ready.pattern.FindAllStringSubmatchIndex(text, -1) {
		if found, ok := ready.secret(text, 0, m); ok {
			found.kind = r.kind
			spans = append(spans, found)
		}
	}
	return spans
}

// secret judges a match in text[from:].
func (r *readyRule) secret(text string, from int, m []int) (span, bool) {
	at := r.groupOf(m)
	found := span{from: from + m[at], to: from + m[at+1]}
	secret, match := text[found.from:found.to], text[from+m[0]:from+m[1]]
	if secret == "" || r.entropy > 0 && entropy(secret) <= r.entropy || holdsMark.MatchString(secret) {
		return found, false
	}
	named := m[at] > m[0]+1 // more than a quote stands before it
	if named && (!looksRandom(secret) || plainName.MatchString(text[max(0, found.from-maxName):found.from])) {
		return found, false // the next word, or the id or digest of something
	}
	if r.generic && !oneName.MatchString(text[from+m[0]:found.from]) {
		return found, false // words stand between the name and the value
	}
	line := lineAround(text, from+m[0], from+m[1])
	return found, !slices.ContainsFunc(r.allowed, func(a allowance) bool { return a.accepts(secret, match, line) })
}

// groupOf is where in a match the secret is: in the group that the rule names,
// or the first that holds something, or all of it.
func (r *readyRule) groupOf(m []int) int {
	if r.group > 0 && m[2*r.group] >= 0 {
		return 2 * r.group
	}
	for g := 2; g < len(m); g += 2 {
		if m[g] < m[g+1] {
			return g
		}
	}
	return 0
}

// entropy is how many bits a byte of s holds, by Shannon.
func entropy(s string) (bits float64) {
	var count [256]float64
	for i := range len(s) {
		count[s[i]]++
	}
	for _, n := range count {
		if n > 0 {
			bits -= n / float64(len(s)) * math.Log2(n/float64(len(s)))
		}
	}
	return bits
}

// lineAround is the line of a match, as far as it matters.
func lineAround(text string, from, to int) string {
	rest := text[to:min(len(text), to+maxLine)]
	if end := strings.IndexByte(rest, '\n'); end >= 0 {
		rest = rest[:end]
	}
	return lineBefore(text, from) + text[from:to] + rest
}
