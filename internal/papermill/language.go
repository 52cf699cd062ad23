package papermill

import (
	"fmt"
	"slices"
	"strings"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/nbformat"
)

// language is a language in which parameters can be injected.
type language struct {
	title   string // for people
	comment string // the first line
	name    *pattern
	literal func(v any) (string, error)
	assign  func(name, literal string, v any) string
	rename  func(name string) string // nil: names are taken as they are
	words   []string                 // that cannot be names; none: nobody has listed them
}

func (l *language) reserved(word string) bool { return slices.Contains(l.words, word) }

// The kernels and languages that papermill knows by these names, and below
// them what kernels call the same languages.
var languages = map[string]*language{
	"python": python, "R": r, "scala": scala, "julia": julia, "matlab": matlabLanguage,
	".net-csharp": csharp, ".net-fsharp": fsharp, ".net-powershell": powershell,
	"pysparkkernel": python, "sparkkernel": scala, "sparkrkernel": r, "bash": bash,

	"c#": csharp, "csharp": csharp, "f#": fsharp, "fsharp": fsharp, "powershell": powershell, "pwsh": powershell, "r": r,
}

// languageOf finds the language by the kernel's name, then by the language's.
func languageOf(nb *nbformat.Notebook, o Options) (*language, error) {
	kernel, name := o.Kernel, o.Language
	if kernel == "" {
		kernel = nb.Kernel()
	}
	if name == "" {
		name = nb.Language()
	}
	for _, key := range []string{kernel, name, strings.ToLower(name)} {
		if l := languages[key]; l != nil {
			return l, nil
		}
	}
	switch {
	case kernel == "":
		return nil, invalid("the notebook names no kernel").
			WithHint("open it in Jupyter, choose a kernel and save it, or name one: --kernel python3, in a workflow kernel: python3")
	case name == "":
		if strings.HasPrefix(kernel, "python") {
			return python, nil
		}
		return nil, invalid("the notebook does not say which language its kernel %s has", kernel).
			WithHint("run it once in Jupyter and save it, so that its metadata says so")
	}
	return nil, invalid("parameters cannot be written in the language %s of the kernel %s", name, kernel).
		WithHint("languages with parameters are Python, R, Scala, Julia, Bash, PowerShell, C#, F# and MATLAB; others can read environment variables")
}

// code is the source of the parameters cell, and the values for the metadata.
func (l *language) code(params []Param) (source string, values map[string]any, err error) {
	lines := strings.Builder{}
	lines.WriteString(l.comment + "\n")
	values = make(map[string]any, len(params))
	for _, p := range params {
		line, v, err := l.line(p)
		if err != nil {
			return "", nil, err
		}
		lines.WriteString(line + "\n")
		values[p.Name] = asJSON(v)
	}
	return lines.String(), values, nil
}

func (l *language) line(p Param) (line string, v any, err error) {
	name := p.Name
	if l.rename != nil {
		name = l.rename(name)
	}
	if !l.name.MatchString(name) || slices.ContainsFunc(strings.Split(name, "."), l.reserved) {
		return "", nil, badName(l, p.Name)
	}
	if v, err = plain(p.Value, 0); err != nil {
		return "", nil, invalid("parameter %s: %v", p.Name, err)
	}
	literal, err := l.literal(v)
	if err != nil {
		return "", nil, invalid("parameter %s: %v", p.Name, err)
	}
	return l.assign(name, literal, v), v, nil
}

func badName(l *language, name string) *freshet.Error {
	return invalid("parameter %.80q: that is no name of a variable in %s", name, l.title).
		WithHint("rename the parameter: letters, digits and _, a letter first")
}

// assigned writes an assignment by a format that is given name and literal.
func assigned(format string) func(name, literal string, v any) string {
	return func(name, literal string, _ any) string { return fmt.Sprintf(format, name, literal) }
}
