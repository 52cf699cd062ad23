package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/freshet/freshet/internal/nbformat"
)

// Output is one output of a cell.
type Output struct {
	Type   string // stream, display_data, execute_result, error
	Name   string // of a stream: stdout or stderr
	Mime   string // what of a display is shown; empty for streams and errors
	Prompt string // Out[3]: of a result
	Title  string // of an error: its name and what it says
	Note   string // what is not shown, and why
	Size   string // of a long output: 1200 lines, 48 kB; empty: not long

	render func() template.HTML
}

// HTML is the output as it is to be shown. It is made when it is asked for, so
// that of a large notebook only one output is in memory.
func (o *Output) HTML() template.HTML {
	if o.render == nil {
		return ""
	}
	return o.render()
}

// An output that is longer than this is folded: its size is seen, and all of
// it when somebody asks.
const (
	longLines = 300
	longBytes = 64 << 10
)

func sizeOf(text string) string {
	lines := strings.Count(strings.TrimRight(text, "\n"), "\n") + 1
	if lines <= longLines && len(text) <= longBytes {
		return ""
	}
	if lines == 1 {
		return bytesOf(len(text)) + " in one line"
	}
	return fmt.Sprintf("%d lines, %s", lines, bytesOf(len(text)))
}

func bytesOf(n int) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d bytes", n)
	case n < 1e6:
		return fmt.Sprintf("%d kB", (n+500)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

func (b *builder) outputs(c *Cell, from *nbformat.Cell) ([]*Output, error) {
	var list []*Output
	for _, out := range mergeStreams(from.Outputs) {
		switch out.Type {
		case nbformat.Stream:
			if text := overwrite(out.Text); text != "" {
				list = append(list, terminal(&Output{Type: string(out.Type), Name: out.Name}, text))
			}
		case nbformat.Error:
			c.Failed = c.Failed || !from.HasTag("raises-exception")
			list = append(list, failure(out))
		case nbformat.DisplayData, nbformat.ExecuteResult:
			shown, err := b.display(out)
			if err != nil {
				return nil, err
			}
			if shown != nil {
				list = append(list, shown)
			}
		default:
			list = append(list, &Output{Type: string(out.Type), Note: fmt.Sprintf("an output of the type %q is not shown", out.Type)})
		}
	}
	return list, nil
}

// terminal shows text as a terminal would.
func terminal(o *Output, text string) *Output {
	o.Size = sizeOf(text)
	o.render = func() template.HTML {
		return "<pre class=\"text\">\n" + ansiHTML(strings.TrimRight(text, "\n")) + "</pre>" // HTML drops the first newline
	}
	return o
}

func failure(out *nbformat.Output) *Output {
	o := &Output{Type: string(out.Type), Title: out.EName}
	if out.EValue != "" {
		first, _, _ := strings.Cut(out.EValue, "\n")
		o.Title = strings.TrimPrefix(out.EName+": ", ": ") + plainANSI(first)
	}
	if len(out.Traceback) > 0 {
		terminal(o, strings.Join(out.Traceback, "\n"))
	}
	return o
}

// display shows the richest form of an output that a page without scripts can
// show, and nil for one that is not for people, such as a scrap.
func (b *builder) display(out *nbformat.Output) (*Output, error) {
	o := &Output{Type: string(out.Type)}
	if out.Type == nbformat.ExecuteResult && !b.page.HideCode { // without In there is no Out
		o.Prompt = prompt("Out", out.ExecutionCount)
	}
	for _, form := range forms {
		content, ok := out.Data[form.mime]
		if !ok {
			continue
		}
		if o.Note == "" {
			o.Note = unshown(out.Data)
		}
		shown, err := form.show(b, o, content)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", form.mime, err)
		}
		if shown {
			o.Mime = form.mime
			return o, nil
		}
	}
	if o.Note == "" {
		if o.Note = unshown(out.Data); o.Note == "" {
			o.Note = otherMimes(out.Data)
		}
	}
	if o.Note == "" {
		return nil, nil
	}
	return o, nil
}

var imageMimes = []string{"image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp"}

