// Package expr is the one expression language of Freshet: CEL, compiled and
// checked when a workflow is loaded, evaluated without side effects and with a
// cost limit, and ordered wherever CEL itself is not. Bare expressions are
// Programs, texts with ${{ }} are Templates.
package expr

// Root is a set of the names that an expression may begin with. The workflow
// format gives each place in a file its roots.
type Root uint16

// The roots, in the order of the format page's table.
const (
	Params Root = 1 << iota
	EventRoot
	EventsRoot
	RunRoot
	Tasks
	Env
	Secrets
	Item // item and index
)

// rootNames is every name an expression may begin with, and the root that
// allows it.
var rootNames = []struct {
	name string
	root Root
}{
	{"params", Params},
	{"event", EventRoot},
	{"events", EventsRoot},
	{"run", RunRoot},
	{"tasks", Tasks},
	{"env", Env},
	{"secrets", Secrets},
	{"item", Item},
	{"index", Item},
}

// names lists the names of a set of roots.
func (r Root) names() []string {
	var names []string
	for _, n := range rootNames {
		if r&n.root != 0 {
			names = append(names, n.name)
		}
	}
	return names
}

// rootOf is the root that a name belongs to, 0 for any other name.
func rootOf(name string) Root {
	for _, n := range rootNames {
		if n.name == name {
			return n.root
		}
	}
	return 0
}

// Zone is the key of Vars that holds the *time.Location in which date() names
// the day; without it the zone is UTC.
const Zone = "$zone"

// Vars gives a program its roots by name (params, event, events, run, tasks,
// env, secrets, item, index) and its Zone. A value is JSON-like (nil, bool,
// int64, float64, string, []any, map[string]any), a time.Time, an Object, or a
// func() any that is called at most once an evaluation and only if the
// expression looks at it. An evaluation does not change what it is given.
type Vars map[string]any

// Object is a value whose fields are resolved one by one, so that looking at
// one task of ten thousand costs one.
//
// Where Field answers false with a value that is an error, that error is what
// a plain access of the field reports; has() and `in` are false all the same.
type Object interface {
	Field(name string) (value any, ok bool)
	Names() []string // sorted
}

// Ref is a place in an expression that names something, for the checks that
// need the whole file: tasks.extract.outputs.rows is {tasks, extract, outputs,
// rows}.
type Ref struct {
	Path []string
	Line int  // from 1, within the expression's text
	Col  int  // from 1
	Has  bool // asked by has(), which may be absent
}

// Problem is a compile error within an expression's text.
type Problem struct {
	Line, Col int // from 1, in characters, within the text handed to Compile or ParseTemplate
	Message   string
	Hint      string
}

func (p *Problem) Error() string { return p.Message }
