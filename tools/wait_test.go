package tools_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/tools"
)

const longOperation = "op_0runs0for0an0hour"

// withLongOperation adds an operation that no wait sees the end of.
func (w *world) withLongOperation() {
	w.PutOperation(cloudsim.Operation{ID: longOperation, RunsFor: time.Hour, Status: "SUCCESS"})
}

func (w *world) withSlowGather() {
	w.PutEnvironment(cloudsim.Environment{ID: otherEnv, Instances: []cloudsim.EnvInstance{
		{ID: cloudsim.OddInstance, Reports: 100 * time.Second, Succeeded: true},
	}})
}

func TestAReadDoesNotWaitUnlessItIsAsked(t *testing.T) {
	for tool, args := range map[string]string{
		"get_operation_result":   `{"operation_id":"resize"}`,
		"get_app_status":         `{"app_id":"checkout"}`,
		"get_invocation_results": `{"invoke_id":"disk-cleanup"}`,
	} {
		bubble(t, func(t *testing.T, w *world) {
			a := w.ok(t, tool, args)
			require.Zero(t, a.took)
			require.Empty(t, a.progress)
			require.Len(t, w.sent, 1)
		})
	}
}

func TestAStartWaitsForItsEnd(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a := w.ok(t, "gather_env_stats", `{"env_id":"checkout-env"}`)
		require.Equal(t, formatters.Failed, a.Verdict, "one of three instances fails")
		require.Equal(t, true, a.Facts.Get("finished"))
		require.Empty(t, a.Resume)
		require.Len(t, a.Items, 3)
		require.GreaterOrEqual(t, a.took, 6*time.Second, "the last instance reports after 6 s")
		require.LessOrEqual(t, a.took, 6*time.Second+5*time.Second)
		require.Equal(t, 1, w.count(startGather))
	})
}

func TestAStartIsWaitedForThirtySeconds(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.withSlowGather()
		a := w.ok(t, "gather_env_stats", `{"env_id":"`+otherEnv+`"}`)
		require.Equal(t, 30*time.Second, a.took)
		require.Equal(t, formatters.InProgress, a.Verdict)
		require.Equal(t, w.Calls().Changes[0], a.Resume.Get("change_id"))
		require.Empty(t, a.Notes, "nobody asked for more")
	})
}

func TestAStartThatIsNotWaitedForIsNotRead(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a := w.ok(t, "gather_env_stats", `{"env_id":"checkout-env","wait_seconds":0}`)
		require.Zero(t, a.took)
		require.Equal(t, formatters.InProgress, a.Verdict)
		require.Equal(t, w.Calls().Changes[0], a.Resume.Get("change_id"))
		require.Len(t, w.sent, 1)
	})
}

func TestAWaitOverTheServersLimitIsCutAndSaysSo(t *testing.T) {
	for _, seconds := range []string{"46", "600", "9223372036854775807"} { // the last one would overflow a duration
		bubble(t, func(t *testing.T, w *world) {
			w.withLongOperation()
			a := w.ok(t, "get_operation_result", `{"operation_id":"`+longOperation+`","wait_seconds":`+seconds+`}`)
			require.Equal(t, 44*time.Second, a.took, "the result still has to get out")
			require.Equal(t, formatters.InProgress, a.Verdict)
			require.Contains(t, a.Notes, "wait_seconds="+seconds+" is more than the server allows (--max-wait 45s) and was cut to it")
		})
	}
}

func TestAWaitWithinTheServersLimitIsNotRemarkedOn(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.withLongOperation()
		a := w.ok(t, "get_operation_result", `{"operation_id":"`+longOperation+`","wait_seconds":45}`)
		require.Empty(t, a.Notes)
		require.LessOrEqual(t, a.took, 45*time.Second)
	})
}

func TestAShortLimitHoldsForStartsToo(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.withSlowGather()
		a := w.ok(t, "gather_env_stats", `{"env_id":"`+otherEnv+`"}`)
		require.LessOrEqual(t, a.took, 2*time.Second)
		require.Equal(t, formatters.InProgress, a.Verdict)
	}, func(cfg *tools.Config) { cfg.MaxWait = 2 * time.Second })
}

