package cloudapi

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// reaching is a client with the settings of New, but for what change changes:
// the proxy of the environment is read once for the whole process.
func reaching(t *testing.T, address string, change func(*http.Transport)) *Client {
	t.Helper()
	transport := newTransport().Clone()
	transport.Proxy = nil
	if change != nil {
		change(transport)
	}
	t.Cleanup(transport.CloseIdleConnections)
	base, err := ParseEndpoint(address)
	require.NoError(t, err)
	c, err := New(Config{
		Region: "cn-hangzhou", Credentials: StaticCredentials("i", "s3cret", ""), Transport: transport, Version: "test",
		Endpoints: map[Product]*url.URL{ECS: base, STS: base},
	})
	require.NoError(t, err)
	return c
}

func quiet(t *testing.T, server *httptest.Server) string {
	t.Helper()
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(server.Close)
	return server.URL
}

func teapot(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "" || r.Header.Get("User-Agent") != "alitriage/test" {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	w.Header().Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
	w.WriteHeader(http.StatusTeapot)
}

// proxyServer is a proxy that asks for a password, or makes tunnels.
func proxyServer(t *testing.T, open bool) *url.URL {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !open {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		other, err := new(net.Dialer).DialContext(r.Context(), "tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack() // before the client may send, whose first bytes the server would read
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() {
			defer conn.Close()
			_, _ = io.Copy(conn, other)
		}()
		defer other.Close()
		_, _ = io.Copy(other, conn)
	}))
	u, err := url.Parse(quiet(t, server))
	require.NoError(t, err)
	u.User = url.UserPassword("me", "s3cret")
	return u
}

func TestAnEndpointIsReachedByAnyAnswer(t *testing.T) {
	plain := quiet(t, httptest.NewServer(http.HandlerFunc(teapot)))
	server := httptest.NewTLSServer(http.HandlerFunc(teapot))
	secure := quiet(t, server)
	trusting := func(transport *http.Transport) {
		roots := x509.NewCertPool()
		roots.AddCert(server.Certificate())
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	proxy := proxyServer(t, true)
	for name, row := range map[string]struct {
		address, tls, proxy string
		change              func(*http.Transport)
	}{
		"plain":  {plain, "", "", nil},
		"by TLS": {secure, "TLS 1.3", "", trusting},
		"by TLS through a proxy": {secure, "TLS 1.3", proxy.Host, func(transport *http.Transport) {
			trusting(transport)
			transport.Proxy = http.ProxyURL(proxy)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			client := reaching(t, row.address, row.change)
			for _, product := range []Product{ECS, STS} {
				got, err := client.Reach(t.Context(), product)
				require.NoError(t, err)
				host := client.base(product).Host
				require.Equal(t, host, got.Host)
				require.Equal(t, row.proxy, got.Proxy)
				require.Equal(t, http.StatusTeapot, got.Status)
				require.Equal(t, row.tls, got.TLS)
				require.True(t, got.SkewKnown)
				require.InDelta(t, time.Hour.Seconds(), got.Skew.Seconds(), 2)
				require.Positive(t, got.Took)
				if row.proxy == "" {
					require.Equal(t, host, got.Address)
				} else {
					require.Empty(t, got.Address)
				}
			}
			client.transport.(*http.Transport).CloseIdleConnections()
		})
	}
}

func TestHowFarAConnectionCame(t *testing.T) {
	closed, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed.Close()
	nobody := "//" + closed.Addr().String()
	untrusted := quiet(t, httptest.NewTLSServer(http.HandlerFunc(teapot)))
	plain := quiet(t, httptest.NewServer(http.HandlerFunc(teapot)))
	silent := quiet(t, httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })))
	mute := hangsUp(t)
	through := func(proxy *url.URL) func(*http.Transport) {
		return func(transport *http.Transport) { transport.Proxy = http.ProxyURL(proxy) }
	}
	closedProxy := &url.URL{Scheme: "http", Host: closed.Addr().String(), User: url.UserPassword("me", "s3cret")}
	wary, open := proxyServer(t, false), proxyServer(t, true)
	for name, row := range map[string]struct {
		address string
		change  func(*http.Transport)
		phase   Phase
		says    string
	}{
		"nothing listens":                 {"http:" + nobody, nil, PhaseConnect, " cannot be connected to: dial tcp"},
		"nothing listens, by TLS":         {"https:" + nobody, nil, PhaseConnect, " cannot be connected to: dial tcp"},
		"a name nobody knows":             {"https://nowhere.invalid", noNames, PhaseDNS, "nowhere.invalid has no address: "},
		"a certificate nobody trusts":     {untrusted, nil, PhaseTLS, "there is no TLS with "},
		"no TLS there":                    {"https" + plain[len("http"):], nil, PhaseTLS, "there is no TLS with "},
		"it hangs up on a handshake":      {"https://" + mute, nil, PhaseTLS, "there is no TLS with "},
		"it hangs up on a request":        {silent, nil, PhaseAnswer, " does not answer: "},
		"the proxy is not there":          {untrusted, through(closedProxy), PhaseProxy, "the proxy " + closedProxy.Host + " does not lead to "},
		"nor for a plain request":         {plain, through(closedProxy), PhaseProxy, "does not lead to "},
		"the proxy wants another name":    {untrusted, through(wary), PhaseProxy, "it answered 407 Proxy Authentication Required"},
		"the proxy cannot reach it":       {"https:" + nobody, through(open), PhaseProxy, "it answered 502 Bad Gateway"},
		"no trust through a proxy either": {untrusted, through(open), PhaseTLS, " through the proxy " + open.Host + ": "},
		"a proxy that is not a URL": {plain, func(transport *http.Transport) {
			transport.Proxy = func(*http.Request) (*url.URL, error) { return nil, errors.New("s3cret") }
		}, PhaseProxy, "the proxy of the environment does not lead to "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := reaching(t, row.address, row.change).Reach(t.Context(), ECS)
			e, ok := errors.AsType[*ReachError](err)
			require.True(t, ok, err)
			require.Equal(t, row.phase, e.Phase, err)
			require.ErrorContains(t, err, row.says)
			require.NotContains(t, err.Error(), "s3cret")
			require.NotContains(t, err.Error(), "me:")
		})
	}
}

