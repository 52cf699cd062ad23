package expr

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// names is what a parsed expression mentions: its refs, or the first name that
// it may not use.
type names struct {
	env     *cel.Env
	info    *ast.SourceInfo
	roots   Root
	locals  []string // of the comprehensions around
	refs    []Ref
	problem *Problem
}

func findNames(e *cel.Env, parsed *cel.Ast, roots Root) *names {
	tree := parsed.NativeRep()
	n := &names{env: e, info: tree.SourceInfo(), roots: roots}
	n.visit(tree.Expr())
	slices.SortStableFunc(n.refs, func(a, b Ref) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	n.refs = slices.CompactFunc(n.refs, func(a, b Ref) bool {
		return a.Line == b.Line && a.Col == b.Col && a.Has == b.Has && slices.Equal(a.Path, b.Path)
	})
	return n
}

func (n *names) visit(e ast.Expr) {
	switch e.Kind() {
	case ast.IdentKind, ast.SelectKind:
		n.mention(e)
	case ast.CallKind:
		n.visitCall(e)
	case ast.ListKind:
		for _, element := range e.AsList().Elements() {
			n.visit(element)
		}
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			n.visit(entry.AsMapEntry().Key())
			n.visit(entry.AsMapEntry().Value())
		}
	case ast.StructKind:
		for _, field := range e.AsStruct().Fields() {
			n.visit(field.AsStructField().Value())
		}
	case ast.ComprehensionKind:
		n.visitComprehension(e.AsComprehension())
	}
}

func (n *names) visitCall(e ast.Expr) {
	call := e.AsCall()
	switch {
	case call.FunctionName() == operators.Index:
		n.mention(e)
		return
	case call.FunctionName() == operators.Subtract:
		n.checkDash(call)
	}
	if call.IsMemberFunction() {
		if name, ok := leading(call.Target()); !ok || !n.env.HasFunction(name+"."+call.FunctionName()) {
			n.visit(call.Target())
		}
	}
	for _, arg := range call.Args() {
		n.visit(arg)
	}
}

func (n *names) visitComprehension(c ast.ComprehensionExpr) {
	n.visit(c.IterRange())
	n.visit(c.AccuInit())
	outside := len(n.locals)
	n.locals = append(n.locals, c.AccuVar(), c.IterVar())
	if c.HasIterVar2() {
		n.locals = append(n.locals, c.IterVar2())
	}
	n.visit(c.LoopCondition())
	n.visit(c.LoopStep())
	n.locals = append(n.locals[:outside], c.AccuVar())
	n.visit(c.Result())
	n.locals = n.locals[:outside]
}

// mention records the access path that e is, as far as it is static.
func (n *names) mention(e ast.Expr) {
	root, path, _ := n.path(e)
	if root == nil {
		return
	}
	name := path[0]
	switch {
	case slices.Contains(n.locals, name), strings.HasPrefix(name, "@"):
		return
	case !n.usable(name):
		n.report(root, n.unusable(name))
		return
	case rootOf(name) == 0: // the name of a type
		return
	}
	has := e.Kind() == ast.SelectKind && e.AsSelect().IsTestOnly()
	line, col := n.position(root)
	n.refs = append(n.refs, Ref{Path: path, Line: line, Col: col, Has: has})
}

// path is the identifier that an access begins with, and its names up to where
// they stop being static (open: they have not). It visits what stands in its
// indexes. The identifier is nil where the access begins with something else,
// which it then has visited too.
func (n *names) path(e ast.Expr) (root ast.Expr, path []string, open bool) {
	switch {
	case e.Kind() == ast.IdentKind:
		return e, []string{strings.TrimPrefix(e.AsIdent(), ".")}, true
	case e.Kind() == ast.SelectKind:
		root, path, open = n.path(e.AsSelect().Operand())
		if open {
			path = append(path, e.AsSelect().FieldName())
		}
		return root, path, open
	case isIndex(e):
		args := e.AsCall().Args()
		root, path, open = n.path(args[0])
		if key, ok := constantString(args[1]); ok {
			if open {
				path = append(path, key)
			}
			return root, path, open
		}
		n.visit(args[1])
		return root, path, false
	}
	n.visit(e)
	return nil, nil, false
}

func isIndex(e ast.Expr) bool {
	return e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.Index && len(e.AsCall().Args()) == 2
}

