package cloudapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/alitriage/alitriage/cloudapi/acs3"
)

// ErrNoCredentials is the cause of an ErrUnauthenticated error when no request
// could be signed, so that no operation was called.
var ErrNoCredentials = errors.New("no usable Alibaba Cloud credentials")

// ErrNoProfileCredentials is the ErrNoCredentials of a profile that was named, in
// whose place no variable is read.
var ErrNoProfileCredentials = fmt.Errorf("%w", ErrNoCredentials)

// ErrKeyAwaited is in the error of a call whose time was over before there was a key
// to sign it with.
var ErrKeyAwaited = errors.New("a key was waited for")

const (
	// A key without an expiry is used this long before its source is asked again:
	// most calls wait for nobody, and a key that was replaced is found soon.
	keyLifetime = time.Second
	// What a program or a server hands out without an expiry is kept longer:
	// asking takes time.
	answerLifetime = time.Minute
	// A failed look-up is remembered this long, so that many callers do not each
	// wait for a source that does not answer.
	failureLifetime = 5 * time.Second
	// A session is renewed this long before its expiry, as in credentials-go. Until
	// expiryMargin before it nobody waits for that.
	refreshWindow = 180 * time.Second
	expiryMargin  = 30 * time.Second
	// staleLimit is how long a key without an expiry is used while its source
	// fails.
	staleLimit = 150 * time.Second
	// lookUpTimeout bounds a look-up, which goes on when its callers have left.
	lookUpTimeout = 75 * time.Second
)

// CredentialOptions say where keys are looked for and how. The zero value is
// right outside tests and the simulator.
type CredentialOptions struct {
	// Metadata and URI switch on sources that are not asked by default, because a
	// machine outside Alibaba Cloud would wait seconds for their answer: the
	// metadata service of an ECS instance, and ALIBABA_CLOUD_CREDENTIALS_URI.
	Metadata, URI bool
	// STS is where the roles of profiles are assumed that do not say so
	// themselves, as ParseEndpoint returns it; nil: its own address.
	STS *url.URL
	// Transport carries what is asked to get a key. nil: a real one.
	Transport http.RoundTripper
	// Version and Observe are as in Config.
	Version string
	Observe func(operation, outcome string)
	// Warn is told of what somebody has to know although a key was found. It may be
	// nil.
	Warn func(text string)
}

// Credentials finds keys, at the first call and not before. Many callers share
// one look-up, which each may leave; a session is renewed before it expires; and
// no key is in an error.
type Credentials struct {
	base    *Credentials // of an assumed role
	sources []source
	none    error // what it is called when no source has a key
	options CredentialOptions

	mu       sync.Mutex
	running  *running // the look-up under way
	asking   string   // whom it asks now
	chosen   *source  // of the last good key; nil: ask all of them
	good     session
	goodAt   time.Time
	refused  acs3.Key // discarded: no source may serve it from memory
	failure  error
	failedAt time.Time
}

// Format keeps the key out of any text.
func (c *Credentials) Format(f fmt.State, _ rune) { fmt.Fprint(f, "credentials of ", c.from()) }

// session is a key and how long it may be used.
type session struct {
	key     acs3.Key
	expires time.Time     // zero: not known
	keep    time.Duration // where it is not known; 0: keyLifetime
	from    string        // as people know it; "": the name of its source
	asked   bool          // a server or a program for it
}

// source is a place where keys are looked for.
type source struct {
	name  string // as people know it
	find  func(lookUp) (session, error)
	given bool // by a program, which copies nothing wrongly
}

// lookUp is what a source is asked with.
type lookUp struct {
	ctx     context.Context // of one look-up
	refused acs3.Key        // a key that the gateway has called expired
	helped  bool            // a helper program has answered, and none is started again
	asking  func(who string)
}

// awaited is why a caller has left a look-up, and whom that was asking then.
type awaited struct {
	who   string
	cause error
}

func (e *awaited) Error() string {
	return e.cause.Error() + ", while a key was waited for from " + e.who
}
func (e *awaited) Unwrap() []error { return []error{ErrKeyAwaited, e.cause} }

type running struct {
	done chan struct{}
	key  acs3.Key
	err  error
}

// StaticCredentials always answers with one key. token is empty unless the key
// is temporary.
func StaticCredentials(id, secret, token string) *Credentials {
	s := session{key: trimmedKey(id, secret, token)}
	return newCredentials(CredentialOptions{}, source{"the given key", func(lookUp) (session, error) { return s, nil }, true})
}

