package tools

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// check decodes raw into the struct that in points to, replaces aliases by what
// they stand for, and finds the account and region. All problems are reported
// at once.
func (t Tool) check(raw json.RawMessage, in reflect.Value, central bool) (place, []string) {
	problems := decode(raw, t.fields, in)
	common := in.Elem().FieldByName("Common").Addr().Interface().(*Common)
	if common.WaitSeconds != nil && *common.WaitSeconds < 0 {
		problems = append(problems, fmt.Sprintf("wait_seconds: must be 0 or more, such as 30, got %d", *common.WaitSeconds))
	}
	for _, f := range t.fields {
		problems = append(problems, t.checkIDs(f, in.Elem().FieldByIndex(f.index), common)...)
	}
	at, problem := t.set.place(common, central)
	if problem != "" {
		problems = append(problems, problem)
	}
	return at, problems
}

// checkIDs looks at a field that holds an id or a list of them.
func (t Tool) checkIDs(f field, v reflect.Value, common *Common) (problems []string) {
	if f.typ.Kind() == reflect.Slice {
		for i := range v.Len() {
			if problem := checkID(instanceID, v.Index(i)); problem != "" {
				problems = append(problems, f.name+": "+problem)
			}
		}
		return problems
	}
	i := slices.IndexFunc(t.IDs, func(k IDKind) bool { return k.Arg == f.name })
	if i < 0 || v.String() == "" {
		return nil
	}
	v.SetString(tidy(v.String()))
	if alias, ok := t.set.alias(v.String()); ok {
		return t.set.resolve(alias, f.name, v, common)
	}
	problem := checkID(t.IDs[i], v)
	if problem == "" {
		problem = t.set.nearAlias(f.name, v.String())
	} else if near, ok := t.set.aliasLike(v.String()); ok {
		problem += "; did you mean the alias " + near + "?"
	}
	if problem == "" {
		return nil
	}
	return []string{f.name + ": " + problem}
}

// checkID tidies the id in v and says what is wrong with it.
func checkID(k IDKind, v reflect.Value) (problem string) {
	id := tidy(v.String())
	if len(id) > maxID {
		return fmt.Sprintf("it is %d bytes long, which no %s is; give one such as %s", len(id), k.Term, k.Example)
	}
	v.SetString(id)
	if why := k.refuse(id); why != "" {
		return fmt.Sprintf("%q is refused: %s", id, why)
	}
	return ""
}

const maxID = 256 // bytes

// resolve puts what alias stands for in the place of its name.
func (s *set) resolve(alias Alias, arg string, v reflect.Value, common *Common) []string {
	if alias.Arg != arg {
		for _, k := range kinds {
			if k.Arg == alias.Arg {
				return []string{fmt.Sprintf("%s: the alias %s is %s; use %s with %s=%s", arg, alias.Name, article(k.Term), k.Tool, k.Arg, alias.Name)}
			}
		}
	}
	v.SetString(alias.ID)
	if common.Profile != "" && alias.Profile != "" && common.Profile != alias.Profile {
		return []string{fmt.Sprintf("profile: the alias %s belongs to profile %s, not to %.60q; leave profile out", alias.Name, alias.Profile, common.Profile)}
	}
	if common.Profile == "" {
		common.Profile = alias.Profile
	}
	if common.Region == "" {
		common.Region = alias.Region
	}
	return nil
}

// nearAlias refuses an id that is one edit away from an alias's: it was
// probably copied wrongly, and could belong to somebody else.
func (s *set) nearAlias(arg, id string) string {
	for _, a := range s.Aliases {
		if a.Arg == arg && a.ID != id && levenshtein.ComputeDistance(a.ID, id) == 1 {
			return fmt.Sprintf("%s differs in one character from the alias %s (%s); give one of the two", id, a.Name, a.ID)
		}
	}
	return ""
}

func (s *set) alias(name string) (Alias, bool) {
	i := slices.IndexFunc(s.Aliases, func(a Alias) bool { return a.Name == name })
	if i < 0 {
		return Alias{}, false
	}
	return s.Aliases[i], true
}

func (s *set) aliasLike(word string) (string, bool) {
	candidates := make([]string, len(s.Aliases))
	for i, a := range s.Aliases {
		candidates[i] = a.Name
	}
	return nearest(word, candidates)
}

// place finds the account and region to ask in. A region is never guessed.
func (s *set) place(common *Common, central bool) (at place, problem string) {
	profile := s.Profiles[0]
	if common.Profile != "" {
		i := slices.IndexFunc(s.Profiles, func(p Profile) bool { return p.Name == common.Profile })
		if i < 0 {
			return at, s.unknownProfile(common.Profile)
		}
		profile = s.Profiles[i]
	}
	at = place{profile.Client, profile.Name}
	if common.Region != "" {
		client, err := profile.Client.In(strings.ToLower(common.Region))
		if err != nil {
			return at, "region: " + err.Error()
		}
		at.Client = client
	}
	if at.Region() == "" && !central {
		return at, "region: none is known, and none is guessed; give region=cn-hangzhou (or where the resource is), or set --region or ALIBABA_CLOUD_REGION_ID"
	}
	return at, ""
}

func (s *set) unknownProfile(name string) string {
	known := make([]string, len(s.Profiles))
	for i, p := range s.Profiles {
		known[i] = p.Name
	}
	problem := fmt.Sprintf("profile: %.60q is not configured", name)
	if near, ok := nearest(name, known); ok {
		problem += "; did you mean " + near + "?"
	}
	return problem + " (known: " + strings.Join(known, ", ") + ")"
}

// id returns the kinds and values of the ids among the arguments.
func (t Tool) given(in reflect.Value) (kinds []IDKind, values []string) {
	for _, f := range t.fields {
		for _, k := range t.IDs {
			if v := in.FieldByIndex(f.index); k.Arg == f.name && v.String() != "" {
				kinds, values = append(kinds, k), append(values, v.String())
			}
		}
	}
	return kinds, values
}