func TestAWaitEndsWhenEverythingIsFinal(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a := w.ok(t, "get_operation_result", `{"operation_id":"resize","wait_seconds":40}`)
		require.Equal(t, formatters.OK, a.Verdict)
		require.Empty(t, a.Resume)
		require.GreaterOrEqual(t, a.took, 8*time.Second)
		require.LessOrEqual(t, a.took, 13*time.Second)
	})
}

func TestAWaitEndsWhenAHumanMustAct(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		waits := cloudsim.App{CurrentStatus: "RUNNING", RunningInstances: 3, LastChangeOrderID: "x", LastChangeOrderStatus: "WAIT_BATCH_CONFIRM", LastChangeOrderRunning: true}
		runs := waits
		runs.ID, runs.LastChangeOrderStatus = cloudsim.CheckoutApp, "RUNNING"
		runs.Then, runs.ThenAt = &waits, time.Now().Add(7*time.Second)
		w.PutApp(runs)
		a := w.ok(t, "get_app_status", `{"app_id":"checkout","wait_seconds":40}`)
		require.Equal(t, formatters.ActionNeeded, a.Verdict)
		require.GreaterOrEqual(t, a.took, 7*time.Second)
		require.LessOrEqual(t, a.took, 12*time.Second)
		require.NotEmpty(t, a.Resume, "it can still change")
	})
}

func TestAWaitEndsWhenItsTimeIsUp(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.withLongOperation()
		a := w.ok(t, "get_operation_result", `{"operation_id":"`+longOperation+`","wait_seconds":7}`)
		require.Equal(t, 7*time.Second, a.took)
		require.Equal(t, formatters.InProgress, a.Verdict)
		require.NotEmpty(t, a.Resume)
	})
}

func TestAPeriodicCommandIsNotWaitedFor(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.PutInvocation(cloudsim.Invocation{ID: "t-every0night", Results: []cloudsim.Result{
			{InstanceID: "i-1", InvocationStatus: "Scheduled", InvokeRecordStatus: "Running"},
		}})
		a := w.ok(t, "get_invocation_results", `{"invoke_id":"t-every0night","wait_seconds":40}`)
		require.Zero(t, a.took)
		require.Equal(t, formatters.InProgress, a.Verdict)
	})
}

func TestAFailureAmongOthersThatStillRunIsKeptAndWaitedOn(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		one, began := int64(1), time.Now()
		w.PutInvocation(cloudsim.Invocation{ID: "t-mixed", Results: []cloudsim.Result{
			{InstanceID: "i-1", InvocationStatus: "Failed", ExitCode: &one, ErrorCode: "ExitCodeNonzero", FinishedAt: began},
			{InstanceID: "i-2", InvocationStatus: "Success", ExitCode: new(int64), StartedAt: began, FinishedAt: began.Add(10 * time.Second)},
		}})
		early := w.ok(t, "get_invocation_results", `{"invoke_id":"t-mixed","wait_seconds":3}`)
		require.Equal(t, 3*time.Second, early.took)
		require.Equal(t, formatters.Failed, early.Verdict)
		require.Equal(t, "t-mixed", early.Resume.Get("invoke_id"))
		require.Equal(t, early.Headline, early.progress[0].Message)

		end := w.ok(t, "get_invocation_results", `{"invoke_id":"t-mixed","wait_seconds":30}`)
		require.Less(t, end.took, 13*time.Second)
		require.Equal(t, formatters.Failed, end.Verdict)
		require.Empty(t, end.Resume)
	})
}

// pollBounds are the fewest and the most reads of a wait, the first one at once:
// pauses of 1 s grow by a half to 5 s and are shortened by a fifth at most.
func pollBounds(wait time.Duration) (fewest, most int) {
	count := func(shortened float64) (n int) {
		for at, pause := time.Duration(0), time.Second; at < wait; pause = min(pause*3/2, 5*time.Second) {
			n++
			at += time.Duration(float64(pause) * shortened)
		}
		return n
	}
	return count(1), count(0.8) + 1
}

