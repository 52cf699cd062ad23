package spec

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	yaml "go.yaml.in/yaml/v4"

	"github.com/freshet/freshet/internal/expr"
)

// NotebookRun is how a `notebook` task runs its notebook.
type NotebookRun struct {
	Path         string        // below the workflow file's directory
	Kernel       string        // name of a kernelspec; empty: the notebook's own
	Interpreter  string        // a Python whose ipykernel is used; empty: that of the kernelspec
	CellTimeout  time.Duration // 0: none
	StartTimeout time.Duration // of the kernel; 0: a minute
	Output       string        // pattern of the executed notebook's path; empty: executed/TASK.ipynb
	Report       *Report       // nil: none
}

// Report is what is made of an executed notebook.
type Report struct {
	Format   ReportFormat
	Template string // path below the workflow file's directory; empty: the built-in one
	HideCode bool
}

// ReportFormat is what a report is written as.
type ReportFormat string

// The formats of reports.
const (
	HTMLReport ReportFormat = "html"
	PDFReport  ReportFormat = "pdf"
)

// notebookOutputs are what every notebook gives besides its own outputs.
var notebookOutputs = []Output{
	{Name: "notebook", Type: jsonOutput}, {Name: "report", Type: jsonOutput, Optional: true}, {Name: "scraps", Type: jsonOutput},
}

// KeepsFiles tells whether files of the task outlive its run.
func (t *Task) KeepsFiles() bool { return len(t.Artifacts) > 0 || t.Kind == Notebook }

var reportForm = func() form[*Report] {
	format := oneOf(HTMLReport, PDFReport)
	long := &object[Report]{
		what: "`report`",
		fields: []field[Report]{
			key("format", format, func(o *Report) *ReportFormat { return &o.Format }, "html (default) or pdf."),
			key("template", filePath, func(o *Report) *string { return &o.Template },
				"A template of your own, a path beside this file; it travels with the workflow. One that ends in .tpl is a Jinja template for AsciiDoc."),
			key("hide_code", boolean, func(o *Report) *bool { return &o.HideCode }, "Leave the code out."),
		},
	}
	complete := func(o Report) *Report {
		if o.Format == "" {
			o.Format = HTMLReport
		}
		return &o
	}
	return either[*Report]{
		what:    "html, pdf, or {format, template, hide_code}",
		scalar:  convert(format, func(f ReportFormat) *Report { return &Report{Format: f} }),
		mapping: convert(long.form(), complete),
	}.form()
}()

var notebookForm = func() form[*NotebookRun] {
	long := &object[NotebookRun]{
		what: "`notebook`",
		fields: []field[NotebookRun]{
			must(key("path", notebookPath, func(o *NotebookRun) *string { return &o.Path },
				"The notebook, a path beside this file. It travels with the workflow.")),
			key("kernel", plain, func(o *NotebookRun) *string { return &o.Kernel },
				"The name of an installed kernel; default: the one that the notebook names."),
			key("interpreter", plain, func(o *NotebookRun) *string { return &o.Interpreter },
				"A Python whose ipykernel runs the notebook: a path, or a program in PATH."),
			key("cell_timeout", timeout, func(o *NotebookRun) *time.Duration { return &o.CellTimeout },
				"How long one cell may take; default: as long as the task."),
			key("start_timeout", duration, func(o *NotebookRun) *time.Duration { return &o.StartTimeout },
				"How long the kernel may take to start; default 1m."),
			key("output", outputPath, func(o *NotebookRun) *string { return &o.Output },
				"The path of the executed notebook, below the task's working directory; default: executed/TASK.ipynb. {name} stands for a parameter, {run_id}, {task}, {index} of an item, {seq}, {try}, {workflow}, {namespace} or {scheduled_at}."),
			key("report", reportForm, func(o *NotebookRun) **Report { return &o.Report },
				"What is made of the executed notebook, beside it: html, pdf, or {format, template, hide_code}."),
		},
		hints: map[string]string{
			"parameters": "`with` beside `notebook` gives its parameters", "with": "`with` stands beside `notebook`, not inside",
			"cwd": "`working_dir` stands beside `notebook`", "python": "did you mean `interpreter`?", "timeout": "`timeout` of the whole stands beside `notebook`; that of each cell is `cell_timeout`",
			"file": "did you mean `path`?", "name": "did you mean `path`, or `kernel`?", "engine": "`kernel` or `interpreter` says what runs it",
		},
	}
	for _, k := range []string{"retries", "env", "after", "start", "emit", "artifacts", "allow_failure", "if"} {
		long.hints[k] = "`" + k + "` stands beside `notebook`, not inside"
	}
	return either[*NotebookRun]{
		what:    "a path, or {path, kernel, …}",
		scalar:  convert(notebookPath, func(p string) *NotebookRun { return &NotebookRun{Path: p} }),
		mapping: convert(long.form(), func(o NotebookRun) *NotebookRun { return &o }),
	}.form()
}()

