package blockkit

import (
	"strings"

	"github.com/slack-go/slack"
)

// told is a message that is no report: a refusal, an error, a few words.
type told struct {
	headline string
	lines    []string
	steps    []string // what to do
	source   string   // who answered; it holds the RequestId, and is never left out
}

// read takes the text of an error apart, which formatters.Text or a refusal
// wrote: a headline, lists with titles or without, and the source.
func read(text string) (t told) {
	var rest string
	t.headline, rest, _ = strings.Cut(strings.TrimSpace(text), "\n")
	doing := false
	for line := range strings.SplitSeq(rest, "\n") {
		line = strings.TrimSpace(line)
		bullet, isBullet := strings.CutPrefix(line, "- ")
		source, isSource := strings.CutPrefix(line, "Source: ")
		switch {
		case line == "":
		case isSource:
			t.source = source
		case line == "Next":
			doing = true
		case line == "Why", line == "Notes":
			doing = false
		case isBullet && doing:
			t.steps = append(t.steps, bullet)
		case isBullet:
			t.lines = append(t.lines, bullet)
		default:
			t.lines = append(t.lines, line)
		}
	}
	return t
}

func (b *builder) told(t told, l level) {
	elements := []slack.RichTextElement{section(bold(cut(clean(t.headline), 3*l.text)))}
	elements = append(elements, list(visible(t.lines), 8*l.steps, 2*l.text)...)
	elements = append(elements, steps(t.steps, l.steps, l)...)
	if t.source != "" {
		elements = append(elements, section(plain("\n"), plain(cut(clean(t.source), 600))))
	}
	b.add(rich(elements...))
}

// visible leaves out lines in which nothing is.
func visible(lines []string) (kept []string) {
	for _, line := range lines {
		if line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "- ")); line != "" {
			kept = append(kept, line)
		}
	}
	return kept
}
