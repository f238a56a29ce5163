package gate

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// Options of a Gate; the zero value is fine on loopback.
type Options struct {
	Token    string        // the bearer token that every request needs; "": none does
	MaxBody  int64         // bytes of a request; 4 MiB
	InFlight int           // requests at a time; 256
	Drain    time.Duration // after Drain, until what is in flight is cancelled; 4 s
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
	opts.MaxBody = cmp.Or(opts.MaxBody, 4<<20)
	opts.InFlight = cmp.Or(opts.InFlight, 256)
	opts.Drain = cmp.Or(opts.Drain, 4*time.Second)
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
		select {
		case g.places <- struct{}{}:
			defer func() { <-g.places }()
		default:
			w.Header().Set("Retry-After", "1")
			refuse(w, http.StatusServiceUnavailable, fmt.Sprintf("%d requests are in flight already; ask again", g.opts.InFlight))
			return
		}
		g.pass(w, r, library)
	}))
}

// allowed compares digests, so that not even the length of the token shows in the time it takes.
func (g *Gate) allowed(r *http.Request) bool {
	if g.opts.Token == "" {
		return true
	}
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	digest := sha256.Sum256([]byte(strings.TrimSpace(given)))
	return subtle.ConstantTimeCompare(digest[:], g.token[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}

func (g *Gate) pass(w http.ResponseWriter, r *http.Request, library http.Handler) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, g.opts.MaxBody))
	switch tooLarge := new(http.MaxBytesError); {
	case errors.As(err, &tooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a request may have %d bytes at most", g.opts.MaxBody))
		return
	case errors.Is(err, os.ErrDeadlineExceeded):
		refuse(w, http.StatusRequestTimeout, "the request did not arrive in time")
		return
	case err != nil:
		refuse(w, http.StatusBadRequest, "the request ended before its body did")
		return
	}
	if answered(w, body) {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s := &stream{ResponseWriter: w, listens: strings.Contains(r.Header.Get("Accept"), "text/event-stream")}
	defer s.end()
	library.ServeHTTP(s, r.WithContext(withStream(r.Context(), s)))
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
	switch message.Method {
	case "notifications/cancelled":
		w.WriteHeader(http.StatusAccepted)
	case "subscriptions/listen":
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
)

func refuse(w http.ResponseWriter, status int, why string) {
	answerError(w, status, nil, invalidRequest, why)
}

// answerError answers as JSON-RPC does, in the words of a person.
func answerError(w http.ResponseWriter, status int, id json.RawMessage, code int, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // to a client that has gone nothing can be said
		"jsonrpc": "2.0", "id": id, "error": map[string]any{"code": code, "message": "alitriage: " + why},
	})
}
