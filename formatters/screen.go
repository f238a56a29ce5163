package formatters

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The control characters that stripControls leaves for the screen, in the place
// of what moves the cursor or erases: it has removed those that came. What has a
// number is followed by it, as a character from markNumber on.
const (
	eraseRest  = '\x1b'
	eraseLine  = '\x00'
	backspace  = '\b'
	toColumn   = '\x01'
	forward    = '\x02'
	back       = '\x03'
	up         = '\x04'
	down       = '\x05'
	eraseFirst = '\x06'
	eraseBelow = '\x0e'
	saveCursor = '\x0f'
	restore    = '\x10'
	markNumber = 0x4000
	maxMove    = 2000    // columns or lines in one movement
	maxScreen  = 1 << 19 // bytes of text on one screen, which takes memory
)

// movesCursor tells which marks make a line differ from what was written in it;
// verticalMarks those that lead to other lines.
const (
	movesCursor   = "\r\b\x01\x02\x03\x10"
	verticalMarks = "\x04\x05\x0e\x10"
)

// csiMark is the mark for a control sequence with its final byte, "" for what
// shows nothing. Absolute lines (CUP, VPA) count as nothing: an output does not
// tell where on a screen it began.
func csiMark(parameters string, final byte) string {
	switch final {
	case 'K':
		switch parameters {
		case "", "0":
			return string(eraseRest)
		case "1":
			return string(eraseFirst)
		case "2":
			return string(eraseLine)
		}
	case 'J':
		if parameters == "" || parameters == "0" {
			return string(eraseBelow)
		}
	case 's', 'u':
		if parameters == "" {
			return map[byte]string{'s': string(saveCursor), 'u': string(restore)}[final]
		}
	}
	n, ok := moveBy(parameters)
	if !ok {
		return ""
	}
	number := string(rune(markNumber + n)) //nolint:gosec // n is at most maxMove
	switch final {
	case 'A':
		return string(up) + number
	case 'B', 'e':
		return string(down) + number
	case 'C', 'a':
		return string(forward) + number
	case 'D':
		return string(back) + number
	case 'E':
		return "\r" + string(down) + number
	case 'F':
		return "\r" + string(up) + number
	case 'G', '`':
		return string(toColumn) + number
	}
	return ""
}

func moveBy(parameters string) (n int, ok bool) {
	for i := range len(parameters) {
		if !isDigit(parameters[i]) {
			return 0, false
		}
		n = min(n*10+int(parameters[i]-'0'), maxMove)
	}
	return max(n, 1), true
}

// resolveCursor shows what a terminal would, and counts the lines in which
// something was overwritten. Without a movement nothing was under the cursor.
func resolveCursor(s string) (clean string, overwritten int) {
	if strings.ContainsAny(s, verticalMarks) {
		if i := strings.IndexByte(s[min(maxScreen, len(s)):], '\n'); i >= 0 {
			head, n := resolveCursor(s[:maxScreen+i])
			tail, more := resolveCursor(s[maxScreen+i+1:])
			return head + "\n" + tail, n + more
		}
		return newScreen(len(s)).show(s), 1
	}
	if !strings.ContainsAny(s, movesCursor) {
		return withoutMarks(s), 0
	}
	lines := strings.Split(s, "\n")
	one := newScreen(len(s)) // for each line in turn, with room for all
	for i, line := range lines {
		line = strings.TrimRight(line, "\r")
		if strings.ContainsAny(line, movesCursor) {
			overwritten++
			one.clear()
			line = one.show(line)
		} else {
			line = withoutMarks(line)
		}
		lines[i] = line
	}
	return strings.Join(lines, "\n"), overwritten
}

