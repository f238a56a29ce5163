package cloudapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Reached says how an endpoint was reached.
type Reached struct {
	Host    string
	Proxy   string        // "" without one; never with a password
	Address string        // the other end; "" behind a proxy or without sockets
	TLS     string        // such as TLS 1.3; "" for plain http
	Took    time.Duration // from the start to the headers of the answer
	Status  int           // any will do: the request is not signed
	// Skew is the other side's clock minus ours, if SkewKnown.
	Skew      time.Duration
	SkewKnown bool
}

// Phase is how far a connection came.
type Phase string

// The phases, in their order.
const (
	PhaseProxy   Phase = "proxy"   // the proxy cannot be reached, or refuses
	PhaseDNS     Phase = "dns"     // the host's name has no address
	PhaseConnect Phase = "connect" // nothing listens there, or nobody answers
	PhaseTLS     Phase = "tls"     // the certificate or the protocol will not do
	PhaseAnswer  Phase = "answer"  // connected, but no HTTP answer
)

// ReachError is why an endpoint was not reached.
type ReachError struct {
	Phase Phase
	Host  string
	Proxy string // "" without one
	Err   error  // safe to show; of one line
}

func (e *ReachError) Error() string {
	text := map[Phase]string{
		PhaseProxy:   "the proxy " + e.Proxy + " does not lead to " + e.Host,
		PhaseDNS:     e.Host + " has no address",
		PhaseConnect: e.Host + " cannot be connected to",
		PhaseTLS:     "there is no TLS with " + e.Host,
		PhaseAnswer:  e.Host + " does not answer",
	}[e.Phase]
	if e.Proxy != "" && e.Phase != PhaseProxy {
		text += " through the proxy " + e.Proxy
	}
	return text + ": " + e.Err.Error()
}

// Unwrap shows why ctx ended, when it did.
func (e *ReachError) Unwrap() error { return e.Err }

// Reach asks the endpoint of p for anything at all, without a signature, a key
// or a turn of the budget. Its errors are of type *ReachError, but for a region
// that is missing.
func (c *Client) Reach(ctx context.Context, p Product) (Reached, error) {
	if p.NeedsRegion() && c.region == "" {
		return Reached{}, errors.New("no region was given")
	}
	base := c.base(p)
	var seen progress
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, seen.trace()), http.MethodHead, "", http.NoBody)
	if err != nil {
		return Reached{}, err
	}
	req.Host, req.URL = base.Host, &url.URL{Scheme: base.Scheme, Host: base.Host, Path: base.Path + "/"}
	req.Header.Set("User-Agent", c.userAgent)
	proxy, err := proxyOf(c.transport, req)
	if err != nil {
		return Reached{}, &ReachError{PhaseProxy, base.Host, "of the environment", errors.New("its address is not a URL")}
	}
	began := time.Now()
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		failure := &ReachError{seen.phase(err, proxy), base.Host, proxy, &networkError{err: err}}
		if ctx.Err() != nil {
			failure.Err = context.Cause(ctx)
		}
		return Reached{}, failure
	}
	resp.Body.Close()
	reached := Reached{Host: base.Host, Proxy: proxy, Took: time.Since(began), Status: resp.StatusCode}
	if proxy == "" {
		reached.Address = seen.remote()
	}
	if resp.TLS != nil {
		reached.TLS = tls.VersionName(resp.TLS.Version)
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		reached.Skew, reached.SkewKnown = time.Until(date), true
	}
	return reached, nil
}

// CredentialsSource looks up a key and names where it came from, such as
// profile "prod" of the aliyun CLI (~/.aliyun/config.json). It tells no part of
// the key.
func (c *Client) CredentialsSource(ctx context.Context) (string, error) {
	if _, err := c.credentials.Key(ctx); err != nil {
		return "", err
	}
	return c.credentials.from(), nil
}

// from is where the last good key came from.
func (c *Credentials) from() string {
	c.mu.Lock()
	name := c.good.from
	c.mu.Unlock()
	if c.base != nil {
		return c.base.from() + ", then " + name
	}
	return name
}

// proxyOf is the proxy's host and port, without the password it may need.
func proxyOf(transport http.RoundTripper, req *http.Request) (string, error) {
	t, ok := transport.(*http.Transport)
	if !ok || t.Proxy == nil {
		return "", nil
	}
	proxy, err := t.Proxy(req)
	if err != nil || proxy == nil {
		return "", err
	}
	if strings.Contains(proxy.Path+proxy.RawQuery+proxy.Fragment, "@") { // then Host is the beginning of a password
		return "of the environment, in which what is special in a password has to be percent-encoded", nil
	}
	return proxy.Host, nil
}

// ProxyRefusal is what a proxy answers instead of making a tunnel.
type ProxyRefusal struct {
	Status int // of HTTP

	text string
}

func (e *ProxyRefusal) Error() string { return "it answered " + e.text }

func refusedTunnel(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return &ProxyRefusal{resp.StatusCode, resp.Status}
}

// progress is what httptrace tells, also of a dial that goes on after its
// request has ended.
type progress struct {
	mu      sync.Mutex
	last    Phase
	got     bool
	address string
}

func (p *progress) to(phase Phase) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = phase
}

func (p *progress) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:          func(httptrace.DNSStartInfo) { p.to(PhaseDNS) },
		ConnectStart:      func(string, string) { p.to(PhaseConnect) },
		TLSHandshakeStart: func() { p.to(PhaseTLS) },
		GotConn: func(info httptrace.GotConnInfo) {
			p.to(PhaseAnswer)
			p.mu.Lock()
			defer p.mu.Unlock()
			p.got, p.address = true, info.Conn.RemoteAddr().String()
		},
	}
}

func (p *progress) remote() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.address
}

// phase believes the error's type first, then how far the connection came. What
// goes wrong on the way to a proxy is the proxy's.
func (p *progress) phase(err error, proxy string) Phase {
	p.mu.Lock()
	defer p.mu.Unlock()
	phase := phaseOf(err)
	if phase == PhaseAnswer && !p.got && p.last != "" {
		phase = p.last
	}
	if proxy != "" && !p.got && phase != PhaseTLS {
		return PhaseProxy
	}
	return phase
}

// phaseOf reads from the types of an error how far its request came, and says
// PhaseAnswer when nothing shows that it was not sent.
func phaseOf(err error) Phase {
	op, _ := errors.AsType[*net.OpError](err)
	_, refused := errors.AsType[*ProxyRefusal](err)
	_, dns := errors.AsType[*net.DNSError](err)
	switch {
	case refused, op != nil && op.Op == "proxyconnect":
		return PhaseProxy
	case dns:
		return PhaseDNS
	case op != nil && op.Op == "dial":
		return PhaseConnect
	case isTLS(err):
		return PhaseTLS
	default:
		return PhaseAnswer
	}
}

func isTLS(err error) bool {
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, name := errors.AsType[x509.HostnameError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	text := err.Error() // of two that net/http keeps to itself
	return certificate || record || alert || authority || name || invalid ||
		strings.Contains(text, "TLS handshake timeout") || strings.Contains(text, "HTTP response to HTTPS client")
}
