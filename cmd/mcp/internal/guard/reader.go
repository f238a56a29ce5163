package guard

import (
	"bufio"
	"bytes"
	"errors"
	"io"
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
			g.refuse(size)
		} else if !g.admit(line) {
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

// readLine reads to the next newline, or to the end, and gives the line back
// with a newline. Of a line over the limit it keeps nothing but the size.
func (g *Guard) readLine() (line []byte, size int, err error) {
	for {
		var part []byte
		part, err = g.in.ReadSlice('\n')
		part = bytes.TrimSuffix(part, []byte{'\n'})
		if size += len(part); size <= g.opts.MaxLine {
			line = append(line, part...)
		} else {
			line = nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return append(line, '\n'), size, err
		}
	}
}

// admit takes note of what the line asks and queues it for the library. It
// waits while a full line is queued, and refuses once the input has ended.
func (g *Guard) admit(line []byte) bool {
	m := parse(line)
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.queued+len(line) > g.opts.MaxLine && len(g.queue) > 0 && !isClosed(g.draining) {
		g.changed.Wait()
	}
	if isClosed(g.draining) {
		return false
	}
	if m.blank {
		return true
	}
	if m.answer != "" {
		g.pending[m.answer] = append(g.pending[m.answer], request{token: m.token})
	}
	for i := range g.pending[m.cancels] {
		g.pending[m.cancels][i].cancelled = true
	}
	g.queue, g.queued = append(g.queue, line), g.queued+len(line)
	g.changed.Broadcast()
	return true
}
