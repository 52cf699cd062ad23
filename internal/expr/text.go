package expr

import (
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

const (
	textFunction = "text"
	textOverload = "text_dyn"
)

// textForm declares text(x), the text form of a value: a string as it is, all
// else as compact JSON.
func textForm() cel.EnvOption {
	return cel.Function(textFunction, cel.Overload(textOverload,
		[]*cel.Type{cel.DynType}, cel.StringType, cel.UnaryBinding(textOf)))
}

func textOf(v ref.Val) ref.Val {
	o := output{budget: maxText}
	plain, err := o.value(v)
	if err != nil {
		return types.WrapErr(err)
	}
	s := text(plain)
	if len(s) > maxText {
		return types.WrapErr(errTooLarge)
	}
	return types.String(s)
}

// textCost makes text(x) as dear as what it makes is long: CEL would count one
// step.
func textCost() cel.ProgramOption {
	return cel.CostTrackerOptions(cost.OverloadTracker(textOverload, func(_ []ref.Val, result ref.Val) *uint64 {
		steps := uint64(1)
		if s, ok := result.(types.String); ok {
			steps += uint64(len(s)) / 10 // as CEL counts what walks through a string
		}
		return &steps
	}))
}

// Expression is the template as one expression of the same value.
func (t *Template) Expression() string {
	if len(t.parts) == 1 && t.parts[0].program != nil {
		return bracketed(t.parts[0].program)
	}
	if s, static := t.Static(); static {
		return Quote(s)
	}
	terms := make([]string, len(t.parts))
	for i, p := range t.parts {
		if p.program == nil {
			terms[i] = Quote(p.text)
		} else {
			terms[i] = textFunction + bracketed(p.program)
		}
	}
	return "(" + strings.Join(terms, " + ") + ")"
}

func bracketed(p *Program) string {
	if strings.Contains(p.source, "//") {
		return "(" + p.source + "\n)" // it may end in a comment
	}
	return "(" + p.source + ")"
}

// Quote is a literal of a string. Braces are escaped, so that none of it is
// taken for the end of the ${{ }} around it.
func Quote(s string) string {
	return strings.NewReplacer("{", `\u007b`, "}", `\u007d`).Replace(string(appendString(nil, s)))
}
