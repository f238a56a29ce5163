package blockkit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/alitriage/alitriage/formatters"
)

// level is how much of a report is shown. Each is smaller than the one before,
// and the last one always fits.
type level struct{ reasons, steps, facts, items, outputs, output, text int }

var levels = []level{
	{reasons: 5, steps: 3, facts: 12, items: 20, outputs: 2, output: 2500, text: 400},
	{reasons: 4, steps: 3, facts: 10, items: 12, outputs: 1, output: 2000, text: 300},
	{reasons: 3, steps: 2, facts: 8, items: 8, outputs: 1, output: 800, text: 250},
	{reasons: 2, steps: 1, facts: 5, items: 4, outputs: 0, output: 0, text: 200},
	{reasons: 1, steps: 1, facts: 0, items: 1, outputs: 0, output: 0, text: 150},
}

// builder collects blocks in their order.
type builder struct{ blocks []slack.Block }

func (b *builder) add(block slack.Block) { b.blocks = append(b.blocks, block) }

func compose(r formatters.Report, f Frame, l level) []slack.Block {
	var b builder
	b.calls(f)
	b.head(r, l)
	b.items(r.Items, l)
	b.outputs(r.Items, l)
	b.rest(r, f, l)
	b.end(f, r.Source)
	return b.blocks
}

// calls are the only live mentions.
func (b *builder) calls(f Frame) {
	switch {
	case f.Call != "":
		b.add(rich(section(slack.NewRichTextSectionUserElement(f.Call, nil))))
	case f.SharedBy != "":
		b.add(rich(section(plain("Shared by "), slack.NewRichTextSectionUserElement(f.SharedBy, nil))))
	}
}

// head is the answer: verdict, why, what next.
func (b *builder) head(r formatters.Report, l level) {
	elements := []slack.RichTextElement{section(bold(verdict(r)+": "), plain(cut(clean(r.Headline), 2*l.text)))}
	elements = append(elements, list(r.Reasons, l.reasons, l.text)...)
	if len(r.NextSteps) > 0 {
		elements = append(elements, section(plain("\n"), bold("Next: "+cut(clean(r.NextSteps[0]), 2*l.text))))
		elements = append(elements, list(r.NextSteps[1:], l.steps-1, 2*l.text)...)
	}
	if r.Rerun != "" {
		elements = append(elements, section(plain("\n"), bold("Rerun: "), plain(rerunWords[r.Rerun])))
	}
	b.add(rich(elements...))
}

var rerunWords = map[formatters.Rerun]string{
	formatters.RerunSafe:    "safe. What failed never ran, or repeating it changes nothing.",
	formatters.CheckFirst:   "check first. What failed may have had effects.",
	formatters.RerunUnknown: "unknown. It cannot be told whether what failed had effects.",
}

// items are a table, the worst first, as the report has them.
func (b *builder) items(items []formatters.Item, l level) {
	if len(items) == 0 {
		return
	}
	wrapped := slack.ColumnSetting{Align: slack.ColumnAlignmentLeft, IsWrapped: true}
	table := slack.NewTableBlock("").WithColumnSettings(wrapped, wrapped, wrapped)
	row := func(cells ...string) {
		all := make([]slack.TableCell, len(cells))
		for i, c := range cells {
			all[i] = slack.NewTableRawTextCell(c)
		}
		table.Rows = append(table.Rows, all)
	}
	row("verdict", "what", "why")
	for _, item := range items[:min(len(items), l.items)] {
		row(strings.ToUpper(cut(clean(string(item.Verdict)), 20)), cut(clean(item.Name), 120), cut(clean(item.Text), l.text))
	}
	if more := len(items) - l.items; more > 0 {
		row("…", fmt.Sprintf("and %d more", more), "not shown here; see the full output")
	}
	b.add(table)
}

// outputs are those of the worst items, as they are, in a box.
func (b *builder) outputs(items []formatters.Item, l level) {
	shown := 0
	for _, item := range items {
		if item.Output == nil || strings.TrimSpace(item.Output.Text) == "" || shown == l.outputs || shown > 0 && item.Verdict == formatters.OK {
			continue
		}
		shown++
		text, left := window(clean(item.Output.Text), l.output)
		title := []string{fmt.Sprintf("Output of %s: %d of %d lines", cut(clean(item.Name), 120), item.Output.ShownLines, item.Output.TotalLines)}
		for _, n := range []struct {
			count int64
			what  string
		}{{item.Output.DroppedBytes, "dropped on the machine (bytes)"}, {int64(item.Output.Redacted), "redacted"}, {int64(left), "left out here (characters)"}} {
			if n.count > 0 {
				title = append(title, fmt.Sprintf("%s: %d", n.what, n.count))
			}
		}
		b.add(rich(section(bold(strings.Join(title, ", "))), &slack.RichTextPreformatted{Type: slack.RTEPreformatted, Elements: []slack.RichTextSectionElement{plain(text)}}))
	}
}

