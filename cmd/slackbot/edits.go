package main

import (
	"strconv"
	"sync"
	"time"
)

// edits remembers when messages were changed, whichever run did: several people
// may press the buttons below one.
type edits struct {
	mu   sync.Mutex
	last map[string]time.Time // by channel and ts
}

func newEdits() *edits { return &edits{last: map[string]time.Time{}} }

// take is how long a message is to be left alone. At 0 the caller may change it,
// and nobody else for a while.
func (e *edits) take(s surface) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s.TS == "" {
		return 0
	}
	name := s.Channel + " " + s.TS
	last := e.last[name]
	if posted := postedAt(s.TS); posted.After(last) && posted.Before(time.Now()) {
		last = posted
	}
	wait := max(editPause-time.Since(last), 0)
	if wait == 0 {
		e.last[name] = time.Now()
	}
	return wait
}

// postedAt is when Slack took a message, which its ts tells.
func postedAt(ts string) time.Time {
	seconds, err := strconv.ParseFloat(ts, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMicro(int64(seconds * 1e6))
}

func (e *edits) made(s surface) {
	if s.TS == "" {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for other, at := range e.last {
		if time.Since(at) > editPause {
			delete(e.last, other)
		}
	}
	e.last[s.Channel+" "+s.TS] = time.Now()
}
