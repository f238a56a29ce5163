package formatters

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alitriage/alitriage/cloudapi"
)

// Limits of a report, in bytes. Clients cut results at about 25,000 tokens, and
// spill successful texts over 50,000 characters to a file.
const (
	MaxText       = 32_000
	MaxStructured = 24_000
	MaxFull       = 50_000 // both, when the caller asked for the full output
	MaxError      = 2_000

	// MaxFence is the longest fence that Text is given.
	MaxFence = 16
)

// bulk is what something takes in the two forms of a report.
type bulk struct{ text, structured int }

func (b bulk) plus(other bulk) bulk {
	return bulk{b.text + other.text, b.structured + other.structured}
}

func (b bulk) within(limit bulk) bool {
	return b.text <= limit.text && b.structured <= limit.structured
}

func bulkOf(r Report) bulk { return bulk{len(Text(r, widestFence)), len(jsonText(r))} }

func bulkOfItem(item Item) bulk {
	var t textWriter
	t.item(item, widestFence)
	return bulk{t.Len(), len(jsonText(item)) + len(",")}
}

var widestFence = strings.Repeat("#", MaxFence)

// Fit drops what is least important until r is within its limits, and says what
// it dropped and how to see it: first the outputs of what went well, then whole
// items from the end, for they stand in order of importance. A report whose
// other parts are too large as well has them shortened.
func Fit(r Report, full bool) Report {
	limit := bulk{MaxText, MaxStructured}
	if full {
		limit = bulk{MaxFull, MaxFull}
	}
	whole, items := r, r.Items
	r.Items = []Item{}
	used := bulkOf(r).plus(bulk{text: len("\nItems\n")})
	if used.within(limit) && len(prefix(items, used, limit)) == len(items) && unopened(items) == 0 {
		return whole
	}
	if len(items) == 0 {
		return shrink(r, limit)
	}
	r.Notes = append(slices.Clone(r.Notes), leftOutNote(r.Source, items, []Item{}, len(items)))
	if half := (bulk{limit.text / 2, limit.structured / 2}); !bulkOf(r).within(half) {
		r = shrink(r, half)
	}
	shown, withoutOutput := choose(items, bulkOf(r).plus(bulk{text: len("\nItems\n")}), limit)
	r.Items = slices.Clone(shown)
	for i := range r.Items {
		r.Items[i].unopened = false // it is said now
	}
	last := len(r.Notes) - 1
	if len(shown) == len(items) && withoutOutput == 0 { // the other parts were too large
		r.Notes = r.Notes[:last]
	} else {
		r.Notes[last] = leftOutNote(r.Source, items, shown, withoutOutput)
	}
	return r
}

// choose takes items from the front while there is room. If not all fit, those
// that went well go without their outputs; and one that does not even fit alone
// goes without its own.
func choose(items []Item, used, limit bulk) (shown []Item, withoutOutput int) {
	shown = prefix(items, used, limit)
	if len(shown) == len(items) {
		return shown, unopened(shown)
	}
	bare := slices.Clone(items)
	for i := range bare {
		if bare[i].Verdict == OK {
			bare[i].leaveOutput()
		}
	}
	shown = prefix(bare, used, limit)
	if len(shown) == 0 {
		bare[0].leaveOutput()
		shown = prefix(bare, used, limit)
	}
	return shown, unopened(shown)
}

func (i *Item) leaveOutput() {
	i.unopened = i.unopened || i.Output != nil
	i.Output = nil
}

// unopened counts the items that have an output which is not shown.
func unopened(items []Item) (n int) {
	for i := range items {
		if items[i].unopened {
			n++
		}
	}
	return n
}

func prefix(items []Item, used, limit bulk) []Item {
	for i := range items {
		used = used.plus(bulkOfItem(items[i]))
		if !used.within(limit) {
			return items[:i]
		}
	}
	return items
}

