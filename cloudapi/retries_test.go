package cloudapi_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/acs3"
)

// throttled refuses every request and notes when they came.
type throttled struct {
	body       string // "": Throttling.User
	retryAfter string
	times      []time.Time
	nonces     map[string]bool
	dates      map[string]bool
}

func (s *throttled) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.nonces == nil {
		s.nonces, s.dates = map[string]bool{}, map[string]bool{}
	}
	s.times = append(s.times, time.Now())
	s.nonces[r.Header.Get(acs3.HeaderNonce)] = true
	s.dates[r.Header.Get(acs3.HeaderDate)] = true
	resp := response(http.StatusTooManyRequests, cmp.Or(s.body, `{"Code":"Throttling.User","RequestId":"R-1"}`))
	resp.Header.Set("X-Acs-Retry-After", s.retryAfter)
	return resp, nil
}

func (s *throttled) pauses() []time.Duration {
	var pauses []time.Duration
	for i := range s.times[1:] {
		pauses = append(pauses, s.times[i+1].Sub(s.times[i]))
	}
	return pauses
}

func TestTheVendorSaysHowLongToWait(t *testing.T) {
	for name, row := range map[string]struct {
		header       string
		pause, field time.Duration
	}{
		"in milliseconds":       {"1500", 1500 * time.Millisecond, 1500 * time.Millisecond},
		"with blanks around":    {" 2000 ", 2 * time.Second, 2 * time.Second},
		"capped at a minute":    {"60001", time.Minute, time.Minute},
		"also beyond all sense": {"9223372036854775807", time.Minute, time.Minute},
		"not at all":            {"", 500 * time.Millisecond, 0},
		"zero":                  {"0", 500 * time.Millisecond, 0},
		"negative":              {"-5", 500 * time.Millisecond, 0},
		"as words":              {"soon", 500 * time.Millisecond, 0},
		"too large to read":     {"99999999999999999999", 500 * time.Millisecond, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &throttled{retryAfter: row.header}
				_, err := operations[start](t.Context(), newClient(t, server))
				require.Equal(t, row.field, failure(t, err).RetryAfter)
				require.Len(t, server.times, 3, "at most three attempts")
				require.Equal(t, []time.Duration{row.pause, row.pause}, server.pauses(), "not one for the budget and one for the retry")
			})
		})
	}
}

func TestBackOffIsExponentialWithFullJitter(t *testing.T) {
	const tries = 2000
	var sum, most [2]time.Duration
	least := [2]time.Duration{time.Hour, time.Hour}
	for range tries {
		synctest.Test(t, func(t *testing.T) {
			server := &throttled{body: `{"Code":"ServiceUnavailable"}`}
			_, err := operations["DescribeApplicationStatus"](t.Context(), newClient(t, server))
			require.Error(t, err)
			for i, pause := range server.pauses() {
				sum[i] += pause
				least[i], most[i] = min(least[i], pause), max(most[i], pause)
			}
		})
	}
	for i, bound := range []time.Duration{500 * time.Millisecond, time.Second} {
		require.LessOrEqual(t, most[i], bound+time.Nanosecond)
		require.Greater(t, most[i], bound*95/100, "the whole range is used")
		require.Less(t, least[i], bound*5/100)
		require.InEpsilon(t, bound/2, sum[i]/tries, 0.1)
	}
}

func TestEachAttemptIsSignedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &throttled{retryAfter: "1000"}
		_, err := operations[start](t.Context(), newClient(t, server))
		require.Error(t, err)
		require.Len(t, server.nonces, 3)
		require.Len(t, server.dates, 3)
	})
}

func TestACancelledCallLeavesItsPauseAtOnce(t *testing.T) {
	cause := errors.New("the user hung up")
	for name, row := range map[string]struct {
		transport http.RoundTripper
		kind      error
	}{
		"after a refusal": {&throttled{retryAfter: "60000"}, cloudapi.ErrThrottled},
		"after a network fault": {transport(func(*http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("connection reset")
		}), cloudapi.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				began := time.Now()
				time.AfterFunc(time.Nanosecond, func() { cancel(cause) })
				_, err := operations["DescribeApplicationStatus"](ctx, newClient(t, row.transport))
				require.Equal(t, time.Nanosecond, time.Since(began))
				require.ErrorIs(t, err, row.kind, "what went wrong first")
				require.ErrorIs(t, err, cause, "and why it was not tried again")
			})
		})
	}
}

func TestACallDoesNotWaitForWhatComesTooLate(t *testing.T) {
	for name, row := range map[string]struct {
		timeout time.Duration
		tries   int
		took    time.Duration
	}{
		"the pause would end after the deadline":       {1999 * time.Millisecond, 1, 0},
		"the second pause would":                       {3999 * time.Millisecond, 2, 2 * time.Second},
		"there is time for both":                       {4001 * time.Millisecond, 3, 4 * time.Second},
		"there is no deadline, so both are waited for": {0, 3, 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if row.timeout != 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, row.timeout)
					defer cancel()
				}
				server := &throttled{retryAfter: "2000"}
				began := time.Now()
				_, err := operations["DescribeInvocationResults"](ctx, newClient(t, server))
				require.ErrorIs(t, err, cloudapi.ErrThrottled)
				require.NotErrorIs(t, err, context.DeadlineExceeded)
				require.Len(t, server.times, row.tries)
				require.Equal(t, row.took, time.Since(began))
			})
		})
	}
}

func TestACancelledContextSendsNothing(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("the user hung up")
	cancel(cause)
	for range 20 { // a look-up and a context that are both ready are picked at random
		_, err := operations[start](ctx, newClient(t, transport(func(*http.Request) (*http.Response, error) {
			t.Error("a request was sent")
			return nil, cause
		})))
		e := failure(t, err)
		require.ErrorIs(t, err, cause)
		require.ErrorIs(t, err, cloudapi.ErrUnavailable)
		require.False(t, e.Sent)
		require.False(t, e.MayHaveStarted)
	}
}

func TestACallThatIsCancelledWhileItWaitsForTheAnswer(t *testing.T) {
	for operation, call := range operations {
		t.Run(operation, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cause := errors.New("the user hung up")
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(3*time.Second, func() { cancel(cause) })
				tries := 0
				_, err := call(ctx, newClient(t, transport(func(r *http.Request) (*http.Response, error) {
					tries++
					<-r.Context().Done()
					return nil, r.Context().Err()
				})))
				e := failure(t, err)
				require.ErrorIs(t, err, cause)
				require.Equal(t, 1, tries)
				require.True(t, e.Sent)
				require.Equal(t, operation == start, e.MayHaveStarted)
			})
		})
	}
}

func TestACallSucceedsAfterTwoRefusals(t *testing.T) {
	for operation, call := range operations {
		synctest.Test(t, func(t *testing.T) {
			got, err := call(t.Context(), newClient(t, answers(
				response(400, `{"Code":"Throttling"}`), response(503, `{"Code":"Throttling.Api"}`), response(200, string(sample(t, operation))),
			)))
			require.NoError(t, err)
			alone, err := decode(t, operation, sample(t, operation))
			require.NoError(t, err)
			require.Equal(t, withoutTime(alone), withoutTime(got))
		})
	}
}
