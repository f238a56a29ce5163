package gate

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"sync"

	"github.com/alitriage/alitriage/cmd/mcp/internal/rpc"
)

// ErrAnswered refuses a notification about a request that was answered, or whose
// client does not listen to a stream of events.
var ErrAnswered = errors.New("request was answered, or its client takes no notifications")

// stream is the answer to one request. It becomes a stream of events at the
// first notification; what the library answers then is its last event.
type stream struct {
	http.ResponseWriter

	listens bool // the client accepts events

	// The id and the progress token as the client wrote them, where the library
	// knows stand-ins.
	id, token json.RawMessage
	standIn   string // for the id

	mu       sync.Mutex
	events   bool         // it is a stream of events
	answered bool         // the library has begun to answer
	status   int          // of its answer; 0: not said
	answer   bytes.Buffer // what it has answered and is not sent
}

type streamKey struct{}

func withStream(ctx context.Context, s *stream) context.Context {
	return context.WithValue(ctx, streamKey{}, s)
}

// Notify sends a notification about the request that ctx belongs to, at once:
// when it returns, nothing can put the result before it.
func Notify(ctx context.Context, method string, params map[string]any) error {
	s, ok := ctx.Value(streamKey{}).(*stream)
	if !ok {
		return ErrAnswered
	}
	if s.token != nil {
		params = maps.Clone(params)
		params["progressToken"] = s.token
	}
	data, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "method": method, "params": params})
	if err != nil {
		return fmt.Errorf("encode %s: %w", method, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answered || !s.listens {
		return ErrAnswered
	}
	return s.send(data)
}

// send is called with the lock.
func (s *stream) send(data []byte) error {
	if !s.events {
		s.events = true
		s.Header().Set("Content-Type", "text/event-stream")
		s.Header().Set("Cache-Control", "no-cache")
		s.ResponseWriter.WriteHeader(http.StatusOK)
	}
	if _, err := fmt.Fprintf(s.ResponseWriter, "event: message\ndata: %s\n\n", data); err != nil {
		return err
	}
	return http.NewResponseController(s.ResponseWriter).Flush()
}

func (s *stream) WriteHeader(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answered = true
	s.status = cmp.Or(s.status, status)
}

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answered = true
	return s.answer.Write(p)
}

// Flush lets the library stream when it wants to.
func (s *stream) Flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.events {
		s.release()
		_ = http.NewResponseController(s.ResponseWriter).Flush()
	}
}

// release sends what the library has answered so far, with the id of the client. It
// is called with the lock.
func (s *stream) release() {
	text := s.answer.Bytes()
	if s.id != nil {
		text = rpc.Restore(text, s.standIn, s.id)
	}
	if s.status != 0 {
		s.ResponseWriter.WriteHeader(s.status)
		s.status = 0
	}
	if len(text) > 0 {
		_, _ = s.ResponseWriter.Write(text) // to a client that has gone nothing can be said
	}
	s.answer.Reset()
}

// end sends what the library has answered, where there are events as the last.
func (s *stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answered = true
	if !s.events {
		s.release()
		return
	}
	if answer := bytes.TrimSpace(s.answer.Bytes()); len(answer) > 0 {
		if s.id != nil {
			answer = rpc.Restore(answer, s.standIn, s.id)
		}
		_ = s.send(answer) // to a client that has gone nothing can be said
	}
}

// fail ends the answer with an error, unless something was answered already.
func (s *stream) fail(message []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.events:
		_ = s.send(bytes.TrimSpace(message))
	case s.answer.Len() > 0 || s.status != 0:
		s.release()
	case !s.answered:
		s.Header().Set("Content-Type", "application/json")
		s.ResponseWriter.WriteHeader(http.StatusInternalServerError)
		_, _ = s.ResponseWriter.Write(message)
	}
	s.answered = true
}
