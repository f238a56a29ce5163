package cloudsim

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	adminFaults = "/_sim/faults"
	adminCalls  = "/_sim/calls"
)

// adminFault is a Fault on the wire, where durations are in milliseconds.
type adminFault struct {
	Fault

	DelayMS      int64 `json:"delay_ms"`
	RetryAfterMS int64 `json:"retry_after_ms"`
}

// serveAdmin is for black-box tests of a running simulator:
//
//	POST   /_sim/faults   injects the Fault in the body
//	DELETE /_sim/faults   clears all
//	GET    /_sim/calls    tells what the cloud was asked
//
// Nobody signs these requests, so only callers on the same machine are served;
// for others the paths do not exist. It tells whether the request was for it.
func (s *Sim) serveAdmin(w http.ResponseWriter, r *http.Request) bool {
	if !fromLoopback(r) {
		return false
	}
	switch r.Method + " " + r.URL.Path {
	case "POST " + adminFaults:
		s.postFault(w, r)
	case "DELETE " + adminFaults:
		s.Clear()
		w.WriteHeader(http.StatusNoContent)
	case "GET " + adminCalls:
		s.adminReply(w, http.StatusOK, s.Calls())
	default:
		return false
	}
	return true
}

func (s *Sim) postFault(w http.ResponseWriter, r *http.Request) {
	in := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	in.DisallowUnknownFields()
	var f adminFault
	err := in.Decode(&f)
	if err == nil && !errors.Is(in.Decode(new(any)), io.EOF) {
		err = errors.New("one JSON object is expected, and nothing after it")
	}
	if err == nil {
		f.Delay = time.Duration(f.DelayMS) * time.Millisecond
		f.RetryAfter = time.Duration(f.RetryAfterMS) * time.Millisecond
		err = f.check()
	}
	if err != nil {
		s.adminReply(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	s.Inject(f.Fault)
	w.WriteHeader(http.StatusNoContent)
}

func (s *Sim) adminReply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", typeJSON)
	writeWhole(w, status, mustJSON(v))
}

func fromLoopback(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}
