package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/nbformat"
	"github.com/freshet/freshet/internal/notebook"
	"github.com/freshet/freshet/internal/papermill"
	"github.com/freshet/freshet/internal/report"
)

func (a *app) notebookCommand() *cobra.Command {
	return a.group(&cobra.Command{
		Use:   "notebook",
		Short: "Run notebooks and make reports of them, without a server",
		Example: `freshet notebook run report.ipynb out/report-{day}.ipynb -p day=2026-11-20
freshet notebook params report.ipynb
freshet notebook render out/report.ipynb --to pdf`,
	}, a.notebookRunCommand(), a.notebookParamsCommand(), a.notebookRenderCommand(), a.notebookKernelsCommand())
}

// notebookRun is what `notebook run` was asked for.
type notebookRun struct {
	typed, raw, yaml, base64, files []string

	options     notebook.Options
	cell, start seconds
	whole       seconds
	report      string
	hideCode    bool
	template    string
	logOutput   bool
}

func (a *app) notebookRunCommand() *cobra.Command {
	r := &notebookRun{}
	c := &cobra.Command{
		Use:   "run IN [OUT]",
		Short: "Run a notebook with parameters, as papermill does",
		Long: `Run a notebook with parameters and write the executed one to OUT, by default
executed/IN. IN and OUT may be - for standard input and output, and {name} in
them stands for a parameter. The notebook IN is not changed.

Exit codes: 0 the notebook came to its end; 1 it failed, and OUT holds what was
done until then; 2 a parameter, a path or the notebook is wrong; 3 there is no
such notebook; 130 interrupted.`,
		Example: `freshet notebook run train.ipynb                    # writes executed/train.ipynb
freshet notebook run train.ipynb out/{model}.ipynb -p model=small -p epochs=3
freshet notebook run report.ipynb -f params.yaml --report pdf --hide-code
cat train.ipynb | freshet notebook run - - > done.ipynb`,
		RunE: func(c *cobra.Command, args []string) error { return a.runNotebook(c, r, args) },
	}
	f := c.Flags()
	f.StringArrayVarP(&r.typed, "parameters", "p", nil, "NAME=VALUE: a parameter; 3, 0.5, True and None are no texts")
	f.StringArrayVarP(&r.raw, "parameters_raw", "r", nil, "NAME=VALUE: a parameter that is a text in any case")
	f.StringArrayVarP(&r.files, "parameters_file", "f", nil, "FILE: parameters as a YAML or JSON mapping")
	f.StringArrayVarP(&r.yaml, "parameters_yaml", "y", nil, "YAML: parameters as a YAML mapping")
	f.StringArrayVarP(&r.base64, "parameters_base64", "b", nil, "BASE64: parameters as YAML in base64")
	f.StringVarP(&r.options.Kernel, "kernel", "k", "", "NAME: the kernel, instead of the notebook's own")
	f.StringVar(&r.options.Interpreter, "interpreter", "", "PYTHON: a Python whose ipykernel is used")
	f.StringVar(&r.options.Dir, "cwd", "", "DIR: where the kernel starts; default: here")
	f.Var(&r.cell, "cell-timeout", "TIME: how long a cell may take, such as 90s or 10m")
	f.Var(&r.whole, "timeout", "TIME: how long the whole notebook may take")
	f.Var(&r.start, "start-timeout", "TIME: how long the kernel may take to start; default: 60s")
	f.StringVar(&r.report, "report", "", "html or pdf: make a report, beside OUT")
	f.StringVar(&r.template, "template", "", "FILE: of the report, see `freshet notebook render`")
	f.BoolVar(&r.hideCode, "hide-code", false, "leave the code out of the report")
	f.BoolVar(&r.options.HideInput, "report-mode", false, "hide the code in OUT, as papermill's report mode does")
	f.BoolVar(&r.logOutput, "log-output", false, "print what the cells print, on standard error")
	f.BoolVar(&r.options.PrepareOnly, "prepare-only", false, "write OUT with its parameters, and run nothing")
	return takes(c)
}

