package operator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/nbformat"
	"github.com/freshet/freshet/internal/notebook"
	"github.com/freshet/freshet/internal/papermill"
	"github.com/freshet/freshet/internal/report"
	"github.com/freshet/freshet/internal/spec"
)

// NotebookInput is what a `notebook` task is to do: the content of its
// $FRESHET_INPUT.
type NotebookInput struct {
	Run        spec.NotebookRun
	Output     string // path of the executed notebook, below the working directory
	Parameters []papermill.Param
	Grace      time.Duration // for a cell that is interrupted, and then for the kernel, together
	Kernels    *WarmKernels  // nil: none are kept warm
}

// Files are the paths of what it makes, below the working directory.
func (in *NotebookInput) Files() []string {
	if in.Run.Report == nil {
		return []string{in.Output}
	}
	return []string{in.Output, report.Beside(in.Output, string(in.Run.Report.Format))}
}

// Notebook runs one notebook and returns the exit code: 0 where it came to its
// end, 130 where ctx ended, and else 1.
func Notebook(ctx context.Context, p Process) int {
	result, err := p.runNotebook(ctx)
	switch {
	case err == nil && result.Failure == nil:
		return done
	case err == nil:
		err = result.Failure
	}
	fmt.Fprintf(p.Log, "error: %v\n", err)
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(p.Log, "hint: %s\n", hint)
	}
	if ctx.Err() != nil {
		return interrupted
	}
	p.tellReason(err)
	return exitCode(err)
}

func hintOf(err error) string {
	var failure *notebook.Failure
	var e *freshet.Error
	switch {
	case errors.As(err, &failure):
		return failure.Hint
	case errors.As(err, &e):
		return e.Hint
	}
	return ""
}

func (p Process) runNotebook(ctx context.Context) (*notebook.Result, error) {
	in, err := p.readNotebookInput()
	if err != nil {
		return nil, err
	}
	output, err := filepath.Abs(in.Output)
	if err != nil {
		return nil, err
	}
	about := in.report(p.Env, output)
	begin := func() error { return nil }
	if about != nil {
		begin = func() error { return report.Prepare(p.Env, *about) }
	}
	board := p.tellProgress(ctx)
	defer board.end()
	result, err := notebook.Run(ctx, notebook.Options{
		Input: filepath.Join(p.Env("FRESHET_RUN_DIR"), in.Run.Path), Output: output, Parameters: in.Parameters, Grace: in.Grace,
		Kernel: in.Run.Kernel, Interpreter: in.Run.Interpreter,
		Search: jupyter.Search{Getenv: p.Env, Home: p.Env("HOME")}, Env: p.Environ,
		CellTimeout: in.Run.CellTimeout, StartTimeout: in.Run.StartTimeout,
		Begin: begin, Log: p.Log, Progress: board.tell, Take: in.Kernels.take(p.Version, p.Environ),
	})
	if err != nil {
		return nil, err
	}
	for _, w := range result.Warnings {
		fmt.Fprintf(p.Log, "warning: %s\n", w)
	}
	if about != nil && ctx.Err() == nil {
		err = report.File(ctx, p.Env, *about)
	}
	switch {
	case result.Failure == nil && err == nil:
		err = p.writeNotebookOutputs(result, output, about)
	case result.Failure != nil && err != nil:
		fmt.Fprintf(p.Log, "there is no report: %v\n", err) // why the notebook failed is what counts
		err = nil
	}
	return result, err
}

func (p Process) readNotebookInput() (*NotebookInput, error) {
	raw, err := os.ReadFile(p.Env("FRESHET_INPUT"))
	if err != nil {
		return nil, fmt.Errorf("there is no $FRESHET_INPUT: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	in := &NotebookInput{}
	if err := dec.Decode(in); err != nil {
		return nil, fmt.Errorf("$FRESHET_INPUT: %w", err)
	}
	return in, nil
}

// report says how its report is made; nil: there is none.
func (in *NotebookInput) report(env func(string) string, output string) *report.FileOptions {
	r := in.Run.Report
	if r == nil {
		return nil
	}
	o := &report.FileOptions{Notebook: output, Target: report.Beside(output, string(r.Format)), Format: string(r.Format),
		HideCode: r.HideCode, Interpreter: in.Run.Interpreter}
	if r.Template != "" {
		o.Template = filepath.Join(env("FRESHET_RUN_DIR"), r.Template)
	}
	return o
}

// writeNotebookOutputs writes the outputs before those that the notebook itself
// has written: whatever is wrong with these, it is said of these.
func (p Process) writeNotebookOutputs(result *notebook.Result, output string, about *report.FileOptions) error {
	own, err := os.ReadFile(p.Env("FRESHET_OUTPUT"))
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("read the outputs: %w", err)
	}
	out := map[string]any{"notebook": output, "scraps": scrapsOf(result.Notebook, scrapBytes-len(own), p.Log)}
	if about != nil {
		out["report"] = about.Target
	}
	var text bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(out)) {
		raw, err := json.Marshal(out[name])
		if err != nil {
			return fmt.Errorf("write the output %s: %w", name, err)
		}
		fmt.Fprintf(&text, "%s=%s\n", name, raw)
	}
	text.Write(own)
	if err := os.WriteFile(p.Env("FRESHET_OUTPUT"), text.Bytes(), 0o600); err != nil {
		return fmt.Errorf("write the outputs: %w", err)
	}
	return nil
}

// scrapBytes leaves room for other outputs beside the scraps.
const scrapBytes = freshet.MaxOutputBytes - 16<<10

// scrapsOf are the scraps that have data, as far as outputs have room for
// them: larger ones stand in the executed notebook alone.
func scrapsOf(nb *nbformat.Notebook, room int, log io.Writer) map[string]any {
	scraps, warnings := papermill.Scraps(nb)
	for _, w := range warnings {
		fmt.Fprintf(log, "warning: %s\n", w)
	}
	out := map[string]any{}
	for _, s := range scraps {
		raw, err := json.Marshal(s.Data)
		if err != nil || s.Data == nil {
			continue
		}
		if len(raw) > room {
			fmt.Fprintf(log, "warning: scrap %s is no output: it has %d bytes, and %d are left; the notebook holds it\n", s.Name, len(raw), max(0, room))
			continue
		}
		room -= len(raw) + len(s.Name) + 8
		out[s.Name] = s.Data
	}
	return out
}
