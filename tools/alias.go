package tools

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

var aliasName = regexp.MustCompile(`^[\pL\pN](?:[\pL\pN._-]{0,62}[\pL\pN])?$`)

// CheckAlias says why a name cannot be that of an alias; "" when it can. It has to
// be one word in every front end, and no id.
func CheckAlias(name string) string {
	k, isID := kindOf(strings.ToLower(name))
	switch {
	case isID:
		return fmt.Sprintf("has the shape of %s, and would stand in its way; choose another one", article(k.Term))
	case slices.Contains(publicRegions, strings.ToLower(name)):
		return "is a region, and would be taken for one; choose another one"
	case !aliasName.MatchString(name):
		return "cannot be an alias's; it has up to 64 letters, digits, dots, dashes and underscores, with a letter or digit at both ends, such as checkout-env"
	}
	return ""
}

// CheckID says why id cannot be what the argument arg takes; "" when it can.
func CheckID(arg, id string) string {
	k, ok := kindOfArg(arg)
	switch {
	case !ok:
		return "there is no id of this kind"
	case len(id) > maxID:
		return fmt.Sprintf("it is %d bytes long, which no %s is; give one such as %s", len(id), k.Term, k.Example)
	}
	return k.object(id, func(other IDKind) string { return "give it as " + other.Arg }).why
}

// alias finds an alias by its name, also with what stood around it in a text.
func (s *set) alias(name string) (Alias, bool) {
	for _, spelling := range [...]string{name, tidy(name)} {
		for _, a := range s.Aliases {
			if a.Name == spelling {
				return a, true
			}
		}
	}
	return Alias{}, false
}

// aliasLike finds the alias that word may be, best of the same kind.
func (s *set) aliasLike(k IDKind, word string) (name string, sameKind bool) {
	var same, other []string
	for _, a := range s.Aliases {
		if a.Arg == k.Arg {
			same = append(same, a.Name)
		} else {
			other = append(other, a.Name)
		}
	}
	if near, ok := Nearest(word, same); ok {
		return near, true
	}
	name, _ = Nearest(word, other)
	return name, false
}

// aliasesOf finds the aliases that an id has or, when it has none, one whose id is
// a single edit away from it.
func (c Config) aliasesOf(k IDKind, id string) (near *Alias, owners []Alias) {
	for i, a := range c.Aliases {
		if a.Arg != k.Arg {
			continue
		}
		switch levenshtein.ComputeDistance(a.ID, id) {
		case 0:
			owners = append(owners, a)
		case 1:
			near = &c.Aliases[i]
		}
	}
	if len(owners) > 0 {
		return nil, owners
	}
	return near, nil
}
