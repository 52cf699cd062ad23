package report

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	freshet "github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/nbformat"
)

func TestANSI(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"plain <&>", "plain &lt;&amp;&gt;"},
		{"\x1b[31mred\x1b[0m.", `<span class="a-fg1">red</span>.`},
		{"\x1b[1;92mb\x1b[22mg\x1b[mp", `<span class="a-b a-fg10">b</span><span class="a-fg10">g</span>p`},
		{"\x1b[38;5;208mx", `<span class="a-fg" style="--fg:#ff8700">x</span>`},
		{"\x1b[38;5;9mx\x1b[48;5;244my", `<span class="a-fg9">x</span><span class="a-fg a-bg" style="--fg:#ff0000;--bg:#808080">y</span>`},
		{"\x1b[38;2;1;2;3mx", `<span class="a-fg" style="--fg:#010203">x</span>`},
		{"\x1b[38:2:1:2:3mx", `<span class="a-fg" style="--fg:#010203">x</span>`},
		{"\x1b[7mi\x1b[31mr", `<span class="a-paper a-ink">i</span><span class="a-paper a-bg1">r</span>`},
		{"a\x1b[2K\x1b[1;5Hb\x1b[?25lc", "abc"},
		{"\x1b]8;;http://x\x1b\\link\x1b]8;;\x07!", "link!"},
		{"\x1b(Bx\x1b", "x"},
		{"\x1b[31", "31"},
		{"\x1b[38;5mx", "x"},
		{"\x1b[999999999999999999999mx", "x"},
		{"é\x00\x07b", "éb"},
	} {
		if got := string(ansiHTML(c.in)); got != c.want {
			t.Errorf("%q\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

func TestOverwrite(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"a\nb", "a\nb"},
		{"a\r\nb\r\n", "a\nb\n"},
		{"\r 10%\r100%\n", "100%\n"},
		{"10%\r", "10%"},
		{"abc\b\bx", "ax"},
		{"\b\bx", "x"},
	} {
		if got := overwrite(c.in); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

func TestStreamsAreMerged(t *testing.T) {
	stream := func(name, text string) *nbformat.Output {
		return &nbformat.Output{Type: nbformat.Stream, Name: name, Text: text}
	}
	got := mergeStreams([]*nbformat.Output{
		stream("stdout", "a"), stream("stdout", "b"), stream("stderr", "c"), stream("stdout", "d"), display("text/plain", "e"), stream("stdout", "f"),
	})
	var list []string
	for _, o := range got {
		list = append(list, o.Name+":"+o.Text)
	}
	if diff := cmp.Diff([]string{"stdout:ab", "stderr:c", "stdout:d", ":", "stdout:f"}, list); diff != "" {
		t.Error(diff)
	}
}

// The richest form that a page without scripts can show is shown.
func TestMimeOrder(t *testing.T) {
	all := map[string]any{
		"text/html": "<b>H</b>", "image/svg+xml": "<svg/>", "image/png": "QQ==", "image/jpeg": "QQ==", "text/markdown": "M",
		"text/latex": "L", "application/json": map[string]any{}, "text/plain": "P",
	}
	for _, mime := range []string{"text/html", "image/svg+xml", "image/png", "image/jpeg", "text/markdown", "text/latex", "application/json", "text/plain"} {
		page, err := newPage(notebook(code("x", &nbformat.Output{Type: nbformat.DisplayData, Data: all})), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := page.Cells[0].Outputs[0].Mime; got != mime {
			t.Errorf("%s is shown before %s", got, mime)
		}
		delete(all, mime)
	}
}

func TestNotes(t *testing.T) {
	for _, c := range []struct {
		name       string
		data       map[string]any
		mime, note string
		shown      bool
	}{
		{"html that needs a script", map[string]any{"text/html": "<div></div><script>x</script>", "image/png": "QQ=="}, "image/png", noScript, true},
		{"html with a script to spare", map[string]any{"text/html": "<b>x</b><script>x</script>", "text/plain": "x"}, "text/html", "", true},
		{"only a script", map[string]any{"text/html": "<div></div><script>x</script>"}, "", noScript, true},
		{"a widget", map[string]any{"application/vnd.jupyter.widget-view+json": map[string]any{}, "text/plain": "Slider()"}, "text/plain", widget, true},
		{"javascript", map[string]any{"application/javascript": "x", "text/plain": "<IPython.core.display.Javascript object>"}, "text/plain", "a script: a report runs none", true},
		{"unknown", map[string]any{"application/x-b": "x", "application/x-a": "x"}, "", "an output that a report cannot show: application/x-a, application/x-b", true},
		{"a scrap", map[string]any{"application/scrapbook.scrap.json+json": map[string]any{}}, "", "", false},
	} {
		page, err := newPage(notebook(code("x", &nbformat.Output{Type: nbformat.DisplayData, Data: c.data})), Options{})
		if err != nil {
			t.Fatal(err)
		}
		outputs := page.Cells[0].Outputs
		if !c.shown {
			if len(outputs) != 0 {
				t.Errorf("%s: is shown", c.name)
			}
			continue
		}
		if o := outputs[0]; o.Mime != c.mime || o.Note != c.note {
			t.Errorf("%s: %q %q", c.name, o.Mime, o.Note)
		}
	}
}

func TestFormulas(t *testing.T) {
	const in, display, end = `<span class="math">`, `<span class="math display">`, `</span>`
	for _, c := range []struct{ in, want string }{
		{`$x$`, `<p>` + in + `x` + end + `</p>`},
		{`a $x_1$, $y_1$ b`, `<p>a ` + in + `x_1` + end + `, ` + in + `y_1` + end + ` b</p>`},
		{`$5 and $10`, `<p>$5 and $10</p>`},
		{`$ x $`, `<p>$ x $</p>`},
		{`\$x\$`, `<p>$x$</p>`},
		{"`$x$`", `<p><code>$x$</code></p>`},
		{`$a < b$`, `<p>` + in + `a &lt; b` + end + `</p>`},
		{`\\(x\\) \\[y\\]`, `<p>` + in + `x` + end + ` ` + display + `y` + end + `</p>`},
		{`$$x$$`, display + `x` + end},
		{"$$\nx\n\n- y\n$$\n", display + "x\n\n- y" + end},
		{`a $$x$$ b`, `<p>a ` + display + `x` + end + ` b</p>`},
		{"\\begin{eqnarray}\nx\n\\end{eqnarray}", display + "\\begin{align}\nx\n\\end{align}" + end},
		{`so \begin{matrix}x\end{matrix} b`, `<p>so ` + display + `\begin{matrix}x\end{matrix}` + end + ` b</p>`},
		{"$$\nnever closed", "<p>$$\nnever closed</p>"},
		{`x \label{a} $y \label{b}$`, `<p>x \label{a} ` + in + `y` + end + `</p>`},
		{"# $x$", `<h1 id="x">` + in + `x` + end + `</h1>`},
	} {
		got, _, err := newMarkdown().render(c.in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if strings.TrimSpace(string(got)) != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

// A text full of beginnings of formulas is not searched to its end for each.
func TestBeginningsOfFormulas(t *testing.T) {
	start := time.Now()
	if _, _, err := newMarkdown().render(strings.Repeat("\\begin{a}\n\n", 20_000), nil); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("it takes %v", d)
	}
	long := strings.Repeat("x", maxFormulaBytes)
	got, _, err := newMarkdown().render(`\begin{a}`+long+"\nb\n\n$"+long+"\nc$", nil)
	if err != nil || strings.Contains(string(got), "math") || strings.Count(string(got), "x") != 2*len(long) {
		t.Errorf("what is too long for a formula is no text: %v", err)
	}
}

func TestLaTeX(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`$\displaystyle x$`, `<span class="math display">x</span>`},
		{`$$x$$`, `<span class="math display">x</span>`},
		{`a $x$ b`, `a <span class="math">x</span> b`},
		{`\begin{equation}x\end{equation}`, `<span class="math display">\begin{equation}x\end{equation}</span>`},
		{`x^2`, `<span class="math display">x^2</span>`},
		{`words <b>`, `words &lt;b&gt;`},
		{`\begin{tabular}{l}a\end{tabular}`, `<pre>\begin{tabular}{l}a\end{tabular}</pre>`},
	} {
		if got := string(latexHTML(c.in)); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

func TestScopeCSS(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`td, .a:hover > b { color: red; }`, `#o td,#o .a:hover > b{color:red;}`},
		{`/* x } */ td{position:fixed;color:RGBA(1,2,3,.5)!important}`, `#o td{color:RGBA(1,2,3,.5)!important;}`},
		{`td{background:url(http://x)}`, ``},
		{`td{background:image-set("x")}`, ``},
		{`td{width:expression(alert(1))}`, ``},
		{`td{color:\72 ed}`, ``},
		{`@import "http://x"; td{color:red}`, `#o td{color:red;}`},
		{`@media print { td{color:red} } th{color:red}`, `#o th{color:red;}`},
		{`</style><script>{color:red}`, ``},
		{`td:not( {color:red} th{color:red}`, `#o th{color:red;}`},
		{`td{color:red`, `#o td{color:red;}`},
		{`td{background:linear-gradient(90deg, #d65f5f 50.0%, transparent 50.0%)}`, `#o td{background:linear-gradient(90deg, #d65f5f 50.0%, transparent 50.0%);}`},
	} {
		if got := scopeCSS(c.in, "#o"); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

func TestHeadingsHaveJupytersAnchors(t *testing.T) {
	page, err := newPage(notebook(prose("## How much? A `b` & *c*\n\n## Über é\n\n## Twice"), prose("### Twice\n\n## ---")), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Heading{
		{2, "How-much?-A-b--c", "How much? A b & c"}, {2, "Über-é", "Über é"}, {2, "Twice", "Twice"}, {3, "Twice-1", "Twice"}, {2, "---", "---"},
	}
	if diff := cmp.Diff(want, page.Headings); diff != "" {
		t.Error(diff)
	}
}

func TestHighlight(t *testing.T) {
	for _, c := range []struct{ source, language, want string }{
		{"x = 1 # é", "python", `x = <span class="m">1</span> <span class="c"># é</span>`},
		{"%%bash\nif true", "python", "<span class=\"cp\">%%bash\n</span><span class=\"k\">if</span> <span class=\"nb\">true</span>"},
		{"<x>", "no language", "&lt;x&gt;"},
		{"", "python", ""},
	} {
		if got := string(highlight(c.source, c.language)); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.source, got, c.want)
		}
	}
	for language := range files {
		if lexerFor(language) == nil {
			t.Errorf("%s has no lexer", language)
		} else if got := highlight("a < b\n\"x\"", language); !strings.Contains(string(got), "&lt;") {
			t.Errorf("%s: %s", language, got)
		}
	}
}

func TestOwnTemplate(t *testing.T) {
	nb := read(t, "everything.ipynb")
	got := render(t, nb, Options{Template: `{{template "head" .}}<h1>{{.Title}}</h1>{{range .Parameters}}{{.Name}}={{.Value}};{{end}}
{{range .Cells}}{{if eq .Type "code"}}{{.Prompt}}{{range .Outputs}}{{.Type}} {{.Mime}} {{.HTML}}{{end}}{{else}}{{template "cell" .}}{{end}}{{end}}
{{markdown "*by* hand"}} {{elapsed .Duration}} {{date "2006" .Started}}{{.Math}}`})
	for _, want := range []string{"<h1>Everything &amp; more</h1>", `limits=[1,null];month=6;title=&#34;a run&#34;;`, "<em>by</em> hand", "1m24s", " 2024", "katex", "Content-Security-Policy"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

func TestElapsed(t *testing.T) {
	for d, want := range map[time.Duration]string{
		3 * time.Millisecond: "3ms", 1250 * time.Millisecond: "1.3s", 80 * time.Second: "1m20s", 10 * time.Minute: "10m", 2*time.Hour + time.Second: "2h0m1s",
	} {
		if got := elapsed(d); got != want {
			t.Errorf("%d: %s, want %s", d, got, want)
		}
	}
}

func TestTemplateErrors(t *testing.T) {
	nb := notebook(prose("x"))
	for _, c := range []struct{ template, want string }{
		{"a\n{{.Nothing}}", "own.html, line 2: <.Nothing>: can't evaluate field Nothing in type *report.Page"},
		{"a\nb\n{{range .Cells}}", "own.html, line 3: unexpected EOF"},
		{"{{frobnicate}}", `own.html, line 1: function "frobnicate" not defined`},
		{"\n{{template \"cells\" .}}", `own.html, line 2: no such template "cells"`},
		{"<script>{{if .Title}}'{{end}}</script>", `own.html, line 1: {{if}} branches end in different contexts: `},
		{"{% extends 'basic.tpl' %}", "own.html is a Jinja template, and a report's own template is a Go template"},
	} {
		err := HTML(io.Discard, nb, Options{Template: c.template, TemplateName: "own.html"})
		var e *freshet.Error
		if !errors.As(err, &e) || e.Code != freshet.Invalid || e.Hint == "" || !strings.HasPrefix(e.Message, c.want) {
			t.Errorf("%q\n got %v\nwant %s", c.template, err, c.want)
		}
	}
}

func TestWriteErrorIsNoTemplateError(t *testing.T) {
	broken := errors.New("no space")
	err := HTML(failing{broken}, notebook(prose("x")), Options{Template: "{{.Title}}"})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// The template that docs/notebooks.md shows is a whole one.
func TestDocumentedTemplate(t *testing.T) {
	page, err := os.ReadFile("../../docs/notebooks.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```html\n")
	example, _, found := strings.Cut(rest, "```\n")
	if !found {
		t.Fatal("docs/notebooks.md shows no template")
	}
	got := render(t, read(t, "everything.ipynb"), Options{Template: example})
	for _, want := range []string{"<h1>Everything &amp; more, 1 March 2024</h1>", "<p>month: 6</p>", `src="data:image/png`, "Content-Security-Policy"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing", want)
		}
	}
}
