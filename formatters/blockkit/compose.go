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

// calls are the only live mentions.
func (b *builder) calls(f Frame) {
	switch {
	case userID.MatchString(f.Call):
		b.add(rich(section(slack.NewRichTextSectionUserElement(f.Call, nil))))
	case userID.MatchString(f.SharedBy):
		b.add(rich(section(plain("Shared by "), slack.NewRichTextSectionUserElement(f.SharedBy, nil))))
	}
}

// head is the answer: verdict, why, what next.
func (b *builder) head(r formatters.Report, l level) {
	elements := []slack.RichTextElement{section(bold(verdict(r)+": "), plain(cut(clean(r.Headline), 2*l.text)))}
	elements = append(elements, list(r.Reasons, l.reasons, l.text)...)
	elements = append(elements, steps(r.NextSteps, l.steps, l)...)
	if r.Rerun != "" {
		text, known := rerunWords[r.Rerun]
		if !known {
			text = cut(clean(string(r.Rerun)), l.text)
		}
		elements = append(elements, section(plain("\n"), bold("Rerun: "), plain(text)))
	}
	b.add(rich(elements...))
}

// steps are the first in bold, and some more below it.
func steps(all []string, most int, l level) []slack.RichTextElement {
	if len(all) == 0 {
		return nil
	}
	first := section(plain("\n"), bold("Next: "+cut(clean(all[0]), 2*l.text)))
	return append([]slack.RichTextElement{first}, list(all[1:], most-1, 2*l.text)...)
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
		row(word(item.Verdict), cut(clean(item.Name), 120), cut(clean(item.Text), l.text))
	}
	if more := items[min(len(items), l.items):]; len(more) > 0 {
		row("…", fmt.Sprintf("and %d more", len(more)), cut("not shown here: "+tally(more), l.text))
	}
	b.add(table)
}

// tally counts verdicts, in the order in which they come.
func tally(items []formatters.Item) string {
	counts := map[string]int{}
	var order []string
	for _, item := range items {
		w := word(item.Verdict)
		if counts[w]++; counts[w] == 1 {
			order = append(order, w)
		}
	}
	for i, w := range order {
		order[i] = fmt.Sprintf("%d %s", counts[w], w)
	}
	return strings.Join(order, ", ")
}

// outputs are those of the worst items, in a box. What went well shows its own
// where nothing else has one.
func (b *builder) outputs(items []formatters.Item, l level) {
	shown := 0
	for _, item := range items {
		if item.Output == nil || strings.TrimSpace(item.Output.Text) == "" || shown == l.outputs || shown > 0 && item.Verdict == formatters.OK {
			continue
		}
		shown++
		o := *item.Output
		o.Text = formatters.Plain(o.Text)
		o = o.Shorter(l.output)
		box := &slack.RichTextPreformatted{Type: slack.RTEPreformatted, Elements: []slack.RichTextSectionElement{plain(cut(clean(o.Text), 2*l.output))}}
		b.add(rich(section(bold(title(item.Name, o))), box))
	}
}

// title says how much of an output is shown, and what is missing from it.
func title(name string, o formatters.Output) string {
	text := fmt.Sprintf("Output of %s: %d of %d lines", cut(clean(name), 120), o.ShownLines, o.TotalLines)
	if o.TotalLines == 1 {
		text = strings.TrimSuffix(text, "s")
	}
	for _, missing := range []struct {
		count int64
		what  string
	}{{int64(o.CutLines), "of them cut"}, {o.DroppedBytes, "bytes dropped on the machine"}, {int64(o.Redacted), "redacted"}} {
		if missing.count > 0 {
			text += fmt.Sprintf(", %d %s", missing.count, missing.what)
		}
	}
	return text
}

// rest is what else is known.
func (b *builder) rest(r formatters.Report, f Frame, l level) {
	var elements []slack.RichTextElement
	if len(r.Facts) > 0 && l.facts > 0 {
		elements = append(elements, section(bold("Facts: "), plain(factsLine(r.Facts, l))))
	}
	if len(r.Resume) > 0 && l.facts > 0 { // a next step may speak of these
		elements = append(elements, section(plain("\n"), bold("Resume arguments: "), plain(factsLine(r.Resume, l))))
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

// context is where the answer is from.
func (b *builder) context(s formatters.Source, f Frame) {
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
	for _, part := range []struct{ name, value string }{
		{"", s.Operation}, {"region ", s.Region}, {"profile ", s.Profile}, {"run ", f.Run}, {"", requests(s.RequestIDs)},
	} {
		if part.value != "" {
			add(part.name + cut(clean(part.value), 300))
		}
	}
	if len(parts) > 0 {
		b.add(rich(section(parts...)))
	}
}

// requests are the newest RequestIds: those by which a ticket is answered.
func requests(ids []string) string {
	const most = 2
	newest := []string{}
	for _, id := range ids[max(len(ids)-most, 0):] {
		newest = append(newest, cut(clean(id), 100))
	}
	switch {
	case len(newest) == 0:
		return ""
	case len(ids) > most:
		return fmt.Sprintf("RequestId %s and %d before", strings.Join(newest, " "), len(ids)-most)
	default:
		return "RequestId " + strings.Join(newest, " ")
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
