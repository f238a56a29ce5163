package main

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"unicode"

	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/formatters/blockkit"
	"github.com/alitriage/alitriage/tools"
)

const triageName = "triage"

// maxChoices is how many calls of a pasted text are offered: the buttons of one
// block.
const maxChoices = 5

// triage finds the call that a pasted text asks for. A single one that only reads
// is made, and what else may be meant stands in its answer; of several a person
// chooses. It starts nothing by itself.
func (b *bot) triage(c command) (*run, blockkit.Message, string) {
	text := plainText(c.text)
	if text == "" && c.file {
		return nil, blockkit.Say("I do not read files. Paste the part with the ids.", []string{b.takes()}, blockkit.Frame{}), wasHelp
	}
	if asksForHelp(text) {
		return nil, b.help(), wasHelp
	}
	if n := len([]rune(text)); n > maxTriage {
		return nil, blockkit.Say(fmt.Sprintf("The text has %d characters; at most %d are read. Paste the part with the ids.", n, maxTriage), nil, blockkit.Frame{}), wasNotUnderstood
	}
	clean := formatters.Airlock{Key: b.known.MarkKey}.Pasted(text)
	found := b.known.Triage(clean.Text)
	if len(found.Calls) == 0 {
		return nil, blockkit.Say("There is no id in this text that a tool takes, and no alias.", append(found.Asides, b.takes()), blockkit.Frame{}), wasNotUnderstood
	}
	if only := found.Calls[0]; len(found.Calls) == 1 {
		c.ask, c.notes = true, found.Asides
		if only.Doubt != "" {
			c.notes = append([]string{only.Doubt}, found.Asides...)
		}
		return b.planned(c, tools.Call{Tool: only.Tool, Args: asJSON(only.Args)})
	}
	return b.offer(c, found), blockkit.Message{}, ""
}

// offer lets a person choose among what a text may ask for.
func (b *bot) offer(c command, found tools.Routing) *run {
	r := &run{Kind: kindAsk, Tool: triageName, Asker: c.person, Where: c.where}
	lines := []string{"Which of these?"}
	for i, call := range found.Calls {
		if i == maxChoices {
			lines = append(lines, fmt.Sprintf("- and %d more: paste the part that matters", len(found.Calls)-i))
			break
		}
		choice := tools.Call{Tool: call.Tool, Args: asJSON(call.Args)}
		r.Choices = append(r.Choices, choice)
		line := "- " + shortCall(choice)
		if b.starts(&run{Tool: choice.Tool, Args: choice.Args}) {
			line += ": STARTS a change"
		}
		if call.Doubt != "" {
			line += ": " + call.Doubt
		}
		lines = append(lines, line)
	}
	for _, aside := range found.Asides {
		lines = append(lines, "- "+aside)
	}
	r.Error = strings.Join(lines, "\n")
	return r
}

// takes lists the ids that the tools take, and some aliases.
func (b *bot) takes() string {
	var list []string
	for _, k := range b.known.Kinds() {
		list = append(list, k.Term+" ("+k.Example+")")
	}
	text := "Give one of " + strings.Join(list, ", ")
	if names := b.known.CompleteAlias(""); len(names) > 0 {
		text += "; or an alias: " + strings.Join(names[:min(len(names), 20)], ", ")
	}
	return text + "."
}

// help is made of the tools.
func (b *bot) help() blockkit.Message {
	lines := []string{"/triage takes any id, alias, console URL or pasted alert, and finds the right tool."}
	for _, t := range b.tools {
		lines = append(lines, "/"+t.Name+" "+usageHint(t)+": "+t.Description)
	}
	lines = append(lines, "In a thread, mention me with the same words: slash commands cannot be used there.", b.takes())
	return blockkit.Say("What happened on Alibaba Cloud, is it bad, and what do I do next?", lines, blockkit.Frame{})
}

// asksForHelp: no words ask for it, too, and so do the flags of a terminal, with
// the long dashes that phones make of them.
func asksForHelp(text string) bool {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "", "help", "--help", "-help", "—help", "–help", "-h", "—h", "–h", "-?", "?":
		return true
	}
	return false
}

func helpOf(t tools.Tool) blockkit.Message {
	lines := []string{t.Description, "/" + t.Name + " " + usageHint(t)}
	for _, a := range t.Arguments() {
		lines = append(lines, a.Name+": "+a.Description)
	}
	lines = append(lines, "For example: /"+t.Name+" "+t.Example())
	return blockkit.Say(t.Title, lines, blockkit.Frame{})
}

// marked is what Slack makes of mentions and URLs in a command's text.
var marked = regexp.MustCompile(`<([^<>|\s]*)(?:\|([^<>]*))?>`)

// plainText takes Slack's marks away again: <http://a.example|a.example> is a
// URL, <@U1|name> a mention, &amp; an ampersand.
func plainText(text string) string {
	text = marked.ReplaceAllStringFunc(text, func(mark string) string {
		parts := marked.FindStringSubmatch(mark)
		switch url, label := parts[1], parts[2]; {
		case label == "":
			return url
		case strings.HasPrefix(url, "http") && strings.Trim(url, "/") != "http://"+label: // else Slack has made a link of a word with a dot
			return url
		default:
			return label
		}
	})
	return html.UnescapeString(text)
}

// mentioned makes a command of what somebody says to the bot: the name of a tool
// with its arguments, or anything that triage reads.
func mentioned(text, self string) (name, rest string) {
	text = strings.TrimSpace(regexp.MustCompile(`<@`+regexp.QuoteMeta(self)+`(\|[^<>]*)?>`).ReplaceAllString(text, " "))
	word := text
	if end := strings.IndexFunc(text, unicode.IsSpace); end >= 0 {
		word, rest = text[:end], text[end:]
	}
	word = strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(word), "/"), "-", "_")
	if strings.HasPrefix(word, "get_") || strings.HasPrefix(word, "gather_") {
		return word, strings.TrimSpace(rest)
	}
	if word == triageName {
		return triageName, strings.TrimSpace(rest)
	}
	return triageName, text
}
