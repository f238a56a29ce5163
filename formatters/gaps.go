package formatters

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// An output that is longer than any report needs is searched for trouble as a
// whole, and goes through the rest of the airlock in up to three parts: its
// beginning, what stands around the first trouble, and its end. Between them stand
// gaps, so that the lines of the whole still count.

const (
	aroundTrouble = maxOpen / 4 // bytes that are kept there
	beforeTrouble = aroundTrouble / 4
	// gapSign begins and ends a gap. Nothing that was stripped holds it.
	gapSign = "\x00"
)

// withGaps leaves out what is too much of a clean text. It cuts at the ends of
// lines, so that no secret is cut in two; in a line that is too long for that, far
// from the next word.
func withGaps(text string) string {
	if len(text) <= maxOpen {
		return text
	}
	at, found := firstTrouble(text)
	room := maxOpen / 2
	if found && at >= room && at < len(text)-room {
		room -= aroundTrouble / 2
		head, tail := endOfHead(text, room), startOfTail(text, len(text)-room)
		from, to := startOfTail(text, max(at-beforeTrouble, head)), endOfHead(text, min(at+aroundTrouble-beforeTrouble, tail))
		if from <= at && at < to {
			return text[:head] + gap(text[head:from]) + text[from:to] + gap(text[to:tail]) + text[tail:]
		}
	}
	head, tail := endOfHead(text, room), startOfTail(text, len(text)-room)
	return text[:head] + gap(text[head:tail]) + text[tail:]
}

// endOfHead is the end of the last whole line before limit, less its line break.
func endOfHead(text string, limit int) int {
	if i := strings.LastIndexByte(text[limit-maxSecret:limit], '\n'); i >= 0 {
		return limit - maxSecret + i
	}
	limit = runeStart(text, limit-maxSecret)
	near := text[runeStart(text, limit-maxSecret):limit]
	for _, ends := range []func(rune) bool{unicode.IsSpace, endsWord} {
		if i := strings.LastIndexFunc(near, ends); i >= 0 {
			return limit - len(near) + i
		}
	}
	return limit - len(near)
}

// startOfTail is the start of the first whole line behind limit.
func startOfTail(text string, limit int) int {
	if i := strings.IndexByte(text[limit:limit+maxSecret], '\n'); i >= 0 {
		return limit + i + 1
	}
	limit = runeStart(text, limit+maxSecret)
	near := text[limit:runeStart(text, min(limit+maxSecret, len(text)))]
	for _, ends := range []func(rune) bool{unicode.IsSpace, endsWord} {
		if i := strings.IndexFunc(near, ends); i >= 0 {
			return limit + i
		}
	}
	return limit + len(near)
}

// runeStart is the start of the character that i is in.
func runeStart(text string, i int) int {
	for i > 0 && i < len(text) && !utf8.RuneStart(text[i]) {
		i--
	}
	return i
}

func endsWord(r rune) bool {
	return r != '-' && r != '_' && r != '*' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
}

// gap stands for what is missing: a line of its own where whole lines are, else a
// part of a line. It holds how many lines, or how many characters.
func gap(missing string) string {
	if missing == "" {
		return ""
	}
	first, rest, broken := strings.Cut(missing, "\n")
	if !broken {
		return " " + gapSign + "c" + strconv.Itoa(utf8.RuneCountInString(first)) + gapSign + " " // a value ends here
	}
	lines := strings.Count(rest, "\n")
	last := rest[strings.LastIndexByte(rest, '\n')+1:]
	var b strings.Builder
	if first != "" {
		b.WriteString(gap(first))
	}
	b.WriteByte('\n')
	if lines > 0 {
		fmt.Fprintf(&b, "%sl%d%s\n", gapSign, lines, gapSign)
	}
	if last != "" {
		b.WriteString(gap(last))
	}
	return b.String()
}

// openGaps says in the place of gaps what they stand for, and counts the lines.
func openGaps(text string) (open string, lost map[int]int) {
	if !strings.Contains(text, gapSign) {
		return text, nil
	}
	lost = map[int]int{}
	parts := strings.Split(text, gapSign)
	var b strings.Builder
	line := 0
	for i, part := range parts {
		if i%2 == 0 {
			b.WriteString(part)
			line += strings.Count(part, "\n")
			continue
		}
		n, _ := strconv.Atoi(strings.TrimLeft(part, "cl"))
		if strings.HasPrefix(part, "l") {
			lost[line] = n
			b.WriteString(leftOut(n))
		} else {
			b.WriteString(more(n) + " …")
		}
	}
	return b.String(), lost
}
