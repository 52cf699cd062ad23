package notebook

import (
	"cmp"
	"fmt"
	"io"
	"os"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/nbformat"
	"github.com/freshet/freshet/internal/papermill"
)

// prepare reads the input and makes it what will be executed. It starts
// nothing and writes nothing.
func prepare(o Options) (*execution, error) {
	data, err := o.read(o.Input)
	if err != nil {
		return nil, err
	}
	nb, repairs, err := nbformat.Parse(data)
	if err != nil {
		return nil, err
	}
	p := papermill.Options{
		Input: o.Input, Output: o.Output, Parameters: o.Parameters, Kernel: o.Kernel, HideCode: o.HideInput,
	}
	if o.Interpreter != "" { // whatever the notebook says
		p.Kernel, p.Language = cmp.Or(o.Kernel, "python3"), "python"
	}
	warnings, err := papermill.Prepare(nb, p)
	if err != nil {
		return nil, err
	}
	if sameFile(o.Input, o.Output) {
		return nil, freshet.Errorf(freshet.Invalid, "the executed notebook would be written over the notebook %s itself", o.Input).
			WithHint("choose another path for what is written")
	}
	x := &execution{Options: o, result: &Result{Notebook: nb, Warnings: append(repairs, warnings...)}}
	f, err := x.open(o.Output)
	if err != nil {
		return nil, err
	}
	x.Kernel = cmp.Or(x.Kernel, nb.Kernel())
	x.document = newDocument(nb, f)
	x.saver = newSaver(func() error { return x.document.save(false) })
	x.live.to = o.Log
	return x, nil
}

func (o *Options) read(path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(o.Stdin)
	}
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, freshet.Errorf(freshet.NotFound, "there is no notebook %s", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the notebook: %w", err)
	}
	return data, nil
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	y, other := os.Stat(b)
	return a != "-" && b != "-" && err == nil && other == nil && os.SameFile(x, y)
}

// open finds out where the output goes.
func (x *execution) open(path string) (*file, error) {
	switch path {
	case "":
		return nil, nil
	case "-":
		return &file{path: path, once: x.Stdout}, nil
	}
	f, err := openFile(path)
	if err != nil {
		return nil, unwritable(path, err)
	}
	x.result.Output = path
	return f, nil
}