// notebookPath is the path of a notebook.
var notebookPath = form[string]{filePath.schema, func(r *reader, n *yaml.Node) (string, bool) {
	p, ok := filePath.read(r, n)
	if ok && path.Ext(p) != ".ipynb" {
		r.hinted(n, CodeValue, "a Python file is run by `command: [python3, …]`", "%s is no notebook: its name does not end in .ipynb", excerpt(p))
		return "", false
	}
	return p, ok
}}

// outputPath is the pattern of an executed notebook's path.
var outputPath = form[string]{filePath.schema, func(r *reader, n *yaml.Node) (string, bool) {
	p, ok := filePath.read(r, n)
	if ok && path.Ext(p) != ".ipynb" {
		r.hinted(n, CodeValue, "for example out/{task}.ipynb", "the path of an executed notebook ends in .ipynb")
		return "", false
	}
	return p, ok
}}

// completeNotebook gives a `notebook` task its outputs and files, and notes
// what is given to it: its parameters are written into the executed notebook,
// so no secret may be among them.
func (r *reader) completeNotebook(d *draft, es entries) {
	if v := es.get("with"); v != nil {
		r.noteHanded(v)
	}
	for _, o := range d.Outputs {
		if slices.ContainsFunc(notebookOutputs, func(own Output) bool { return own.Name == o.Name }) {
			r.hinted(es.get("outputs"), CodeValue, "choose another name", "every notebook has an output `%s` of its own", o.Name)
		}
	}
	d.Outputs = append(slices.Clone(notebookOutputs), d.Outputs...)
	if d.Notebook == nil {
		return // it could not be read
	}
	switch out := d.Notebook.Output; {
	case out == "":
	case path.Clean(out) == path.Clean(d.Notebook.Path):
		r.hinted(es.get("notebook"), CodeValue, "for example executed/{task}.ipynb", "the executed notebook would be written over the notebook itself")
	case d.Foreach != nil && !strings.Contains(out, "{"):
		r.hinted(es.get("notebook"), CodeValue, "add {index} to `output`", "every item would write its notebook to %s", excerpt(out))
	}
	r.checkOutputNames(d, es.get("notebook"))
	r.travels(d.Notebook.Path)
	if d.Notebook.Report != nil && d.Notebook.Report.Template != "" {
		r.travels(d.Notebook.Report.Template)
	}
}

// outputNames are those that the path of an executed notebook may use besides
// the notebook's parameters.
var outputNames = []string{"run_id", "task", "item", "index", "seq", "try", "workflow", "namespace", "scheduled_at", "pm"}

var inPath = regexp.MustCompile(`\{\{|\{([^{}.\[:!]*)`)

// checkOutputNames looks at the names in the path of an executed notebook.
func (r *reader) checkOutputNames(d *draft, n *yaml.Node) {
	known := slices.Clone(outputNames)
	for _, b := range d.With {
		known = append(known, b.Name)
	}
	for _, m := range inPath.FindAllStringSubmatch(d.Notebook.Output, -1) {
		if m[0] != "{{" && !slices.Contains(known, m[1]) {
			hint := "it may be a parameter of `with`, or " + strings.Join(outputNames[:9], ", ")
			if near := nearest(m[1], known); near != "" {
				hint = "did you mean {" + near + "}?"
			}
			r.hinted(n, CodeValue, hint, "there is no {%s} for the path of the executed notebook", m[1])
		}
	}
}

// travels adds a file to those that go with the workflow.
func (r *reader) travels(name string) {
	if !slices.Contains(r.named, name) {
		r.named = append(r.named, name)
	}
}

// addNamed completes the workflow's files, when all of it has been read: what
// lies in a directory that travels is there already.
func (r *reader) addNamed() {
	for _, name := range r.named {
		if !slices.ContainsFunc(r.w.Files, func(f string) bool {
			f, name := path.Clean(f), path.Clean(name)
			return f == name || f == "." || strings.HasPrefix(name, f+"/")
		}) {
			r.w.Files = append(r.w.Files, name)
		}
	}
}

// noteHanded notes the values below a node.
func (r *reader) noteHanded(n *yaml.Node) {
	if n = deref(n); r.handed[n] {
		return
	}
	if r.handed == nil {
		r.handed = map[*yaml.Node]bool{}
	}
	r.handed[n] = true
	for _, c := range n.Content {
		r.noteHanded(c)
	}
}

// checkHanded looks at a parameter that is shown to nobody: it must not be
// given to a notebook either.
func (r *reader) checkHanded(u *use, ref expr.Ref) {
	if p := r.w.Hides(ref.Path[1]); p && r.handed[deref(u.node)] {
		r.at(u, ref, CodeSecret, Error, "give it through the environment: env: {VALUE: \"${{ params."+ref.Path[1]+" }}\"}",
			"`%s` is writeOnly, and the parameters of a notebook are written into it", ref.Path[1])
	}
}
