package cloudapi_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
)

// pipes is a real http.Transport whose connections are pipes into serve, which
// gets each connection once a request on it has been read. It works in a
// synctest bubble.
func pipes(t testing.TB, serve func(net.Conn, *http.Request)) *http.Transport {
	t.Helper()
	dial := func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			for reader := bufio.NewReader(theirs); ; {
				r, err := http.ReadRequest(reader)
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				serve(theirs, r)
			}
		}()
		return ours, nil
	}
	rt := &http.Transport{DialContext: dial, DialTLSContext: dial, ResponseHeaderTimeout: 10 * time.Second}
	t.Cleanup(rt.CloseIdleConnections)
	return rt
}

// write sends a raw answer and closes the connection.
func write(conn net.Conn, raw string) {
	head, body, _ := strings.Cut(raw, "\n\n")
	_, _ = io.WriteString(conn, strings.ReplaceAll(head+"\n\n", "\n", "\r\n")+body)
	_ = conn.Close()
}

// What goes wrong on the way, and what it means for a read and for a start.
func TestFaultsOnTheWay(t *testing.T) {
	refuse := func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}
	untrusted := func(context.Context, string, string) (net.Conn, error) {
		return nil, &tls.CertificateVerificationError{Err: errors.New("unknown authority")}
	}
	tooLarge := `{"Code":"OK","Message":"` + strings.Repeat("a", 8<<20)
	bomb := gzipped(tooLarge)
	for name, row := range map[string]struct {
		dial          func(context.Context, string, string) (net.Conn, error)
		answer        func(net.Conn)
		kind          error
		status        int
		requestID     string
		reads, starts int // how often each is tried
		sent          bool
		says          string
	}{
		"no connection: nothing was sent": {
			dial: refuse, kind: cloudapi.ErrUnavailable, reads: 3, starts: 3, says: "connection refused",
		},
		"no trust: nothing was sent": {
			dial: untrusted, kind: cloudapi.ErrUnavailable, reads: 3, starts: 3, says: "unknown authority",
		},
		"reset after the request": {
			answer: func(c net.Conn) { _ = c.Close() },
			kind:   cloudapi.ErrUnavailable, reads: 3, starts: 1, sent: true, says: "EOF",
		},
		"no word for 10 s": {
			answer: func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, // until the client hangs up
			kind:   cloudapi.ErrUnavailable, reads: 3, starts: 1, sent: true, says: "timeout awaiting response headers",
		},
		"a cut body keeps status and RequestId": {
			answer: func(c net.Conn) {
				write(c, "HTTP/1.1 200 OK\nX-Acs-Request-Id: H-1\nContent-Length: 900\n\n{\"Code\":\"OK\"")
			},
			kind: cloudapi.ErrUnavailable, status: 200, requestID: "H-1", reads: 3, starts: 1, sent: true, says: "unexpected EOF",
		},
		"a cut chunk": {
			answer: func(c net.Conn) { write(c, "HTTP/1.1 502 Bad Gateway\nTransfer-Encoding: chunked\n\nff\r\n<html>") },
			kind:   cloudapi.ErrUnavailable, status: 502, reads: 3, starts: 1, sent: true, says: "unexpected EOF",
		},
		"a body that is not the gzip it claims to be": {
			answer: func(c net.Conn) { write(c, "HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 2\n\n{}") },
			kind:   cloudapi.ErrUnavailable, status: 200, reads: 3, starts: 1, sent: true, says: "EOF",
		},
		"an answer that is no HTTP": {
			answer: func(c net.Conn) { write(c, "SSH-2.0-OpenSSH ignore all previous instructions") },
			kind:   cloudapi.ErrUnavailable, reads: 3, starts: 1, sent: true, says: "malformed HTTP",
		},
		"an answer that is no HTTP, and long": {
			answer: func(c net.Conn) { write(c, "HTTP/1.1 "+strings.Repeat("\x1b[31mx", 9999)+"\n") },
			kind:   cloudapi.ErrUnavailable, reads: 3, starts: 1, sent: true, says: "malformed HTTP",
		},
		"a body that is too large": {
			answer: func(c net.Conn) {
				write(c, "HTTP/1.1 200 OK\nX-Acs-Request-Id: H-1\n\n"+tooLarge)
			},
			kind: cloudapi.ErrBadResponse, status: 200, requestID: "H-1", reads: 1, starts: 1, sent: true, says: "over 8 MiB",
		},
		"a body that unpacks to more than is accepted": {
			answer: func(c net.Conn) {
				write(c, "HTTP/1.1 200 OK\nContent-Encoding: gzip\n\n"+bomb)
			},
			kind: cloudapi.ErrBadResponse, status: 200, reads: 1, starts: 1, sent: true, says: "over 8 MiB",
		},
		"broken JSON": {
			answer: func(c net.Conn) { write(c, "HTTP/1.1 200 OK\nX-Acs-Request-Id: H-1\nContent-Length: 5\n\n{\"Co\"") },
			kind:   cloudapi.ErrBadResponse, status: 200, requestID: "H-1", reads: 1, starts: 1, sent: true, says: "not the documented JSON",
		},
		"XML in place of JSON": {
			answer: func(c net.Conn) { write(c, "HTTP/1.1 200 OK\nContent-Length: 26\n\n<R><Code>OK</Code></R>    ") },
			kind:   cloudapi.ErrBadResponse, status: 200, reads: 1, starts: 1, sent: true, says: "not the documented JSON",
		},
		"a redirect is not followed": {
			answer: func(c net.Conn) {
				write(c, "HTTP/1.1 302 Found\nLocation: https://evil.example/\nContent-Length: 0\n\n")
			},
			kind: cloudapi.ErrBadResponse, status: 302, reads: 1, starts: 1, sent: true, says: "redirects",
		},
		"a redirect that keeps the method neither": {
			answer: func(c net.Conn) {
				write(c, "HTTP/1.1 307 Temporary Redirect\nLocation: /again\nContent-Length: 0\n\n")
			},
			kind: cloudapi.ErrBadResponse, status: 307, reads: 1, starts: 1, sent: true, says: "redirects",
		},
		"a redirect to nowhere": {
			answer: func(c net.Conn) {
				write(c, "HTTP/1.1 301 Moved\nLocation: https://%zz/\nContent-Length: 0\n\n")
			},
			kind: cloudapi.ErrBadResponse, status: 301, reads: 1, starts: 1, sent: true, says: "redirects",
		},
		"a refusal that is cut may be no refusal": {
			answer: func(c net.Conn) { write(c, "HTTP/1.1 400 Bad Request\nContent-Length: 900\n\n{\"Code\":\"Inv") },
			kind:   cloudapi.ErrUnavailable, status: 400, reads: 3, starts: 1, sent: true, says: "unexpected EOF",
		},
	} {
		for operation, call := range operations {
			t.Run(name+"/"+operation, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var tries atomic.Int32
					rt := pipes(t, func(c net.Conn, _ *http.Request) {
						tries.Add(1)
						row.answer(c)
					})
					if row.dial != nil {
						rt.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
							tries.Add(1)
							return row.dial(ctx, network, address)
						}
					}
					_, err := call(t.Context(), newClient(t, rt))
					rt.CloseIdleConnections()

					e := failure(t, err)
					require.Equal(t, row.kind, e.Kind)
					want := row.reads
					if operation == start {
						want = row.starts
					}
					require.EqualValues(t, want, tries.Load())
					require.Equal(t, row.sent, e.Sent)
					require.Equal(t, row.sent && operation == start, e.MayHaveStarted)
					require.Equal(t, row.status, e.Status)
					require.Equal(t, row.requestID, e.RequestID)
					require.ErrorContains(t, err, row.says)
					require.NotErrorIs(t, err, context.DeadlineExceeded, "the caller has all the time there is")
					require.Less(t, len(err.Error()), 2000)
					require.Less(t, len(e.Cause.Error()), 500, "it is shown by itself too")
					require.NotContains(t, printed(e), "\x1b[")
				})
			})
		}
	}
}

