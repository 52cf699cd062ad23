package report

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet/internal/nbformat"
)

var update = flag.Bool("update", false, "write the golden files anew")

// read is a notebook of testdata.
func read(t testing.TB, name string) *nbformat.Notebook {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	nb, err := nbformat.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	return nb
}

func render(t testing.TB, nb *nbformat.Notebook, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, nb, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// notebook is one of code cells' outputs and markdown cells.
func notebook(cells ...*nbformat.Cell) *nbformat.Notebook {
	return &nbformat.Notebook{Cells: cells, Format: nbformat.Format, Minor: nbformat.Minor,
		Metadata: map[string]any{"language_info": map[string]any{"name": "python"}}}
}

func prose(source string) *nbformat.Cell {
	return &nbformat.Cell{Type: nbformat.Markdown, Source: source}
}

func code(source string, outputs ...*nbformat.Output) *nbformat.Cell {
	return &nbformat.Cell{Type: nbformat.Code, Source: source, Outputs: outputs}
}

func display(mime string, content any) *nbformat.Output {
	return &nbformat.Output{Type: nbformat.DisplayData, Data: map[string]any{mime: content}}
}

func tagged(cell *nbformat.Cell, tags ...string) *nbformat.Cell {
	cell.SetTags(tags...)
	return cell
}

// The golden page shows the notebook with everything. What KaTeX brings is the
// same in every page with a formula and is left out of the file.
func TestGolden(t *testing.T) {
	nb := read(t, "everything.ipynb")
	for name, o := range map[string]Options{
		"everything.html": {},
		"nocode.html":     {Title: "A title of its own", HideCode: true, NoTOC: true},
	} {
		got := strings.ReplaceAll(render(t, nb, o), string(mathAssets()), "[KaTeX]\n")
		got = strings.Replace(got, styleSheet(t), "[page.css]", 1)
		file := "testdata/" + name
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
			t.Errorf("%s (-want +got; go test -update writes it anew):\n%s", name, diff)
		}
	}
}

func styleSheet(t *testing.T) string {
	css, err := os.ReadFile("page.css")
	if err != nil {
		t.Fatal(err)
	}
	return "<style>\n" + string(css) + "</style>"
}

func TestWhatIsShown(t *testing.T) {
	out := &nbformat.Output{Type: nbformat.Stream, Name: "stdout", Text: "the output"}
	folded := code("the source", out)
	folded.Metadata = map[string]any{"jupyter": map[string]any{"source_hidden": true}}
	for _, c := range []struct {
		name            string
		cell            *nbformat.Cell
		o               Options
		source, output  bool
		sourceIsOpen    bool
		outputsAreAside bool
	}{
		{name: "plain", cell: code("the source", out), source: true, sourceIsOpen: true, output: true},
		{name: "hide code", cell: code("the source", out), o: Options{HideCode: true}, output: true},
		{name: "remove-cell", cell: tagged(code("the source", out), "remove-cell")},
		{name: "remove_cell", cell: tagged(code("the source", out), "remove_cell")},
		{name: "remove_input", cell: tagged(code("the source", out), "remove_input"), output: true},
		{name: "remove-output", cell: tagged(code("the source", out), "remove-output"), source: true, sourceIsOpen: true},
		{name: "hide_input", cell: tagged(code("the source", out), "hide_input"), source: true, output: true},
		{name: "hide-output", cell: tagged(code("the source", out), "hide-output"), source: true, sourceIsOpen: true, output: true, outputsAreAside: true},
		{name: "hide-cell", cell: tagged(code("the source", out), "hide-cell"), source: true, output: true, outputsAreAside: true},
		{name: "source_hidden", cell: folded, source: true, output: true},
	} {
		got := render(t, notebook(c.cell), c.o)
		body := got[strings.Index(got, "<body"):]
		for what, pair := range map[string][2]bool{
			"source":         {strings.Contains(body, "the source"), c.source},
			"output":         {strings.Contains(body, "the output"), c.output},
			"open source":    {strings.Contains(body, `short" open>`), c.sourceIsOpen},
			"folded outputs": {strings.Contains(body, `<details class="outputs">`), c.outputsAreAside},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s: %s: got %v, want %v", c.name, what, pair[0], pair[1])
			}
		}
	}
}

