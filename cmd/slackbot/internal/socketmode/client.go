package socketmode

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	// connectTime is for asking Slack for an address, dialling it, and its hello.
	connectTime = 20 * time.Second
	// keepAlive is the pause between TCP's own probes: Slack's PINGs tell that it is
	// there, these keep the entry of a NAT in between.
	keepAlive = 15 * time.Second
	// settled is how long a connection has to live before the next one is opened
	// without a pause.
	settled = time.Minute
	// maxPause is the longest pause between two tries, and maxWish the longest that
	// Slack can ask for: one try in that time harms nobody, and a bot that is deaf for a
	// day does.
	maxPause = time.Minute
	maxWish  = 15 * time.Minute
)

// Client keeps connections open. Its fields must not change while it runs.
type Client struct {
	// Open gets the address of a new connection (apps.connections.open). An error that
	// is a [backoff.PermanentError] ends Run; a [backoff.RetryAfterError] says how long
	// to wait, up to a quarter of an hour; after others the pauses grow to a minute.
	Open func(ctx context.Context) (url string, err error)
	// Take gets each request, in the order in which a connection brings them. It must
	// not block, and Done has to be called for each request in the end.
	Take func(ctx context.Context, r *Request)
	// Connected is told when the connection of this number, from 0, has come, and when it
	// has gone. It must not block.
	Connected func(number int, is bool)
	Logger    *slog.Logger
	// Connections is how many are kept; Slack allows ten for an app.
	Connections int
	// MaxFrame is how many bytes a request may have.
	MaxFrame int64

	// A test's; nil: the system's.
	tcp   func(ctx context.Context, network, address string) (net.Conn, error)
	proxy func(*http.Request) (*url.URL, error)

	mu   sync.Mutex
	open []*link // those that Slack has greeted
}

// Run keeps the connections until ctx ends, and returns nil then, after what came in
// has been acknowledged. It returns the error of Open that is permanent.
func (c *Client) Run(ctx context.Context) error {
	running, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for number := range c.Connections {
		all.Go(func() {
			if err := c.keep(running, number, &all); err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return context.Cause(running)
}

// keep opens one connection after the other. It returns an error that is permanent.
func (c *Client) keep(ctx context.Context, number int, background *sync.WaitGroup) error {
	pauses := backoff.NewExponentialBackOff()
	pauses.MaxInterval = maxPause
	var last *link // serves on until the next one is there
	retire := func(patience time.Duration) {
		if l := last; l != nil {
			background.Go(func() { l.retire(patience) })
		}
	}
	for {
		next, err := c.connect(ctx, number, pauses)
		if next != nil {
			retire(quiet)
			last = next
		}
		if err != nil || ctx.Err() != nil { // perhaps just when the next one came
			retire(0)
			return err
		}
		select {
		case <-last.leaving:
			c.Logger.InfoContext(ctx, "Slack renews a connection of Socket Mode", "connection", number, "reason", last.reason)
		case <-last.gone:
			c.Logger.WarnContext(ctx, "a connection of Socket Mode has ended", "connection", number, "error", last.why)
			last = nil
		case <-ctx.Done():
			continue
		}
		if time.Since(next.since) > settled {
			pauses.Reset()
			if last != nil {
				continue
			}
		}
		pause(ctx, pauses.NextBackOff())
	}
}

// connect tries until there is a connection that Slack has greeted, an error is
// permanent, or ctx ends, which is no error.
func (c *Client) connect(ctx context.Context, number int, pauses backoff.BackOff) (*link, error) {
	for ctx.Err() == nil {
		l, err := c.dial(ctx, number)
		if err == nil {
			return l, nil
		}
		if permanent, ok := errors.AsType[*backoff.PermanentError](err); ok {
			return nil, permanent.Err
		}
		wait := pauses.NextBackOff()
		if asked, ok := errors.AsType[*backoff.RetryAfterError](err); ok {
			wait = max(wait, min(asked.Duration, maxWish))
		}
		if ctx.Err() == nil {
			c.Logger.WarnContext(ctx, "a connection of Socket Mode cannot be opened", "connection", number, "error", err, "next_try_in", wait.Round(time.Millisecond))
		}
		pause(ctx, wait)
	}
	return nil, nil
}

func (c *Client) dial(ctx context.Context, number int) (*link, error) {
	limited, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	address, err := c.Open(limited)
	if err != nil {
		return nil, err
	}
	conn, err := c.upgrade(limited, address)
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(c.MaxFrame)
	l := newLink(c, number, conn)
	go l.read(ctx)
	select {
	case <-l.hello:
		return l, nil
	case <-l.leaving:
		err = fmt.Errorf("Slack turned it away: %s", l.reason) //nolint:staticcheck // the name of a company
	case <-l.gone:
		return nil, fmt.Errorf("it ended before Slack's hello: %w", l.why)
	case <-limited.Done():
		err = errors.New("Slack's hello did not come") //nolint:staticcheck // the name of a company
	}
	if !isOpen(l.hello) { // just now
		return l, nil
	}
	conn.Close()
	<-l.gone
	return nil, err
}

// there and gone keep the list of the connections that Slack has greeted. They tell
// what has changed under the lock, so in the order in which it does.
func (c *Client) there(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.has(l.number) {
		c.Connected(l.number, true)
	}
	c.open = append(c.open, l)
}

func (c *Client) gone(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	had := c.has(l.number)
	c.open = slices.DeleteFunc(c.open, func(other *link) bool { return other == l })
	if had && !c.has(l.number) {
		c.Connected(l.number, false)
	}
}

// has needs the lock.
func (c *Client) has(number int) bool {
	return slices.ContainsFunc(c.open, func(l *link) bool { return l.number == number })
}

// others are the connections but l, the newest first.
func (c *Client) others(l *link) []*link {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(c.open), func(other *link) bool { return other == l })
	slices.Reverse(list)
	return list
}

func pause(ctx context.Context, length time.Duration) {
	select {
	case <-time.After(length):
	case <-ctx.Done():
	}
}
