package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

// Slack sends an event again that was not acknowledged, and shows an error for a
// click: an acknowledgement would lose both without a word.
func TestOnlyACommandOfTooManyIsAcknowledged(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, socket: true, idle: true, slack: slacksim.Options{AckTimeout: time.Second}})
	busy := &socket{bot: s.idleBot(t)} // which has no slots at all
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- busy.serve(ctx) }()
	limited, stop := context.WithTimeout(ctx, patience)
	defer stop()
	require.NoError(t, s.WaitConnected(limited, connections))
	s.eventually(t, "the hello of both", func() bool { return len(busy.health.state()) == 0 })
	require.Equal(t, "operation_timeout", s.Push(anEvent, fields{"type": "event_callback"}).Error)
	require.Equal(t, "operation_timeout", s.Push(aClick, fields{"type": "block_actions"}).Error)
	require.Empty(t, s.Acks())
	require.Contains(t, s.command(t, slacksim.Alice, slacksim.Incidents, "/triage", "checkout").Text(), "alitriage is busy, and nothing was started")
	cancel()
	require.NoError(t, <-ended)
}
