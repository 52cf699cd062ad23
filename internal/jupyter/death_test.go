package jupyter_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/jupyter/jupytertest"
)

func TestDoesNotStart(t *testing.T) {
	script := func(s string) []string { return []string{"/bin/sh", "-c", s} }
	for _, c := range []struct {
		name    string
		argv    []string
		timeout time.Duration
		kind    jupyter.Kind
		text    string
	}{
		{"no program", []string{"no-such-kernel"}, 0, jupyter.StartFailed, `kernel k does not start: there is no program "no-such-kernel" in PATH`},
		{"no such path", []string{"/no/such/kernel"}, 0, jupyter.StartFailed, "kernel k does not start: /no/such/kernel cannot be executed: no such file or directory"},
		{"no argv", nil, 0, jupyter.StartFailed, "kernel k does not start: its argv is empty"},
		{"exits at once", script("echo first >&2; echo boom >&2; exit 7"), 0, jupyter.StartFailed, "kernel k does not start: exit code 7: boom"},
		{"is killed at once", script("kill -9 $$"), 0, jupyter.StartFailed, "kernel k does not start: ended by signal 9 (killed)"},
		{"makes no sockets", script("echo starting >&2; exec sleep 1000"), 50 * time.Millisecond, jupyter.NotReady, "kernel k was not ready within "},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := options(t)
			o.StartTimeout = c.timeout
			_, err := jupyter.Start(t.Context(), jupyter.Spec{Name: "k", Argv: c.argv}, o)
			var f *jupyter.Failure
			if !errors.As(err, &f) || f.Kind != c.kind || !strings.Contains(err.Error(), c.text) {
				t.Fatalf("it ended with %q, wanted %q: %s", err, c.kind, c.text)
			}
			if c.name == "exits at once" && (f.Exit.Code != 7 || f.Stderr != "first\nboom\n") {
				t.Errorf("the failure is %+v", f)
			}
			if left, _ := os.ReadDir(o.RuntimeDir); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestStartIsGivenUp(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	given := errors.New("given up")
	cancel(given)
	_, err := jupyter.Start(ctx, jupyter.Spec{Name: "k", Argv: []string{"/bin/sleep", "1000"}}, options(t))
	if !errors.Is(err, given) {
		t.Errorf("it ended with %v", err)
	}
}

// Others may take the ports between their choice and the kernel's start.
func TestPortsAreTaken(t *testing.T) {
	k := started(t, func(s *jupyter.Spec, o *jupyter.Options) {
		first := filepath.Join(t.TempDir(), "first")
		s.Argv = append([]string{"/bin/sh", "-c",
			`if mkdir "$0"; then echo "zmq.error.ZMQError: Address already in use" >&2; exit 1; fi; exec "$@"`, first}, s.Argv...)
		o.Transport = jupyter.TCP
	})
	if _, s := run(t, k, "print(1)"); s.out.String() != "1\n" || k.Connection.Transport != jupyter.TCP {
		t.Errorf("a kernel over %s said %q", k.Connection.Transport, s.out.String())
	}
}

func TestDies(t *testing.T) {
	for _, c := range []struct {
		name, code string
		exit       jupyter.Exit
	}{
		{"exits", "import os; print('last words', flush=True); os._exit(3)", jupyter.Exit{Code: 3}},
		{"is killed", "import os, signal; print('last words', flush=True); os.kill(os.getpid(), signal.SIGKILL)", jupyter.Exit{Code: -1, Signal: syscall.SIGKILL}},
		// A child that holds the kernel's sockets does not hide its death.
		{"leaves a child", "import os, time\nif os.fork() == 0: time.sleep(1000)\nprint('last words', flush=True); os._exit(4)", jupyter.Exit{Code: 4}},
		{"leaves a child that left its group", "import os, time\nif os.fork() == 0: os.setsid(); time.sleep(5); os._exit(0)\nprint('last words', flush=True); os._exit(5)", jupyter.Exit{Code: 5}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := started(t)
			var s said
			began := time.Now()
			_, err := k.Execute(patient(t), jupyter.Request{Code: c.code}, s.handle)
			var f *jupyter.Failure
			if !errors.As(err, &f) || f.Kind != jupyter.Died || f.Exit == nil || *f.Exit != c.exit {
				t.Errorf("it ended with %v", err)
			}
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("its death was noticed after %v", took)
			}
			if e := k.ExitError(); !errors.Is(e, f) {
				t.Errorf("ExitError is %v", e)
			}
			if _, err := k.Execute(patient(t), jupyter.Request{Code: "1"}, nil); jupyter.KindOf(err) != jupyter.Died {
				t.Errorf("a dead kernel's next cell ended with %v", err)
			}
			if freshet.CodeOf(err) != freshet.Unavailable {
				t.Errorf("its code is %s", freshet.CodeOf(err))
			}
		})
	}
}

