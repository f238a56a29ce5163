package formatters

import "strings"

// Pasted is what a person has pasted, such as an alert, after the airlock:
// machines write alerts too.
type Pasted struct {
	// Text is clean, and whole but for the middle of a very long one.
	Text string
	// Cut tells that not all of it was read.
	Cut bool

	shown string
}

// Pasted cleans a text.
func (a Airlock) Pasted(text string) Pasted {
	c := a.chamber()
	o := c.outputOf([]byte(strings.ToValidUTF8(text, "\uFFFD")), 0)
	return Pasted{Text: o.text, Cut: len(text) > maxOpen, shown: c.excerpt(o, -1).Text}
}

// Show renders it as Text renders an output, a long one cut.
func (p Pasted) Show(fence string) string {
	var t textWriter
	t.output(p.shown, fence)
	return t.String()
}