// leftOutNote counts what was left out, and says how to see it.
func leftOutNote(source Source, all, shown []Item, withoutOutput int) string {
	var parts []string
	if n := len(all) - len(shown); n > 0 {
		parts = append(parts, fmt.Sprintf("%d of %s", n, count(len(all), "item")))
	}
	if withoutOutput > 0 {
		parts = append(parts, count(withoutOutput, "output"))
	}
	text := "to keep the report short, " + strings.Join(parts, " and ") + " were left out"
	switch cloudapi.Product(source.Product) {
	case cloudapi.ECS:
		text += "; ask with instance_id for one instance, and with full_output=true for its whole output, or with a smaller max_results and then next_token for all in parts"
	case cloudapi.WebPlus:
		text += "; the WebPlus console lists them under the change"
	case cloudapi.BPStudio:
		text += "; the BPStudio console shows them"
	}
	return text
}

// shrink shortens all parts of a report without items, each to a share of the
// limit that is given here in hundredths.
func shrink(r Report, limit bulk) Report {
	share := func(hundredths int) int { return min(limit.text, limit.structured) * hundredths / 100 }
	last := []string{}
	if n := len(r.Notes); n > 0 {
		last = append(last, r.Notes[n-1]) // the newest tells what was left out
	}
	var cut []string
	part := func(name string, list []string, hundredths int) []string {
		kept, dropped := shrinkList(list, share(hundredths))
		if dropped > 0 {
			cut = append(cut, fmt.Sprintf("%d of %d %s", dropped, len(list), name))
		}
		return kept
	}
	r.Headline = shortenTo(r.Headline, share(6))
	r.Reasons = part("reasons", r.Reasons, 22)
	r.NextSteps = part("next steps", r.NextSteps, 14)
	r.Source.RequestIDs = part("RequestIds", r.Source.RequestIDs, 5)
	notes := part("notes", r.Notes[:len(r.Notes)-len(last)], 8)
	facts := len(r.Facts)
	r.Facts = shrinkFacts(r.Facts, share(20))
	if n := facts - len(r.Facts); n > 0 {
		cut = append(cut, fmt.Sprintf("%d of %d facts", n, facts))
	}
	if len(jsonText(r.Resume)) > share(10) { // an id that is shortened is another id
		r.Resume = nil
		cut = append(cut, "the resume arguments")
	}
	r.Source.Region, r.Source.Profile = shortenTo(r.Source.Region, share(1)), shortenTo(r.Source.Profile, share(1))
	if len(cut) > 0 {
		notes = append(notes, "the report was too long: "+strings.Join(cut, ", ")+" were left out")
	}
	for _, note := range last {
		notes = append(notes, shortenTo(note, share(4)))
	}
	r.Notes = notes
	return r
}

// shrinkList keeps lines from the front within limit bytes; a long line is
// shortened.
func shrinkList(list []string, limit int) (kept []string, dropped int) {
	kept = []string{}
	for i, line := range list {
		line = shortenTo(line, limit/2)
		limit -= listed(line)
		if limit < 0 {
			return kept, len(list) - i
		}
		kept = append(kept, line)
	}
	return kept, 0
}

// listed is what a line takes in a list of either form.
func listed(line string) int { return cost(line) + len(`"",`) }

// shrinkFacts keeps facts from the front within limit bytes; a long text is
// shortened, a long list or object is cut.
func shrinkFacts(facts Facts, limit int) Facts {
	if facts == nil {
		return nil
	}
	kept := Facts{}
	for _, f := range facts {
		f.Name = shortenTo(f.Name, limit/8)
		switch v := f.Value.(type) {
		case string:
			f.Value = shortenTo(v, limit/4)
		case []string:
			f.Value, _ = shrinkList(v, limit/4)
		case Facts:
			f.Value = shrinkFacts(v, limit/4)
		}
		limit -= max(len(jsonText(Facts{f})), len(factsText(Facts{f}))+1)
		if limit < 0 {
			break
		}
		kept = append(kept, f)
	}
	return kept
}
