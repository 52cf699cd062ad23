package jupytertest

import (
	"testing"

	"github.com/freshet/freshet/internal/jupyter"
)

// IPython is the kernelspec of the ipykernel of Python(t).
func IPython(t testing.TB) *jupyter.Spec {
	t.Helper()
	return &jupyter.Spec{
		Name: "python3", DisplayName: "Python 3", Language: "python",
		Argv: []string{Python(t), "-m", "ipykernel_launcher", "-f", "{connection_file}"},
	}
}

// Bash is the kernelspec of the bash_kernel beside it.
func Bash(t testing.TB) *jupyter.Spec {
	t.Helper()
	return &jupyter.Spec{
		Name: "bash", DisplayName: "Bash", Language: "bash",
		Argv: []string{Python(t), "-m", "bash_kernel", "-f", "{connection_file}"},
	}
}
