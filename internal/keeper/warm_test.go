package keeper_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/freshet/freshet/internal/keeper"
)

func warm(name string, l keeper.WarmLimits) keeper.Warm {
	return keeper.Warm{
		Args:  []string{"/bin/sh", "-c", "echo $MARK $0 > {dir}/started; exec sleep 1000", name},
		Env:   []string{"PATH=" + os.Getenv("PATH"), "MARK={secret} {keeper}"},
		Files: map[string]string{"file.json": "dir={dir} secret={secret}"}, Limits: l,
	}
}

// taken asks until a process is there.
func (r *rig) taken(c *keeper.Client, w keeper.Warm, gone func(keeper.Gone)) *keeper.Warmed {
	t := r.t
	t.Helper()
	var got *keeper.Warmed
	eventually(t, "nothing was kept warm", func() bool {
		var err error
		if got, err = c.Take(t.Context(), w, gone); err != nil {
			t.Fatal(err)
		}
		return got != nil
	})
	t.Cleanup(func() { r.noneLeft(got) })
	return got
}

// noneLeft ends what waits, before the keeper is killed, and checks that
// nothing is left of it and its like.
func (r *rig) noneLeft(w *keeper.Warmed) {
	r.t.Helper()
	if c, err := keeper.Dial(r.home, "test", nil); err == nil {
		if err := c.Cool(context.Background()); err != nil {
			r.t.Error(err)
		}
		defer c.Close()
	}
	prefix := w.Dir[:strings.LastIndexByte(w.Dir, '-')+1]
	eventually(r.t, "directories of processes are left", func() bool {
		left, err := filepath.Glob(prefix + "*")
		return err == nil && len(left) == 0
	})
}

func eventually(t testing.TB, fault string, so func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for !so() {
		select {
		case <-look.C:
		case <-deadline:
			t.Fatal(fault)
		}
	}
}

func over(pid int) func() bool {
	return func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
}

func missing(path string) func() bool {
	return func() bool { _, err := os.Stat(path); return errors.Is(err, os.ErrNotExist) }
}

