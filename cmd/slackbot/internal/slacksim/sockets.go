package slacksim

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	maxSockets = 10
	maxAck     = 20_480 // bytes; an ack of that size or more counts as none
	ticketTime = 30 * time.Second
	writeTime  = 5 * time.Second
)

// Ack is what came back for an envelope, or claimed to.
type Ack struct {
	EnvelopeID string          `json:"envelope_id"`
	Payload    json.RawMessage `json:"payload,omitempty"`
	Connection int             `json:"connection"`
	At         time.Time       `json:"at"`
	Refused    string          `json:"refused,omitempty"` // too_large, unknown_envelope or unreadable
}

// Connection is one WebSocket of the app.
type Connection struct {
	ID    int  `json:"id"` // counts from 1
	Pongs int  `json:"pongs"`
	Dead  bool `json:"dead,omitempty"` // see Freeze
}

type sockets struct {
	open    []*socket
	tickets map[string]time.Time
	waiting map[string]chan Ack
	acks    []Ack
	made    int
	turn    int
}

func newSockets() sockets {
	return sockets{tickets: make(map[string]time.Time), waiting: make(map[string]chan Ack)}
}

type socket struct {
	id      int
	conn    *websocket.Conn
	gone    chan struct{} // closed when nothing is read from it any more
	writing sync.Mutex

	// These need the lock of Sim.
	pongs   int
	leaving bool // was asked to go: gets nothing any more
	frozen  bool
}

func (c *socket) send(v any) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.conn.SetWriteDeadline(time.Now().Add(writeTime)) //nolint:errcheck // the write fails then
	return c.conn.WriteJSON(v)
}

// Connections lists the open WebSockets.
func (s *Sim) Connections() []Connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Connection{}
	for _, c := range s.sockets.open {
		list = append(list, Connection{c.id, c.pongs, c.frozen})
	}
	return list
}

// Acks lists what came back over Socket Mode, oldest first.
func (s *Sim) Acks() []Ack {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sockets.acks)
}

// openConnection is apps.connections.open.
func (s *Sim) openConnection(arguments) (answer, *refusal) {
	ticket := randomHex(16)
	s.sockets.tickets[ticket] = s.now().Add(ticketTime)
	return answer{"url": "ws" + strings.TrimPrefix(s.url, "http") + "/link/?ticket=" + ticket + "&app_id=" + AppID}, nil
}

var upgrader = websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}

func (s *Sim) serveSocket(w http.ResponseWriter, r *http.Request) {
	if !s.useTicket(r.URL.Query().Get("ticket")) {
		http.Error(w, "invalid ticket", http.StatusForbidden)
		return
	}
	done, ok := s.track()
	if !ok {
		return
	}
	defer done()
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // the upgrader has said so
	}
	defer conn.Close()
	if c := s.join(conn); c != nil {
		defer s.leave(c)
		s.greet(c)
		s.read(c)
	}
}

// useTicket: each is good once.
func (s *Sim) useTicket(ticket string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.sockets.tickets[ticket]
	delete(s.sockets.tickets, ticket)
	return ok && s.now().Before(until)
}

// join turns the eleventh connection away.
func (s *Sim) join(conn *websocket.Conn) *socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &socket{conn: conn, gone: make(chan struct{})}
	if s.life.Err() != nil {
		return nil
	}
	if len(s.sockets.open) >= maxSockets {
		c.send(disconnect("too_many_websockets")) //nolint:errcheck // it is closed next
		return nil
	}
	s.sockets.made++
	c.id = s.sockets.made
	s.sockets.open = append(s.sockets.open, c)
	pong := conn.PingHandler()
	conn.SetPingHandler(func(data string) error {
		if s.frozen(c) {
			return nil
		}
		return pong(data)
	})
	conn.SetPongHandler(func(string) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		c.pongs++
		return nil
	})
	return c
}

func (s *Sim) leave(c *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(c.gone)
	s.sockets.open = slices.DeleteFunc(s.sockets.open, func(other *socket) bool { return other == c })
}

func (s *Sim) greet(c *socket) {
	s.mu.Lock()
	n := len(s.sockets.open)
	s.mu.Unlock()
	c.send(map[string]any{ //nolint:errcheck // reading fails then
		"type": "hello", "num_connections": n, "connection_info": map[string]any{"app_id": AppID},
		"debug_info": map[string]any{"host": "applink-fake-" + strconv.Itoa(c.id), "build_number": 1, "approximate_connection_time": 18060},
	})
	s.background(func() { s.ping(c) })
}

func (s *Sim) ping(c *socket) {
	ticker := time.NewTicker(s.options.PingInterval)
	defer ticker.Stop()
	for n := 0; ; n++ {
		if !s.frozen(c) {
			c.conn.WriteControl(websocket.PingMessage, []byte("Ping from fake "+strconv.Itoa(n)), time.Now().Add(writeTime)) //nolint:errcheck // reading fails then
		}
		select {
		case <-ticker.C:
		case <-c.gone:
			return
		}
	}
}

