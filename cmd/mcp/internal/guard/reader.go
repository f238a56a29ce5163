package guard

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/alitriage/alitriage/cmd/mcp/internal/rpc"
)

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func (g *Guard) read(p []byte) (int, error) {
	g.pumping.Do(func() { go g.pump() })
	if len(g.rest) == 0 {
		g.rest = g.next()
	}
	if g.rest == nil {
		return 0, io.EOF
	}
	n := copy(p, g.rest)
	g.rest = g.rest[n:]
	return n, nil
}

// next is the next line, or nil at the end: when there are no more and all
// are answered, or when it is no use waiting longer.
func (g *Guard) next() []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	for !g.over {
		if len(g.queue) > 0 {
			line := g.queue[0]
			g.queue[0] = nil // or the array would keep it
			g.queue, g.queued = g.queue[1:], g.queued-len(line)
			g.changed.Broadcast()
			return line
		}
		if isClosed(g.draining) && len(g.pending) == 0 {
			return nil
		}
		g.changed.Wait()
	}
	return nil
}

// pump reads ahead of the library, so that EOF and a cancellation are seen
// also while its read loop is busy. It ends with the input. After Drain one
// Read of stdin may stay blocked until the process ends: Go cannot interrupt it.
func (g *Guard) pump() {
	defer g.Drain()
	for {
		line, size, err := g.readLine()
		if size > g.opts.MaxLine {
			g.refuse(rpc.IDOfCut(line, g.tail), rpc.Error{Code: rpc.InvalidRequest, Message: fmt.Sprintf(tooLong, size, g.opts.MaxLine)})
			g.opts.Logger.Warn("line over the limit skipped", "bytes", size, "limit", g.opts.MaxLine)
		} else if !g.take(line) {
			return
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				g.opts.Logger.Warn("reading from the client ended", "error", err)
			}
			return
		}
	}
}

const (
	maxHead = 64 << 10 // bytes of a line over the limit that are kept to find its id
	maxTail = 4 << 10

	tooLong = "a message of %d bytes was not read, the limit is %d: send it again with shorter arguments"
)

// readLine reads to the next newline, or to the end, and gives the line back. Of a
// line over the limit it keeps the beginning, and the end in tail.
func (g *Guard) readLine() (line []byte, size int, err error) {
	for {
		var part []byte
		part, err = g.in.ReadSlice('\n')
		part = bytes.TrimSuffix(part, []byte{'\n'})
		if size += len(part); size <= g.opts.MaxLine {
			line = append(line, part...)
		} else {
			if len(line) > maxHead {
				line = bytes.Clone(line[:maxHead])
				g.tail = g.tail[:0]
			}
			g.tail = append(g.tail, part...)
			g.tail = append(g.tail[:0], g.tail[max(0, len(g.tail)-maxTail):]...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, size, err
		}
	}
}

// take hands a line on to the library, or answers it where the library could not.
func (g *Guard) take(line []byte) bool {
	line = rpc.Clean(line)
	if rpc.IsUTF16(line) {
		g.refuse(nil, rpc.InUTF16)
		return true
	}
	messages, isBatch, err := rpc.Batch(line)
	switch wrong := rpc.RefuseBatch(messages, err); {
	case !isBatch:
		return g.single(line, nil)
	case wrong != nil:
		g.refuse(nil, *wrong)
		return true
	case !g.batches.Load():
		g.refuseEach(messages)
		return true
	}
	return g.batch(messages)
}

// single takes one message, of a batch or by itself.
func (g *Guard) single(line []byte, of *batch) bool {
	if method, id := rpc.Name(line); method != "" {
		if method == "initialize" {
			g.agree(line)
		}
		if wrong := g.wrongWith(method, line); wrong != nil {
			g.answer(rpc.Refusal(id, *wrong), of)
			return true
		}
	}
	return g.admit(line, of)
}

// agree takes note of a version that has batches: the library answers with the
// version that was asked for, if it knows it.
func (g *Guard) agree(line []byte) {
	var m struct {
		Params struct {
			Version string `json:"protocolVersion"`
		} `json:"params"`
	}
	_ = json.Unmarshal(line, &m) // else the library refuses it
	g.batches.Store(m.Params.Version == withBatches)
}

const withBatches = "2025-03-26"

// admit takes note of what the line asks and queues it for the library. It
// waits while a full line is queued, and refuses once the input has ended.
func (g *Guard) admit(line []byte, of *batch) bool {
	stood, raw, rawToken := rpc.Stand(line, g.standIns.Next)
	m := parse(stood)
	g.mu.Lock()
	defer g.mu.Unlock()
	if id := rpc.Cancels(line); id != nil && !rpc.Survives(id) {
		stood, m = g.cancelling(id)
	}
	line = append(bytes.Clone(stood), '\n')
	for g.queued+len(line) > g.opts.MaxLine && len(g.queue) > 0 && !isClosed(g.draining) {
		g.changed.Wait()
	}
	if isClosed(g.draining) {
		return false
	}
	if m.blank {
		return true
	}
	if of != nil && m.answer != "" {
		of.owed++
	}
	if m.answer != "" {
		g.pending[m.answer] = append(g.pending[m.answer], request{token: m.token, raw: raw, rawToken: rawToken, batch: of})
	}
	for i := range g.pending[m.cancels] {
		g.pending[m.cancels][i].cancelled = true
	}
	g.queue, g.queued = append(g.queue, line), g.queued+len(line)
	g.changed.Broadcast()
	return true
}

// cancelling is a cancellation in the words of the library, for an id that it knows
// by a stand-in. It is called with mu held.
func (g *Guard) cancelling(id json.RawMessage) ([]byte, meaning) {
	found := meaning{blank: true}
	var line []byte
	for standIn, same := range g.pending {
		for i := range same {
			if bytes.Equal(same[i].raw, id) { // several where a client repeats an id: the library hears of one
				same[i].cancelled = true
				line, found = rpc.Cancelling(json.RawMessage(standIn)), meaning{cancels: standIn}
			}
		}
	}
	return line, found
}
