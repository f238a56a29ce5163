package tools_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/formatters"
)

const (
	gather      = "gather_env_stats"
	startArgs   = `{"env_id":"checkout-env","wait_seconds":0}`
	joinedNote  = "nothing new was started: alitriage had started this change in the environment before, and it had not ended"
	mayHaveNote = "the gather may have started"
)

func TestThirtyStartsAtOnceAreOne(t *testing.T) {
	for name, fault := range map[string]cloudsim.Fault{
		"answered at once": {Kind: cloudsim.Delay},
		"answered slowly":  {Kind: cloudsim.Delay, Delay: 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Inject(fault)
				answers := make([]<-chan answer, 30)
				for i := range answers {
					answers[i] = w.later(t.Context(), t, gather, startArgs)
				}
				joined := 0
				for _, a := range answers {
					a := <-a
					require.NoError(t, a.err)
					require.Equal(t, w.Calls().Changes[0], a.Resume.Get("change_id"))
					if slices.Contains(a.Notes, joinedNote) {
						joined++
					}
				}
				require.Equal(t, 1, w.count(startGather))
				require.Equal(t, 29, joined, "all but one are told that they started nothing")
			})
		})
	}
}

func TestThirtyStartsThatWaitAreOneAndSeeTheSameEnd(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Inject(cloudsim.Fault{Operation: startGather, Kind: cloudsim.Delay, Delay: time.Second})
		answers := make([]<-chan answer, 30)
		for i := range answers {
			answers[i] = w.later(t.Context(), t, gather, `{"env_id":"checkout-env"}`)
		}
		joined := 0
		for _, a := range answers {
			a := <-a
			require.NoError(t, a.err)
			require.Equal(t, formatters.Failed, a.Verdict)
			require.Equal(t, w.Calls().Changes[0], a.Facts.Get("change_id"))
			if slices.Contains(a.Notes, joinedNote) {
				joined++
			}
		}
		require.Equal(t, 1, w.count(startGather))
		require.Equal(t, 29, joined, "also at the end of the wait")
		require.LessOrEqual(t, w.count(readGather), 8, "they share one poll")
	})
}

func TestASecondStartJoinsTheFirstUntilItHasEnded(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		first := w.ok(t, gather, startArgs)
		require.NotContains(t, first.Notes, joinedNote)
		time.Sleep(3 * time.Second)
		second := w.ok(t, gather, startArgs)
		require.Equal(t, first.Resume, second.Resume)
		require.Contains(t, second.Notes, joinedNote)
		require.Len(t, second.Items, 1, "it has been read")

		waited := w.ok(t, gather, `{"env_id":"checkout-env"}`)
		require.Equal(t, formatters.Failed, waited.Verdict)
		require.Contains(t, waited.Notes, joinedNote, "also at the end of a wait")
		require.Equal(t, first.Facts.Get("change_id"), waited.Facts.Get("change_id"))

		fresh := w.ok(t, gather, startArgs)
		require.NotContains(t, fresh.Notes, joinedNote)
		require.Len(t, w.Calls().Changes, 2)
		require.Equal(t, w.Calls().Changes[1], fresh.Resume.Get("change_id"))
	})
}

func TestAJoinSaysThatItWantedOtherTargets(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b := cloudsim.FullDiskInstance, w1(t)
		w.ok(t, gather, `{"env_id":"checkout-env","wait_seconds":0,"target_instances":["`+a+`","`+b+`"]}`)
		same := w.ok(t, gather, `{"env_id":"checkout-env","wait_seconds":0,"target_instances":["`+b+`","`+a+`"]}`)
		require.Contains(t, same.Notes, joinedNote)
		other := w.ok(t, gather, startArgs)
		require.Contains(t, other.Notes, joinedNote+"; it was started with other target_instances")
	})
}

func TestManyWhoJoinAtOnceShareOneRead(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.ok(t, gather, startArgs)
		w.Inject(cloudsim.Fault{Kind: cloudsim.Delay, Delay: time.Second})
		answers := make([]<-chan answer, 30)
		for i := range answers {
			answers[i] = w.later(t.Context(), t, gather, startArgs)
		}
		for _, a := range answers {
			require.Contains(t, (<-a).Notes, joinedNote)
		}
		require.Equal(t, 1, w.count(readGather))
		require.Equal(t, 1, w.count(startGather))
	})
}

