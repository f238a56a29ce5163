package cloudapi

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/alitriage/alitriage/cloudapi/acs3"
)

const (
	maxBody     = 8 << 20 // bytes; an answer over it is refused, not cut
	maxAttempts = 3
	// maxRetryAfter caps what the vendor may ask us to wait.
	maxRetryAfter = 60 * time.Second
)

// operation is the part of a request that does not depend on its arguments.
type operation struct {
	name    string // the vendor's name of it
	product Product
	version string // a string of the vendor's, even where it looks like a date
	method  string
	path    string
	starts  bool // not idempotent: never sent again once it may have arrived
	// ok reads an answer with HTTP 200, in which there may still be a failure.
	ok func(*envelope) bool
	// unsigned is for what is asked without a key, to get one; else nil.
	unsigned *unsigned
}

// unsigned says how a request shows who sends it, in place of a signature.
type unsigned struct {
	base    *url.URL // nil: the product's own
	bearer  string   // for the Authorization header
	json    []byte   // the body, in place of a form
	secrets []string // what was sent that an answer may quote
}

// request is an operation with its arguments.
type request struct {
	operation
	query, form url.Values
}

// call sends r until an answer stands, and decodes it into out. Its errors are
// of type *Error.
func (c *Client) call(ctx context.Context, r request, out answer) (Source, error) {
	if r.product.NeedsRegion() && c.region == "" {
		return Source{}, c.fail(r, ErrInvalid, errors.New("no region was given"))
	}
	var last *Error
	wait := newPatience(ctx)
	source, err := backoff.Retry(ctx, func() (Source, error) {
		source, failed := c.attempt(ctx, r, out)
		c.observe(r.name, failed.outcome())
		if failed == nil {
			return source, nil
		}
		last = failed.after(last)
		if !last.mayRepeat(r.starts, &wait.refreshed) {
			return Source{}, backoff.Permanent(last)
		}
		wait.asked = last.hold()
		return Source{}, last
	}, backoff.WithBackOff(wait), backoff.WithMaxTries(maxAttempts), backoff.WithMaxElapsedTime(0))
	if err == nil {
		return source, nil
	}
	if _, ours := errors.AsType[*Error](err); !ours && !errors.Is(last, err) {
		last.Cause = also(last.Cause, err) // ctx ended before the next attempt
	}
	return Source{}, last
}

func also(first, second error) error {
	if first == nil {
		return second
	}
	return fmt.Errorf("%w, then %w", first, second)
}

// after is what a call has failed with in the end: when the budget has no turn
// for another attempt, the failure of the attempt before.
func (e *Error) after(earlier *Error) *Error {
	if _, over := errors.AsType[overBudget](e.Cause); !over || earlier == nil {
		return e
	}
	earlier.Cause, earlier.final = also(earlier.Cause, e.Cause), true
	return earlier
}

// hold is how long the next attempt has to wait at least. The budget holds all
// other callers as long.
func (e *Error) hold() time.Duration {
	if errors.Is(e.Kind, ErrThrottled) {
		return cmp.Or(e.RetryAfter, unaskedHold)
	}
	return e.RetryAfter
}

// mayRepeat tells whether sending the request once more is safe and may help.
func (e *Error) mayRepeat(starts bool, hasRefreshed *bool) bool {
	if e.final {
		return false
	}
	switch e.again {
	case always:
		return true
	case reads:
		return !starts
	case refreshed:
		first := !*hasRefreshed
		*hasRefreshed = true
		return first
	default:
		return false
	}
}

// patience is the pause between two attempts: exponential with full jitter, or
// what the vendor asked for. It gives up at once when the context would end
// before the pause does.
type patience struct {
	backoff.ExponentialBackOff
	deadline  time.Time
	asked     time.Duration
	refreshed bool
}

