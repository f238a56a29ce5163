package socketmode

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// silence is how long a connection may bring nothing before it counts as dead:
	// Slack sends a PING every few seconds.
	silence   = 30 * time.Second
	writeTime = 10 * time.Second
	// quiet is how long a connection that was asked to go brings nothing before it
	// goes: what Slack sent at the same moment is still taken.
	quiet = time.Second
	// ackTime is how long Slack waits for an acknowledgement.
	ackTime = 3 * time.Second
	// closeTime is how long Slack may take to agree to the end.
	closeTime = 2 * time.Second
)

// link is one connection.
type link struct {
	client *Client
	number int // of those that the client keeps
	conn   *websocket.Conn
	since  time.Time

	hello   chan struct{} // closed when Slack has greeted
	leaving chan struct{} // closed when Slack asks it to go
	gone    chan struct{} // closed when nothing is read from it any more
	reason  string        // of leaving
	why     error         // of gone

	writing sync.Mutex

	mu       sync.Mutex
	taken    int       // requests that are not done
	brought  time.Time // when the last one came
	finished bool      // takes no more
}

func newLink(client *Client, number int, conn *websocket.Conn) *link {
	l := &link{
		client: client, number: number, conn: conn, since: time.Now(), brought: time.Now(),
		hello: make(chan struct{}), leaving: make(chan struct{}), gone: make(chan struct{}),
	}
	pong := conn.PingHandler()
	conn.SetPingHandler(func(data string) error {
		l.heard()
		return pong(data)
	})
	l.heard()
	return l
}

// heard puts off the moment at which the connection counts as dead.
func (l *link) heard() {
	_ = l.conn.SetReadDeadline(time.Now().Add(silence)) // reading fails then
}

func isOpen(c <-chan struct{}) bool {
	select {
	case <-c:
		return false
	default:
		return true
	}
}

// read hands on what comes, until nothing comes any more.
func (l *link) read(ctx context.Context) {
	defer close(l.gone)
	defer l.client.gone(l)
	defer l.conn.Close()
	for {
		_, frame, err := l.conn.ReadMessage()
		if err != nil {
			l.why = readError(err)
			return
		}
		l.heard()
		l.frame(context.WithoutCancel(ctx), frame)
	}
}

// readError does not quote what was read.
func readError(err error) error {
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
		return &websocket.CloseError{Code: closed.Code}
	}
	return err
}

func (l *link) frame(ctx context.Context, frame []byte) {
	e, err := decode(frame)
	switch {
	case err != nil:
		l.client.Logger.WarnContext(ctx, "a connection of Socket Mode brought what cannot be read", "bytes", len(frame), "error", err)
	case e.Type == "hello":
		if isOpen(l.hello) {
			l.client.there(l)
			close(l.hello)
		}
	case e.Type == "disconnect":
		if isOpen(l.leaving) {
			l.reason = e.reason()
			close(l.leaving)
		}
	case e.ID == "":
		l.client.Logger.WarnContext(ctx, "a request without an envelope_id, which nobody can acknowledge", "bytes", len(frame))
	case !l.take():
		l.client.Logger.WarnContext(ctx, "a request came when its connection had ended for us; Slack says so to the person, or sends it again", "bytes", len(frame))
	default:
		l.client.Take(ctx, &Request{Envelope: e, link: l})
	}
}

// take counts a request, unless the connection takes no more.
func (l *link) take() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.finished {
		l.taken++
		l.brought = time.Now()
	}
	return !l.finished
}

func (l *link) done() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken--
}

// finish ends the taking of requests if it is late, or if all that came are done and
// the last one came long enough ago.
func (l *link) finish(calm time.Duration, late bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.finished = late || l.taken == 0 && time.Since(l.brought) >= calm
	return l.finished
}

// retire ends the connection when nothing has come for so long, and what came is
// acknowledged, or can no longer be. Both sides agree to the end: the system would
// throw away an acknowledgement that is on its way if the other side had sent
// something that nobody reads.
func (l *link) retire(calm time.Duration) {
	tick := time.NewTicker(calm/20 + time.Millisecond)
	defer tick.Stop()
	for until := time.Now().Add(calm + ackTime); !l.finish(calm, time.Now().After(until)); {
		select {
		case <-tick.C:
		case <-l.gone:
			return
		}
	}
	farewell := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	_ = l.conn.WriteControl(websocket.CloseMessage, farewell, time.Now().Add(closeTime)) // it is closed anyway
	select {
	case <-l.gone:
	case <-time.After(closeTime):
		l.conn.Close()
		<-l.gone
	}
}

func (l *link) write(frame []byte) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	if err := l.conn.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	return l.conn.WriteMessage(websocket.TextMessage, frame)
}
