package rpc

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"math/big"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// The codes of JSON-RPC.
const (
	ParseError     = -32700
	InvalidRequest = -32600
	MethodNotFound = -32601
	InvalidParams  = -32602
	InternalError  = -32603
)

// Error is an answer in the place of the library's.
type Error struct {
	Code    int
	Message string
}

// Clean takes off a message what some clients write around it: a byte order mark,
// white space and NULs.
func Clean(message []byte) []byte {
	message = bytes.Trim(message, " \t\r\n\x00")
	return bytes.Trim(bytes.TrimPrefix(message, []byte("\ufeff")), " \t\r\n\x00")
}

// IsUTF16 tells whether a message was written in UTF-16, as its first line and the
// rest look when they are cut at single line breaks.
func IsUTF16(message []byte) bool {
	return bytes.HasPrefix(message, []byte{0xff, 0xfe}) || bytes.HasPrefix(message, []byte{0xfe, 0xff}) ||
		len(message) > 3 && (bytes.Equal(message[:3], []byte("{\x00\"")) || bytes.Equal(message[:4], []byte("\x00{\x00\"")))
}

// InUTF16 refuses such a message.
var InUTF16 = Error{ParseError, "this is UTF-16: MCP is UTF-8 without a byte order mark; set the encoding of what writes to this server"}

// request is what a request or a cancellation says about itself.
type request struct {
	ID     json.RawMessage `json:"id"`
	Method json.RawMessage `json:"method"`
	Params json.RawMessage `json:"params"`
}

// Name is the name of a request's method, and its id as it was written; "" for
// what is no request.
func Name(message []byte) (method string, id json.RawMessage) {
	var r request
	if json.Unmarshal(message, &r) != nil || json.Unmarshal(r.Method, &method) != nil || !isID(r.ID) {
		return "", nil
	}
	return method, r.ID
}

// isID tells whether raw may be the id of a request.
func isID(raw json.RawMessage) bool {
	return len(raw) > 0 && (raw[0] == '"' || raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9')
}

// Stand replaces the id and the progress token of a request by stand-ins where the
// library could not give them back as they are; each is nil where nothing had to be
// replaced. standIn makes a text that no other request has.
func Stand(message []byte, standIn func() string) (changed []byte, id, token json.RawMessage) {
	var all map[string]json.RawMessage
	var r request
	if json.Unmarshal(message, &r) != nil || json.Unmarshal(message, &all) != nil || !isID(r.ID) {
		return message, nil, nil
	}
	if !Survives(r.ID) {
		id = r.ID
		all = with(all, "id", text(standIn()))
	}
	if params, raw := withoutToken(r.Params, standIn); raw != nil {
		token = raw
		all = with(all, "params", params)
	}
	if id == nil && token == nil {
		return message, nil, nil
	}
	return object(all), id, token
}

// withoutToken replaces the progress token of params.
func withoutToken(raw json.RawMessage, standIn func() string) (params, token json.RawMessage) {
	var all, meta map[string]json.RawMessage
	if json.Unmarshal(raw, &all) != nil || json.Unmarshal(all["_meta"], &meta) != nil {
		return nil, nil
	}
	if token = meta["progressToken"]; !isID(token) || Survives(token) {
		return nil, nil
	}
	return object(with(all, "_meta", object(with(meta, "progressToken", text(standIn()))))), token
}

// StandIns makes ids that no client has: there is a random text of its own in them.
type StandIns struct {
	random string
	count  atomic.Uint64
}

// NewStandIns begins a series.
func NewStandIns() *StandIns { return &StandIns{random: rand.Text()} }

// Next is one that was not there before.
func (s *StandIns) Next() string {
	return "alitriage-" + s.random + "-" + strconv.FormatUint(s.count.Add(1), 10)
}

// Cancels is the id in a notification that cancels a request, as it was written.
func Cancels(message []byte) (id json.RawMessage) {
	var m struct {
		Method string `json:"method"`
		Params struct {
			RequestID json.RawMessage `json:"requestId"`
		} `json:"params"`
	}
	if json.Unmarshal(message, &m) != nil || m.Method != "notifications/cancelled" || !isID(m.Params.RequestID) {
		return nil
	}
	return m.Params.RequestID
}

// IsCancellation tells whether a message is a notification that cancels something.
func IsCancellation(message []byte) bool {
	var m struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
	}
	return json.Unmarshal(message, &m) == nil && m.Method == "notifications/cancelled" && (m.ID == nil || string(m.ID) == "null")
}

