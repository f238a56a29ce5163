package cloudapi_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

// arrivals notes when each id was asked for.
type arrivals struct {
	http.RoundTripper

	mu    sync.Mutex
	ids   []string
	times []time.Time
}

func (a *arrivals) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	a.ids, a.times = append(a.ids, r.URL.Query().Get("AppId")), append(a.times, time.Now())
	a.mu.Unlock()
	return a.RoundTripper.RoundTrip(r)
}

func (a *arrivals) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.ids)
}

// requireBudget holds for each window from one request to another.
func (a *arrivals) requireBudget(t *testing.T) {
	t.Helper()
	for i, from := range a.times {
		for j, to := range a.times[i:] {
			require.LessOrEqual(t, float64(j+1), 10+5*(to.Sub(from)+time.Microsecond).Seconds())
		}
	}
}

// app asks a simulator for an application that it does not have.
func app(ctx context.Context, c *cloudapi.Client, id string) error {
	_, err := c.DescribeApplicationStatus(ctx, cloudapi.AppID(id))
	return err
}

func simClient(t *testing.T) (*cloudapi.Client, *arrivals, *cloudsim.Sim) {
	t.Helper()
	sim := cloudsim.New(cloudsim.Options{})
	seen := &arrivals{RoundTripper: sim.Transport()}
	client, err := cloudapi.New(cloudapi.Config{
		Region: "cn-hangzhou", Credentials: cloudapi.StaticCredentials(sim.Key().ID, sim.Key().Secret, ""), Transport: seen,
	})
	require.NoError(t, err)
	return client, seen, sim
}

// spend uses up what may be sent at once.
func spend(t *testing.T, c *cloudapi.Client) {
	t.Helper()
	began := time.Now()
	for i := range 10 {
		require.ErrorIs(t, app(t.Context(), c, fmt.Sprint("first-", i)), cloudapi.ErrNotFound)
	}
	require.Zero(t, time.Since(began), "a burst does not wait")
}

func TestEachProfileProductAndRegionHasABudget(t *testing.T) {
	const callers = 100
	synctest.Test(t, func(t *testing.T) {
		var lanes []*arrivals
		var all sync.WaitGroup
		began := time.Now()
		for range 3 {
			_, _, sim := simClient(t)
			client, err := cloudapi.New(cloudapi.Config{
				Credentials: cloudapi.StaticCredentials(sim.Key().ID, sim.Key().Secret, ""),
				Transport:   transport(func(r *http.Request) (*http.Response, error) { return hostOf(r).RoundTrip(r) }),
			})
			require.NoError(t, err)
			for _, region := range []string{"cn-hangzhou", "cn-beijing"} {
				seen := &arrivals{RoundTripper: sim.Transport()}
				lanes = append(lanes, seen)
				here, err := client.In(region)
				require.NoError(t, err)
				for i := range callers {
					all.Go(func() {
						err := app(context.WithValue(t.Context(), lane{}, seen), here, fmt.Sprintf("%03d", i))
						require.ErrorIs(t, err, cloudapi.ErrNotFound)
					})
					synctest.Wait() // so that they come one after the other
				}
			}
		}
		all.Wait()
		require.InDelta(t, (callers-10)/5, time.Since(began).Seconds(), 0.001, "nobody waits for another lane")
		for _, seen := range lanes {
			seen.requireBudget(t)
			require.Len(t, seen.ids, callers)
			require.IsIncreasing(t, seen.ids, "first come, first served")
			for i := 11; i < callers; i++ {
				require.InDelta(t, 0.2, seen.times[i].Sub(seen.times[i-1]).Seconds(), 0.001)
			}
		}
		t.Logf("%d lanes, %d callers each: the last was served after %s, one every 200ms", len(lanes), callers, time.Since(began))
	})
}

// lane leads a request to where it is counted.
type lane struct{}

func hostOf(r *http.Request) http.RoundTripper {
	return r.Context().Value(lane{}).(*arrivals)
}

func TestACallWhoseTurnComesTooLateFailsAtOnce(t *testing.T) {
	for name, operation := range map[string]string{"a read": "DescribeApplicationStatus", "a start": start} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, seen, _ := simClient(t)
				var all sync.WaitGroup
				for range 14 { // ten go at once, four wait
					all.Go(func() { _, _ = operations[operation](t.Context(), client) })
				}
				synctest.Wait()
				began, sent := time.Now(), seen.count()
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err := operations[operation](ctx, client)
				e := failure(t, err)
				require.Zero(t, time.Since(began))
				require.Equal(t, sent, seen.count())
				require.ErrorIs(t, err, cloudapi.ErrThrottled)
				require.ErrorContains(t, err, "alitriage's own budget of 5 requests a second for ")
				require.ErrorContains(t, err, "(callers waiting: 4); the turn of this call would come in 1s, when its time is over")
				require.True(t, e.MayPass())
				require.False(t, e.Sent)
				require.False(t, e.MayHaveStarted)
				require.Zero(t, e.RetryAfter, "Alibaba Cloud has not asked for anything")

				ctx, cancel = context.WithTimeout(t.Context(), time.Second+1)
				defer cancel()
				_, err = operations[operation](ctx, client)
				require.NotErrorIs(t, err, cloudapi.ErrThrottled)
				require.Equal(t, time.Second, time.Since(began))
				all.Wait()
			})
		})
	}
}

