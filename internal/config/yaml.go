package config

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// plainYAML is content without what the YAML library (1.1 in some points, 1.2 in
// others) refuses or reads in another way than other programs do: a directive for
// version 1.2, and JSON's \/ within double quotes. Lines stay where they are.
//
// refused is the line of a character that YAML 1.1 takes for the end of a line, and
// YAML 1.2, editors and people do not: behind it a comment would go on as
// configuration. 0: there is none.
func plainYAML(content []byte) (plain []byte, refused int) {
	content = fromUTF16(content)
	if at := oddLineEnd(content); at >= 0 {
		return content, bytes.Count(content[:at], []byte("\n")) + 1
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	content = version12.ReplaceAllFunc(content, func(line []byte) []byte { // the library knows no 1.2, and reads it
		return bytes.Replace(line, []byte("1.2"), []byte("1.1"), 1)
	})
	return unescapedSlashes(content), 0
}

// fromUTF16 reads what Windows tools save as "Unicode"; other content stays.
func fromUTF16(content []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(content, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(content, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return content
	}
	units := make([]uint16, 0, len(content)/2)
	for i := 2; i+1 < len(content); i += 2 {
		units = append(units, order.Uint16(content[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}

var version12 = regexp.MustCompile(`(?m)\A(?:\s*(?:#.*)?\n)*%YAML[ \t]+1\.2[ \t]*(?:#.*)?\r?$`)

// oddLineEnd is where a character stands that is a line's end to some: NEL (U+0085),
// LINE and PARAGRAPH SEPARATOR, and a carriage return alone; -1 if there is none.
// Vertical tabs and form feeds are no characters of YAML, so the library refuses
// them.
func oddLineEnd(content []byte) int {
	for i := 0; i < len(content); {
		r, size := utf8.DecodeRune(content[i:])
		switch {
		case r == '\u0085', r == '\u2028', r == '\u2029':
			return i
		case r == '\r' && (i+1 == len(content) || content[i+1] != '\n'):
			return i
		}
		i += size
	}
	return -1
}

// doubleQuoted is a text between double quotes in one line, where one may begin: so
// not in a comment, nor in a plain or single-quoted text.
var doubleQuoted = regexp.MustCompile(`(?m)(^|[\s:,\[{])"(?:[^"\\\n]|\\.)*"`)

// unescapedSlashes writes / for the \/ that JSON has and the library does not know.
func unescapedSlashes(content []byte) []byte {
	if !bytes.Contains(content, []byte(`\/`)) {
		return content
	}
	return doubleQuoted.ReplaceAllFunc(content, func(quoted []byte) []byte {
		return escape.ReplaceAllFunc(quoted, func(pair []byte) []byte {
			if pair[1] == '/' {
				return pair[1:]
			}
			return pair
		})
	})
}

var escape = regexp.MustCompile(`\\.`)

// startsNoValue says what may be meant by a character that begins no value.
func startsNoValue(line string) string {
	switch trimmed := strings.TrimLeft(line, " "); {
	case strings.HasPrefix(trimmed, "\t"):
		return "indent with spaces, not tabs"
	case strings.ContainsRune(line, '@'):
		return "a value that begins with @ has to be in quotes (Slack knows people by their ids, such as U012AB3CD)"
	case strings.ContainsRune(line, '`'):
		return "a value that begins with ` has to be in quotes"
	case strings.ContainsRune(line, '%'):
		return "a value that begins with % has to be in quotes"
	case strings.ContainsRune(line, '\t'):
		return "use spaces, not tabs"
	default:
		return "put the value in quotes"
	}
}

// lineOf is a line of the file, counted from 1.
func (d *document) lineOf(line int) string {
	lines := strings.Split(string(d.content), "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	return lines[line-1]
}
