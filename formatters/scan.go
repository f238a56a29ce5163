package formatters

import "strings"

// scanner finds the places of many words in a text with one look at each byte,
// whatever the case of ASCII letters. Its table holds indices to save memory.
type scanner[T any] struct {
	table pairTable
	lists [][]T
}

// newScanner makes a scanner of items, each with words of two bytes or more in
// lower case.
func newScanner[T any](items []T, words func(T) []string) *scanner[T] {
	s := &scanner[T]{lists: [][]T{nil}}
	for _, item := range items {
		added := map[int]bool{}
		for _, word := range words(item) {
			p := pair(word[0], word[1])
			if added[p] {
				continue
			}
			added[p] = true
			if s.table[p] == 0 {
				s.table[p] = uint8(len(s.lists)) //nolint:gosec // fewer than 256: a test counts them
				s.lists = append(s.lists, nil)
			}
			s.lists[s.table[p]] = append(s.lists[s.table[p]], item)
		}
	}
	return s
}

// next returns the first index from i at which a word may begin, and the items
// of such words; len(text) if there is none.
func (s *scanner[T]) next(text string, i int) (int, []T) {
	if i = s.table.next(text, i); i == len(text) {
		return i, nil
	}
	return i, s.lists[s.table[pair(text[i], text[i+1])]]
}

// pairTable is indexed by two bytes in lower case.
type pairTable [1 << 16]uint8

func (t *pairTable) next(text string, i int) int {
	if i >= len(text) {
		return len(text)
	}
	p := uint16(lowerByte[text[i]])
	for i++; i < len(text); i++ {
		p = p<<8 | uint16(lowerByte[text[i]])
		if t[p] != 0 {
			return i - 1
		}
	}
	return len(text)
}

func pair(x, y byte) int { return int(lowerByte[x])<<8 | int(lowerByte[y]) }

var lowerByte = func() (table [256]byte) {
	for c := range table {
		table[c] = byte(c)
		if 'A' <= c && c <= 'Z' {
			table[c] += 'a' - 'A'
		}
	}
	return table
}()

// hasPrefixFold ignores the case of s; prefix is in lower case.
func hasPrefixFold(s, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if lowerByte[s[i]] != prefix[i] {
			return false
		}
	}
	return true
}

// containsFold is hasPrefixFold for any place.
func containsFold(s, word string) bool {
	upper := strings.ToUpper(word[:1])
	return containsFrom(s, word, word[0]) || upper[0] != word[0] && containsFrom(s, word, upper[0])
}

func containsFrom(s, word string, first byte) bool {
	for i := strings.IndexByte(s, first); i >= 0; i = strings.IndexByte(s, first) {
		if s = s[i:]; hasPrefixFold(s, word) {
			return true
		}
		s = s[1:]
	}
	return false
}

func isAlnum[C byte | rune](c C) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
