package notebook

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/freshet/freshet"
)

// verify skips what takes too long for everyday.
func verify(t *testing.T) {
	t.Helper()
	if os.Getenv("FRESHET_VERIFY") == "" {
		t.Skip("set FRESHET_VERIFY=1")
	}
}

// left is what this process holds of the system: open files, which sockets
// are, children, and what runs in it.
func left(t *testing.T) map[string]int {
	t.Helper()
	count := func(pattern string) int {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	children := 0
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(os.Getpid()) {
			children++
		}
	}
	return map[string]int{"files": count("/proc/self/fd/*"), "children": children, "goroutines": runtime.NumGoroutine()}
}

// memory is what this process held at most, in MB.
func memory(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("no /proc")
	}
	var kb int
	for line := range strings.Lines(string(status)) {
		if text, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			if _, err := fmt.Sscanf(text, "%d kB", &kb); err != nil {
				t.Fatal(err)
			}
		}
	}
	return kb >> 10
}

func TestManyNotebooks(t *testing.T) {
	verify(t)
	in := written(t, cell("print('a')"), cell("1 + 1"))
	execute(t, Options{Input: in})
	before := left(t)
	for range 200 {
		if r := execute(t, Options{Input: in}); r.Status != freshet.Success {
			t.Fatal(r.Failure)
		}
	}
	for what, n := range left(t) {
		if n > before[what] {
			t.Errorf("%d %s before, %d after", before[what], what, n)
		}
	}
	if mb := memory(t); mb > 30 {
		t.Errorf("the runner held %d MB", mb)
	}
}

func TestNotebooksSideBySide(t *testing.T) {
	verify(t)
	in := written(t, cell("print('a')"), cell("1 + 1"))
	dir, err := os.MkdirTemp("/tmp", "nb") // a short path: it is that of sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	execute(t, Options{Input: in, RuntimeDir: dir})
	before := left(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if r := execute(t, Options{Input: in, RuntimeDir: dir}); r.Status != freshet.Success {
				t.Error(r.Failure)
			}
		})
	}
	all.Wait()
	for what, n := range left(t) {
		if n > before[what] {
			t.Errorf("%d %s before, %d after", before[what], what, n)
		}
	}
	places, err := os.ReadDir(dir)
	if err != nil || len(places) > 0 {
		t.Errorf("left where the kernels' sockets were: %v, %v", places, err)
	}
	if kernels := naming(t, dir); len(kernels) > 0 {
		t.Errorf("kernels that go on: %q", kernels)
	}
}

// naming are the processes of this machine whose command line has a text, as a
// kernel's has the path of its connection file.
func naming(t *testing.T, text string) (found []string) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		if line, err := os.ReadFile(path); err == nil && strings.Contains(string(line), text) {
			found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}

// A hundred megabytes of output arrive whole.
func TestMuchOutput(t *testing.T) {
	verify(t)
	r := execute(t, Options{Input: written(t, cell(
		"line = 'x' * 99\nfor i in range(1000 * 1000):\n    print(line)"), cell("print('end')"))})
	if r.Status != freshet.Success {
		t.Fatal(r.Failure)
	}
	t.Logf("the runner held %d MB, and took %s", memory(t), r.Elapsed)
	nb := readNotebook(t, r.Output)
	if got := nb.Cells[0].Outputs; len(got) != 1 || len(got[0].Text) != 100*1000*1000 {
		t.Errorf("%d outputs", len(got))
	}
}
