package cloudsim

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alitriage/alitriage/cloudapi/acs3"
)

// Options may be left empty.
type Options struct {
	// Now is the simulator's clock; nil means time.Now.
	Now func() time.Time
	// The key that is let in; empty means one for demonstrations. A security
	// token makes it a temporary (STS) key.
	AccessKeyID, AccessKeySecret, SecurityToken string
}

// Sim is Alibaba Cloud, as far as alitriage sees it.
type Sim struct {
	now     func() time.Time
	key     acs3.Key
	pageKey string // seals NextToken

	mu           sync.Mutex
	credentials  map[string]*credential // by access key id
	sessions     []string               // the temporary ones among them that AssumeRole made, oldest first
	faults       []*Fault
	calls        Calls
	apps         map[string]App
	environments map[string]Environment
	changes      map[string]Change
	invocations  []Invocation // in the order in which they are listed
	operations   map[string]*operationRun
}

// New returns a Sim that holds the demo world, as it is at this moment.
func New(options Options) *Sim {
	s := &Sim{
		now: options.Now,
		key: acs3.Key{
			ID:            cmp.Or(options.AccessKeyID, "DEMOACCESSKEYID"),
			Secret:        cmp.Or(options.AccessKeySecret, "demo-access-key-secret"),
			SecurityToken: options.SecurityToken,
		},
		pageKey:      rand.Text(),
		credentials:  make(map[string]*credential),
		calls:        Calls{Accepted: make(map[string]int), Performed: make(map[string]int), Changes: []string{}},
		apps:         make(map[string]App),
		environments: make(map[string]Environment),
		changes:      make(map[string]Change),
		operations:   make(map[string]*operationRun),
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.PutCredential(Credential{Key: s.key})
	s.putDemoWorld()
	return s
}

// Key is the key that is let in.
func (s *Sim) Key() acs3.Key { return s.key }

// Calls counts what the cloud was asked.
type Calls struct {
	// Refused counts the requests that the gateway turned away: badly signed, or
	// for no operation it knows.
	Refused int `json:"refused"`
	// Accepted counts by operation what came through the gateway, whatever then
	// became of it.
	Accepted map[string]int `json:"accepted"`
	// Performed counts by operation what was carried out: stopped neither by a
	// Fault nor by its arguments.
	Performed map[string]int `json:"performed"`
	// Changes are the ids of all changes that gathers have started, oldest first.
	Changes []string `json:"changes"`
}

// Calls counts since New.
func (s *Sim) Calls() Calls {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	calls.Accepted, calls.Performed = maps.Clone(calls.Accepted), maps.Clone(calls.Performed)
	calls.Changes = slices.Clone(calls.Changes)
	return calls
}

// ServeHTTP implements http.Handler. Any host name will do; a *.aliyuncs.com
// name has to be one of the operation's product.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	if s.serveAdmin(w, r) {
		return
	}
	id := requestID()
	c, refused := s.admit(w, r)
	if refused != nil {
		s.send(w, r, refused.reply(r, id), nil)
		return
	}
	fault := s.takeFault(c.operation.name)
	answer := s.perform(c, fault, id)
	s.send(w, r, answer, fault)
}

// perform carries the call out, unless the fault stands before that, and says
// what to answer.
func (s *Sim) perform(c *call, fault *Fault, id string) reply {
	if fault != nil && !fault.performs() {
		return fault.reply(c, id)
	}
	s.mu.Lock()
	answer, refused := c.operation.run(s, c)
	if refused == nil {
		s.calls.Performed[c.operation.name]++
	}
	s.mu.Unlock()
	if fault != nil && fault.replaces() {
		return fault.reply(c, id)
	}
	if refused != nil {
		return refused.reply(c.request, id)
	}
	return answer.reply(id)
}

// requestID is a UUID in upper case, as the gateway writes them.
func requestID() string { return strings.ToUpper(uuid()) }

func uuid() string {
	var b [16]byte
	rand.Read(b[:]) // crypto/rand never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// randomHex makes identifiers of n bytes, two digits each.
func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}