func TestRun(t *testing.T) {
	exit := func(code string) *nbformat.Cell {
		return &nbformat.Cell{Type: nbformat.Code, Source: "exit", Outputs: []*nbformat.Output{{Type: nbformat.Error, EName: "SystemExit", EValue: code}}}
	}
	start, end := "2024-03-01T06:00:00+00:00", "2024-03-01T06:00:01+00:00"
	for _, c := range []struct {
		name  string
		block map[string]any
		cell  *nbformat.Cell
		want  string
	}{
		{"nothing is said", nil, exit("0"), ""},
		{"completed", map[string]any{"start_time": start, "end_time": end, "exception": nil}, prose("x"), "completed"},
		{"failed", map[string]any{"start_time": start, "end_time": end, "exception": true}, prose("x"), "failed"},
		{"exit 0", map[string]any{"start_time": start, "end_time": end, "exception": true}, exit("0"), "completed"},
		{"exit 1", map[string]any{"start_time": start, "end_time": end, "exception": true}, exit("1"), "failed"},
		{"in the middle", map[string]any{"start_time": start, "end_time": nil}, prose("x"), "unfinished"},
	} {
		nb := notebook(c.cell)
		if c.block != nil {
			nb.Metadata["papermill"] = c.block
		}
		page, err := newPage(nb, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if page.Status != c.want {
			t.Errorf("%s: %q, want %q", c.name, page.Status, c.want)
		}
	}
}

func TestTitle(t *testing.T) {
	for _, c := range []struct {
		name  string
		cells []*nbformat.Cell
		o     Options
		want  string
		once  bool // the first cell's heading is the title and not shown twice
	}{
		{"none", []*nbformat.Cell{prose("words")}, Options{}, "Notebook", false},
		{"first heading", []*nbformat.Cell{prose("# The *rain*\n\nwords")}, Options{}, "The rain", true},
		{"after a banner", []*nbformat.Cell{tagged(prose("failed"), errorTag), prose("# Rain")}, Options{}, "Rain", true},
		{"given", []*nbformat.Cell{prose("# Rain")}, Options{Title: "Snow"}, "Snow", false},
		{"a section is none", []*nbformat.Cell{prose("## Rain")}, Options{}, "Notebook", false},
	} {
		page, err := newPage(notebook(c.cells...), c.o)
		if err != nil {
			t.Fatal(err)
		}
		if page.Title != c.want || page.Cells[len(page.Cells)-1].OwnTitle != c.once {
			t.Errorf("%s: %q, once %v", c.name, page.Title, page.Cells[len(page.Cells)-1].OwnTitle)
		}
	}
}

// A long output is folded, and complete.
func TestLongOutput(t *testing.T) {
	var b strings.Builder
	for range 50_000 {
		b.WriteString("a line of this output\n")
	}
	got := render(t, notebook(code("x", &nbformat.Output{Type: nbformat.Stream, Name: "stdout", Text: b.String()})), Options{})
	if n := strings.Count(got, "a line of this output"); n != 50_000 {
		t.Errorf("%d lines of 50000", n)
	}
	if !strings.Contains(got, `<details class="long"><summary>50000 lines, 1.1 MB</summary>`) {
		t.Error("it is not folded")
	}
}

func TestPageWithoutFormulaHasNoScript(t *testing.T) {
	got := render(t, notebook(prose("costs $5 and $10"), code("x = '$y$'")), Options{})
	if strings.Contains(got, "<script") || !strings.Contains(got, "script-src &#39;none&#39;") {
		t.Error("a page without formulas allows or has a script")
	}
}