func TestPollsGrowFromOneSecondToFive(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.withLongOperation()
		began := time.Now()
		w.ok(t, "get_operation_result", `{"operation_id":"`+longOperation+`","wait_seconds":44}`)
		reads := w.reads(began)
		fewest, most := pollBounds(44 * time.Second)
		require.GreaterOrEqual(t, len(reads), fewest)
		require.LessOrEqual(t, len(reads), most)
		require.Zero(t, reads[0])
		for i, pause := 1, time.Second; i < len(reads); i, pause = i+1, min(pause*3/2, 5*time.Second) {
			require.LessOrEqual(t, reads[i]-reads[i-1], pause)
			require.GreaterOrEqual(t, reads[i]-reads[i-1], pause*8/10)
		}
	})
}

func TestPausesAreNotAllAlike(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 5 {
		bubble(t, func(t *testing.T, w *world) {
			w.withLongOperation()
			began := time.Now()
			w.ok(t, "get_operation_result", `{"operation_id":"`+longOperation+`","wait_seconds":2}`)
			seen[w.reads(began)[1]] = true
		})
	}
	require.Greater(t, len(seen), 1)
}

func TestProgressSaysHowFarItIs(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.withLongOperation()
		a := w.ok(t, "get_operation_result", `{"operation_id":"`+longOperation+`","wait_seconds":20}`)
		require.GreaterOrEqual(t, len(a.progress), 5)
		for i, p := range a.progress {
			require.Equal(t, 20*time.Second, p.Limit)
			require.Equal(t, a.Headline, p.Message)
			if i > 0 {
				require.Greater(t, p.Elapsed, a.progress[i-1].Elapsed)
			}
		}
		require.Zero(t, a.progress[0].Elapsed)
	})
}

func TestProgressStopsWellBeforeTheAnswer(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.withLongOperation()
		for seconds := range 40 { // some of them end shortly after a read
			a := w.ok(t, "get_operation_result", fmt.Sprintf(`{"operation_id":%q,"wait_seconds":%d}`, longOperation, seconds+1))
			require.NotEmpty(t, a.shown)
			require.Greater(t, a.ended.Sub(a.shown[len(a.shown)-1]), 500*time.Millisecond, "clients lose progress that comes with the result")
		}
	})
}

func TestProgressFollowsWhatHappens(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a := w.ok(t, "gather_env_stats", `{"env_id":"checkout-env"}`)
		seen := map[string]bool{}
		for _, p := range a.progress {
			seen[p.Message] = true
		}
		require.Contains(t, a.progress[0].Message, "started in environment "+cloudsim.CheckoutEnv)
		require.GreaterOrEqual(t, len(seen), 3, "that it was started, that it runs, and what was reported")
	})
}

func TestThereIsNoProgressWhereNothingIsWaitedFor(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		for tool, args := range map[string]string{
			"get_app_status":         `{"app_id":"web","wait_seconds":30}`,        // final
			"get_operation_result":   `{"operation_id":"op_x","wait_seconds":30}`, // unknown
			"get_invocation_results": `{"invoke_id":"disk-cleanup","wait_seconds":30}`,
			"gather_env_stats":       `{"env_id":"checkout-env","wait_seconds":0}`,
		} {
			a := w.ok(t, tool, args)
			require.Empty(t, a.progress, tool)
			require.Zero(t, a.took, tool)
		}
	})
}

func TestThirtyWaitersCostWhatOneCosts(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.withLongOperation()
		fewest, most := pollBounds(20 * time.Second)
		answers := make([]<-chan answer, 30)
		for i := range answers {
			// Their times need not be the same, and those over the limit get a note of
			// their own.
			answers[i] = w.later(t.Context(), t, "get_operation_result", fmt.Sprintf(`{"operation_id":%q,"wait_seconds":%d}`, longOperation, 20-i/2))
		}
		for i, a := range answers {
			a := <-a
			require.NoError(t, a.err)
			require.Equal(t, time.Duration(20-i/2)*time.Second, a.took)
		}
		require.GreaterOrEqual(t, w.count(readBPStudio), fewest)
		require.LessOrEqual(t, w.count(readBPStudio), most)
	})
}

