package formatters

import (
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// excerpt keeps what matters of an output within about limit bytes, whole lines
// where possible: the line odd (-1: there is none), a window around the first
// line that speaks of trouble, and the end. It says in their place how many lines
// it left out.
func excerpt(text string, limit, odd int) (shown string, shownLines, totalLines int) {
	return excerptAgain(text, limit, odd, nil)
}

// excerptAgain is excerpt of what may be one already: lost says for a line that
// stands for lines left out before how many those are.
func excerptAgain(text string, limit, odd int, lost map[int]int) (shown string, shownLines, totalLines int) {
	if text == "" {
		return "", 0, 0
	}
	lines := strings.Split(text, "\n")
	totalLines = len(lines)
	if len(text) <= limit && costOf(lines) <= limit {
		return text, totalLines, totalLines
	}
	at, _ := firstTrouble(text)
	e := excerpting{lines: lines, limit: limit, lost: lost}
	if odd >= 0 {
		limit -= cost(e.line(odd))
	}
	tail := len(lines)
	for used := 0; tail > 0; tail-- {
		if used += cost(e.line(tail - 1)); used > limit/2 {
			break
		}
	}
	from, to := e.window(strings.Count(text[:at], "\n"), tail, limit/2)
	return e.join(totalLines, []stretch{{odd, odd + 1}, {from, to}, {tail, totalLines}})
}

// before is how many lines are shown before the first trouble.
const before = 4

type excerpting struct {
	lines []string
	limit int
	lost  map[int]int
}

// count tells how many lines of the whole output stand from one line to before
// another, and how many of them are there.
func (e excerpting) count(from, to int) (all, there int) {
	for i := from; i < to; i++ {
		if n := e.lost[i]; n > 0 {
			all += n
			continue
		}
		all, there = all+1, there+1
	}
	return all, there
}

// stretch is lines that are shown; none of line -1.
type stretch struct{ from, to int }

// line shortens a line once it is looked at: each takes a quarter of the limit
// at most, so that there is room for several.
func (e excerpting) line(i int) string {
	e.lines[i] = shortenTo(e.lines[i], e.limit/4)
	return e.lines[i]
}

// window chooses the lines around trouble that are shown besides those from tail
// on: the beginning of the output, when the trouble is in its tail.
func (e excerpting) window(trouble, tail, room int) (from, to int) {
	if trouble >= tail {
		trouble = 0
	}
	from, to = trouble, trouble
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
	return from, to
}

// join shows the stretches in their order, and between them how much is missing.
func (e excerpting) join(total int, stretches []stretch) (shown string, shownLines, totalLines int) {
	slices.SortStableFunc(stretches, func(x, y stretch) int { return x.from - y.from })
	var parts []string
	next := 0
	for _, s := range stretches {
		from := max(s.from, next)
		if s.from < 0 || from >= s.to {
			continue
		}
		if from > next {
			parts = append(parts, e.leftOut(next, from))
		}
		parts = append(parts, e.lines[from:s.to]...)
		_, there := e.count(from, s.to)
		shownLines += there
		next = s.to
	}
	if next < total {
		parts = append(parts, e.leftOut(next, total))
	}
	return strings.Join(parts, "\n"), shownLines, total
}

func (e excerpting) leftOut(from, to int) string {
	all, _ := e.count(from, to)
	return leftOut(all)
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
	end, used := 0, 0
	for end < len(line) {
		_, size := utf8.DecodeRuneInString(line[end:])
		if used += cost(line[end:end+size]) - len("  \n"); used > limit-len("… [+12345 characters]")-len("  \n") {
			break
		}
		end += size
	}
	return line[:end] + more(utf8.RuneCountInString(line[end:]))
}

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

// firstTrouble is the index in text at which something seems to go wrong, if it
// does. It only chooses what to show.
func firstTrouble(text string) (at int, found bool) {
	for i := 0; ; i++ {
		var words []string
		if i, words = troubleScanner().next(text, i); i == len(text) {
			return 0, false
		}
		for _, word := range words {
			if speaksOf(text, i, word) {
				return i, true
			}
		}
	}
}

// speaksOf tells whether word stands at i, as a whole and not denied.
func speaksOf(text string, i int, word string) bool {
	if !hasPrefixFold(text[i:], word) {
		return false
	}
	end := i + len(word)
	if word[0] < utf8.RuneSelf && (i > 0 && isAlnum(text[i-1]) || end < len(text) && isAlnum(text[end]) && lowerByte[text[end]] != 's') {
		return false
	}
	for _, denial := range []string{"no ", "0 ", "without "} {
		if start := i - len(denial); start >= 0 && hasPrefixFold(text[start:], denial) && (start == 0 || !isAlnum(text[start-1])) {
			return false
		}
	}
	value := strings.TrimLeft(text[end:min(end+6, len(text))], "s:= ")
	return !strings.HasPrefix(value, "0") || len(value) > 1 && isAlnum(value[1]) // "errors: 0"
}

var troubleWords = []string{
	"error", "err", "fail", "failed", "failure", "fatal", "panic", "exception", "traceback", "denied", "refused", "killed", "cannot", "can't",
	"unable", "no space", "not found", "no such", "timed out", "timeout", "invalid", "unreachable", "oom", "segfault", "segmentation fault", "critical",
	"错误", "失败", "异常", "拒绝", "无法", "不存在", "超时", "空间不足",
}

var troubleScanner = sync.OnceValue(func() *scanner[string] {
	return newScanner(troubleWords, func(word string) []string { return []string{word} })
})