func newPatience(ctx context.Context) *patience {
	p := &patience{ExponentialBackOff: backoff.ExponentialBackOff{
		InitialInterval: 250 * time.Millisecond, RandomizationFactor: 1, Multiplier: 2, MaxInterval: 5 * time.Second,
	}}
	p.deadline, _ = ctx.Deadline()
	return p
}

// NextBackOff implements backoff.BackOff.
func (p *patience) NextBackOff() time.Duration {
	pause := p.ExponentialBackOff.NextBackOff()
	if p.asked > 0 {
		pause = min(p.asked, maxRetryAfter)
	}
	if !p.deadline.IsZero() && time.Until(p.deadline) < pause {
		return backoff.Stop
	}
	return pause
}

// attempt sends r once.
func (c *Client) attempt(ctx context.Context, r request, out answer) (Source, *Error) {
	key, err := c.key(ctx, r)
	switch {
	case ctx.Err() != nil && errors.Is(err, ErrKeyAwaited): // which names whom for
		return Source{}, c.fail(r, ErrUnavailable, err)
	case ctx.Err() != nil:
		return Source{}, c.fail(r, ErrUnavailable, context.Cause(ctx))
	case err != nil:
		return Source{}, c.keyless(r, err)
	}
	if failure := c.await(ctx, r); failure != nil {
		return Source{}, failure
	}
	connected := !c.dials
	req, stringToSign, err := c.sign(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected = true },
	}), r, key)
	if err != nil {
		return Source{}, c.fail(r, ErrInvalid, err)
	}
	sending(ctx)
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return Source{}, c.lost(req, r, err, connected)
	}
	defer resp.Body.Close()
	resp.Request = req // a RoundTripper need not set it
	body, err := readBody(resp)
	if err != nil {
		failure := c.lost(req, r, err, true)
		failure.Status, failure.RequestID = resp.StatusCode, requestID(resp, "")
		return Source{}, failure
	}
	if failure := c.read(r, resp, body, stringToSign, out); failure != nil {
		switch {
		case failure.again == refreshed:
			c.credentials.Discard(key)
		case errors.Is(failure.Kind, ErrThrottled):
			c.budget.hold(c.lane(r), failure.RetryAfter)
		}
		return Source{}, failure
	}
	source := Source{Product: r.product, Operation: r.name, Region: c.regionOf(r.product), AsOf: time.Now()}
	if id := requestID(resp, out.head().RequestID); id != "" {
		source.RequestIDs = []string{id}
	}
	return source, nil
}

// key is empty for what is not signed.
func (c *Client) key(ctx context.Context, r request) (acs3.Key, error) {
	if r.unsigned != nil {
		return acs3.Key{}, nil
	}
	return c.credentials.Key(ctx)
}

// keyless is why there is no key. A role that was refused is a failure with all
// details, of another operation.
func (c *Client) keyless(r request, err error) *Error {
	role, refused := errors.AsType[*Error](err)
	if !refused {
		failure := c.fail(r, ErrUnauthenticated, err)
		failure.Sent = SomebodyWasAsked(err)
		return failure
	}
	failure := *role // other callers have the same one
	failure.final = true
	return &failure
}

// await waits for the turn to send one request: after the key was found, so that
// those who wait for a key send nothing all at once, and before it signs.
func (c *Client) await(ctx context.Context, r request) *Error {
	err := c.budget.wait(ctx, c.lane(r))
	if err == nil {
		return nil
	}
	over, ours := errors.AsType[overBudget](err)
	if !ours {
		return c.fail(r, ErrUnavailable, err)
	}
	failure := c.fail(r, ErrThrottled, over)
	failure.RetryAfter, failure.again, failure.final = over.asked, always, true
	return failure
}

func (c *Client) lane(r request) laneName { return laneName{r.product, c.regionOf(r.product)} }

// readBody reads up to one byte more than is accepted.
func readBody(resp *http.Response) ([]byte, error) {
	var body bytes.Buffer
	body.Grow(int(min(max(resp.ContentLength, 0), maxBody)) + bytes.MinRead)
	_, err := body.ReadFrom(io.LimitReader(resp.Body, maxBody+1))
	return body.Bytes(), err
}

