package cloudapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The gateway sends scalars in other JSON types than its documentation says.
// These types accept what has been seen and refuse what cannot be read, so that
// nothing is guessed.

// Flag is a boolean that the vendor may leave out.
type Flag uint8

// The three states of a Flag.
const (
	Absent Flag = iota
	False
	True
)

// String returns "absent", "false" or "true".
func (f Flag) String() string { return [...]string{"absent", "false", "true"}[f] }

// looseString accepts a string, a number, a boolean or null.
type looseString string

func (s *looseString) UnmarshalJSON(data []byte) error {
	switch data[0] {
	case '"':
		if bytes.IndexByte(data, '\\') < 0 && utf8.Valid(data) {
			*s = looseString(data[1 : len(data)-1]) // long outputs need no second parser
			return nil
		}
		return json.Unmarshal(data, (*string)(s))
	case 'n':
		*s = ""
	case '{', '[':
		return errors.New("a text was expected")
	default:
		*s = looseString(data)
	}
	return nil
}

func (s looseString) trimmed() string { return strings.TrimSpace(string(s)) }

// looseText is a looseString that takes an object or array too, as its JSON:
// some texts hold JSON, and some senders forget to encode it.
type looseText string

func (s *looseText) UnmarshalJSON(data []byte) error {
	if data[0] == '{' || data[0] == '[' {
		*s = looseText(data)
		return nil
	}
	return (*looseString)(s).UnmarshalJSON(data)
}

func (s looseText) trimmed() string { return strings.TrimSpace(string(s)) }

// looseInt accepts an integer or a string that holds one; "" and null mean that
// the vendor did not say.
type looseInt struct {
	n     int64
	known bool
}

func (i *looseInt) UnmarshalJSON(data []byte) error {
	*i = looseInt{}
	var s looseString
	if s.UnmarshalJSON(data) != nil {
		return errors.New("a whole number was expected")
	}
	text := s.trimmed()
	if text == "" {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		f, ferr := strconv.ParseFloat(text, 64)
		if ferr != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			return errors.New("a whole number was expected")
		}
		n = int64(f)
	}
	*i = looseInt{n, true}
	return nil
}

// pointer is nil where the vendor did not say.
func (i looseInt) pointer() *int64 {
	if !i.known {
		return nil
	}
	return &i.n
}

// millis reads i as Unix milliseconds, where 0 means "not set", never 1970. So
// do times that no calendar of ours can show.
func (i looseInt) millis() time.Time {
	t := time.UnixMilli(i.n).UTC()
	if i.n <= 0 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

// looseFlag accepts a boolean or a string that spells one.
type looseFlag struct{ Flag }

func (f *looseFlag) UnmarshalJSON(data []byte) error {
	var s looseString
	if s.UnmarshalJSON(data) != nil {
		return errors.New("true or false was expected")
	}
	switch strings.ToLower(s.trimmed()) {
	case "":
		f.Flag = Absent
	case "true":
		f.Flag = True
	case "false":
		f.Flag = False
	default:
		return errors.New("true or false was expected")
	}
	return nil
}

// blank tells whether data is one of the ways to send nothing: null, "", {}
// or [].
func blank(data []byte) bool {
	return string(data) == "null" || len(bytes.Trim(data, "{}[]\" \t\r\n")) == 0
}

// optional is an object, or nil where the gateway sends nothing in its place.
type optional[T any] struct{ p *T }

func (o *optional[T]) UnmarshalJSON(data []byte) error {
	o.p = nil
	if blank(data) {
		return nil
	}
	return json.Unmarshal(data, &o.p)
}

// maxObjects is many times what any page holds. An answer of the largest size
// that is nothing but empty objects would take gigabytes.
const maxObjects = 20_000

// looseList reads a list that the gateway wraps in an object under key, or
// sends bare, or as its only element, or as nothing.
func looseList[T comparable](data []byte, key string) (list []T, err error) {
	if bytes.Count(data, []byte("{")) > maxObjects {
		return nil, fmt.Errorf("the list holds more than %d objects", maxObjects)
	}
	if data[0] == '{' {
		var documented map[string][]T // first, for it may hold megabytes
		if json.Unmarshal(data, &documented) == nil && len(documented) == 1 && documented[key] != nil {
			return documented[key], nil
		}
		var wrapper map[string]json.RawMessage
		if err := json.Unmarshal(data, &wrapper); err != nil {
			return nil, err
		}
		found := 0
		for name, inner := range wrapper {
			if strings.EqualFold(name, key) {
				data = inner
				found++
			}
		}
		if found > 1 {
			return nil, errors.New("the list stands there twice")
		}
	}
	switch {
	case blank(data):
		return nil, nil
	case data[0] == '[':
		err = json.Unmarshal(data, &list)
		return list, err
	}
	var one, none T
	if err := json.Unmarshal(data, &one); err != nil {
		return nil, err
	}
	if one == none {
		return nil, errors.New("a list was expected")
	}
	return []T{one}, nil
}
