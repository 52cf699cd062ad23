package jupyter

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// place is the private directory of a kernel: its sockets and its connection
// file.
type place struct {
	dir  string
	lock *os.File // held as long as whoever made the directory lives
}

const (
	placePrefix = "freshet-kernel-"
	lockFile    = "lock"
	// socketPath is what is left of the 104 bytes (macOS; Linux 108) that the
	// path of a unix socket can have.
	socketPath = 100
	// sweepAge keeps a directory that is just being made from being swept.
	sweepAge = time.Minute
)

func newPlace(parent string) (*place, error) {
	if parent == "" || len(filepath.Join(parent, placePrefix))+len("1234567890/k-5") > socketPath {
		parent = "/tmp"
	}
	sweep(parent)
	dir, err := os.MkdirTemp(parent, placePrefix)
	if err != nil {
		return nil, fmt.Errorf("make the directory of a kernel: %w", err)
	}
	p := &place{dir: dir}
	if p.lock, err = os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, 0o600); err == nil {
		err = unix.Flock(int(p.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make the directory of a kernel: %w", err), p.remove())
	}
	return p, nil
}

// transport is what was asked for, or else ipc, or else tcp where unix sockets
// cannot be made.
func (p *place) transport(asked string) string {
	if asked != "" {
		return asked
	}
	l, err := net.Listen("unix", filepath.Join(p.dir, "try"))
	if err != nil {
		return TCP
	}
	l.Close()
	return IPC
}

func (p *place) remove() error {
	err := os.RemoveAll(p.dir)
	if p.lock != nil {
		err = errors.Join(err, p.lock.Close())
	}
	return err
}

// sweep removes directories whose makers were killed: nobody holds their
// locks. It asks the lock and not for a process id, because another container
// may share the directory.
func sweep(parent string) {
	locks, _ := filepath.Glob(filepath.Join(parent, placePrefix+"*", lockFile))
	for _, path := range locks {
		st, err := os.Stat(path)
		if err != nil || time.Since(st.ModTime()) < sweepAge {
			continue
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			continue // another account's
		}
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			_ = os.RemoveAll(filepath.Dir(path))
		}
		f.Close()
	}
}
