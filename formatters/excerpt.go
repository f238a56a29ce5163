package formatters

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// excerpt keeps what matters of an output within about limit bytes, whole lines
// where possible: the line odd (-1: there is none), a window around the first
// line that speaks of trouble, and the end. It says in their place how many lines
// it left out, and how many characters of a long line.
// lost says for a line that stands for lines left out before how many those are;
// again, that the text is an excerpt already.
func excerpt(text string, limit, odd int, lost map[int]int, again bool) Output {
	if text == "" {
		return Output{}
	}
	lines := strings.Split(text, "\n")
	e := excerpting{lines: lines, looked: make([]bool, len(lines)), cut: make([]bool, len(lines)), limit: limit, widest: limit / min(len(lines), 4), lost: lost, again: again}
	if len(text) <= limit && costOf(lines) <= limit {
		return e.join([]stretch{{0, len(lines)}})
	}
	if len(lines) == 1 {
		e.line(0)
		return e.join([]stretch{{0, 1}})
	}
	at, found := firstTrouble(text)
	trouble := strings.Count(text[:at], "\n")
	if odd >= 0 {
		limit -= cost(e.line(odd))
	}
	tail := len(lines)
	for used := 0; tail > 0; tail-- {
		if used += cost(e.line(tail - 1)); used > limit/2 {
			break
		}
	}
	room := limit / 2
	if found && trouble >= tail { // how it began tells less than what led to the trouble
		start := max(tail-1, 0)
		for used := 0; start > 0 && start > trouble-before && used <= limit/4; start-- {
			used += cost(e.line(start))
		}
		return e.join([]stretch{{odd, odd + 1}, e.beginning(tail), {min(start, tail), len(lines)}})
	}
	return e.join([]stretch{{odd, odd + 1}, e.window(trouble, tail, room), {tail, len(lines)}})
}

const (
	before  = 4 // lines that are shown before the first trouble
	opening = 3 // lines of the beginning, when the trouble is in the tail
)

type excerpting struct {
	lines  []string
	looked []bool // those that line was asked for
	cut    []bool // those of them that are shortened
	limit  int
	widest int // what a line may cost
	lost   map[int]int
	again  bool // the text may be an excerpt already
}

// stretch is lines that are shown; none of line -1.
type stretch struct{ from, to int }

// line shortens a line once it is looked at, so that there is room for several.
func (e *excerpting) line(i int) string {
	if !e.looked[i] {
		e.looked[i] = true
		short := shortenAround(e.lines[i], e.widest, e.again)
		e.cut[i] = short != e.lines[i]
		e.lines[i] = short
	}
	return e.lines[i]
}

// beginning is the first lines, as far as they cost little.
func (e *excerpting) beginning(tail int) stretch {
	to, used := 0, 0
	for to < min(opening, tail) {
		if used += cost(e.line(to)); used > e.limit/4 {
			break
		}
		to++
	}
	return stretch{0, to}
}

// window chooses the lines around trouble that are shown besides those from tail
// on.
func (e *excerpting) window(trouble, tail, room int) stretch {
	from, to := trouble, trouble
	used := 0
	fits := func(i int) bool {
		used += cost(e.line(i))
		return used <= room
	}
	if trouble < tail && fits(trouble) {
		to++
	}
	for from > 0 && from > trouble-before && fits(from-1) {
		from--
	}
	for to < tail && fits(to) {
		to++
	}
	return stretch{from, to}
}

// join shows the stretches in their order, and between them how much is missing.
func (e *excerpting) join(stretches []stretch) (o Output) {
	slices.SortStableFunc(stretches, func(x, y stretch) int { return x.from - y.from })
	var parts []string
	missing, next := 0, 0
	skip := func(to int) {
		for ; next < to; next++ {
			missing += e.standsFor(next)
			o.TotalLines += e.standsFor(next)
		}
	}
	say := func() {
		if missing > 0 {
			parts = append(parts, leftOut(missing))
		}
		missing = 0
	}
	for _, s := range stretches {
		if s.from < 0 {
			continue
		}
		for skip(max(s.from, next)); next < s.to; {
			if _, isGap := e.lost[next]; isGap {
				skip(next + 1)
				continue
			}
			say()
			parts = append(parts, e.lines[next])
			if e.cut[next] || e.again && cutMark.MatchString(e.lines[next]) {
				o.CutLines++
			}
			o.ShownLines, o.TotalLines, next = o.ShownLines+1, o.TotalLines+1, next+1
		}
	}
	skip(len(e.lines))
	say()
	o.Text = strings.Join(parts, "\n")
	return o
}

// standsFor tells how many lines of the whole output a line is.
func (e *excerpting) standsFor(i int) int {
	if n, isGap := e.lost[i]; isGap {
		return n
	}
	return 1
}

