package formatters

import (
	"bytes"
	"math"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// An output may change its charset from line to line, hold bad bytes, and begin
// or end within a character. So each of the charsets gives every character a
// cost, the less the likelier it is in a log, and the reading of the whole that
// costs least is taken (the method is Viterbi's). Its time grows with the text
// alone.

type charset uint8

const (
	inUTF8 charset = iota
	inGB18030
	inUTF16LE
	inUTF16BE
	charsets = 4
)

// Costs. A character of ASCII costs 1 for each byte that it takes. What matters
// is how they compare; the tests of charset_reading_test.go hold each of them.
const (
	costSwitchLine = 6  // another charset from this line on
	costSwitchUTF  = 24 // to or from UTF-16 within a line
	costSwitchByte = 60 // between UTF-8 and GB18030 within a line: nearly never
	costBad        = 24 // a byte that belongs to no character
	costBadAgain   = 10 // another behind it
	costSplit      = 26 // a character with a byte too many in its middle
	costLabel      = 8  // the name of a secret with a byte too many
	costCut        = 4  // what a cut at one end has left of a character
	costNUL        = 8
	costControl    = 6
	costRare       = 14
	costNever      = 30
)

// step is how a position was reached: from which charset, over how many bytes,
// and as what.
type step struct {
	from charset
	size uint8
	kind uint8
}

const (
	isChar   = iota // a character
	isBad           // no character
	isCut           // a part of one, at the beginning or at the end
	isSwitch        // no bytes: another charset
	isLabel         // the name of a secret, perhaps with a byte too many: from here on the index in secretLabels
)

// label is a word before a secret. That a byte too many in it must not hide it
// is worth more than any other reading.
type label struct {
	word    string
	encoded [charsets][]byte
}

// reader finds the cheapest reading of b.
type reader struct {
	b      []byte
	cost   [][charsets]int32
	steps  [][charsets]step
	starts *[charsets][256][]labelStart
	cut    bool // at the beginning too
	may    [charsets]bool
}

// maxReading is how many bytes are read at once: some 40 bytes of memory for
// each. Longer texts, which no machine sends, are read in pieces.
const maxReading = 1 << 18

func newReader(b []byte, cut bool, may [charsets]bool) *reader {
	r := &reader{b: b, cut: cut, may: may, starts: labelStarts(), cost: make([][charsets]int32, len(b)+1), steps: make([][charsets]step, len(b)+1)}
	for i := range r.cost {
		r.cost[i] = [charsets]int32{math.MaxInt32, math.MaxInt32, math.MaxInt32, math.MaxInt32}
	}
	for c, start := range [charsets]int32{0, 4, 6, 10} {
		if may[c] {
			r.cost[0][c] = start
		}
	}
	return r
}

// read finds it; among lines of GB18030 that is likelier than UTF-8.
func (r *reader) read(amongGB18030 bool) []step {
	if amongGB18030 {
		r.cost[0][inUTF8], r.cost[0][inGB18030] = 4, 0
	}
	for p := range len(r.b) {
		r.switches(p)
		for c := range charset(charsets) {
			if r.cost[p][c] == math.MaxInt32 {
				continue
			}
			switch c {
			case inUTF8:
				r.utf8(p)
			case inGB18030:
				r.gb18030(p)
			default:
				r.utf16(p, c)
			}
			r.labels(p, c)
		}
	}
	return r.path()
}

// reach notes a way to p+size that costs less than those known.
func (r *reader) reach(p int, c charset, size, kind int, cost int32) {
	if cost += r.cost[p][c]; cost < r.cost[p+size][c] {
		r.cost[p+size][c] = cost
		r.steps[p+size][c] = step{c, uint8(size), uint8(kind)} //nolint:gosec // both are small
	}
}

// switches lets the reading go on in another charset.
func (r *reader) switches(p int) {
	if p == 0 {
		return
	}
	before, may := r.cost[p], r.may
	least := before
	for from := range charset(charsets) {
		if before[from] == math.MaxInt32 {
			continue
		}
		lineEnds := r.lineEnds(p, from)
		for to := range charset(charsets) {
			if !may[to] || to == from {
				continue
			}
			cost := int32(costSwitchUTF)
			switch {
			case lineEnds:
				cost = costSwitchLine
			case from <= inGB18030 && to <= inGB18030:
				cost = costSwitchByte
			}
			if cost += before[from]; cost < least[to] {
				least[to] = cost
				r.steps[p][to] = step{from, 0, isSwitch}
			}
		}
	}
	if least != before {
		r.cost[p] = least
	}
}

func (r *reader) lineEnds(p int, c charset) bool {
	switch c {
	case inUTF16LE:
		return p >= 2 && r.b[p-2] == '\n' && r.b[p-1] == 0
	case inUTF16BE:
		return p >= 2 && r.b[p-2] == 0 && r.b[p-1] == '\n'
	}
	return r.b[p-1] == '\n'
}

// bad takes one byte as no character, or as what a cut has left of one.
func (r *reader) bad(p int, c charset, high bool) {
	cost := int32(costBad)
	if p > 0 && high && r.b[p-1] >= utf8.RuneSelf {
		cost = costBadAgain
	}
	r.reach(p, c, 1, isBad, cost)
}

func ascii(c byte) int32 {
	switch {
	case c == 0:
		return costNUL
	case c < ' ' && (c < '\a' || c > '\r') && c != 0x1b:
		return costControl
	}
	return 1
}

func (r *reader) utf8(p int) {
	c := r.b[p]
	if c < utf8.RuneSelf {
		r.reach(p, inUTF8, 1, isChar, ascii(c))
		return
	}
	switch _, size := utf8.DecodeRune(r.b[p:]); size {
	case 1:
		if !utf8.FullRune(r.b[p:]) {
			r.reach(p, inUTF8, len(r.b)-p, isCut, costCut)
		}
		if r.cut && p < utf8.UTFMax-1 && !utf8.RuneStart(c) {
			r.reach(p, inUTF8, 1, isCut, costCut)
		}
		r.bad(p, inUTF8, true)
	case 2:
		r.reach(p, inUTF8, 2, isChar, 8)
	default:
		r.reach(p, inUTF8, size, isChar, 5)
	}
}

func (r *reader) gb18030(p int) {
	c := r.b[p]
	if c < utf8.RuneSelf {
		r.reach(p, inGB18030, 1, isChar, ascii(c))
		return
	}
	if char, size := gb18030Char(r.b[p:]); size > 0 {
		r.reach(p, inGB18030, size, isChar, r.gb18030Cost(p, char, size))
	} else if p+4 > len(r.b) && gb18030Begins(r.b[p:]) {
		r.reach(p, inGB18030, len(r.b)-p, isCut, costCut)
	}
	if r.cut && p < 3 {
		r.reach(p, inGB18030, 1, isCut, costCut)
	}
	r.bad(p, inGB18030, false)
}

// gb18030Begins tells whether b is the beginning of a character that goes on.
func gb18030Begins(b []byte) bool {
	return b[0] >= 0x81 && b[0] <= 0xfe && (len(b) == 1 || isDigit(b[1]) && (len(b) == 2 || len(b) == 3 && b[2] >= 0x81 && b[2] <= 0xfe))
}

func (r *reader) gb18030Cost(p int, char rune, size int) int32 {
	lead, trail := r.b[p], r.b[p+1]
	switch {
	case size == 4:
		return costRare
	case trail < 0xa1:
		if trail < utf8.RuneSelf && (r.inWord(p+1) || r.endsWord(p)) {
			return costBad + 4 // rather a stray byte before a word: its letter must not be lost
		}
		return costRare - 2
	case lead >= 0xb0 && lead <= 0xd7 && char < 0xe000: // the 3,755 that every text is made of
		return 4
	case lead == 0xa1, lead == 0xa3:
		return 5
	case lead >= 0xa2 && lead <= 0xa9:
		return 9
	case char >= 0xe000 && char < 0xf900:
		return costRare
	}
	return 10
}

// inWord tells whether a letter at p begins a word of three letters or more.
func (r *reader) inWord(p int) bool {
	if p+2 >= len(r.b) || !isAlnum(r.b[p]) && r.b[p] != '_' {
		return false
	}
	for _, c := range r.b[p+1 : p+3] {
		if !isAlnum(c) && c != '_' {
			return false
		}
	}
	return true
}

// endsWord tells whether a letter behind p ends a word that began before p.
func (r *reader) endsWord(p int) bool {
	return p > 0 && isAlnum(r.b[p-1]) && isAlnum(r.b[p+1]) && (p+2 == len(r.b) || r.b[p+2] < utf8.RuneSelf)
}

func (r *reader) utf16(p int, c charset) {
	left := r.b[p:]
	if len(left) == 1 {
		r.reach(p, c, 1, isCut, costCut)
		return
	}
	u := unit(left, c)
	switch {
	case utf16.IsSurrogate(u) && len(left) >= 4 && utf16.DecodeRune(u, unit(left[2:], c)) != utf8.RuneError:
		r.reach(p, c, 4, isChar, 12)
	case u >= 0xd800 && u < 0xdc00 && len(left) < 4:
		r.reach(p, c, len(left), isCut, costCut)
	default:
		r.reach(p, c, 2, isChar, unitCost(u))
	}
	if r.cut && p == 0 {
		r.reach(p, c, 1, isCut, costCut)
	}
	r.bad(p, c, false)
	if len(left) >= 3 { // a byte too many within a character
		if u := unit([]byte{left[0], left[2]}, c); u >= ' ' && u < 0x7f {
			r.reach(p, c, 3, isChar, costSplit)
		}
	}
}

func unit(b []byte, c charset) rune {
	if c == inUTF16BE {
		return rune(b[0])<<8 | rune(b[1])
	}
	return rune(b[1])<<8 | rune(b[0])
}

func unitCost(u rune) int32 {
	switch {
	case u == 0:
		return 2 * costNUL
	case u < utf8.RuneSelf:
		return 2 * ascii(byte(u)) //nolint:gosec // less than 128
	case u == 0xfeff:
		return 2
	case u >= 0x4e00 && u <= 0x9fff:
		if isCommon(u) {
			return 4
		}
		return 8
	case u >= 0x3000 && u < 0x3100, u >= 0xff00 && u < 0xff60, u >= 0x2010 && u < 0x2030, u >= 0x2500 && u < 0x2600:
		return 6
	case u >= 0xac00 && u < 0xd7a4, u < 0x530:
		return 9
	case utf16.IsSurrogate(u), u >= 0xe000 && u < 0xf900, u >= 0xfff0:
		return costNever
	case unicode.IsGraphic(u):
		return costRare
	}
	return costNever
}

// isCommon tells whether r is one of the first 3,755 characters of GB 2312.
func isCommon(r rune) bool { return commonHan()[(r-0x4e00)>>6]&(1<<(r&63)) != 0 }

var commonHan = sync.OnceValue(func() *[(0xa000 - 0x4e00) / 64]uint64 {
	var table [(0xa000 - 0x4e00) / 64]uint64
	for lead := byte(0xb0); lead <= 0xd7; lead++ {
		for trail := byte(0xa1); trail <= 0xfe; trail++ {
			if r := gb18030Pairs()[pairIndex(lead, trail)]; r >= 0x4e00 && r < 0xa000 {
				table[(r-0x4e00)>>6] |= 1 << (r & 63)
			}
		}
	}
	return &table
})

// secretLabels are the Chinese names of secrets that redaction knows; the
// English ones are found without their stray bytes (see bareASCII).
var secretLabels = sync.OnceValue(func() []label {
	var labels []label
	names := []string{"密码", "密碼", "口令", "密钥", "密鑰", "令牌", "凭证", "凭据", "私钥"}
	for i := range names {
		names = append(names, names[i]+"：")
	}
	for _, word := range names {
		l := label{word: word}
		l.encoded[inUTF8] = []byte(word)
		l.encoded[inGB18030], _ = simplifiedchinese.GBK.NewEncoder().Bytes([]byte(word))
		for _, u := range utf16.Encode([]rune(word)) {
			l.encoded[inUTF16LE] = append(l.encoded[inUTF16LE], byte(u), byte(u>>8))
			l.encoded[inUTF16BE] = append(l.encoded[inUTF16BE], byte(u>>8), byte(u))
		}
		labels = append(labels, l)
	}
	return labels
})

// labelStart is a label as it stands in one charset.
type labelStart struct {
	index int // in secretLabels
	word  []byte
}

// labelStarts are the labels of each charset by their first byte, for they are
// looked for at every byte.
var labelStarts = sync.OnceValue(func() *[charsets][256][]labelStart {
	var starts [charsets][256][]labelStart
	for i, l := range secretLabels() {
		for c, word := range l.encoded {
			if len(word) > 0 {
				starts[c][word[0]] = append(starts[c][word[0]], labelStart{i, word})
			}
		}
	}
	return &starts
})

// labels looks for a label with one byte too many.
func (r *reader) labels(p int, c charset) {
	if c <= inGB18030 && r.b[p] < utf8.RuneSelf {
		return
	}
	for _, l := range r.starts[c][r.b[p]] {
		if bytes.HasPrefix(r.b[p:], l.word) {
			r.reach(p, c, len(l.word), isLabel+l.index, 0)
		} else if len(r.b)-p > len(l.word) && withOneMore(r.b[p:p+len(l.word)+1], l.word) {
			r.reach(p, c, len(l.word)+1, isLabel+l.index, costLabel)
		}
	}
}

// withOneMore tells whether b is word with one byte more.
func withOneMore(b, word []byte) bool {
	i := 0
	for i < len(word) && b[i] == word[i] {
		i++
	}
	return bytes.Equal(b[i+1:], word[i:])
}

// path is the cheapest way to the end, step by step.
func (r *reader) path() []step {
	p, c := len(r.b), inUTF8
	for other := range charset(charsets) {
		if r.cost[p][other] < r.cost[p][c] {
			c = other
		}
	}
	var path []step
	for p > 0 {
		s := r.steps[p][c]
		if s.kind != isSwitch {
			from := s.from
			s.from = c
			path = append(path, s)
			p -= int(s.size)
			c = from
			continue
		}
		c = s.from
	}
	for i, j := 0, len(path)-1; i < j; i, j = i+1, j-1 {
		path[i], path[j] = path[j], path[i]
	}
	return path
}

// stretch of one charset, at most a line of UTF-8 or GB18030.
type charsetRun struct {
	charset                     charset
	from, to                    int
	steps                       []step
	wide, likely, bad, badPlace int
	strong, asciiPairs          int // in UTF-16: what every text is made of, and what two letters of ASCII look like
}

// runs cuts a path where the charset changes, and at the ends of lines.
func (r *reader) runs(path []step) []charsetRun {
	var runs []charsetRun
	p := 0
	for i := 0; i < len(path); {
		run := charsetRun{charset: path[i].from, from: p}
		first := i
		for i < len(path) && path[i].from == run.charset {
			s := path[i]
			r.count(&run, p, s, i > first && path[i-1].kind == isBad)
			p += int(s.size)
			i++
			if run.charset <= inGB18030 && r.b[p-1] == '\n' {
				break
			}
		}
		run.to, run.steps = p, path[first:i]
		runs = append(runs, run)
	}
	return runs
}

func (r *reader) count(run *charsetRun, p int, s step, again bool) {
	switch {
	case s.kind == isBad:
		run.bad++
		if !again {
			run.badPlace++
		}
	case s.kind >= isLabel:
		run.wide, run.likely, run.strong = run.wide+2, run.likely+2, run.strong+2
	case s.kind == isChar && run.charset == inGB18030 && s.size > 1:
		run.wide++
		if r.gb18030Cost(p, first(gb18030Char(r.b[p:])), int(s.size)) <= 5 {
			run.likely++
		}
	case s.kind == isChar && run.charset == inUTF8 && s.size > 1:
		run.wide++
	case s.kind == isChar && run.charset >= inUTF16LE:
		if s.size == 2 && unit(r.b[p:], run.charset) == 0xfeff {
			return // a byte order mark alone proves nothing
		}
		run.wide++
		if s.size != 2 {
			return
		}
		cost := unitCost(unit(r.b[p:], run.charset))
		if cost <= 9 {
			run.likely++
		}
		if cost <= 6 {
			run.strong++
		}
		if x, y := r.b[p], r.b[p+1]; x >= ' ' && x < 0x7f && y >= ' ' && y < 0x7f {
			run.asciiPairs++
		}
	}
}

func first(r rune, _ int) rune { return r }

// credible tells whether a run is what its charset says, and no binary.
func (run charsetRun) credible() bool {
	switch run.charset {
	case inUTF8:
		return true
	case inGB18030:
		return run.bad <= run.wide && (run.bad == 0 || 2*run.likely >= run.wide)
	default:
		return run.wide >= 3 && 4*run.likely >= 3*run.wide && 2*run.strong >= run.wide && 2*run.asciiPairs <= run.wide && 4*run.bad <= run.wide
	}
}

// write appends a run. Of a byte that belongs to no character nothing is left
// where it is what a cut left, or else one U+FFFD for those in a row.
func (r *reader) write(text *strings.Builder, run charsetRun, heal bool) {
	p, bad := run.from, false
	for _, s := range run.steps {
		b := r.b[p : p+int(s.size)]
		p += int(s.size)
		switch {
		case s.kind == isCut:
		case s.kind == isBad:
			if !bad && !heal {
				text.WriteRune(utf8.RuneError)
			}
		case s.kind >= isLabel:
			l := secretLabels()[s.kind-isLabel]
			if len(b) > len(l.encoded[run.charset]) {
				text.WriteRune(utf8.RuneError)
			}
			text.WriteString(l.word)
		default:
			r.writeChar(text, b, run.charset)
		}
		bad = s.kind == isBad
	}
}

func (r *reader) writeChar(text *strings.Builder, b []byte, c charset) {
	switch {
	case c == inUTF8, c == inGB18030 && len(b) == 1:
		text.Write(b)
	case c == inGB18030:
		text.WriteRune(first(gb18030Char(b)))
	case len(b) == 4:
		text.WriteRune(utf16.DecodeRune(unit(b, c), unit(b[2:], c)))
	case len(b) == 3:
		text.WriteRune(utf8.RuneError)
		text.WriteRune(unit([]byte{b[0], b[2]}, c))
	default:
		if u := unit(b, c); u != 0xfeff {
			text.WriteRune(u)
		}
	}
}
