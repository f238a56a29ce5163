package slacksim

import "time"

// rate is a bucket that fills evenly.
type rate struct {
	burst      float64
	every      time.Duration // one call
	perChannel bool
}

// Slack says "about one per second" and names tiers; the bursts are not known.
var rates = map[string]rate{
	"chat.postMessage":             {burst: 3, every: time.Second, perChannel: true},
	"chat.update":                  {burst: 10, every: time.Minute / 50}, // tier 3
	"chat.delete":                  {burst: 10, every: time.Minute / 50},
	"conversations.open":           {burst: 10, every: time.Minute / 50},
	"chat.postEphemeral":           {burst: 20, every: time.Minute / 100}, // tier 4
	"users.info":                   {burst: 20, every: time.Minute / 100},
	"files.completeUploadExternal": {burst: 20, every: time.Minute / 100},
	"files.getUploadURLExternal":   {burst: 20, every: time.Minute / 100},
	"usergroups.users.list":        {burst: 5, every: time.Minute / 20}, // tier 2
}

type bucket struct {
	left float64
	at   time.Time
}

// LimitRates switches the rate limits on or off.
func (s *Sim) LimitRates(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options.RateLimits = on
	clear(s.buckets)
}

// overLimit says how long to wait; 0 lets the call through. A call that is refused
// costs nothing.
func (s *Sim) overLimit(method, channel string) time.Duration {
	r, limited := rates[method]
	if !limited || !s.options.RateLimits {
		return 0
	}
	key := method
	if r.perChannel {
		key += " " + channel
	}
	now := s.now()
	b := s.buckets[key]
	if b == nil {
		b = &bucket{left: r.burst, at: now}
		s.buckets[key] = b
	}
	b.left = min(r.burst, b.left+float64(now.Sub(b.at))/float64(r.every))
	b.at = now
	if b.left < 1 {
		return time.Duration((1 - b.left) * float64(r.every))
	}
	b.left--
	return 0
}
