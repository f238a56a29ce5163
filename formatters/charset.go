package formatters

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// What decode had to do, in words for the report.
const (
	readAsGB18030 = "the output is not UTF-8 and was read as GB18030"
	readAsUTF16   = "the output is not UTF-8 and was read as UTF-16"
	readAsMixed   = "parts of the output are not UTF-8 and were read as "
	notText       = "not all of the output is text in UTF-8, GB18030 or UTF-16: the rest was replaced by \uFFFD"
	wasGarbled    = "the output was UTF-8 that the agent had taken for GBK, and was mended as far as nothing was lost; to prevent that, begin the PowerShell script with `[Console]::OutputEncoding=[System.Text.Encoding]::UTF8`"
)

// decode makes UTF-8 of b and says what it had to do, "" if nothing. A cut may
// have split a character: at the end, for the command may be running; with
// dropped bytes at the beginning too, and at the join of what the agent kept.
func decode(b []byte, dropped int64) (text, note string) {
	if utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 {
		return string(b), ""
	}
	var d decoding
	for cut := dropped > 0; len(b) > 0; cut = false {
		n := min(len(b), maxReading)
		d.add(b[:n], cut, dropped > 0)
		b = b[n:]
	}
	return d.text.String(), d.note()
}

// decoding is what has been read.
type decoding struct {
	text strings.Builder
	used [charsets]bool // for more than ASCII
	bad  bool
}

// note says what was done.
func (d *decoding) note() string {
	wide16 := d.used[inUTF16LE] || d.used[inUTF16BE]
	var note string
	switch {
	case !d.used[inUTF8] && d.used[inGB18030] && !wide16:
		note = readAsGB18030
	case !d.used[inUTF8] && !d.used[inGB18030] && wide16:
		note = readAsUTF16
	case d.used[inGB18030] && wide16:
		note = readAsMixed + "GB18030 and UTF-16"
	case d.used[inGB18030]:
		note = readAsMixed + "GB18030"
	case wide16:
		note = readAsMixed + "UTF-16"
	}
	switch {
	case d.bad && note != "":
		note += "; what is no text was replaced by \uFFFD"
	case d.bad:
		note = notText
	}
	return note
}

// add reads b, without the charsets in which it would be no text.
func (d *decoding) add(b []byte, cut, joined bool) {
	may := [charsets]bool{true, true, true, true}
	r := newReader(b, cut, may)
	runs := r.runs(r.read())
	for again := doubtful(runs, &may); again; again = doubtful(runs, &may) {
		r = newReader(b, cut, may)
		runs = r.runs(r.read())
	}
	heal := joined && d.placesToHeal(r, runs)
	for _, run := range runs {
		d.addRun(r, run, heal)
	}
}

// doubtful takes a charset out of may that made text of none of its runs, or, if
// it is UTF-16, not of all.
func doubtful(runs []charsetRun, may *[charsets]bool) bool {
	var good, poor [charsets]bool
	for _, run := range runs {
		good[run.charset] = good[run.charset] || run.credible()
		poor[run.charset] = poor[run.charset] || !run.credible()
	}
	for c := range may {
		if may[c] && poor[c] && (!good[c] || charset(c) >= inUTF16LE) { //nolint:gosec // less than charsets
			may[c] = false
			return true
		}
	}
	return false
}

// maxJoins is in how many places cuts may have left bytes within an output: at
// the join between its head and its tail, and in front of either.
const maxJoins = 2

// placesToHeal tells whether all bytes that belong to no character can be what
// cuts have left of two.
func (d *decoding) placesToHeal(r *reader, runs []charsetRun) bool {
	places := 0
	for _, run := range runs {
		if !run.credible() {
			return false
		}
		places += run.badPlace
		if run.bad > 0 && run.charset == inUTF8 && !r.splitOnly(run) {
			return false
		}
	}
	return places <= maxJoins
}

func (d *decoding) addRun(r *reader, run charsetRun, heal bool) {
	if !run.credible() {
		d.bad = d.bad || !utf8.Valid(r.b[run.from:run.to])
		d.text.WriteString(strings.ToValidUTF8(string(r.b[run.from:run.to]), "\uFFFD"))
		return
	}
	d.used[run.charset] = d.used[run.charset] || run.wide > 0
	before := d.text.Len()
	r.write(&d.text, run, heal)
	d.bad = d.bad || strings.Contains(d.text.String()[before:], "\uFFFD") && !(run.charset == inUTF8 && run.bad == 0)
}

// splitOnly tells whether what is bad in a run of UTF-8 looks as cut characters
// do: their beginning, their end, or both.
func (r *reader) splitOnly(run charsetRun) bool {
	p := run.from
	for i := 0; i < len(run.steps); {
		start := p
		for i < len(run.steps) && (run.steps[i].kind == isBad || run.steps[i].kind == isCut && r.b[p] >= utf8.RuneSelf && p < utf8.UTFMax-1) {
			p += int(run.steps[i].size)
			i++
		}
		if p > start && !splitCharacter(r.b[start:p]) {
			return false
		}
		if i < len(run.steps) {
			p += int(run.steps[i].size)
			i++
		}
	}
	return true
}

// splitCharacter tells whether b can be what is left of UTF-8 where it was cut:
// the beginning of a character, the end of one, or both.
func splitCharacter(b []byte) bool {
	if len(b) > 3 {
		return false
	}
	if b[0] >= 0xc2 && b[0] <= 0xf4 {
		b = b[1:]
	}
	for _, c := range b {
		if c < 0x80 || c > 0xbf {
			return false
		}
	}
	return true
}

// longAndStray counts the characters of three bytes or more, and the bytes that
// belong to none.
func longAndStray(b []byte) (long, stray int) {
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			stray++
		}
		if size >= 3 {
			long++
		}
		b = b[size:]
	}
	return long, stray
}

// bareASCII is b without the single bytes that are no ASCII, and with U+FFFD in
// the place of more in a row. single tells whether there are single ones.
func bareASCII(b []byte) (text string, single bool) {
	bare := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		n := 0
		for i+n < len(b) && b[i+n] >= utf8.RuneSelf {
			n++
		}
		switch {
		case n == 0:
			bare = append(bare, b[i])
			n = 1
		case n == 1:
			single = true
		default:
			bare = append(bare, "\uFFFD"...)
		}
		i += n
	}
	return string(bare), single
}

// mend undoes what a Windows agent does to a script that prints UTF-8: it takes
// the bytes for GBK, whenever the system's language is not English, and converts
// them. Taken back, most of them must be long characters of UTF-8; real Chinese
// hardly ever gives one. What the conversion has lost stays lost.
func mend(text string) (mended string, ok bool) {
	if !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return text, false
	}
	b, err := encoding.ReplaceUnsupported(simplifiedchinese.GBK.NewEncoder()).Bytes([]byte(text))
	if err != nil {
		return text, false
	}
	b = bytes.ReplaceAll(b, []byte{encoding.ASCIISub}, []byte{0xff}) // what no GBK can have been
	if long, stray := longAndStray(b); long < minGarbled || long <= stray {
		return text, false
	}
	return strings.ToValidUTF8(string(b), "\uFFFD"), true
}

const minGarbled = 4 // characters; fewer prove nothing
