package tools_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
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

func keeping(cfg *tools.Config) { cfg.KeepReadings = 2 * time.Minute }

// since is a call for somebody who asked so long ago.
func (w *world) since(t testing.TB, ago time.Duration, tool, args string) (formatters.Report, error) {
	t.Helper()
	return w.tool(t, tool).CallSince(t.Context(), json.RawMessage(args), time.Now().Add(-ago), nil)
}

const webApp = `{"app_id":"web"}`

// Each case asks once at 0 s, when the cloud takes a second to answer, and then
// once more.
func TestAReadingServesWhoeverAskedBeforeItWasSent(t *testing.T) {
	for name, c := range map[string]struct {
		comes time.Duration // when the second one is called
		asked time.Duration // and when it was asked for
		args  string
		reads int
	}{
		"asked before, comes while it is under way":     {comes: 500 * time.Millisecond, asked: -time.Second, reads: 1},
		"asked before, comes a minute later":            {comes: time.Minute, asked: -time.Hour, reads: 1},
		"asked at the same moment":                      {comes: 2 * time.Second, asked: 0, reads: 1},
		"asked when it was sent and not answered":       {comes: 500 * time.Millisecond, asked: 500 * time.Millisecond, reads: 2},
		"asked when it was sent, comes much later":      {comes: time.Minute, asked: time.Millisecond, reads: 2},
		"asked after the answer":                        {comes: 2 * time.Second, asked: 1500 * time.Millisecond, reads: 2},
		"asked in the future, by another's clock":       {comes: 2 * time.Second, asked: time.Hour, reads: 2},
		"asked before, comes when it is kept no more":   {comes: 10 * time.Minute, asked: -time.Second, reads: 2},
		"asked before, of another region":               {comes: time.Minute, asked: -time.Second, args: `{"app_id":"web","region":"cn-beijing"}`, reads: 2},
		"asked before, of another account":              {comes: time.Minute, asked: -time.Second, args: `{"app_id":"` + cloudsim.WebApp + `","profile":"staging"}`, reads: 2},
		"asked before, by its id":                       {comes: time.Minute, asked: -time.Second, args: `{"app_id":"` + cloudsim.WebApp + `"}`, reads: 1},
		"asked before, and would wait for what is done": {comes: time.Minute, asked: -time.Second, args: `{"app_id":"web","wait_seconds":30}`, reads: 1},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				began := time.Now()
				w.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Delay: time.Second})
				first := w.later(t.Context(), t, "get_app_status", webApp)
				time.Sleep(c.comes)
				if c.args == "" {
					c.args = webApp
				}
				if c.comes > 5*time.Minute { // others come by meanwhile
					_, err := w.since(t, 0, "get_app_status", `{"app_id":"checkout"}`)
					require.NoError(t, err)
					c.reads++
				}
				_, err := w.since(t, time.Since(began)-c.asked, "get_app_status", c.args)
				if c.args == webApp {
					require.NoError(t, err) // elsewhere there is no such app
				}
				require.NoError(t, (<-first).err)
				w.mu.Lock()
				defer w.mu.Unlock()
				require.Len(t, w.sent, c.reads)
			}, keeping)
		})
	}
}

func TestAReadingThatWaitsForItsTurnServesWhoAsksMeanwhile(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		var answers []<-chan answer
		for i := range 20 { // which use up the budget: 10 at once, 5 a second
			answers = append(answers, w.later(t.Context(), t, "get_app_status", fmt.Sprintf(`{"app_id":"5c0e8a4f-93d1-4b7a-a2f6-%012x"}`, i)))
		}
		synctest.Wait()
		for range 20 {
			answers = append(answers, w.later(t.Context(), t, "get_app_status", webApp))
			time.Sleep(50 * time.Millisecond)
		}
		for _, a := range answers {
			<-a
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		require.Len(t, w.sent, 21)
	})
}

// What was true before the asking must not be told to who asks after a change.
func TestWhoAsksAfterAChangeSeesIt(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Delay: time.Second, Times: 1})
		first := w.later(t.Context(), t, "get_app_status", `{"app_id":"checkout","wait_seconds":30}`)
		time.Sleep(1100 * time.Millisecond)
		w.PutApp(cloudsim.App{ID: cloudsim.CheckoutApp, CurrentStatus: "RUNNING", RunningInstances: 3, LastChangeOrderStatus: "SUCCESS"})
		require.Equal(t, formatters.OK, w.ok(t, "get_app_status", `{"app_id":"checkout"}`).Verdict, "0.1 s after another answer")
		<-first
	}, keeping)
}

