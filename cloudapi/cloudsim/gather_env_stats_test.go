package cloudsim_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
)

func TestAGatherTakesSixSecondsAndOneInstanceFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := cloudsim.New(cloudsim.Options{})
		c := newClient(t, s)
		began := time.Now()
		started, err := c.GatherAppEnvStats(t.Context(), cloudapi.GatherAppEnvStatsRequest{EnvID: cloudsim.CheckoutEnv})
		require.NoError(t, err)
		require.Equal(t, cloudapi.EnvID(cloudsim.CheckoutEnv), started.EnvID)
		require.Regexp(t, "^wc-[0-9a-f]{24}$", started.ChangeID)
		require.True(t, began.Equal(started.StartedAt))

		for reported := range 4 {
			got, err := c.DescribeGatherStatsResult(t.Context(), started.ChangeID)
			require.NoError(t, err)
			require.Len(t, got.Instances, reported)
			done := cloudapi.False
			if reported == 3 {
				done = cloudapi.True
			}
			require.Equal(t, done, got.Change.Finished)
			require.Equal(t, done, got.Change.Succeeded)
			require.Equal(t, reported == 3, !got.Change.FinishedAt.IsZero())
			require.WithinDuration(t, began.Add(time.Duration(reported)*2*time.Second), got.Change.UpdatedAt, 0)
			time.Sleep(2 * time.Second)
		}

		got, err := c.DescribeGatherStatsResult(t.Context(), started.ChangeID)
		require.NoError(t, err)
		require.WithinDuration(t, began.Add(6*time.Second), got.Change.FinishedAt, 0)
		require.Equal(t, "gather.stats", got.Change.Name)
		require.Equal(t, "GatherStats", got.Change.Action)
		require.Len(t, got.Change.TargetInstances, 3)
		var failed []cloudapi.InstanceID
		for _, i := range got.Instances {
			require.NotZero(t, i.Message.Len())
			if i.Succeeded == cloudapi.False {
				failed = append(failed, i.InstanceID)
				require.Contains(t, string(i.Message.Open()), "No space left on device")
			}
		}
		require.Equal(t, []cloudapi.InstanceID{cloudsim.FullDiskInstance}, failed)
	})
}

func TestAGatherAsksOnlyTheTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, cloudsim.New(cloudsim.Options{}))
		started, err := c.GatherAppEnvStats(t.Context(), cloudapi.GatherAppEnvStatsRequest{
			EnvID: cloudsim.CheckoutEnv, TargetInstances: []cloudapi.InstanceID{cloudsim.FullDiskInstance},
		})
		require.NoError(t, err)
		time.Sleep(4 * time.Second)
		got, err := c.DescribeGatherStatsResult(t.Context(), started.ChangeID)
		require.NoError(t, err)
		require.Equal(t, cloudapi.True, got.Change.Finished)
		require.Len(t, got.Instances, 1)
		require.Equal(t, []cloudapi.InstanceID{cloudsim.FullDiskInstance}, got.Change.TargetInstances)
	})
}

func TestAGatherHasTheTypesOfTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := cloudsim.New(cloudsim.Options{})
		started := ask(t, s, startGather)
		require.Equal(t, "OK", started.code())
		require.InDelta(t, float64(time.Now().UnixMilli()), started.at("EnvChange", "StartTime"), 0, "a number, documented as a string")

		q := readGather.with("ChangeId", started.at("EnvChange", "ChangeId").(string))
		require.Empty(t, ask(t, s, q).at("GatherStatsResult", "InstanceResults"), "an empty text for an empty list")
		require.Equal(t, 0.0, ask(t, s, q).at("GatherStatsResult", "Change", "FinishTime"))
		time.Sleep(2 * time.Second)
		require.IsType(t, map[string]any{}, ask(t, s, q).at("GatherStatsResult", "InstanceResults", "InstanceResult"), "the only element")
		time.Sleep(2 * time.Second)
		got := ask(t, s, q)
		require.IsType(t, []any{}, got.at("GatherStatsResult", "InstanceResults", "InstanceResult"))
		require.Contains(t, got.at("GatherStatsResult", "Change", "ChangeDescription"),
			"gather stats of env "+cloudsim.CheckoutEnv+` on ["{\"targetInstances\":\"i-bp1`)
	})
}

