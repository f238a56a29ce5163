package formatters

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
)

// A pattern that begins with one of a few words need not be tried elsewhere.
// The functions here find out about patterns that others have written.

const (
	maxStarts = 64 // words; more of them tell nothing
	maxGap    = 20 // characters, words among them, that a pattern may skip when it is tried at a place
)

// startsOf lists what every match of a pattern begins with, in lower case; none
// if that cannot be said in at least two bytes, or if a match may go on for
// long: then trying it at each place would cost too much.
func startsOf(tree *syntax.Regexp) []string {
	if sprawls(tree) {
		return nil
	}
	words, _ := beginnings(tree)
	if !scannable(words) {
		return nil
	}
	slices.Sort(words)
	starts := words[:1]
	for _, word := range words[1:] {
		if !strings.HasPrefix(word, starts[len(starts)-1]) {
			starts = append(starts, word)
		}
	}
	return starts
}

// scannable tells whether a scanner can look for the words.
func scannable(words []string) bool {
	return len(words) > 0 && !slices.ContainsFunc(words, func(word string) bool { return len(word) < 2 })
}

// beginnings lists what a match may begin with. whole tells that these are all
// of it, so that what follows in the pattern goes on from there.
func beginnings(tree *syntax.Regexp) (words []string, whole bool) {
	switch tree.Op {
	case syntax.OpLiteral:
		return []string{folded(tree.Rune...)}, true
	case syntax.OpCharClass:
		return eachOf(tree.Rune)
	case syntax.OpCapture:
		return beginnings(tree.Sub[0])
	case syntax.OpQuest:
		words, whole = beginnings(tree.Sub[0])
		return append(words, ""), whole
	case syntax.OpEmptyMatch, syntax.OpWordBoundary, syntax.OpBeginText, syntax.OpBeginLine:
		return []string{""}, true
	case syntax.OpAlternate:
		return either(tree.Sub)
	case syntax.OpConcat:
		return inTurn(tree.Sub)
	default:
		return []string{""}, false
	}
}

func eachOf(ranges []rune) (words []string, whole bool) {
	for i := 0; i < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if len(words) == maxGap {
				return []string{""}, false
			}
			words = append(words, folded(r))
		}
	}
	return distinct(words), true
}

func either(trees []*syntax.Regexp) (words []string, whole bool) {
	whole = true
	for _, tree := range trees {
		more, all := beginnings(tree)
		words, whole = append(words, more...), whole && all
	}
	return distinct(words), whole
}

func inTurn(trees []*syntax.Regexp) (words []string, whole bool) {
	words = []string{""}
	for _, tree := range trees {
		next, all := beginnings(tree)
		if len(words)*len(next) > maxStarts {
			return words, false
		}
		var longer []string
		for _, word := range words {
			for _, more := range next {
				longer = append(longer, word+more)
			}
		}
		if words = distinct(longer); !all {
			return words, false
		}
	}
	return words, true
}

func distinct(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}

// folded ignores case; the long s and the sign for Kelvin become the letters
// that they match.
func folded(runes ...rune) string {
	lower := make([]rune, len(runes))
	for i, r := range runes {
		lower[i] = unicode.ToLower(unicode.ToUpper(r))
	}
	return string(lower)
}

// withoutRunUp takes away what a pattern may begin with or not, outside of its
// groups: it would hide where the pattern has to begin.
func withoutRunUp(tree *syntax.Regexp) *syntax.Regexp {
	rest := *tree
	switch tree.Op {
	case syntax.OpConcat:
		for len(rest.Sub) > 1 && optional(rest.Sub[0]) {
			rest.Sub = rest.Sub[1:]
		}
	case syntax.OpAlternate:
		rest.Sub = nil
		for _, sub := range tree.Sub {
			rest.Sub = append(rest.Sub, withoutRunUp(sub))
		}
	}
	return &rest
}

func optional(tree *syntax.Regexp) bool {
	mayBeEmpty := tree.Op == syntax.OpStar || tree.Op == syntax.OpQuest || tree.Op == syntax.OpRepeat && tree.Min == 0
	return mayBeEmpty && tree.MaxCap() == 0
}

// beginsWord tells whether a match begins at the boundary of a word.
func beginsWord(tree *syntax.Regexp) bool {
	for len(tree.Sub) > 0 && (tree.Op == syntax.OpConcat || tree.Op == syntax.OpCapture) {
		tree = tree.Sub[0]
	}
	return tree.Op == syntax.OpWordBoundary
}

// sprawls tells whether a match may go over many words.
func sprawls(tree *syntax.Regexp) bool {
	many := tree.Op == syntax.OpStar || tree.Op == syntax.OpPlus || tree.Op == syntax.OpRepeat && (tree.Max < 0 || tree.Max > maxGap)
	return many && passesWords(tree.Sub[0]) || slices.ContainsFunc(tree.Sub, sprawls)
}

// passesWords tells whether a single character of a pattern may be a letter, and
// may be a space.
func passesWords(tree *syntax.Regexp) bool {
	switch tree.Op {
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return true
	case syntax.OpCharClass:
		return inRanges(tree.Rune, 'e') && inRanges(tree.Rune, ' ')
	default:
		return slices.ContainsFunc(tree.Sub, passesWords)
	}
}

func inRanges(ranges []rune, r rune) bool {
	for i := 0; i < len(ranges); i += 2 {
		if ranges[i] <= r && r <= ranges[i+1] {
			return true
		}
	}
	return false
}
