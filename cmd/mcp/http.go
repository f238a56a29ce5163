package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/alitriage/alitriage/cmd/mcp/internal/gate"
	"github.com/alitriage/alitriage/internal/config"
	"github.com/alitriage/alitriage/tools"
)

// httpPath is where MCP is served.
const httpPath = "/mcp"

// web is the wire to any number of clients, without sessions.
type web struct{ *gate.Gate }

func (web) hook(*server.Hooks) {}

// cancelled: over HTTP a client cancels by closing the connection.
func (w web) cancelled(ctx context.Context, _ mcp.CallToolRequest) bool { return ctx.Err() != nil }

func (w web) notify(ctx context.Context, _ any, method string, params map[string]any) error {
	return gate.Notify(ctx, method, params)
}

// serveHTTP prints the URL when it can be asked.
func (a *app) serveHTTP(ctx context.Context, address string, cfg config.Config, logger *slog.Logger) error {
	listener, err := listenHTTP(ctx, address, cfg.HTTPToken)
	if err != nil {
		return err
	}
	defer listener.Close()
	g := gate.New(gate.Options{Token: cfg.HTTPToken, Logger: logger})
	known, all, err := a.tools(cfg, logger, g.Draining())
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(a.out, "http://%s%s\n", listener.Addr(), httpPath); err != nil {
		return fmt.Errorf("print the URL: %w", err)
	}
	defer onSignal(ctx, g.Drain)()
	return web{g}.serve(listener, known, all, cfg.MaxWait, logger)
}

// listenHTTP refuses to serve whoever can reach this machine without a token.
func listenHTTP(ctx context.Context, address, token string) (net.Listener, error) {
	if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
		return nil, refused(fmt.Sprintf("--%s: %.80q is not an address with a port; give one such as 127.0.0.1:8765", flagHTTP, address))
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, refused(fmt.Sprintf("--%s: cannot listen on %.80q: %s\nGive an address of this machine and a free port, such as 127.0.0.1:8765.", flagHTTP, address, reason(err)))
	}
	if ip := listener.Addr().(*net.TCPAddr).IP; !ip.IsLoopback() && token == "" {
		_ = listener.Close()
		return nil, refused(fmt.Sprintf("--%s: %s can be reached from other machines, so it needs a token\n"+
			"Set ALITRIAGE_HTTP_TOKEN (to what `openssl rand -hex 32` prints, say), or listen on 127.0.0.1 only.", flagHTTP, listener.Addr()))
	}
	return listener, nil
}

// reason leaves the operation and the address to the sentence around it.
func reason(err error) string {
	if op := new(net.OpError); errors.As(err, &op) {
		return op.Err.Error()
	}
	return err.Error()
}

// Limits of one connection. An answer may take as long as a call may, and then
// some for a slow client.
const (
	headerTime  = 10 * time.Second
	requestTime = 10 * time.Second
	idleTime    = 2 * time.Minute
	slowTime    = time.Minute
)

// serve ends after Drain, when what is in flight is answered.
func (w web) serve(listener net.Listener, known tools.Config, all []tools.Tool, maxWait time.Duration, logger *slog.Logger) error {
	base, cancel := context.WithCancel(context.Background())
	defer cancel()
	s := &http.Server{
		Handler: w.handler(known, all, logger), BaseContext: func(net.Listener) context.Context { return base },
		ReadHeaderTimeout: headerTime, ReadTimeout: requestTime, WriteTimeout: requestTime + maxWait + slowTime, IdleTimeout: idleTime,
		MaxHeaderBytes: 64 << 10,
		ErrorLog:       slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-w.Draining():
	}
	return w.shutDown(s, cancel, logger)
}

func (w web) handler(known tools.Config, all []tools.Tool, logger *slog.Logger) http.Handler {
	a := &adapter{wire: w, logger: logger, fence: newFence}
	w.Check(checkRequest(all))
	library := server.NewStreamableHTTPServer(a.newMCPServer(known, all),
		server.WithStateLess(true),
		server.WithDisableLocalhostProtection(w.NeedsToken()),          // a page that rebinds its name has no token, a proxy may keep the Host
		server.WithDisableStreaming(true),                              // nothing is ever said but in answer to a request
		server.WithStreamableHTTPLogger(slog.New(slog.DiscardHandler))) // it would log panic values
	mux := http.NewServeMux()
	mux.Handle(httpPath, w.Handler(library))
	mux.HandleFunc("/", w.elsewhere)
	return mux
}

// elsewhere answers on other paths. A client that was refused for its token looks
// there for an authorization server, and shows a person what it gets.
func (w web) elsewhere(out http.ResponseWriter, r *http.Request) {
	why := "MCP is served at " + httpPath + " of this server, and nothing else"
	switch path := r.URL.Path; {
	case w.NeedsToken() && (strings.HasPrefix(path, "/.well-known/") || slices.Contains([]string{"/register", "/authorize", "/token"}, path)):
		why = gate.NoToken
	case path == "/sse" || path == "/messages":
		why += ": the transport of 2024-11-05 with its two paths is not; choose Streamable HTTP and the URL with " + httpPath
	}
	http.Error(out, "alitriage: "+why+".", http.StatusNotFound)
}

// shutDown answers what is in flight, and breaks off what is not answered even
// when it was cancelled.
func (w web) shutDown(s *http.Server, cancel context.CancelFunc, logger *slog.Logger) error {
	end, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		select {
		case <-w.Expired():
			time.AfterFunc(lastGrace, stop)
		case <-end.Done():
		}
	}()
	if err := s.Shutdown(end); err != nil {
		logger.Warn("requests still pending after the drain")
		cancel()
		_ = s.Close()
	}
	return nil
}
