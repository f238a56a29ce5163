package guard

import (
	"bytes"
	"fmt"
	"io"
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
	if g.unwanted(id) {
		g.opts.Logger.Debug("response to a cancelled request dropped")
		return nil
	}
	return g.send(line)
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

// refuse answers a line that was too long to be read, and so to know its id.
func (g *Guard) refuse(size int) {
	g.opts.Logger.Warn("line over the limit skipped", "bytes", size, "limit", g.opts.MaxLine)
	g.writing.Lock()
	defer g.writing.Unlock()
	_ = g.send(fmt.Appendf(nil, tooLong, size, g.opts.MaxLine)) // Err keeps it
}

const tooLong = `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"a message of %d bytes was not read, ` +
	`the limit is %d: send it again with shorter arguments"}}` + "\n"

func (g *Guard) awaited(token any) bool {
	want := key(token)
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, same := range g.pending {
		for _, r := range same {
			if r.token != "" && r.token == want && !r.cancelled {
				return true
			}
		}
	}
	return false
}

// unwanted looks at the oldest of the requests with this id, which settle ends.
func (g *Guard) unwanted(id string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	same := g.pending[id]
	return len(same) > 0 && same[0].cancelled
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
