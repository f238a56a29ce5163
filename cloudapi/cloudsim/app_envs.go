package cloudsim

import "net/http"

var describeAppEnvs = &operation{
	name: "DescribeAppEnvs", version: "2019-03-20", product: "webplus",
	method: http.MethodGet, path: "/pop/v1/wam/appEnv", run: (*Sim).describeAppEnvs,
}

// describeAppEnvs finds an environment by its EnvId. What is not there is no
// error but an empty list.
func (s *Sim) describeAppEnvs(c *call) (answer, *refusal) {
	list := []map[string]any{}
	if env, known := s.environments[c.query.Get("EnvId")]; known && webPlusServes(c, env.Region) {
		list = append(list, s.appEnv(env))
	}
	return answer{fields: map[string]any{
		"Code": "OK", "Message": "success", "PageNumber": 1, "PageSize": 1, "TotalCount": len(list),
		"AppEnvs": map[string]any{"AppEnv": list},
	}}, nil
}

func (s *Sim) appEnv(env Environment) map[string]any {
	var latest Change
	for _, c := range s.changes {
		if c.EnvID == env.ID && (latest.ID == "" || c.CreatedAt.After(latest.CreatedAt)) {
			latest = c
		}
	}
	status := "Running"
	if env.Terminated {
		status = "Terminated"
	}
	return map[string]any{
		"EnvId": env.ID, "EnvName": env.ID, "EnvStatus": status, "LatestChangeId": latest.ID,
		"ApplyingChange": latest.ID != "" && !latest.finished(s.now()), "AbortingChange": false,
		"TotalInstances": len(env.Instances),
	}
}