func withoutMarks(s string) string {
	if nextControl(s) == len(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
}

// cell is what one column shows: a character with the marks that combine with
// it. The second column of a wide character is wideTail.
type cell struct {
	char  rune
	marks string
}

const (
	wideTail = -1
	maxMarks = 64 // bytes of marks in one cell
	tabStop  = 8
)

// screen is a terminal of any width and height. The cursor never goes above the
// output, and at most one line below what there is of it.
type screen struct {
	lines       [][]cell
	row, column int
	saved       [2]int
	room        int  // blanks and erased cells that may still cost time; hostile text has no more
	struck      bool // the cursor has just gone back by a backspace
}

func newScreen(size int) *screen { return &screen{lines: make([][]cell, 1), room: 2*size + 4*maxMove} }

func (s *screen) clear() {
	s.lines[0], s.row, s.column, s.saved = s.lines[0][:0], 0, 0, [2]int{}
}

func (s *screen) show(text string) string {
	for i := 0; i < len(text); {
		if n := s.writeASCII(text[i:]); n > 0 {
			i += n
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		n := 0
		if r == toColumn || r == forward || r == back || r == up || r == down {
			number, size := utf8.DecodeRuneInString(text[i:])
			n, i = int(number)-markNumber, i+size
		}
		s.put(r, n)
	}
	var shown strings.Builder
	for i, line := range s.lines {
		if i > 0 {
			shown.WriteByte('\n')
		}
		writeCells(&shown, line)
	}
	return shown.String()
}

// writeASCII writes what is simple of the beginning of text, and returns how much
// that is: letters where no wide character stands.
func (s *screen) writeASCII(text string) (n int) {
	line := s.lines[s.row]
	for n < len(text) && text[n] >= ' ' && text[n] < 0x7f && !s.struck {
		switch next := s.column + 1; {
		case s.column == len(line):
			line = append(line, cell{char: rune(text[n])})
		case s.column > len(line), line[s.column].char == wideTail, next < len(line) && line[next].char == wideTail:
			s.lines[s.row] = line
			return n
		default:
			line[s.column] = cell{char: rune(text[n])}
		}
		s.column++
		n++
	}
	s.lines[s.row] = line
	return n
}

func writeCells(shown *strings.Builder, line []cell) {
	for len(line) > 0 && line[len(line)-1] == (cell{char: ' '}) {
		line = line[:len(line)-1]
	}
	for _, c := range line {
		if c.char != wideTail {
			shown.WriteRune(c.char)
			shown.WriteString(c.marks)
		}
	}
}

func (s *screen) put(r rune, n int) {
	switch r {
	case '\n':
		s.row, s.column = s.row+1, 0
		if s.row == len(s.lines) {
			s.lines = append(s.lines, nil)
		}
	case '\r':
		s.column = 0
	case '\t':
		s.column += tabStop - s.column%tabStop
	case backspace:
		s.column = max(s.column-1, 0)
	case toColumn:
		s.column = n - 1
	case forward:
		s.column += n
	case back:
		s.column = max(s.column-n, 0)
	case up:
		s.row = max(s.row-n, 0)
	case down:
		s.row = min(s.row+n, len(s.lines)) // one new line for however many: nothing may be lost in the last
		if s.row == len(s.lines) {
			s.lines = append(s.lines, nil)
		}
	case saveCursor:
		s.saved = [2]int{s.row, s.column}
	case restore:
		s.row, s.column = min(s.saved[0], len(s.lines)-1), s.saved[1]
	case eraseRest, eraseLine, eraseFirst, eraseBelow:
		s.erase(r)
	default:
		s.write(r)
	}
	s.struck = r == backspace
}

func (s *screen) erase(r rune) {
	line := s.lines[s.row]
	switch r {
	case eraseLine:
		line = line[:0]
	case eraseFirst:
		if s.column+1 >= len(line) || s.room < s.column {
			line = line[:0]
			break
		}
		s.room -= s.column
		for i := range s.column + 1 {
			line = s.blank(line, i)
		}
	default:
		if s.column < len(line) {
			line = s.blank(line, s.column)[:s.column]
		}
		if r == eraseBelow {
			s.lines = s.lines[:s.row+1]
		}
	}
	s.lines[s.row] = line
}

// blank empties a column, and with it the other half of a wide character.
func (s *screen) blank(line []cell, column int) []cell {
	if line[column].char == wideTail && column > 0 {
		line[column-1] = cell{char: ' '}
	}
	if column+1 < len(line) && line[column+1].char == wideTail {
		line[column+1] = cell{char: ' '}
	}
	line[column] = cell{char: ' '}
	return line
}

func (s *screen) write(r rune) {
	line := s.lines[s.row]
	if s.combine(line, r) {
		return
	}
	wide := isWide(r)
	if s.struck && s.column < len(line) {
		if wide && line[s.column].char == wideTail { // struck over as a whole, as nroff does
			s.column--
		}
		if r == '_' && line[s.column].char != ' ' { // underlined after it was written
			s.column++
			return
		}
	}
	if s.column > len(line) {
		if n := s.column - len(line); n <= s.room {
			s.room -= n
			line = append(line, slices.Repeat([]cell{{char: ' '}}, n)...)
		} else {
			s.column = len(line)
		}
	}
	line = s.set(line, r)
	if wide {
		line = s.set(line, wideTail)
	}
	s.lines[s.row] = line
}

// set fills the column of the cursor, and moves on.
func (s *screen) set(line []cell, r rune) []cell {
	column := s.column
	s.column++
	if column == len(line) {
		return append(line, cell{char: r})
	}
	if r != wideTail {
		line = s.blank(line, column)
	} else if column+1 < len(line) && line[column+1].char == wideTail {
		line[column+1] = cell{char: ' '}
	}
	line[column] = cell{char: r}
	return line
}

// combine adds what takes no column to the character before it.
func (s *screen) combine(line []cell, r rune) bool {
	if r < 0xad || !unicode.In(r, unicode.Mn, unicode.Me, invisible) && r != zwj && r != zwnj && r != textStyle && r != emojiStyle {
		return false
	}
	i := min(s.column, len(line)) - 1
	if i > 0 && line[i].char == wideTail {
		i--
	}
	if i < 0 {
		return unicode.Is(invisible, r)
	}
	if s.column <= len(line) && len(line[i].marks) < maxMarks {
		line[i].marks += string(r)
	}
	return true
}

// isWide tells whether a terminal gives r two columns (East Asian Width W and F).
func isWide(r rune) bool { return r >= 0x1100 && unicode.Is(wideChars, r) }

var wideChars = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x1100, 0x115f, 1}, {0x231a, 0x231b, 1}, {0x23e9, 0x23ec, 1}, {0x2614, 0x2615, 1}, {0x2705, 0x2705, 1}, {0x270a, 0x270b, 1},
		{0x274c, 0x274c, 1}, {0x2753, 0x2755, 1}, {0x2795, 0x2797, 1}, {0x2e80, 0x303e, 1}, {0x3041, 0xa4cf, 1}, {0xa960, 0xa97c, 1},
		{0xac00, 0xd7a3, 1}, {0xf900, 0xfaff, 1}, {0xfe10, 0xfe19, 1}, {0xfe30, 0xfe6b, 1}, {0xff01, 0xff60, 1}, {0xffe0, 0xffe6, 1},
	},
	R32: []unicode.Range32{{0x1f300, 0x1f64f, 1}, {0x1f680, 0x1f6ff, 1}, {0x1f900, 0x1faff, 1}, {0x20000, 0x3fffd, 1}},
}
