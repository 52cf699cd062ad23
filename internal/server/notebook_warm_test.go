package server_test

import (
	"testing"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/jupyter/jupytertest"
)

// A notebook to which nothing is given takes a kernel that waits as any other.
func TestWarmKernelOfPlainNotebook(t *testing.T) {
	python := jupytertest.Python(t)
	home := newHome(t)
	p := serve(t, home)
	p.keepNotebooks("name: plain\ntasks:\n  t: {notebook: {path: w.ipynb, interpreter: "+python+"}}\n",
		map[string]string{"w.ipynb": notebookOf("", "1 + 1")})
	before := 0
	for range 2 {
		if r := p.wait(p.start("plain")); r.Status != freshet.Success {
			t.Fatalf("the run ended %s: %s", r.Status, r.Reason)
		}
		soon(t, "one waits, and it is another one", func() bool {
			kept := childrenOf(keeperOf(home))
			return len(kept) >= 1 && kept[len(kept)-1] != before
		})
		before = childrenOf(keeperOf(home))[0]
	}
}
