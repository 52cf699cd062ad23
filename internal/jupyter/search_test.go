package jupyter_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/jupyter/jupytertest"
)

func put(t *testing.T, text string, mode os.FileMode, path ...string) {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func search(home string, env map[string]string) jupyter.Search {
	return jupyter.Search{Home: home, Getenv: func(n string) string { return env[n] }}
}

func TestDirs(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "bin")
	put(t, "", 0o700, bin, "python3")
	s := search("/home/ada", map[string]string{
		"JUPYTER_PATH": "/a:/b", "VIRTUAL_ENV": "/venv", "CONDA_PREFIX": "/conda", "PATH": "/nowhere/bin:" + bin,
	})
	user := "/home/ada/.local/share/jupyter"
	if runtime.GOOS == "darwin" {
		user = "/home/ada/Library/Jupyter"
	}
	want := []string{
		"/a", "/b", "/venv/share/jupyter", "/conda/share/jupyter", user,
		filepath.Join(filepath.Dir(bin), "share/jupyter"), "/usr/local/share/jupyter", "/usr/share/jupyter",
	}
	if diff := cmp.Diff(want, s.Dirs()); diff != "" {
		t.Error(diff)
	}
}

func TestFind(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	put(t, `{"argv": ["python", "-f", "{connection_file}"], "display_name": "First", "language": "python"}`, 0o600, first, "share/jupyter/kernels/python3/kernel.json")
	put(t, "", 0o700, first, "bin/python")
	put(t, `{"argv": ["p"], "display_name": "Second"}`, 0o600, second, "kernels/python3/kernel.json")
	put(t, `{"argv": ["R"], "display_name": "R", "language": "R", "interrupt_mode": "message", "env": {"X": "y"}}`, 0o600, second, "kernels/IR/kernel.json")
	put(t, `{"argv": [`, 0o600, second, "kernels/broken/kernel.json")
	put(t, `{"argv": []}`, 0o600, second, "kernels/empty/kernel.json")
	put(t, "", 0o600, second, "kernels/.DS_Store")
	s := search("", map[string]string{"JUPYTER_PATH": filepath.Join(first, "share/jupyter") + ":" + second})

	for _, name := range []string{"python3", "python", "Python3"} {
		spec, err := s.Find(name)
		if err != nil || spec.DisplayName != "First" || spec.Argv[0] != filepath.Join(first, "bin/python") {
			t.Errorf("%s is %+v, %v", name, spec, err)
		}
	}
	r, err := s.Find("ir")
	if err != nil || !r.ByMessage() || r.Env["X"] != "y" || r.Name != "ir" {
		t.Errorf("ir is %+v, %v", r, err)
	}
	if _, problems := s.Specs(); len(problems) != 2 {
		t.Errorf("the problems are %v", problems)
	}
	_, err = s.Find("julia")
	var e *freshet.Error
	if jupyter.KindOf(err) != jupyter.UnknownKernel || !errors.As(err, &e) || e.Code != freshet.NotFound ||
		!strings.Contains(e.Hint, "ir, python3") || err.Error() != `kernel "julia" is not installed` {
		t.Errorf("an unknown kernel is %q, %+v", err, e)
	}
	if _, err := s.Find("broken"); err == nil || !strings.Contains(err.Error(), "kernels/broken/kernel.json") {
		t.Errorf("a broken kernelspec is %v", err)
	}
}

func TestInterpreter(t *testing.T) {
	python := jupytertest.Python(t)
	spec := jupyter.Interpreter(python)
	if err := jupyter.CheckInterpreter(t.Context(), python); err != nil || spec.Argv[0] != python || spec.Language != "python" {
		t.Errorf("%+v, %v", spec, err)
	}
	dir := t.TempDir()
	put(t, "#!/bin/sh\nexit 3\n", 0o700, dir, "bare")
	put(t, "#!/bin/sh\necho no such option >&2; exit 2\n", 0o700, dir, "other")
	for name, want := range map[string]string{
		"bare":    "does not start: it has no ipykernel",
		"other":   "does not start: it is no Python 3 that works: no such option",
		"missing": "does not start: there is no such program",
	} {
		err := jupyter.CheckInterpreter(t.Context(), filepath.Join(dir, name))
		var e *freshet.Error
		if jupyter.KindOf(err) != jupyter.StartFailed || !strings.Contains(err.Error(), want) || !errors.As(err, &e) || e.Hint == "" {
			t.Errorf("%s: %v", name, err)
		}
		if name == "bare" && e.Hint != filepath.Join(dir, "bare")+" -m pip install ipykernel" {
			t.Errorf("the hint is %q", e.Hint)
		}
	}
}
