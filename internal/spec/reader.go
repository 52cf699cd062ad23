package spec

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v4"

	"github.com/freshet/freshet/internal/expr"
)

// reader turns one document into a workflow and collects its problems. Names
// are known before the first value that may mention them is read: the grammar
// says in which order.
type reader struct {
	doc     *document
	grammar *grammar
	found   Diagnostics
	said    map[Diagnostic]bool

	w          *Workflow
	defaults   draft                     // what `defaults` gives every task
	drafts     []*draft                  // of the tasks, in the order of the file
	tasks      map[string]int            // task by name
	last       []string                  // names of the tasks of `finally`, known from the beginning
	params     map[string]int            // parameter by name
	anyParams  bool                      // the workflow is not known, nor are its parameters
	task       int                       // the task that is being read, or NoTask
	triggers   map[string]int            // lines of the names of entries of `on`, in lower case
	trigger    *Trigger                  // the entry of `on` that is being read, or nil
	entryZone  *time.Location            // its own zone, if it says one
	uses       []use                     // expressions, for the checks that need the whole file
	programs   map[written]*expr.Program // by what is written
	templates  map[written]*expr.Template
	secretEnvs map[int]map[string]bool     // variables that are made of secrets, by task
	handed     map[*yaml.Node]bool         // what is given to notebooks
	named      []string                    // files that travel because a task names them
	heard      map[hearing]map[string]bool // event keys that take part at a place; nil: not known
	suggested  int                         // names that a suggestion was looked for
	errors     int                         // so far, also those met again and those that were dropped
	dropped    int                         // problems beyond maxDiagnostics
}

func newReader(doc *document) *reader {
	return &reader{
		doc: doc, grammar: theGrammar(), w: &Workflow{}, task: NoTask, said: map[Diagnostic]bool{},
		tasks: map[string]int{}, params: map[string]int{}, triggers: map[string]int{},
		programs: map[written]*expr.Program{}, templates: map[written]*expr.Template{},
		heard: map[hearing]map[string]bool{}, secretEnvs: map[int]map[string]bool{},
		defaults: draft{Task: Task{Retries: defaultRetries, StopGrace: defaultGrace, Executor: "local"}},
	}
}

// line is the file's line of a node.
func (r *reader) line(n *yaml.Node) int { return n.Line + r.doc.first - 1 }

// errorAt reports an error at a node.
func (r *reader) errorAt(n *yaml.Node, code, format string, args ...any) {
	r.hinted(n, code, "", format, args...)
}

// hinted reports an error with what to do about it.
func (r *reader) hinted(n *yaml.Node, code, hint, format string, args ...any) {
	r.report(r.line(n), n.Column, code, Error, hint, format, args...)
}

// warn reports a warning at a node.
func (r *reader) warn(n *yaml.Node, code, hint, format string, args ...any) {
	r.report(r.line(n), n.Column, code, Warning, hint, format, args...)
}

func (r *reader) report(line, col int, code string, s Severity, hint, format string, args ...any) {
	if s == Error {
		r.errors++
	}
	line, col = r.doc.clamp(line, col)
	d := Diagnostic{
		File: r.doc.file, Line: line, Col: col, Code: code, Severity: s,
		Message: fmt.Sprintf(format, args...), Hint: hint,
	}
	switch {
	case r.said[d]: // met again through an alias
	case r.full():
		r.dropped++
	default:
		r.said[d] = true
		r.found = append(r.found, d)
	}
}

// maxDiagnostics bounds what is said about one document. Nobody reads more, and
// a file that is made to be wrong everywhere costs no more than its size.
const maxDiagnostics = 1000

func (r *reader) full() bool { return len(r.found) >= maxDiagnostics }

// all is everything that was found, and how much was left out.
func (r *reader) all() Diagnostics {
	if r.dropped > 0 {
		last := len(r.doc.lines) + r.doc.first - 1
		line, col := r.doc.clamp(last, 1)
		r.found = append(r.found, Diagnostic{
			File: r.doc.file, Line: line, Col: col, Code: CodeTooMany, Severity: Error,
			Message: fmt.Sprintf("and %d more problems", r.dropped),
		})
	}
	return r.found
}

// mistyped reports a value of another type than expected.
func (r *reader) mistyped(n *yaml.Node, expected string) {
	r.errorAt(n, CodeType, "expected %s, found %s", expected, found(n))
}

// within is the file's place of a place inside a scalar's text, where the text
// stands in the file as it is; else the place of the scalar.
func (r *reader) within(n *yaml.Node, line, col int) (int, int) {
	at, start := r.line(n), n.Column
	if line < 1 || col < 1 {
		return at, start
	}
	switch {
	case n.Style&yaml.LiteralStyle != 0:
		lines := strings.Split(n.Value, "\n")
		if line > len(lines) {
			return at, start
		}
		text := r.doc.line(at + line)
		if i := strings.Index(text, lines[line-1]); i >= 0 {
			return at + line, utf8.RuneCountInString(text[:i]) + col
		}
		return at, start
	case n.Style&yaml.FoldedStyle != 0, line > 1:
		return at, start
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		start++
	}
	rest := skip(r.doc.line(at), start-1)
	if head, _, _ := strings.Cut(n.Value, "\n"); !strings.HasPrefix(rest, head) {
		return at, n.Column // escapes or folded lines: the columns differ
	}
	return at, start + col - 1
}

// after is the rest of the line on which a node begins, without a comment and
// without what belongs to a list or mapping in brackets around it.
func (d *document) after(n *yaml.Node) string {
	rest := skip(d.line(n.Line+d.first-1), n.Column-1)
	if i := strings.Index(rest, " #"); i >= 0 {
		rest = rest[:i]
	}
	depth := 0
	for i, c := range rest {
		switch c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		}
		if depth < 0 || depth == 0 && c == ',' {
			rest = rest[:i]
			break
		}
	}
	return strings.TrimSpace(rest)
}

// skip drops characters from the beginning of a text.
func skip(s string, n int) string {
	for ; n > 0 && s != ""; n-- {
		_, size := utf8.DecodeRuneInString(s)
		s = s[size:]
	}
	return s
}

// maxSuggestions bounds the search for names that were probably meant, which
// costs a look at every name of the file.
const maxSuggestions = 100

// suggest is a hint with the name that was probably meant.
func (r *reader) suggest(name string, known func() []string) string {
	r.suggested++
	if r.suggested > maxSuggestions {
		return ""
	}
	return didYouMean(name, known())
}

func (r *reader) taskNames() []string {
	names := make([]string, 0, len(r.drafts))
	for _, d := range r.drafts {
		names = append(names, d.Name)
	}
	return names
}

func (r *reader) paramNames() []string {
	names := make([]string, 0, len(r.w.Parameters))
	for _, p := range r.w.Parameters {
		names = append(names, p.Name)
	}
	return names
}

// siblings are the names of the tasks that a rule which is read now may wait
// for.
func (r *reader) siblings() []string {
	return slices.DeleteFunc(r.taskNames(), func(name string) bool { return r.drafts[r.tasks[name]].Finally != r.inFinally() })
}

// didYouMean is a hint with the name that was probably meant, or with all
// names where they are few.
func didYouMean(name string, known []string) string {
	if near := nearest(name, known); near != "" {
		return "did you mean `" + near + "`?"
	}
	if len(known) == 0 || len(known) > 10 {
		return ""
	}
	return "there is " + strings.Join(known, ", ")
}
