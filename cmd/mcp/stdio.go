package main

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"net/http"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/alitriage/alitriage/cmd/mcp/internal/guard"
	"github.com/alitriage/alitriage/tools"
)

const (
	workers     = 32   // calls at a time; each may wait up to --max-wait
	queueLength = 1024 // calls that wait for a worker
)

// stdio is the wire to one client, over its two streams.
type stdio struct{ *guard.Guard }

// idHeader carries a request's id from the library's hook to the handler, which
// is not told it. Over stdio nothing else uses the headers.
const idHeader = "Jsonrpc-Id"

func (stdio) hook(hooks *server.Hooks) {
	hooks.AddBeforeCallTool(func(_ context.Context, id any, request *mcp.CallToolRequest) {
		if text, err := json.Marshal(id); err == nil {
			request.Header = http.Header{idHeader: {string(text)}}
		}
	})
}

func (s stdio) cancelled(_ context.Context, request mcp.CallToolRequest) bool {
	return s.Cancelled(json.RawMessage(request.Header.Get(idHeader)))
}

func (s stdio) notify(_ context.Context, token any, method string, params map[string]any) error {
	return s.Notify(token, method, params)
}

// lastGrace is a little more than the guard gives the library at the end.
const lastGrace = 900 * time.Millisecond

// serve ends when the client has ended its stream and has every answer, or has
// gone, which the guard logs.
func (s stdio) serve(known tools.Config, all []tools.Tool, logger *slog.Logger) error {
	a := &adapter{wire: s, logger: logger, fence: newFence}
	s.Check(checkRequest(all))
	loop := server.NewStdioServer(a.newMCPServer(known, all))
	loop.SetErrorLogger(log.New(io.Discard, "", 0)) // it would log panic values
	server.WithWorkerPoolSize(workers)(loop)
	server.WithQueueSize(queueLength)(loop)
	defer s.Drain()
	done := make(chan error, 1)
	go func() { done <- loop.Listen(context.Background(), s.Reader(), s.Writer()) }()
	var err error
	select {
	case err = <-done:
	case <-s.Expired():
		select {
		case err = <-done:
		case <-time.After(lastGrace): // a client that reads nothing more must not keep us
		}
	}
	if s.Err() != nil {
		return nil
	}
	return err
}
