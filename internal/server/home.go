package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/freshet/freshet"
)

// home is the directory that a server owns while it runs.
type home struct {
	dir  string
	lock *os.File
}

// openHome makes the directory if need be and takes its lock: one server at a
// time has a home.
func openHome(dir string) (*home, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, freshet.Errorf(freshet.Invalid, "cannot make the home %s: %v", dir, reason(err)).
			WithHint("name another directory with --home")
	}
	if name, remote := networkFileSystem(dir); remote {
		return nil, freshet.Errorf(freshet.Invalid, "the home %s is on a network file system (%s)", dir, name).
			WithHint("its locks and shared memory do not work there: name a directory on a local disk with --home")
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, freshet.Errorf(freshet.Unavailable, "cannot write to the home %s: %v", dir, reason(err)).
			WithHint("a server needs a home that it may write to; nothing in it has been changed")
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, occupied(dir)
		}
		return nil, fmt.Errorf("lock the home %s: %w", dir, err)
	}
	h := &home{dir: dir, lock: lock}
	if err := h.complete(); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

// occupied says who has the home.
func occupied(dir string) error {
	h := home{dir: dir}
	server, recorded := h.recorded()
	holder, known := lockHolder(h.path("lock"))
	if recorded && (holder == server.PID || !known && syscall.Kill(server.PID, 0) == nil) {
		return freshet.Errorf(freshet.Conflict, "a server has the home %s already: pid %d, %s", dir, server.PID, server.URL).
			WithHint("use that one, or stop it with `server stop`")
	}
	const is = "it is starting, restoring or checking there, or its server.json is gone"
	if !known {
		return freshet.Errorf(freshet.Conflict, "another freshet has the home %s: %s", dir, is).
			WithHint("try again in a moment; if this stays, look for its process and end it")
	}
	return freshet.Errorf(freshet.Conflict, "another freshet has the home %s, pid %d: %s", dir, holder, is).
		WithHint("try again in a moment; if this stays, end that process: `kill %d`", holder)
}

func reason(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// close gives the home free. What it recorded stays: the next server begins
// with the same port.
func (h *home) close() {
	if h.lock != nil {
		h.lock.Close()
	}
}

// path of something in the home.
func (h *home) path(name ...string) string {
	return filepath.Join(append([]string{h.dir}, name...)...)
}

// private makes a file that only its owner can read, if it is not there: the
// directory protects it too, until somebody copies it elsewhere.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return freshet.Errorf(freshet.Unavailable, "cannot write to %s: %v", path, reason(err)).
			WithHint("a server needs a home that it may write to; nothing in it has been changed")
	}
	return f.Close()
}

// recorded is what the present or the last server wrote down of itself.
func (h *home) recorded() (freshet.Server, bool) {
	var s freshet.Server
	raw, err := os.ReadFile(h.path("server.json"))
	return s, err == nil && json.Unmarshal(raw, &s) == nil
}

// record writes down who serves, for the CLI of the same home.
func (h *home) record(s freshet.Server) error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	next := h.path("server.json.new")
	if err := os.WriteFile(next, append(raw, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(next, h.path("server.json"))
}

// listen opens the port. Port 0 is the last server's port if that is free, so
// that tasks that outlived it find the new one.
func (h *home) listen(addr string) (net.Listener, error) {
	host, port, _ := net.SplitHostPort(addr)
	if last, ok := h.recorded(); ok && port == "0" {
		if _, old, err := net.SplitHostPort(trimScheme(last.URL)); err == nil {
			if l, err := net.Listen("tcp", net.JoinHostPort(host, old)); err == nil {
				return l, nil
			}
		}
	}
	l, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, freshet.Errorf(freshet.Conflict, "another program listens on %s", addr).
			WithHint("choose a port with --listen %s, or 0 for a free one", net.JoinHostPort(host, "PORT"))
	case err != nil:
		return nil, freshet.Errorf(freshet.Invalid, "cannot listen on %s: %v", addr, err)
	}
	return l, nil
}

func trimScheme(url string) string {
	const scheme = "http://"
	if len(url) > len(scheme) {
		return url[len(scheme):]
	}
	return url
}

// reserve is a file that is given up when the disk is full, so that ends and
// stops can still be recorded.
type reserve struct{ path string }

const reserveBytes = 16 << 20

func (r reserve) Release() { os.Remove(r.path) }

// Restore tells whether there is room for the reserve again.
func (r reserve) Restore() bool {
	if info, err := os.Stat(r.path); err == nil && info.Size() == reserveBytes {
		return true
	}
	next := r.path + ".new"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return false
	}
	err = errors.Join(allocate(f, reserveBytes), f.Close())
	if err == nil {
		err = os.Rename(next, r.path)
	}
	if err != nil {
		os.Remove(next)
	}
	return err == nil
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
