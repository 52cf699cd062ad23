package jupyter

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Exit is how a process ended.
type Exit struct {
	Code   int            // its exit code, -1 where a signal ended it
	Signal syscall.Signal // 0 where none did
}

func (e *Exit) String() string {
	if e.Signal != 0 {
		return fmt.Sprintf("ended by signal %d (%s)", int(e.Signal), e.Signal)
	}
	return "exit code " + strconv.Itoa(e.Code)
}

// child is the process of a kernel, leader of a group of its own.
type child struct {
	pid  int
	tail tail          // of its stderr
	done chan struct{} // closed when it has been waited for
	exit Exit          // after done
}

// startChild starts argv. Its program is looked for in the PATH of env.
func startChild(argv []string, dir string, env []string, stdout, stderr io.Writer) (*child, error) {
	path, err := lookPath(argv[0], dir, env)
	if err != nil {
		return nil, err
	}
	c := &child{done: make(chan struct{})}
	cmd := &exec.Cmd{
		Path: path, Args: argv, Dir: dir, Env: env,
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
	}
	// Pipes of our own: exec.Cmd's would make Wait wait for processes that the
	// kernel has left behind.
	out, outEnd, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer outEnd.Close()
	errs, errsEnd, err := os.Pipe()
	if err != nil {
		out.Close()
		return nil, err
	}
	defer errsEnd.Close()
	cmd.Stdout, cmd.Stderr = outEnd, errsEnd
	dieWithUs(cmd.SysProcAttr)
	started, ended := make(chan error), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the thread lives as long as the kernel does
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if started <- err; err == nil {
			ended <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		out.Close()
		errs.Close()
		return nil, whyNotStarted(err, dir)
	}
	c.pid = cmd.Process.Pid
	var copied sync.WaitGroup
	copied.Go(func() { copyAll(out, stdout) })
	copied.Go(func() { copyAll(errs, &c.tail, stderr) })
	go func() {
		defer close(c.done)
		c.exit = exitOf(<-ended)
		// What it left behind in its group goes with it.
		_ = syscall.Kill(-c.pid, syscall.SIGKILL)
		// And who left the group may hold the pipes: what a dead kernel wrote is
		// there by now.
		until := time.Now().Add(200 * time.Millisecond)
		_, _ = out.SetReadDeadline(until), errs.SetReadDeadline(until)
		copied.Wait()
	}()
	return c, nil
}

func exitOf(err error) Exit {
	var e *exec.ExitError
	if !errors.As(err, &e) {
		return Exit{}
	}
	if ws, ok := e.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return Exit{-1, ws.Signal()}
	}
	return Exit{Code: e.ExitCode()}
}

// copyAll reads to the end, whatever becomes of the writers: a kernel must not
// block because nobody reads what it says.
func copyAll(r *os.File, to ...io.Writer) {
	defer r.Close()
	b := make([]byte, 8<<10)
	for {
		n, err := r.Read(b)
		for _, w := range to {
			if w != nil {
				_, _ = w.Write(b[:n])
			}
		}
		if err != nil {
			return
		}
	}
}

// signal reaches the kernel and what it has started.
func (c *child) signal(s syscall.Signal) error {
	select {
	case <-c.done:
		return os.ErrProcessDone
	default:
		return syscall.Kill(-c.pid, s)
	}
}

func whyNotStarted(err error, dir string) error {
	if st, e := os.Stat(dir); dir != "" && (e != nil || !st.IsDir()) {
		return fmt.Errorf("its working directory %s is not there", dir)
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		return fmt.Errorf("%s cannot be executed: %w", p.Path, p.Err)
	}
	return err
}

// lookPath finds a program as the kernel itself would.
func lookPath(name, dir string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, d := range filepath.SplitList(variable(env, "PATH")) {
		path := filepath.Join(d, name)
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		if executable(path) {
			return path, nil
		}
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

// tail keeps the end of what is written to it.
type tail struct {
	mu sync.Mutex
	b  []byte
}

const tailSize = 4 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, b[max(0, len(b)-tailSize):]...)
	if over := len(t.b) - tailSize; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(b), nil
}

// String is valid UTF-8, even where the cut went through a character.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.ToValidUTF8(string(t.b), "")
}
