package blockkit

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
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

// Frame is what stands around a report. All of it is ours.
type Frame struct {
	Run      string // the run's id
	Waiting  string // how long is waited already
	SharedBy string // the user id of who shared it, who is mentioned
	Call     string // the user id of who is to be called
	Notes    []string
	Buttons  []Button
}

// Plain is a message without what Slack may refuse of it: the text alone.
func (m Message) Plain() Message {
	return Message{Text: m.Text + "\n(Slack did not take the rest of this message. The run id leads to it in the bot's log.)"}
}

// userID is the shape of those whom a message may mention.
var userID = regexp.MustCompile(`^[UW][A-Z0-9]{2,30}$`)

// Render shows a report.
func Render(r formatters.Report, f Frame) Message {
	links, steps := linkButtons(r.NextSteps)
	r.NextSteps = steps
	return shrunk(fallback(verdict(r)+": "+cut(clean(r.Headline), maxFallback/2), steps, f), func(l level) []slack.Block {
		var b builder
		b.calls(f)
		b.head(r, l)
		b.items(r.Items, l)
		b.outputs(r.Items, l)
		b.rest(r, f, l)
		b.buttons(slices.Concat(f.Buttons, links))
		b.context(r.Source, f)
		return b.blocks
	})
}

// Failure shows the text of an error as formatters.Text writes it, or a refusal:
// a headline, and what is wrong and what to do below it.
func Failure(text string, f Frame) Message { return tell(read(text), f) }

// Say shows a few words of our own, in which there may be words of others.
func Say(headline string, lines []string, f Frame) Message {
	return tell(told{headline: headline, lines: lines}, f)
}

func tell(t told, f Frame) Message {
	links, steps := linkButtons(t.steps)
	more, lines := linkButtons(t.lines)
	t.steps, t.lines = steps, lines
	return shrunk(fallback(cut(clean(t.headline), maxFallback/2), steps, f), func(l level) []slack.Block {
		var b builder
		b.calls(f)
		b.told(t, l)
		b.rest(formatters.Report{}, f, l)
		b.buttons(slices.Concat(f.Buttons, links, more))
		b.context(formatters.Source{}, f)
		return b.blocks
	})
}

// shrunk shows as much as there is room for.
func shrunk(text string, compose func(level) []slack.Block) Message {
	m := Message{Text: text}
	for _, l := range levels {
		if m.Blocks = compose(l); fits(m.Blocks) {
			break
		}
	}
	return m
}

// fallback is the headline and the first next step.
func fallback(headline string, steps []string, f Frame) string {
	text := headline
	if len(steps) > 0 {
		text += "\nNext: " + cut(clean(steps[0]), maxFallback/3)
	}
	if f.Run != "" {
		text += " · run " + cut(clean(f.Run), 100)
	}
	return escape(text)
}

func verdict(r formatters.Report) string {
	if r.Source.Simulated {
		return "SIMULATED " + word(r.Verdict)
	}
	return word(r.Verdict)
}

func word(v formatters.Verdict) string { return strings.ToUpper(cut(clean(string(v)), 20)) }

// escape is for the one text that Slack parses. What is too long with its
// escapes is cut before them.
func escape(s string) string {
	for most := maxFallback; ; most = most * 2 / 3 {
		if text := escapes.Replace(disarm(cut(s, most))); units(text) <= maxFallback {
			return text
		}
	}
}

var escapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// live is where Slack makes something of a text without any brackets: a link, an
// emoji, whose name is more than a number (a time has none), and a call to all.
var live = regexp.MustCompile(`(?i)://|:[\p{L}\p{M}\p{N}_+'-]*[\p{L}_+'-][\p{L}\p{M}\p{N}_+'-]*:|@(?:here|channel|everyone)`)

// disarm breaks each by a joiner, which nobody sees. Where one's end is the next
// one's beginning it takes a second look.
func disarm(s string) string {
	for live.MatchString(s) {
		s = live.ReplaceAllStringFunc(s, func(found string) string {
			_, size := utf8.DecodeLastRuneInString(found)
			return found[:len(found)-size] + "\u2060" + found[len(found)-size:]
		})
	}
	return s
}

// clean makes a text valid and visible, and never empty.
func clean(s string) string {
	if s = strings.TrimSpace(formatters.Plain(s)); s == "" {
		return "-"
	}
	return s
}

// cut leaves at most that many characters, whole ones, and says when there were
// more.
func cut(s string, most int) string {
	if len(s) <= most || units(s) <= most {
		return s
	}
	n := 1 // for the mark
	for i, r := range s {
		if n += utf16.RuneLen(r); n > most {
			return s[:i] + "…"
		}
	}
	return s
}
