package cloudapi

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aliyun/credentials-go/credentials/providers"

	"github.com/alitriage/alitriage/cloudapi/acs3"
)

const (
	assumeRole  = "AssumeRole"
	sessionName = "alitriage"
	// firstKeyTimeout bounds the look-up of the key that assumes a role: the
	// library has no context to end it with.
	firstKeyTimeout = 30 * time.Second
)

// Role is a RAM role to assume.
type Role struct {
	ARN         string   // see ValidRoleARN
	SessionName string   // "": alitriage
	Endpoint    *url.URL // of STS, as ParseEndpoint returns it; nil: its own
}

var roleARN = regexp.MustCompile(`^acs:ram::[0-9]{1,32}:role/[A-Za-z0-9._-]{1,64}$`)

// ValidRoleARN tells whether arn looks like acs:ram::123456789012****:role/name.
func ValidRoleARN(arn string) bool { return roleARN.MatchString(arn) }

// Assume returns the credentials of a session of role, which c is used to open.
// Nothing is sent before the first Key. What STS refuses is an *Error of the
// operation AssumeRole.
func (c *Credentials) Assume(role Role) *Credentials {
	if role.Endpoint != nil && role.Endpoint.Scheme == "http" {
		speakPlainlyTo(stsHost(role.Endpoint))
	}
	name := "role " + role.ARN
	if !ValidRoleARN(role.ARN) {
		name = "role " + quoted(role.ARN, 160)
	}
	assumed := newCredentials(credentialSource{name, func() (providers.CredentialsProvider, error) { return c.session(role) }})
	assumed.base = c
	return assumed
}

// session leaves nothing empty that the library would fill from the environment.
func (c *Credentials) session(role Role) (providers.CredentialsProvider, error) {
	if !ValidRoleARN(role.ARN) {
		return nil, inWords("the ARN of a role is written like acs:ram::<account id>:role/<name>")
	}
	p := &roleProvider{first: firstKey{credentials: c}, host: stsHost(role.Endpoint)}
	var err error
	p.provider, err = providers.NewRAMRoleARNCredentialsProviderBuilder().
		WithCredentialsProvider(&p.first).
		WithRoleArn(role.ARN).
		WithRoleSessionName(cmp.Or(role.SessionName, sessionName)).
		WithDurationSeconds(3600). // what every role allows
		WithStsEndpoint(p.host).
		Build()
	if err != nil {
		return nil, err
	}
	return p, nil
}

// stsHost is what the library puts between https:// and the query.
func stsHost(endpoint *url.URL) string {
	if endpoint == nil {
		return host(STS, "")
	}
	if endpoint.Scheme == "http" && endpoint.Port() == "" {
		return net.JoinHostPort(endpoint.Hostname(), "80") + endpoint.Path
	}
	return endpoint.Host + endpoint.Path
}

// firstKey is the key that assumes the role, as the library wants it.
type firstKey struct {
	credentials *Credentials
	used        acs3.Key
}

func (f *firstKey) GetCredentials() (*providers.Credentials, error) {
	ctx, cancel := context.WithTimeout(context.Background(), firstKeyTimeout)
	defer cancel()
	key, err := f.credentials.Key(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, inWords("the key to assume it with was not found in " + firstKeyTimeout.String())
	}
	if err != nil {
		return nil, err
	}
	f.used = key
	return &providers.Credentials{AccessKeyId: key.ID, AccessKeySecret: key.Secret, SecurityToken: key.SecurityToken}, nil
}

func (f *firstKey) GetProviderName() string { return "" }

// roleProvider says what the library's errors mean.
type roleProvider struct {
	provider providers.CredentialsProvider
	first    firstKey
	host     string
}

func (p *roleProvider) GetProviderName() string { return p.provider.GetProviderName() }

func (p *roleProvider) GetCredentials() (*providers.Credentials, error) {
	found, err := p.assume()
	if err == nil {
		return found, nil
	}
	failure := p.failure(err)
	if e, ours := errors.AsType[*Error](failure); !ours || e.again != refreshed {
		return nil, failure
	}
	p.first.credentials.Discard(p.first.used)
	if found, err = p.assume(); err != nil {
		return nil, p.failure(err)
	}
	return found, nil
}

var errNoSession = errors.New("it is no session of a role")