func TestCallersDoNotSeeEachOthersNotes(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		v := cloudsim.Invocation{ID: "t-alike"}
		for i := range 50 { // whose report has three notes, and room for a fourth
			v.Results = append(v.Results, cloudsim.Result{
				InstanceID: fmt.Sprintf("i-%d", i), InvocationStatus: "Success", Fields: map[string]any{"StartTime": "2026-11-22 03:07:29"},
			})
		}
		w.PutInvocation(v)
		w.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Delay: time.Second}) // so that they share one read
		answers := make([]<-chan answer, 30)
		for i := range answers {
			answers[i] = w.later(t.Context(), t, results, fmt.Sprintf(`{"invoke_id":"t-alike","wait_seconds":%d}`, 100+i))
		}
		for i, a := range answers {
			a := <-a
			require.NoError(t, a.err)
			require.Len(t, a.Notes, 4)
			require.Contains(t, a.Notes[3], fmt.Sprintf("wait_seconds=%d is more", 100+i))
		}
		require.Equal(t, 1, w.count(readResults))
	})
}

func TestCallersWithoutAWaitShareAReadThatIsUnderWay(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Delay: time.Second})
		answers := make([]<-chan answer, 30)
		for i := range answers {
			answers[i] = w.later(t.Context(), t, "get_app_status", `{"app_id":"web"}`)
		}
		for _, a := range answers {
			require.Equal(t, formatters.OK, (<-a).Verdict)
		}
		require.Equal(t, 1, w.count(readApp))
	})
}

func TestALateJoinerGetsAFreshAnswer(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.withLongOperation()
		long := w.later(t.Context(), t, "get_operation_result", `{"operation_id":"`+longOperation+`","wait_seconds":44}`)
		time.Sleep(29 * time.Second)
		synctest.Wait()
		joined := time.Now()
		before := w.reads(joined)
		a := w.ok(t, "get_operation_result", `{"operation_id":"`+longOperation+`"}`)
		require.Zero(t, a.took)
		asOf, err := time.Parse(time.RFC3339, a.Source.AsOf)
		require.NoError(t, err)
		require.False(t, asOf.Before(joined.Truncate(time.Second)))
		after := w.reads(joined)
		require.Len(t, after, len(before)+1)
		require.Zero(t, after[len(after)-1], "what was read before somebody asked is never theirs")
		require.NoError(t, (<-long).err)
	})
}

func TestManyLateJoinersShareTheFreshAnswer(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.withLongOperation()
		w.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Delay: 100 * time.Millisecond})
		long := w.later(t.Context(), t, "get_operation_result", `{"operation_id":"`+longOperation+`","wait_seconds":44}`)
		for w.count(readBPStudio) < 8 { // the pauses are at their longest
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(1500 * time.Millisecond)
		before := w.count(readBPStudio)
		answers := make([]<-chan answer, 30)
		for i := range answers {
			answers[i] = w.later(t.Context(), t, "get_operation_result", `{"operation_id":"`+longOperation+`"}`)
			time.Sleep(time.Millisecond)
		}
		for _, a := range answers {
			require.NoError(t, (<-a).err)
		}
		time.Sleep(500 * time.Millisecond)
		require.Equal(t, before+2, w.count(readBPStudio), "the first was under way when 29 asked, who share the second")
		<-long
	})
}

func TestWaitersOfDifferentThingsDoNotShare(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Delay: time.Second}) // so that they overlap
		distinct := []string{
			`{"invoke_id":"disk-cleanup"}`,
			`{"invoke_id":"disk-cleanup","max_results":10}`,
			`{"invoke_id":"disk-cleanup","status":"Failed"}`,
			`{"invoke_id":"disk-cleanup","include_history":true}`,
			`{"invoke_id":"disk-cleanup","instance_id":"db-host"}`,
			`{"invoke_id":"disk-cleanup","instance_id":"db-host","full_output":true}`,
			`{"invoke_id":"disk-cleanup","region":"cn-beijing"}`,
			`{"invoke_id":"` + cloudsim.DiskCleanup + `","profile":"staging"}`,
			`{"invoke_id":"` + cloudsim.DiskCleanup + `","profile":"staging","region":"cn-hangzhou"}`,
		}
		alike := []string{
			`{"invoke_id":"` + cloudsim.DiskCleanup + `"}`,
			`{"invoke_id":"disk-cleanup","profile":"prod","region":"cn-hangzhou"}`,
			`{"invoke_id":"disk-cleanup","wait_seconds":5}`,
		}
		var answers []<-chan answer
		for _, args := range append(distinct, alike...) {
			answers = append(answers, w.later(t.Context(), t, "get_invocation_results", args))
		}
		for _, a := range answers {
			require.NoError(t, (<-a).err)
		}
		require.Equal(t, len(distinct), w.count(readResults))
	})
}

