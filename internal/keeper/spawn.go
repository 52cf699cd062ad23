package keeper

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/logkey"
)

// spawnAll forks what is queued until the keeper ends.
func (k *Keeper) spawnAll() {
	for {
		k.mu.Lock()
		for len(k.queue) == 0 && !k.closed {
			k.queued.Wait()
		}
		if k.closed {
			k.mu.Unlock()
			return
		}
		a := k.queue[0]
		k.queue = k.queue[1:]
		k.mu.Unlock()
		k.spawn(a)
	}
}

// spawn forks one attempt. While it runs no unknown child is waited for, see
// reap: between the fork and its entry the child is unknown.
func (k *Keeper) spawn(a *attempt) {
	defer k.tell()
	k.mu.Lock()
	s := a.start
	if a.stopping {
		k.ended(a, 0, freshet.CodeLost, stoppedBefore)
		k.mu.Unlock()
		return
	}
	k.mu.Unlock()
	k.spawning.RLock()
	defer k.spawning.RUnlock()
	pid, err := k.fork(s)
	if err != nil {
		k.failed(a, err.Error())
		return
	}
	now := freshet.Time(time.Now())
	p, _ := lookAt(pid) // it is there until it has been waited for
	line := appendProcess(nil, s.Key, pid, p.start)

	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.pids.append(line); err != nil {
		// The intent stands in the list; the process is found by its mark.
		k.log.Warn("cannot list a process", logkey.Error, err)
	}
	a.PID, a.StartTime, a.StartedAt, a.start = pid, p.start, now, nil
	k.byPID[pid] = a
	k.notify(&a.State)
	if a.stopping {
		a.stopping = false
		k.stop(a, time.Until(a.killAt))
	}
	k.wake(k.forked)
	k.wake(k.grown)
}

// fork starts the process. Its error is for people.
func (k *Keeper) fork(s *Start) (pid int, err error) {
	log, err := openLog(s.Log)
	if err != nil {
		return 0, errors.New("cannot write its log: " + plain(err))
	}
	defer unix.Close(log)
	path, err := lookPath(s)
	if err != nil {
		return 0, err
	}
	pid, err = syscall.ForkExec(path, s.Args, &syscall.ProcAttr{
		Dir:   s.Dir,
		Env:   append(s.Env[:len(s.Env):len(s.Env)], mark(k.info.Instance, s.Key)),
		Files: []uintptr{k.null.Fd(), uintptr(log), uintptr(log)},
		// A group of its own and not a session: where the kernel schedules by
		// session, making one for each process is measurably dearer.
		Sys: &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return 0, errors.New(diagnose(s, path, err))
	}
	return pid, nil
}

func (k *Keeper) failed(a *attempt, reason string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ended(a, 0, freshet.CodeStartFailed, reason)
}

// openLog opens the log as a plain descriptor: what the poller of the runtime
// would need is paid for every process and used by none.
func openLog(path string) (int, error) {
	const flags = unix.O_WRONLY | unix.O_APPEND | unix.O_CREAT | unix.O_CLOEXEC
	fd, err := unix.Open(path, flags, 0o600)
	if err == unix.ENOENT {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return -1, err
		}
		fd, err = unix.Open(path, flags, 0o600)
	}
	if err != nil {
		return -1, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return fd, nil
}

// lookPath finds the program as the attempt itself would: in its own PATH and
// relative to its own directory.
func lookPath(s *Start) (string, error) {
	if len(s.Args) == 0 || s.Args[0] == "" {
		return "", errors.New("there is nothing to execute")
	}
	name := s.Args[0]
	if strings.Contains(name, "/") {
		return name, nil // the child is in its directory by then
	}
	denied := ""
	for _, dir := range filepath.SplitList(variable(s.Env, "PATH")) {
		if dir == "" {
			dir = "."
		}
		path := filepath.Join(dir, name)
		if !filepath.IsAbs(path) {
			path = filepath.Join(s.Dir, path)
		}
		var st unix.Stat_t
		if unix.Stat(path, &st) != nil || st.Mode&unix.S_IFMT == unix.S_IFDIR {
			continue
		}
		if unix.Access(path, unix.X_OK) == nil {
			return path, nil
		}
		denied = path
	}
	if denied != "" {
		return "", fmt.Errorf("%s may not be executed: permission denied", denied)
	}
	if err := checkDir(s.Dir); err != nil {
		return "", err
	}
	return "", fmt.Errorf("there is no program %q in PATH", name)
}

func variable(env []string, name string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if v, ok := strings.CutPrefix(env[i], name+"="); ok {
			return v
		}
	}
	return ""
}

// checkDir says in one line why a process cannot start in dir.
func checkDir(dir string) error {
	st, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("its working directory %s does not exist", dir)
	case err != nil:
		return fmt.Errorf("its working directory: %s", plain(err))
	case !st.IsDir():
		return fmt.Errorf("its working directory %s is not a directory", dir)
	case unix.Access(dir, unix.X_OK) != nil:
		return fmt.Errorf("its working directory %s may not be entered: permission denied", dir)
	}
	return nil
}

// diagnose says in one line why the kernel refused.
func diagnose(s *Start, path string, err error) string {
	if err := checkDir(s.Dir); err != nil {
		return err.Error()
	}
	whole := path
	if !filepath.IsAbs(whole) {
		whole = filepath.Join(s.Dir, whole)
	}
	switch {
	case errors.Is(err, unix.E2BIG):
		return tooBig(s)
	case errors.Is(err, unix.ENOENT):
		if _, e := os.Stat(whole); e == nil {
			return fmt.Sprintf("the interpreter that the first line of %s names does not exist", path)
		}
		return fmt.Sprintf("there is no program %q", path)
	case errors.Is(err, unix.EACCES):
		return fmt.Sprintf("%s may not be executed: permission denied", path)
	case errors.Is(err, unix.ENOEXEC):
		return fmt.Sprintf("%s is not a program: its first line names no interpreter", path)
	case errors.Is(err, unix.EINVAL):
		for _, v := range s.Env {
			if strings.IndexByte(v, 0) >= 0 {
				name, _, _ := strings.Cut(v, "=")
				return fmt.Sprintf("environment variable %s contains a NUL byte", name)
			}
		}
		return "an argument contains a NUL byte"
	}
	return fmt.Sprintf("%s cannot be executed: %s", path, plain(err))
}

// plain is the text of an error of the file system for people.
func plain(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Path + ": " + p.Err.Error()
	}
	return err.Error()
}
