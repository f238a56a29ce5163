package formatters

import (
	"bytes"
	"strings"
)

// fold appends b to dst in the form in which outputs are compared. In a word with
// digits the digits become 0; a word that digits and letters make together (an
// id, a hash, a host name of the vendor's) becomes 0 as a whole, and so does what
// such words make together (a time, an address, a UUID). White space becomes one
// space. So outputs that differ in these alone are alike, and no others.
func fold(dst, b []byte) []byte {
	start := len(dst)
	for i := 0; i < len(b); {
		switch kind := foldKinds[b[i]]; kind {
		case foldSpace:
			i++
			if n := len(dst); n > start && dst[n-1] != ' ' { // and none at the beginning
				dst = append(dst, ' ')
			}
		case foldOther:
			dst = append(dst, b[i])
			i++
		default:
			end := i
			for end < len(b) && foldKinds[b[end]]&foldWord != 0 {
				kind |= foldKinds[b[end]]
				end++
			}
			dst = appendWord(dst, b[i:end], kind, start)
			i = end
		}
	}
	return bytes.TrimRight(dst, " ")
}

// digitRuns counts the numbers in a word.
func digitRuns(word []byte) (n int) {
	inRun := false
	for _, c := range word {
		digit := foldKinds[c] == foldDigit
		if digit && !inRun {
			n++
		}
		inRun = digit
	}
	return n
}

// appendDigits appends a word with one 0 in the place of its digits.
func appendDigits(dst, word []byte) []byte {
	for _, c := range word {
		if foldKinds[c] != foldDigit {
			dst = append(dst, c)
		} else if n := len(dst); n == 0 || dst[n-1] != '0' {
			dst = append(dst, '0')
		}
	}
	return dst
}

// alike tells whether two lines are the same once they are folded.
func alike(x, y string) bool { return bytes.Equal(fold(nil, []byte(x)), fold(nil, []byte(y))) }

// appendWord appends a word or the 0 for it, which swallows a 0 that stands
// before it with only a joint between.
func appendWord(dst, word []byte, kind uint8, start int) []byte {
	n := len(dst)
	joint := byte(0)
	if n-start >= 2 && dst[n-2] == '0' {
		joint = dst[n-1]
	}
	partOfUUID := kind == foldHex && (len(word) == 4 || len(word) == 12)
	joined := kind&foldDigit != 0 && strings.IndexByte("-.,:/_", joint) >= 0
	whole := kind&foldDigit != 0 && (kind&foldLetter == 0 || digitRuns(word) > 1)
	switch {
	case joined && whole, joint == '-' && partOfUUID:
		return dst[:n-1]
	case joined:
		return appendDigits(dst[:n-1], word)
	case whole:
		return append(dst, '0')
	case kind&foldDigit != 0:
		return appendDigits(dst, word)
	default:
		return append(dst, word...)
	}
}

// The kinds of bytes; those of a word are flags.
const (
	foldOther  = 0
	foldDigit  = 1
	foldHex    = 2 // a letter that is a digit of a hexadecimal number
	foldLetter = 4
	foldWord   = foldDigit | foldHex | foldLetter
	foldSpace  = 8
)

var foldKinds = func() (table [256]uint8) {
	for c := range table {
		switch {
		case '0' <= c && c <= '9':
			table[c] = foldDigit
		case 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
			table[c] = foldHex
		case isAlnum(rune(c)):
			table[c] = foldLetter
		case c == ' ', c == '\t', c == '\n', c == '\r':
			table[c] = foldSpace
		}
	}
	return table
}()
