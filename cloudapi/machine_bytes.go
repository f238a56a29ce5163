package cloudapi

import (
	"errors"
	"fmt"
	"log/slog"
)

// MachineBytes are bytes that a cloud machine, or whoever can write on it, has
// produced. They may hold secrets, escape sequences or instructions to a
// reader, so they neither print nor marshal nor log. Only the airlock in
// formatters opens them.
//
// They sit behind two pointers because fmt calls no method of a value in an
// unexported field. It follows one pointer there when the verb does not suit (%s
// of a struct), but never two.
type MachineBytes struct{ b **[]byte }

// NewMachineBytes wraps b, which the caller gives up.
func NewMachineBytes(b []byte) MachineBytes {
	if len(b) == 0 {
		return MachineBytes{}
	}
	return MachineBytes{new(&b)}
}

// Open hands out the raw bytes. A test holds that only the airlock calls it.
func (m MachineBytes) Open() []byte {
	if m.b == nil {
		return nil
	}
	return **m.b
}

// Len is the number of raw bytes.
func (m MachineBytes) Len() int { return len(m.Open()) }

// Format prints the size in place of the bytes, whatever the verb.
func (m MachineBytes) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "[%d bytes from a cloud machine]", m.Len())
}

// LogValue keeps the bytes out of logs.
func (m MachineBytes) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(m)) }

// MarshalJSON and its siblings refuse.
func (m MachineBytes) MarshalJSON() ([]byte, error) { return nil, errSealed }

// MarshalText refuses.
func (m MachineBytes) MarshalText() ([]byte, error) { return nil, errSealed }

// MarshalBinary refuses, and with it encoding/gob.
func (m MachineBytes) MarshalBinary() ([]byte, error) { return nil, errSealed }

var errSealed = errors.New("bytes from a cloud machine do not marshal; formatters turns them into text")