func newCredentials(options CredentialOptions, sources ...source) *Credentials {
	if options.Warn == nil {
		options.Warn = func(string) {}
	}
	return &Credentials{sources: sources, none: ErrNoCredentials, options: options}
}

// Key returns the key to sign with. It can be called from many goroutines, and
// returns when ctx ends: the look-up then goes on by itself and serves the next
// caller.
func (c *Credentials) Key(ctx context.Context) (acs3.Key, error) {
	c.mu.Lock()
	now := time.Now()
	fresh, usable := c.state(now)
	switch {
	case fresh:
		defer c.mu.Unlock()
		return c.good.key, nil
	case c.failure != nil && now.Sub(c.failedAt) < failureLifetime:
		defer c.mu.Unlock()
		if c.stillGood(now) {
			return c.good.key, nil
		}
		return acs3.Key{}, c.failure
	}
	if c.running == nil {
		c.running, c.asking = &running{done: make(chan struct{})}, c.sources[0].name
		go c.run(c.running) //nolint:gosec // it outlives the caller, and serves the next one
	}
	r, key := c.running, c.good.key
	c.mu.Unlock()
	if usable {
		return key, nil
	}
	select {
	case <-r.done:
		return r.key, r.err
	case <-ctx.Done():
		c.mu.Lock()
		defer c.mu.Unlock()
		return acs3.Key{}, &awaited{c.asking, context.Cause(ctx)}
	}
}

func (c *Credentials) nowAsking(who string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asking = who
}

// state tells whether the key at hand can be used as it is, and whether nobody
// needs to wait for its renewal. The caller holds the lock.
func (c *Credentials) state(now time.Time) (fresh, usable bool) {
	switch {
	case c.goodAt.IsZero() || c.good.key == c.refused:
		return false, false
	case c.good.expires.IsZero():
		return now.Sub(c.goodAt) < max(c.good.keep, keyLifetime), false
	default:
		left := c.good.expires.Sub(now)
		return left > refreshWindow, left > expiryMargin
	}
}

// stillGood tells whether the key at hand may bridge a failure. The caller holds
// the lock.
func (c *Credentials) stillGood(now time.Time) bool {
	switch {
	case c.goodAt.IsZero() || c.good.key == c.refused:
		return false
	case c.good.expires.IsZero():
		return now.Sub(c.goodAt) < staleLimit
	default:
		return now.Before(c.good.expires)
	}
}

// Discard forgets key, which the gateway has refused as expired, so that the
// next look-up asks the sources again. It does nothing when another caller has
// already got a newer key.
func (c *Credentials) Discard(key acs3.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if key == c.good.key {
		c.chosen, c.goodAt, c.failure = nil, time.Time{}, nil
		c.refused = key
	}
}

// run is the one look-up at a time. The lock is not held while a source is
// asked, so that Discard never waits.
func (c *Credentials) run(r *running) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), lookUpTimeout,
		inWords("there was no answer within "+lookUpTimeout.String()))
	defer cancel()
	for done := false; !done; {
		c.mu.Lock()
		l, chosen := lookUp{ctx: ctx, refused: c.refused, asking: c.nowAsking}, c.chosen
		c.mu.Unlock()
		s, from, err := c.find(l, chosen)
		c.mu.Lock()
		// A key that was discarded meanwhile is looked for again; one that comes back
		// as it was is served, for there is no better.
		if done = err != nil || s.key != c.refused || l.refused == c.refused; done {
			r.key, r.err = c.settle(s, from, err)
			c.running = nil
		}
		c.mu.Unlock()
	}
	close(r.done)
}

// settle remembers what a look-up came to. The caller holds the lock.
func (c *Credentials) settle(s session, from *source, err error) (acs3.Key, error) {
	now := time.Now()
	if err == nil {
		c.chosen, c.good, c.goodAt, c.failure = from, s.known(now), now, nil
		return s.key, nil
	}
	c.failure, c.failedAt = err, now
	if c.stillGood(now) {
		return c.good.key, nil
	}
	c.chosen = nil
	return acs3.Key{}, err
}

// known doubts an expiry that is over already when the session is new: then this
// machine's clock is wrong, and nothing is known.
func (s session) known(now time.Time) session {
	if !s.expires.IsZero() && s.expires.Sub(now) <= refreshWindow {
		s.expires, s.keep = time.Time{}, answerLifetime
	}
	return s
}

