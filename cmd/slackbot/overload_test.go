package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Slack sends an event again that was not acknowledged, and shows an error for a
// click: an acknowledgement would lose both without a word.
func TestOnlyACommandOfTooManyIsAcknowledged(t *testing.T) {
	require.True(t, saysBusy(aCommand))
	require.False(t, saysBusy(anEvent))
	require.False(t, saysBusy(aClick))
}