// Two clients of one kernel: who has it from somebody else knows of its death
// by its connections and its process.
func TestSomebodyElsesKernelDies(t *testing.T) {
	k := started(t)
	where, err := jupyter.ReadConnection(k.File)
	if err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(k.File); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the connection file is %v, %v", st.Mode(), err)
	}
	c, err := jupyter.Connect(patient(t), where, jupyter.Peer{PID: k.PID(), Spec: &k.Spec})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Ready(patient(t)); err != nil {
		t.Fatal(err)
	}
	var s said
	if _, err := c.Execute(patient(t), jupyter.Request{Code: "print(2)"}, s.handle); err != nil || s.out.String() != "2\n" {
		t.Errorf("it said %q, %v", s.out.String(), err)
	}
	interruptWhenBusy(t, c, "import time\nprint('busy', flush=True)\ntime.sleep(1000)")
	if _, err := c.Execute(patient(t), jupyter.Request{Code: "import os; os._exit(9)"}, nil); jupyter.KindOf(err) != jupyter.Died {
		t.Errorf("it ended with %v", err)
	}
}

// interruptWhenBusy interrupts a cell as soon as it says that it is busy.
func interruptWhenBusy(t *testing.T, c *jupyter.Client, code string) {
	t.Helper()
	r, err := c.Execute(patient(t), jupyter.Request{Code: code}, func(m *jupyter.Message) {
		if m.Header.Type == "stream" {
			if err := c.Interrupt(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	if err != nil || r.ErrorName != "KeyboardInterrupt" {
		t.Errorf("an interrupted cell ended with %+v, %v", r, err)
	}
}

func TestInterrupt(t *testing.T) {
	for name, mode := range map[string]string{"by signal": "", "by message": "message"} {
		t.Run(name, func(t *testing.T) {
			k := started(t, func(s *jupyter.Spec, _ *jupyter.Options) { s.InterruptMode = mode })
			interruptWhenBusy(t, k.Client, "import time\nprint('busy', flush=True)\ntime.sleep(1000)")
			interruptWhenBusy(t, k.Client, "print('busy', flush=True)\nwhile True: sum(range(100000))")
			if _, s := run(t, k, "print('after')"); s.out.String() != "after\n" {
				t.Errorf("the next cell said %q", s.out.String())
			}
		})
	}
}

// A kernel that ignores everything that can be ignored ends all the same, and
// so does what it has started.
func TestKillTheStubborn(t *testing.T) {
	k := started(t, func(_ *jupyter.Spec, o *jupyter.Options) { o.Grace = 100 * time.Millisecond })
	stubborn := `import signal, subprocess, time
for s in (signal.SIGINT, signal.SIGTERM): signal.signal(s, signal.SIG_IGN)
subprocess.Popen(["sleep", "1000"])
print('busy', flush=True)
while True:
    try: time.sleep(1000)
    except BaseException: pass`
	killed := make(chan struct{})
	_, err := k.Execute(patient(t), jupyter.Request{Code: stubborn}, func(m *jupyter.Message) {
		if m.Header.Type == "stream" {
			go func() { defer close(killed); k.Kill(t.Context()) }()
		}
	})
	var f *jupyter.Failure
	if !errors.As(err, &f) || f.Kind != jupyter.Died || f.Exit == nil || f.Exit.Signal != syscall.SIGKILL {
		t.Errorf("it ended with %v", err)
	}
	<-killed
	if k.ExitError() != nil {
		t.Errorf("an end that was asked for is called %v", k.ExitError())
	}
}

// A process that is stopped, or that holds its interpreter's lock, is not
// dead, however silent it is.
func TestStoppedIsNotDead(t *testing.T) {
	k := started(t, func(_ *jupyter.Spec, o *jupyter.Options) { o.Beat = 10 * time.Millisecond })
	if err := syscall.Kill(k.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := k.Execute(ctx, jupyter.Request{Code: "1"}, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a stopped kernel's cell ended with %v", err)
	}
	if err := syscall.Kill(k.PID(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if _, s := run(t, k, "print(1)"); s.out.String() != "1\n" {
		t.Errorf("it said %q", s.out.String())
	}
}

// Where somebody else waits for the kernel's process, how it ended is told.
func TestSomebodyElseSaysHowItEnded(t *testing.T) {
	exited := make(chan jupyter.Exit, 1)
	s := jupytertest.NewScripted(t, jupytertest.Script{"x": {
		{Do: (*jupytertest.Scripted).Close},
		{Do: func(*jupytertest.Scripted) { exited <- jupyter.Exit{Code: 3} }},
	}}, 0)
	c, err := jupyter.Connect(patient(t), s.Connection, jupyter.Peer{Exited: exited})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.Execute(patient(t), jupyter.Request{Code: "x"}, nil)
	var f *jupyter.Failure
	if !errors.As(err, &f) || f.Kind != jupyter.Died || f.Exit == nil || f.Exit.Code != 3 {
		t.Errorf("it ended with %v", err)
	}
}

// Many kernels one after another leave no descriptor behind.
func TestDescriptors(t *testing.T) {
	count := func() int {
		open, err := os.ReadDir("/dev/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(open)
	}
	use := func(n int) {
		s := jupytertest.NewScripted(t, nil, 0)
		for range n {
			c, err := jupyter.Connect(patient(t), s.Connection, jupyter.Peer{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Ready(patient(t)); err != nil {
				t.Error(err)
			}
			c.Close()
		}
		s.Close()
		_, err := jupyter.Start(t.Context(), jupyter.Spec{Name: "k", Argv: []string{"/bin/false"}}, options(t))
		if jupyter.KindOf(err) != jupyter.StartFailed {
			t.Error(err)
		}
	}
	use(1)
	before := count()
	use(50)
	if after := count(); after > before+3 { // what the runtime itself opens comes and goes
		t.Errorf("%d descriptors were open, and %d are", before, after)
	}
}

func TestConnectionFile(t *testing.T) {
	for text, fault := range map[string]string{
		`{"transport": "udp"}`: `a kernel's transport is ipc or tcp, not "udp"`,
		`{"transport": "tcp", "key": "k", "signature_scheme": "hmac-md5"}`: `a kernel's messages are signed by hmac-sha256, not by "hmac-md5"`,
		`{`: "unexpected end",
	} {
		path := filepath.Join(t.TempDir(), "c.json")
		put(t, text, 0o600, path)
		if _, err := jupyter.ReadConnection(path); err == nil || !strings.Contains(err.Error(), fault) {
			t.Errorf("%s: %v", text, err)
		}
	}
	c := jupyter.Connection{Transport: "tcp", IP: "*", ShellPort: 5}
	if network, address := c.Address(jupyter.Shell); network != "tcp" || address != "127.0.0.1:5" {
		t.Errorf("it is at %s %s", network, address)
	}
}
