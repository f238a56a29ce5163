package formatters

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"unicode/utf8"

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
	// Site is where our own links lead; those of the vendor stay as they came.
	Site Site
}

const (
	maxLine  = 240     // runes of cloud text in a line of ours
	maxValue = 600     // runes of a value that is itself an excerpt
	maxWord  = 128     // bytes of an id or status
	maxToken = 1_024   // bytes of a next_token, which is of no use when it is cut
	window   = 3_000   // cost of one output in a report
	fullText = 40_000  // the same for FullOutput: the rest of the report fits beside it
	maxLook  = 8_192   // bytes of a text of which no more than a line is shown
	maxOpen  = 1 << 17 // bytes of an output that are kept, five times what Cloud Assistant keeps
	maxRead  = 1 << 20 // bytes of all that is read for one report; hostile text costs a second of time then
)

// chamber is the airlock while one report goes through: it looks at each text
// once, counts what it took away, and lets no more through than any report needs.
type chamber struct {
	Airlock

	lines              map[string]string // clean lines, by the text as it came
	words              map[string]bool   // whether they pass
	redacted, stripped int               // in lines; an Output counts for itself
	left, unread       int               // bytes that may still be read, and texts that were too many
	folded             []byte            // room for the output that is being compared
}

func (a Airlock) chamber() *chamber {
	return &chamber{Airlock: a, lines: map[string]string{}, words: map[string]bool{}, left: maxRead}
}

// reads tells whether there is time for so many bytes more.
func (a *chamber) reads(n int) bool {
	if a.left < n {
		a.unread++
		return false
	}
	a.left -= n
	return true
}

// notRead stands in the place of a text for which there was no time.
const notRead = "[not read by alitriage]"

// through makes a report and notes what was taken away beside the outputs.
func (a Airlock) through(report func(*chamber) Report) Report {
	c := a.chamber()
	r := report(c)
	if text := takenAway(c.redacted, c.stripped); text != "" {
		r.Notes = append(r.Notes, "in texts other than outputs: "+text)
	}
	if c.unread > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("the answer is too long: %s not read", count(c.unread, "text")))
	}
	return r
}

// takenAway counts in words, "" if nothing was.
func takenAway(redacted, stripped int) string {
	var parts []string
	if redacted > 0 {
		parts = append(parts, count(redacted, "secret")+" redacted")
	}
	if stripped > 0 {
		parts = append(parts, count(stripped, "run")+" of control or invisible characters removed")
	}
	return strings.Join(parts, ", ")
}

// word passes ids and statuses, which stand in our sentences without quotes when
// they have the shape of one; anything else is quoted.
func (a *chamber) word(s string) string {
	if a.passes(s) {
		return s
	}
	return a.quote(s)
}

// orNone is word for a field that may be empty.
func (a *chamber) orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return a.word(s)
}

// plain is line for a fact, where JSON or the renderer adds the quotes. An id or
// status passes as it is.
func (a *chamber) plain(s string) string {
	if a.passes(s) {
		return s
	}
	return a.line(s)
}

// token is plain for a next_token, which must be given back as it came.
func (a *chamber) token(s string) string {
	if passes(s, maxToken) {
		return s
	}
	return a.line(s)
}

