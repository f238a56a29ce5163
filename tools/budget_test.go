package tools_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/tools"
)

// lanes notes when requests went out, by profile and host, which has the region
// in its name.
type lanes struct {
	mu   sync.Mutex
	sent map[string][]time.Time
}

type laneTransport struct {
	lanes   *lanes
	profile string
	to      http.RoundTripper
}

func (l laneTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	l.lanes.mu.Lock()
	lane := l.profile + " " + r.URL.Host
	l.lanes.sent[lane] = append(l.lanes.sent[lane], time.Now())
	l.lanes.mu.Unlock()
	return l.to.RoundTrip(r)
}

// The budget of reference: 10 at once, and 5 a second.
func (l *lanes) requireBudget(t *testing.T) {
	t.Helper()
	for lane, sent := range l.sent {
		for i := range sent {
			for j := i; j < len(sent); j++ {
				allowed := 10 + 5*sent[j].Sub(sent[i]).Seconds()
				require.LessOrEqual(t, float64(j-i+1), allowed+1e-6, "%s: %d requests in %s", lane, j-i+1, sent[j].Sub(sent[i]))
			}
		}
	}
}

func TestAHundredWaitsInThreeAccountsStayWithinTheBudgetsAndNoneStarves(t *testing.T) {
	const waits, wait = 100, 44 * time.Second
	synctest.Test(t, func(t *testing.T) {
		sim := cloudsim.New(cloudsim.Options{})
		sent := &lanes{sent: map[string][]time.Time{}}
		cfg := tools.Config{MaxWait: time.Minute}
		names, regions := []string{"prod", "staging", "test"}, []string{"cn-hangzhou", "cn-beijing"}
		for _, name := range names {
			key := sim.Key()
			client, err := cloudapi.New(cloudapi.Config{
				Credentials: cloudapi.StaticCredentials(key.ID, key.Secret, ""), Transport: laneTransport{sent, name, sim.Transport()},
			})
			require.NoError(t, err)
			cfg.Profiles = append(cfg.Profiles, tools.Profile{Name: name, Client: client})
		}
		w := &world{Sim: sim, cfg: cfg}
		w.rebuild()
		began := time.Now()
		answers := make([]<-chan answer, waits)
		for i := range waits {
			id := fmt.Sprintf("%08x-0000-4000-8000-%012x", i, i)
			// Most of them in one lane, as on the evening of a release.
			profile, region := names[0], regions[0]
			if i >= 60 {
				profile, region = names[i%3], regions[i%2]
			}
			sim.PutApp(cloudsim.App{
				ID: id, Region: region, CurrentStatus: "RUNNING", RunningInstances: 1, LastChangeOrderStatus: "RUNNING", LastChangeOrderRunning: true, CreatedAt: began,
			})
			answers[i] = w.later(t.Context(), t, "get_app_status", toJSON(t, map[string]any{
				"app_id": id, "profile": profile, "region": region, "wait_seconds": wait.Seconds(),
			}))
		}
		var fewest, most = waits, 0
		for _, done := range answers {
			a := <-done
			require.NoError(t, a.err)
			require.Equal(t, formatters.InProgress, a.Verdict)
			require.Less(t, a.took, time.Minute)
			fewest, most = min(fewest, len(a.progress)), max(most, len(a.progress))
		}
		sent.requireBudget(t)
		require.Len(t, sent.sent, 6, "three accounts in two regions each")
		require.GreaterOrEqual(t, fewest, 3, "in the full lane each of some 67 waits hears something every 14 s or so")
		busiest := 0
		for _, times := range sent.sent {
			busiest = max(busiest, len(times))
		}
		t.Logf("%d waits of %s: %d requests in the busiest lane (at most %d), each wait heard %d to %d times", waits, wait, busiest, int(10+5*wait.Seconds()), fewest, most)
	})
}

// Without a budget of one's own, the vendor's is shared with everybody in the
// account: here it is 120 a minute, and others leave nothing of it.
func TestAThrottledAccountIsLeftAloneByAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Inject(cloudsim.Fault{Operation: readApp, Code: "Throttling.User", RetryAfter: 20 * time.Second, Times: 1})
		began := time.Now()
		var answers []<-chan answer
		for i := range 30 {
			id := fmt.Sprintf("%08x-0000-4000-8000-%012x", i, i)
			w.PutApp(cloudsim.App{ID: id, CurrentStatus: "RUNNING", RunningInstances: 1, LastChangeOrderStatus: "SUCCESS", SubStatus: "NORMAL", CreatedAt: began})
			answers = append(answers, w.later(t.Context(), t, "get_app_status", toJSON(t, map[string]any{"app_id": id})))
			synctest.Wait()
		}
		for _, done := range answers {
			a := <-done
			require.NoError(t, a.err)
			require.Equal(t, formatters.OK, a.Verdict)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		require.Equal(t, began, w.sent[0].at)
		require.GreaterOrEqual(t, w.sent[1].at.Sub(began), 20*time.Second, "nobody asks before the vendor's time is over")
		require.Len(t, w.sent, 31)
	})
}
