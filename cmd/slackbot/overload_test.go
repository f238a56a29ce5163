package main

import (
	"testing"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
	"github.com/stretchr/testify/require"
)

// Slack sends an event again that was not acknowledged, and shows an error for a
// click: an acknowledgement would lose both without a word.
func TestAnEventOrClickOfTooManyIsNotAcknowledged(t *testing.T) {
	s := newScene(t, sceneOptions{file: usual, idle: true})
	busy := &socket{bot: s.idleBot(t)} // which has no slots at all
	client := socketmode.New(slack.New("xoxb-0"))
	for _, kind := range []socketmode.EventType{socketmode.EventTypeEventsAPI, socketmode.EventTypeInteractive} {
		busy.take(t.Context(), client, socketmode.Event{Type: kind}) // an acknowledgement would need the request that is missing here
	}
	require.True(t, saysBusy(socketmode.EventTypeSlashCommand))
	require.False(t, saysBusy(socketmode.EventTypeEventsAPI))
	require.False(t, saysBusy(socketmode.EventTypeInteractive))
}
