package guard

import (
	"bytes"
	"encoding/json"

	"github.com/alitriage/alitriage/cmd/mcp/internal/rpc"
)

// batch is several messages in one, as MCP 2025-03-26 has them: their answers are
// one message, too. Its fields are changed with writing held, owed with mu as well.
type batch struct {
	answers [][]byte
	owed    int  // answers of the library that are missing
	whole   bool // all its messages have been taken
}

// batch takes the messages of a batch, and answers once all of them are answered.
func (g *Guard) batch(messages []json.RawMessage) bool {
	of := &batch{}
	open := true
	for _, m := range messages {
		switch method, id := rpc.Name(m); {
		case method == "initialize":
			g.answer(rpc.Refusal(id, rpc.NoMemberInitializes), of)
		case m[0] != '{':
			g.answer(rpc.Refusal(nil, rpc.NoMember), of)
		default:
			open = g.single(m, of) && open
		}
	}
	g.writing.Lock()
	defer g.writing.Unlock()
	of.whole = true
	_ = g.flush(of) // Err keeps it
	return open
}

// refuseEach answers each request of a batch that cannot be, so that no client
// waits for what does not come.
func (g *Guard) refuseEach(messages []json.RawMessage) {
	asked := false
	for _, m := range messages {
		if method, id := rpc.Name(m); method != "" {
			asked = true
			g.refuse(id, rpc.Error{Code: rpc.InvalidRequest, Message: rpc.ErrNoBatches.Error()})
		}
	}
	if !asked {
		g.refuse(nil, rpc.Error{Code: rpc.InvalidRequest, Message: rpc.ErrNoBatches.Error()})
	}
}

// collect takes an answer of the library to a request of a batch, nil for one that
// was cancelled. It is called with writing held.
func (g *Guard) collect(line []byte, of *batch) error {
	if of == nil {
		return nil
	}
	if line != nil {
		of.answers = append(of.answers, bytes.Clone(bytes.TrimSpace(line)))
	}
	g.mu.Lock()
	of.owed--
	g.mu.Unlock()
	return g.flush(of)
}

// flush sends the answers of a batch that has all of them. It is called with
// writing held.
func (g *Guard) flush(of *batch) error {
	g.mu.Lock()
	owed := of.owed
	g.mu.Unlock()
	if !of.whole || owed > 0 || len(of.answers) == 0 {
		return nil
	}
	line := append([]byte{'['}, bytes.Join(of.answers, []byte{','})...)
	of.answers = nil
	return g.send(append(line, ']', '\n'))
}
