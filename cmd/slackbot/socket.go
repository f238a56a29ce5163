package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

const (
	// connections: with two, one is there while Slack renews the other.
	connections = 2
	// maxAtOnce bounds what is being stored at the same time.
	maxAtOnce = 256
	// socketPause is the time before a connection that ended is opened again.
	socketPause = 5 * time.Second
)

// socket takes Slack's requests over Socket Mode. The library reads and acks; the
// loop over its events is ours, so that they are stored before they are acked,
// bounded in number, and never in the way of its pings.
type socket struct {
	*bot

	slots  chan struct{}
	giveUp context.CancelCauseFunc // when the tokens will never do
	busy   sync.WaitGroup
}

// serve keeps the connections until ctx ends. It returns an error when Slack does
// not accept the tokens.
func (s *socket) serve(ctx context.Context, api *slack.Client) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.giveUp = cancel
	var all sync.WaitGroup
	for number := range connections {
		all.Go(func() {
			for ctx.Err() == nil {
				if err := s.connect(ctx, api, number); errors.Is(err, errSignedIn) {
					cancel(err)
				}
				select {
				case <-time.After(socketPause):
				case <-ctx.Done():
				}
			}
		})
	}
	all.Wait()
	s.busy.Wait()
	if err := context.Cause(ctx); errors.Is(err, errSignedIn) {
		return err
	}
	return nil
}

// connect runs one connection, which renews itself, until it cannot.
func (s *socket) connect(ctx context.Context, api *slack.Client, number int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client := socketmode.New(api, socketmode.OptionDialer(&websocket.Dialer{
		NetDialContext:   (&net.Dialer{Timeout: slackTimeout, KeepAlive: 15 * time.Second}).DialContext,
		HandshakeTimeout: slackTimeout,
	}), socketmode.OptionLog(log.New(io.Discard, "", 0)))
	var loop sync.WaitGroup
	loop.Go(func() { s.listen(ctx, client, number) })
	err := client.RunContext(ctx)
	cancel()
	loop.Wait()
	s.health.socket(number, false)
	if err = judged(err); err != nil && ctx.Err() == nil {
		s.logger.WarnContext(ctx, "a connection of Socket Mode has ended", "connection", number, "error", err)
	}
	return err
}

// listen hands each request to a goroutine of its own, and never waits.
func (s *socket) listen(ctx context.Context, client *socketmode.Client, number int) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-client.Events:
			s.event(ctx, client, number, e)
		}
	}
}

func (s *socket) event(ctx context.Context, client *socketmode.Client, number int, e socketmode.Event) {
	switch e.Type {
	case socketmode.EventTypeConnected:
		s.health.socket(number, true)
		s.health.slack(nil)
	case socketmode.EventTypeHello: // which is no request
	case socketmode.EventTypeConnectionError:
		s.health.socket(number, false)
		if failure, ok := e.Data.(*slack.ConnectionErrorEvent); ok && errors.Is(judged(failure.ErrorObj), errNotThere) {
			s.giveUp(fmt.Errorf("%w: the scope connections:write is missing", errSignedIn))
		}
	case socketmode.EventTypeConnecting, socketmode.EventTypeDisconnect:
		s.health.socket(number, false)
	case socketmode.EventTypeInvalidAuth:
		s.health.slack(errSignedIn)
	case socketmode.EventTypeErrorBadMessage: // for the library
		if bad, ok := e.Data.(*socketmode.ErrorBadMessage); ok {
			s.takeRaw(ctx, client, bad.Message)
		}
	case socketmode.EventTypeIncomingError:
		s.logger.InfoContext(ctx, "a connection of Socket Mode brought what cannot be read", "connection", number)
	case socketmode.EventTypeErrorWriteFailed:
		s.logger.WarnContext(ctx, "an acknowledgement was not written; the person sees an error, and the run goes on")
	default:
		if e.Request != nil {
			s.take(ctx, client, e)
		}
	}
}

// takeRaw takes a request that the library could not decode: the bot needs less of
// it.
func (s *socket) takeRaw(ctx context.Context, client *socketmode.Client, frame json.RawMessage) {
	r, err := unwrapped(frame)
	if err != nil {
		s.logger.WarnContext(ctx, "a request without an envelope_id, which nobody can acknowledge", "bytes", len(frame))
		return
	}
	s.take(ctx, client, socketmode.Event{Type: socketmode.EventType(r.Type), Request: &r})
}