func TestFailuresAreSharedAsAnswersAre(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Inject(cloudsim.Fault{Code: "Forbidden.RAM", Times: 1})
		require.ErrorIs(t, w.call(t, "get_app_status", webApp).err, cloudapi.ErrForbidden)
		time.Sleep(time.Second)
		_, err := w.since(t, 2*time.Second, "get_app_status", webApp)
		require.ErrorIs(t, err, cloudapi.ErrForbidden, "it failed after this one was asked for")
		_, err = w.since(t, time.Second/2, "get_app_status", webApp)
		require.NoError(t, err, "who asks once more wants to know whether it has passed")
	}, keeping)
}

func TestWhoLeavesTakesNobodysReadingAway(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Delay: time.Second})
		ctx, leave := context.WithCancel(t.Context())
		asked := time.Now()
		alone := w.later(ctx, t, "get_app_status", `{"app_id":"payments"}`)
		first := w.later(ctx, t, "get_app_status", webApp)
		synctest.Wait()
		second := w.later(t.Context(), t, "get_app_status", webApp)
		time.Sleep(500 * time.Millisecond)
		leave()
		require.ErrorIs(t, (<-alone).err, context.Canceled)
		require.ErrorIs(t, (<-first).err, context.Canceled)
		require.NoError(t, (<-second).err)
		report, err := w.since(t, time.Since(asked), "get_app_status", `{"app_id":"payments"}`)
		require.NoError(t, err, "what was cancelled is no answer for who asked before")
		require.Equal(t, formatters.Failed, report.Verdict)
	}, keeping)
}

func TestAStartIsNeverAReading(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		asked := time.Now()
		const start = `{"env_id":"checkout-env","wait_seconds":40}`
		require.True(t, w.ok(t, "gather_env_stats", start).Facts.Get("finished").(bool))
		_, err := w.since(t, time.Since(asked), "gather_env_stats", start)
		require.NoError(t, err)
		require.Equal(t, 2, w.count(startGather), "the first has ended; the second was meant as it stands")
	}, keeping)
}

// The stream of FAULTS.md, E8, at a queue as the bot has it: first come, first
// served, 16 at a time. What is asked for in the middle of a wait is not read again.
func TestAStreamOfQuestionsTakesTheTimeOfTheThings(t *testing.T) {
	const budget = 5.0
	for _, c := range []struct {
		things, workers int
		most            time.Duration // what anybody waits
	}{
		{things: 40, workers: 16, most: 12 * time.Second},
		{things: 40, workers: 4, most: 12 * time.Second},
		{things: 400, workers: 16, most: 90 * time.Second},
	} {
		t.Run(fmt.Sprintf("%d things, %d workers", c.things, c.workers), func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				const each, during = time.Second / 8, 5 * time.Minute
				for i := range c.things {
					w.PutApp(cloudsim.App{ID: appNumber(i), CurrentStatus: "RUNNING", RunningInstances: 1, LastChangeOrderStatus: "SUCCESS"})
				}
				w.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Delay: 100 * time.Millisecond})
				waits := w.stream(t, c.things, c.workers, each, during)
				began := time.Now().Add(-during)
				require.Len(t, waits, int(during/each))
				require.LessOrEqual(t, slices.Max(waits), c.most)
				early, late := slices.Max(waits[len(waits)/5:len(waits)/2]), slices.Max(waits[len(waits)/2:])
				require.LessOrEqual(t, late, early*3/2+time.Second, "the backlog does not grow")
				require.LessOrEqual(t, float64(w.count(readApp)), budget*(time.Since(began).Seconds()+float64(late.Seconds()))+10)
			}, keeping)
		})
	}
}

func appNumber(i int) string { return fmt.Sprintf("5c0e8a4f-93d1-4b7a-a2f6-%012x", i) }

// stream asks about one thing after the other, and returns how long each waited.
func (w *world) stream(t *testing.T, things, workers int, each, during time.Duration) []time.Duration {
	t.Helper()
	type question struct {
		number int
		asked  time.Time
	}
	n := int(during / each)
	queue, waits := make(chan question, n), make([]time.Duration, n)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for q := range queue {
				args := json.RawMessage(fmt.Sprintf(`{"app_id":%q}`, appNumber(q.number*7%things)))
				report, err := w.tool(t, "get_app_status").CallSince(t.Context(), args, q.asked, nil)
				waits[q.number] = time.Since(q.asked)
				if err != nil {
					t.Error(err)
				}
				asOf, err := time.Parse(time.RFC3339, report.Source.AsOf)
				if err != nil || asOf.Before(q.asked.Truncate(time.Second)) {
					t.Error("it is older than the question", asOf, q.asked)
				}
			}
		})
	}
	for number := range n {
		queue <- question{number, time.Now()}
		time.Sleep(each)
	}
	close(queue)
	all.Wait()
	return waits
}