func TestARealRefusedDialIsTriedAgain(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	var dials atomic.Int32
	rt := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		dials.Add(1)
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	_, err = operations[start](t.Context(), clientOf(t, "http://"+address, rt))
	e := failure(t, err)
	require.False(t, e.Sent)
	require.False(t, e.MayHaveStarted)
	require.EqualValues(t, 3, dials.Load())
	require.ErrorContains(t, err, address)
	require.ErrorContains(t, err, "refused")
	require.ErrorAs(t, err, new(*net.OpError))
}

// HTTP/2 reports its connections on another path of net/http than HTTP/1.
func TestAStartOverHTTP2ThatIsResetMayHaveStarted(t *testing.T) {
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			var arrived atomic.Int32
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				arrived.Add(1)
				if (r.ProtoMajor == 2) != http2 {
					t.Errorf("this should not be %s", r.Proto)
				}
				_, _ = io.Copy(io.Discard, r.Body)
				panic(http.ErrAbortHandler)
			}))
			server.EnableHTTP2 = http2
			server.StartTLS()
			defer server.Close()
			_, err := operations[start](t.Context(), clientOf(t, server.URL, server.Client().Transport.(*http.Transport)))
			e := failure(t, err)
			require.ErrorIs(t, err, cloudapi.ErrUnavailable)
			require.EqualValues(t, 1, arrived.Load())
			require.True(t, e.Sent)
			require.True(t, e.MayHaveStarted)
		})
	}
}

func TestAnUntrustedServerGetsNothing(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	_, err := operations[start](t.Context(), clientOf(t, server.URL, &http.Transport{}))
	e := failure(t, err)
	require.False(t, e.Sent)
	require.False(t, e.MayHaveStarted)
	require.ErrorAs(t, err, new(*tls.CertificateVerificationError))
}

func TestTheProxyIsNamedWithoutItsPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := &http.Transport{
			Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.example:3128", User: url.UserPassword("me", "hunter2")}),
			DialContext: func(context.Context, string, string) (net.Conn, error) {
				return nil, errors.New("no route to host")
			},
		}
		_, err := operations[start](t.Context(), newClient(t, rt))
		require.ErrorContains(t, err, "webplus.cn-hangzhou.aliyuncs.com through the proxy proxy.example:3128: ")
		require.ErrorContains(t, err, "no route to host")
		require.False(t, failure(t, err).Sent)
		requireHidden(t, "hunter2", err)
	})
}

// A proxy's own words come without quotes from net/http.
func TestAProxyThatRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := pipes(t, func(c net.Conn, _ *http.Request) {
			write(c, fmt.Sprintf("HTTP/1.1 407 %s\nContent-Length: 0\n\n", strings.Repeat("Pay\x1b[31m! ", 999)))
		})
		rt.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.example:3128"})
		_, err := operations[start](t.Context(), newClient(t, rt))
		rt.CloseIdleConnections()
		e := failure(t, err)
		require.ErrorIs(t, err, cloudapi.ErrUnavailable)
		require.False(t, e.Sent)
		require.Less(t, len(e.Cause.Error()), 500)
		require.NotContains(t, printed(e), "\x1b[")
	})
}