// assume asks the library, which panics at a session without an end.
func (p *roleProvider) assume() (found *providers.Credentials, err error) {
	defer func() {
		if recover() != nil {
			err = errNoSession
		}
	}()
	return p.provider.GetCredentials()
}

func (p *roleProvider) failure(err error) error {
	if canBeShown(err) {
		return err // of the first key
	}
	if body, refused := strings.CutPrefix(err.Error(), "refresh session token failed: "); refused {
		return refusedRole([]byte(body), p.first.used.SecurityToken)
	}
	outer, _ := errors.AsType[*url.Error](err)
	_, network := errors.AsType[net.Error](err)
	if outer == nil && !network && !errors.Is(err, io.ErrUnexpectedEOF) { // it may quote the session
		e := roleError(ErrBadResponse, never)
		e.Sent, e.Cause = true, errNoSession
		return e
	}
	if outer != nil {
		err = outer.Err // without the URL, which holds the signature and the token
	}
	e := roleError(ErrUnavailable, reads)
	e.Cause = &networkError{p.host + via(http.DefaultTransport, &http.Request{URL: &url.URL{Scheme: "https", Host: p.host}}), err}
	e.Sent = phaseOf(err) == PhaseAnswer
	return e
}

// refusedRole reads the answer of STS, of which the library keeps the body alone.
func refusedRole(body []byte, token string) *Error {
	head := readEnvelope(withoutToken(body, token))
	code, status := head.codeAndStatus(0)
	if code != "" {
		status = max(status, http.StatusBadRequest)
	}
	kind := classify(code, status)
	e := roleError(kind.kind, kind.again)
	e.Sent = true
	e.Code, e.Message, e.RequestID = code, head.message(), requestID(&http.Response{}, head.RequestID)
	e.Recommend, e.Denied = head.Recommend.trimmed(), head.denial()
	if code == "SignatureDoesNotMatch" || strings.Contains(strings.ToLower(e.Message), "string to sign") {
		e.Message = "Specified signature does not match our calculation." // the rest holds what was signed
	}
	e.Message = string(withoutToken([]byte(e.Message), token))
	return e
}

func roleError(kind error, again again) *Error {
	return &Error{Op: assumeRole, Product: STS, At: time.Now(), Kind: kind, again: again}
}

// withoutToken knows the ways in which an answer may quote the request's query.
func withoutToken(text []byte, token string) []byte {
	once := url.QueryEscape(token)
	for _, form := range []string{url.QueryEscape(once), once, token} {
		text = without(text, form)
	}
	return text
}

// plainly holds the addresses that are dialled without TLS.
var plainly struct {
	sync.RWMutex

	install   sync.Once
	addresses map[string]bool
}

// speakPlainlyTo makes http:// endpoints of STS possible. The library always
// says https:// and clones http.DefaultTransport for each request, so that is
// where the dialling is changed: for loopback addresses that were configured so
// (a simulator's, a test's), and at no other time. All else gets TLS as before,
// with HTTP/1.1.
func speakPlainlyTo(host string) {
	address, _, _ := strings.Cut(host, "/")
	plainly.Lock()
	defer plainly.Unlock()
	if plainly.addresses == nil {
		plainly.addresses = make(map[string]bool)
	}
	plainly.addresses[address] = true
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return // then the library does not work either
	}
	plainly.install.Do(func() {
		before := transport.DialTLSContext
		if before == nil {
			before = tlsDialer(transport)
		}
		transport.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			plainly.RLock()
			plain := plainly.addresses[address]
			plainly.RUnlock()
			if plain {
				return new(net.Dialer).DialContext(ctx, network, address)
			}
			return before(ctx, network, address)
		}
	})
}

// tlsDialer dials as transport itself would.
func tlsDialer(transport *http.Transport) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		dial := transport.DialContext
		if dial == nil {
			dial = new(net.Dialer).DialContext
		}
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		settings := &tls.Config{MinVersion: tls.VersionTLS12}
		if transport.TLSClientConfig != nil {
			settings = transport.TLSClientConfig.Clone()
		}
		settings.NextProtos = []string{"http/1.1"}
		if settings.ServerName == "" {
			settings.ServerName, _, _ = net.SplitHostPort(address)
		}
		ctx, cancel := context.WithTimeout(ctx, cmp.Or(transport.TLSHandshakeTimeout, 10*time.Second))
		defer cancel()
		secure := tls.Client(conn, settings)
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		return secure, nil
	}
}