// unwrapped reads the envelope of a request.
func unwrapped(frame json.RawMessage) (r socketmode.Request, err error) {
	var outer struct {
		Type         word            `json:"type"`
		EnvelopeID   word            `json:"envelope_id"`
		Payload      json.RawMessage `json:"payload"`
		RetryAttempt json.RawMessage `json:"retry_attempt"`
	}
	if err := json.Unmarshal(frame, &outer); err != nil {
		return r, err
	}
	if outer.EnvelopeID == "" {
		return r, errors.New("it has no envelope_id")
	}
	r.Type, r.EnvelopeID, r.Payload = string(outer.Type), string(outer.EnvelopeID), outer.Payload
	if json.Unmarshal(outer.RetryAttempt, &r.RetryAttempt) != nil && given(outer.RetryAttempt) {
		r.RetryAttempt = 1
	}
	return r, nil
}

// take works on a request in the background. One too many is refused at once.
func (s *socket) take(ctx context.Context, client *socketmode.Client, e socketmode.Event) {
	select {
	case s.slots <- struct{}{}:
	default:
		s.logger.WarnContext(ctx, "too many requests at once")
		if !saysBusy(e.Type) {
			return
		}
		go func() { // never in the way of the pings
			_ = s.ack(context.WithoutCancel(ctx), client, e, map[string]any{"text": "alitriage is busy, and nothing was started. Ask again in a moment."})
		}()
		return
	}
	s.busy.Go(func() {
		defer func() { <-s.slots }()
		began := time.Now()
		defer func() {
			if value := recover(); value != nil { // which may quote anything
				s.logger.ErrorContext(ctx, "internal error in a request", "type", fmt.Sprintf("%T", value))
			}
		}()
		if err := s.handle(context.WithoutCancel(ctx), client, e); err != nil {
			s.logger.WarnContext(ctx, "a request was not acknowledged", "error", err)
		}
		s.metrics.ack.Observe(time.Since(began).Seconds())
	})
}

// saysBusy tells what has an acknowledgement that people see. Of the others none is
// the better answer: Slack shows an error for a click, and sends an event again.
func saysBusy(kind socketmode.EventType) bool { return kind == socketmode.EventTypeSlashCommand }

// ack acknowledges a request, unless its connection has gone.
func (s *socket) ack(ctx context.Context, client *socketmode.Client, e socketmode.Event, payload any) error {
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	return client.AckCtx(ctx, e.Request.EnvelopeID, payload)
}

// handle stores a request, and acknowledges it then. What the library has made of
// it is not used, so that HTTP and Socket Mode have one decoder. What cannot be
// read is acknowledged too: it would be no better the next time.
func (s *socket) handle(ctx context.Context, client *socketmode.Client, e socketmode.Event) error {
	switch e.Type {
	case socketmode.EventTypeSlashCommand:
		var c slashCommand
		if err := json.Unmarshal(e.Request.Payload, &c); err != nil || !c.whole() {
			return s.ackUnread(ctx, client, e)
		}
		m := s.slashed(ctx, c)
		crashAt("acking")
		return s.ack(ctx, client, e, ackOf(m))
	case socketmode.EventTypeInteractive:
		var pressed interaction
		if err := json.Unmarshal(e.Request.Payload, &pressed); err != nil {
			return s.ackUnread(ctx, client, e)
		}
		defer s.interacted(ctx, pressed)()
		return s.ack(ctx, client, e, nil)
	case socketmode.EventTypeEventsAPI:
		var outer envelope
		if err := json.Unmarshal(e.Request.Payload, &outer); err != nil {
			return s.ackUnread(ctx, client, e)
		}
		if err := s.happened(ctx, outer, e.Request.RetryAttempt > 0); err != nil {
			return err // Slack sends it again
		}
		return s.ack(ctx, client, e, nil)
	default:
		return s.ackUnread(ctx, client, e)
	}
}

func (s *socket) ackUnread(ctx context.Context, client *socketmode.Client, e socketmode.Event) error {
	s.logger.WarnContext(ctx, "a request that the bot does not know, or cannot read", "type", fmt.Sprintf("%.40q", string(e.Type)), "bytes", len(e.Request.Payload))
	return s.ack(ctx, client, e, nil)
}
