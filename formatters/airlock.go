package formatters

import (
	"bytes"
	"hash/maphash"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/alitriage/alitriage/cloudapi"
)

// Airlock is the one way for text of cloud origin into a report. It decodes,
// then strips, then redacts, then cuts: a secret must not survive because a cut
// went through it.
type Airlock struct {
	// Key makes the marks of redacted secrets: equal secrets get equal marks, and
	// without the key a mark cannot be guessed back.
	Key []byte
	// FullOutput shows outputs whole, up to the limits of the report.
	FullOutput bool
}

const (
	maxLine  = 240   // runes of cloud text in a line of ours
	maxWord  = 128   // bytes of an id or status
	window   = 3_000 // bytes shown of one output
	fullText = 40_000
	longLine = 1_000 // runes of one line of output
)

// word passes ids and statuses, which stand in our sentences without quotes when
// they have the shape of one; anything else is quoted.
func (a Airlock) word(s string) string {
	if isWord(s) {
		return s
	}
	return a.quote(s)
}

func isWord(s string) bool {
	if s == "" || len(s) > maxWord {
		return false
	}
	for i := range len(s) {
		c := s[i]
		ok := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.:/+=@", c) >= 0
		if !ok {
			return false
		}
	}
	return true
}

// words is word for a list.
func (a Airlock) words(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = a.word(s)
	}
	return out
}

// line makes free text one clean, short line.
func (a Airlock) line(s string) string {
	clean, _ := strip(decode([]byte(s), 0))
	clean, _ = a.redact(strings.Join(strings.Fields(clean), " "))
	return shorten(clean, maxLine)
}

// quote is line between quotes, for use within our own sentences.
func (a Airlock) quote(s string) string { return inQuotes(a.line(s)) }

// inQuotes marks a clean line as somebody else's words.
func inQuotes(s string) string { return `"` + strings.ReplaceAll(s, `"`, `'`) + `"` }

// lineOf is line for bytes of a machine.
func (a Airlock) lineOf(m cloudapi.MachineBytes) string { return a.line(string(m.Open())) }

// output opens what a machine printed.
func (a Airlock) output(o cloudapi.Output) *Output {
	if o.Len() == 0 && o.DroppedBytes == 0 {
		return nil
	}
	text, stripped := strip(decode(o.Open(), o.DroppedBytes))
	text, redacted := a.redact(strings.Trim(text, "\n"))
	limit := window
	if a.FullOutput {
		limit = fullText
	}
	shown, shownLines, totalLines := cut(text, limit)
	return &Output{
		Text: shown, Untrusted: true, DroppedBytes: o.DroppedBytes, Redacted: redacted, Sanitized: stripped,
		ShownLines: shownLines, TotalLines: totalLines,
	}
}

var alikeSeed = maphash.MakeSeed()

// alike is equal for outputs that differ in digits, white space or the name of
// their instance alone. It is only good for comparing within one process.
func alike(r *cloudapi.InvocationResult) uint64 {
	raw := r.Output.Open()
	if id := string(r.InstanceID); id != "" {
		raw = bytes.ReplaceAll(raw, []byte(id), []byte("#"))
	}
	folded := make([]byte, 0, len(raw))
	for _, c := range raw {
		switch {
		case '0' <= c && c <= '9':
			c = '0'
		case c == '\t' || c == '\n' || c == '\r':
			c = ' '
		}
		if n := len(folded); n > 0 && folded[n-1] == c && (c == '0' || c == ' ') {
			continue
		}
		folded = append(folded, c)
	}
	return maphash.Bytes(alikeSeed, bytes.TrimSpace(folded))
}

// decode makes UTF-8 of b. The agent's byte cut may have split a character;
// that alone must not make the rest look like another charset.
func decode(b []byte, dropped int64) string {
	if utf8.Valid(b) {
		return string(b)
	}
	if dropped > 0 {
		if healed, ok := heal(b); ok {
			return healed
		}
	}
	if text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b); err == nil && !bytes.ContainsRune(text, utf8.RuneError) {
		return string(text)
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

// heal drops at most three stray bytes in each of at most two places: the
// beginning, and the join between head and tail.
func heal(b []byte) (string, bool) {
	var healed strings.Builder
	places, run := 0, 0
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			if run++; run == 1 {
				places++
			}
			if run > 3 || places > 2 {
				return "", false
			}
		} else {
			run = 0
			healed.Write(b[:size])
		}
		b = b[size:]
	}
	return healed.String(), true
}

var trouble = regexp.MustCompile(`(?i)\b(error|fail|failed|failure|fatal|panic|exception|traceback|denied|refused|killed|cannot|can't|unable|no space|not found|no such|timed out|timeout)\b`)

// cut keeps whole lines within limit bytes: a window around the first line that
// speaks of trouble, and the end.
func cut(text string, limit int) (shown string, shownLines, totalLines int) {
	if text == "" {
		return "", 0, 0
	}
	lines := strings.Split(text, "\n")
	totalLines = len(lines)
	for i, line := range lines {
		lines[i] = shorten(line, longLine)
	}
	if size(lines) <= limit {
		return strings.Join(lines, "\n"), totalLines, totalLines
	}
	tail := fitBackwards(lines, limit/2)
	head := firstTrouble(lines[:tail])
	from, to := max(head-4, 0), max(head-4, 0)
	for to < tail && size(lines[from:to+1]) <= limit/2 {
		to++
	}
	var parts []string
	if from > 0 {
		parts = append(parts, leftOut(from))
	}
	parts = append(parts, lines[from:to]...)
	if to < tail {
		parts = append(parts, leftOut(tail-to))
	}
	parts = append(parts, lines[tail:]...)
	return strings.Join(parts, "\n"), to - from + totalLines - tail, totalLines
}

// fitBackwards returns the index from which the lines fit into limit.
func fitBackwards(lines []string, limit int) int {
	i := len(lines)
	for used := 0; i > 0; i-- {
		if used += len(lines[i-1]) + 1; used > limit {
			break
		}
	}
	return i
}

func firstTrouble(lines []string) int {
	for i, line := range lines {
		if trouble.MatchString(line) {
			return i
		}
	}
	return 0
}

func leftOut(n int) string { return "[… " + count(n, "line") + " left out by alitriage …]" }

func size(lines []string) int {
	n := 0
	for _, line := range lines {
		n += len(line) + 1
	}
	return n
}

// shorten cuts s to limit runes and says how many it took away.
func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	n := utf8.RuneCountInString(s)
	if n <= limit {
		return s
	}
	end := 0
	for range limit {
		_, size := utf8.DecodeRuneInString(s[end:])
		end += size
	}
	return s[:end] + "… [+" + count(n-limit, "character") + "]"
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
	if isWord(s) {
		return s
	}
	return a.line(s)
}