func TestThrottlingHoldsAllCallersOfTheLane(t *testing.T) {
	for name, row := range map[string]struct {
		asked, held time.Duration
		says        string
	}{
		"for as long as the vendor asks": {30 * time.Second, 30 * time.Second, "Alibaba Cloud asked to send nothing to sae in cn-hangzhou for 30s, of which 29s are left"},
		"for a minute at most":           {time.Hour, time.Minute, "for 1m0s, of which 59s are left"},
		"for half a second otherwise":    {0, 500 * time.Millisecond, "one too many"},
		"for less when it asks for less": {250 * time.Millisecond, 250 * time.Millisecond, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, seen, sim := simClient(t)
				sim.Inject(cloudsim.Fault{Code: "Throttling.User", RetryAfter: row.asked, Times: 1})
				began := time.Now()
				var all sync.WaitGroup
				ask := func(id string) {
					all.Go(func() { require.ErrorIs(t, app(t.Context(), client, id), cloudapi.ErrNotFound) })
					synctest.Wait()
				}
				ask("refused")
				for i := range 8 {
					ask(fmt.Sprint("held-", i))
				}
				elsewhere, err := client.In("cn-beijing")
				require.NoError(t, err)
				require.ErrorIs(t, app(t.Context(), elsewhere, "elsewhere"), cloudapi.ErrNotFound)
				require.Equal(t, 2, seen.count(), "the refused one and the one elsewhere")
				if row.says != "" {
					wait(t, min(row.held, time.Second)-1)
					ctx, cancel := context.WithTimeout(t.Context(), 1)
					defer cancel()
					err := app(ctx, client, "hurried")
					require.ErrorIs(t, err, cloudapi.ErrThrottled)
					require.False(t, failure(t, err).Sent)
					require.Zero(t, seen.count()-2)
				}
				all.Wait()
				require.Equal(t, row.held, time.Since(began), "also the refused one, which waits once")
				seen.requireBudget(t)
			})
		})
	}
}

func TestWhoWaitsIsToldAtOnceWhenAHoldOutlastsItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, seen, sim := simClient(t)
		spend(t, client)
		sim.Inject(cloudsim.Fault{Code: "Throttling.User", RetryAfter: 30 * time.Second, Times: 1})
		began := time.Now()
		var all sync.WaitGroup
		for i := range 20 { // the first of them is refused, after 200 ms
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				err := app(ctx, client, fmt.Sprintf("%02d", i))
				require.ErrorIs(t, err, cloudapi.ErrThrottled)
				e := failure(t, err)
				require.Equal(t, i == 0, e.Sent)
				require.Equal(t, 30*time.Second, e.RetryAfter)
				if i > 0 {
					require.ErrorContains(t, err, "Alibaba Cloud asked to send nothing to sae in cn-hangzhou for 30s, of which 30s are left")
				}
			})
			synctest.Wait()
		}
		all.Go(func() { require.ErrorIs(t, app(t.Context(), client, "patient"), cloudapi.ErrNotFound) })
		synctest.Wait()
		wait(t, 200*time.Millisecond)
		synctest.Wait()
		require.Equal(t, 11, seen.count())
		all.Wait()
		require.Equal(t, 30*time.Second+200*time.Millisecond, time.Since(began))
		require.Equal(t, "patient", seen.ids[11])
	})
}

func TestWhoLeavesTheLineTakesNoTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, seen, _ := simClient(t)
		spend(t, client)
		cause := errors.New("the user hung up")
		var all sync.WaitGroup
		var leave []context.CancelCauseFunc
		for range 100 {
			ctx, cancel := context.WithCancelCause(t.Context())
			leave = append(leave, cancel)
			all.Go(func() {
				err := app(ctx, client, "leaves")
				require.ErrorIs(t, err, cause)
				require.ErrorIs(t, err, cloudapi.ErrUnavailable)
				require.False(t, failure(t, err).Sent)
			})
			synctest.Wait()
		}
		began := time.Now()
		all.Go(func() { require.ErrorIs(t, app(t.Context(), client, "stays"), cloudapi.ErrNotFound) })
		synctest.Wait()
		for _, i := range rand.Perm(len(leave)) {
			leave[i](cause)
			synctest.Wait()
		}
		all.Wait()
		require.Equal(t, 200*time.Millisecond, time.Since(began), "as if the others had never come")
		require.Equal(t, 11, seen.count())
		require.Equal(t, "stays", seen.ids[10])
	})
}

func TestARetryWithoutATurnKeepsTheFirstFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _, sim := simClient(t)
		for i := range 9 {
			_ = app(t.Context(), client, fmt.Sprint(i))
		}
		sim.Inject(cloudsim.Fault{Code: "ServiceUnavailable", Times: 1})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() {
			err := app(ctx, client, "a")
			require.ErrorIs(t, err, cloudapi.ErrUnavailable, "what went wrong first")
			require.ErrorContains(t, err, "own budget", "and why it was not tried again")
			require.True(t, failure(t, err).Sent)
		})
		synctest.Wait()
		for range 150 {
			all.Go(func() { _ = app(t.Context(), client, "b") })
		}
		all.Wait()
	})
}
