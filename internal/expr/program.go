package expr

import (
	"fmt"
	"math"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/freshet/freshet"
)

// Program is a compiled expression, immutable and safe for concurrent use.
type Program struct {
	source  string
	kind    string
	refs    []Ref
	program cel.Program
}

// Compile compiles an expression that may use the given roots.
func Compile(source string, roots Root) (p *Program, problem *Problem) {
	defer func() {
		if r := recover(); r != nil {
			p, problem = nil, &Problem{Line: 1, Col: 1, Message: fmt.Sprintf("the expression cannot be compiled: %v", r)}
		}
	}()
	if problem := lexicalProblem(source); problem != nil {
		return nil, problem
	}
	e, err := environment(roots)
	if err != nil {
		return nil, &Problem{Line: 1, Col: 1, Message: err.Error()}
	}
	parsed, issues := e.Parse(source)
	if issues.Err() != nil {
		return nil, syntaxProblem(source, issues)
	}
	found := findNames(e, parsed, roots)
	if found.problem != nil {
		return nil, found.problem.within(source)
	}
	checked, issues := e.Check(parsed)
	if issues.Err() != nil {
		return nil, typeProblem(source, e, issues)
	}
	program, err := e.Program(checked, cel.CostLimit(maxCost), cel.CustomDecoratorV2(guard), textCost())
	if err != nil {
		return nil, &Problem{Line: 1, Col: 1, Message: err.Error()}
	}
	return &Program{source: source, kind: kindName(checked.OutputType()), refs: found.refs, program: program}, nil
}

// kindName is the word of Type for a type of CEL.
func kindName(t *cel.Type) string {
	switch t.Kind() {
	case types.BoolKind:
		return "bool"
	case types.IntKind:
		return "int"
	case types.UintKind:
		return "uint"
	case types.DoubleKind:
		return "double"
	case types.StringKind:
		return "string"
	case types.BytesKind:
		return "bytes"
	case types.ListKind:
		return "list"
	case types.MapKind:
		return "map"
	case types.NullTypeKind:
		return "null"
	case types.TimestampKind:
		return "timestamp"
	case types.DurationKind:
		return "duration"
	case types.TypeKind:
		return "type"
	}
	return "dyn"
}

// Source is the text that was compiled.
func (p *Program) Source() string { return p.source }

// Type is the type that the expression is known to have before it is
// evaluated: bool, int, uint, double, string, bytes, list, map, null,
// timestamp, duration, type, or dyn where only the evaluation can tell.
func (p *Program) Type() string { return p.kind }

// Refs are the names that the expression mentions, in order.
func (p *Program) Refs() []Ref {
	refs := slices.Clone(p.refs)
	for i := range refs {
		refs[i].Path = slices.Clone(refs[i].Path)
	}
	return refs
}

// Eval evaluates; the value is JSON-like (maps are map[string]any, numbers
// int64 or float64, timestamps RFC 3339 text). Errors are freshet.Errors,
// Invalid, and hold no value of a secret.
func (p *Program) Eval(v Vars) (result any, err error) {
	err = p.run(v, func(out ref.Val) (err error) {
		o := output{budget: maxOutput}
		result, err = o.value(out)
		return err
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

// Bool evaluates to a boolean; anything else is an error.
func (p *Program) Bool(v Vars) (result bool, err error) {
	err = p.run(v, func(out ref.Val) error {
		b, ok := out.(types.Bool)
		if !ok {
			return freshet.Errorf(freshet.Invalid, "must be true or false, is %s", kindOf(out))
		}
		result = bool(b)
		return nil
	})
	return result, err
}

// Number evaluates to a finite number; anything else is an error.
func (p *Program) Number(v Vars) (result float64, err error) {
	err = p.run(v, func(out ref.Val) error {
		d, ok := asDouble(out)
		if !ok {
			return freshet.Errorf(freshet.Invalid, "must be a number, is %s", kindOf(out))
		}
		if math.IsNaN(float64(d)) || math.IsInf(float64(d), 0) {
			return freshet.Errorf(freshet.Invalid, "must be a finite number")
		}
		result = float64(d)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return result, nil
}

// run evaluates and hands the value to use. Values may be lazy, so what use
// does with it is part of the evaluation.
func (p *Program) run(v Vars, use func(ref.Val) error) (err error) {
	s := newScope(v)
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("internal error: %v", r)
		}
		if err != nil {
			err = p.explain(err, s)
		}
	}()
	out, _, err := p.program.Eval(s)
	if err != nil {
		return err
	}
	return use(out)
}
