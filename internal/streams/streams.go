package streams

import (
	"io"
	"log"
	"os"
)

// Own takes stdout and stderr away from everybody else and returns them. It has to
// be called before anything else runs.
func Own() (stdout, stderr *os.File) {
	stdout, stderr = os.Stdout, os.Stderr
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil { // as in a bare root: writes to no file fail, and nobody looks
		null = nil
	}
	os.Stdout, os.Stderr = null, null
	log.SetOutput(io.Discard) // it keeps the stderr that it has found
	return stdout, stderr
}