// find asks the source of the last key, for another one may be another identity.
// Only when that key is of no use any more all are asked.
func (c *Credentials) find(l lookUp, chosen *source) (session, *source, error) {
	if chosen != nil {
		s, err := chosen.ask(l)
		if err == nil {
			return s, chosen, nil
		}
		c.mu.Lock()
		bridged := c.stillGood(time.Now())
		c.mu.Unlock()
		if bridged || len(c.sources) == 1 {
			return session{}, nil, c.explain(chosen.name, err, chosen.name+": "+outcome(err))
		}
	}
	return c.findAny(l)
}

// findAny asks the sources in their order. The first that is there decides: if
// its key cannot be used, the key of the next would be somebody else's.
func (c *Credentials) findAny(l lookUp) (session, *source, error) {
	tried := make([]string, 0, len(c.sources))
	var last error
	for i := range c.sources {
		s, err := c.sources[i].ask(l)
		if err == nil {
			return s, &c.sources[i], nil
		}
		name := c.sources[i].name
		if s.from != "" {
			name = s.from
		}
		tried, last = append(tried, name+": "+outcome(err)), err
		if _, isAbsent := errors.AsType[absent](err); !isAbsent {
			return session{}, nil, c.explain(name, err, tried...)
		}
	}
	return session{}, nil, c.explain("", last, tried...)
}

// explain makes the error of a look-up. What the cloud has refused says all by
// itself, but for whom.
func (c *Credentials) explain(name string, err error, tried ...string) error {
	if refused, ours := errors.AsType[*Error](err); ours {
		if refused.For == "" && c.base == nil {
			refused.For = name
		}
		return err
	}
	if errors.Is(err, ErrNoCredentials) {
		return err // of the key that assumes the role
	}
	_, asked := errors.AsType[inVain](err)
	_, isAbsent := errors.AsType[absent](err)
	return &noKey{c.none, strings.Join(tried, "; "), asked, !isAbsent && !c.sources[0].given}
}

// noKey is an ErrNoCredentials with its reasons.
type noKey struct {
	kind  error
	tried string
	asked bool // somebody, for a key
	found bool // a source whose key cannot be used
}

func (e *noKey) Error() string { return e.kind.Error() + "; tried " + e.tried }
func (e *noKey) Unwrap() error { return e.kind }

// SomebodyWasAsked tells whether err, an ErrNoCredentials, came about after a
// server or a program was asked for a key.
func SomebodyWasAsked(err error) bool {
	e, ours := errors.AsType[*noKey](err)
	return ours && e.asked
}

// ask gives what a source finds its name, and holds that it can be a key.
func (s *source) ask(l lookUp) (session, error) {
	l.asking(s.name)
	found, err := s.find(l)
	if found.from == "" {
		found.from = s.name
	}
	if err != nil {
		return session{from: found.from}, err
	}
	if !s.given {
		err = found.sound()
	}
	if err == nil && (found.key.ID == "" || found.key.Secret == "" || strings.ContainsFunc(found.key.ID+found.key.SecurityToken, unicode.IsControl)) {
		err = inWords("no usable key") // nor could it stand in a header
	}
	if err != nil {
		return session{from: found.from}, err
	}
	return found, nil
}

// sound says which part of the key cannot be one.
func (s session) sound() error {
	for _, part := range []cliField{
		{"the AccessKey id", s.key.ID}, {"the AccessKey secret", s.key.Secret}, {"the security token", s.key.SecurityToken},
	} {
		switch odd := notAKey(part.value); {
		case odd == "":
		case s.asked: // nobody has copied it
			odd, _, _ = strings.Cut(odd, ":")
			return inVain("it was given a key that cannot be used: " + part.name + " " + odd)
		default:
			return inWords(part.name + " " + odd)
		}
	}
	return nil
}

// SourceIsUnusable tells whether err, an ErrNoCredentials, is about a source that
// is there, before which and behind which no other one counts.
func SourceIsUnusable(err error) bool {
	e, ours := errors.AsType[*noKey](err)
	return ours && e.found
}

// inWords is why a source gave no key, in words of ours that hold nothing secret.
type inWords string

func (e inWords) Error() string { return string(e) }

// inVain is inWords after a server or a program was asked.
type inVain string

func (e inVain) Error() string { return string(e) }

// absent is why there is nothing at all at a source, so that the next is asked.
type absent string

func (e absent) Error() string { return string(e) }

// outcome is all that is said about why a source gave no key. Texts that are not
// ours may quote what they were about.
func outcome(err error) string {
	if words, ours := errors.AsType[inWords](err); ours {
		return string(words)
	}
	if words, ours := errors.AsType[inVain](err); ours {
		return string(words)
	}
	if words, ours := errors.AsType[absent](err); ours {
		return string(words)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "there was no answer in time"
	}
	return "no usable key"
}
