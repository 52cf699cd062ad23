package jupyter_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/jupyter/jupytertest"
)

// long runs with as much output, and as many kernels, as are promised.
var long = flag.Bool("long", false, "100 MB of each sort of output, 20 kernels side by side")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// started is a real kernel that is ready, and that leaves nothing behind.
func started(t *testing.T, change ...func(*jupyter.Spec, *jupyter.Options)) *jupyter.Kernel {
	t.Helper()
	spec := *jupytertest.IPython(t)
	o := options(t)
	for _, c := range change {
		c(&spec, &o)
	}
	k, err := jupyter.Start(t.Context(), spec, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		k.Kill(context.Background())
		clean(t, k, o.RuntimeDir)
	})
	if _, err := k.Ready(patient(t)); err != nil {
		t.Fatal(err)
	}
	return k
}

func options(t *testing.T) jupyter.Options {
	return jupyter.Options{Dir: t.TempDir(), Env: os.Environ(), RuntimeDir: short(t)}
}

// short is a directory whose path leaves room for the names of sockets.
func short(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "jt")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func patient(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// clean checks that neither processes nor files are left of a kernel.
func clean(t *testing.T, k *jupyter.Kernel, dir string) {
	t.Helper()
	if err := syscall.Kill(-k.PID(), 0); !errors.Is(err, syscall.ESRCH) {
		// Whoever was killed with the group may wait to be reaped by init.
		for until := time.Now().Add(5 * time.Second); !errors.Is(syscall.Kill(-k.PID(), 0), syscall.ESRCH) && !zombies(k.PID()); {
			if time.Now().After(until) {
				t.Errorf("processes of the kernel's group %d are left", k.PID())
				break
			}
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left in the runtime directory: %v, %v", left, err)
	}
}

// zombies says whether all that is left of a group is dead: whether anybody
// reaps orphans is not the kernel's business.
func zombies(group int) bool {
	out, err := exec.Command("ps", "-eo", "pgid=,stat=").Output()
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) == 2 && f[0] == jsonText(group) && !strings.HasPrefix(f[1], "Z") {
			return false
		}
	}
	return true
}

func jsonText(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// said is what a cell put out.
type said struct {
	out   strings.Builder
	types []string
}

func (s *said) handle(m *jupyter.Message) {
	s.types = append(s.types, m.Header.Type)
	if m.Header.Type == "stream" {
		var c struct{ Text string }
		if m.Decode(&c) == nil {
			s.out.WriteString(c.Text)
		}
	}
}

func run(t *testing.T, k *jupyter.Kernel, code string) (*jupyter.Reply, *said) {
	t.Helper()
	s := &said{}
	r, err := k.Execute(patient(t), jupyter.Request{Code: code, StoreHistory: true, StopOnError: true}, s.handle)
	if err != nil {
		t.Fatalf("%s: %v", code, err)
	}
	return r, s
}

func TestCells(t *testing.T) {
	k := started(t)
	for _, c := range []struct{ code, status, out, types string }{
		{"print('hello')", "ok", "hello\n", "status execute_input stream status"},
		{"1+1", "ok", "", "status execute_input execute_result status"},
		{"from IPython.display import display, HTML; display(HTML('<b>x</b>'))", "ok", "", "status execute_input display_data status"},
		{"1/0", "error", "", "status execute_input error status"},
		{"", "ok", "", "status execute_input status"},
		{"input('?')", "error", "", "status execute_input error status"},
	} {
		r, s := run(t, k, c.code)
		if r.Status != c.status || s.out.String() != c.out || strings.Join(s.types, " ") != c.types {
			t.Errorf("%q: %s, %q, %v", c.code, r.Status, s.out.String(), s.types)
		}
	}
	r, _ := run(t, k, "1/0")
	if r.ErrorName != "ZeroDivisionError" || r.ExecutionCount == 0 || len(r.Traceback) == 0 {
		t.Errorf("the reply of an error is %+v", r)
	}
}

func TestColdStart(t *testing.T) {
	spec, o := *jupytertest.IPython(t), options(t)
	began := time.Now()
	k, err := jupyter.Start(t.Context(), spec, o)
	if err != nil {
		t.Fatal(err)
	}
	sockets := time.Since(began)
	info, err := k.Ready(patient(t))
	if err != nil {
		t.Fatal(err)
	}
	ready := time.Since(began)
	if info.Language.Name != "python" || info.Implementation != "ipython" {
		t.Errorf("the kernel says %+v", info)
	}
	began = time.Now()
	k.Kill(t.Context())
	t.Logf("sockets after %v, ready after %v, ended in %v", sockets, ready, time.Since(began))
	if _, err := os.Stat(filepath.Dir(k.File)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its directory is left: %v", err)
	}
}
