//go:build unix

package jobs

import (
	"errors"
	"os"
	"syscall"
)

var (
	errLocked   error = syscall.EWOULDBLOCK
	errReadOnly error = syscall.EROFS
)

// lockExclusively holds a flock as long as the file is open: the kernel lets go
// of it when the process dies, however it dies.
func lockExclusively(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // in the directory the user configured
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