func TestTheLastWaiterTakesThePollWithIt(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.withLongOperation()
		ctx, leave := context.WithCancel(t.Context())
		short := w.later(ctx, t, "get_operation_result", `{"operation_id":"`+longOperation+`","wait_seconds":44}`)
		long := w.later(t.Context(), t, "get_operation_result", `{"operation_id":"`+longOperation+`","wait_seconds":40}`)
		time.Sleep(10 * time.Second)
		leave()
		require.Equal(t, 10*time.Second, (<-short).took)
		before := w.count(readBPStudio)
		require.Equal(t, 40*time.Second, (<-long).took)
		require.Greater(t, w.count(readBPStudio), before, "the other one's poll goes on")
		before = w.count(readBPStudio)
		time.Sleep(time.Hour)
		require.Equal(t, before, w.count(readBPStudio))
	})
}

func TestManyComeAndGo(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.withLongOperation()
		w.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Delay: 70 * time.Millisecond})
		began := time.Now()
		random := rand.New(rand.NewPCG(1, 2))
		type guest struct {
			answer <-chan answer
			wait   time.Duration
		}
		var guests []guest
		for range 500 {
			time.Sleep(time.Duration(random.IntN(200)) * time.Millisecond)
			wait := random.IntN(8)
			ctx, cancel := context.WithCancel(t.Context())
			if random.IntN(4) == 0 {
				time.AfterFunc(time.Duration(500+random.IntN(3000))*time.Millisecond, cancel)
			}
			t.Cleanup(cancel)
			guests = append(guests, guest{w.later(ctx, t, "get_operation_result", fmt.Sprintf(`{"operation_id":%q,"wait_seconds":%d}`, longOperation, wait)), time.Duration(wait) * time.Second})
		}
		for _, g := range guests {
			a := <-g.answer
			require.NoError(t, a.err)
			require.Equal(t, formatters.InProgress, a.Verdict)
			require.LessOrEqual(t, a.took, g.wait+400*time.Millisecond, "a read that is under way, a turn in the budget, and a read")
		}
		seconds := int(time.Since(began) / time.Second)
		require.LessOrEqual(t, w.count(readBPStudio), 5*(seconds+1)+10, "the budget, which makes them share")
		before := w.count(readBPStudio)
		time.Sleep(time.Minute)
		require.Equal(t, before, w.count(readBPStudio))
	})
}

func TestACancelledCallReturnsAtOnce(t *testing.T) {
	for name, fault := range map[string]*cloudsim.Fault{
		"while it waits":          nil,
		"while the cloud hangs":   {Kind: cloudsim.Delay, Delay: time.Hour},
		"while an answer arrives": {Kind: cloudsim.SlowBody, Delay: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.withLongOperation()
				if fault != nil {
					w.Inject(*fault)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				a := w.callWith(ctx, t, "get_operation_result", `{"operation_id":"`+longOperation+`","wait_seconds":44}`)
				require.Equal(t, 3*time.Second, a.took)
				if fault == nil {
					require.Equal(t, formatters.InProgress, a.Verdict, "what is known is not thrown away")
					return
				}
				require.ErrorIs(t, a.err, context.DeadlineExceeded)
				require.ErrorIs(t, a.err, cloudapi.ErrUnavailable)
				require.Contains(t, a.text, "bpstudio GetExecuteOperationResult, profile prod")
			})
		})
	}
}

func TestACallThatWasCancelledBeforeItBeganDoesNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for tool, args := range map[string]string{
			"gather_env_stats": `{"env_id":"checkout-env"}`,
			"get_app_status":   `{"app_id":"web","wait_seconds":10}`,
		} {
			a := w.callWith(ctx, t, tool, args)
			require.ErrorIs(t, a.err, context.Canceled)
			require.NotContains(t, a.text, "may have started")
		}
		synctest.Wait()
		w.requireUnasked(t)
	})
}

func TestDrainEndsAllWaitsAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.withLongOperation()
		w.withSlowGather()
		answers := []<-chan answer{
			w.later(t.Context(), t, "get_operation_result", `{"operation_id":"`+longOperation+`","wait_seconds":44}`),
			w.later(t.Context(), t, "get_operation_result", `{"operation_id":"`+longOperation+`","wait_seconds":30}`),
			w.later(t.Context(), t, "gather_env_stats", `{"env_id":"`+otherEnv+`"}`),
		}
		time.Sleep(4 * time.Second)
		close(w.drain)
		for _, a := range answers {
			a := <-a
			require.NoError(t, a.err)
			require.Equal(t, 4*time.Second, a.took)
			require.Equal(t, formatters.InProgress, a.Verdict)
			require.NotEmpty(t, a.Resume)
		}
		sent := len(w.sent)
		late := w.ok(t, "get_operation_result", `{"operation_id":"`+longOperation+`","wait_seconds":44}`)
		require.Zero(t, late.took, "a request that was read before the end is answered all the same")
		require.Equal(t, formatters.InProgress, late.Verdict)
		start := w.ok(t, "gather_env_stats", `{"env_id":"checkout-env"}`)
		require.Zero(t, start.took)
		require.NotEmpty(t, start.Resume)
		require.Len(t, w.sent, sent+2)
	})
}

func TestDrainLetsTheFirstReadFinish(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.withLongOperation()
		w.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Delay: 3 * time.Second})
		first := w.later(t.Context(), t, "get_operation_result", `{"operation_id":"`+longOperation+`","wait_seconds":44}`)
		time.Sleep(time.Second)
		close(w.drain)
		a := <-first
		require.NoError(t, a.err)
		require.Equal(t, 3*time.Second, a.took)
		require.Equal(t, formatters.InProgress, a.Verdict)
	})
}

// passing are faults that a moment later may be gone. Each makes one read fail
// for good, after all its attempts.
var passing = map[string]cloudsim.Fault{
	"throttled":             {Code: "Throttling.User", Times: 3},
	"503":                   {Code: "ServiceUnavailable", Times: 3},
	"a load balancer's 502": {Kind: cloudsim.HTML, Times: 3},
	"a reset":               {Kind: cloudsim.Reset, Times: 3},
}

func TestAPassingFailureDoesNotEndAWait(t *testing.T) {
	for name, fault := range passing {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				waiting := w.later(t.Context(), t, "get_operation_result", `{"operation_id":"resize","wait_seconds":40}`)
				time.Sleep(4 * time.Second)
				w.Inject(fault)
				a := <-waiting
				require.NoError(t, a.err)
				require.Equal(t, formatters.OK, a.Verdict)
				require.Empty(t, a.Notes, "it is forgotten once a read is good again")
				require.Contains(t, toJSON(t, a.progress), "the last read failed, trying again: ")
			})
		})
	}
}

func TestAPassingFailureOfTheFirstReadEndsAWaitNeither(t *testing.T) {
	for name, fault := range passing {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Inject(fault)
				require.Equal(t, formatters.OK, w.ok(t, "get_operation_result", `{"operation_id":"resize","wait_seconds":40}`).Verdict)
			})
		})
	}
}

func TestAPassingFailureIsToldWhereNothingIsWaitedFor(t *testing.T) {
	for name, fault := range passing {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Inject(fault)
				a := w.call(t, "get_operation_result", `{"operation_id":"resize"}`)
				require.Error(t, a.err)
				require.Less(t, a.took, 2*time.Second)
				require.Contains(t, a.text, "Next\n- ")
			})
		})
	}
}

func TestAFailureThatStaysIsToldWithWhatIsKnown(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.withLongOperation()
		waiting := w.later(t.Context(), t, "get_operation_result", `{"operation_id":"`+longOperation+`","wait_seconds":20}`)
		time.Sleep(4 * time.Second)
		w.Inject(cloudsim.Fault{Code: "ServiceUnavailable"})
		a := <-waiting
		require.NoError(t, a.err)
		require.Equal(t, 20*time.Second, a.took)
		require.Equal(t, formatters.InProgress, a.Verdict)
		require.Len(t, a.Notes, 1)
		require.Regexp(t, `^the last read failed, so this is the one before: .*ServiceUnavailable`, a.Notes[0])
		require.Len(t, a.Source.RequestIDs, 2, "of the good read and of the failed one")
	})
}