// sign makes the HTTP request, with the form as its body if there is one.
func (c *Client) sign(ctx context.Context, r request, key acs3.Key) (*http.Request, string, error) {
	form := r.form.Encode()
	if r.unsigned != nil {
		req, err := c.plain(ctx, r, form)
		return req, "", err
	}
	req, err := http.NewRequestWithContext(ctx, r.method, "", strings.NewReader(form))
	if err != nil {
		return nil, "", err
	}
	base := c.base(r.product)
	req.Host, req.URL = base.Host, &url.URL{Scheme: base.Scheme, Host: base.Host, Path: base.Path + r.path}
	req.Header = make(http.Header, 12)                  // with room for what signing adds
	req.Header["Accept"] = []string{"application/json"} // without it the gateway may answer XML
	req.Header["User-Agent"] = []string{c.userAgent}
	if form != "" {
		req.Header["Content-Type"] = []string{"application/x-www-form-urlencoded"}
	}
	stringToSign := acs3.Sign(req, acs3.Call{
		Action: r.name, Version: r.version, Query: r.query, Body: []byte(form), Time: time.Now(), Nonce: acs3.Nonce(),
	}, key)
	return req, stringToSign, nil
}

// plain makes the HTTP request of what is not signed.
func (c *Client) plain(ctx context.Context, r request, form string) (*http.Request, error) {
	body, contentType := form, "application/x-www-form-urlencoded"
	if r.unsigned.json != nil {
		body, contentType = string(r.unsigned.json), "application/json"
	}
	base := cmp.Or(r.unsigned.base, c.base(r.product))
	at := url.URL{Scheme: base.Scheme, Host: base.Host, Path: base.Path + r.path, RawQuery: r.query.Encode()}
	req, err := http.NewRequestWithContext(ctx, r.method, at.String(), strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = http.Header{"Accept": {"application/json"}, "User-Agent": {c.userAgent}, "Content-Type": {contentType}}
	if r.unsigned.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+r.unsigned.bearer)
	}
	return req, nil
}

func (c *Client) base(p Product) *url.URL {
	if override := c.endpoints[p]; override != nil {
		return override
	}
	return &url.URL{Scheme: "https", Host: host(p, c.region)}
}

func (c *Client) regionOf(p Product) string {
	if p.NeedsRegion() {
		return c.region
	}
	return ""
}

// read judges an answer and decodes it into out. nil means that it stands.
func (c *Client) read(r request, resp *http.Response, body []byte, stringToSign string, out answer) *Error {
	if len(body) > maxBody {
		return c.answered(r, resp, ErrBadResponse, fmt.Errorf("the body is over %d MiB", maxBody>>20))
	}
	if resp.StatusCode/100 == 3 {
		return c.answered(r, resp, ErrBadResponse, fmt.Errorf("%s redirects; signed requests are not sent elsewhere", resp.Request.URL.Host))
	}
	if resp.StatusCode != http.StatusOK {
		return c.refused(r, resp, body, stringToSign)
	}
	reflect.ValueOf(out).Elem().SetZero() // nothing of an earlier attempt may stay
	if err := json.Unmarshal(body, out); err != nil {
		return c.misshapen(r, resp, body, errors.New("the body is not the documented JSON"))
	}
	if !r.ok(out.head()) {
		return c.refused(r, resp, body, stringToSign)
	}
	if err := out.complete(); err != nil {
		return c.misshapen(r, resp, body, err)
	}
	return nil
}

// misshapen is a success that cannot be used.
func (c *Client) misshapen(r request, resp *http.Response, body []byte, cause error) *Error {
	e := c.answered(r, resp, ErrBadResponse, cause)
	e.RequestID = requestID(resp, readEnvelope(body).RequestID)
	return e
}

