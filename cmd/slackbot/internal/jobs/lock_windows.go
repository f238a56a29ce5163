package jobs

import (
	"os"
	"syscall"
)

const sharingViolation = syscall.Errno(32)

var (
	errLocked   error = sharingViolation
	errReadOnly error = syscall.Errno(19) // ERROR_WRITE_PROTECT
)

// lockExclusively opens the file with no sharing: a second open fails as long as
// this one lives, and Windows closes it with the process.
func lockExclusively(path string) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	handle, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(handle), path), nil
}
