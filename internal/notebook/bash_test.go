package notebook

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/jupyter/jupytertest"
	"github.com/freshet/freshet/internal/nbformat"
	"github.com/freshet/freshet/internal/papermill"
)

// A kernel of another language, found by its name, with parameters of its own
// syntax.
func TestBash(t *testing.T) {
	t.Parallel()
	specs := t.TempDir()
	dir := filepath.Join(specs, "kernels", "bash")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(jupytertest.Bash(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "kernel.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	nb := &nbformat.Notebook{Format: nbformat.Format, Minor: nbformat.Minor,
		Cells:    []*nbformat.Cell{cell("name=x", "parameters"), cell("echo hello $name"), cell("false"), cell("echo never")},
		Metadata: map[string]any{"kernelspec": map[string]any{"name": "bash", "display_name": "Bash", "language": "bash"}}}
	for i, c := range nb.Cells {
		c.ID = string(rune('a' + i))
	}
	in, out := filepath.Join(specs, "in.ipynb"), filepath.Join(specs, "out.ipynb")
	if err := os.WriteFile(in, nb.Append(nil), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), Options{Input: in, Output: out, Env: os.Environ(),
		Parameters: []papermill.Param{{Name: "name", Value: "two words"}},
		Search:     jupyter.Search{Getenv: func(name string) string { return map[string]string{"JUPYTER_PATH": specs}[name] }}})
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Failure; r.Status != freshet.Failed || f.Reason != CellError || f.Error() != "cell 4 of 5 (In [4]): the cell failed: 1" {
		t.Errorf("%s: %v", r.Status, f)
	}
	want := []string{"cell", "stdout hello two words\n", "cell", "cell", `error {"ename":"","evalue":"1","traceback":[]}`, "cell"}
	if diff := cmp.Diff(want, shown(r.Notebook.Cells[2:])); diff != "" {
		t.Error(diff)
	}
}