func leftOut(n int) string { return "[… " + count(n, "line") + " left out by alitriage …]" }

// cost is what a line takes in a report, in the form in which it takes more:
// JSON with its escapes, or indented text.
func cost(line string) int {
	n := len(line) + len("  \n")
	for i := range len(line) {
		switch c := line[i]; {
		case c == '"', c == '\\', c == '\t':
			n++
		case c == '<', c == '>', c == '&', c < ' ':
			n += len(`\u003c`) - 1
		}
	}
	return n
}

func costOf(lines []string) int {
	n := 0
	for _, line := range lines {
		n += cost(line)
	}
	return n
}

// shortenTo cuts a line to a cost of about limit and says how many characters
// it took away.
func shortenTo(line string, limit int) string {
	if len(line)*6+len("  \n") <= limit || cost(line) <= limit {
		return line
	}
	end := take(line, 0, limit-len(more(99_999))-len("  \n"))
	return line[:end] + more(utf8.RuneCountInString(line[end:]))
}

// shortenAround is shortenTo for a line of an output: of a long one it keeps the
// first trouble with what stands around it, the beginning and the end.
func shortenAround(line string, limit int, again bool) string {
	if len(line)*6+len("  \n") <= limit || cost(line) <= limit {
		return line
	}
	at, found := firstTrouble(line)
	room := max(limit-2*len(" "+more(99_999)+" ")-len("  \n"), 0)
	if !found {
		end := take(line, 0, room)
		return line[:end] + between(line[end:], again)
	}
	head, last, from := take(line, 0, room/6), takeBack(line, len(line), room/6), takeBack(line, at, room/6)
	if from <= head { // the trouble is in the beginning
		head = take(line, 0, room-room/6)
		last = max(last, head)
		return line[:head] + between(line[head:last], again) + line[last:]
	}
	to := take(line, from, room-room/3)
	if to >= last { // or in the end
		last = max(min(from, takeBack(line, len(line), room-room/6)), head)
		return line[:head] + between(line[head:last], again) + line[last:]
	}
	return line[:head] + between(line[head:from], again) + line[from:to] + between(line[to:last], again) + line[last:]
}

// between stands in the place of a part of a line.
func between(missing string, again bool) string {
	if missing == "" {
		return ""
	}
	n := utf8.RuneCountInString(missing)
	for _, mark := range cutMark.FindAllStringSubmatch(missing, -1) {
		if again { // it counts for what was there before
			before, _ := strconv.Atoi(mark[1])
			n += before - utf8.RuneCountInString(mark[0])
		}
	}
	return more(n) + " …"
}

// take is the end of as much of a line from from on as costs no more than room.
// It cuts no character and no mark of ours in two.
func take(line string, from, room int) (to int) {
	for to = from; to < len(line); {
		_, size := utf8.DecodeRuneInString(line[to:])
		if room -= cost(line[to:to+size]) - len("  \n"); room < 0 {
			break
		}
		to += size
	}
	if mark, inside := markAround(line, to); inside {
		to = max(mark.from, from)
	}
	return to
}

// takeBack is take towards the beginning.
func takeBack(line string, to, room int) (from int) {
	for from = to; from > 0; {
		_, size := utf8.DecodeLastRuneInString(line[:from])
		if room -= cost(line[from-size:from]) - len("  \n"); room < 0 {
			break
		}
		from -= size
	}
	if mark, inside := markAround(line, from); inside {
		from = min(mark.to, to)
	}
	return from
}

// markAround finds the mark of ours, of a secret or a cut, that i is in the middle of.
func markAround(line string, i int) (mark span, inside bool) {
	from := max(0, i-maxMark)
	for _, at := range ourMarks.FindAllStringIndex(line[from:min(len(line), i+maxMark)], -1) {
		if at[0]+from < i && i < at[1]+from {
			return span{from: at[0] + from, to: at[1] + from}, true
		}
	}
	return span{}, false
}

const maxMark = 64 // bytes; ours are shorter

var (
	cutMark  = regexp.MustCompile(`… \[\+(\d{1,9}) characters?\](?: …)?`)
	ourMarks = regexp.MustCompile(holdsMark.String() + `|` + cutMark.String())
)

// shorten cuts s to limit runes and says how many it took away, with those that
// s has lost already.
func shorten(s string, limit, lost int) string {
	n := 0
	for i := range s {
		if n == limit {
			return s[:i] + more(utf8.RuneCountInString(s[i:])+lost)
		}
		n++
	}
	if lost > 0 {
		return s + more(lost)
	}
	return s
}

func more(runes int) string { return "… [+" + count(runes, "character") + "]" }