func (s *Sim) frozen(c *socket) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return c.frozen
}

func (s *Sim) read(c *socket) {
	c.conn.SetReadLimit(maxRequest)
	for {
		_, data, err := c.conn.ReadMessage()
		if err != nil {
			return
		}
		if !s.frozen(c) {
			s.acknowledge(c, data)
		}
	}
}

func (s *Sim) acknowledge(c *socket, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ack := Ack{Connection: c.id, At: s.now()}
	err := json.Unmarshal(data, &ack)
	waiting := s.sockets.waiting[ack.EnvelopeID]
	switch {
	case err != nil:
		ack.Refused = "unreadable"
	case len(data) >= maxAck:
		ack.Refused = "too_large"
	case waiting == nil:
		ack.Refused = "unknown_envelope"
	default:
		waiting <- ack // has room for one
		delete(s.sockets.waiting, ack.EnvelopeID)
	}
	s.sockets.acks = append(s.sockets.acks, ack)
}

// Push sends an envelope of any kind over Socket Mode, such as Slack may have one
// day.
func (s *Sim) Push(kind string, payload any) Answer {
	return s.deliver(delivery{kind: kind, payload: payload})
}

// sendEnvelope gives d to any one of the connections and waits for its ack.
func (s *Sim) sendEnvelope(ctx context.Context, d delivery) Answer {
	id := envelopeID()
	acked := make(chan Ack, 1)
	c := s.pick(id, acked)
	if c == nil {
		return Answer{Error: dispatchFailed}
	}
	out := Answer{EnvelopeID: id, Connection: c.id}
	envelope := map[string]any{
		"envelope_id": id, "type": d.kind, "payload": d.payload, "accepts_response_payload": d.acceptsPayload,
	}
	if d.kind == "events_api" {
		envelope["retry_attempt"], envelope["retry_reason"] = d.retry, d.reason
	}
	if !s.frozen(c) {
		if err := c.send(envelope); err != nil {
			out.Error = dispatchFailed
		}
	}
	select {
	case ack := <-acked:
		if d.acceptsPayload {
			out.Body = string(ack.Payload)
		}
	case <-ctx.Done():
		out.Error = operationTimeout
	}
	s.mu.Lock()
	delete(s.sockets.waiting, id)
	s.mu.Unlock()
	return out
}

// pick takes the connections in turn.
func (s *Sim) pick(id string, acked chan Ack) *socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	ready := slices.DeleteFunc(slices.Clone(s.sockets.open), func(c *socket) bool { return c.leaving })
	if len(ready) == 0 {
		return nil
	}
	s.sockets.waiting[id] = acked
	s.sockets.turn++
	return ready[s.sockets.turn%len(ready)]
}

func envelopeID() string {
	h := randomHex(16)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func disconnect(reason string) map[string]any {
	return map[string]any{"type": "disconnect", "reason": reason, "debug_info": map[string]any{"host": "applink-fake"}}
}

// Disconnect asks all connections to go, and closes those that stay longer than
// Options.CloseGrace. Slack's reasons are warning, refresh_requested and
// link_disabled.
func (s *Sim) Disconnect(ctx context.Context, reason string) error {
	for _, c := range s.leavers() {
		s.farewell(c, reason)
	}
	return ctx.Err()
}

// Refresh asks one connection after the other to go, as Slack does every few
// hours, and waits until as many are open as before.
func (s *Sim) Refresh(ctx context.Context) error {
	list := s.openSockets()
	for _, c := range list {
		s.mu.Lock()
		c.leaving = true
		s.mu.Unlock()
		s.farewell(c, "refresh_requested")
		if err := s.WaitConnected(ctx, len(list)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sim) openSockets() []*socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sockets.open)
}

func (s *Sim) leavers() []*socket {
	list := s.openSockets()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range list {
		c.leaving = true
	}
	return list
}

func (s *Sim) farewell(c *socket, reason string) {
	c.send(disconnect(reason)) //nolint:errcheck // it is closed next
	timer := time.NewTimer(s.options.CloseGrace)
	defer timer.Stop()
	select {
	case <-c.gone:
	case <-timer.C:
	case <-s.life.Done():
	}
	c.conn.Close()
	<-c.gone
}

// WaitConnected waits until at least n connections are open.
func (s *Sim) WaitConnected(ctx context.Context, n int) error {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for {
		if len(s.openSockets()) >= n {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// CutSockets drops all connections without a word.
func (s *Sim) CutSockets() {
	for _, c := range s.openSockets() {
		c.conn.NetConn().Close()
		<-c.gone
	}
}

// Freeze makes the oldest connection a dead one that nobody has noticed: it gets
// its share of what is delivered, and nothing comes out. It tells its number, 0
// when there was none.
func (s *Sim) Freeze() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.sockets.open {
		if !c.frozen {
			c.frozen = true
			return c.id
		}
	}
	return 0
}