func TestAFailureFromTheBeginningToTheEndIsAnError(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Inject(cloudsim.Fault{Code: "Throttling.User"})
		a := w.call(t, "get_operation_result", `{"operation_id":"resize","wait_seconds":20}`)
		require.ErrorIs(t, a.err, cloudapi.ErrThrottled)
		require.Equal(t, 20*time.Second, a.took)
	})
}

func TestADefinitiveFailureEndsAWait(t *testing.T) {
	for _, code := range []string{"Forbidden.RAM", "InvalidAccessKeyId.Inactive", "InvalidApi.NotFound", "InvalidAction.NotFound"} {
		t.Run(code, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.withLongOperation()
				waiting := w.later(t.Context(), t, "get_operation_result", `{"operation_id":"`+longOperation+`","wait_seconds":44}`)
				time.Sleep(6 * time.Second)
				w.Inject(cloudsim.Fault{Code: code})
				a := <-waiting
				require.Less(t, a.took, 12*time.Second)
				require.NoError(t, a.err)
				require.Equal(t, formatters.InProgress, a.Verdict, "what was found out before is not thrown away")
				require.Regexp(t, `^the last read failed, so this is the one before: .*`+code, a.Notes[0])
				require.Greater(t, len(a.NextSteps), 1, "and how to mend it is said")

				a = w.call(t, "get_operation_result", `{"operation_id":"`+longOperation+`","wait_seconds":44}`)
				require.Error(t, a.err)
				require.Zero(t, a.took)
			})
		})
	}
}

func TestTheLimitOfACallHoldsWhenTheCloudHangs(t *testing.T) {
	for tool, args := range map[string]string{
		"get_operation_result":   `{"operation_id":"resize"}`,
		"get_app_status":         `{"app_id":"web","wait_seconds":44}`,
		"get_invocation_results": `{"invoke_id":"disk-cleanup","wait_seconds":600}`,
		"gather_env_stats":       `{"change_id":"wc-5d4103a856fd7c14ac900000"}`,
	} {
		t.Run(tool, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Delay: time.Hour})
				a := w.call(t, tool, args)
				require.Less(t, a.took, 45*time.Second)
				require.ErrorIs(t, a.err, cloudapi.ErrUnavailable)
				require.ErrorIs(t, a.err, context.DeadlineExceeded)
				require.Contains(t, a.text, "there was no answer within 45s (--max-wait)")
				require.Contains(t, a.text, "Next\n- ")
			})
		})
	}
}

func TestWhatIsKnownIsToldWhenTheCloudHangsLater(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.withLongOperation()
		waiting := w.later(t.Context(), t, "get_operation_result", `{"operation_id":"`+longOperation+`","wait_seconds":44}`)
		time.Sleep(6 * time.Second)
		w.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Delay: time.Hour})
		a := <-waiting
		require.NoError(t, a.err)
		require.Equal(t, 44*time.Second, a.took)
		require.Equal(t, formatters.InProgress, a.Verdict)
	})
}

func TestAThrottleThatAsksForAMinuteIsToldAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Inject(cloudsim.Fault{Code: "Throttling.User", RetryAfter: time.Minute})
		a := w.call(t, "get_operation_result", `{"operation_id":"resize"}`)
		require.ErrorIs(t, a.err, cloudapi.ErrThrottled)
		require.Zero(t, a.took, "the minute would be over after the call")
	})
}

// panicking is a transport with a bug.
type panicking struct{}

func (panicking) RoundTrip(*http.Request) (*http.Response, error) { panic("a bug") }

func TestABugInAReadReachesItsCallersAndNotTheProcess(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		buggy := tools.All(tools.Config{Profiles: []tools.Profile{{Name: "x", Client: w.newClient(t, "cn-hangzhou", panicking{})}}})
		for _, tool := range buggy[1:] {
			args := fmt.Sprintf(`{%q:%q,"wait_seconds":10}`, tool.IDs[0].Arg, tool.IDs[0].Example)
			require.PanicsWithValue(t, "a bug", func() { tool.Call(t.Context(), json.RawMessage(args), nil) }) //nolint:errcheck // it does not return
		}
		start := buggy[0]
		for range 2 {
			_, err := start.Call(t.Context(), json.RawMessage(`{"env_id":"we-1"}`), nil)
			require.Contains(t, start.ErrorText(err), "the gather may have started")
			require.NotContains(t, start.ErrorText(err), "a bug")
		}
	})
}
