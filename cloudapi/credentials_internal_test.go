package cloudapi

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/acs3"
)

// fakeSource stands in for a source, to say what it answers and how long that
// takes. Only a name and a function make a source, which is why these tests are
// inside the package.
type fakeSource struct {
	mu      sync.Mutex
	secret  string // "": it fails
	takes   time.Duration
	expires time.Duration // from when it is asked; 0: never
	absent  bool
	asked   int
}

func (s *fakeSource) find(l lookUp) (session, error) {
	s.mu.Lock()
	secret := s.secret
	s.mu.Unlock()
	select {
	case <-time.After(s.takes):
	case <-l.ctx.Done():
		return session{}, context.Cause(l.ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	switch {
	case s.absent:
		return session{}, absent("not there")
	case secret == "":
		return session{}, errors.New("leaked text of a library")
	}
	found := session{key: acs3.Key{ID: "id", Secret: secret, SecurityToken: "t"}}
	if s.expires > 0 {
		found.expires = time.Now().Add(s.expires)
	}
	return found, nil
}

func (s *fakeSource) set(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secret, s.absent = secret, false
}

func credentialsFrom(sources ...*fakeSource) *Credentials {
	var list []source
	for _, s := range sources {
		list = append(list, source{name: "fake", find: s.find})
	}
	return newCredentials(CredentialOptions{}, list...)
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
		pass(keyLifetime)
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
		pass(failureLifetime)
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
		pass(keyLifetime)

		began := time.Now()
		for range 100 {
			require.Equal(t, "one", secretOf(t, c))
		}
		require.Equal(t, 4*time.Second, time.Since(began), "only the first caller waits")
		for time.Since(began) < staleLimit-8*time.Second {
			require.Equal(t, "one", secretOf(t, c))
			pass(time.Second)
		}
		require.LessOrEqual(t, source.asked, 1+int(staleLimit/(failureLifetime+source.takes))+1)

		pass(staleLimit - time.Since(began))
		require.Empty(t, secretOf(t, c), "then it is given up, for it may have expired")
		source.set("one")
		pass(failureLifetime)
		require.Equal(t, "one", secretOf(t, c))
	})
}

func TestASourceThatRecoversIsUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &fakeSource{secret: "one"}
		c := credentialsFrom(source)
		require.Equal(t, "one", secretOf(t, c))
		source.set("")
		pass(keyLifetime)
		require.Equal(t, "one", secretOf(t, c))
		require.Equal(t, 2, source.asked)
		source.set("one")
		pass(failureLifetime)
		require.Equal(t, "one", secretOf(t, c))
		pass(staleLimit - time.Second)
		source.set("")
		require.Equal(t, "one", secretOf(t, c), "the grace time begins anew")
	})
}

// Another source may be another identity: a hiccup must not change it.
func TestAHiccupDoesNotChangeTheSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := &fakeSource{absent: true}, &fakeSource{secret: "two"}
		c := credentialsFrom(first, second)
		require.Equal(t, "two", secretOf(t, c))
		first.set("one")
		second.set("")
		pass(keyLifetime)
		require.Equal(t, "two", secretOf(t, c))
		require.Equal(t, 2, second.asked)
		pass(failureLifetime)
		require.Equal(t, "two", secretOf(t, c))
		second.set("two")
		pass(time.Hour)
		require.Equal(t, "two", secretOf(t, c))
		require.Equal(t, 1, first.asked)
	})
}

func TestLeavingASourceThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &fakeSource{secret: "one", takes: time.Minute}
		c := credentialsFrom(source)
		for range 10 { // the first asks, the others wait for their turn
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("my cause"))
			began := time.Now()
			_, err := c.Key(ctx)
			cancel()
			require.EqualError(t, err, "my cause, while a key was waited for from fake")
			require.ErrorIs(t, err, ErrKeyAwaited)
			require.Equal(t, time.Second, time.Since(began))
		}
		require.Equal(t, "one", secretOf(t, c))
		require.Equal(t, 1, source.asked, "the look-up that was left serves the next caller")
	})
}

func TestDiscard(t *testing.T) {
	key := func(secret string) acs3.Key { return acs3.Key{ID: "id", Secret: secret, SecurityToken: "t"} }

	t.Run("a discarded key is not served from memory", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			source := &fakeSource{secret: "old", expires: time.Hour}
			c := credentialsFrom(source)
			require.Equal(t, "old", secretOf(t, c))
			source.set("new")
			pass(keyLifetime)
			require.Equal(t, "old", secretOf(t, c), "a session is kept")
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
			pass(keyLifetime)
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
			require.Equal(t, 1, source.asked)
		})
	})
	t.Run("a look-up under way does not bring it back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			source := &fakeSource{secret: "old"}
			c := credentialsFrom(source)
			require.Equal(t, "old", secretOf(t, c))
			source.takes = time.Second
			pass(keyLifetime)
			go func() { _, _ = c.Key(t.Context()) }() // the source has read the old key
			pass(time.Millisecond)
			source.set("new")
			c.Discard(key("old"))
			require.Equal(t, "new", secretOf(t, c))
			require.Equal(t, 3, source.asked)
			require.Equal(t, "new", secretOf(t, c))
			require.Equal(t, 3, source.asked)
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
		source := &fakeSource{secret: "old", takes: time.Second, expires: time.Hour}
		c := credentialsFrom(source)
		require.Equal(t, "old", secretOf(t, c))
		source.set("new")
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
		require.Equal(t, 2, source.asked)
	})
}

// Nobody waits for the renewal of a session that can still be used.
func TestASessionIsRenewedBeforeItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &fakeSource{secret: "one", takes: time.Second, expires: time.Hour}
		c := credentialsFrom(source)
		require.Equal(t, "one", secretOf(t, c))
		pass(time.Hour - refreshWindow - time.Millisecond)
		require.Equal(t, "one", secretOf(t, c))
		require.Equal(t, 1, source.asked)

		source.set("two")
		pass(2 * time.Millisecond)
		began := time.Now()
		for range 100 {
			require.Equal(t, "one", secretOf(t, c))
		}
		require.Zero(t, time.Since(began), "nobody waits")
		pass(2 * time.Second)
		require.Equal(t, "two", secretOf(t, c))
		require.Equal(t, 2, source.asked)
	})
}

func TestASessionBridgesAFailureUntilItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &fakeSource{secret: "one", expires: time.Hour}
		c := credentialsFrom(source)
		require.Equal(t, "one", secretOf(t, c))
		source.set("")
		pass(time.Hour - time.Second)
		require.Equal(t, "one", secretOf(t, c))
		pass(time.Second)
		require.Empty(t, secretOf(t, c))
	})
}

// With a clock that is ahead by hours each new session seems to be over.
func TestAClockThatIsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &fakeSource{secret: "one", expires: time.Nanosecond}
		c := credentialsFrom(source)
		for range 100 {
			require.Equal(t, "one", secretOf(t, c))
			pass(100 * time.Millisecond)
		}
		require.Equal(t, 1, source.asked)
	})
}

// Another source's key would be somebody else's.
func TestASourceThatIsThereAndUnusableEndsTheSearch(t *testing.T) {
	first, second, third := &fakeSource{absent: true}, &fakeSource{}, &fakeSource{secret: "three"}
	require.Empty(t, secretOf(t, credentialsFrom(first, second, third)))
	require.Equal(t, []int{1, 1, 0}, []int{first.asked, second.asked, third.asked})
	require.Equal(t, "three", secretOf(t, credentialsFrom(first, third)))
}
