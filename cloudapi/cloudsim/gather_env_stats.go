package cloudsim

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

const gatherPath = "/pop/v1/wam/appEnv/gatherStats"

var (
	gatherAppEnvStats = &operation{
		name: "GatherAppEnvStats", version: "2019-03-20", product: "webplus",
		method: http.MethodPost, path: gatherPath, run: (*Sim).gatherAppEnvStats,
	}
	describeGatherStatsResult = &operation{
		name: "DescribeGatherStatsResult", version: "2019-03-20", product: "webplus",
		method: http.MethodGet, path: gatherPath, run: (*Sim).describeGatherStatsResult,
	}
)

// Environment is a WebPlus environment.
type Environment struct {
	ID, Region string // "" for the demo's Region
	Terminated bool
	Instances  []EnvInstance
}

// EnvInstance is an instance of an environment, and what it makes of a gather.
type EnvInstance struct {
	ID         string
	Reports    time.Duration // how long after the start of the gather
	Succeeded  bool
	Message    string
	StorageKey string
}

// Change is a gather. It is finished when its last instance has reported.
type Change struct {
	ID, EnvID, Region string // "" for the demo's Region
	CreatedAt         time.Time
	Instances         []EnvInstance
	Message           string // in the end
	Failed            bool   // it does not succeed
	Aborted, TimedOut bool   // it has finished already, without success
	Paused            bool   // it does not finish

	Raw []byte // replaces the answer
}

// PutEnvironment adds an environment, or replaces the one with its ID.
func (s *Sim) PutEnvironment(e Environment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.Region = cmp.Or(e.Region, Region)
	s.environments[e.ID] = e
}

// PutChange adds a change, or replaces the one with its ID. While it is not
// finished no gather starts in its environment.
func (s *Sim) PutChange(c Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Region = cmp.Or(c.Region, Region)
	s.changes[c.ID] = c
}

func (s *Sim) gatherAppEnvStats(c *call) (answer, *refusal) {
	id := c.form.Get("EnvId")
	if id == "" {
		return answer{}, missing("EnvId")
	}
	env, known := s.environments[id]
	if !known || !webPlusServes(c, env.Region) {
		return answer{}, refuse("EnvNotExists")
	}
	instances, refused := env.targets(c.form.Get("TargetInstances"))
	if refused != nil {
		return answer{}, refused
	}
	now := s.now()
	if refused := s.mayGather(env, now); refused != nil {
		return answer{}, refused
	}
	change := Change{ID: "wc-" + randomHex(12), EnvID: env.ID, Region: env.Region, CreatedAt: now, Instances: instances}
	s.changes[change.ID] = change
	s.calls.Changes = append(s.calls.Changes, change.ID)
	return answer{fields: map[string]any{
		"Code": "OK", "Message": "success",
		// Documented as a string, and sent as a number.
		"EnvChange": map[string]any{"EnvId": env.ID, "ChangeId": change.ID, "StartTime": now.UnixMilli()},
	}}, nil
}

func (s *Sim) mayGather(env Environment, now time.Time) *refusal {
	if env.Terminated {
		return refuse("GatherStatsOnTerminatedEnvNotAllowed")
	}
	for _, c := range s.changes {
		if c.EnvID == env.ID && !c.finished(now) {
			return refuse("EnvOnChanging")
		}
	}
	return nil
}

// targets picks instances by a string that holds a JSON array of ids; "" and []
// mean all.
func (e Environment) targets(list string) ([]EnvInstance, *refusal) {
	var ids []string
	if list != "" && json.Unmarshal([]byte(list), &ids) != nil {
		return nil, invalid("TargetInstances")
	}
	if len(ids) == 0 {
		return e.Instances, nil
	}
	picked := make([]EnvInstance, 0, len(ids))
	for _, id := range ids {
		i := slices.IndexFunc(e.Instances, func(instance EnvInstance) bool { return instance.ID == id })
		if i < 0 {
			return nil, refuse("InstanceNotExists")
		}
		picked = append(picked, e.Instances[i])
	}
	return picked, nil
}

func (s *Sim) describeGatherStatsResult(c *call) (answer, *refusal) {
	id := c.query.Get("ChangeId")
	if id == "" {
		return answer{}, missing("ChangeId")
	}
	change, known := s.changes[id]
	if !known || !webPlusServes(c, change.Region) {
		return answer{}, refuse("ChangeNotExists")
	}
	if change.Raw != nil {
		return answer{raw: change.Raw}, nil
	}
	now := s.now()
	return answer{fields: map[string]any{
		"Code": "OK", "Message": "success",
		"GatherStatsResult": map[string]any{"Change": change.state(now), "InstanceResults": change.results(now)},
	}}, nil
}

// webPlusServes: without a RegionId only the region counts that the shared host
// is named after.
func webPlusServes(c *call, region string) bool {
	asked := c.region()
	return asked == region || asked == "" && region == Region
}

func (c Change) finishesAt() time.Time {
	var longest time.Duration
	for _, i := range c.Instances {
		longest = max(longest, i.Reports)
	}
	return c.CreatedAt.Add(longest)
}

func (c Change) finished(now time.Time) bool {
	return c.Aborted || c.TimedOut || !c.Paused && !now.Before(c.finishesAt())
}

func (c Change) reported(now time.Time) []EnvInstance {
	var list []EnvInstance
	for _, i := range c.Instances {
		if !now.Before(c.CreatedAt.Add(i.Reports)) {
			list = append(list, i)
		}
	}
	return list
}

func (c Change) state(now time.Time) map[string]any {
	finished := c.finished(now)
	updated := c.CreatedAt
	for _, i := range c.reported(now) {
		if at := c.CreatedAt.Add(i.Reports); at.After(updated) {
			updated = at
		}
	}
	state := map[string]any{
		"ActionName": "GatherStats", "ChangeName": "gather.stats", "CreateUsername": "oncall",
		"ChangeId": c.ID, "EnvId": c.EnvID, "ChangeDescription": c.description(), "ChangeMessage": "",
		"ChangeFinished": finished, "ChangeSucceeded": finished && !c.Failed && !c.Aborted && !c.TimedOut,
		"ChangeAborted": c.Aborted, "ChangePaused": c.Paused, "ChangeTimedout": c.TimedOut,
		"CreateTime": c.CreatedAt.UnixMilli(), "UpdateTime": updated.UnixMilli(), "FinishTime": 0,
	}
	if finished {
		state["FinishTime"], state["ChangeMessage"] = updated.UnixMilli(), c.Message
	}
	return state
}

// description escapes its JSON once more than needed, as the vendor does.
func (c Change) description() string {
	ids := make([]string, 0, len(c.Instances))
	for _, i := range c.Instances {
		ids = append(ids, i.ID)
	}
	inner := mustJSON(map[string]string{"targetInstances": strings.Join(ids, ",")})
	return "gather stats of env " + c.EnvID + " on " + string(mustJSON([]string{string(inner)}))
}

// results takes the forms in which the gateway has been seen to write a list:
// an empty text, its only element, a list.
func (c Change) results(now time.Time) any {
	list := []map[string]any{}
	for _, i := range c.reported(now) {
		list = append(list, map[string]any{
			"InstanceId": i.ID, "TaskSucceeded": i.Succeeded, "TaskMessage": i.Message, "StorageKey": i.StorageKey,
		})
	}
	switch len(list) {
	case 0:
		return ""
	case 1:
		return map[string]any{"InstanceResult": list[0]}
	default:
		return map[string]any{"InstanceResult": list}
	}
}
