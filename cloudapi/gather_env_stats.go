package cloudapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"time"
)

const (
	webPlusVersion = "2019-03-20"
	gatherPath     = "/pop/v1/wam/appEnv/gatherStats"
)

func webPlusOK(e *envelope) bool { return e.Code.trimmed() == "OK" }

var (
	gatherAppEnvStats = operation{
		name: "GatherAppEnvStats", product: WebPlus, version: webPlusVersion,
		method: http.MethodPost, path: gatherPath, starts: true, ok: webPlusOK,
	}
	describeGatherStatsResult = operation{
		name: "DescribeGatherStatsResult", product: WebPlus, version: webPlusVersion,
		method: http.MethodGet, path: gatherPath, ok: webPlusOK,
	}
)

// GatherAppEnvStatsRequest names the environment to gather from. Without
// TargetInstances all its instances are asked.
type GatherAppEnvStatsRequest struct {
	EnvID           EnvID
	TargetInstances []InstanceID
}

// EnvChange is the change that a gather runs as.
type EnvChange struct {
	Source

	EnvID     EnvID
	ChangeID  ChangeID
	StartedAt time.Time
}

// GatherAppEnvStats starts a gather: a Change that collects diagnostics on the
// instances of a WebPlus environment. It is not idempotent. It is sent again
// only after a refusal or when no connection came about; after any other
// failure the Error says MayHaveStarted.
func (c *Client) GatherAppEnvStats(ctx context.Context, req GatherAppEnvStatsRequest) (EnvChange, error) {
	form := url.Values{"EnvId": {string(req.EnvID)}}
	if len(req.TargetInstances) > 0 {
		list, err := json.Marshal(req.TargetInstances) // one string that holds a JSON array
		if err != nil {
			return EnvChange{}, err
		}
		form.Set("TargetInstances", string(list))
	}
	var wire wireGather
	r := request{gatherAppEnvStats, url.Values{"RegionId": {c.region}}, form}
	source, err := c.call(ctx, r, &wire)
	if err != nil {
		return EnvChange{}, err
	}
	return EnvChange{
		Source:    source,
		EnvID:     EnvID(wire.EnvChange.EnvID.trimmed()),
		ChangeID:  ChangeID(wire.EnvChange.ChangeID.trimmed()),
		StartedAt: wire.EnvChange.StartTime.millis(),
	}, nil
}

type wireGather struct {
	envelope

	EnvChange struct {
		EnvID, ChangeID looseString
		StartTime       looseInt
	}
}

// complete holds that what was started can be found again.
func (w *wireGather) complete() error {
	if w.EnvChange.ChangeID.trimmed() == "" {
		return errors.New("it names no ChangeId")
	}
	return nil
}

// GatherStatsResult is the state of a gather and what its instances reported.
type GatherStatsResult struct {
	Source

	Change    *Change // nil when the answer holds none
	Instances []GatherInstance
}

// Change is a WebPlus change. The flags are independent of each other on the
// wire, and may contradict each other. Zero times are not set.
type Change struct {
	EnvID                                          EnvID
	ChangeID                                       ChangeID
	Name, Action, Message, Description, CreatedBy  string
	Finished, Succeeded, Aborted, Paused, TimedOut Flag
	CreatedAt, UpdatedAt, FinishedAt               time.Time
	TargetInstances                                []InstanceID // from the description
}

// GatherInstance is what one instance reported.
type GatherInstance struct {
	InstanceID InstanceID
	StorageKey string // an object key in the environment's bucket, not a link
	Message    MachineBytes
	Succeeded  Flag
}

type wireChange struct {
	EnvID, ChangeID, ChangeName, ActionName, ChangeMessage, ChangeDescription, CreateUsername   looseString
	ChangeFinished, ChangeSucceeded, ChangeSucceed, ChangeAborted, ChangePaused, ChangeTimedout looseFlag
	CreateTime, UpdateTime, FinishTime                                                          looseInt
}

type wireGatherInstance struct {
	InstanceID, StorageKey, TaskMessage looseString
	TaskSucceeded                       looseFlag
}

// DescribeGatherStatsResult reads a gather. Other kinds of changes cannot be
// read with it.
func (c *Client) DescribeGatherStatsResult(ctx context.Context, id ChangeID) (GatherStatsResult, error) {
	var wire struct {
		envelope

		GatherStatsResult struct {
			Change          optional[wireChange]
			InstanceResults gatherInstances
		}
	}
	query := url.Values{"ChangeId": {string(id)}, "RegionId": {c.region}}
	source, err := c.call(ctx, request{describeGatherStatsResult, query, nil}, &wire)
	if err != nil {
		return GatherStatsResult{}, err
	}
	result := GatherStatsResult{Source: source, Change: wire.GatherStatsResult.Change.p.change()}
	for _, i := range wire.GatherStatsResult.InstanceResults {
		result.Instances = append(result.Instances, GatherInstance{
			InstanceID: InstanceID(i.InstanceID.trimmed()),
			StorageKey: i.StorageKey.trimmed(),
			Message:    NewMachineBytes([]byte(i.TaskMessage)),
			Succeeded:  i.TaskSucceeded.Flag,
		})
	}
	return result, nil
}

type gatherInstances []wireGatherInstance

func (g *gatherInstances) UnmarshalJSON(data []byte) (err error) {
	*g, err = looseList[wireGatherInstance](data, "InstanceResult")
	return err
}

func (w *wireChange) change() *Change {
	if w == nil {
		return nil
	}
	succeeded := w.ChangeSucceeded.Flag
	if other := w.ChangeSucceed.Flag; succeeded == Absent || other == False { // as sibling operations spell it; the worse counts
		succeeded = other
	}
	return &Change{
		EnvID:           EnvID(w.EnvID.trimmed()),
		ChangeID:        ChangeID(w.ChangeID.trimmed()),
		Name:            w.ChangeName.trimmed(),
		Action:          w.ActionName.trimmed(),
		Message:         w.ChangeMessage.trimmed(),
		Description:     w.ChangeDescription.trimmed(),
		CreatedBy:       w.CreateUsername.trimmed(),
		Finished:        w.ChangeFinished.Flag,
		Succeeded:       succeeded,
		Aborted:         w.ChangeAborted.Flag,
		Paused:          w.ChangePaused.Flag,
		TimedOut:        w.ChangeTimedout.Flag,
		CreatedAt:       w.CreateTime.millis(),
		UpdatedAt:       w.UpdateTime.millis(),
		FinishedAt:      w.FinishTime.millis(),
		TargetInstances: targetInstances(string(w.ChangeDescription)),
	}
}

var (
	targets    = regexp.MustCompile(`targetInstances(.*)`)
	instanceID = regexp.MustCompile(`\bi-[0-9a-z]+`)
)

// targetInstances finds the ids in a description such as
//
//	gather stats of env we-… on ["{\"targetInstances\":\"i-…\"}"]
//
// whatever the number of times its JSON was escaped.
func targetInstances(description string) []InstanceID {
	var ids []InstanceID
	for _, id := range instanceID.FindAllString(targets.FindString(description), -1) {
		ids = append(ids, InstanceID(id))
	}
	return ids
}
