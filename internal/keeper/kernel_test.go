package keeper_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/jupyter/jupytertest"
	"github.com/freshet/freshet/internal/keeper"
)

// A kernel that was kept is connected to, moved in and used; its end is told
// to who has it.
func TestWarmKernel(t *testing.T) {
	r := newRig(t)
	c := r.another()
	defer c.Close()
	spec := jupytertest.IPython(t)
	dir, env := t.TempDir(), append(os.Environ(), "OF_THE_TASK=1")
	kept := jupyter.KeepWarm(spec, env)
	w := keeper.Warm{Args: kept.Args, Env: kept.Env, Files: kept.Files, Limits: keeper.WarmLimits{Count: 2}}
	gone := make(chan keeper.Gone, 10)
	first, second := r.another(), r.another()
	defer first.Close()
	defer second.Close()
	use := func(c *keeper.Client, code string) (took time.Duration, err error) {
		k := r.taken(c, w, func(g keeper.Gone) { gone <- g })
		began := time.Now()
		where, err := jupyter.ReadConnection(filepath.Join(k.Dir, jupyter.WarmFile))
		if err != nil {
			t.Fatal(err)
		}
		client, err := jupyter.Connect(t.Context(), where, jupyter.Peer{PID: k.PID, Spec: spec})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if _, err := client.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := client.MoveIn(t.Context(), spec, dir, env); err != nil {
			t.Fatal(err)
		}
		reply, err := client.Execute(t.Context(), jupyter.Request{Code: code, StoreHistory: true}, nil)
		if err == nil && reply.Status != jupyter.StatusOK {
			t.Errorf("%s: %+v", code, reply)
		}
		return time.Since(began), err
	}
	cold, err := use(first, `import os; assert os.environ["OF_THE_TASK"] == "1"`)
	if err != nil {
		t.Fatal(err)
	}
	_, err = use(second, "import os; os._exit(3)")
	if jupyter.KindOf(err) != jupyter.Died {
		t.Errorf("a kernel that ended is %v", err)
	}
	if g := <-gone; g.ExitCode != 3 {
		t.Errorf("it ended as %+v", g)
	}
	t.Logf("just started %v", cold)
}
