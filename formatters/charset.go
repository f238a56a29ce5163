package formatters

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// What decode had to do, in words for the report.
const (
	readAsGB18030 = "the output is not UTF-8 and was read as GB18030"
	notText       = "not all of the output is text in UTF-8 or GB18030: the rest was replaced by \uFFFD"
	wasGarbled    = "the output was UTF-8 that the agent had taken for GBK, and was mended as far as nothing was lost; to prevent that, begin the PowerShell script with `[Console]::OutputEncoding=[System.Text.Encoding]::UTF8`"
)

// decode makes UTF-8 of b and says what it had to do, "" if nothing. The
// agent's byte cut may have split a character; that alone must not make the
// rest look like another charset.
func decode(b []byte, dropped int64) (text, note string) {
	if utf8.Valid(b) {
		return string(b), ""
	}
	if healed, ok := heal(b, dropped > 0); ok {
		return healed, ""
	}
	if mostlyUTF8(b) {
		return strings.ToValidUTF8(string(b), "\uFFFD"), notText
	}
	if text, ok := fromGB18030(b); ok {
		return text, readAsGB18030
	}
	if dropped > 0 { // the cut may have taken the first byte of two
		if text, ok := fromGB18030(b[1:]); ok {
			return text, readAsGB18030
		}
	}
	return strings.ToValidUTF8(string(b), "\uFFFD"), notText
}

// mostlyUTF8 tells whether b holds more long characters of UTF-8 than bytes that
// belong to none. GB18030 would make something of them too, but not what was
// meant; in text that is GB18030 such characters come about by rare chance.
func mostlyUTF8(b []byte) bool {
	long, stray := longAndStray(b)
	return long > stray
}

// longAndStray counts the characters of three bytes or more, and the bytes that
// belong to none.
func longAndStray(b []byte) (long, stray int) {
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			stray++
		}
		if size >= 3 {
			long++
		}
		b = b[size:]
	}
	return long, stray
}

func fromGB18030(b []byte) (string, bool) {
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return "", false
	}
	return string(text), true
}

// heal takes away the stray bytes that a cut leaves of a character: at most
// three in one place. The agent cuts at the beginning and at the join between
// head and tail; while a command runs, what is sent ahead may end within a
// character too, which only counts when other characters prove that it is
// UTF-8.
func heal(b []byte, cut bool) (healed string, ok bool) {
	places := 0
	if cut {
		places = 2
	}
	proved := false
	var text strings.Builder
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r != utf8.RuneError || size != 1 {
			proved = proved || size > 1
			text.Write(b[i : i+size])
			i += size
			continue
		}
		n := strayBytes(b[i:])
		atEnd := proved && !utf8.FullRune(b[i:])
		if !splitCharacter(b[i:i+n]) || places == 0 && !atEnd {
			return "", false
		}
		places = max(places-1, 0)
		i += n
	}
	return text.String(), true
}

// strayBytes counts the bytes at the beginning of b that belong to no character.
func strayBytes(b []byte) int {
	n := 0
	for n < len(b) {
		if r, size := utf8.DecodeRune(b[n:]); r != utf8.RuneError || size != 1 {
			break
		}
		n++
	}
	return n
}

// splitCharacter tells whether b can be what is left of UTF-8 where it was cut:
// the beginning of a character, the end of one, or both. Two letters of GBK
// look otherwise.
func splitCharacter(b []byte) bool {
	if len(b) > 3 {
		return false
	}
	if b[0] >= 0xc2 && b[0] <= 0xf4 {
		b = b[1:]
	}
	for _, c := range b {
		if c < 0x80 || c > 0xbf {
			return false
		}
	}
	return true
}

// mend undoes what a Windows agent does to a script that prints UTF-8: it takes
// the bytes for GBK, whenever the system's language is not English, and converts
// them. Taken back, most of them must be long characters of UTF-8; real Chinese
// hardly ever gives one. What the conversion has lost stays lost.
func mend(text string) (mended string, ok bool) {
	if !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return text, false
	}
	b, err := encoding.ReplaceUnsupported(simplifiedchinese.GBK.NewEncoder()).Bytes([]byte(text))
	if err != nil {
		return text, false
	}
	b = bytes.ReplaceAll(b, []byte{encoding.ASCIISub}, []byte{0xff}) // what no GBK can have been
	if long, stray := longAndStray(b); long < minGarbled || long <= stray {
		return text, false
	}
	return strings.ToValidUTF8(string(b), "\uFFFD"), true
}

const minGarbled = 4 // characters; fewer prove nothing
