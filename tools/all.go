package tools

import "time"

const defaultMaxWait = 45 * time.Second

// All makes the tools. It panics on a Config without a Profile, which is a bug
// of the caller.
func All(cfg Config) []Tool {
	if len(cfg.Profiles) == 0 {
		panic("tools: a Config needs a Profile")
	}
	if cfg.MaxWait <= 0 {
		cfg.MaxWait = defaultMaxWait
	}
	s := &set{Config: cfg}
	s.polls, s.starts = newPolls(s.bug, s.KeepReadings), newStarts(s)
	return []Tool{
		gatherEnvStats(s),
		getInvocationResults(s),
		getAppStatus(s),
		getOperationResult(s),
	}
}
