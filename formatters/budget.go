package formatters

import (
	"fmt"
	"sort"
)

// Limits of a report, in bytes. Clients cut results at about 25,000 tokens, and
// spill successful texts over 50,000 characters to a file.
const (
	MaxText       = 32_000
	MaxStructured = 24_000
	MaxFull       = 50_000 // both, when the caller asked for the full output
	MaxError      = 2_000
)

// Fit drops what is least important, whole items first, until r is within its
// limits, and says what it dropped. Items are in order of importance.
func Fit(r Report, full bool) Report {
	text, structured := MaxText, MaxStructured
	if full {
		text, structured = MaxFull, MaxFull
	}
	fits := func() bool {
		return len(jsonText(r)) <= structured && len(Text(r, longestFence)) <= text
	}
	if fits() {
		return r
	}
	all := len(r.Items)
	if all == 0 {
		return r
	}
	r.Notes = append(r.Notes[:len(r.Notes):len(r.Notes)], "")
	r.Items = append([]Item(nil), r.Items...)
	outputs := 0
	for i := range r.Items { // the outputs of what went well
		if r.Items[i].Output != nil && r.Items[i].Verdict == OK {
			r.Items[i].Output = nil
			outputs++
		}
	}
	shown := r.Items
	dropped := sort.Search(all-1, func(n int) bool {
		r.Items = shown[:all-n]
		return fits()
	})
	r.Items = shown[:all-dropped]
	r.Notes[len(r.Notes)-1] = fmt.Sprintf("to keep the report short, %s and %s were left out; ask with instance_id for a single one",
		count(all-len(r.Items), "item"), count(outputs, "output"))
	return r
}

const longestFence = "0123456789abcdef"
