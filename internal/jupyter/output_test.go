package jupyter_test

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/jupyter/jupytertest"
)

// Much output arrives whole, also where it is handled more slowly than it
// comes, and does not have to fit into memory.
func TestMuchOutput(t *testing.T) {
	size := 5_000_000
	if *long {
		size = 100_000_000
	}
	k := started(t)
	for _, c := range []struct {
		name, code string
		wait       bool
	}{
		{"many lines", "for i in range(SIZE // 100): print(str(i % 10) * 99)", false},
		{"many lines, handled late", "for i in range(SIZE // 100): print(str(i % 10) * 99)", true},
		{"many messages", "for i in range(SIZE // 10000): print(str(i % 10) * 9999, flush=True)", false},
		{"one message", "print('x' * (SIZE - 1))", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got, messages int
			var peak uint64
			held := make(chan struct{})
			if c.wait { // until the kernel is done, which other means tell
				done := make(chan struct{})
				defer func() { <-done }()
				go func() {
					defer close(done)
					defer close(held)
					untilIdle(t, k)
				}()
			} else {
				close(held)
			}
			began := time.Now()
			r, err := k.Execute(patient(t), jupyter.Request{Code: strings.ReplaceAll(c.code, "SIZE", strconv.Itoa(size))}, func(m *jupyter.Message) {
				if m.Header.Type != "stream" {
					return
				}
				<-held
				var s struct{ Text string }
				if err := m.Decode(&s); err != nil {
					t.Error(err)
				}
				got += len(s.Text)
				messages++
				var mem runtime.MemStats
				runtime.ReadMemStats(&mem)
				peak = max(peak, mem.HeapInuse)
			})
			if err != nil || r.Status != "ok" || got != size {
				t.Errorf("%d of %d bytes came, %+v, %v", got, size, r, err)
			}
			t.Logf("%d bytes in %d messages in %v, at most %d MB of heap", got, messages, time.Since(began).Round(time.Millisecond), peak>>20)
			if c.name != "one message" && peak > 64<<20 {
				t.Errorf("it took %d MB of memory", peak>>20)
			}
		})
	}
}

// untilIdle waits, as a second client, until the kernel has done what it does.
func untilIdle(t *testing.T, k *jupyter.Kernel) {
	c, err := jupyter.Connect(t.Context(), k.Connection, jupyter.Peer{})
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	if _, err := c.Request(t.Context(), jupyter.Shell, "kernel_info_request", struct{}{}); err != nil {
		t.Error(err)
	}
}

func TestInput(t *testing.T) {
	k := started(t)
	var s said
	r, err := k.Execute(patient(t), jupyter.Request{Code: "print(input('name? ') + '!')", Input: func(prompt string, password bool) (string, error) {
		if prompt != "name? " || password {
			t.Errorf("it asks %q, password %v", prompt, password)
		}
		return "ada", nil
	}}, s.handle)
	if err != nil || r.Status != "ok" || s.out.String() != "ada!\n" {
		t.Errorf("it said %q, %+v, %v", s.out.String(), r, err)
	}
	r, err = k.Execute(patient(t), jupyter.Request{Code: "input()", Input: func(string, bool) (string, error) { return "", os.ErrClosed }}, nil)
	if err != nil || r.Status != "error" {
		t.Errorf("unanswered it ended with %+v, %v", r, err)
	}
}

func TestBash(t *testing.T) {
	k := started(t, func(s *jupyter.Spec, _ *jupyter.Options) { *s = *jupytertest.Bash(t) })
	if r, s := run(t, k, "for i in 1 2 3; do echo $i; done"); r.Status != "ok" || s.out.String() != "1\n2\n3\n" {
		t.Errorf("it said %q, %+v", s.out.String(), r)
	}
	if r, _ := run(t, k, "false"); r.Status != "error" {
		t.Errorf("false ended with %+v", r)
	}
}

// The environment and the directory of a kernel are its own.
func TestSurroundings(t *testing.T) {
	dir := t.TempDir()
	k := started(t, func(s *jupyter.Spec, o *jupyter.Options) {
		s.Env = map[string]string{"B": "${A}-b", "C": "${NONE}"}
		o.Env, o.Dir = []string{"A=a", "PATH=/usr/bin:/bin"}, dir
	})
	_, s := run(t, k, "import os; print(os.getcwd(), os.environ['A'], os.environ['B'], os.environ['C'], 'HOME' in os.environ)")
	if want := dir + " a a-b ${NONE} False\n"; s.out.String() != want {
		t.Errorf("it said %q, wanted %q", s.out.String(), want)
	}
}

func TestSideBySide(t *testing.T) {
	n := 4
	if *long {
		n = 20
	}
	spec, o := *jupytertest.IPython(t), options(t)
	var all sync.WaitGroup
	kernels := make([]*jupyter.Kernel, n)
	for i := range n {
		all.Go(func() {
			k, err := jupyter.Start(t.Context(), spec, o)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := k.Ready(t.Context()); err != nil {
				t.Error(err)
			}
			kernels[i] = k
		})
	}
	all.Wait() // now all of them are there at once
	for i, k := range kernels {
		if k == nil {
			continue
		}
		all.Go(func() {
			var s said
			_, err := k.Execute(t.Context(), jupyter.Request{Code: "print(" + strconv.Itoa(i) + " * 1000)"}, s.handle)
			if err != nil || s.out.String() != strconv.Itoa(i*1000)+"\n" {
				t.Errorf("kernel %d said %q, %v", i, s.out.String(), err)
			}
			k.Kill(t.Context())
		})
	}
	all.Wait()
	for _, k := range kernels {
		if k != nil {
			clean(t, k, o.RuntimeDir)
		}
	}
}
