package papermill

import (
	"fmt"
	"strings"

	"github.com/freshet/freshet/internal/nbformat"
)

// Inferred is a parameter as the cell with the defaults sets it.
type Inferred struct {
	Name    string
	Type    string // as the annotation or the comment says; empty if neither does
	Default string // the code of the default
	Help    string
}

// definition is one assignment: name: type = value # type: type help
var definition = newPattern(`^([\p{L}\p{N}_]+)\s*(?::\s*["']?([\p{L}\p{N}_][\p{L}\p{N}_\[\],\s]*)["']?\s*)?=\s*(.*?)(?:\s*#\s*(?:type:\s*(\S*)\s*)?(.*))?$`)

// Infer reads the parameters of a Python notebook from the first cell with
// the tag parameters. It reads lines, not Python: what it does not understand
// it leaves out, and says so.
func Infer(nb *nbformat.Notebook) (params []Inferred, warnings []string) {
	at := tagged(nb, TagParameters)
	if at < 0 {
		return nil, []string{"no cell has the tag parameters"}
	}
	if lang, err := languageOf(nb, Options{}); nb.Language() != "" && (err != nil || lang != python) {
		return nil, []string{fmt.Sprintf("parameters are read from Python notebooks only, this one is in %s", nb.Language())}
	}
	groups, warnings := assignments(nb.Cells[at].Source)
	for _, text := range groups {
		m := definition.get().FindStringSubmatch(text)
		if m == nil {
			continue
		}
		p := Inferred{Name: m[1], Type: strings.TrimSpace(m[2]), Default: strings.TrimSpace(m[3]), Help: strings.TrimSpace(m[5])}
		if p.Type == "" {
			p.Type = m[4]
		}
		params = append(params, p)
	}
	return params, warnings
}

// assignments puts the lines of each assignment on one line. Only the last
// keeps its comment.
func assignments(source string) (groups, warnings []string) {
	var lines []string
	finish := func() {
		if len(lines) > 0 {
			groups = append(groups, onOneLine(lines))
		}
		lines = nil
	}
	for i, line := range strings.Split(strings.ReplaceAll(source, "\r\n", "\n"), "\n") {
		if trimmed := strings.TrimSpace(line); trimmed == "" || trimmed[0] == '#' {
			continue
		}
		switch n := strings.Count(line, "="); {
		case n > 1:
			finish()
			warnings = append(warnings, fmt.Sprintf("line %d of the parameters cell is left out, it has more than one =: %s", i+1, strings.TrimSpace(line)))
			continue
		case n == 1:
			finish()
		}
		lines = append(lines, line)
	}
	finish()
	return groups, warnings
}

func onOneLine(lines []string) string {
	text := ""
	for _, line := range lines[:len(lines)-1] {
		code, _, _ := strings.Cut(line, "#")
		text += strings.TrimSpace(code)
	}
	return text + strings.TrimSpace(lines[len(lines)-1])
}
