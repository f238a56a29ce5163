//go:build fixture && unix

package main

import (
	"os"
	"syscall"
	"time"
)

// crashAt kills this process where a test wants it, as kill -9 does, or stops it
// until SIGCONT. It is in no released binary.
func crashAt(point string) {
	switch point {
	case os.Getenv("ALITRIAGE_TEST_CRASH_AT"):
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // until it arrives
	case os.Getenv("ALITRIAGE_TEST_FREEZE_AT"):
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		time.Sleep(100 * time.Millisecond) // it arrives, and this goes on after SIGCONT
	}
}
