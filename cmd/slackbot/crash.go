//go:build fixture

package main

import (
	"os"
	"syscall"
)

// crashAt kills this process where a test wants it, as kill -9 does. It is in no
// released binary.
func crashAt(point string) {
	if os.Getenv("ALITRIAGE_TEST_CRASH_AT") != point { //nolint:forbidigo // a test's
		return
	}
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Signal(syscall.SIGKILL)
	}
	select {} // until it arrives
}
