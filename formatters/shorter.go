package formatters

import (
	"regexp"
	"strconv"
	"strings"
)

// Plain makes a text valid and takes out of it what a reader would obey without
// seeing it, as the airlock does. It is for what a person typed, and for a report
// that comes from a store: one of ours it leaves as it is.
func Plain(s string) string {
	clean, _ := strip(strings.ToValidUTF8(s, "\uFFFD"))
	return clean
}

// Shorter leaves about limit bytes of an output: the window around the first
// trouble, and the end. Its lines still count those of the whole output.
func (o Output) Shorter(limit int) Output {
	short := excerpt(o.Text, limit, -1, lostIn(o), true)
	if short.Text != o.Text {
		o.Text, o.ShownLines, o.CutLines = short.Text, min(short.ShownLines, o.ShownLines), short.CutLines
	}
	return o
}

var leftOutLine = regexp.MustCompile(`^\[… (\d{1,9}) lines? left out by alitriage …\]$`)

// lostIn finds the lines that stand for those left out. A machine may print one
// that looks the same; then the sum is wrong, and all count as printed.
func lostIn(o Output) map[int]int {
	if o.ShownLines >= o.TotalLines {
		return nil
	}
	lost := map[int]int{}
	lines := strings.Split(o.Text, "\n")
	all := len(lines)
	for i, line := range lines {
		if match := leftOutLine.FindStringSubmatch(line); match != nil {
			lost[i], _ = strconv.Atoi(match[1])
			all += lost[i] - 1
		}
	}
	if all != o.TotalLines {
		return nil
	}
	return lost
}
