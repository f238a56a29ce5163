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
	if text, ok := healEnds(b, dropped > 0); ok {
		return text, ""
	}
	var d decoding
	for cut := dropped > 0; len(b) > 0; cut = false {
		n := pieceLength(b)
		d.add(b[:n], cut, dropped > 0)
		b = b[n:]
	}
	return d.text.String(), d.note()
}

// pieceLength is how much of b is read at once: whole lines, if they are not too long.
func pieceLength(b []byte) int {
	if len(b) <= maxReading {
		return len(b)
	}
	n := bytes.LastIndexByte(b[:maxReading], '\n') + 1
	switch {
	case n == 0:
		return maxReading
	case b[n] == 0: // the second byte of a line break in UTF-16
		return n + 1
	}
	return n
}

// healEnds takes away what a cut has left of a character at the ends of UTF-8.
func healEnds(b []byte, cut bool) (text string, ok bool) {
	for i := 0; cut && i < utf8.UTFMax-1 && len(b) > 0 && !utf8.RuneStart(b[0]); i++ {
		b = b[1:]
	}
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		if end := b[len(b)-i:]; utf8.RuneStart(end[0]) {
			if !utf8.FullRune(end) {
				b = b[:len(b)-i]
			}
			break
		}
	}
	proved := bytes.ContainsFunc(b, func(r rune) bool { return r >= utf8.RuneSelf })
	return string(b), proved && utf8.Valid(b) && bytes.IndexByte(b, 0) < 0
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

// add reads b, without the charsets in which it would be no text. Lines that can
// be one thing only are not weighed.
func (d *decoding) add(b []byte, cut, joined bool) {
	hard, easy := d.withoutEasyLines(b, cut)
	may := [charsets]bool{true, true, true, true}
	r := newReader(hard, cut, may)
	runs := r.runs(r.read(d.used[inGB18030]))
	for again := doubtful(runs, &may); again; again = doubtful(runs, &may) {
		r = newReader(hard, cut, may)
		runs = r.runs(r.read(d.used[inGB18030]))
	}
	heal := joined && d.placesToHeal(r, runs)
	for _, run := range runs {
		for len(easy) > 0 && easy[0].before <= run.from {
			d.text.WriteString(easy[0].text)
			easy = easy[1:]
		}
		d.addRun(r, run, heal)
	}
	for _, e := range easy {
		d.text.WriteString(e.text)
	}
}

// easyLines is the text of lines that need no weighing, and before which byte of
// the others they stand.
type easyLines struct {
	before int
	text   string
}

// withoutEasyLines takes out of b the lines that are ASCII, UTF-8 beyond doubt,
// or GB18030 of common characters alone. Where anything may be UTF-16, none is
// easy. The first line of what was cut is not, for it may begin with half a
// character.
func (d *decoding) withoutEasyLines(b []byte, cut bool) (hard []byte, easy []easyLines) {
	for _, c := range b {
		if c < ' ' && ascii(c) > 1 {
			return b, nil
		}
	}
	var text []byte
	flush := func() {
		if len(text) > 0 {
			easy = append(easy, easyLines{len(hard), string(text)})
			text = text[:0]
		}
	}
	for line := range bytes.Lines(b) {
		longer, ok := text, false
		if !cut {
			longer, ok = d.easyLine(text, line)
		}
		if cut = false; ok {
			text = longer
			continue
		}
		flush()
		hard = append(hard, line...)
	}
	flush()
	return hard, easy
}

func (d *decoding) easyLine(text, line []byte) (longer []byte, ok bool) {
	if utf8.Valid(line) {
		long, _ := longAndStray(line)
		wide := bytes.ContainsFunc(line, func(r rune) bool { return r >= utf8.RuneSelf })
		d.used[inUTF8] = d.used[inUTF8] || long > 0
		return append(text, line...), long > 0 || !wide
	}
	r := reader{b: line}
	longer = text
	for p := 0; p < len(line); {
		n := p
		for n < len(line) && line[n] < utf8.RuneSelf {
			n++
		}
		if n > p {
			longer = append(longer, line[p:n]...)
			p = n
			continue
		}
		char, size := gb18030Char(line[p:])
		if size == 0 || r.gb18030Cost(p, char, size) > 5 {
			return text, false
		}
		longer = utf8.AppendRune(longer, char)
		p += size
	}
	d.used[inGB18030] = true
	return longer, true
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
		if may[c] && poor[c] && (!good[c] || charset(c) >= inUTF16LE) {
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
	d.bad = d.bad || (run.charset != inUTF8 || run.bad > 0) && strings.Contains(d.text.String()[before:], "\uFFFD")
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
		switch n {
		case 0:
			bare = append(bare, b[i])
			n = 1
		case 1:
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
