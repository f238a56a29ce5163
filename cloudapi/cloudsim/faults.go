package cloudsim

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Fault is something that goes wrong between a caller and an answer. It hits
// only requests that are well signed.
type Fault struct {
	Operation string    `json:"operation"` // which one; "" for all
	Times     int       `json:"times"`     // how many calls it hits; 0: all until Clear
	Kind      FaultKind `json:"kind"`

	// The error of a Refuse, FailureInside and HTML. For a documented Code the
	// rest may be left out.
	Status  int           `json:"status"`
	Code    string        `json:"code"`
	Message string        `json:"message"`
	Denied  *AccessDenied `json:"access_denied_detail"`
	// RetryAfter goes out as x-acs-retry-after, in milliseconds.
	RetryAfter time.Duration `json:"-"`

	// Delay is the pause of Delay and SlowBody. With any other kind the answer
	// waits for it before its headers.
	Delay time.Duration `json:"-"`
	// Body is what an Answer says.
	Body json.RawMessage `json:"body"`
	// Performed: the operation is carried out although the answer denies it, as
	// when a load balancer gives up waiting.
	Performed bool `json:"performed"`
}

// FaultKind is what goes wrong.
type FaultKind string

// Of these, Refuse, FailureInside and HTML stand in the place of the operation
// (but see Fault.Performed). In all others it is carried out, and its answer
// suffers.
const (
	Refuse        FaultKind = ""               // an error of the API, such as Throttling.User or ServiceUnavailable
	FailureInside FaultKind = "failure_inside" // HTTP 200 with the error in the body
	HTML          FaultKind = "html"           // a load balancer's page, 502 unless Status says otherwise
	Delay         FaultKind = "delay"          // a pause before the headers
	SlowBody      FaultKind = "slow_body"      // a pause in the middle of the body
	CutBody       FaultKind = "cut_body"       // the connection ends in the middle of the body
	Reset         FaultKind = "reset"          // the connection is reset after the request was read
	BadJSON       FaultKind = "bad_json"       // half of the answer as if it were the whole
	Oversized     FaultKind = "oversized"      // a true answer, followed by 9 MiB of blanks
	Answer        FaultKind = "answer"         // Body instead of the answer, with Status or 200
)

// Inject adds a fault. Of several that fit a call the oldest hits it.
func (s *Sim) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// Clear takes all faults away. What they have already caught stays caught.
func (s *Sim) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// takeFault returns the fault for a call, nil if there is none, and counts it.
func (s *Sim) takeFault(operation string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.faults, func(f *Fault) bool { return f.Operation == "" || f.Operation == operation })
	if i < 0 {
		return nil
	}
	hit := *s.faults[i]
	switch s.faults[i].Times {
	case 0:
	case 1:
		s.faults = slices.Delete(s.faults, i, i+1)
	default:
		s.faults[i].Times--
	}
	return &hit
}

var faultKinds = []FaultKind{
	Refuse, FailureInside, HTML, Delay, SlowBody, CutBody, Reset, BadJSON, Oversized, Answer,
}

// check is for faults that come in from outside.
func (f *Fault) check() error {
	switch {
	case !slices.Contains(faultKinds, f.Kind):
		return fmt.Errorf("unknown kind %q: use one of %q", f.Kind, faultKinds)
	case f.Operation != "" && !slices.ContainsFunc(operations, func(op *operation) bool { return op.name == f.Operation }):
		return fmt.Errorf("unknown operation %q", f.Operation)
	case f.Times < 0 || f.Delay < 0 || f.RetryAfter < 0:
		return errors.New("times, delay_ms and retry_after_ms cannot be negative")
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status %d: use 200 to 599", f.Status)
	case (f.Kind == Refuse || f.Kind == FailureInside) && f.Code == "":
		return errors.New("this kind needs a code, such as Throttling.User")
	case f.Kind == Answer && len(f.Body) == 0:
		return errors.New("this kind needs a body")
	}
	return nil
}

