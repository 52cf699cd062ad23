package nbformat_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet/internal/jupyter/jupytertest"
	"github.com/freshet/freshet/internal/nbformat"
)

var update = flag.Bool("update", false, "let Python's nbformat write the .golden files of testdata")

// rewrite is what papermill does with a file that it reads and writes. Between
// two notebooks it prints a NUL.
const rewrite = `
import sys, logging, nbformat
logging.disable(logging.CRITICAL)
for path in sys.argv[1:]:
    nb = nbformat.v4.upgrade(nbformat.read(path, as_version=4))
    sys.stdout.buffer.write(nbformat.writes(nb).encode() + b"\0")
`

// python rewrites files with Python's nbformat.
func python(t *testing.T, files ...string) []string {
	t.Helper()
	cmd := exec.Command(jupytertest.Python(t), append([]string{"-W", "ignore", "-c", rewrite}, files...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

func glob(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(files), err)
	}
	return files
}

func readFile(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestGolden(t *testing.T) {
	for _, file := range glob(t, "testdata/*.ipynb") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			golden := strings.TrimSuffix(file, ".ipynb") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(python(t, file)[0]), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			compare(t, readFile(t, file), readFile(t, golden))
		})
	}
}

// compare checks that source is written as Python wrote it. What Python
// writes has random ids where source has none.
func compare(t *testing.T, source, want []byte) {
	t.Helper()
	nb, err := nbformat.Read(source)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := nbformat.Read(want)
	if err != nil {
		t.Fatal(err)
	}
	if len(nb.Cells) != len(theirs.Cells) {
		t.Fatalf("%d cells, Python has %d", len(nb.Cells), len(theirs.Cells))
	}
	for i, c := range nb.Cells {
		if !bytes.Contains(source, []byte(`"id": "`+c.ID+`"`)) {
			c.ID = theirs.Cells[i].ID
		}
	}
	if diff := cmp.Diff(string(want), string(nb.Append(nil))); diff != "" {
		t.Errorf("other than Python (-want +got):\n%s", diff)
	}
}

// The golden files are what this Python's nbformat writes, and what it wrote
// reads and writes as itself.
func TestPython(t *testing.T) {
	files := glob(t, "testdata/*.ipynb")
	goldens := glob(t, "testdata/*.golden")
	files = append(files, goldens...)
	for i, text := range python(t, files...) {
		t.Run(filepath.Base(files[i]), func(t *testing.T) { compare(t, readFile(t, files[i]), []byte(text)) })
	}
}

// Notebooks that other people made.
func TestNotebooksOfPapermillAndScrapbook(t *testing.T) {
	python3 := jupytertest.Python(t)
	packages := filepath.Join(filepath.Dir(python3), "..", "lib", "python3*", "site-packages")
	files := append(glob(t, packages+"/papermill/tests/notebooks/*.ipynb"), glob(t, packages+"/scrapbook/tests/notebooks/*.ipynb")...)
	for i, text := range python(t, files...) {
		t.Run(filepath.Base(files[i]), func(t *testing.T) { compare(t, readFile(t, files[i]), []byte(text)) })
	}
}
