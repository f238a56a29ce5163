package section

import (
	"bytes"
	"fmt"
)

// Replace puts text between the two markers of the section called name.
func Replace(page []byte, name, text string) ([]byte, error) {
	start, end := "<!-- generated: "+name+" -->\n", "<!-- end of generated: "+name+" -->"
	before, rest, found := bytes.Cut(page, []byte(start))
	_, after, ended := bytes.Cut(rest, []byte(end))
	if !found || !ended {
		return nil, fmt.Errorf("the markers of section %q are missing", name)
	}
	return bytes.Join([][]byte{before, []byte(start + text + end), after}, nil), nil
}
