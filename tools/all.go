package tools

// All makes the tools. It panics on a Config without a Profile, which is a bug
// of the caller.
func All(cfg Config) []Tool {
	if len(cfg.Profiles) == 0 {
		panic("tools: a Config needs a Profile")
	}
	s := &set{Config: cfg, polls: newPolls(), starts: newStarts()}
	return []Tool{
		gatherEnvStats(s),
		getInvocationResults(s),
		getAppStatus(s),
		getOperationResult(s),
	}
}
