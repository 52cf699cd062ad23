package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/jupyter/jupytertest"
	"github.com/freshet/freshet/internal/nbformat"
)

// notebookOf is a notebook with a cell of defaults and some of code.
func notebookOf(defaults string, cells ...string) string {
	type cell map[string]any
	nb := cell{"nbformat": 4, "nbformat_minor": 5, "metadata": cell{"kernelspec": cell{"name": "python3", "language": "python", "display_name": "Python 3"}}}
	list := []cell{{"id": "p", "cell_type": "code", "source": defaults, "metadata": cell{"tags": []string{"parameters"}}, "outputs": []any{}, "execution_count": nil}}
	for i, source := range cells {
		list = append(list, cell{"id": fmt.Sprint("c", i), "cell_type": "code", "source": source, "metadata": cell{}, "outputs": []any{}, "execution_count": nil})
	}
	nb["cells"] = list
	raw, err := json.Marshal(nb)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// keepNotebooks uploads a workflow with the notebooks that it names.
func (p *process) keepNotebooks(workflow string, notebooks map[string]string) {
	p.t.Helper()
	dir := p.t.TempDir()
	for name, text := range notebooks {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "w.yaml")
	if err := os.WriteFile(file, []byte(workflow), 0o600); err != nil {
		p.t.Fatal(err)
	}
	out, err := command(p.home, "workflow", "upload", file, "--server", p.url).CombinedOutput()
	if err != nil {
		p.t.Fatalf("%v\n%s", err, out)
	}
}

// kept is an artifact of a task.
func (p *process) kept(x freshet.Execution, path string) string {
	p.t.Helper()
	for _, a := range x.Artifacts {
		if a.Path == path {
			r, err := p.Blob(p.t.Context(), a.SHA256)
			if err != nil {
				p.t.Fatal(err)
			}
			defer r.Close()
			text, err := io.ReadAll(r)
			if err != nil {
				p.t.Fatal(err)
			}
			return string(text)
		}
	}
	p.t.Errorf("%s has no artifact %s: %v", x.Task, path, x.Artifacts)
	return ""
}

// TestNotebooks: what notebooks are given, what comes of them, and how each of
// their failures is told.
func TestNotebooks(t *testing.T) {
	python := jupytertest.Python(t)
	home := newHome(t)
	p := serve(t, home)
	task := func(name, more string) string {
		return fmt.Sprintf("  %s:\n    notebook: {path: %s.ipynb, interpreter: %s%s}\n    allow_failure: true\n", name, name, python, more)
	}
	p.keepNotebooks(`name: books
parameters: {who: {type: string, default: ada}, pin: {type: string, writeOnly: true, default: pin-of-ada}}
env: {PLANET: "${{ secrets.PLANET }}"}
tasks:
`+task("good", `, output: "out/{who}-{task}.ipynb", report: html`)+`    with: {who: "${{ params.who }}", n: 2, list: [1, 2.5, null, "x"]}
  after: {after: good, expr: {sum: tasks.good.outputs.scraps.sum, own: tasks.good.outputs.own}}
`+task("error", "")+task("exits", "")+task("leaves", "")+task("dies", "")+task("slow", ", cell_timeout: 300ms")+`
`+task("bare", "")+task("open", "")+task("wordy", "")+`
  itself: {notebook: {path: good.ipynb, interpreter: `+python+`, output: "{who}.ipynb"}, with: {who: good}, allow_failure: true}
  hidden: {notebook: {path: good.ipynb, interpreter: `+python+`}, with: {list: "${{ [params].map(p, p.pin) }}"}, allow_failure: true}
  nokernel: {notebook: {path: error.ipynb, kernel: no-such-kernel}, allow_failure: true}
  each:
    foreach: [3, 4]
    notebook: {path: item.ipynb, interpreter: `+python+`}
    with: {n: "${{ item }}"}
outputs: {sum: tasks.after.outputs.sum}
`, map[string]string{
		"good.ipynb": notebookOf("who = 'nobody'\nn = 0\nlist = []", `
import os, json
print("hello", who, n, list, os.environ["PLANET"], os.environ["FRESHET_TASK"], os.path.basename(os.getcwd()))
with open(os.environ["FRESHET_OUTPUT"], "a") as f: f.write("own=mine\n")
from IPython.display import publish_display_data
publish_display_data({"application/scrapbook.scrap.json+json": {"name": "sum", "data": n + 40, "encoder": "json", "version": 1}},
    metadata={"scrapbook": {"name": "sum", "data": True, "display": False}})`),
		"error.ipynb":  notebookOf("x = 1", "print('before')", "{}['nothing']", "print('never')"),
		"exits.ipynb":  notebookOf("x = 1", "import sys; sys.exit(3)"),
		"leaves.ipynb": notebookOf("x = 1", "import sys; sys.exit(0)", "raise Exception('never')"),
		"dies.ipynb":   notebookOf("x = 1", "import os; os._exit(7)"),
		"slow.ipynb":   notebookOf("x = 1", "import time; time.sleep(600)"),
		"bare.ipynb":   notebookOf("", "import os; open(os.environ['FRESHET_OUTPUT'], 'w').write('own=5')"),
		"open.ipynb":   notebookOf("", "import os; open(os.environ['FRESHET_OUTPUT'], 'w').write('own<<END\\nx')"),
		"wordy.ipynb":  notebookOf("", "import os; open(os.environ['FRESHET_OUTPUT'], 'w').write('own=5')\nraise ValueError('q' * 500000)"),
		"item.ipynb":   notebookOf("n = 0", "print('item', n)"),
	})
	run(t, p, "Pluto", "secret", "set", "PLANET")
	ended := p.wait(p.start("books"))
	if ended.Status != freshet.Success || fmt.Sprint(ended.Outputs["sum"]) != "42" {
		t.Errorf("the run ended %s: %s, outputs %v", ended.Status, ended.Reason, ended.Outputs)
	}

	good := p.latest(ended.ID, "good")
	nb := p.kept(good, "out/ada-good.ipynb")
	for _, want := range []string{`who = \"ada\"`, `n = 2`, `list = [1, 2.5, None, \"x\"]`,
		"hello ada 2 [1, 2.5, None, 'x'] Pluto good"} { // what a notebook prints of its environment is its own
		if !strings.Contains(nb, want) {
			t.Errorf("the notebook has no %s", want)
		}
	}
	if page := p.kept(good, "out/ada-good.html"); !strings.Contains(page, "<html") || !strings.Contains(page, "hello ada") {
		t.Errorf("the report is no page of it: %.200s", page)
	}
	if got := slices.Sorted(maps.Keys(good.Outputs)); !cmp.Equal(got, []string{"notebook", "own", "report", "scraps"}) {
		t.Errorf("its outputs are %v", got)
	}
	log, err := p.Log(t.Context(), ended.ID, "good", client.LogQuery{})
	if err != nil || !strings.Contains(string(log.Data), "hello ada 2") || strings.Contains(string(log.Data), "Pluto") {
		t.Errorf("its log is %q (%v)", log.Data, err)
	}

	for name, want := range map[string]struct{ status, reason string }{
		"error":    {"failed", "cell 4 of 5 (In [3]): KeyError: 'nothing' (exit code 1)"},
		"exits":    {"failed", "the notebook exited with 3"},
		"leaves":   {"success", ""},
		"dies":     {"failed", "exit code 7"},
		"slow":     {"failed", "300ms"},
		"nokernel": {"failed", "no-such-kernel"},
		"bare":     {"success", ""},
		"open":     {"failed", "opens a block"},
		"wordy":    {"failed", "ValueError: qqqq"},
		"itself":   {"failed", "would be written over the notebook"},
		"hidden":   {"failed", "that nobody may read"},
	} {
		x := p.latest(ended.ID, name)
		if string(x.Status) != want.status || !strings.Contains(x.Reason, strings.TrimPrefix(want.reason, "cell 4 of 5 ")) {
			t.Errorf("%s: %s, %q, want %s, %q", name, x.Status, x.Reason, want.status, want.reason)
		}
		if name == "open" || name == "itself" || name == "hidden" {
			continue // the notebook itself has not failed, or was not run
		}
		if want.status == "failed" && !strings.Contains(x.Reason, "(exit code 1)") {
			t.Errorf("%s: %q has no exit code", name, x.Reason)
		}
		book, err := nbformat.Read([]byte(p.kept(x, "executed/"+name+".ipynb")))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		block, _ := book.Metadata["papermill"].(map[string]any)
		if failed, _ := block["exception"].(bool); failed != (want.status == "failed") {
			t.Errorf("%s: the notebook says exception: %v", name, block["exception"])
		}
	}
	items, err := p.Task(t.Context(), ended.ID, "each")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range items {
		if x.Item != nil {
			if nb := p.kept(x, fmt.Sprintf("executed/each.%d.ipynb", *x.Item)); !strings.Contains(nb, fmt.Sprintf("item %d", *x.Item+3)) {
				t.Errorf("item %d is not in its notebook", *x.Item)
			}
		}
	}
}

// TestNotebookOutlivesTheServer: a notebook that runs goes on while its server
// is killed and another comes, and what it has done is done once.
func TestNotebookOutlivesTheServer(t *testing.T) {
	python := jupytertest.Python(t)
	home := newHome(t)
	p := serve(t, home)
	p.keepNotebooks("name: book\ntasks:\n  t: {notebook: {path: w.ipynb, interpreter: "+python+"}}\n", map[string]string{
		"w.ipynb": notebookOf("", "open('begun', 'a').write('x')", `
import os, time
while not os.path.exists('go'): time.sleep(0.02)`, "print(open('begun').read())"),
	})
	id := p.start("book")
	dir := filepath.Join(home, "work", "default", "book", itoa(int(id)))
	soon(t, "the first cell has run, and progress is told", func() bool {
		_, err := os.Stat(filepath.Join(dir, "begun"))
		x := p.latest(id, "t")
		return err == nil && x.Progress != nil && x.Progress.Done >= 2 && x.Progress.Total == 4
	})
	p.kill()
	p = serve(t, home)
	soon(t, "the new server hears how far it is", func() bool {
		x := p.latest(id, "t")
		return x.Progress != nil && x.Progress.Done >= 2
	})
	letGoOf(t, home, "book", id)
	if r := p.wait(id); r.Status != freshet.Success {
		t.Fatalf("the run ended %s: %s", r.Status, r.Reason)
	}
	x := p.latest(id, "t")
	if text, err := os.ReadFile(filepath.Join(dir, "begun")); err != nil || string(text) != "x" || x.Try != 1 {
		t.Errorf("it ran %q, try %d (%v)", text, x.Try, err)
	}
	if x.Progress != nil {
		t.Errorf("it has ended and is at %v", x.Progress)
	}
}

// TestNotebookIsStopped: its kernel goes with it, and what was done is kept.
func TestNotebookIsStopped(t *testing.T) {
	python := jupytertest.Python(t)
	home := newHome(t)
	p := serve(t, home)
	p.keepNotebooks("name: book\ntasks:\n  t: {notebook: {path: w.ipynb, interpreter: "+python+"}}\n", map[string]string{
		"w.ipynb": notebookOf("", "import os; open('pid', 'w').write(str(os.getpid()))", "import time; time.sleep(600)"),
	})
	id := p.start("book")
	var kernel int
	soon(t, "the kernel is busy", func() bool {
		text, _ := os.ReadFile(filepath.Join(home, "work", "default", "book", itoa(int(id)), "pid"))
		_, err := fmt.Sscan(string(text), &kernel)
		return err == nil
	})
	if _, err := p.StopRun(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if r := p.wait(id); r.Status != freshet.Stopped {
		t.Errorf("the run ended %s: %s", r.Status, r.Reason)
	}
	waitGone(t, kernel)
	x := p.latest(id, "t")
	if nb := p.kept(x, "executed/t.ipynb"); !strings.Contains(nb, "getpid") {
		t.Errorf("the notebook is %.300q", nb)
	}
}

// TestWarmKernels: what was used is kept for the next, with the environment and
// the directory of whoever takes it; and nothing is kept where the setting says
// so.
func TestWarmKernels(t *testing.T) {
	python := jupytertest.Python(t)
	home := newHome(t)
	p := serve(t, home)
	p.keepNotebooks(`name: book
parameters: {who: {type: string}}
tasks:
  t:
    env: {WHO: "${{ params.who }}", KEY: "${{ secrets.KEY }}"}
    notebook: {path: w.ipynb, interpreter: `+python+`}
`, map[string]string{"w.ipynb": notebookOf("", `
import os
from IPython.display import publish_display_data
seen = {"parent": os.getppid(), "pid": os.getpid(), "who": os.environ["WHO"], "key": len(os.environ["KEY"]), "run": os.environ["FRESHET_RUN_ID"], "dir": os.getcwd(), "left": [n for n in globals() if "freshet" in n]}
publish_display_data({"application/scrapbook.scrap.json+json": {"name": "seen", "data": seen, "encoder": "json", "version": 1}},
    metadata={"scrapbook": {"name": "seen", "data": True, "display": False}})`)})
	run(t, p, "secret-of-seven", "secret", "set", "KEY")
	seen := func(who string) map[string]any {
		t.Helper()
		r, err := p.StartRun(t.Context(), "default", "book", "", freshet.RunRequest{Parameters: map[string]any{"who": who}})
		if err != nil {
			t.Fatal(err)
		}
		if r = p.wait(r.ID); r.Status != freshet.Success {
			t.Fatalf("the run ended %s: %s", r.Status, r.Reason)
		}
		got := p.latest(r.ID, "t").Outputs["scraps"].(map[string]any)["seen"].(map[string]any)
		if got["who"] != who || fmt.Sprint(got["key"]) != "15" || fmt.Sprint(got["run"]) != fmt.Sprint(r.ID) || !strings.HasSuffix(got["dir"].(string), fmt.Sprintf("work/default/book/%d", r.ID)) || fmt.Sprint(got["left"]) != "[]" {
			t.Errorf("run %d sees %v", r.ID, got)
		}
		return got
	}
	seen("ada") // with a kernel of its own, and from now on one is kept
	soon(t, "one is kept", func() bool { return len(childrenOf(keeperOf(home))) == 1 })
	used := map[string]bool{}
	for _, who := range []string{"bob", "eve"} {
		soon(t, "one waits that has not been used", func() bool {
			return slices.ContainsFunc(childrenOf(keeperOf(home)), func(pid int) bool { return !used[itoa(pid)] })
		})
		got := seen(who)
		if fmt.Sprint(got["parent"]) != itoa(keeperOf(home)) || used[fmt.Sprint(got["pid"])] {
			t.Errorf("%s has a kernel %v, whose parent is %v; the keeper is %d", who, got["pid"], got["parent"], keeperOf(home))
		}
		used[fmt.Sprint(got["pid"])] = true
	}
	settings(t, home, "warm_kernels: 0\n")
	if _, err := p.ReloadServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	soon(t, "none is kept", func() bool { return len(childrenOf(keeperOf(home))) == 0 })
	seen("zoe")
	if n := len(childrenOf(keeperOf(home))); n != 0 {
		t.Errorf("%d are kept all the same", n)
	}
}
