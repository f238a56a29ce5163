package cloudapi

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/aliyun/credentials-go/credentials/providers"

	"github.com/alitriage/alitriage/cloudapi/acs3"
)

// ErrNoCredentials is the cause of an ErrUnauthenticated error when no request
// could be signed, so that nothing was sent.
var ErrNoCredentials = errors.New("no usable Alibaba Cloud credentials")

// ErrNoProfileCredentials is the ErrNoCredentials of a profile that was named, in
// whose place no variable is read.
var ErrNoProfileCredentials = fmt.Errorf("%w", ErrNoCredentials)

const (
	// A key is used this long before its source is asked again: most calls wait
	// for nobody.
	keyMemory = time.Second
	// A failed look-up is remembered this long, so that many callers do not each
	// wait for a metadata service that does not answer.
	failureMemory = 5 * time.Second
	// credentials-go refreshes temporary keys 180 s before they expire and fails
	// when that fails. The key it had is used for most of what is left.
	lastGoodGrace = 150 * time.Second
)

// Credentials finds keys through credentials-go, at the first call and not
// before. It adds what that library lacks: calls from many goroutines, leaving
// on a context, recovery after a failure, and error texts without keys.
type Credentials struct {
	base    *Credentials // of an assumed role
	sources []credentialSource
	none    error         // what it is called when no source has a key
	slot    chan struct{} // holds one token: credentials-go is not safe for concurrent use

	mu       sync.Mutex
	chosen   *credentialSource // the source of the last good key; nil: ask all of them
	provider providers.CredentialsProvider
	lastGood acs3.Key
	goodAt   time.Time
	goodFrom string   // the name of its source
	refused  acs3.Key // discarded: a provider that still has it is built anew
	failure  error
	failedAt time.Time
}

type credentialSource struct {
	name  string // as people know it
	build func() (providers.CredentialsProvider, error)
}

// StaticCredentials always answers with one key. token is empty unless the key
// is temporary.
func StaticCredentials(id, secret, token string) *Credentials {
	key := staticKey{AccessKeyId: id, AccessKeySecret: secret, SecurityToken: token}
	return newCredentials(credentialSource{"the given key", func() (providers.CredentialsProvider, error) {
		return &key, nil
	}})
}

// staticKey stands in for the static providers of credentials-go, which fill
// what is empty from the environment.
type staticKey providers.Credentials

func (k *staticKey) GetCredentials() (*providers.Credentials, error) {
	return (*providers.Credentials)(k), nil
}
func (k *staticKey) GetProviderName() string { return "static" }

// ChainOptions switch on the sources that are not asked by default, because a
// machine outside Alibaba Cloud would wait seconds for their answer.
type ChainOptions struct {
	Metadata bool // the metadata service of an ECS instance with a RAM role
	URI      bool // ALIBABA_CLOUD_CREDENTIALS_URI
}

// ChainCredentials asks the vendor's usual sources in the vendor's order.
func ChainCredentials(options ChainOptions) *Credentials {
	sources := []credentialSource{
		{"environment variables (ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET)",
			func() (providers.CredentialsProvider, error) {
				return providers.NewEnvironmentVariableCredentialsProviderBuilder().Build()
			}},
		{"OIDC role (ALIBABA_CLOUD_OIDC_TOKEN_FILE)",
			func() (providers.CredentialsProvider, error) {
				return providers.NewOIDCCredentialsProviderBuilder().Build()
			}},
		{"aliyun CLI profile (~/.aliyun/config.json)",
			func() (providers.CredentialsProvider, error) {
				return providers.NewCLIProfileCredentialsProviderBuilder().Build()
			}},
		{"credentials file (~/.alibabacloud/credentials)",
			func() (providers.CredentialsProvider, error) {
				return providers.NewProfileCredentialsProviderBuilder().Build()
			}},
	}
	if options.Metadata {
		sources = append(sources, credentialSource{"ECS instance RAM role (metadata service)",
			func() (providers.CredentialsProvider, error) {
				return providers.NewECSRAMRoleCredentialsProviderBuilder().Build()
			}})
	}
	if options.URI {
		sources = append(sources, credentialSource{"ALIBABA_CLOUD_CREDENTIALS_URI",
			func() (providers.CredentialsProvider, error) {
				return providers.NewURLCredentialsProviderBuilder().Build()
			}})
	}
	return newCredentials(sources...)
}

// ProfileCredentials reads one named profile of the aliyun CLI, or of the
// credentials file, and nothing else: no part of a key or of a role comes from
// the environment.
func ProfileCredentials(name string) *Credentials {
	c := newCredentials(
		credentialSource{"profile " + strconv.Quote(name) + " of the aliyun CLI (~/.aliyun/config.json)",
			func() (providers.CredentialsProvider, error) {
				if err := checkCLIProfile(name); err != nil {
					return nil, err
				}
				return providers.NewCLIProfileCredentialsProviderBuilder().WithProfileName(name).Build()
			}},
		credentialSource{"section " + strconv.Quote(name) + " of the credentials file (~/.alibabacloud/credentials)",
			func() (providers.CredentialsProvider, error) {
				return providers.NewProfileCredentialsProviderBuilder().WithProfileName(name).Build()
			}},
	)
	c.none = ErrNoProfileCredentials
	return c
}

func newCredentials(sources ...credentialSource) *Credentials {
	return &Credentials{sources: sources, none: ErrNoCredentials, slot: make(chan struct{}, 1)}
}

