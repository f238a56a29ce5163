package guard

import (
	"bytes"
	"cmp"
	"encoding/json"
)

// null is the key of an answer without an id, such as that to a line that is no JSON.
const null = "null"

// meaning is what a line asks of the library, in keys; "" is nothing.
type meaning struct {
	blank   bool   // no message at all
	answer  string // the id it will be answered with
	token   string // the progress token it carries
	cancels string // the id of the request it cancels
}

// parse tells what mcp-go will make of a line. It decodes as the library does,
// so that it fails where the library does; the fuzz test holds them together.
func parse(line []byte) meaning {
	if len(bytes.Trim(line, " \t\r\n")) == 0 {
		return meaning{blank: true}
	}
	var m struct {
		Version string          `json:"jsonrpc"`
		Method  string          `json:"method"`
		ID      any             `json:"id"`
		Result  any             `json:"result"`
		Params  json.RawMessage `json:"params"`
	}
	switch err := json.Unmarshal(line, &m); {
	case err != nil:
		return meaning{answer: null}
	case m.Version != "2.0":
		return meaning{answer: cmp.Or(key(m.ID), null)}
	case m.ID == nil:
		return parseNotification(line, m.Method)
	case m.Result != nil: // a response
		return meaning{}
	default: // with or without a method
		return meaning{answer: key(m.ID), token: progressToken(m.Params)}
	}
}

func parseNotification(line []byte, method string) meaning {
	var m struct {
		Params map[string]any `json:"params"`
	}
	if json.Unmarshal(line, &m) != nil {
		return meaning{answer: null}
	}
	if method == "notifications/cancelled" {
		return meaning{cancels: key(m.Params["requestId"])}
	}
	return meaning{}
}

func progressToken(params []byte) string {
	var p struct {
		Meta struct {
			Token any `json:"progressToken"`
		} `json:"_meta"`
	}
	_ = json.Unmarshal(params, &p) // of another shape, or none: there is no token
	return key(p.Meta.Token)
}

// answers is the id of the request that a line of the library answers, or "".
func answers(line []byte) string {
	var m struct {
		ID     json.RawMessage `json:"id"`
		Method json.RawMessage `json:"method"`
	}
	if json.Unmarshal(line, &m) != nil || m.ID == nil || m.Method != nil {
		return ""
	}
	return key(m.ID)
}

// key is the canonical text of an id or a token: 1 and "1" differ, 1 and 1.0
// do not. Numbers become float64 on the way, as in the library, which answers
// 2^53+1 as 2^53.
func key(id any) string {
	if id == nil {
		return ""
	}
	text, err := json.Marshal(id)
	if err != nil {
		return ""
	}
	var plain any
	if json.Unmarshal(text, &plain) != nil {
		return ""
	}
	text, _ = json.Marshal(plain) // came from JSON
	return string(text)
}
