// Package blockkit is a stand-in until the real one is merged.
package blockkit

import (
	"strings"

	"github.com/slack-go/slack"

	"github.com/alitriage/alitriage/formatters"
)

type Message struct {
	Text   string
	Blocks []slack.Block
}
type Style string

const (
	Plain   Style = ""
	Primary Style = "primary"
	Danger  Style = "danger"
)

type Button struct {
	Action, Text, Value, URL string
	Style                    Style
}
type Frame struct {
	Run, Waiting, SharedBy, Call string
	Notes                        []string
	Buttons                      []Button
}

func actions(f Frame) (b []slack.Block) {
	if len(f.Buttons) == 0 {
		return nil
	}
	var el []slack.BlockElement
	for _, x := range f.Buttons {
		el = append(el, slack.NewButtonBlockElement(x.Action, x.Value, slack.NewTextBlockObject("plain_text", x.Text, false, false)))
	}
	return []slack.Block{slack.NewActionBlock("", el...)}
}
func section(t string) slack.Block {
	return slack.NewSectionBlock(slack.NewTextBlockObject("plain_text", t, false, false), nil, nil)
}
func Render(r formatters.Report, f Frame) Message {
	t := strings.ToUpper(string(r.Verdict)) + ": " + r.Headline + " run " + f.Run
	return Message{t, append([]slack.Block{section(t)}, actions(f)...)}
}
func Failure(text string, f Frame) Message {
	return Message{text, append([]slack.Block{section(text)}, actions(f)...)}
}
func Say(h string, lines []string, f Frame) Message {
	t := h
	if f.Run != "" {
		t += " · run " + f.Run
	}
	return Message{t, append([]slack.Block{section(t + strings.Join(lines, " "))}, actions(f)...)}
}
func Check(Message) error { return nil }
