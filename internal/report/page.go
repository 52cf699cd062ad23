package report

import (
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"time"

	"github.com/freshet/freshet/internal/nbformat"
)

// Page is what a template is given: a notebook, ready to be shown.
type Page struct {
	Title      string        // never empty
	Kernel     string        // the kernel's display name, or its name
	Language   string        // of the code: python, R, …
	Started    time.Time     // zero: not known
	Duration   time.Duration // zero: not known
	Status     string        // completed, failed, unfinished; empty: the file does not say
	Parameters []Parameter   // those that the notebook was run with, by name
	Headings   []Heading     // of markdown cells, without the title
	Cells      []*Cell       // those that are to be shown
	HideCode   bool
	NoTOC      bool

	math bool // some formula is on the page
}

// Parameter is one value that the notebook was run with.
type Parameter struct {
	Name  string
	Value string // as JSON
}

// Heading is an entry of the table of contents.
type Heading struct {
	Level int // 1 to 6
	ID    string
	Text  string
}

// newPage reads everything that the page needs to know before its first line
// is written. Outputs other than markdown and LaTeX are rendered when their
// turn comes, one at a time.
func newPage(nb *nbformat.Notebook, o Options) (*Page, error) {
	p := &Page{
		Title:    o.Title,
		HideCode: o.HideCode,
		NoTOC:    o.NoTOC,
		Language: nb.Language(),
		Kernel:   displayName(nb),
	}
	p.readRun(nb)
	b := &builder{page: p, notes: newMarkdown()}
	for i, cell := range nb.Cells {
		shown, err := b.cell(i, cell)
		if err != nil {
			return nil, fmt.Errorf("cell %d: %w", i+1, err)
		}
		if shown != nil {
			p.Cells = append(p.Cells, shown)
		}
	}
	p.Headings, p.math = b.notes.headings, p.math || b.notes.math
	p.findTitle(nb)
	return p, nil
}

func displayName(nb *nbformat.Notebook) string {
	spec, _ := nb.Metadata["kernelspec"].(map[string]any)
	if name, _ := spec["display_name"].(string); name != "" {
		return name
	}
	return nb.Kernel()
}

// readRun reads what papermill's block says of the run.
func (p *Page) readRun(nb *nbformat.Notebook) {
	run, _ := nb.Metadata["papermill"].(map[string]any)
	p.Started = moment(run["start_time"])
	if n, ok := run["duration"].(json.Number); ok {
		if s, err := n.Float64(); err == nil && s > 0 && s < 1e9 {
			p.Duration = time.Duration(s * float64(time.Second))
		}
	}
	failed, _ := run["exception"].(bool)
	switch {
	case failed && !leftOnPurpose(nb):
		p.Status = "failed"
	case !moment(run["end_time"]).IsZero():
		p.Status = "completed"
	case !p.Started.IsZero():
		p.Status = "unfinished"
	}
	parameters, _ := run["parameters"].(map[string]any)
	for name, value := range parameters {
		p.Parameters = append(p.Parameters, Parameter{name, compactJSON(value)})
	}
	slices.SortFunc(p.Parameters, func(a, b Parameter) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
}

func moment(v any) time.Time {
	s, _ := v.(string)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// leftOnPurpose says whether the only error of the notebook is an exit with
// code 0, which papermill records as an exception and nobody calls a failure.
func leftOnPurpose(nb *nbformat.Notebook) bool {
	left := false
	for _, cell := range nb.Cells {
		for _, out := range cell.Outputs {
			if out.Type != nbformat.Error {
				continue
			}
			if out.EName != "SystemExit" || out.EValue != "" && out.EValue != "0" {
				return false
			}
			left = true
		}
	}
	return left
}

// findTitle takes the title from the notebook where nobody gave one. The cell
// that begins with it need not show it again.
func (p *Page) findTitle(nb *nbformat.Notebook) {
	var first *Cell
	if i := slices.IndexFunc(p.Cells, func(c *Cell) bool { return !c.Banner }); i >= 0 {
		first = p.Cells[i]
	}
	if p.Title == "" {
		p.Title, _ = nb.Metadata["title"].(string)
	}
	if p.Title == "" && len(p.Headings) > 0 && p.Headings[0].Level == 1 {
		p.Title = p.Headings[0].Text
	}
	if p.Title == "" {
		p.Title = "Notebook"
	}
	if first != nil && first.heading != nil && first.heading.Level == 1 && first.heading.Text == p.Title {
		first.OwnTitle = true
		p.Headings = slices.DeleteFunc(p.Headings, func(h Heading) bool { return h == *first.heading })
	}
}

// Contents are the headings of the table of contents: none where it is off or
// would have fewer than two entries.
func (p *Page) Contents() []Heading {
	if p.NoTOC || len(p.Headings) < 2 {
		return nil
	}
	return p.Headings
}

// Math is what the page needs to draw formulas, and nothing where it has none.
func (p *Page) Math() template.HTML {
	if !p.math {
		return ""
	}
	return mathAssets()
}