// noNames is a network whose name servers answer nothing.
func noNames(transport *http.Transport) {
	resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no name server")
	}}
	transport.DialContext = (&net.Dialer{Resolver: resolver}).DialContext
}

// hangsUp ends each connection after the first line of a handshake.
func hangsUp(t *testing.T) (address string) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = bufio.NewReader(conn).ReadByte()
			conn.Close()
		}
	}()
	return listener.Addr().String()
}

func TestReachingEndsWithItsContext(t *testing.T) {
	cause := errors.New("the user hung up")
	ctx, cancel := context.WithCancelCause(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel(cause)
		<-r.Context().Done()
	}))
	_, err := reaching(t, quiet(t, server), nil).Reach(ctx, ECS)
	require.ErrorIs(t, err, cause)
	require.ErrorContains(t, err, " does not answer: the user hung up")

	nowhere, err := New(Config{Credentials: StaticCredentials("i", "s", "")})
	require.NoError(t, err)
	_, err = nowhere.Reach(t.Context(), ECS)
	require.EqualError(t, err, "no region was given")
	require.Equal(t, "sts.aliyuncs.com", nowhere.base(STS).Host, "STS needs none")
}

func TestACallThroughAProxyThatRefusesSaysSo(t *testing.T) {
	proxy := proxyServer(t, false)
	client := reaching(t, "https://127.0.0.1:1", func(transport *http.Transport) { transport.Proxy = http.ProxyURL(proxy) })
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond+time.Second)
	defer cancel()
	_, err := client.DescribeInvocationResults(ctx, InvocationResultsRequest{InvokeID: "t-1"})
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorContains(t, err, "127.0.0.1:1 through the proxy "+proxy.Host+": it answered 407 Proxy Authentication Required")
	e, _ := errors.AsType[*Error](err)
	require.False(t, e.Sent)
	text, err := json.Marshal(e.Cause.Error())
	require.NoError(t, err)
	require.NotContains(t, string(text), "s3cret")
}
