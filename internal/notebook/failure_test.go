package notebook

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/jupyter/jupytertest"
	"github.com/freshet/freshet/internal/nbformat"
)

// fails checks how a run failed, and that its file says so.
func fails(t *testing.T, r *Result, reason Reason, cell int, words ...string) {
	t.Helper()
	if r.Failure == nil {
		t.Fatalf("the run ended as %s, without a failure", r.Status)
	}
	want := freshet.Failed
	if reason == Cancelled {
		want = freshet.Stopped
	}
	if r.Status != want || r.Failure.Reason != reason || r.Failure.Cell != cell {
		t.Errorf("%s, %s in cell %d: %v; want %s in cell %d", r.Status, r.Failure.Reason, r.Failure.Cell, r.Failure, reason, cell)
	}
	for _, w := range words {
		if !strings.Contains(r.Failure.Error(), w) {
			t.Errorf("%q does not speak of %q", r.Failure, w)
		}
	}
	nb := readNotebook(t, r.Output)
	block, _ := nb.Metadata["papermill"].(map[string]any)
	if block["exception"] != true || block["end_time"] == nil {
		t.Errorf("the file's record is %v", block)
	}
	if !nb.Cells[0].HasTag("papermill-error-cell-tag") {
		t.Errorf("the file has no banner, but %q", nb.Cells[0].Source)
	}
	if cell == 0 {
		return
	}
	if at := nb.Cells[cell+1]; statuses(nb)[cell+1] != "failed" || !failedOutput(at) {
		t.Errorf("the file's cell is %v", at.Metadata)
	}
	for _, status := range statuses(nb)[cell+2:] {
		if status != "pending" {
			t.Errorf("a cell after that is %s", status)
		}
	}
}

func failedOutput(c *nbformat.Cell) bool {
	for _, o := range c.Outputs {
		if o.Type == nbformat.Error {
			return true
		}
	}
	return false
}

const forever = "import time\nprint('begun', flush=True)\nwhile True:\n    time.sleep(60)"

