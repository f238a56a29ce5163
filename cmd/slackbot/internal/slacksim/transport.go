package slacksim

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
)

// Transport carries requests to a handler without a socket, so that both ways
// work in a testing/synctest bubble: the bot's client gets the fake, and
// Options.Client gets the bot. WebSockets do not pass.
type Transport struct{ Handler http.Handler }

// RoundTrip implements http.RoundTripper. Like a connection it breaks when the
// handler aborts, and is given up when the request's context ends; the handler
// learns that from its own context.
func (t Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := taken(r)
	if err != nil {
		return nil, err
	}
	inner := r.Clone(r.Context())
	inner.Body, inner.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	inner.RequestURI, inner.RemoteAddr, inner.Host = r.URL.RequestURI(), "127.0.0.1:1", r.URL.Host
	answered := make(chan *http.Response, 1)
	go func() { answered <- t.serve(inner) }() //nolint:bodyclose // the caller closes it
	select {
	case response := <-answered:
		if response == nil {
			return nil, io.ErrUnexpectedEOF
		}
		response.Request = r
		return response, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

func taken(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	defer r.Body.Close()
	return io.ReadAll(r.Body)
}

// serve gives nil when the handler aborted.
func (t Transport) serve(r *http.Request) (response *http.Response) {
	w := httptest.NewRecorder()
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			response = nil
		default:
			panic(p)
		}
	}()
	t.Handler.ServeHTTP(w, r)
	return w.Result()
}
