//go:build unix

package cloudapi

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAPipeInPlaceOfAFileIsRefused: opening one waits until somebody writes to it.
func TestAPipeInPlaceOfAFileIsRefused(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "config.json")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	_, err := readSmall(pipe)
	require.ErrorContains(t, err, "a pipe or a device, and no file")
}
