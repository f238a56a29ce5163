package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/socketmode"
	"github.com/alitriage/alitriage/formatters/blockkit"
)

const (
	// connections: with two, one is there when the other breaks.
	connections = 2
	// maxAtOnce bounds what is being stored at the same time.
	maxAtOnce = 256
)

// The kinds of requests that the bot knows.
const (
	aCommand = "slash_commands"
	aClick   = "interactive"
	anEvent  = "events_api"
)

// socket takes Slack's requests over Socket Mode: each is stored before it is
// acknowledged.
type socket struct {
	*bot

	slots chan struct{}
	busy  sync.WaitGroup
}

// serve keeps the connections until ctx ends. It returns an error when Slack does
// not accept the tokens.
func (s *socket) serve(ctx context.Context) error {
	client := socketmode.Client{
		Open: s.open, Take: s.take, Connected: s.health.socket, Logger: s.logger, Connections: connections, MaxFrame: maxBody,
	}
	defer s.busy.Wait()
	return client.Run(ctx)
}

// open gets the address of a new connection.
func (s *socket) open(ctx context.Context) (string, error) {
	address, err := s.slack.socketAddress(ctx)
	limited, isLimited := errors.AsType[*later](err)
	switch {
	case err == nil:
		s.health.slack(nil)
		return address, nil
	case isLimited:
		return "", &backoff.RetryAfterError{Duration: limited.after}
	case errors.Is(err, errNotThere):
		return "", backoff.Permanent(fmt.Errorf("%w: the scope connections:write is missing", errSignedIn))
	case errors.Is(err, errSignedIn):
		return "", backoff.Permanent(err)
	default:
		return "", err
	}
}

// take works on a request in the background. One too many is refused at once.
func (s *socket) take(ctx context.Context, r *socketmode.Request) {
	select {
	case s.slots <- struct{}{}:
	default:
		s.logger.WarnContext(ctx, "too many requests at once")
		go func() { // never in the way of the PINGs
			defer r.Done()
			if saysBusy(r.Type) {
				_ = r.Ack(ackOf(blockkit.Say("alitriage is busy, and nothing was started. Ask again in a moment.", nil, blockkit.Frame{})))
			}
		}()
		return
	}
	s.busy.Go(func() {
		defer func() { <-s.slots }()
		defer r.Done()
		began := time.Now()
		defer func() {
			if value := recover(); value != nil { // which may quote anything
				s.logger.ErrorContext(ctx, "internal error in a request", "type", fmt.Sprintf("%T", value))
			}
		}()
		if err := s.handle(ctx, r); err != nil {
			s.logger.WarnContext(ctx, "a request was not acknowledged: Slack sends an event again, and shows an error for others, while what was stored goes on", "type", fmt.Sprintf("%.40q", r.Type), "error", err)
		}
		s.metrics.ack.Observe(time.Since(began).Seconds())
	})
}

// saysBusy tells what has an acknowledgement that people see. Of the others none is
// the better answer: Slack shows an error for a click, and sends an event again.
func saysBusy(kind string) bool { return kind == aCommand }

// handle stores a request, and acknowledges it then. What cannot be read is
// acknowledged too: it would be no better the next time.
func (s *socket) handle(ctx context.Context, r *socketmode.Request) error {
	switch r.Type {
	case aCommand:
		var c slashCommand
		if err := unmarshal(r.Payload, &c); err != nil || !c.whole() {
			return s.ackUnread(ctx, r)
		}
		m := s.slashed(ctx, c)
		crashAt("acking")
		return r.Ack(ackOf(m))
	case aClick:
		var pressed interaction
		if err := unmarshal(r.Payload, &pressed); err != nil {
			return s.ackUnread(ctx, r)
		}
		defer s.interacted(ctx, pressed)()
		return r.Ack(nil)
	case anEvent:
		var outer envelope
		if err := unmarshal(r.Payload, &outer); err != nil {
			return s.ackUnread(ctx, r)
		}
		if err := s.happened(ctx, outer, r.Retried); err != nil {
			return err // Slack sends it again
		}
		return r.Ack(nil)
	default:
		return s.ackUnread(ctx, r)
	}
}

func (s *socket) ackUnread(ctx context.Context, r *socketmode.Request) error {
	s.logger.WarnContext(ctx, "a request that the bot does not know, or cannot read", "type", fmt.Sprintf("%.40q", r.Type), "bytes", len(r.Payload))
	return r.Ack(nil)
}
