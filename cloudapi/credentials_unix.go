//go:build unix

package cloudapi

import (
	"io/fs"
	"os"
	"os/exec"
	"syscall"
)

// keepOwner gives file the owner of the one that it replaces: root, too, may run
// alitriage for somebody.
func keepOwner(file *os.File, replaced fs.FileInfo) error {
	was, ok := replaced.Sys().(*syscall.Stat_t)
	if !ok || int(was.Uid) == os.Geteuid() && int(was.Gid) == os.Getegid() {
		return nil
	}
	return file.Chown(int(was.Uid), int(was.Gid))
}

// ownGroup lets the end of a helper program end what it has started, too.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
