package report

import (
	"embed"
	"errors"
	"html/template"
	"io"
	"regexp"
	"strings"
	"sync"
	tmpl "text/template"
	"time"

	freshet "github.com/freshet/freshet"
)

//go:embed page.html page.css
var pageFiles embed.FS

// pieces are the built-in page and what it consists of.
var pieces = sync.OnceValue(func() *template.Template {
	css, err := pageFiles.ReadFile("page.css")
	if err != nil {
		panic(err) // it is embedded
	}
	functions := template.FuncMap{
		"style":    func() template.HTML { return template.HTML("<style>\n" + string(css) + "</style>") },
		"markdown": renderText,
		"date":     func(layout string, t time.Time) string { return t.Format(layout) },
		"elapsed":  elapsed,
	}
	return template.Must(template.New("pieces").Funcs(functions).ParseFS(pageFiles, "page.html"))
})

// renderText is the template function markdown.
func renderText(text string) (template.HTML, error) {
	html, _, err := newMarkdown().render(text, nil)
	return html, err
}

// elapsed is a duration without digits that nobody wants: 850ms, 4.2s, 3m5s.
func elapsed(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	text := d.Round(time.Second).String()
	if strings.HasSuffix(text, "m0s") {
		return strings.TrimSuffix(text, "0s")
	}
	return text
}

func execute(w io.Writer, page *Page, o Options) error {
	own, err := pieces().Clone() // one that has been executed cannot be extended
	if err != nil {
		return err
	}
	if o.Template == "" {
		return own.ExecuteTemplate(w, "page", page)
	}
	name := o.templateName()
	if IsJinja(o.Template) {
		return freshet.Errorf(freshet.Invalid, "%s is a Jinja template, and a report's own template is a Go template", name).
			WithHint("a Jinja asciidoc template makes a pdf through nbconvert (format: pdf); for html write it as in docs/notebooks.md")
	}
	if own, err = own.New(name).Parse(o.Template); err != nil {
		return templateError(name, err)
	}
	err = own.Execute(w, page)
	var exec tmpl.ExecError // a wrong field; what w refuses is not the template's fault
	var escape *template.Error
	if errors.As(err, &exec) || errors.As(err, &escape) {
		return templateError(name, err)
	}
	return err
}

func (o *Options) templateName() string {
	if o.TemplateName == "" {
		return "template"
	}
	return o.TemplateName
}

// checkTemplate tells whether an own template can be read at all.
func checkTemplate(o Options) error {
	own, err := pieces().Clone()
	if err != nil || o.Template == "" {
		return err
	}
	if _, err := own.New(o.templateName()).Parse(o.Template); err != nil {
		return templateError(o.templateName(), err)
	}
	return nil
}

// where is how text/template and html/template begin an error: the template,
// the line, and the column where they know it.
var where = regexp.MustCompile(`^(?:html/)?template: ?([^\n]*?):(\d+)(?::\d+)?: (?:executing "[^"]*" at )?(.*)$`)

// templateError is an error of an own template for its author: which line, and
// what is wrong with it.
func templateError(name string, err error) error {
	text, _, _ := strings.Cut(err.Error(), "\n")
	if m := where.FindStringSubmatch(text); m != nil {
		if m[1] != "page.html" {
			name = m[1]
		}
		return freshet.Errorf(freshet.Invalid, "%s, line %s: %s", name, m[2], m[3]).WithHint("docs/notebooks.md lists the data and pieces that a template has")
	}
	return freshet.Errorf(freshet.Invalid, "%s: %s", name, strings.TrimPrefix(text, "template: ")).
		WithHint("docs/notebooks.md lists the data and pieces that a template has")
}

// IsJinja says whether the text of a template is one of Jinja, as nbconvert
// has them, rather than one of Go.
func IsJinja(text string) bool { return strings.Contains(text, "{%") }
