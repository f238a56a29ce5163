package formatters

import (
	"bytes"
	"strings"
)

// fold appends b to dst in the form in which outputs are compared: a word with a
// digit in it (a number, an id, a host name, a hash), and what such words make
// together (a time, an address, a UUID), becomes 0; white space becomes one
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
	switch {
	case strings.IndexByte("-.,:/_", joint) >= 0 && kind&foldDigit != 0, joint == '-' && partOfUUID:
		return dst[:n-1]
	case kind&foldDigit != 0:
		return append(dst, '0')
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
