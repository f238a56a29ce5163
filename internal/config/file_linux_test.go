package config_test

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/internal/config"
)

func TestAPipeThatNobodyWritesTo(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	_, err := config.ReadFile(pipe, time.Millisecond)
	require.ErrorContains(t, err, "nothing came from it within 1ms; if it is a pipe, nobody writes to it")
}