// refused is an answer that says no, with whatever HTTP status.
func (c *Client) refused(r request, resp *http.Response, body []byte, stringToSign string) *Error {
	secrets := r.secrets(resp.Request)
	head := readEnvelope(without(body, secrets...))
	if r.unsigned != nil {
		head.fromElsewhere()
	}
	code, status := head.codeAndStatus(resp.StatusCode)
	kind := r.product.classify(code, status)
	e := c.answered(r, resp, kind.kind, nil)
	e.again = kind.again
	e.Code, e.Message, e.RequestID = code, head.message(), requestID(resp, head.RequestID)
	e.Recommend, e.Denied = head.Recommend.trimmed(), head.denial()
	e.RetryAfter = retryAfter(resp.Header)
	if code == "SignatureDoesNotMatch" || strings.Contains(e.Message, "StringToSign") {
		// The message holds the canonical request, and with it the security token.
		_, digest, _ := strings.Cut(stringToSign, "\n")
		e.SecretWrong = strings.Contains(e.Message, digest)
		e.Message = "Specified signature does not match our calculation."
	}
	e.Message = string(without([]byte(e.Message), secrets...)) // which JSON may have escaped in body
	e.MayHaveStarted = r.starts && (e.again == reads || errors.Is(kind.kind, ErrBadResponse))
	return e
}

// answered is a failure for which there was an HTTP answer.
func (c *Client) answered(r request, resp *http.Response, kind, cause error) *Error {
	e := c.fail(r, kind, cause)
	e.Sent, e.Status = true, resp.StatusCode
	e.RequestID = requestID(resp, "")
	e.MayHaveStarted = r.starts && errors.Is(kind, ErrBadResponse)
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		e.Skew = time.Until(date)
	}
	return e
}

// lost is a failure without an answer.
func (c *Client) lost(req *http.Request, r request, err error, sent bool) *Error {
	way := req.URL.Host + via(c.transport, req)
	cause := error(&networkError{way: way, err: err})
	if ctx := req.Context(); ctx.Err() != nil {
		cause = fmt.Errorf("%s: %w", way, context.Cause(ctx))
	}
	e := c.fail(r, ErrUnavailable, cause)
	e.Sent, e.MayHaveStarted = sent, sent && r.starts
	e.again = reads
	if !sent {
		e.again = always
	}
	return e
}

// networkError says which way a request did not get through. What is in it may
// quote what a server or a proxy sent, at any length. It has no Unwrap, for the
// timeouts of net and net/http call themselves context.DeadlineExceeded, which
// is to mean that the caller's time is over.
type networkError struct {
	way string
	err error
}

func (e *networkError) Error() string {
	if e.way == "" {
		return oneLine(e.err.Error(), 300)
	}
	return e.way + ": " + oneLine(e.err.Error(), 300)
}
func (e *networkError) As(target any) bool { return errors.As(e.err, target) }

// secrets are those that were sent with r.
func (r request) secrets(req *http.Request) []string {
	if r.unsigned != nil {
		return append([]string{r.unsigned.bearer}, r.unsigned.secrets...)
	}
	return []string{req.Header.Get(acs3.HeaderSecurityToken)}
}

// without takes secrets that somebody has sent back to us out of text.
func without(text []byte, secrets ...string) []byte {
	for _, secret := range secrets {
		for _, form := range []string{url.QueryEscape(secret), secret} {
			if secret != "" {
				text = bytes.ReplaceAll(text, []byte(form), []byte("…"))
			}
		}
	}
	return text
}

// via names the proxy.
func via(transport http.RoundTripper, req *http.Request) string {
	proxy, err := proxyOf(transport, req)
	if err != nil || proxy == "" {
		return ""
	}
	return " through the proxy " + proxy
}

func (c *Client) fail(r request, kind, cause error) *Error {
	return &Error{Op: r.name, Product: r.product, Region: c.regionOf(r.product), At: time.Now(), Kind: kind, Cause: cause}
}
