package jobs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	lockFile   = "lock"
	formatFile = "format"
	format     = "alitriage jobs 1\n"
)

// directory is a store directory that this process alone may use.
type directory struct {
	path string
	lock *os.File
}

// openDirectory creates or checks the directory and locks it.
func openDirectory(path string) (*directory, error) {
	if err := privateDirectory(path); err != nil {
		return nil, err
	}
	lock, err := lockExclusively(filepath.Join(path, lockFile))
	if err != nil {
		return nil, lockError(path, err)
	}
	return &directory{path: path, lock: lock}, nil
}

func lockError(path string, err error) error {
	switch {
	case errors.Is(err, errLocked):
		return fmt.Errorf("store directory %s is in use by another process: stop that one, or give this one a directory of its own", path)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, errReadOnly):
		return fmt.Errorf("store directory %s is not writable for this user: %w", path, err)
	}
	return fmt.Errorf("store directory %s cannot be locked: %w", path, err)
}

func privateDirectory(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("store directory %s cannot be created: %w", path, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("store directory %s: %w", path, err)
	}
	// Windows has no such bits; there the directory inherits the rights of the user's profile.
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return fmt.Errorf("store directory %s has mode %04o, so that others can get at it: chmod 700 %s", path, mode, path)
	}
	return nil
}

// used says whether a store was completed here once. From then on a stream that
// is missing means damage: the server skips a stream whose description it cannot
// read, and creating it anew would bury what is left.
func (d *directory) used() (bool, error) {
	text, err := os.ReadFile(filepath.Join(d.path, formatFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("store directory %s: %w", d.path, err)
	case string(text) != format:
		return false, fmt.Errorf("store directory %s holds format %q, this version knows %q: use the version that wrote it, or another directory",
			d.path, strings.TrimSpace(string(text)), strings.TrimSpace(format))
	}
	return true, nil
}

func (d *directory) markUsed() error {
	err := os.WriteFile(filepath.Join(d.path, formatFile), []byte(format), 0o600)
	if err != nil {
		return fmt.Errorf("store directory %s: %w", d.path, err)
	}
	return nil
}

// What has to fit onto the disk, and how soon, for it to count as neither full nor
// too slow.
const (
	room       = 1 << 20
	roomWithin = time.Second
)

// hasRoom tries.
func (d *directory) hasRoom() bool {
	began, path := time.Now(), filepath.Join(d.path, "room")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // in the store's own directory
	if err != nil {
		return false
	}
	defer os.Remove(path)
	defer file.Close()
	_, err = file.Write(make([]byte, room))
	return err == nil && file.Sync() == nil && time.Since(began) < roomWithin
}

// unlock leaves the file: removing it would let two processes lock two files of one name.
func (d *directory) unlock() error { return d.lock.Close() }