// What can go wrong with a kernel that runs a cell.
func TestFailures(t *testing.T) {
	for _, c := range []struct {
		name   string
		source string
		o      Options
		reason Reason
		words  []string
	}{
		{"error", "import sys\nsys.exit('no data')", Options{}, Exited, []string{"cell 2 of 3 (In [2])", "no data"}},
		{"exit", "exit(1)", Options{}, Exited, []string{"cell 2 of 3 (In [2])", "the notebook exited with 1"}},
		{"quit", "quit('no data')", Options{}, Exited, []string{"cell 2 of 3 (In [2])", "no data"}},
		{"an error after exit", "exit()\n1/0", Options{}, CellError, []string{"ZeroDivisionError"}},
		{"input", "input('name? ')", Options{}, CellError, []string{"StdinNotImplementedError"}},
		{"killed", "import os\nprint('so far', flush=True)\nos.kill(os.getpid(), 9)", Options{}, KernelDied, []string{"cell 2 of 3", "died", "killed"}},
		{"exits", "import os\nos._exit(0)", Options{}, KernelDied, []string{"exit code 0"}},
		{"cell timeout", forever, Options{CellTimeout: 800 * time.Millisecond}, CellTimeout, []string{"longer than 800ms"}},
		{"cell timeout, deaf", "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + forever,
			Options{CellTimeout: 800 * time.Millisecond, Grace: 100 * time.Millisecond}, CellTimeout, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.o.Input = written(t, cell("print('first')"), cell(c.source), cell("print('last')"))
			var log bytes.Buffer
			c.o.Log = &log
			r := execute(t, c.o)
			fails(t, r, c.reason, 2, c.words...)
			if !strings.HasPrefix(log.String(), "first\n") {
				t.Errorf("the log is %q", log.String())
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	r := execute(t, Options{Input: written(t, cell(forever)), Timeout: 1500 * time.Millisecond})
	if r.Failure == nil {
		t.Fatal("it did not fail")
	}
	fails(t, r, Timeout, r.Failure.Cell, "longer than 1.5s") // cell 0 where the kernel starts slowly
}

// told is a log that does something when a text comes.
type told struct {
	mu   sync.Mutex
	text strings.Builder
	of   string
	do   func()
}

func (l *told) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := strings.Contains(l.text.String(), l.of)
	l.text.Write(b)
	if !before && strings.Contains(l.text.String(), l.of) {
		l.do()
	}
	return len(b), nil
}

func TestCancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	out := filepath.Join(t.TempDir(), "out.ipynb")
	o := Options{Input: written(t, cell("1"), cell(forever)), Output: out, Log: &told{of: "begun", do: cancel}}
	r, err := Run(ctx, withPython(t, o))
	if err != nil {
		t.Fatal(err)
	}
	fails(t, r, Cancelled, 2, "stopped")
}

// Who is in a hurry to stop a notebook finds its file finished before the
// kernel is ended, however deaf that is.
func TestCancelDeaf(t *testing.T) {
	t.Parallel()
	k, err := jupyter.Start(t.Context(), *jupytertest.IPython(t), jupyter.Options{Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	k.Close()
	ctx, cancel := context.WithCancel(t.Context())
	out := filepath.Join(t.TempDir(), "out.ipynb")
	var stopped time.Time
	var released bool
	o := Options{Input: written(t, cell("1"), cell("import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"+forever)), Output: out, Grace: time.Second,
		Log: &told{of: "begun", do: func() { stopped = time.Now(); cancel() }},
		Take: func(_ context.Context, s *jupyter.Spec) *Warm {
			return &Warm{Connection: k.Connection, Peer: jupyter.Peer{PID: k.PID(), Spec: s}, Release: func(ctx context.Context) {
				nb := readNotebook(t, out)
				if block, _ := nb.Metadata["papermill"].(map[string]any); block["exception"] != true || !nb.Cells[0].HasTag("papermill-error-cell-tag") {
					t.Errorf("the kernel is ended before the file is: %v", block)
				}
				released = true
				k.Kill(ctx)
			}}
		}}
	r, err := Run(ctx, withPython(t, o))
	if err != nil || !released {
		t.Fatal(err, released)
	}
	if took := time.Since(stopped); took < 400*time.Millisecond || took > 5*time.Second { // 0.5 s, on a machine that does nothing else
		t.Errorf("it took %s", took)
	}
	fails(t, r, Cancelled, 2, "stopped")
}

// A kernel that never comes up leaves a file that says so.
func TestNoKernel(t *testing.T) {
	specs := t.TempDir()
	for name, argv := range map[string]string{
		"broken": `["/bin/sh", "-c", "echo no such module >&2; exit 3", "{connection_file}"]`,
		"deaf":   `["/bin/sleep", "60"]`,
	} {
		dir := filepath.Join(specs, "kernels", name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "kernel.json"), []byte(`{"language":"python","display_name":"","argv":`+argv+`}`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name   string
		o      Options
		reason Reason
		words  string
	}{
		{"unknown", Options{Kernel: "fortran"}, KernelUnknown, "fortran"},
		{"broken", Options{Kernel: "broken"}, KernelStart, "no such module"},
		{"deaf", Options{Kernel: "deaf", StartTimeout: 50 * time.Millisecond}, KernelStart, "50ms"},
		{"no Python", Options{Interpreter: filepath.Join(specs, "python")}, KernelStart, "no such program"},
		{"no Python's ipykernel", Options{Interpreter: "/bin/false"}, KernelStart, "/bin/false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Input, c.o.Output = written(t, cell("1"), cell("2")), filepath.Join(t.TempDir(), "out.ipynb")
			c.o.Search = jupyter.Search{Getenv: func(name string) string { return map[string]string{"JUPYTER_PATH": specs}[name] }}
			c.o.Env = os.Environ()
			r, err := Run(t.Context(), c.o)
			if err != nil {
				t.Fatal(err)
			}
			fails(t, r, c.reason, 0, c.words)
			if r.Failure.Hint == "" && c.reason == KernelUnknown {
				t.Error("nobody says what to do")
			}
			if got := statuses(readNotebook(t, r.Output))[1:]; got[0] != "pending" || got[1] != "pending" {
				t.Errorf("the cells are %v", got)
			}
		})
	}
}

// What is wrong before anything runs is an error, and nothing is written.
func TestRefused(t *testing.T) {
	in := written(t, cell("1"))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "text.ipynb"), []byte("no notebook"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		o    Options
		code freshet.ErrorCode
	}{
		{"no input", Options{Input: filepath.Join(dir, "none.ipynb")}, freshet.NotFound},
		{"no notebook", Options{Input: filepath.Join(dir, "text.ipynb")}, freshet.Invalid},
		{"output is a directory", Options{Input: in, Output: dir}, freshet.Invalid},
		{"output is nowhere", Options{Input: in, Output: filepath.Join(dir, "text.ipynb", "out.ipynb")}, freshet.Invalid},
		{"output cannot be written", Options{Input: in, Output: "/proc/out.ipynb"}, freshet.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := Run(t.Context(), c.o)
			if freshet.CodeOf(err) != c.code || r != nil {
				t.Errorf("%v, %v", r, err)
			}
		})
	}
}
