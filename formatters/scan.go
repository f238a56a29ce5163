package formatters

// scanner finds the places of many words in a text with one look at each byte,
// whatever the case of ASCII letters. Its table holds indices to save memory.
type scanner[T any] struct {
	table [1 << 16]uint8
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
				s.table[p] = uint8(len(s.lists)) //nolint:gosec // there are fewer than 256 words
				s.lists = append(s.lists, nil)
			}
			s.lists[s.table[p]] = append(s.lists[s.table[p]], item)
		}
	}
	return s
}

// at returns the items of which a word may begin with these two bytes.
func (s *scanner[T]) at(x, y byte) []T { return s.lists[s.table[pair(x, y)]] }

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

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
