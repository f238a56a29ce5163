package blockkit

import (
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/alitriage/alitriage/formatters"
)

// Message is what Slack is sent.
type Message struct {
	// Text is the fallback, for notifications and screen readers: escaped mrkdwn.
	Text   string
	Blocks []slack.Block
}

// Style is how a button looks.
type Style string

// The styles.
const (
	Plain   Style = ""
	Primary Style = "primary"
	Danger  Style = "danger"
)

// Button is one below a message. One with a URL opens it, and has no Value.
type Button struct {
	Action, Text, Value, URL string
	Style                    Style
}

// Frame is what stands around a report. All of it is ours.
type Frame struct {
	Run      string // the run's id
	Waiting  string // how long is waited already
	SharedBy string // the user id of who shared it, who is mentioned
	Call     string // the user id of who is to be called
	Notes    []string
	Buttons  []Button
}

// Render shows a report.
func Render(r formatters.Report, f Frame) Message {
	links, steps := linkButtons(r.NextSteps)
	f.Buttons = append(append([]Button{}, f.Buttons...), links...)
	r.NextSteps = steps
	m := Message{Text: fallback(r, f)}
	for _, l := range levels {
		if m.Blocks = compose(r, f, l); fits(m.Blocks) {
			break
		}
	}
	return m
}

// Failure shows the text of an error: its first line is the headline, and each
// further one what to know or to do.
func Failure(text string, f Frame) Message {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return Say(lines[0], lines[1:], f)
}

// Say shows a few words of our own, in which there may be words of others.
func Say(headline string, lines []string, f Frame) Message {
	links, lines := linkButtons(lines)
	f.Buttons = append(append([]Button{}, f.Buttons...), links...)
	text := clean(headline)
	if f.Run != "" {
		text = cut(text, maxFallback/2) + " · run " + f.Run
	}
	m := Message{Text: escape(text)}
	for _, l := range levels {
		var b builder
		b.calls(f)
		b.say(headline, lines, l)
		b.end(f, formatters.Source{})
		if m.Blocks = b.blocks; fits(m.Blocks) {
			break
		}
	}
	return m
}

// fallback is verdict, headline and the first next step.
func fallback(r formatters.Report, f Frame) string {
	text := verdict(r) + ": " + cut(clean(r.Headline), maxFallback/2)
	if len(r.NextSteps) > 0 {
		text += "\nNext: " + cut(clean(r.NextSteps[0]), maxFallback/3)
	}
	if f.Run != "" {
		text += " · run " + f.Run
	}
	return escape(text)
}

func verdict(r formatters.Report) string {
	word := strings.ToUpper(cut(clean(string(r.Verdict)), 20))
	if r.Source.Simulated {
		return "SIMULATED " + word
	}
	return word
}

// escape is for the one text that Slack parses. What is too long with its
// escapes is cut before them.
func escape(s string) string {
	for most := maxFallback; ; most = most * 2 / 3 {
		text := escapes.Replace(cut(s, most))
		if utf8.RuneCountInString(text) <= maxFallback {
			return text
		}
	}
}

var escapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// clean makes a text valid, and never empty.
func clean(s string) string {
	if s = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")); s == "" {
		return "-"
	}
	return s
}

// cut leaves at most that many characters, and says when there were more.
func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:max(most-1, 0)]) + "…"
}
