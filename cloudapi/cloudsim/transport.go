package cloudsim

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"syscall"
)

// Transport reaches the simulator without sockets, through ServeHTTP all the
// same. What goes wrong looks as it would through a real transport: a reset is
// an error of RoundTrip, a body that was cut ends in io.ErrUnexpectedEOF, and a
// delay ends with the request's context. It keeps no connections and leaves no
// goroutine behind, so it can be used in a testing/synctest bubble.
func (s *Sim) Transport() http.RoundTripper { return transport{s} }

type transport struct{ sim *Sim }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	incoming, err := received(r)
	if err != nil {
		return nil, err
	}
	ctx, leave := context.WithCancel(r.Context())
	c := &conversation{
		asked: r, leave: leave, header: make(http.Header), begun: make(chan struct{}), more: make(chan struct{}, 1),
	}
	go c.serve(t.sim, incoming.WithContext(ctx))
	<-c.begun // soon when the caller leaves: the handler's delays end with ctx
	if r.Context().Err() != nil {
		leave()
		return nil, context.Cause(r.Context())
	}
	return c.response()
}

// received is the request as a server sees it. It takes the whole body first,
// and closes it as a RoundTripper has to.
func received(r *http.Request) (*http.Request, error) {
	in := r.Clone(r.Context())
	in.Body = http.NoBody
	if r.Body != nil {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
		r.Body.Close()
		if err != nil {
			return nil, err
		}
		in.Body = io.NopCloser(bytes.NewReader(body))
	}
	if err := r.Context().Err(); err != nil {
		return nil, context.Cause(r.Context())
	}
	in.Host = cmp.Or(r.Host, r.URL.Host)
	in.URL = &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	in.RequestURI = in.URL.RequestURI()
	in.RemoteAddr = "127.0.0.1:0" // whoever holds the Sim is on this machine
	return in, nil
}

// conversation is one request and its answer. For the handler it is the
// http.ResponseWriter, for the caller the body of the response.
type conversation struct {
	asked  *http.Request
	leave  context.CancelFunc // ends the handler's context
	header http.Header
	begun  chan struct{} // closed with the headers, or when there will be none
	more   chan struct{} // there is something new for Read

	mu     sync.Mutex
	status int
	sent   http.Header // as they were with the status
	unread []byte
	ended  error // nil while the handler works; io.EOF after a good end
	closed bool
}

func (c *conversation) serve(handler http.Handler, r *http.Request) {
	defer c.leave()
	defer func() {
		switch problem := recover(); problem {
		case nil:
			c.WriteHeader(http.StatusOK)
			c.end(io.EOF)
		case http.ErrAbortHandler:
			c.end(io.ErrUnexpectedEOF)
		default:
			panic(problem)
		}
	}()
	handler.ServeHTTP(c, r)
}

func (c *conversation) end(how error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = how
	if c.status == 0 {
		close(c.begun)
	}
	c.wake()
}

func (c *conversation) wake() {
	select {
	case c.more <- struct{}{}:
	default:
	}
}

// response is there as soon as the handler has written its headers.
func (c *conversation) response() (*http.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.status == 0 {
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	}
	length, err := strconv.ParseInt(c.sent.Get("Content-Length"), 10, 64)
	if err != nil {
		length = -1
	}
	return &http.Response{
		Status:     strconv.Itoa(c.status) + " " + http.StatusText(c.status),
		StatusCode: c.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: c.sent, Body: c, ContentLength: length, Request: c.asked,
	}, nil
}

// Header implements http.ResponseWriter.
func (c *conversation) Header() http.Header { return c.header }

// WriteHeader implements http.ResponseWriter.
func (c *conversation) WriteHeader(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.status == 0 {
		c.status, c.sent = status, c.header.Clone()
		close(c.begun)
	}
}

// Write implements http.ResponseWriter.
func (c *conversation) Write(p []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, io.ErrClosedPipe
	}
	c.unread = append(c.unread, p...)
	c.wake()
	return len(p), nil
}

// Flush implements http.Flusher: what is written can be read at once anyway.
func (c *conversation) Flush() { c.WriteHeader(http.StatusOK) }

// Read implements io.Reader for the response's body.
func (c *conversation) Read(p []byte) (int, error) {
	ctx := c.asked.Context()
	for {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		if n, err := c.take(p); n > 0 || err != nil {
			return n, err
		}
		select {
		case <-c.more:
		case <-ctx.Done():
		}
	}
}

func (c *conversation) take(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	if len(c.unread) == 0 {
		return 0, c.ended
	}
	n := copy(p, c.unread)
	c.unread = c.unread[n:]
	return n, nil
}

// Close implements io.Closer for the response's body. It sends the handler home.
func (c *conversation) Close() error {
	c.mu.Lock()
	c.closed, c.unread = true, nil
	c.mu.Unlock()
	c.leave()
	return nil
}
