package notebook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/jupyter/jupytertest"
	"github.com/freshet/freshet/internal/nbformat"
	"github.com/freshet/freshet/internal/papermill"
)

// What is heard of a notebook while it runs, and what comes of it.
func TestRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var log bytes.Buffer
	var said []string
	r := execute(t, Options{
		Input: written(t,
			cell("# papermill_description=Load\nimport os\nprint('in', os.path.basename(os.getcwd()))\nprint('no newline', end='')"),
			&nbformat.Cell{Type: nbformat.Markdown, Source: "# Title", Metadata: map[string]any{}},
			cell("{'a': 1}"),
			cell("1/0", raisesTag),
			cell("from IPython.display import display\ndisplay({'application/scrapbook.scrap.json+json': {'name': 'n', 'data': 5, 'encoder': 'json', 'version': 1}}, raw=True)"),
			cell("exit"),
			cell("print('never')"),
		),
		Dir: dir, Log: &log,
		Progress: func(p Progress) {
			said = append(said, fmt.Sprintf("%d/%d done %d %s", p.Cell, p.Cells, p.Done, p.Description))
		},
	})
	if r.Status != freshet.Success || r.Failure != nil || r.Executed != 5 || r.Started <= 0 || r.Elapsed < r.Started {
		t.Errorf("%+v: %v", r, r.Failure)
	}
	if diff := cmp.Diff([]string{"the notebook ended early at cell 6 of 7"}, r.Warnings); diff != "" {
		t.Error(diff)
	}
	want := []string{"1/7 done 0 Load", "2/7 done 1 ", "3/7 done 2 ", "4/7 done 3 ", "5/7 done 4 ", "6/7 done 5 "}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
	lines := strings.Split(log.String(), "\n")
	if diff := cmp.Diff([]string{"in " + filepath.Base(dir), "no newline", "{'a': 1}"}, lines[:3]); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(log.String(), "\x1b[31mZeroDivisionError\x1b[39m") {
		t.Errorf("the log has no traceback with colours: %q", log.String())
	}
	scraps, warnings := papermill.Scraps(r.Notebook)
	if len(scraps) != 1 || scraps[0].Name != "n" || len(warnings) != 0 {
		t.Errorf("scraps %v, %v", scraps, warnings)
	}
}

// What an Output widget has taken is known to the code that comes later.
func TestOutputWidget(t *testing.T) {
	t.Parallel()
	r := execute(t, Options{Input: written(t,
		cell("import ipywidgets as w\no = w.Output()\nwith o:\n    print('a')\n    display('b')"),
		cell("[x['output_type'] for x in o.outputs]"),
		cell("o.clear_output()"),
		cell("o.append_stdout('c')\no.outputs"))})
	want := []string{"cell",
		`execute_result {"data":{"text/plain":"['stream', 'display_data']"},"execution_count":2,"metadata":{}}`, "cell", "cell",
		`execute_result {"data":{"text/plain":"({'output_type': 'stream', 'name': 'stdout', 'text': 'c'},)"},"execution_count":4,"metadata":{}}`}
	if diff := cmp.Diff(want, shown(r.Notebook.Cells)); diff != "" {
		t.Error(diff)
	}
}

