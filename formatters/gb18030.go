package formatters

import (
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// gb18030Pairs holds the character of each code of two bytes, by pairIndex, as
// GB 18030-2022 and the WHATWG's Encoding Standard have it; 0 where a byte
// cannot be. It is made when the first output needs it, in a millisecond.
var gb18030Pairs = sync.OnceValue(func() *[126 * 190]rune {
	var table [126 * 190]rune
	decoder := simplifiedchinese.GB18030.NewDecoder()
	var out [4]byte
	for i := range table {
		n, _, err := decoder.Transform(out[:], pairBytes(i), true)
		if r, _ := utf8.DecodeRune(out[:n]); err == nil && r != utf8.RuneError {
			table[i] = r
		} else {
			table[i] = unmappedPair(pairBytes(i))
		}
		decoder.Reset()
	}
	return &table
})

func pairBytes(index int) []byte {
	trail := index%190 + 0x40
	if trail >= 0x7f {
		trail++
	}
	return []byte{byte(index/190 + 0x81), byte(trail)} //nolint:gosec // within a byte by construction
}

// pairIndex is -1 where two bytes are no code.
func pairIndex(lead, trail byte) int {
	if lead < 0x81 || lead > 0xfe || trail < 0x40 || trail == 0x7f || trail > 0xfe {
		return -1
	}
	column := int(trail) - 0x40
	if trail > 0x7f {
		column--
	}
	return (int(lead)-0x81)*190 + column
}

// unmappedPair is the character of a code that golang.org/x/text v0.43 does not
// map: of the three areas for users' own characters, which lie one after the
// other in Unicode's private use area, or of unmappedRanges.
func unmappedPair(b []byte) rune {
	lead, trail := rune(b[0]), rune(b[1])
	code := lead<<8 | trail
	for _, r := range unmappedRanges {
		if r.first <= code && code <= r.last {
			return r.char + code - r.first
		}
	}
	switch {
	case lead >= 0xaa && lead <= 0xaf && trail >= 0xa1:
		return 0xe000 + (lead-0xaa)*94 + trail - 0xa1
	case lead >= 0xf8 && trail >= 0xa1:
		return 0xe234 + (lead-0xf8)*94 + trail - 0xa1
	case lead >= 0xa1 && lead <= 0xa7 && trail <= 0xa0:
		if trail > 0x7f {
			trail--
		}
		return 0xe4c6 + (lead-0xa1)*96 + trail - 0x40
	}
	return 0
}

// unmappedRanges are the other gaps, in the order of their codes. Node's
// TextDecoder and glibc 2.36 judge them in a comparison that ADR 14 tells of.
var unmappedRanges = []struct{ first, last, char rune }{
	{0xa2ab, 0xa2b0, 0xe766}, {0xa2e4, 0xa2e4, 0xe76d}, {0xa2ef, 0xa2f0, 0xe76e}, {0xa2fd, 0xa2fe, 0xe770}, {0xa4f4, 0xa4fe, 0xe772},
	{0xa5f7, 0xa5fe, 0xe77d}, {0xa6b9, 0xa6c0, 0xe785}, {0xa6d9, 0xa6d9, 0xfe10}, {0xa6da, 0xa6da, 0xfe12}, {0xa6db, 0xa6db, 0xfe11},
	{0xa6dc, 0xa6df, 0xfe13}, {0xa6ec, 0xa6ed, 0xfe17}, {0xa6f3, 0xa6f3, 0xfe19}, {0xa6f6, 0xa6fe, 0xe797}, {0xa7c2, 0xa7d0, 0xe7a0},
	{0xa7f2, 0xa7fe, 0xe7af}, {0xa896, 0xa8a0, 0xe7bc}, {0xa8bc, 0xa8bc, 0x1e3f}, {0xa8c1, 0xa8c4, 0xe7c9}, {0xa8ea, 0xa8fe, 0xe7cd},
	{0xa958, 0xa958, 0xe7e2}, {0xa95b, 0xa95b, 0xe7e3}, {0xa95d, 0xa95f, 0xe7e4}, {0xa997, 0xa9a3, 0xe7f4}, {0xa9f0, 0xa9fe, 0xe801},
	{0xd7fa, 0xd7fe, 0xe810}, {0xfe51, 0xfe53, 0xe816}, {0xfe59, 0xfe59, 0x9fb4}, {0xfe61, 0xfe61, 0x9fb5}, {0xfe66, 0xfe67, 0x9fb6},
	{0xfe6c, 0xfe6c, 0xe831}, {0xfe6d, 0xfe6d, 0x9fb8}, {0xfe76, 0xfe76, 0xe83b}, {0xfe7e, 0xfe7e, 0x9fb9}, {0xfe90, 0xfe90, 0x9fba},
	{0xfe91, 0xfe91, 0xe855}, {0xfea0, 0xfea0, 0x9fbb},
}

// gb18030Char is the character at the beginning of b, and its length: 0 where
// none stands there.
func gb18030Char(b []byte) (r rune, size int) {
	switch {
	case len(b) == 0, b[0] == 0x80, b[0] == 0xff:
		return 0, 0
	case b[0] < utf8.RuneSelf:
		return rune(b[0]), 1
	case len(b) >= 4 && isDigit(b[1]):
		return gb18030Four(b[:4])
	case len(b) < 2:
		return 0, 0
	}
	if i := pairIndex(b[0], b[1]); i >= 0 {
		if r := gb18030Pairs()[i]; r != 0 {
			return r, 2
		}
	}
	return 0, 0
}

func gb18030Four(b []byte) (r rune, size int) {
	if string(b) == "\x81\x35\xf4\x37" { // which changed places with A8BC in 2005; the library maps it as before
		return 0xe7c7, 4
	}
	if b[2] < 0x81 || b[2] > 0xfe || !isDigit(b[3]) {
		return 0, 0
	}
	out, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b)
	r, n := utf8.DecodeRune(out)
	if err != nil || r == utf8.RuneError || n != len(out) {
		return 0, 0
	}
	return r, 4
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
