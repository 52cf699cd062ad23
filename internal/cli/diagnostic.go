package cli

import (
	"strings"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// diagnostics writes problems of workflow files as compilers do. On a terminal
// the line is shown, with a caret under the place; sources are the files'
// texts, as far as they are known.
func (a *app) diagnostics(p *printer, list []freshet.Diagnostic, sources map[string]string) {
	for _, d := range list {
		tint := red
		if d.Severity == freshet.SeverityWarning {
			tint = yellow
		}
		p.line("%s %s %s %s", p.paint(bold, place(d)+":"), p.paint(tint, string(d.Severity)+":"), oneLine(d.Message), p.paint(dim, "["+d.Code+"]"))
		if p.terminal {
			for _, line := range excerpt(d, sources[d.File]) {
				p.line("    %s", line)
			}
		}
		for line := range strings.Lines(d.Hint) {
			p.line("  %s %s", p.paint(cyan, "hint:"), a.asCalled(strings.TrimRight(line, "\n")))
		}
	}
}

func place(d freshet.Diagnostic) string {
	return d.File + ":" + number(d.Line) + ":" + number(d.Column)
}

// excerpt is the line of a problem and a caret under its place.
func excerpt(d freshet.Diagnostic, source string) []string {
	lines := strings.Split(source, "\n")
	if source == "" || d.Line < 1 || d.Line > len(lines) {
		return nil
	}
	runes := []rune(strings.TrimRight(lines[d.Line-1], "\r"))
	at := min(max(d.Column-1, 0), len(runes))
	// A tab is a blank here, or the caret would stand somewhere else.
	text := []rune(strings.ReplaceAll(string(runes), "\t", " "))
	const before, width = 40, 100
	if at > width-20 {
		text, at = text[at-before:], before
	}
	if len(text) > width {
		text = text[:width]
	}
	return []string{strings.TrimRight(string(text), " "), strings.Repeat(" ", at) + "^"}
}

// wireDiagnostics are a parser's findings in the words of the API.
func wireDiagnostics(list spec.Diagnostics) []freshet.Diagnostic {
	out := make([]freshet.Diagnostic, len(list))
	for i, d := range list {
		out[i] = freshet.Diagnostic{
			File: d.File, Line: d.Line, Column: d.Col, Code: d.Code,
			Severity: freshet.Severity(d.Severity), Message: d.Message, Hint: d.Hint,
		}
	}
	return out
}
