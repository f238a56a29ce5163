package rpc

import (
	"bytes"
	"encoding/json"
	"regexp"
)

// IDOfCut finds the id of a message of which only the beginning and the end were
// kept: before the parameters, where most clients write it, or behind them, as the
// official TypeScript client does. It is nil where neither shows it.
func IDOfCut(head, tail []byte) json.RawMessage {
	if id := idInHead(Clean(head)); id != nil {
		return id
	}
	m := idInTail.FindSubmatch(bytes.TrimRight(tail, " \t\r\n\x00"))
	if m == nil || !json.Valid(m[1]) {
		return nil
	}
	return m[1]
}

// idInTail is the id among the last members of the outermost object: one brace
// closes it, and nothing but texts stands behind the id.
var idInTail = regexp.MustCompile(`,\s*"id"\s*:\s*(-?[0-9][0-9.eE+-]*|"(?:[^"\\]|\\.)*")\s*(?:,\s*"(?:method|jsonrpc)"\s*:\s*"[^"\\]*"\s*)*\}$`)

// idInHead reads the first members of an object, as far as they are whole.
func idInHead(head []byte) json.RawMessage {
	d := json.NewDecoder(bytes.NewReader(head))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil
	}
	for {
		name, err := d.Token()
		if err != nil {
			return nil
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil
		}
		if name == "id" && isID(value) {
			return value
		}
	}
}
