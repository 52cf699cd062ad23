package spec

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/freshet/freshet"
)

// Severity tells whether a problem keeps a workflow from being used.
type Severity string

// The severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// The codes of diagnostics. They are stable: scripts and editors may rely on
// them.
const (
	CodeYAML          = "yaml"                 // it is not YAML
	CodeTab           = "yaml-tab"             // indented with a tab
	CodeTag           = "yaml-tag"             // a value begins with `!`
	CodeQuote         = "yaml-quote"           // a value goes on after its closing quote
	CodeBraces        = "yaml-braces"          // unquoted ${{ }} inside { } or [ ]
	CodeColon         = "yaml-colon"           // unquoted `: ` inside a value
	CodeAlias         = "yaml-alias"           // aliases that blow up, or contain themselves
	CodeEncoding      = "encoding"             // not UTF-8, or a control character
	CodeTooLarge      = "too-large"            // over freshet.MaxWorkflowBytes
	CodeEmpty         = "empty"                // nothing where something has to be
	CodeDuplicate     = "duplicate"            // the same key or name twice
	CodeUnknownKey    = "unknown-key"          // no key of the format
	CodeNotBuilt      = "not-built"            // a key of the format that is not built yet
	CodeMissing       = "missing-key"          // a key that has to be there is not
	CodeType          = "wrong-type"           // text where a number has to be, and the like
	CodeValue         = "bad-value"            // the right type, but not allowed
	CodeName          = "bad-name"             // not a name
	CodeTaskKind      = "task-kind"            // not exactly one kind
	CodeCondition     = "bad-condition"        // not exactly one condition, or a key beside it that has no meaning there
	CodeExpression    = "expression"           // an expression that does not compile, or has the wrong type
	CodeNoExpression  = "no-expression"        // ${{ }} where it has no meaning
	CodeScript        = "expression-in-script" // ${{ }} inside a script
	CodeUnknownTask   = "unknown-task"         //
	CodeUnknownParam  = "unknown-param"        //
	CodeUnknownOutput = "unknown-output"       //
	CodeUnknownEnv    = "unknown-env"          //
	CodeUnknownField  = "unknown-field"        // of run, event or a task
	CodeOrder         = "cannot-have-run"      // looks at the outputs of a task that cannot have run before
	CodeUnordered     = "unordered"            // looks at the outputs of a task that may not have run before
	CodeSelf          = "itself"               // a task that waits for itself
	CodeCycle         = "cycle"                // tasks that wait for each other
	CodeSchema        = "parameter-schema"     // a parameter's JSON Schema, its default, or what a trigger gives it
	CodeBusy          = "busy-default"         // a start on an event without `busy`
	CodeMisplaced     = "misplaced"            // a key, or a task, that is known but cannot stand here
	CodeUnknownEvent  = "unknown-event"        // `events.<key>` with a key that nothing here listens to
	CodeLoop          = "loop"                 // a workflow whose end starts it again
	CodeTooMany       = "too-many"             // more problems than are listed
	CodeSecret        = "secret"               // a secret, or what is made of one, where it would be kept or shown
	CodeNoEffect      = "no-effect"            // a key that changes nothing where it stands
)

// Diagnostic is one problem of a workflow file. Line and Col are places in the
// file, from 1, in characters.
type Diagnostic struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Col      int      `json:"col"`
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	Hint     string   `json:"hint,omitempty"`
}

// String is the form that compilers use, with the hint on a line of its own.
func (d Diagnostic) String() string {
	s := fmt.Sprintf("%s:%d:%d: %s: %s [%s]", d.File, d.Line, d.Col, d.Severity, d.Message, d.Code)
	if d.Hint != "" {
		s += "\n  hint: " + strings.ReplaceAll(d.Hint, "\n", "\n        ")
	}
	return s
}

// Diagnostics are all problems of a file, in the order of their places.
type Diagnostics []Diagnostic

// HasErrors tells whether one of them is an error.
func (ds Diagnostics) HasErrors() bool {
	return slices.ContainsFunc(ds, func(d Diagnostic) bool { return d.Severity == Error })
}

// String is one diagnostic after the other, each on lines of its own.
func (ds Diagnostics) String() string {
	var b strings.Builder
	for _, d := range ds {
		b.WriteString(d.String())
		b.WriteByte('\n')
	}
	return b.String()
}

// Err is an Invalid error that carries all errors and tells the first, nil if
// there is none. Warnings are left out.
func (ds Diagnostics) Err() error {
	var errs Diagnostics
	for _, d := range ds {
		if d.Severity == Error {
			errs = append(errs, d)
		}
	}
	if len(errs) == 0 {
		return nil
	}
	d := errs[0]
	err := freshet.Errorf(freshet.Invalid, "%s:%d:%d: %s", d.File, d.Line, d.Col, d.Message).WithHint("%s", d.Hint)
	if n := len(errs) - 1; n > 0 {
		err.Message += fmt.Sprintf(" (and %d more)", n)
	}
	err.Diagnostics = errs.Wire()
	return err
}

// Wire are the diagnostics as the API tells them.
func (ds Diagnostics) Wire() []freshet.Diagnostic {
	list := make([]freshet.Diagnostic, len(ds))
	for i, d := range ds {
		list[i] = freshet.Diagnostic{File: d.File, Line: d.Line, Column: d.Col, Code: d.Code,
			Severity: freshet.Severity(d.Severity), Message: d.Message, Hint: d.Hint}
	}
	return list
}

// sort brings them into the order of the file.
func (ds Diagnostics) sort() Diagnostics {
	slices.SortStableFunc(ds, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col), cmp.Compare(a.Severity, b.Severity))
	})
	return ds
}
