package formatters

import (
	"bytes"
	"hash/maphash"
	"strings"

	"github.com/alitriage/alitriage/cloudapi"
)

// Airlock is the one way for text of cloud origin into a report. It decodes,
// then strips, then redacts, then cuts: a secret must not survive because a cut
// went through it. This file alone opens the bytes of machines.
type Airlock struct {
	// Key makes the marks of redacted secrets: equal secrets get equal marks, and
	// without the key a mark cannot be guessed back.
	Key []byte
	// FullOutput shows outputs whole, up to the limits of the report.
	FullOutput bool
}

const (
	maxLine  = 240    // runes of cloud text in a line of ours
	maxValue = 600    // runes of a value that is itself an excerpt
	maxWord  = 128    // bytes of an id or status
	maxToken = 1_024  // bytes of a next_token, which is of no use when it is cut
	window   = 3_000  // cost of one output in a report
	fullText = 40_000 // the same for FullOutput: the rest of the report fits beside it
)

// word passes ids and statuses, which stand in our sentences without quotes when
// they have the shape of one; anything else is quoted.
func (a Airlock) word(s string) string {
	if passes(s, maxWord) {
		return s
	}
	return a.quote(s)
}

// orNone is word for a field that may be empty.
func (a Airlock) orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return a.word(s)
}

// plain is line for a fact, where JSON or the renderer adds the quotes. An id or
// status passes as it is.
func (a Airlock) plain(s string) string {
	if passes(s, maxWord) {
		return s
	}
	return a.line(s)
}

// token is plain for a next_token, which must be given back as it came.
func (a Airlock) token(s string) string {
	if passes(s, maxToken) {
		return s
	}
	return a.line(s)
}

// passes tells whether s may be shown as it came: nothing in it can be taken
// for more than one word, and it holds no secret.
func passes(s string, limit int) bool {
	return len(s) <= limit && isWord(s) && len(findSecrets(s)) == 0
}

func isWord(s string) bool {
	for i := range len(s) {
		if !isAlnum(s[i]) && strings.IndexByte("-_.:/+=@", s[i]) < 0 {
			return false
		}
	}
	return s != ""
}

// line makes free text one clean, short line.
func (a Airlock) line(s string) string { return a.lineUpTo(s, maxLine) }

func (a Airlock) lineUpTo(s string, limit int) string {
	text, _ := decode([]byte(s), 0)
	text, _ = strip(text)
	text, _ = a.redact(text) // before lines are joined: what follows a prompt is no password
	return shorten(strings.Join(strings.Fields(text), " "), limit)
}

// quote is line between quotes, for use within our own sentences.
func (a Airlock) quote(s string) string { return inQuotes(a.line(s)) }

// inQuotes marks a clean line as somebody else's words.
func inQuotes(s string) string { return `"` + strings.ReplaceAll(s, `"`, `'`) + `"` }

// lineOf is line for bytes of a machine.
func (a Airlock) lineOf(m cloudapi.MachineBytes) string { return a.line(string(m.Open())) }

// output opens what a machine printed. note says what is odd about its charset.
func (a Airlock) output(o cloudapi.Output) (out *Output, note string) {
	if o.Len() == 0 && o.DroppedBytes == 0 {
		return nil, ""
	}
	return a.outputOf(o.Open(), o.DroppedBytes)
}

func (a Airlock) outputOf(b []byte, dropped int64) (out *Output, note string) {
	text, note := decode(b, dropped)
	text, stripped := strip(text)
	text, redacted := a.redact(strings.Trim(text, "\n"))
	limit := window
	if a.FullOutput {
		limit = fullText
	}
	shown, shownLines, totalLines := excerpt(text, limit)
	return &Output{
		Text: shown, Untrusted: true, DroppedBytes: dropped, Redacted: redacted, Sanitized: stripped,
		ShownLines: shownLines, TotalLines: totalLines,
	}, note
}

// unwrap opens a text that holds JSON, or not. What comes out has not been
// through the airlock yet: decoding JSON may bring anything to light, so every
// string in it goes through line or outputOf when it is shown.
func unwrap(m cloudapi.MachineBytes) any {
	text, _ := decode(m.Open(), 0)
	return unwrapText(text, maxLayers)
}

var alikeSeed = maphash.MakeSeed()

// alike is equal for outputs that differ in digits, white space or the name of
// their instance alone. It is only good for comparing within one process.
func alike(r *cloudapi.InvocationResult) uint64 {
	raw := r.Output.Open()
	if id := []byte(r.InstanceID); len(id) > 0 && bytes.Contains(raw, id) {
		raw = bytes.ReplaceAll(raw, id, []byte("#"))
	}
	folded := make([]byte, len(raw))
	n, last := 0, byte(' ')
	for _, c := range raw {
		c = foldedByte[c]
		folded[n] = c
		if c != last || c != '0' && c != ' ' {
			n++
		}
		last = c
	}
	return maphash.Bytes(alikeSeed, bytes.TrimRight(folded[:n], " "))
}

var foldedByte = func() (table [256]byte) {
	for c := range table {
		table[c] = byte(c)
	}
	for _, c := range "0123456789" {
		table[c] = '0'
	}
	for _, c := range "\t\n\r" {
		table[c] = ' '
	}
	return table
}()