func TestStartsElsewhereAreSeparate(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.ok(t, gather, startArgs)
		w.ok(t, gather, `{"env_id":"`+otherEnv+`","wait_seconds":0}`)
		require.Len(t, w.Calls().Changes, 2)
		// The same id in another region is another thing, which here is not there; and
		// another account may have the first one's change in its way.
		for i, row := range []struct{ where, code string }{
			{`"profile":"staging"`, "EnvNotExists"},
			{`"region":"cn-beijing"`, "EnvNotExists"},
			{`"profile":"staging","region":"cn-hangzhou"`, "EnvOnChanging"},
		} {
			a := w.call(t, gather, `{"env_id":"`+cloudsim.CheckoutEnv+`","wait_seconds":0,`+row.where+`}`)
			require.Contains(t, a.text, row.code)
			require.Equal(t, 3+i, w.count(startGather))
		}
	})
}

func TestAStartWhoseCallerLeavesIsNotLost(t *testing.T) {
	for name, pause := range map[string]time.Duration{"the next call comes in the middle": 0, "the next call comes later": 10 * time.Second} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.withSlowGather()
				w.Inject(cloudsim.Fault{Operation: startGather, Kind: cloudsim.Delay, Delay: 5 * time.Second})
				ctx, leave := context.WithTimeout(t.Context(), time.Second)
				defer leave()
				left := w.callWith(ctx, t, gather, `{"env_id":"`+otherEnv+`"}`)
				require.Equal(t, time.Second, left.took)
				require.Contains(t, left.text, mayHaveNote)
				require.Contains(t, left.text, "Do not start another gather")
				time.Sleep(pause)
				next := w.ok(t, gather, `{"env_id":"`+otherEnv+`","wait_seconds":0}`)
				require.Equal(t, 1, w.count(startGather))
				require.Equal(t, w.Calls().Changes, []string{next.Resume.Get("change_id").(string)})
				require.Contains(t, next.Notes, joinedNote)
			})
		})
	}
}

func TestAThrottledStartIsTriedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Inject(cloudsim.Fault{Operation: startGather, Code: "Throttling.User", Times: 2})
		w.ok(t, gather, startArgs)
		require.Equal(t, 3, w.count(startGather))
		require.Len(t, w.Calls().Changes, 1)
	})
}

func TestAStartThatStaysThrottledStartedNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Inject(cloudsim.Fault{Operation: startGather, Code: "Throttling.User", Times: 3})
		a := w.call(t, gather, `{"env_id":"checkout-env"}`)
		require.ErrorIs(t, a.err, cloudapi.ErrThrottled)
		require.NotContains(t, a.text, mayHaveNote)
		require.Less(t, a.took, 2*time.Second, "a start is not tried again for as long as a read")
		require.Empty(t, a.progress)
		w.ok(t, gather, startArgs)
		require.Len(t, w.Calls().Changes, 1)
	})
}

func TestAStartWhoseFateIsUnknownIsNotTriedAgain(t *testing.T) {
	for name, fault := range map[string]cloudsim.Fault{
		"reset":          {Kind: cloudsim.Reset},
		"cut":            {Kind: cloudsim.CutBody},
		"502":            {Kind: cloudsim.HTML, Performed: true},
		"not understood": {Kind: cloudsim.BadJSON},
		"no ChangeId":    {Kind: cloudsim.Answer, Body: []byte(`{"Code":"OK","RequestId":"R-1","EnvChange":{}}`)},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				fault.Operation, fault.Times = startGather, 1
				w.Inject(fault)
				a := w.call(t, gather, `{"env_id":"checkout-env"}`)
				require.Error(t, a.err)
				require.Equal(t, 1, w.count(startGather))
				require.Len(t, w.Calls().Changes, 1, "it did start")
				require.Contains(t, a.text, mayHaveNote)
				require.Contains(t, a.text, "Rerun: unknown")
				require.Contains(t, a.text, "it was to start in EnvId "+cloudsim.CheckoutEnv+" (alias checkout-env)")
			})
		})
	}
}

func TestManyWhoStartAtOnceShareTheFailure(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Inject(cloudsim.Fault{Operation: startGather, Kind: cloudsim.Reset, Delay: time.Second, Times: 1})
		answers := make([]<-chan answer, 30)
		for i := range answers {
			answers[i] = w.later(t.Context(), t, gather, startArgs)
		}
		for _, a := range answers {
			require.Contains(t, (<-a).text, mayHaveNote)
		}
		require.Equal(t, 1, w.count(startGather))
	})
}

