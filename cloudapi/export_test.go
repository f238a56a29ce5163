package cloudapi

import "time"

// Age lets d pass for what c remembers, for tests over sockets.
func Age(c *Credentials, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.goodAt, c.failedAt = c.goodAt.Add(-d), c.failedAt.Add(-d)
	if !c.good.expires.IsZero() {
		c.good.expires = c.good.expires.Add(-d)
	}
}

// WithoutBudget is for benchmarks, which measure what one call costs.
func WithoutBudget(c *Client) *Client {
	other := *c
	other.budget = newBudget(1e12, 1e12)
	return &other
}

// Modes are those of the CLI's profiles.
var Modes = modes

// EditForTest sets one field of a profile in the CLI's file.
func EditForTest(path, profile, field, value string) error {
	return editCLIFile(path, profile, func(*cliProfile) error { return nil }, []change{{field, value}})
}