// window keeps the beginning, where the trouble is, and the end.
func window(text string, most int) (shown string, left int) {
	runes := []rune(text)
	if len(runes) <= most {
		return text, 0
	}
	head := most * 2 / 3
	tail := most - head
	return string(runes[:head]) + "\n…\n" + string(runes[len(runes)-tail:]), len(runes) - most
}

// rest is what else is known.
func (b *builder) rest(r formatters.Report, f Frame, l level) {
	var elements []slack.RichTextElement
	if len(r.Facts) > 0 && l.facts > 0 {
		elements = append(elements, section(bold("Facts: "), plain(factsLine(r.Facts, l))))
	}
	if notes := slices.Concat(f.Notes, r.Notes); len(notes) > 0 {
		elements = append(elements, section(bold("Notes")))
		elements = append(elements, list(notes, l.reasons, l.text)...)
	}
	if f.Waiting != "" {
		elements = append(elements, section(plain(cut(clean(f.Waiting), 200))))
	}
	if len(elements) > 0 {
		b.add(rich(elements...))
	}
}

// factsLine has them behind each other, the most important first.
func factsLine(facts formatters.Facts, l level) string {
	var parts []string
	for _, fact := range facts[:min(len(facts), l.facts)] {
		parts = append(parts, cut(clean(fact.Name), 60)+" "+cut(clean(factText(fact.Value)), l.text/2))
	}
	if more := len(facts) - l.facts; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, " · ")
}

func factText(value any) string {
	switch v := value.(type) {
	case []string:
		text := strings.Join(v[:min(len(v), 5)], ", ")
		if len(v) > 5 {
			text += fmt.Sprintf(" and %d more", len(v)-5)
		}
		return text
	case formatters.Facts:
		var parts []string
		for _, f := range v {
			parts = append(parts, f.Name+" "+factText(f.Value))
		}
		return strings.Join(parts, ", ")
	default:
		return fmt.Sprint(v)
	}
}

// say is a headline with lines below.
func (b *builder) say(headline string, lines []string, l level) {
	elements := []slack.RichTextElement{section(bold(cut(clean(headline), 3*l.text)))}
	var shown []string
	for _, line := range lines {
		if line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "- ")); line != "" {
			shown = append(shown, line)
		}
	}
	b.add(rich(append(elements, list(shown, 8*l.steps, 2*l.text)...)...))
}

// end has the buttons, and where the answer is from.
func (b *builder) end(f Frame, s formatters.Source) {
	if len(f.Buttons) > 0 {
		b.add(slack.NewActionBlock("", elements(f.Buttons)...))
	}
	var parts []slack.RichTextSectionElement
	add := func(text string) {
		if len(parts) > 0 {
			text = " · " + text
		}
		parts = append(parts, plain(text))
	}
	if at, err := time.Parse(time.RFC3339, s.AsOf); err == nil { // in the reader's own time zone
		add("as of ")
		parts = append(parts, slack.NewRichTextSectionDateElement(at.Unix(), "{date_short_pretty} {time_secs}", nil, new(at.UTC().Format("2006-01-02 15:04:05")+" UTC")))
	}
	for _, part := range []struct{ name, value string }{{"", s.Operation}, {"region ", s.Region}, {"profile ", s.Profile}, {"run ", f.Run}} {
		if part.value != "" {
			add(part.name + cut(clean(part.value), 100))
		}
	}
	if n := len(s.RequestIDs); n > 0 {
		text := "RequestId " + cut(clean(s.RequestIDs[n-1]), 100)
		if n > 1 {
			text += fmt.Sprintf(" and %d before", n-1)
		}
		add(text)
	}
	if len(parts) > 0 {
		b.add(rich(section(parts...)))
	}
}

// The parts of rich text.

func rich(elements ...slack.RichTextElement) slack.Block {
	return slack.NewRichTextBlock("", elements...)
}

func section(elements ...slack.RichTextSectionElement) slack.RichTextElement {
	return slack.NewRichTextSection(elements...)
}

func plain(text string) slack.RichTextSectionElement {
	return slack.NewRichTextSectionTextElement(text, nil)
}

func bold(text string) slack.RichTextSectionElement {
	return slack.NewRichTextSectionTextElement(text, &slack.RichTextSectionTextStyle{Bold: true})
}

// list shows so many lines, and counts the others.
func list(lines []string, most, text int) []slack.RichTextElement {
	if len(lines) == 0 {
		return nil
	}
	var rows []slack.RichTextElement
	for _, line := range lines[:min(len(lines), max(most, 0))] {
		rows = append(rows, section(plain(cut(clean(line), text))))
	}
	if more := len(lines) - len(rows); more > 0 {
		rows = append(rows, section(plain(fmt.Sprintf("and %d more", more))))
	}
	return []slack.RichTextElement{slack.NewRichTextList(slack.RTEListBullet, 0, rows...)}
}