// form is a way to show a mime type. show says false if this content has
// nothing to see in it without a script; then a plainer form has its turn.
type form struct {
	mime string
	show func(b *builder, o *Output, content any) (bool, error)
}

// forms are in nbconvert's order for HTML: the richest first.
var forms []form

func init() {
	forms = append(forms, form{"text/html", showHTML})
	for _, mime := range imageMimes {
		forms = append(forms, form{mime, showImage(mime)})
	}
	forms = append(forms,
		form{"text/markdown", showMarkdown},
		form{"text/latex", showLaTeX},
		form{"application/json", showJSON},
		form{"text/plain", showText},
	)
}

func showHTML(b *builder, o *Output, content any) (bool, error) {
	source := str(content)
	if !seen(source) {
		o.Note = noScript
		return false, nil
	}
	b.parts++
	name := fmt.Sprintf("out-%d", b.parts)
	o.render = func() template.HTML { return richHTML(source, name) }
	return true, nil
}

func showImage(mime string) func(*builder, *Output, any) (bool, error) {
	return func(b *builder, o *Output, content any) (bool, error) {
		body := str(content)
		if strings.TrimSpace(body) == "" {
			return false, nil
		}
		o.render = func() template.HTML {
			return template.HTML(`<img class="picture" alt="" src="` + template.HTMLEscapeString(dataURI(mime, body)) + `">`)
		}
		return true, nil
	}
}

func showMarkdown(b *builder, o *Output, content any) (bool, error) {
	html, _, err := b.notes.render(str(content), nil)
	o.render = func() template.HTML { return `<div class="text-cell">` + html + "</div>" }
	return true, err
}

func showLaTeX(b *builder, o *Output, content any) (bool, error) {
	html := latexHTML(str(content))
	b.page.math = b.page.math || strings.Contains(string(html), `class="math`)
	o.render = func() template.HTML { return `<div class="text-cell">` + html + "</div>" }
	return true, nil
}

func showJSON(b *builder, o *Output, content any) (bool, error) {
	text := indentJSON(content)
	o.Size = sizeOf(text)
	o.render = func() template.HTML {
		return `<pre class="code"><code>` + highlight(text, "json") + "</code></pre>"
	}
	return true, nil
}

func showText(b *builder, o *Output, content any) (bool, error) {
	if text := str(content); o.Note == "" || !pythonObject.MatchString(text) {
		terminal(o, text)
	}
	return true, nil
}

// pythonObject is the text of an object that has none; a note says more.
var pythonObject = regexp.MustCompile(`^<IPython\.core\.display\.\w+ object>$`)

const (
	noScript = "interactive: this output needs a script, and a report runs none"
	widget   = "an interactive widget: its text is shown"
)

// unshown says what a bundle holds that a report does not run.
func unshown(data map[string]any) string {
	for mime := range data {
		switch {
		case mime == "application/javascript" || mime == "text/javascript":
			return "a script: a report runs none"
		case strings.HasPrefix(mime, "application/vnd.jupyter.widget-view"):
			return widget
		}
	}
	return ""
}

// otherMimes names what nobody here can show, except records for programs.
func otherMimes(data map[string]any) string {
	var names []string
	for _, mime := range slices.Sorted(maps.Keys(data)) {
		if !strings.HasPrefix(mime, "application/scrapbook.") && !strings.HasPrefix(mime, "application/papermill.") {
			names = append(names, mime)
		}
	}
	if names == nil {
		return ""
	}
	return "an output that a report cannot show: " + strings.Join(names, ", ")
}

// str is content as text: strings as they are, anything else as JSON.
func str(content any) string {
	if s, ok := content.(string); ok {
		return s
	}
	return compactJSON(content)
}

func compactJSON(v any) string { return strings.TrimSuffix(encodeJSON(v, ""), "\n") }
func indentJSON(v any) string  { return strings.TrimSuffix(encodeJSON(v, "  "), "\n") }

// encodeJSON writes any value of a notebook, in which a number may be NaN.
func encodeJSON(v any, indent string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(nbformat.Finite(v, func(text string) any { return text })); err != nil {
		return fmt.Sprint(v)
	}
	return b.String()
}