func TestAStartThatHangsEndsAfterTwentySeconds(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Inject(cloudsim.Fault{Operation: startGather, Kind: cloudsim.Delay, Delay: time.Hour})
		a := w.call(t, gather, `{"env_id":"checkout-env"}`)
		require.Equal(t, 20*time.Second, a.took)
		require.Contains(t, a.text, mayHaveNote)
		require.Contains(t, a.text, "there was no answer within 20s\n")
	})
}

func TestAStartedGatherThatCannotBeReadKeepsItsID(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Inject(cloudsim.Fault{Operation: readGather, Code: "Forbidden.RAM"})
		a := w.ok(t, gather, `{"env_id":"checkout-env"}`)
		require.Zero(t, a.took, "there is no use in waiting")
		require.Equal(t, formatters.InProgress, a.Verdict)
		require.Equal(t, w.Calls().Changes[0], a.Resume.Get("change_id"))
		require.Regexp(t, `the last read failed, so this is the one before: .*Forbidden.RAM`, strings.Join(a.Notes, "\n"))
		require.Contains(t, strings.Join(a.NextSteps, "\n"), `"Action":"webplus:DescribeGatherStatsResult"`)
		require.Len(t, a.Source.RequestIDs, 2, "of the start and of the failed read")

		again := w.ok(t, gather, startArgs)
		require.Equal(t, a.Resume, again.Resume, "whoever could not read it before gets the id again")
		require.Regexp(t, `how far it is could not be read: .*Forbidden.RAM`, strings.Join(again.Reasons, "\n"))
		require.Equal(t, 1, w.count(startGather))

		w.Clear()
		end := w.ok(t, gather, `{"env_id":"checkout-env"}`)
		require.Equal(t, formatters.Failed, end.Verdict)
		require.NotContains(t, toJSON(t, end.Report), "could not be read", "it is forgotten once a read is good again")
	})
}

func TestARequestIDOfTheStartIsKept(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		start := w.ok(t, gather, `{"env_id":"`+otherEnv+`","wait_seconds":0}`)
		require.Len(t, start.Source.RequestIDs, 1)
		waited := w.ok(t, gather, `{"env_id":"checkout-env"}`)
		require.Len(t, waited.Source.RequestIDs, 2, "of the start and of the last read")
	})
}

func TestAChangeThatIsNotYetKnownIsNotStartedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.ok(t, gather, startArgs)
		time.Sleep(30 * time.Second)
		w.Inject(cloudsim.Fault{Operation: readGather, Code: "ChangeNotExists"})
		require.Contains(t, w.ok(t, gather, startArgs).Notes, joinedNote)
		w.Clear()
		change := cloudsim.Change{ID: w.Calls().Changes[0], Raw: []byte(`{"Code":"OK","RequestId":"R-1","GatherStatsResult":{}}`)}
		w.PutChange(change)
		require.Contains(t, w.ok(t, gather, startArgs).Notes, joinedNote, "an answer without a change says nothing either")
		require.Equal(t, 1, w.count(startGather))

		time.Sleep(2 * time.Minute) // by now it should be known: it is gone
		require.NotContains(t, w.ok(t, gather, startArgs).Notes, joinedNote)
		require.Equal(t, 2, w.count(startGather))
	})
}

func TestAJoinWhoseReadHangsReturnsTheIDInTime(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		first := w.ok(t, gather, startArgs)
		w.Inject(cloudsim.Fault{Operation: readGather, Kind: cloudsim.Delay, Delay: time.Hour})
		for _, args := range []string{startArgs, `{"env_id":"checkout-env"}`} {
			a := w.ok(t, gather, args)
			require.LessOrEqual(t, a.took, 45*time.Second)
			require.Equal(t, first.Resume, a.Resume)
		}
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		a := w.callWith(ctx, t, gather, startArgs)
		require.Equal(t, time.Second, a.took)
		require.Equal(t, first.Resume, a.Resume)
		require.Equal(t, 1, w.count(startGather))
	})
}

// othersChange is one that another process has started.
const othersChange = "wc-5d4134b956fd7c14ac900000"