// Cancelling cancels the request with this id.
func Cancelling(id json.RawMessage) []byte {
	return object(map[string]json.RawMessage{
		"jsonrpc": text("2.0"), "method": text("notifications/cancelled"), "params": object(map[string]json.RawMessage{"requestId": id}),
	})
}

// Restore puts an id back into an answer of the library, whose id is standIn.
func Restore(answer []byte, standIn string, id json.RawMessage) []byte {
	return bytes.Replace(answer, append([]byte(`"id":`), text(standIn)...), append([]byte(`"id":`), id...), 1)
}

// Survives tells whether an id or token means the same when it has been a float64
// or a Go string. So does, for want of better, one that is no UTF-8: put back as it
// is, it would end the session of a client that reads strictly.
func Survives(raw json.RawMessage) bool {
	if !utf8.Valid(raw) {
		return true
	}
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return false
	}
	if s, ok := value.(string); ok {
		return !strings.ContainsRune(s, '\uFFFD') // of half a character, as of one that was written so
	}
	again, err := json.Marshal(value)
	if err != nil || bytes.Equal(raw, again) {
		return err == nil
	}
	if i := bytes.IndexAny(raw, "eE"); i >= 0 { // a huge one would take a huge number of digits
		exponent, err := strconv.Atoi(string(raw[i+1:]))
		if err != nil || exponent > maxExponent || exponent < -maxExponent {
			return false
		}
	}
	if len(raw) > maxNumber {
		return false
	}
	x, ok1 := new(big.Rat).SetString(string(raw))
	y, ok2 := new(big.Rat).SetString(string(again))
	return ok1 && ok2 && x.Cmp(y) == 0
}

// Of a number that is compared digit by digit.
const (
	maxNumber   = 64 // bytes
	maxExponent = 30
)

// Batch are the messages of a batch; ok is false for a single message.
func Batch(message []byte) (messages []json.RawMessage, ok bool, err error) {
	if len(message) == 0 || message[0] != '[' {
		return nil, false, nil
	}
	err = json.Unmarshal(message, &messages)
	return messages, true, err
}

// MaxBatch is how many messages a batch may have.
const MaxBatch = 100

// ErrNoBatches tells why a batch is refused where there are none.
var ErrNoBatches = errors.New("batches are of MCP 2025-03-26 alone: send each message by itself")

// What no member of a batch can be.
var (
	NoMemberInitializes = Error{InvalidRequest, "initialize cannot be part of a batch: send it first, by itself"}
	NoMember            = Error{InvalidRequest, "a member of this batch is no object"}
)

// RefuseBatch is why a batch of these messages cannot be taken; nil if it can.
func RefuseBatch(messages []json.RawMessage, err error) *Error {
	switch {
	case err != nil:
		return &Error{ParseError, "this is no JSON"}
	case len(messages) == 0:
		return &Error{InvalidRequest, "an empty batch asks nothing: send the messages in it"}
	case len(messages) > MaxBatch:
		return &Error{InvalidRequest, "a batch may have 100 messages at most: send several"}
	}
	return nil
}

// Refusal is the answer to a message that the library does not get; the id is null
// where none is known.
func Refusal(id json.RawMessage, e Error) []byte {
	if !isID(id) {
		id = json.RawMessage("null")
	}
	id = bytes.ToValidUTF8(id, []byte("\uFFFD"))
	line, err := json.Marshal(struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Error   struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}{Version: "2.0", ID: id, Error: struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}{e.Code, "alitriage: " + e.Message}})
	if err != nil {
		panic(err) // the id was read as JSON
	}
	return line
}

// with replaces a member whatever the case of its name: the library reads it so.
func with(members map[string]json.RawMessage, name string, value json.RawMessage) map[string]json.RawMessage {
	for other := range members {
		if strings.EqualFold(other, name) {
			delete(members, other)
		}
	}
	members[name] = value
	return members
}

func text(s string) json.RawMessage {
	raw, _ := json.Marshal(s) // a text
	return raw
}

func object(members map[string]json.RawMessage) json.RawMessage {
	raw, _ := json.Marshal(members) // each was read as JSON, or is ours
	return raw
}