func (a *app) runNotebook(c *cobra.Command, r *notebookRun, args []string) error {
	o := &r.options
	if err := r.parameters(a); err != nil {
		return err
	}
	if r.report != "" && r.report != report.HTMLFormat && r.report != report.PDFFormat {
		return invalid("--report is html or pdf, not %q", r.report)
	}
	o.Input, o.Stdin, o.Stdout = args[0], a.Stdin, a.Stdout
	switch {
	case len(args) > 1:
		o.Output = args[1]
	case o.Input == "-":
		o.Output = "-"
	default:
		o.Output = filepath.Join("executed", filepath.Base(o.Input))
	}
	now := time.Now()
	builtins := papermill.Builtins{RunUUID: newUUID(), Local: now.In(a.Location), UTC: now.UTC()}
	for _, path := range []*string{&o.Input, &o.Output} {
		filled, err := papermill.Format(*path, o.Parameters, builtins)
		if err != nil {
			return err
		}
		*path = filled
	}
	if o.Output == "-" && r.report != "" {
		return invalid("a report needs a notebook that is a file").WithHint("say OUT, or use `freshet notebook render`")
	}
	if r.report != "" && filepath.Ext(o.Output) == "."+r.report {
		return invalid("OUT is the notebook, and its report would be written over it").WithHint("let OUT end in .ipynb")
	}
	o.CellTimeout, o.StartTimeout, o.Timeout = time.Duration(r.cell), time.Duration(r.start), time.Duration(r.whole)
	o.Search, o.Env = a.kernels(), a.Env
	if r.logOutput {
		o.Log = a.err
	}
	about := report.FileOptions{Notebook: o.Output, Target: report.Beside(o.Output, r.report), Format: r.report,
		Template: r.template, HideCode: r.hideCode, Interpreter: o.Interpreter}
	if r.report != "" {
		o.Begin = func() error { return report.Prepare(a.env, about) }
	}
	bar := newNotebookBar(a, o.Log != nil)
	o.Progress = bar.show
	result, err := notebook.Run(c.Context(), *o)
	bar.end()
	if err != nil {
		return err
	}
	return a.notebookEnded(c, r, result, about)
}

// parameters reads what was given on the command line, by papermill's rules.
func (r *notebookRun) parameters(a *app) error {
	given := papermill.Arguments{Base64: r.base64, YAML: r.yaml}
	for _, file := range r.files {
		text, err := os.ReadFile(a.path(file))
		if err != nil {
			return unreadable(file, err)
		}
		given.Files = append(given.Files, papermill.YAMLFile{Name: file, Text: text})
	}
	for _, kind := range []struct {
		texts []string
		to    *[]papermill.Assignment
	}{{r.typed, &given.Typed}, {r.raw, &given.Raw}} {
		for _, text := range kind.texts {
			name, value, ok := strings.Cut(text, "=")
			if !ok || name == "" {
				return invalid("the parameter %q is not name=value", text).
					WithHint("where papermill has `-p alpha 0.6`, write -p alpha=0.6")
			}
			*kind.to = append(*kind.to, papermill.Assignment{Name: name, Text: value})
		}
	}
	var err error
	r.options.Parameters, err = given.Params()
	return err
}

// notebookResult is what became of a notebook, for scripts.
type notebookResult struct {
	Status   freshet.Status   `json:"status"`
	Output   string           `json:"output"`
	Report   string           `json:"report"`
	Executed int              `json:"executed"` // cells
	Elapsed  float64          `json:"elapsed_seconds"`
	Scraps   map[string]any   `json:"scraps"`
	Failure  *notebookFailure `json:"failure"`
}

type notebookFailure struct {
	Reason         notebook.Reason `json:"reason"`
	Message        string          `json:"message"`
	Cell           int             `json:"cell"`
	Cells          int             `json:"cells"`
	ExecutionCount *int            `json:"execution_count"`
	EName          string          `json:"ename"`
	EValue         string          `json:"evalue"`
}

