package jupyter

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
)

// Interpreter is the kernelspec of a Python whose ipykernel is used. Whether
// it has one is not asked: that costs a start of the Python, and its kernel's
// own start shows it. See CheckInterpreter.
func Interpreter(path string) *Spec {
	return &Spec{
		Name: "python3", DisplayName: "Python 3 (" + path + ")", Language: "python",
		Argv: []string{path, "-m", "ipykernel_launcher", "-f", "{connection_file}"},
	}
}

// CheckInterpreter says, and what to do about it, why the kernel of an
// Interpreter does not start where that is the Python's fault; else nil.
func CheckInterpreter(ctx context.Context, path string) error {
	fail := func(hint string, err error) error {
		return &Failure{Kind: StartFailed, Kernel: path, Hint: hint, Err: err}
	}
	const probe = `import importlib.util as u, sys; sys.exit(0 if u.find_spec("ipykernel_launcher") else 3)`
	out, err := exec.CommandContext(ctx, path, "-c", probe).CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &exit) && exit.ExitCode() == 3:
		return fail(path+" -m pip install ipykernel", errors.New("it has no ipykernel"))
	case errors.As(err, &exit):
		return fail("name a Python 3", fmt.Errorf("it is no Python 3 that works: %s", lastLine(string(out))))
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound):
		return fail("name the path of a Python in which ipykernel is installed", errors.New("there is no such program"))
	}
	return fail("name the path of a Python in which ipykernel is installed", err)
}
