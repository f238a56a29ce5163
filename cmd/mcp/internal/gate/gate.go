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

	"github.com/alitriage/alitriage/cmd/mcp/internal/rpc"
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

	standIns *rpc.StandIns
	// refuseFirst is what Check was given.
	refuseFirst func(method string, message []byte) *rpc.Error

	ending            sync.Once
	draining, expired chan struct{}
}

// Check lets refuse look at each request before the library does: what it says is
// answered in the library's place. It is to be called before anything is served.
func (g *Gate) Check(refuse func(method string, message []byte) *rpc.Error) { g.refuseFirst = refuse }

func (g *Gate) wrongWith(method string, message []byte) *rpc.Error {
	if g.refuseFirst == nil {
		return nil
	}
	return g.refuseFirst(method, message)
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
		standIns: rpc.NewStandIns(),
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

// NoToken is for a client without the token, in the words of which a person hears
// through it.
const NoToken = "the bearer token is missing or wrong: there is no OAuth here and nobody to register with; " +
	"give your client the header Authorization: Bearer TOKEN, with the value of ALITRIAGE_HTTP_TOKEN that this server was started with"

// Handler lets through to the library what may pass.
func (g *Gate) Handler(library http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusForbidden, "a page of another origin may not ask this server")
	}))
	return origins.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.allowed(r) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="alitriage"`)
			refuse(w, http.StatusUnauthorized, NoToken)
			return
		}
		if r.Method != http.MethodPost { // there are no sessions to listen to or to delete
			w.Header().Set("Allow", http.MethodPost)
			refuse(w, http.StatusMethodNotAllowed, "use POST; nothing is ever sent but in answer to a request")
			return
		}
		body, ok := g.read(w, r)
		if !ok {
			return
		}
		body = rpc.Clean(body)
		if messages, isBatch, err := rpc.Batch(body); isBatch {
			g.batch(w, r, messages, err, library)
		} else if !g.answered(w, body) {
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
	if !g.enter(w) {
		return
	}
	defer func() { <-g.places }()
	accepts := strings.ToLower(strings.Join(r.Header.Values("Accept"), ","))
	g.serve(w, r, body, strings.Contains(accepts, "text/event-stream"), library)
}

// enter takes a place among the requests in flight.
func (g *Gate) enter(w http.ResponseWriter) bool {
	select {
	case g.places <- struct{}{}:
		return true
	default:
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusServiceUnavailable, fmt.Sprintf("%d requests are in flight already; ask again", g.opts.InFlight))
		return false
	}
}

// serve lets the library answer one message.
func (g *Gate) serve(w http.ResponseWriter, r *http.Request, body []byte, listens bool, library http.Handler) {
	body, id, token := rpc.Stand(body, g.standIns.Next)
	r.Body = io.NopCloser(bytes.NewReader(body))
	s := &stream{ResponseWriter: w, listens: listens, id: id, token: token}
	if id != nil {
		_, standIn := rpc.Name(body)
		s.standIn = strings.Trim(string(standIn), `"`)
	}
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
	s.fail(rpc.Refusal(nil, rpc.Error{Code: rpc.InternalError, Message: "internal error, reference " + reference + ": the log on stderr says more under it. Please report it."}))
}

// answered answers what the library must not see, and what it would answer less
// well.
//
// A notification that cancels a request: without sessions nobody knows whose
// request it means, and ids of different clients are alike. A client cancels by
// closing the connection of its request.
//
// A subscription to changes: there are none, and the library then ends the
// stream at once and loses its first message in one of four runs.
func (g *Gate) answered(w http.ResponseWriter, body []byte) bool {
	if rpc.IsUTF16(body) {
		answerError(w, http.StatusBadRequest, nil, rpc.InUTF16.Code, rpc.InUTF16.Message)
		return true
	}
	if rpc.IsCancellation(body) {
		w.WriteHeader(http.StatusAccepted)
		return true
	}
	method, id := rpc.Name(body)
	if method == "" {
		return false
	}
	if method == "subscriptions/listen" {
		answerError(w, http.StatusNotFound, id, rpc.MethodNotFound, "nothing changes here while the server runs, so there is nothing to subscribe to")
		return true
	}
	if wrong := g.wrongWith(method, body); wrong != nil {
		answerError(w, http.StatusOK, id, wrong.Code, wrong.Message)
		return true
	}
	return false
}

func refuse(w http.ResponseWriter, status int, why string) {
	answerError(w, status, nil, rpc.InvalidRequest, why)
}

// answerError answers as JSON-RPC does, in the words of a person.
func answerError(w http.ResponseWriter, status int, id json.RawMessage, code int, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(rpc.Refusal(id, rpc.Error{Code: code, Message: why}), '\n')) // to a client that has gone nothing can be said
}