func (r *rig) another() *keeper.Client {
	r.t.Helper()
	c, err := keeper.Dial(r.home, "test", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

func TestWarmIsGivenOnceAndEndsWithItsTaker(t *testing.T) {
	r := newRig(t)
	w := warm("a", keeper.WarmLimits{Count: 2})
	if got, err := r.c.Take(t.Context(), w, nil); got != nil || err != nil {
		t.Fatalf("before anybody had asked there was %+v, %v", got, err)
	}
	first, second := r.another(), r.another()
	defer second.Close()
	a := r.taken(first, w, nil)
	b := r.taken(second, w, nil)
	if a.PID == b.PID || a.Dir == b.Dir {
		t.Errorf("one process was given twice: %+v, %+v", a, b)
	}
	text, err := os.ReadFile(filepath.Join(a.Dir, "file.json"))
	secret, ok := strings.CutPrefix(string(text), "dir="+a.Dir+" secret=")
	if err != nil || !ok || len(secret) != 32 {
		t.Errorf("its file says %q, %v", text, err)
	}
	eventually(t, "it was not started as it was to be", func() bool {
		said, _ := os.ReadFile(filepath.Join(a.Dir, "started"))
		f := strings.Fields(string(said))
		return len(f) == 3 && f[0] == secret && f[2] == "a"
	})
	if st, err := os.Stat(a.Dir); err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("its directory is %v, %v", st, err)
	}
	first.Close()
	eventually(t, "it outlived its taker", over(a.PID))
	eventually(t, "its directory outlived it", missing(a.Dir))
	if over(b.PID)() {
		t.Error("it ended with the taker of another one")
	}
	if states, err := r.c.List(t.Context()); err != nil || len(states) > 0 {
		t.Errorf("among the attempts there are %v, %v", states, err)
	}
}

func TestWarmSaysHowItEnded(t *testing.T) {
	r := newRig(t)
	c := r.another()
	defer c.Close()
	gone := make(chan keeper.Gone, 10)
	a := r.taken(c, warm("a", keeper.WarmLimits{Count: 1}), func(g keeper.Gone) { gone <- g })
	if err := syscall.Kill(a.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if g := <-gone; g.PID != a.PID || g.ExitCode != 128+9 {
		t.Errorf("it ended as %+v", g)
	}
}

// What was let go may outlive its taker, for a moment.
func TestWarmIsLetGo(t *testing.T) {
	r := newRig(t)
	c := r.another()
	one := keeper.WarmLimits{Count: 1}
	a := r.taken(c, keeper.Warm{Args: []string{"/bin/sh", "-c", "mkfifo {dir}/pipe && read line < {dir}/pipe"}, Limits: one}, nil)
	pipe := filepath.Join(a.Dir, "pipe")
	eventually(t, "it has not begun", func() bool { _, err := os.Stat(pipe); return err == nil })
	if err := c.LetGo(t.Context(), a.PID); err != nil {
		t.Fatal(err)
	}
	c.Close()
	f, err := os.OpenFile(pipe, os.O_WRONLY, 0) // waits for who reads: it lives
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("end\n"); err != nil {
		t.Error(err)
	}
	f.Close()
	eventually(t, "it did not end", over(a.PID))

	c = r.another()
	b := r.taken(c, keeper.Warm{Args: []string{"/bin/sleep", "1000"}, Limits: one}, nil)
	if err := c.LetGo(t.Context(), b.PID); err != nil {
		t.Fatal(err)
	}
	c.Close()
	eventually(t, "what does not end itself stays", over(b.PID))
}

// Of what waits there are never more than allowed, and what was asked for
// last stays.
func TestWarmLimits(t *testing.T) {
	r := newRig(t)
	c := r.another()
	defer c.Close()
	one := keeper.WarmLimits{Count: 1}
	waiting := func(name string) (n int) {
		dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), "freshet-warm-*", "started"))
		for _, d := range dirs {
			if text, _ := os.ReadFile(d); strings.HasSuffix(string(text), " "+name+"\n") {
				n++
			}
		}
		return n
	}
	a, b := filepath.Base(r.home)+"-a", filepath.Base(r.home)+"-b"
	r.taken(c, warm(a, one), nil)
	r.taken(c, warm(b, one), nil)
	eventually(t, "the process asked for earlier waits, or the later one does not", func() bool {
		return waiting(a) == 1 && waiting(b) == 2 // one of each is taken
	})
	if err := c.Cool(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "something waits though nothing is to be kept", func() bool { return waiting(a) == 1 && waiting(b) == 1 })

	soon := keeper.WarmLimits{Count: 1, Idle: 20 * time.Millisecond}
	if _, err := c.Take(t.Context(), warm(a, soon), nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "what nobody asks for stays", func() bool { return waiting(a) == 1 })
}

// A keeper that is killed leaves nothing warm behind, once another one comes.
func TestWarmIsBuried(t *testing.T) {
	r := newRig(t)
	c := r.another()
	a := r.taken(c, warm("a", keeper.WarmLimits{Count: 1}), nil)
	r.c.Close()
	r.kill()
	c.Close()
	r.launch()
	r.dial()
	eventually(t, "it outlived its keeper", over(a.PID))
	eventually(t, "its directory outlived its keeper", missing(a.Dir))
}

// A keeper that leaves takes along what it kept in reserve; what somebody has
// taken makes it stay.
func TestWarmAndQuit(t *testing.T) {
	r := newRig(t)
	c := r.another()
	a := r.taken(c, warm("a", keeper.WarmLimits{Count: 1}), nil)
	if err := r.c.Quit(t.Context()); !errors.Is(err, keeper.ErrBusy) {
		t.Errorf("while somebody has a process it says %v", err)
	}
	c.Close()
	eventually(t, "it outlived its taker", over(a.PID))
	eventually(t, "it does not leave", func() bool { return r.c.Quit(t.Context()) == nil })
}
