package main

import (
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

// due is how long a message is to be left alone.
func (e *edits) due(s surface) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s.TS == "" {
		return 0
	}
	return max(editPause-time.Since(e.last[s.Channel+" "+s.TS]), 0)
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
