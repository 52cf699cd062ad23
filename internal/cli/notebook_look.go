package cli

import (
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/papermill"
	"github.com/freshet/freshet/internal/report"
)

// notebookParam is a parameter of a notebook, as its cell sets it.
type notebookParam struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Default string `json:"default"` // code
	Help    string `json:"help"`
}

var notebookParamColumns = []column[notebookParam]{
	{head: "PARAMETER", cell: func(_ clock, p notebookParam) string { return p.Name }},
	{head: "TYPE", cell: func(_ clock, p notebookParam) string { return p.Type }},
	{head: "DEFAULT", cell: func(_ clock, p notebookParam) string { return p.Default }},
	{head: "HELP", cell: func(_ clock, p notebookParam) string { return p.Help }},
}

func (a *app) notebookParamsCommand() *cobra.Command {
	return takes(&cobra.Command{
		Use:   "params FILE",
		Short: "Show the parameters of a notebook: names, types, defaults",
		Long: `Show the parameters of a Python notebook, as the cell that is tagged
"parameters" sets them. FILE may be - for standard input.`,
		Example: `freshet notebook params report.ipynb
freshet notebook params report.ipynb -o json`,
		RunE: func(c *cobra.Command, args []string) error {
			nb, err := a.readNotebook(args[0])
			if err != nil {
				return err
			}
			found, warnings := papermill.Infer(nb)
			for _, w := range warnings {
				a.err.line("%s %s", a.err.paint(yellow, "warning:"), oneLine(w))
			}
			params := make([]notebookParam, len(found))
			for i, p := range found {
				params[i] = notebookParam(p)
			}
			return list(a, params, notebookParamColumns)
		},
	})
}

// kernel is a kernel that is installed.
type kernel struct {
	Name     string   `json:"name"`
	Display  string   `json:"display_name"`
	Language string   `json:"language"`
	Argv     []string `json:"argv"`
	Dir      string   `json:"dir"` // of its kernel.json
}

var kernelColumns = []column[kernel]{
	{head: "KERNEL", cell: func(_ clock, k kernel) string { return k.Name }},
	{head: "LANGUAGE", cell: func(_ clock, k kernel) string { return k.Language }},
	{head: "NAME", cell: func(_ clock, k kernel) string { return k.Display }},
	{head: "DIRECTORY", cell: func(_ clock, k kernel) string { return k.Dir }},
}

func (a *app) notebookKernelsCommand() *cobra.Command {
	return takes(&cobra.Command{
		Use:   "kernels",
		Short: "List the kernels that are installed here",
		Example: `freshet notebook kernels
freshet notebook kernels -o plain | cut -f1`,
		RunE: func(c *cobra.Command, _ []string) error {
			specs, problems := a.kernels().Specs()
			for _, err := range problems {
				a.err.line("%s %s", a.err.paint(yellow, "warning:"), oneLine(err.Error()))
			}
			kernels := make([]kernel, len(specs))
			for i, s := range specs {
				kernels[i] = kernelOf(s)
			}
			if len(kernels) == 0 && a.flags.output == tableFormat {
				a.err.line("no kernel is installed")
				a.err.line("%s python3 -m pip install ipykernel installs one for Python; --interpreter uses that of another Python", a.err.paint(cyan, "hint:"))
				return nil
			}
			return list(a, kernels, kernelColumns)
		},
	})
}

func kernelOf(s jupyter.Spec) kernel {
	return kernel{Name: s.Name, Display: s.DisplayName, Language: s.Language, Argv: s.Argv, Dir: s.Dir}
}

func (a *app) notebookRenderCommand() *cobra.Command {
	var o report.FileOptions
	c := &cobra.Command{
		Use:   "render FILE [OUT]",
		Short: "Make a report of an executed notebook: HTML or PDF",
		Long: `Make a report of a notebook that was executed, by Freshet or by anybody else:
one HTML file that needs nothing beside it, or a PDF, for which Chromium has to
be installed. OUT is FILE with another ending unless it is said.`,
		Example: `freshet notebook render executed/report.ipynb
freshet notebook render executed/report.ipynb monday.pdf --to pdf --hide-code
freshet notebook render report.ipynb --template mine.html`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				if to := strings.TrimPrefix(filepath.Ext(args[1]), "."); !c.Flags().Changed("to") && (to == report.HTMLFormat || to == report.PDFFormat) {
					o.Format = to
				}
			}
			if o.Format != report.HTMLFormat && o.Format != report.PDFFormat {
				return invalid("--to is html or pdf, not %q", o.Format)
			}
			o.Notebook, o.Target = args[0], report.Beside(args[0], o.Format)
			if len(args) > 1 {
				o.Target = args[1]
			}
			if err := report.File(c.Context(), a.env, o); err != nil {
				return err
			}
			return a.show(map[string]string{"report": o.Target}, func() { a.out.line("Report: %s", o.Target) }, func(p *printer) { p.line("%s", o.Target) })
		},
	}
	f := c.Flags()
	f.StringVar(&o.Format, "to", report.HTMLFormat, "html or pdf; default: as OUT ends, else html")
	f.StringVar(&o.Title, "title", "", "TEXT: above the report; default: the notebook's own")
	f.StringVar(&o.Template, "template", "", "FILE: a template of Go, or of Jinja for AsciiDoc")
	f.BoolVar(&o.HideCode, "hide-code", false, "leave the code out")
	f.StringVar(&o.Paper, "paper", "a4", "a4 or letter, for pdf")
	return takes(c)
}
