package tools

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// phone undoes what phones do to typed commands.
var phone = strings.NewReplacer(
	"—", "--", "–", "--", "“", "", "”", "", "‘", "", "’", "", `"`, "", "`", "",
	"\u00a0", " ", "\u202f", " ", "\u3000", " ", "，", ",", "＝", "=",
)

// ParseArgs turns the text behind a tool's name, on a terminal or in Slack, into
// its arguments. The first bare word fills the id whose shape it has among the
// tool's own; further bare words fill its list, if it has one. The rest is
// key=value or --key value in any order, with _ and - alike. It only splits;
// Call checks.
func (t Tool) ParseArgs(text string) (json.RawMessage, error) {
	p := parser{tool: t, args: map[string]any{}}
	words := strings.Fields(phone.Replace(text))
	for i := 0; i < len(words); i++ {
		if p.takesNext(words, i) {
			p.put(key(words[i]), words[i+1])
			i++
			continue
		}
		p.word(words[i])
	}
	if len(p.problems) > 0 {
		return nil, &Refusal{t.Name, p.problems}
	}
	return json.Marshal(p.args)
}

type parser struct {
	tool     Tool
	args     map[string]any
	problems []string
}

// takesNext tells whether the value of words[i] is the word after it. A switch
// stands alone unless true or false follows.
func (p *parser) takesNext(words []string, i int) bool {
	if !strings.HasPrefix(words[i], "--") || strings.Contains(words[i], "=") || i+1 == len(words) {
		return false
	}
	if p.isSwitch(key(words[i])) {
		return slices.Contains([]string{"true", "false"}, strings.ToLower(words[i+1]))
	}
	return !strings.HasPrefix(words[i+1], "--")
}

func (p *parser) isSwitch(name string) bool {
	i := slices.IndexFunc(p.tool.fields, func(f field) bool { return f.name == name })
	return i >= 0 && p.tool.fields[i].typ.Kind() == reflect.Bool
}

func (p *parser) word(word string) {
	name, value, hasValue := strings.Cut(word, "=")
	switch {
	case hasValue:
		p.put(key(name), value)
	case strings.HasPrefix(word, "--") && p.isSwitch(key(word)):
		p.put(key(word), "true")
	case strings.HasPrefix(word, "--"):
		p.problems = append(p.problems, word+" needs a value, such as "+word+"=…")
	default:
		p.bare(word)
	}
}

func (p *parser) bare(word string) {
	for part := range strings.SplitSeq(word, ",") {
		if part = tidy(part); part == "" {
			continue
		}
		list := p.tool.listField()
		target := p.tool.argumentFor(part)
		_, taken := p.args[target]
		switch {
		case !taken && (list == "" || !instanceID.Shape.MatchString(part)):
			p.args[target] = part
		case list != "":
			p.put(list, part)
		default:
			p.problems = append(p.problems, "there is a word too many: "+excerpt(json.RawMessage(part)))
		}
	}
}

func (p *parser) put(name, value string) {
	old, taken := p.args[name]
	switch {
	case name == p.tool.listField():
		list, _ := old.([]string)
		p.args[name] = append(list, strings.FieldsFunc(value, func(r rune) bool { return r == ',' })...)
	case taken:
		p.problems = append(p.problems, name+" is given twice")
	default:
		p.args[name] = value
	}
}

func key(word string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimLeft(word, "-")), "-", "_")
}

// argumentFor is the id argument that a bare word fills: by its shape, by the
// alias it is, else the first one, whose check will say what is wrong.
func (t Tool) argumentFor(word string) string {
	if alias, ok := t.set.alias(word); ok && slices.ContainsFunc(t.IDs, func(k IDKind) bool { return k.Arg == alias.Arg }) {
		return alias.Arg
	}
	for _, k := range t.IDs {
		if k.Shape.MatchString(word) {
			return k.Arg
		}
	}
	return t.IDs[0].Arg
}

func (t Tool) listField() string {
	for _, f := range t.fields {
		if f.typ.Kind() == reflect.Slice {
			return f.name
		}
	}
	return ""
}
