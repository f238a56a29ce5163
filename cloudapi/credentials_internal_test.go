package cloudapi

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aliyun/credentials-go/credentials/providers"
	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/acs3"
)

// fakeSource stands in for a source of credentials-go, to say what it answers
// and how long that takes. Only a name and a build function make a source, which
// is why these tests are inside the package.
type fakeSource struct {
	mu           sync.Mutex
	secret       string // "": it fails
	takes        time.Duration
	built, asked int
}

type fakeProvider struct {
	*fakeSource
	frozen string
}

func (s *fakeSource) build() (providers.CredentialsProvider, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.built++
	return &fakeProvider{s, s.secret}, nil
}

func (p *fakeProvider) GetCredentials() (*providers.Credentials, error) {
	<-time.After(p.takes)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if p.secret == "" || p.frozen == "" {
		return nil, errors.New("leaked text of credentials-go")
	}
	return &providers.Credentials{AccessKeyId: "id", AccessKeySecret: p.frozen, SecurityToken: "t"}, nil
}

func (p *fakeProvider) GetProviderName() string { return "fake" }

func (s *fakeSource) set(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secret = secret
}

func credentialsFrom(sources ...*fakeSource) *Credentials {
	var list []credentialSource
	for _, s := range sources {
		list = append(list, credentialSource{"fake", s.build})
	}
	return newCredentials(list...)
}

func secretOf(t *testing.T, c *Credentials) string {
	t.Helper()
	key, err := c.Key(t.Context())
	if err != nil {
		require.ErrorIs(t, err, ErrNoCredentials)
		require.NotContains(t, err.Error(), "leaked")
	}
	return key.Secret
}

func TestASourceIsAskedOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &fakeSource{secret: "one"}
		c := credentialsFrom(source)
		for range 100 {
			require.Equal(t, "one", secretOf(t, c))
		}
		require.Equal(t, 1, source.asked)
		pass(keyMemory)
		require.Equal(t, "one", secretOf(t, c))
		require.Equal(t, 2, source.asked)
	})
}

func pass(d time.Duration) { <-time.After(d) }

func TestAFailureIsRememberedForAllCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &fakeSource{takes: 4 * time.Second}
		c := credentialsFrom(source)
		began := time.Now()
		for range 100 {
			require.Empty(t, secretOf(t, c))
		}
		require.Equal(t, 4*time.Second, time.Since(began), "only the first caller waits")
		require.Equal(t, 1, source.asked)
		pass(failureMemory)
		source.set("new")
		require.Equal(t, "new", secretOf(t, c))
	})
}

func TestTheLastGoodKeyBridgesASourceThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &fakeSource{secret: "one"}
		c := credentialsFrom(source)
		require.Equal(t, "one", secretOf(t, c))
		source.set("")
		source.takes = 4 * time.Second
		pass(keyMemory)

		began := time.Now()
		for range 100 {
			require.Equal(t, "one", secretOf(t, c))
		}
		require.Equal(t, 4*time.Second, time.Since(began), "only the first caller waits")
		for time.Since(began) < lastGoodGrace-8*time.Second {
			require.Equal(t, "one", secretOf(t, c))
			pass(time.Second)
		}
		require.LessOrEqual(t, source.asked, 1+int(lastGoodGrace/(failureMemory+source.takes))+1)

		pass(lastGoodGrace - time.Since(began))
		require.Empty(t, secretOf(t, c), "then it is given up, for it may have expired")
		source.set("one")
		pass(failureMemory)
		require.Equal(t, "one", secretOf(t, c))
	})
}

func TestASourceThatRecoversIsUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &fakeSource{secret: "one"}
		c := credentialsFrom(source)
		require.Equal(t, "one", secretOf(t, c))
		source.set("")
		pass(keyMemory)
		require.Equal(t, "one", secretOf(t, c))
		require.Equal(t, 2, source.asked)
		source.set("one")
		pass(failureMemory)
		require.Equal(t, "one", secretOf(t, c))
		pass(lastGoodGrace - time.Second)
		source.set("")
		require.Equal(t, "one", secretOf(t, c), "the grace time begins anew")
	})
}

// Another source may be another identity: a hiccup must not change it.
func TestAHiccupDoesNotChangeTheSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := &fakeSource{}, &fakeSource{secret: "two"}
		c := credentialsFrom(first, second)
		require.Equal(t, "two", secretOf(t, c))
		first.set("one")
		second.set("")
		pass(keyMemory)
		require.Equal(t, "two", secretOf(t, c))
		require.Equal(t, 2, second.asked)
		pass(failureMemory)
		require.Equal(t, "two", secretOf(t, c))
		second.set("two")
		pass(time.Hour)
		require.Equal(t, "two", secretOf(t, c))
		require.Equal(t, 1, first.asked)
	})
}

func TestAProviderThatIsStuckIsBuiltAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &fakeSource{}
		c := credentialsFrom(source)
		require.Empty(t, secretOf(t, c), "this provider would fail for ever")
		source.set("one")
		pass(failureMemory)
		require.Equal(t, "one", secretOf(t, c))
		require.Equal(t, 2, source.built)
		require.Equal(t, "one", secretOf(t, c))
		require.Equal(t, 2, source.built, "one that works is kept")
	})
}

func TestASourceThatPanicsIsOneThatFails(t *testing.T) {
	c := newCredentials(credentialSource{"fake", func() (providers.CredentialsProvider, error) { return panics{}, nil }})
	require.Empty(t, secretOf(t, c))
}

type panics struct{ providers.CredentialsProvider }

func (panics) GetCredentials() (*providers.Credentials, error) { panic("leaked") }

func TestLeavingASourceThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &fakeSource{secret: "one", takes: time.Minute}
		c := credentialsFrom(source)
		for range 10 { // the first asks, the others wait for their turn
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("my cause"))
			began := time.Now()
			_, err := c.Key(ctx)
			cancel()
			require.EqualError(t, err, "my cause")
			require.Equal(t, time.Second, time.Since(began))
		}
		require.Equal(t, "one", secretOf(t, c))
		require.Equal(t, 2, source.asked, "the look-up that was left, and this one")
	})
}

func TestDiscard(t *testing.T) {
	key := func(secret string) acs3.Key { return acs3.Key{ID: "id", Secret: secret, SecurityToken: "t"} }

	t.Run("a discarded key is not served from memory", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			source := &fakeSource{secret: "old"}
			c := credentialsFrom(source)
			require.Equal(t, "old", secretOf(t, c))
			source.set("new")
			pass(keyMemory)
			require.Equal(t, "old", secretOf(t, c), "providers keep what they have")
			c.Discard(key("old"))
			require.Equal(t, "new", secretOf(t, c))
		})
	})
	t.Run("nor when the source fails", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			source := &fakeSource{secret: "old"}
			c := credentialsFrom(source)
			require.Equal(t, "old", secretOf(t, c))
			source.set("")
			pass(keyMemory)
			require.Equal(t, "old", secretOf(t, c))
			c.Discard(key("old"))
			require.Empty(t, secretOf(t, c))
		})
	})
	t.Run("a newer key stays", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			source := &fakeSource{secret: "new"}
			c := credentialsFrom(source)
			require.Equal(t, "new", secretOf(t, c))
			c.Discard(key("old"))
			require.Equal(t, "new", secretOf(t, c))
			require.Equal(t, 1, source.built)
		})
	})
	t.Run("a look-up under way does not bring it back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			source := &fakeSource{secret: "old"}
			c := credentialsFrom(source)
			require.Equal(t, "old", secretOf(t, c))
			source.takes = time.Second
			pass(keyMemory)
			go func() { _, _ = c.Key(t.Context()) }() // asks the provider that has the old key
			pass(time.Millisecond)
			source.set("new")
			c.Discard(key("old"))
			require.Equal(t, "new", secretOf(t, c))
			built := source.built
			require.Equal(t, "new", secretOf(t, c))
			require.Equal(t, built, source.built)
		})
	})
	t.Run("one that comes back as it was is served, for there is no better", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := credentialsFrom(&fakeSource{secret: "old"})
			require.Equal(t, "old", secretOf(t, c))
			c.Discard(key("old"))
			require.Equal(t, "old", secretOf(t, c))
			require.Equal(t, "old", secretOf(t, c))
		})
	})
}

func TestManyCallersOfAnExpiredKeyRenewItOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &fakeSource{secret: "old", takes: time.Second}
		c := credentialsFrom(source)
		require.Equal(t, "old", secretOf(t, c))
		source.set("new")
		pass(keyMemory)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				key, err := c.Key(t.Context())
				for err == nil && key.Secret == "old" { // as the gateway refuses it
					c.Discard(key)
					key, err = c.Key(t.Context())
				}
				require.NoError(t, err)
			})
		}
		all.Wait()
		require.Equal(t, 2, source.built)
	})
}
