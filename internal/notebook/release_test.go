package notebook

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/jupyter/jupytertest"
)

// A warm kernel ends as one that was started for its notebook: what its code
// leaves to the end is done, and files that it has not closed are written.
func TestWarmKernelEndsItself(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	k, err := jupyter.Start(t.Context(), *jupytertest.IPython(t), jupyter.Options{Dir: "/", Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	k.Close()
	r := execute(t, Options{Dir: dir, Env: os.Environ(), Input: written(t,
		cell("import atexit\natexit.register(lambda: open('atexit', 'w').write('done'))\nopened = open('opened', 'w')\nn = opened.write('done')")),
		Take: func(_ context.Context, s *jupyter.Spec) *Warm {
			return &Warm{Connection: k.Connection, Peer: jupyter.Peer{Name: "warm", PID: k.PID(), Spec: s}, Release: func(context.Context) {
				if text, err := os.ReadFile(filepath.Join(dir, "opened")); string(text) != "done" {
					t.Errorf("as the task ends, the open file holds %q (%v)", text, err)
				}
				select {
				case <-k.Done():
				case <-time.After(20 * time.Second):
					t.Error("it goes on")
				}
				k.Kill(ended())
			}}
		}})
	if r.Failure != nil {
		t.Fatal(r.Failure)
	}
	if e := k.Wait(); e.Code != 0 || e.Signal != 0 {
		t.Errorf("it ended by %s", &e)
	}
	for _, name := range []string{"atexit", "opened"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); string(text) != "done" {
			t.Errorf("%s holds %q (%v)", name, text, err)
		}
	}
}
