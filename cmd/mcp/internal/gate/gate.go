package gate

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

// Options of a Gate; the zero value is fine on loopback.
type Options struct {
	Token    string        // the bearer token that every request needs; "": none does
	MaxBody  int64         // bytes of a request; 1 MiB
	InFlight int           // requests at a time; 256
	Drain    time.Duration // after Drain, until what is in flight is cancelled; 4 s
	Logger   *slog.Logger  // nil is silent
}

// Gate is one HTTP server's.
type Gate struct {
	opts   Options
	token  [sha256.Size]byte
	places chan struct{} // one for each request in flight

	ending            sync.Once
	draining, expired chan struct{}
}

// New makes a gate that is open until Drain.
func New(opts Options) *Gate {
	opts.MaxBody = cmp.Or(opts.MaxBody, 1<<20)
	opts.InFlight = cmp.Or(opts.InFlight, 256)
	opts.Drain = cmp.Or(opts.Drain, 4*time.Second)
	opts.Logger = cmp.Or(opts.Logger, slog.New(slog.DiscardHandler))
	return &Gate{
		opts:     opts,
		token:    sha256.Sum256([]byte(opts.Token)),
		places:   make(chan struct{}, opts.InFlight),
		draining: make(chan struct{}),
		expired:  make(chan struct{}),
	}
}

// Drain begins the end. Any goroutine may call it, more than once.
func (g *Gate) Drain() {
	g.ending.Do(func() {
		close(g.draining)
		time.AfterFunc(g.opts.Drain, func() { close(g.expired) })
	})
}

// Draining closes at the beginning of the end: who waits answers what it has.
func (g *Gate) Draining() <-chan struct{} { return g.draining }

// Expired closes Options.Drain after that: what is in flight is to be cancelled
// and answered as an error.
func (g *Gate) Expired() <-chan struct{} { return g.expired }

// NeedsToken tells whether nobody gets in without one.
func (g *Gate) NeedsToken() bool { return g.opts.Token != "" }

// Handler lets through to the library what may pass.
func (g *Gate) Handler(library http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusForbidden, "a page of another origin may not ask this server")
	}))
	return origins.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.allowed(r) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="alitriage"`)
			refuse(w, http.StatusUnauthorized, "this server needs the header Authorization: Bearer TOKEN, with the token that it was started with")
			return
		}
		if r.Method != http.MethodPost { // there are no sessions to listen to or to delete
			w.Header().Set("Allow", http.MethodPost)
			refuse(w, http.StatusMethodNotAllowed, "use POST; nothing is ever sent but in answer to a request")
			return
		}
		if body, ok := g.read(w, r); ok && !answered(w, body) {
			g.pass(w, r, body, library)
		}
	}))
}

// allowed compares digests, so that not even the length of the token shows in the time it takes.
func (g *Gate) allowed(r *http.Request) bool {
	if !g.NeedsToken() {
		return true
	}
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	digest := sha256.Sum256([]byte(strings.TrimSpace(given)))
	return subtle.ConstantTimeCompare(digest[:], g.token[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}

// read takes a request in, or refuses it. At the end nothing new is taken, and
// what has not arrived is not waited for: it has asked nothing yet.
func (g *Gate) read(w http.ResponseWriter, r *http.Request) (body []byte, ok bool) {
	select {
	case <-g.draining:
		refuse(w, http.StatusServiceUnavailable, "the server is shutting down, and nothing was begun")
		return nil, false
	default:
	}
	stop := g.hurry(w)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, g.opts.MaxBody))
	stop()
	switch tooLarge := new(http.MaxBytesError); {
	case errors.As(err, &tooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a request may have %d bytes at most", g.opts.MaxBody))
	case errors.Is(err, os.ErrDeadlineExceeded):
		refuse(w, http.StatusRequestTimeout, "the request did not arrive in time")
	case err != nil:
		refuse(w, http.StatusBadRequest, "the request ended before its body did")
	}
	return body, err == nil
}

// hurry gives up reading when the end begins. After stop it touches w no more.
func (g *Gate) hurry(w http.ResponseWriter) (stop func()) {
	read, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		select {
		case <-g.draining:
			_ = http.NewResponseController(w).SetReadDeadline(time.Now()) // without deadlines the client's time limit holds
		case <-read:
		}
	}()
	return func() {
		close(read)
		<-over
	}
}

func (g *Gate) pass(w http.ResponseWriter, r *http.Request, body []byte, library http.Handler) {
	select {
	case g.places <- struct{}{}:
		defer func() { <-g.places }()
	default:
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusServiceUnavailable, fmt.Sprintf("%d requests are in flight already; ask again", g.opts.InFlight))
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	accepts := strings.ToLower(strings.Join(r.Header.Values("Accept"), ","))
	s := &stream{ResponseWriter: w, listens: strings.Contains(accepts, "text/event-stream")}
	defer g.end(r.Context(), s)
	library.ServeHTTP(s, r.WithContext(withStream(r.Context(), s)))
}

// end survives a panic below. Its value may quote anything and is not shown.
func (g *Gate) end(ctx context.Context, s *stream) {
	value := recover()
	if value == nil {
		s.end()
		return
	}
	reference := rand.Text()
	g.opts.Logger.LogAttrs(ctx, slog.LevelError, "internal error", slog.String("reference", reference), slog.String("kind", fmt.Sprintf("%T", value)), slog.String("stack", string(debug.Stack())))
	s.fail(errorMessage(nil, internalError, "internal error, reference "+reference+": the log on stderr says more under it. Please report it."))
}

// answered answers what the library must not see.
//
// A notification that cancels a request: without sessions nobody knows whose
// request it means, and ids of different clients are alike. A client cancels by
// closing the connection of its request.
//
// A subscription to changes: there are none, and the library then ends the
// stream at once and loses its first message in one of four runs.
func answered(w http.ResponseWriter, body []byte) bool {
	var message struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
	}
	if json.Unmarshal(body, &message) != nil {
		return false
	}
	switch {
	case message.Method == "notifications/cancelled" && message.ID == nil:
		w.WriteHeader(http.StatusAccepted)
	case message.Method == "subscriptions/listen":
		answerError(w, http.StatusNotFound, message.ID, methodNotFound, "nothing changes here while the server runs, so there is nothing to subscribe to")
	default:
		return false
	}
	return true
}

// The codes of JSON-RPC.
const (
	invalidRequest = -32600
	methodNotFound = -32601
	internalError  = -32603
)

func refuse(w http.ResponseWriter, status int, why string) {
	answerError(w, status, nil, invalidRequest, why)
}

// answerError answers as JSON-RPC does, in the words of a person.
func answerError(w http.ResponseWriter, status int, id json.RawMessage, code int, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(errorMessage(id, code, why)) // to a client that has gone nothing can be said
}

func errorMessage(id json.RawMessage, code int, why string) []byte {
	text, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "error": map[string]any{"code": code, "message": "alitriage: " + why}})
	if err != nil {
		panic(err) // the id was read as JSON
	}
	return append(text, '\n')
}
