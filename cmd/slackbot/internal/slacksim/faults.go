package slacksim

import (
	"net/http"
	"slices"
	"time"
)

// Fault is something that goes wrong with a call of the app.
type Fault struct {
	// Method is the API's, "response_url", "upload" or "" for all of them.
	Method string `json:"method"`
	// Times is how many calls it hits; 0: all until ClearFaults.
	Times int `json:"times"`

	// Error answers ok false with this code. A Status of 500 and above answers
	// with a page of HTML, one of 429 with ratelimited.
	Error      string        `json:"error"`
	Status     int           `json:"status"`
	RetryAfter time.Duration `json:"-"` // with 429; 0 leaves the header out

	Drop  Drop          `json:"drop"`
	Delay time.Duration `json:"-"` // before the call is carried out
}

// Drop cuts the connection.
type Drop string

// Both look the same to the caller.
const (
	DropNone   Drop = ""
	DropBefore Drop = "before" // nothing was done
	DropAfter  Drop = "after"  // the message was accepted, and the caller does not know
)

// Inject adds a fault. Of several that fit a call the oldest hits it.
func (s *Sim) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// ClearFaults takes all faults away.
func (s *Sim) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// takeFault returns a fault that does nothing where there is none.
func (s *Sim) takeFault(method string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.faults, func(f *Fault) bool { return f.Method == "" || f.Method == method })
	if i < 0 {
		return Fault{}
	}
	hit := *s.faults[i]
	switch s.faults[i].Times {
	case 0:
	case 1:
		s.faults = slices.Delete(s.faults, i, i+1)
	default:
		s.faults[i].Times--
	}
	return hit
}

func (f Fault) refuses() bool { return f.Error != "" || f.Status != 0 }

func (f Fault) refusal() *refusal {
	out := &refusal{code: f.Error, status: f.Status, retryAfter: f.RetryAfter, injected: true}
	if out.code == "" {
		out.code = "fatal_error"
		if f.Status == http.StatusTooManyRequests {
			out.code = "ratelimited"
		}
	}
	return out
}

func (f Fault) before(r *http.Request) {
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done(): // the server notices a caller that has gone
		}
	}
	if f.Drop == DropBefore {
		panic(http.ErrAbortHandler)
	}
}

func (f Fault) after() {
	if f.Drop == DropAfter {
		panic(http.ErrAbortHandler)
	}
}
