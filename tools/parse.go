package tools

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// phone undoes what phones and chats do to typed commands: quotes and what is
// not seen go, and dashes and commas are those of a keyboard.
var phone = strings.NewReplacer(
	`"`, "", "'", "", "`", "", "“", "", "”", "", "„", "", "‘", "", "’", "", "‚", "", "«", "", "»", "",
	"\u200b", "", "\u200c", "", "\u200d", "", "\u200e", "", "\u200f", "", "\u2060", "", "\ufeff", "",
	"\u2010", "-", "\u2011", "-", "\u2012", "-", "\u2212", "-", "，", ",", "、", ",", "＝", "=",
)

const longDashes = "—–―"

// ParseArgs turns the text behind a tool's name, on a terminal or in Slack, into
// its arguments. The first bare word fills the id whose shape it has among the
// tool's own; further bare words fill its list, if it has one. The rest is
// key=value or --key value in any order, with _ and - alike. It only splits;
// Call checks.
func (t Tool) ParseArgs(text string) (json.RawMessage, error) {
	if len(text) > maxArguments {
		return nil, &Refusal{Tool: t.Name, Problems: []string{fmt.Sprintf("the arguments are %d bytes long; at most %d are taken", len(text), maxArguments)}}
	}
	p := parser{tool: t, args: map[string]any{}}
	words := split(text)
	for i := 0; i < len(words); i++ {
		if p.takesNext(words, i) {
			p.put(key(words[i]), words[i+1])
			i++
			continue
		}
		p.word(words[i])
	}
	if len(p.problems) > 0 {
		return nil, &Refusal{Tool: t.Name, Problems: p.problems}
	}
	return json.Marshal(p.args)
}

// split cuts at white space of all kinds. A long dash before a word is what
// phones make of two hyphens; within a word it is one.
func split(text string) []string {
	words := strings.Fields(phone.Replace(text))
	for i, word := range words {
		if bare := strings.TrimLeft(word, longDashes); bare != word {
			word = "--" + bare
		}
		words[i] = strings.NewReplacer("—", "-", "–", "-", "―", "-").Replace(word)
	}
	return words
}

type parser struct {
	tool     Tool
	args     map[string]any
	problems []string
}

func (p *parser) say(format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf(format, args...))
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
	switch isKey := strings.HasPrefix(word, "--"); {
	case (hasValue || isKey) && key(name) == "":
		p.say("%s: a name is missing; write key=value or --key value, without spaces around =", excerpt(word))
	case hasValue:
		p.put(key(name), value)
	case isKey && p.isSwitch(key(word)):
		p.put(key(word), "true")
	case isKey:
		p.say("%s: a value is missing; write %s=…", excerpt(word), shorten(key(word)))
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
		arg := p.tool.argumentFor(part)
		_, taken := p.args[arg]
		switch {
		case arg != list && !taken:
			p.args[arg] = part
		case list != "":
			p.put(list, part)
		default:
			p.say("%s is one word too many; write the rest as key=value", excerpt(part))
		}
	}
}

func (p *parser) put(name, value string) {
	old, taken := p.args[name]
	switch {
	case name == p.tool.listField():
		list, _ := old.([]string)
		if list == nil { // of nothing it is an empty list, which is not as good as left out
			list = []string{}
		}
		p.args[name] = append(list, strings.FieldsFunc(value, func(r rune) bool { return r == ',' })...)
	case taken:
		p.say("%s: it is given twice", shorten(name))
	default:
		p.args[name] = value
	}
}

func key(word string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimLeft(word, "-")), "-", "_")
}

// argumentFor is the argument that a bare word fills: by its shape, by the alias
// it is, else the first id, whose check will say what is wrong.
func (t Tool) argumentFor(word string) string {
	kind, known := kindOf(word)
	if alias, ok := t.set.alias(word); ok {
		kind, known = kindOfArg(alias.Arg)
	}
	_, own := t.takes(kind.Arg)
	switch {
	case known && own:
		return kind.Arg
	case known && kind.Arg == instanceID.Arg && t.listField() != "":
		return t.listField()
	default:
		return t.IDs[0].Arg
	}
}

// listField is the argument that takes many InstanceIds, "" if there is none.
func (t Tool) listField() string {
	for _, f := range t.fields {
		if f.typ.Kind() == reflect.Slice {
			return f.name
		}
	}
	return ""
}