func TestGathersThatDoNotStart(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	s.PutEnvironment(cloudsim.Environment{ID: "we-terminated", Terminated: true})
	s.PutEnvironment(cloudsim.Environment{ID: "we-busy"})
	s.PutChange(cloudsim.Change{ID: "wc-busy", EnvID: "we-busy", CreatedAt: time.Now(), Paused: true})
	targets := func(list string) question {
		return startGather.withForm("EnvId", cloudsim.CheckoutEnv, "TargetInstances", list)
	}
	for name, tc := range map[string]struct {
		q      question
		status int
		code   string
	}{
		"no EnvId":                       {startGather.withForm("TargetInstances", "[]"), http.StatusBadRequest, "MissingEnvId"},
		"an unknown EnvId":               {startGather.withForm("EnvId", "we-5d3eaaea2977ca5251e00000"), http.StatusNotFound, "EnvNotExists"},
		"a masked EnvId":                 {startGather.withForm("EnvId", "we-5d3eaaea2977ca5251e*****"), http.StatusNotFound, "EnvNotExists"},
		"another region":                 {startGather.with("RegionId", "cn-beijing"), http.StatusNotFound, "EnvNotExists"},
		"a terminated environment":       {startGather.withForm("EnvId", "we-terminated"), http.StatusForbidden, "GatherStatsOnTerminatedEnvNotAllowed"},
		"an environment that is changed": {startGather.withForm("EnvId", "we-busy"), http.StatusBadRequest, "EnvOnChanging"},
		"targets that are no array":      {targets(cloudsim.FullDiskInstance), http.StatusBadRequest, "InvalidParameter"},
		"targets that are no texts":      {targets("[1]"), http.StatusBadRequest, "InvalidParameter"},
		"a target of elsewhere":          {targets(`["` + cloudsim.OddInstance + `"]`), http.StatusNotFound, "InstanceNotExists"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, s, tc.q)
			require.Equal(t, tc.code, got.code())
			require.Equal(t, tc.status, got.status)
			require.Empty(t, s.Calls().Changes)
		})
	}
}

func TestOneGatherAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := cloudsim.New(cloudsim.Options{})
		require.Equal(t, "OK", ask(t, s, startGather).code())
		time.Sleep(6*time.Second - time.Nanosecond)
		require.Equal(t, "EnvOnChanging", ask(t, s, startGather).code())
		time.Sleep(time.Nanosecond)
		require.Equal(t, "OK", ask(t, s, startGather).code())
		require.Len(t, s.Calls().Changes, 2)
	})
}

func TestChangesThatCannotBeRead(t *testing.T) {
	s := cloudsim.New(cloudsim.Options{})
	s.PutChange(cloudsim.Change{ID: "wc-1", EnvID: cloudsim.CheckoutEnv, CreatedAt: time.Now()})
	for name, tc := range map[string]struct {
		q    question
		code string
	}{
		"no ChangeId":           {readGather, "MissingChangeId"},
		"an unknown ChangeId":   {readGather.with("ChangeId", "wc-2"), "ChangeNotExists"},
		"another region":        {readGather.with("ChangeId", "wc-1", "RegionId", "cn-beijing"), "ChangeNotExists"},
		"no region is Hangzhou": {readGather.with("ChangeId", "wc-1", "RegionId", ""), "OK"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.code, ask(t, s, tc.q).code())
		})
	}
}

func TestAChangeCanEndInEveryWay(t *testing.T) {
	long := []cloudsim.EnvInstance{{ID: "i-1", Reports: time.Hour}}
	for name, tc := range map[string]struct {
		change                                         cloudsim.Change
		finished, succeeded, aborted, paused, timedOut bool
	}{
		"it runs":                 {cloudsim.Change{Instances: long}, false, false, false, false, false},
		"it has succeeded":        {cloudsim.Change{}, true, true, false, false, false},
		"it has failed":           {cloudsim.Change{Failed: true}, true, false, false, false, false},
		"it was aborted":          {cloudsim.Change{Instances: long, Aborted: true}, true, false, true, false, false},
		"it ran out of time":      {cloudsim.Change{Instances: long, TimedOut: true}, true, false, false, false, true},
		"it waits to be taken up": {cloudsim.Change{Paused: true}, false, false, false, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := cloudsim.New(cloudsim.Options{})
			tc.change.ID, tc.change.Message, tc.change.CreatedAt = "wc-1", "in the end", time.Now()
			s.PutChange(tc.change)
			change := ask(t, s, readGather.with("ChangeId", "wc-1")).at("GatherStatsResult", "Change").(map[string]any)
			require.Equal(t, tc.finished, change["ChangeFinished"])
			require.Equal(t, tc.succeeded, change["ChangeSucceeded"])
			require.Equal(t, tc.aborted, change["ChangeAborted"])
			require.Equal(t, tc.paused, change["ChangePaused"])
			require.Equal(t, tc.timedOut, change["ChangeTimedout"])
			require.Equal(t, tc.finished, change["ChangeMessage"] == "in the end")
		})
	}
}
