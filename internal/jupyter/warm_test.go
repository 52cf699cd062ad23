package jupyter_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/jupyter/jupytertest"
)

// A kernel that was kept warm, and then moved in, is what a notebook would
// have got by starting it.
func TestWarmIsAsGoodAsCold(t *testing.T) {
	spec := *jupytertest.IPython(t)
	spec.Env = map[string]string{"FROM_SPEC": "spec ${NAME}"}
	dir := filepath.Join(t.TempDir(), "ünder \"here\"")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "PYTHONPATH=/some/where:lib:./a/../b::../up:/lib:..:/b/c:b/c", "LANG=C.UTF-8", "NAME=a", "NAME=b",
		"QUOTES='\"\\n {}%s", "BYTES=\xff\xfe", "TZ=Asia/Tokyo", "TERM=dumb", "EMPTY=", "LINES=1\n2",
	}
	change := func(e []string, d string) func(s *jupyter.Spec, o *jupyter.Options) {
		return func(s *jupyter.Spec, o *jupyter.Options) { *s, o.Env, o.Dir = spec, e, d }
	}
	cold := started(t, change(env, dir))
	kept := jupyter.KeepWarm(&spec, env)
	for _, v := range kept.Env {
		if strings.HasPrefix(v, "NAME=") || strings.HasPrefix(v, "QUOTES=") {
			t.Errorf("a task's own value is in the environment of what is kept: %s", v)
		}
	}
	warm := started(t, change(kept.Env, "/"))
	if err := warm.MoveIn(patient(t), &spec, dir, env); err != nil {
		t.Fatal(err)
	}
	const look = `import os, sys, time
print(os.getcwd(), sys.path, _dh, get_ipython().starting_dir, time.tzname, sorted(k for k in globals() if "freshet" in k), __import__("json").dumps(sorted(
    (k.decode(), ascii(v)) for k, v in os.environb.items() if k not in (b"JPY_PARENT_PID", b"JPY_SESSION_NAME")), indent=1))`
	a, said := run(t, cold, look)
	b, told := run(t, warm, look)
	if diff := cmp.Diff(said.out.String(), told.out.String()); diff != "" || said.out.Len() == 0 {
		t.Error(diff)
	}
	if a.ExecutionCount != 1 || b.ExecutionCount != 1 {
		t.Errorf("the first cell has the numbers %d and %d", a.ExecutionCount, b.ExecutionCount)
	}
	if err := warm.MoveIn(patient(t), &spec, "/no/such/directory", env); err == nil || !strings.Contains(err.Error(), "FileNotFoundError") {
		t.Errorf("into a directory that is not there it moved with %v", err)
	}
}