func constantString(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

// leading is the identifier that an access begins with.
func leading(e ast.Expr) (string, bool) {
	for {
		switch {
		case e.Kind() == ast.IdentKind:
			return e.AsIdent(), true
		case e.Kind() == ast.SelectKind:
			e = e.AsSelect().Operand()
		case isIndex(e):
			e = e.AsCall().Args()[0]
		case e.Kind() == ast.CallKind && e.AsCall().IsMemberFunction():
			e = e.AsCall().Target()
		default:
			return "", false
		}
	}
}

// usable reports whether an expression may begin with a name here.
func (n *names) usable(name string) bool {
	if slices.Contains(n.locals, name) {
		return true
	}
	if root := rootOf(name); root != 0 {
		return n.roots&root != 0
	}
	switch name {
	case "bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type":
		return true
	}
	return false
}

// unusable says why a name may not be used here.
func (n *names) unusable(name string) *Problem {
	here := n.roots.names()
	choice := "nothing can be named here"
	if len(here) > 0 {
		choice = "here you can use " + strings.Join(here, ", ")
	}
	if name == "secrets" {
		return &Problem{Message: "`secrets` cannot be used here: what the engine computes is kept and shown",
			Hint: "secrets are for what a process is given: `env`, `with`, `command`, `http`, `working_dir`"}
	}
	if rootOf(name) != 0 {
		return &Problem{Message: fmt.Sprintf("`%s` cannot be used here", name), Hint: choice}
	}
	problem := &Problem{Message: fmt.Sprintf("`%s` is not known", clip(name)), Hint: choice + "; a text stands in quotes"}
	if near := nearest(name, append(here, n.locals...)); near != "" {
		problem.Hint = fmt.Sprintf("did you mean `%s`?", near)
	}
	return problem
}

// checkDash finds tasks.my-task, which CEL reads as tasks.my minus task.
func (n *names) checkDash(call ast.CallExpr) {
	if len(call.Args()) != 2 {
		return
	}
	root, path, ok := n.dashed(call.Args()[0])
	if !ok {
		return
	}
	right, ok := n.dashPart(call.Args()[1])
	if !ok && path[0] == "tasks" && len(path) == 2 {
		right, ok = wholeNumber(call.Args()[1])
	}
	if !ok {
		return
	}
	last := len(path) - 1
	written := strings.Join(path, ".") + "-" + right
	quoted := fmt.Sprintf("%s[%q]", strings.Join(path[:last], "."), path[last]+"-"+right)
	n.report(root, &Problem{
		Message: fmt.Sprintf("`%s` is a subtraction", written),
		Hint:    "a name with a dash is written " + quoted,
	})
}

// dashed is the path before a dash, where it begins with a root: a select, or
// itself a path, a dash and an unknown name.
func (n *names) dashed(e ast.Expr) (root ast.Expr, path []string, ok bool) {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.Subtract && len(e.AsCall().Args()) == 2 {
		args := e.AsCall().Args()
		root, path, ok = n.dashed(args[0])
		if !ok {
			return nil, nil, false
		}
		part, ok := n.dashPart(args[1])
		if !ok {
			return nil, nil, false
		}
		path[len(path)-1] += "-" + part
		return root, path, true
	}
	for s := e; s.Kind() == ast.SelectKind; s = s.AsSelect().Operand() {
		path = append(path, s.AsSelect().FieldName())
		if o := s.AsSelect().Operand(); o.Kind() == ast.IdentKind {
			path = append(path, o.AsIdent())
			slices.Reverse(path)
			return o, path, rootOf(o.AsIdent()) != 0 && !slices.Contains(n.locals, o.AsIdent())
		}
	}
	return nil, nil, false
}

// dashPart is the name after a dash, if it is none that could be used.
func (n *names) dashPart(e ast.Expr) (string, bool) {
	name, ok := leading(e)
	if !ok || n.usable(name) || rootOf(name) != 0 {
		return "", false
	}
	return name, true
}

func wholeNumber(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	i, ok := e.AsLiteral().(types.Int)
	return fmt.Sprint(int64(i)), ok
}

func (n *names) position(e ast.Expr) (line, col int) {
	at := n.info.GetStartLocation(e.ID())
	return at.Line(), at.Column() + 1
}

// report keeps the problem that stands first in the text; of two at one place
// the one that was found first, which knows more.
func (n *names) report(at ast.Expr, p *Problem) {
	p.Line, p.Col = n.position(at)
	if q := n.problem; q == nil || p.Line < q.Line || p.Line == q.Line && p.Col < q.Col {
		n.problem = p
	}
}
