package guard

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alitriage/alitriage/cmd/mcp/internal/rpc"
)

// ErrAnswered refuses a notification about a request that nobody waits for:
// it was answered or cancelled, or never made.
var ErrAnswered = errors.New("request was answered or cancelled, or is unknown")

// grace is what the calls have, once cancelled, to say so to the client.
const grace = 800 * time.Millisecond

// Options of a Guard; the zero value is fine.
type Options struct {
	Drain   time.Duration // after the end of input, until calls in flight are cancelled; 4 s
	MaxLine int           // bytes of a line, its newline not counted; 4 MiB
	Logger  *slog.Logger  // nil is silent
}

// Guard is one session. Give Reader and Writer to the library and end with Drain.
type Guard struct {
	in      *bufio.Reader
	out     io.Writer
	opts    Options
	pumping sync.Once
	tail    []byte // the end of a line that is too long

	standIns *rpc.StandIns
	batches  atomic.Bool // the client's version has them
	// refuseFirst is what Check was given.
	refuseFirst func(method string, message []byte) *rpc.Error
	rest        []byte // of the line that read is handing out

	// writing orders what goes out, and is held while the client is slow to
	// take it. mu never is, so Drain and Cancelled always come through.
	writing sync.Mutex
	partial []byte // of a line the library has not ended yet

	mu      sync.Mutex
	changed *sync.Cond
	queue   [][]byte             // lines admitted, not yet taken by the library
	queued  int                  // bytes in queue
	pending map[string][]request // by id; several only when a client repeats one
	err     error                // what the first failed write said
	over    bool                 // no more waiting for answers

	draining, expired, broken chan struct{}
}

// request is a line that the library will answer.
type request struct {
	token     string // its progress token, or none
	cancelled bool
	// raw are the id and the token as the client wrote them, where the library knows
	// stand-ins.
	raw, rawToken json.RawMessage
	batch         *batch // that it came in, nil: none
}

// Check lets refuse look at each request before the library does: what it says is
// answered in the library's place. It is to be called before anything is served.
func (g *Guard) Check(refuse func(method string, message []byte) *rpc.Error) { g.refuseFirst = refuse }

func (g *Guard) wrongWith(method string, message []byte) *rpc.Error {
	if g.refuseFirst == nil {
		return nil
	}
	return g.refuseFirst(method, message)
}

// New guards the client's in and out. It reads nothing before the library does.
func New(in io.Reader, out io.Writer, opts Options) *Guard {
	opts.Drain = cmp.Or(max(opts.Drain, 0), 4*time.Second)
	opts.MaxLine = cmp.Or(max(opts.MaxLine, 0), 4<<20)
	opts.Logger = cmp.Or(opts.Logger, slog.New(slog.DiscardHandler))
	g := &Guard{
		in:       bufio.NewReaderSize(in, 64<<10),
		out:      out,
		opts:     opts,
		pending:  map[string][]request{},
		draining: make(chan struct{}),
		expired:  make(chan struct{}),
		broken:   make(chan struct{}),
		standIns: rpc.NewStandIns(),
	}
	g.changed = sync.NewCond(&g.mu)
	return g
}

// Reader is the library's stdin, for one goroutine at a time.
func (g *Guard) Reader() io.Reader { return readerFunc(g.read) }

// Writer is the library's stdout.
func (g *Guard) Writer() io.Writer { return writerFunc(g.write) }

// Notify sends a notification about the pending request that carried token,
// at once: when it returns, nothing can put the result before it.
func (g *Guard) Notify(token any, method string, params map[string]any) error {
	g.writing.Lock()
	defer g.writing.Unlock()
	r, awaited := g.awaited(token)
	if !awaited {
		return ErrAnswered
	}
	if r.rawToken != nil {
		params = maps.Clone(params)
		params["progressToken"] = r.rawToken
	}
	line, err := json.Marshal(struct {
		Version string         `json:"jsonrpc"`
		Method  string         `json:"method"`
		Params  map[string]any `json:"params,omitempty"`
	}{"2.0", method, params})
	if err != nil {
		return fmt.Errorf("encode %s: %w", method, err)
	}
	return g.send(append(line, '\n'))
}

// Cancelled says that the client cancelled the request, so that work on it can
// be skipped. The id is as the library decoded it: any number or string type.
func (g *Guard) Cancelled(id any) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	same := g.pending[key(id)]
	for _, r := range same {
		if !r.cancelled {
			return false
		}
	}
	return len(same) > 0
}

// Drain ends the input as EOF does, whatever stdin is doing. Any goroutine may
// call it, more than once.
func (g *Guard) Drain() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if isClosed(g.draining) {
		return
	}
	close(g.draining)
	time.AfterFunc(g.opts.Drain, g.expire)
	g.changed.Broadcast()
}

// Draining closes at the end of input: who waits answers what it has.
func (g *Guard) Draining() <-chan struct{} { return g.draining }

// Expired closes when requests are still pending Options.Drain after that:
// what is in flight is to be cancelled and answered as an error.
func (g *Guard) Expired() <-chan struct{} { return g.expired }

// Broken closes when the client can no longer be written to; Err says why.
func (g *Guard) Broken() <-chan struct{} { return g.broken }

// Err is nil until Broken closes.
func (g *Guard) Err() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err
}

func (g *Guard) expire() {
	g.mu.Lock()
	owed := len(g.pending)
	if owed > 0 && !isClosed(g.expired) {
		close(g.expired)
	}
	g.mu.Unlock()
	if owed > 0 {
		g.opts.Logger.Warn("requests still pending after the drain", "pending", owed)
		time.AfterFunc(grace, g.giveUp)
	}
}

func (g *Guard) giveUp() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over = true
	g.changed.Broadcast()
}

// fail is for a client that has gone: there is nobody to wait for.
func (g *Guard) fail(err error) {
	g.Drain()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.err, g.over = err, true
	close(g.broken)
	if !isClosed(g.expired) {
		close(g.expired)
	}
	g.changed.Broadcast()
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
