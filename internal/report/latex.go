package report

import (
	"html/template"
	"regexp"
	"strings"
)

// latexHTML is a LaTeX output: formulas, or text with formulas in it. What no
// formula is made of, such as a table for a paper, is shown as source.
func latexHTML(source string) template.HTML {
	var b strings.Builder
	if strings.Contains(source, `\begin{tabular}`) || strings.Contains(source, `\begin{table}`) {
		return template.HTML("<pre>" + template.HTMLEscapeString(source) + "</pre>")
	}
	rest := strings.TrimSpace(source)
	bare := true
	for rest != "" {
		at, tex, display, next := nextFormula(rest)
		if tex == "" {
			break
		}
		bare = false
		b.WriteString(template.HTMLEscapeString(rest[:at]))
		writeMath(&b, strings.TrimPrefix(strings.TrimSpace(tex), `\displaystyle`), display || at == 0 && next == "")
		rest = next
	}
	if bare && strings.ContainsAny(rest, `\^_`) {
		writeMath(&b, rest, true)
		rest = ""
	}
	b.WriteString(template.HTMLEscapeString(rest))
	return template.HTML(b.String())
}

var formula = regexp.MustCompile(`(?s)\$\$.+?\$\$|\$[^$]+\$|\\\[.+?\\\]|\\\(.+?\\\)|\\begin\{[A-Za-z]+\*?\}.*\\end\{[A-Za-z]+\*?\}`)

// nextFormula finds the first formula in LaTeX text; tex is empty if none.
func nextFormula(s string) (at int, tex string, display bool, rest string) {
	m := formula.FindStringIndex(s)
	if m == nil {
		return 0, "", false, ""
	}
	tex, rest = s[m[0]:m[1]], s[m[1]:]
	switch {
	case strings.HasPrefix(tex, "$$"), strings.HasPrefix(tex, `\[`):
		return m[0], tex[2 : len(tex)-2], true, rest
	case strings.HasPrefix(tex, `\(`):
		return m[0], tex[2 : len(tex)-2], false, rest
	case strings.HasPrefix(tex, "$"):
		return m[0], tex[1 : len(tex)-1], false, rest
	}
	return m[0], tex, true, rest
}
