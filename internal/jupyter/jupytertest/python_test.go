package jupytertest_test

import (
	"os/exec"
	"testing"

	"github.com/freshet/freshet/internal/jupyter/jupytertest"
)

// TestPython makes the environment, for everybody who comes later.
func TestPython(t *testing.T) {
	path := jupytertest.Python(t)
	out, err := exec.CommandContext(t.Context(), path, "-c", "import ipykernel, papermill, scrapbook, bash_kernel").CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", path, err, out)
	}
}
