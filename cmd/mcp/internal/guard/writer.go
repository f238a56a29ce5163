package guard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/alitriage/alitriage/cmd/mcp/internal/rpc"
)

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// write takes what the library writes, whole messages or not, and sends it line by line.
func (g *Guard) write(p []byte) (int, error) {
	g.writing.Lock()
	defer g.writing.Unlock()
	text := append(g.partial, p...)
	for {
		end := bytes.IndexByte(text, '\n') + 1
		if end == 0 {
			g.partial = text
			return len(p), nil
		}
		if err := g.deliver(text[:end]); err != nil {
			return 0, err
		}
		text = text[end:]
	}
}

// deliver sends a line, unless it answers a cancelled request. Only then is
// the request settled: the end of input must not overtake its answer.
func (g *Guard) deliver(line []byte) error {
	id := answers(line)
	defer g.settle(id)
	r, asked := g.oldest(id)
	if r.raw != nil {
		line = rpc.Restore(line, strings.Trim(id, `"`), r.raw)
	}
	switch {
	case r.cancelled:
		g.opts.Logger.Debug("response to a cancelled request dropped")
		return g.collect(nil, r.batch)
	case asked && r.batch != nil:
		return g.collect(line, r.batch)
	default:
		return g.send(line)
	}
}

// send is called with writing held.
func (g *Guard) send(line []byte) error {
	if err := g.Err(); err != nil {
		return err
	}
	n, err := g.out.Write(line)
	if err == nil && n < len(line) {
		err = io.ErrShortWrite
	}
	if err != nil {
		err = fmt.Errorf("write to the client: %w", err)
		g.fail(err)
		g.opts.Logger.Warn("client is gone", "error", err)
	}
	return err
}

// refuse answers a message in the place of the library.
func (g *Guard) refuse(id json.RawMessage, e rpc.Error) { g.answer(rpc.Refusal(id, e), nil) }

func (g *Guard) answer(line []byte, of *batch) {
	g.writing.Lock()
	defer g.writing.Unlock()
	if of != nil {
		of.answers = append(of.answers, line)
		return
	}
	_ = g.send(append(line, '\n')) // Err keeps it
}

// awaited is the request that carried a token and waits for its answer.
func (g *Guard) awaited(token any) (request, bool) {
	want := key(token)
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, same := range g.pending {
		for _, r := range same {
			if r.token != "" && r.token == want && !r.cancelled {
				return r, true
			}
		}
	}
	return request{}, false
}

// oldest is the first of the requests with this id, which settle ends.
func (g *Guard) oldest(id string) (r request, asked bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if same := g.pending[id]; len(same) > 0 {
		return same[0], true
	}
	return request{}, false
}

func (g *Guard) settle(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if same := g.pending[id]; len(same) > 1 {
		g.pending[id] = same[1:]
	} else {
		delete(g.pending, id)
	}
	g.changed.Broadcast()
}
