package notebook

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/jupyter/jupytertest"
	"github.com/freshet/freshet/internal/nbformat"
)

func TestMain(m *testing.M) {
	if given := os.Getenv(runner); given != "" {
		runForTest(strings.Split(given, "\n"))
		return
	}
	goleak.VerifyTestMain(m)
}

// runForTest runs a notebook and says, by a fifo, when what its last cell but
// one has printed is in the file.
func runForTest(given []string) {
	in, out, python, fifo := given[0], given[1], given[2], given[3]
	go func() {
		for every := time.Tick(10 * time.Millisecond); ; <-every {
			if data, err := os.ReadFile(out); err == nil && bytes.Contains(data, []byte("pid ")) {
				_ = os.WriteFile(fifo, nil, 0o600)
				return
			}
		}
	}()
	o := Options{Input: in, Output: out, Interpreter: python, Env: os.Environ(), RuntimeDir: filepath.Dir(fifo)}
	if python == "" {
		o.Kernel, o.Search = "deaf", jupyter.Search{Getenv: os.Getenv}
	}
	_, _ = Run(context.Background(), o)
}

// execute runs a notebook with the real kernel of Python, into a file of this
// test's own.
func execute(t testing.TB, o Options) *Result {
	t.Helper()
	o = withPython(t, o)
	if o.Output == "" {
		o.Output = filepath.Join(t.TempDir(), "out.ipynb")
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func withPython(t testing.TB, o Options) Options {
	o.Interpreter = jupytertest.Python(t)
	if o.Env == nil {
		o.Env = os.Environ()
	}
	return o
}

// cell is a code cell.
func cell(source string, tags ...string) *nbformat.Cell {
	c := &nbformat.Cell{Type: nbformat.Code, Source: source, Metadata: map[string]any{}}
	if tags != nil {
		c.SetTags(tags...)
	}
	return c
}

// written is the file of a notebook of these cells.
func written(t testing.TB, cells ...*nbformat.Cell) string {
	t.Helper()
	nb := &nbformat.Notebook{Format: nbformat.Format, Minor: nbformat.Minor, Cells: cells, Metadata: map[string]any{
		"kernelspec": map[string]any{"name": "python3", "display_name": "Python 3", "language": "python"}}}
	for i, c := range cells {
		c.ID = "cell" + string(rune('a'+i))
	}
	path := filepath.Join(t.TempDir(), "in.ipynb")
	if err := os.WriteFile(path, nb.Append(nil), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