// Key returns the key to sign with. It can be called from many goroutines. It
// returns when ctx ends, although credentials-go itself cannot be interrupted:
// the look-up then goes on by itself and serves the next caller.
func (c *Credentials) Key(ctx context.Context) (acs3.Key, error) {
	if key, ok := c.atHand(); ok {
		return key, nil
	}
	select {
	case c.slot <- struct{}{}:
	case <-ctx.Done():
		return acs3.Key{}, context.Cause(ctx)
	}
	type result struct {
		key acs3.Key
		err error
	}
	found := make(chan result, 1)
	go func() {
		defer func() { <-c.slot }()
		key, err := c.lookUp()
		found <- result{key, err}
	}()
	select {
	case r := <-found:
		return r.key, r.err
	case <-ctx.Done():
		return acs3.Key{}, context.Cause(ctx)
	}
}

func (c *Credentials) atHand() (acs3.Key, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lastGood, !c.goodAt.IsZero() && time.Since(c.goodAt) < keyMemory && c.lastGood != c.refused
}

// Discard forgets key, which the gateway has refused as expired, so that the
// next look-up asks the sources again. It does nothing when another caller has
// already got a newer key.
func (c *Credentials) Discard(key acs3.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if key == c.lastGood {
		c.chosen, c.provider, c.goodAt, c.failure = nil, nil, time.Time{}, nil
		c.refused = key
	}
}

// lookUp runs in the one slot. The lock is not held while a source is asked, so
// that Discard never waits.
func (c *Credentials) lookUp() (acs3.Key, error) {
	c.mu.Lock()
	chosen, provider, refused := c.chosen, c.provider, c.refused
	failure, failedAt := c.failure, c.failedAt
	c.mu.Unlock()
	if failure != nil && time.Since(failedAt) < failureMemory {
		return c.fallBack(failure)
	}
	if chosen == nil {
		return c.walk()
	}
	key, err := ask(provider)
	switch {
	case err != nil:
		// Remembered also while there is a good key, so that not every caller waits
		// for a source that hangs.
		failure = c.fail(chosen.name+": "+outcome(err), err)
		if key, err := c.fallBack(failure); err == nil {
			return key, nil
		}
		// The same source once more, built anew: credentials-go keeps what it read
		// first. Another source may be another identity, so it has to wait.
		if len(c.sources) > 1 {
			if key, err := c.try(chosen); err == nil {
				return key, nil
			}
		}
	case key != refused:
		return c.keep(chosen, provider, key), nil
	}
	return c.walk()
}

func (c *Credentials) walk() (acs3.Key, error) {
	tried := make([]string, 0, len(c.sources))
	var last error
	for i := range c.sources {
		key, err := c.try(&c.sources[i])
		if err == nil {
			return key, nil
		}
		tried, last = append(tried, c.sources[i].name+": "+outcome(err)), err
	}
	err := c.fail(strings.Join(tried, "; "), last)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.chosen, c.provider = nil, nil
	return acs3.Key{}, err
}

// fail remembers that a look-up has failed. What a role could not be assumed for
// says all by itself.
func (c *Credentials) fail(tried string, err error) error {
	if !canBeShown(err) {
		err = fmt.Errorf("%w; tried %s", c.none, tried)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failure, c.failedAt = err, time.Now()
	return err
}

// canBeShown tells our own errors from those of credentials-go.
func canBeShown(err error) bool {
	_, ours := errors.AsType[*Error](err)
	return ours || errors.Is(err, ErrNoCredentials)
}

func (c *Credentials) try(source *credentialSource) (acs3.Key, error) {
	provider, err := source.build()
	if err != nil {
		return acs3.Key{}, err
	}
	key, err := ask(provider)
	if err != nil {
		return acs3.Key{}, err
	}
	return c.keep(source, provider, key), nil
}

func (c *Credentials) keep(source *credentialSource, provider providers.CredentialsProvider, key acs3.Key) acs3.Key {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.chosen, c.provider, c.failure = source, provider, nil
	c.lastGood, c.goodAt, c.goodFrom = key, time.Now(), source.name
	return key
}

// fallBack answers with the last good key while it may still be valid.
func (c *Credentials) fallBack(failure error) (acs3.Key, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.goodAt.IsZero() && time.Since(c.goodAt) < lastGoodGrace {
		return c.lastGood, nil
	}
	return acs3.Key{}, failure
}

// ask takes blanks from around a key: a line break after it is a common mistake.
func ask(provider providers.CredentialsProvider) (key acs3.Key, err error) {
	defer func() {
		if recover() != nil {
			err = errCredentialSource
		}
	}()
	found, err := provider.GetCredentials()
	if err != nil {
		return acs3.Key{}, err
	}
	if found == nil {
		return acs3.Key{}, errCredentialSource
	}
	key = acs3.Key{
		ID:            strings.TrimSpace(found.AccessKeyId),
		Secret:        strings.TrimSpace(found.AccessKeySecret),
		SecurityToken: strings.TrimSpace(found.SecurityToken),
	}
	if key.ID == "" || key.Secret == "" || strings.ContainsFunc(key.ID+key.SecurityToken, unicode.IsControl) {
		return acs3.Key{}, errCredentialSource // nor could it stand in a header
	}
	return key, nil
}

var errCredentialSource = errors.New("the source answered without a usable key")

// inWords is why a source gave no key, in words of ours.
type inWords string

func (e inWords) Error() string { return string(e) }

// outcome is all that is said about why a source gave no key. The text of a
// credentials-go error stays here: it can quote a whole configuration file, keys
// included.
func outcome(err error) string {
	if words, ours := errors.AsType[inWords](err); ours {
		return string(words)
	}
	if errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "no such file") {
		return "no such file"
	}
	if strings.Contains(err.Error(), "is disabled") {
		return "switched off by a variable"
	}
	for _, word := range []string{"must be specified", "is empty", "can not be empty", "not found"} {
		if strings.Contains(err.Error(), word) {
			return "not set"
		}
	}
	return "no usable key"
}
