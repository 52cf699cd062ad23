package spec

import (
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"github.com/freshet/freshet/internal/expr"
)

// place is a row of the format's table: which names an expression may begin
// with, and when it is computed.
type place struct {
	roots  expr.Root
	moment moment
	items  bool // in a task with foreach, item and index too
}

// moment is when an expression is computed. What it may look at depends on it.
type moment int

const (
	inRule   moment = iota // when a rule is examined
	atStart                // when an execution is about to start
	atEnd                  // when an execution has ended in success
	atLaunch               // when a trigger starts a run
	atRunEnd               // when a run has ended
	atPlace                // when a run is asked for, and has its id
)

const everywhere = expr.Params | expr.EventRoot | expr.EventsRoot | expr.RunRoot | expr.Tasks

// The places.
var (
	ofRule    = place{everywhere, inRule, false}
	ofTask    = place{everywhere | expr.Env, atStart, false}
	ofExpr    = place{everywhere | expr.Env, atStart, true}
	ofEmit    = place{everywhere | expr.Env, atEnd, true}
	ofProcess = place{everywhere | expr.Env | expr.Secrets, atStart, true}
	ofTrigger = place{expr.EventRoot | expr.EventsRoot, inRule, false}
	ofLaunch  = place{expr.EventRoot | expr.EventsRoot | expr.RunRoot, atLaunch, false}
	ofFlowKey = place{expr.Params | expr.EventRoot | expr.EventsRoot | expr.RunRoot, atPlace, false}
	ofCallers = place{everywhere | expr.Env, atRunEnd, false}
)

// rootsOf are the names that an expression at a place may begin with.
func (r *reader) rootsOf(p place) expr.Root {
	if p.items && r.task != NoTask && r.drafts[r.task].Foreach != nil {
		return p.roots | expr.Item
	}
	return p.roots
}

// use is an expression of the file, kept for the checks that need the whole
// file.
type use struct {
	place   place
	task    int      // NoTask: not of one task
	trigger *Trigger // of an entry of `on`; else nil
	node    *yaml.Node
	refs    []expr.Ref
	above   int // of a value of `env`: how many stand above it; else -1
}

// mention keeps what an expression mentions.
func (r *reader) mention(n *yaml.Node, p place, refs []expr.Ref) {
	r.uses = append(r.uses, use{place: p, task: r.task, trigger: r.trigger, node: n, refs: refs, above: -1})
}

// condition is a form for an expression that is true or false.
func condition(p place) form[*expr.Program] {
	return program(p, "true or false", "bool")
}

// quantity is a form for an expression that is a number.
func quantity(p place) form[*expr.Program] {
	return program(p, "a number", "int", "uint", "double")
}

// program is a form for a bare expression; without types it may be anything.
func program(p place, what string, types ...string) form[*expr.Program] {
	s := schema{"type": []string{"string", "number", "boolean"}}
	return form[*expr.Program]{s, func(r *reader, n *yaml.Node) (*expr.Program, bool) {
		n = deref(n)
		source, ok := readExpression(r, n)
		if !ok {
			return nil, false
		}
		compiled, problem := r.compile(source, r.rootsOf(p))
		if problem != nil {
			r.expressionProblem(n, problem)
			return nil, false
		}
		if t := compiled.Type(); len(types) > 0 && t != "dyn" && !strings.Contains(" "+strings.Join(types, " ")+" ", " "+t+" ") {
			r.errorAt(n, CodeExpression, "this expression has to be %s, it is of type %s", what, t)
			return nil, false
		}
		r.mention(n, p, compiled.Refs())
		return compiled, true
	}}
}

// readExpression reads the text of a bare expression.
func readExpression(r *reader, n *yaml.Node) (string, bool) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		hint := ""
		if n.Kind != yaml.ScalarNode {
			hint = "an expression that begins with a bracket has to be quoted"
		}
		r.hinted(n, CodeType, hint, "expected an expression, found %s", found(n))
		return "", false
	}
	if strings.TrimSpace(n.Value) == "" {
		r.errorAt(n, CodeEmpty, "an empty text where an expression has to be")
		return "", false
	}
	if s := strings.TrimSpace(n.Value); strings.HasPrefix(s, "${{") {
		inner := strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(s, "${{"), "}}"))
		r.hinted(n, CodeNoExpression, "write it bare: "+inner, "this key is an expression already and takes no ${{ }}")
		return "", false
	}
	return n.Value, true
}

// template is a form for a text that may hold ${{ }}.
func template(p place) form[*expr.Template] {
	return form[*expr.Template]{anyText.schema, func(r *reader, n *yaml.Node) (*expr.Template, bool) {
		n = deref(n)
		source, ok := readScalar(r, n)
		if !ok {
			return nil, false
		}
		return r.template(n, source, p)
	}}
}

// template compiles a text and keeps what it mentions.
func (r *reader) template(n *yaml.Node, source string, p place) (*expr.Template, bool) {
	t, problem := r.parseTemplate(source, r.rootsOf(p))
	if problem != nil {
		r.expressionProblem(n, problem)
		return nil, false
	}
	if refs := t.Refs(); len(refs) > 0 {
		r.mention(n, p, refs)
	}
	return t, true
}

// written is an expression or a text as it stands in the file, with the roots
// that it may use. The same is compiled once, however often it stands there.
type written struct {
	source string
	roots  expr.Root
}

func (r *reader) compile(source string, roots expr.Root) (*expr.Program, *expr.Problem) {
	at := written{source, roots}
	if p := r.programs[at]; p != nil {
		return p, nil
	}
	p, problem := expr.Compile(source, roots)
	if problem == nil {
		r.programs[at] = p
	}
	return p, problem
}

func (r *reader) parseTemplate(source string, roots expr.Root) (*expr.Template, *expr.Problem) {
	at := written{source, roots}
	if t := r.templates[at]; t != nil {
		return t, nil
	}
	t, problem := expr.ParseTemplate(source, roots)
	if problem == nil {
		r.templates[at] = t
	}
	return t, problem
}

// expressionProblem reports an expression that does not compile. Some do not
// because YAML took them for something else than they look like.
func (r *reader) expressionProblem(n *yaml.Node, p *expr.Problem) {
	line, col := r.within(n, p.Line, p.Col)
	hint := p.Hint
	if n.Style == 0 && strings.Contains(r.doc.line(r.line(n)), " #") {
		hint = "in a value that is not quoted, ` #` begins a comment: quote the whole expression"
	} else if n.Style == 0 && strings.Contains(n.Value, "\n") {
		hint = "quote the expression or put it below `>-`"
	}
	r.report(line, col, CodeExpression, Error, hint, "%s", p.Message)
}
