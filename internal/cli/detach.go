package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/setting"
)

// word is what a detached server tells whoever started it, once: where it
// serves, or why it does not.
type word struct {
	Ready string         `json:"ready,omitempty"` // the line
	Error *freshet.Error `json:"error,omitempty"`
}

// detach starts this program again, in a session of its own, and waits until
// it serves or has said why not.
func (a *app) detach(ctx context.Context, c *cobra.Command, s *setting.Settings) error {
	log, err := logFile(s.Home)
	if err != nil {
		return err
	}
	defer log.Close()
	hear, say, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	defer hear.Close()
	child := exec.Command(a.Binary)
	child.Args = append([]string{a.Args[0]}, detachedArgs(c)...)
	child.Env, child.Dir = a.Env, a.Dir
	child.Stdout, child.Stderr = log, log
	child.ExtraFiles = []*os.File{say} // readyFD
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = child.Start()
	say.Close()
	if err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = child.Process.Signal(syscall.SIGTERM) })
	defer stop()
	w, err := listenFor(hear)
	if err != nil {
		_ = child.Wait() // its log says more than its exit code
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return freshet.Errorf(freshet.Internal, "the server ended before it was ready").WithHint("its log is %s", log.Name())
	}
	if w.Error != nil {
		_ = child.Wait()
		return w.Error
	}
	a.out.line("%s", w.Ready)
	return child.Process.Release()
}

// detachedArgs are the arguments of the process in the background: the flags
// that were given, but for -d.
func detachedArgs(c *cobra.Command) []string {
	args := append(strings.Fields(c.CommandPath())[1:], "--detached")
	c.Flags().Visit(func(f *pflag.Flag) {
		if f.Name != "detach" {
			args = append(args, "--"+f.Name+"="+f.Value.String())
		}
	})
	return args
}

func listenFor(hear io.Reader) (word, error) {
	var w word
	line, err := bufio.NewReader(hear).ReadBytes('\n')
	if err != nil {
		return w, err
	}
	return w, json.Unmarshal(line, &w)
}

// serveDetached is the server in the background: it speaks to whoever started
// it through a pipe.
func (a *app) serveDetached(ctx context.Context, s *setting.Settings, own map[string]string) error {
	say := os.NewFile(readyFD, "ready")
	defer say.Close()
	tell := func(w word) {
		_ = writeJSONLine(say, w) // nobody may listen any more
		say.Close()
	}
	reopen := func() {
		if err := reopenLog(s.Home); err != nil {
			a.err.line("cannot open the log again: %s", err)
		}
	}
	err := a.serve(ctx, own, reopen, func(url string) { tell(word{Ready: readyLine(url, s.Home, os.Getpid())}) })
	if err != nil {
		var e *freshet.Error
		if !errors.As(err, &e) {
			e = freshet.Errorf(freshet.Internal, "%s", err)
		}
		tell(word{Error: e})
	}
	return err
}

// reopenLog opens the file that a server in the background writes to again:
// whoever rotates logs has given the old one another name.
func reopenLog(home string) error {
	f, err := logFile(home)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, fd := range []int{1, 2} {
		if err := unix.Dup2(int(f.Fd()), fd); err != nil {
			return err
		}
	}
	return nil
}

// waitForHome waits until the server of a home on this machine has given it
// up, so that another can be started. The lock says so, and nobody has to ask
// again and again.
func waitForHome(ctx context.Context, home string) error {
	f, err := os.Open(filepath.Join(home, "lock"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a server somewhere else
	}
	if err != nil {
		return fmt.Errorf("wait for the server: %w", err)
	}
	free := make(chan error, 1)
	go func() {
		defer f.Close()
		free <- flock(f)
	}()
	select {
	case err := <-free:
		if err != nil {
			return fmt.Errorf("wait for the server: %w", err)
		}
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func flock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH)
		if err != syscall.EINTR {
			return err
		}
	}
}

// quote makes a word that a shell takes as it is.
func quote(text string) string {
	if text != "" && strings.IndexFunc(text, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-:=,+@%", r))
	}) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