// passes is true of words that may be shown as they came.
func (a *chamber) passes(s string) bool {
	if len(s) > maxWord {
		return false
	}
	ok, known := a.words[s]
	if !known {
		ok = a.left >= len(s) && passes(s, maxWord)
		a.left = max(a.left-len(s), 0)
		a.words[s] = ok
	}
	return ok
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
func (a *chamber) line(s string) string { return a.lineUpTo(s, maxLine) }

func (a *chamber) lineUpTo(s string, limit int) string {
	unseen := 0
	if len(s) > maxLook {
		var rest string
		s, rest = cutAtSpace(s, maxLook)
		unseen = utf8.RuneCountInString(rest)
	}
	return shorten(a.clean(s), limit, unseen)
}

// cutAtSpace cuts s before limit, in white space if there is some not far away:
// what would be half a secret goes as a whole.
func cutAtSpace(s string, limit int) (head, rest string) {
	const far = 1024 // bytes that go where there is none: the longest secret of one word
	limit -= far
	if i := strings.LastIndexAny(s[limit:limit+far], " \n\t"); i >= 0 {
		limit += i
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit], s[limit:]
}

// clean makes one line of s, of any length.
func (a *chamber) clean(s string) string {
	if line, known := a.lines[s]; known {
		return line
	}
	if !a.reads(len(s)) {
		return notRead
	}
	text, _ := decode([]byte(s), 0)
	text, stripped := strip(text)
	text, redacted := a.redactBroken(text, nil)
	line, more := strings.Join(strings.Fields(text), " "), 0
	if strings.Contains(text, "\n") { // a name may have stood on one line and its value on the next
		line, more = a.redact(line)
	}
	a.stripped, a.redacted = a.stripped+stripped, a.redacted+redacted+more
	a.lines[s] = line
	return line
}

// quote is line between quotes, for use within our own sentences.
func (a *chamber) quote(s string) string { return inQuotes(a.line(s)) }

// inQuotes marks a clean line as somebody else's words.
func inQuotes(s string) string { return `"` + strings.ReplaceAll(s, `"`, `'`) + `"` }

// lineOf is line for bytes of a machine.
func (a *chamber) lineOf(m cloudapi.MachineBytes) string { return a.line(string(m.Open())) }

// opened is the text of an output, clean. Of a very long one a part is missing.
type opened struct {
	text, note         string      // note says what is odd about it
	lost               map[int]int // how many lines a line stands for that stands for some
	dropped            int64
	redacted, stripped int
}

// lineAt is the number of the line of the whole output that i is in.
func (o *opened) lineAt(i int) int { return o.number(strings.Count(o.text[:i], "\n")) }

// number is that of a line of the text in the whole output, from 1.
func (o *opened) number(line int) int {
	n := line + 1
	for gap, lines := range o.lost {
		if gap < line {
			n += lines - 1
		}
	}
	return n
}

// output opens what a machine printed, nil if it is nothing or there is no time.
func (a *chamber) output(o cloudapi.Output) *opened {
	if o.Len() == 0 && o.DroppedBytes == 0 {
		return nil
	}
	return a.outputOf(o.Open(), o.DroppedBytes)
}

func (a *chamber) outputOf(b []byte, dropped int64) *opened {
	if !a.reads(min(len(b), maxOpen)) {
		return nil
	}
	o := opened{dropped: dropped}
	text, note := decode(b, dropped)
	secrets := secretsInASCII(b, note)
	if mended, ok := mend(text); ok {
		text, note = mended, wasGarbled
	}
	text, o.stripped = strip(text)
	text, o.redacted = a.redactBroken(withGaps(strings.Trim(text, "\n")), secrets)
	o.text, o.lost = openGaps(text)
	o.note = note
	return &o
}

// troubleOf is the line in which an output first speaks of trouble, 0 if it does
// not. That of what failed is searched if it is shown, that of what went well in
// any case: many a script goes on after an error.
func (a *chamber) troubleOf(x *result) int {
	switch {
	case x.opened != nil:
		if at, found := firstTrouble(x.opened.text); found {
			return x.opened.lineAt(at)
		}
	case x.verdict == OK:
		text, _ := decode(x.Output.Open(), x.Output.DroppedBytes)
		text = strings.TrimLeft(text, "\r\n")
		if at, found := firstTrouble(text); found {
			return strings.Count(text[:at], "\n") + 1
		}
	}
	return 0
}

// redactBroken is redact, and finds secrets also where bytes that are no text
// stand in their names. others are secrets that are known already.
func (a Airlock) redactBroken(text string, others []string) (clean string, redacted int) {
	clean, redacted = a.redact(text)
	if strings.Contains(clean, "\uFFFD") {
		if whole, more := a.redact(strings.ReplaceAll(clean, "\uFFFD", "")); more > 0 {
			clean, redacted = whole, redacted+more
		}
	}
	for _, secret := range others {
		if n := strings.Count(clean, secret); n > 0 {
			clean, redacted = strings.ReplaceAll(clean, secret, a.mark("secret", secret)), redacted+n
		}
	}
	return clean, redacted
}

// secretsInASCII finds the secrets of an output that is not UTF-8 in its ASCII
// alone, without the single bytes between: one before or in the name of a secret
// may have taken a letter of it for its own second half.
func secretsInASCII(b []byte, note string) (secrets []string) {
	if note == "" {
		return nil
	}
	if len(b) > maxOpen { // as much as is read of it
		b = slices.Concat(b[:maxOpen/2], []byte("\n"), b[len(b)-maxOpen/2:])
	}
	bare, single := bareASCII(b)
	if !single {
		return nil
	}
	for _, s := range findSecrets(bare) {
		if secret := bare[s.from:s.to]; len(secret) >= minRepeated && looksRandom(secret) {
			secrets = append(secrets, secret)
		}
	}
	slices.SortFunc(secrets, func(x, y string) int { return len(y) - len(x) })
	return slices.Compact(secrets)
}

// excerpt cuts an output to what a report shows of it. odd is a line that must be among it; -1: there is none.
func (a *chamber) excerpt(o *opened, odd int) *Output {
	if o == nil {
		return nil
	}
	limit := window
	if a.FullOutput {
		limit = fullText
	}
	shown := excerpt(o.text, limit, odd, o.lost, false)
	shown.Untrusted, shown.DroppedBytes, shown.Redacted, shown.Sanitized = true, o.dropped, o.redacted, o.stripped
	return &shown
}

// unwrap opens a text that holds JSON, or not. What comes out has not been
// through the airlock yet: decoding JSON may bring anything to light, so every
// string in it goes through line or outputOf when it is shown.
func unwrap(m cloudapi.MachineBytes) any {
	text, _ := decode(m.Open(), 0)
	return unwrapText(text, maxLayers)
}

// fingerprint is equal for outputs that are alike. It is only good for comparing
// within one process.
func (a *chamber) fingerprint(o cloudapi.Output) uint64 {
	a.folded = fold(a.folded[:0], o.Open())
	return maphash.Bytes(alikeSeed, a.folded)
}

var alikeSeed = maphash.MakeSeed()