// notebookEnded makes the report and says how it was.
func (a *app) notebookEnded(c *cobra.Command, r *notebookRun, result *notebook.Result, about report.FileOptions) error {
	for _, w := range result.Warnings {
		a.err.line("%s %s", a.err.paint(yellow, "warning:"), oneLine(w))
	}
	out := notebookResult{Status: result.Status, Output: result.Output, Executed: result.Executed,
		Elapsed: result.Elapsed.Seconds(), Scraps: map[string]any{}}
	scraps, _ := papermill.Scraps(result.Notebook)
	for _, s := range scraps {
		if s.Data != nil {
			out.Scraps[s.Name] = s.Data
		}
	}
	var reportErr error
	if r.report != "" && c.Context().Err() == nil {
		if reportErr = report.File(c.Context(), a.env, about); reportErr == nil {
			out.Report = about.Target
		}
	}
	if f := result.Failure; f != nil {
		out.Failure = &notebookFailure{Reason: f.Reason, Message: f.Error(), Cell: f.Cell, Cells: f.Cells, ExecutionCount: f.Count, EName: f.EName, EValue: f.EValue}
	}
	if result.Output != "" { // else standard output is the notebook
		if err := a.show(out, func() { a.tellNotebook(result, out) }, func(p *printer) { p.line("%s", result.Output) }); err != nil {
			return err
		}
	}
	if f := result.Failure; f != nil {
		a.notebookFailed(f, !r.logOutput)
		if reportErr != nil {
			a.err.line("there is no report: %s", oneLine(reportErr.Error()))
		}
		if f.Reason == notebook.Cancelled {
			return errInterrupted
		}
		return exitFailed
	}
	return reportErr
}

func (a *app) tellNotebook(result *notebook.Result, out notebookResult) {
	took := strconv.FormatFloat(out.Elapsed, 'f', 1, 64) + "s"
	if result.Executed == 0 && result.Failure == nil {
		a.out.line("Notebook: %s written.", result.Output)
	} else {
		a.out.line("Notebook: %s, %s, %s ran in %s.", a.out.paint(statusColour(out.Status), string(out.Status)), result.Output, counted(result.Executed, "cell"), took)
	}
	if out.Report != "" {
		a.out.line("Report: %s", out.Report)
	}
}

// notebookFailed says why, with the traceback where nothing has shown it yet.
func (a *app) notebookFailed(f *notebook.Failure, traceback bool) {
	if traceback {
		for _, line := range f.Traceback {
			a.err.line("%s", a.err.plainText(line))
		}
	}
	a.err.line("%s %s", a.err.paint(red, "error:"), oneLine(f.Error()))
	if f.Hint != "" {
		a.err.line("%s %s", a.err.paint(cyan, "hint:"), a.asCalled(oneLine(f.Hint)))
	}
}

// kernels is where kernels are looked for.
func (a *app) kernels() jupyter.Search { return jupyter.Search{Getenv: a.env, Home: a.UserHome} }

// readNotebook reads one, for commands that only look at it.
func (a *app) readNotebook(path string) (*nbformat.Notebook, error) {
	var text []byte
	var err error
	if path == "-" {
		text, err = io.ReadAll(a.Stdin)
	} else {
		text, err = os.ReadFile(a.path(path))
	}
	if err != nil {
		return nil, unreadable(path, err)
	}
	return nbformat.Read(text)
}

// seconds is a flag that takes a time: 90s, 10m, or a number of seconds.
type seconds time.Duration

func (s *seconds) String() string {
	if *s == 0 {
		return ""
	}
	return time.Duration(*s).String()
}

// Type is what the kind of its value is called.
func (s *seconds) Type() string { return "time" }

// Set takes a time.
func (s *seconds) Set(text string) error {
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		text = fmt.Sprintf("%gs", n)
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return ownWords(fmt.Sprintf("%q is no time: write 90s, 10m or 1h30m", text))
	}
	*s = seconds(d)
	return nil
}