// A warm kernel is, for the notebook, one that was started for it.
func TestWarmKernel(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "beside.py"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o := Options{Dir: dir, Env: append(os.Environ(), "NEW=a=b", "TZ=Asia/Tokyo"), Input: written(t, cell(
		"import os, sys, time\n"+
			"print(os.getcwd(), time.tzname, '', sys.path, sorted(globals()), len(sys.argv))\n"+
			"print({k: v for k, v in sorted(os.environ.items()) if not k.startswith('JPY_')})\n"+
			"import beside"))}
	cold := execute(t, o)

	k, err := jupyter.Start(t.Context(), *jupytertest.IPython(t), jupyter.Options{Dir: "/", Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	k.Close()
	released := 0
	o.Take = func(_ context.Context, s *jupyter.Spec) *Warm {
		return &Warm{Connection: k.Connection, Peer: jupyter.Peer{Name: "warm", PID: k.PID(), Spec: s},
			Release: func(ctx context.Context) { released++; k.Kill(ctx) }}
	}
	warm := execute(t, o)
	if warm.Failure != nil || cold.Failure != nil || released != 1 {
		t.Fatalf("%v, %v, released %d times", cold.Failure, warm.Failure, released)
	}
	if diff := cmp.Diff(shown(cold.Notebook.Cells), shown(warm.Notebook.Cells)); diff != "" {
		t.Errorf("cold (-), warm (+):\n%s", diff)
	}
	if n := warm.Notebook.Cells[0].ExecutionCount; n == nil || *n != 1 {
		t.Errorf("the first cell is In [%v]", n)
	}
}

// A warm kernel that is gone is no reason to fail.
func TestDeadWarmKernel(t *testing.T) {
	t.Parallel()
	k, err := jupyter.Start(t.Context(), *jupytertest.IPython(t), jupyter.Options{Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	k.Kill(ended())
	exited := make(chan jupyter.Exit, 1)
	exited <- k.Wait()
	released := 0
	r := execute(t, Options{Input: written(t, cell("1")), Take: func(context.Context, *jupyter.Spec) *Warm {
		return &Warm{Connection: k.Connection, Peer: jupyter.Peer{Name: "warm", PID: k.PID(), Exited: exited}, Release: func(context.Context) { released++ }}
	}})
	if r.Failure != nil || released != 1 {
		t.Fatalf("%v, released %d times", r.Failure, released)
	}
}

func TestPrepareOnly(t *testing.T) {
	var out bytes.Buffer
	in, err := os.ReadFile(written(t, cell("x = 1", "parameters"), cell("x")))
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), Options{Input: "-", Output: "-", Stdin: bytes.NewReader(in), Stdout: &out, PrepareOnly: true, HideInput: true,
		Parameters: []papermill.Param{{Name: "x", Value: 2}}})
	if err != nil || r.Status != freshet.Success || r.Output != "" {
		t.Fatal(r, err)
	}
	nb, err := nbformat.Read(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if len(nb.Cells) != 3 || nb.Cells[1].Source != "# Parameters\nx = 2\n" || !strings.Contains(out.String(), "source_hidden") {
		t.Errorf("%s", out.String())
	}
	if got := statuses(nb); !slices.Equal(got, []string{"", "", ""}) {
		t.Errorf("the cells are %v", got)
	}
}

// runner is set where the test's own program runs a notebook: its input and
// output.
const runner = "NOTEBOOK_TEST_RUN"

// Whoever kills the runner finds a notebook that was whole a moment ago, and
// no kernel is left.
func TestKilledRunner(t *testing.T) {
	t.Parallel()
	python := jupytertest.Python(t)
	dir := t.TempDir()
	fifo := filepath.Join(dir, "saved")
	in := written(t, cell("print('first')"), cell("import os\nprint('pid', os.getpid(), flush=True)"), cell(forever))
	out := filepath.Join(dir, "out.ipynb")
	if err := exec.Command("mkfifo", fifo).Run(); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), runner+"="+strings.Join([]string{in, out, python, fifo}, "\n"))
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile(fifo); err != nil { // until the runner says that it has saved
		t.Fatal(err)
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	nb := readNotebook(t, out)
	var pid int
	if got := shown(nb.Cells); len(got) < 3 || got[0] != "stdout first\n" {
		t.Fatalf("the file has %q", got)
	} else if _, err := fmt.Sscanf(got[2], "stdout pid %d", &pid); err != nil {
		t.Fatalf("the file has %q", got)
	}
	for every := time.Tick(20 * time.Millisecond); syscall.Kill(pid, 0) == nil; <-every { // until the test's time is over
	}
}

// A kernel of any language goes with its runner, also one that knows nothing of
// parents.
func TestKilledRunnerOfAnyKernel(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fifo, kernel := filepath.Join(dir, "pid"), filepath.Join(dir, "kernels", "deaf")
	if err := errors.Join(os.MkdirAll(kernel, 0o700), exec.Command("mkfifo", fifo).Run()); err != nil {
		t.Fatal(err)
	}
	spec, err := json.Marshal(map[string]any{"display_name": "Deaf", "language": "none", "argv": []string{"sh", "-c", "echo $$ > " + fifo + "; exec sleep 1000", "{connection_file}"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(kernel, "kernel.json"), spec, 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), runner+"="+strings.Join([]string{written(t, cell("x")), filepath.Join(dir, "out.ipynb"), "", fifo}, "\n"),
		"JUPYTER_PATH="+dir)
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	said, err := os.ReadFile(fifo)
	if _, e := fmt.Sscan(string(said), &pid); err != nil || e != nil {
		t.Fatalf("%q, %v", said, err)
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	for every := time.Tick(20 * time.Millisecond); syscall.Kill(pid, 0) == nil; <-every { // until the test's time is over
	}
}