func TestAStartRefusedBecauseAnotherChangeRunsNamesIt(t *testing.T) {
	const follow = "read it by gather_env_stats with change_id=" + othersChange
	for fact, c := range map[string]struct {
		fault *cloudsim.Fault // of the read
		id    string
		want  string
	}{
		"the change is found":       {nil, othersChange, follow},
		"the read is not allowed":   {&cloudsim.Fault{Code: "Forbidden.RAM"}, othersChange, "with the RAM action webplus:DescribeAppEnvs, which `alitriage-mcp policy` holds"},
		"the read is throttled":     {&cloudsim.Fault{Code: "Throttling.User"}, othersChange, "Which change it is could not be read: "},
		"the read hangs":            {&cloudsim.Fault{Kind: cloudsim.Delay, Delay: time.Hour}, othersChange, "Which change it is could not be read: "},
		"an id that is none":        {nil, "wc-[31m", ""},
		"the answer names no other": {&cloudsim.Fault{Kind: cloudsim.Answer, Body: []byte(`{"Code":"OK","AppEnvs":{"AppEnv":[{"EnvId":"we-000000000000000000000000","LatestChangeId":"wc-000000000000000000000000"}]}}`)}, othersChange, ""},
	} {
		t.Run(fact, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.PutChange(cloudsim.Change{ID: c.id, EnvID: cloudsim.CheckoutEnv, CreatedAt: time.Now(), Paused: true})
				if c.fault != nil {
					c.fault.Operation = "DescribeAppEnvs"
					w.Inject(*c.fault)
				}
				a := w.call(t, gather, startArgs)
				require.Error(t, a.err)
				require.Contains(t, a.text, "EnvOnChanging")
				require.Contains(t, a.text, "wait until it has ended")
				require.NotContains(t, a.text, mayHaveNote)
				require.Contains(t, a.text, c.want)
				require.Equal(t, c.want == follow, strings.Contains(a.text, follow))
				require.NotContains(t, a.text, "[31m")
				require.Empty(t, w.Calls().Changes, "nothing was started")
				require.Equal(t, 1, w.count(startGather))
				require.LessOrEqual(t, a.took, 6*time.Second)
			})
		})
	}
}

func TestAPausedGatherIsJoinedAndNeedsAHuman(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.ok(t, gather, startArgs)
		id := w.Calls().Changes[0]
		w.PutChange(cloudsim.Change{ID: id, EnvID: cloudsim.CheckoutEnv, CreatedAt: time.Now(), Paused: true})
		a := w.ok(t, gather, `{"env_id":"checkout-env"}`)
		require.Zero(t, a.took)
		require.Equal(t, formatters.ActionNeeded, a.Verdict)
		require.Equal(t, id, a.Resume.Get("change_id"))
		require.Contains(t, a.Notes, joinedNote)
	})
}

func TestAnAbortedGatherIsNotJoined(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.ok(t, gather, startArgs)
		w.PutChange(cloudsim.Change{ID: w.Calls().Changes[0], EnvID: cloudsim.CheckoutEnv, CreatedAt: time.Now(), Aborted: true})
		require.NotContains(t, w.ok(t, gather, startArgs).Notes, joinedNote)
		require.Len(t, w.Calls().Changes, 2)
	})
}

func TestAGatherOfAReadOnlyServerReads(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		started := w.ok(t, gather, startArgs)
		w.cfg.ReadOnly = true
		w.rebuild()
		tool := w.tool(t, gather)
		require.False(t, tool.Starts)
		require.NotContains(t, string(tool.InputSchema), "env_id")
		require.Contains(t, tool.Description, "Read only: this server starts nothing.")
		require.Equal(t, []string{"webplus:DescribeGatherStatsResult"}, tool.Actions)
		for _, id := range tool.IDs {
			require.NotEqual(t, "env_id", id.Arg)
		}
		a := w.ok(t, gather, toJSON(t, started.Resume))
		require.Equal(t, formatters.InProgress, a.Verdict)
		require.Equal(t, started.Resume, a.Resume)
		require.Equal(t, formatters.Failed, w.ok(t, gather, `{"wait_seconds":30,"change_id":"`+a.Resume.Get("change_id").(string)+`"}`).Verdict)
		require.Equal(t, 1, w.count(startGather))
		synctest.Wait()
	})
}
