package formatters

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

// allowText is an exception as the rules of gitleaks write it.
type allowText struct {
	Condition, RegexTarget string
	Paths, Commits         []string
	Regexes, StopWords     []string
	TargetRules            []string
}

// allowance accepts findings that are no secrets.
type allowance struct {
	target  string
	regexes []*regexp.Regexp
	words   []string
	both    bool // a regex and a word have to accept it
	never   bool // it asks for a path or a commit too
}

func (a allowText) compile() (allowance, error) {
	both := strings.EqualFold(a.Condition, "and") || a.Condition == "&&"
	made := allowance{target: a.RegexTarget, both: both && len(a.Regexes) > 0 && len(a.StopWords) > 0, never: both && len(a.Paths)+len(a.Commits) > 0}
	var failed []error
	for _, text := range a.Regexes {
		compiled, err := regexp.Compile(text)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		made.regexes = append(made.regexes, compiled)
	}
	for _, word := range a.StopWords {
		made.words = append(made.words, strings.ToLower(word))
	}
	return made, errors.Join(failed...)
}

func (a allowance) accepts(secret, match, line string) bool {
	if a.never {
		return false
	}
	subject := secret
	switch a.target {
	case "match":
		subject = match
	case "line":
		subject = line
	}
	matches := slices.ContainsFunc(a.regexes, func(r *regexp.Regexp) bool { return r.MatchString(subject) })
	if matches != a.both {
		return matches
	}
	lower := strings.ToLower(secret)
	return slices.ContainsFunc(a.words, func(word string) bool { return strings.Contains(lower, word) })
}