// replaces tells whether the fault answers in the operation's place.
func (f *Fault) replaces() bool {
	switch f.Kind {
	case Refuse, FailureInside, HTML, Answer:
		return true
	default:
		return false
	}
}

func (f *Fault) performs() bool { return f.Performed || f.Kind == Answer || !f.replaces() }

// reply is the answer of a fault that replaces the operation's.
func (f *Fault) reply(c *call, id string) reply {
	switch f.Kind {
	case HTML:
		status := cmp.Or(f.Status, http.StatusBadGateway)
		return reply{status: status, contentType: typeHTML, body: fmt.Appendf(nil, htmlPage, status, http.StatusText(status))}
	case Answer:
		return reply{status: cmp.Or(f.Status, http.StatusOK), contentType: typeJSON, requestID: id, body: f.Body}
	case FailureInside:
		inside := answer{fields: c.operation.failure(f.refusal())}
		return inside.reply(id)
	default:
		return f.refusal().reply(c.request, id)
	}
}

const htmlPage = `<html>
<head><title>%[1]d %[2]s</title></head>
<body bgcolor="white"><center><h1>%[1]d %[2]s</h1></center><hr><center>Tengine</center></body>
</html>
`

func (f *Fault) refusal() *refusal {
	out := refuse(f.Code)
	out.status, out.message = cmp.Or(f.Status, out.status), cmp.Or(f.Message, out.message)
	out.denied, out.retryAfter = f.Denied, f.RetryAfter
	return out
}

// failure is how a back end says no under HTTP 200.
func (op *operation) failure(f *refusal) map[string]any {
	fields := map[string]any{"Code": f.code, "Message": f.message}
	switch op.product {
	case "sae":
		fields["Code"], fields["ErrorCode"], fields["Success"] = strconv.Itoa(f.status), f.code, false
	case "bpstudio":
		fields["Code"] = f.status
	}
	return fields
}

func (f *Fault) beforeHeaders(w http.ResponseWriter, r *http.Request) {
	if f.Kind != SlowBody {
		pause(r.Context(), f.Delay)
	}
	if f.Kind == Reset {
		reset(w)
	}
}

func (f *Fault) writeBody(w http.ResponseWriter, r *http.Request, out reply) {
	half := len(out.body) / 2
	switch f.Kind {
	case BadJSON:
		writeWhole(w, out.status, out.body[:half])
	case Oversized:
		writeWhole(w, out.status, append(slices.Clip(out.body), bytes.Repeat([]byte(" "), 9<<20)...))
	case CutBody:
		writeHalf(w, out)
		panic(http.ErrAbortHandler)
	case SlowBody:
		writeHalf(w, out)
		pause(r.Context(), f.Delay)
		w.Write(out.body[half:]) //nolint:errcheck // a caller that has gone needs no answer
	default:
		writeWhole(w, out.status, out.body)
	}
}

// writeHalf declares the whole length and sends half of it.
func writeHalf(w http.ResponseWriter, out reply) {
	w.Header().Set("Content-Length", strconv.Itoa(len(out.body)))
	w.WriteHeader(out.status)
	w.Write(out.body[:len(out.body)/2]) //nolint:errcheck // a caller that has gone needs no answer
	http.NewResponseController(w).Flush()
}

// pause ends the conversation without an answer when the caller leaves in
// between.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		panic(http.ErrAbortHandler)
	}
}

// reset drops the connection the hard way, so that the caller sees a reset and
// no orderly end. Where there is no connection to take over, the server (or
// Transport) is told to do what it can.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	inner := conn
	if wrapped, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS
		inner = wrapped.NetConn()
	}
	if tcp, ok := inner.(*net.TCPConn); ok {
		tcp.SetLinger(0) //nolint:errcheck // then it ends in order
	}
	inner.Close()
	panic(http.ErrAbortHandler)
}
