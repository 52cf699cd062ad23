package expr

import (
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
)

// bounded is a call that could make a text of any size from two small ones, or
// take long; it is worked out here so that this is known before it begins. Its
// arguments are evaluated once, or a chain of calls would double with each.
type bounded struct {
	interpreter.InterpretableCall
	run func(args []ref.Val) (result ref.Val, ok bool) // not ok: these arguments are CEL's affair
}

func (b *bounded) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	args := make([]ref.Val, 0, 4)
	for _, a := range b.Args() {
		v := a.Exec(frame)
		if types.IsUnknownOrError(v) {
			return v
		}
		args = append(args, v)
	}
	result, ok := b.run(args)
	if !ok {
		return b.InterpretableCall.Exec(frame)
	}
	if costs := frame.CostTracker(); costs != nil && !types.IsError(result) {
		costs.EvalVarArgs(frame, b.ID(), b, args, result)
	}
	return result
}

func (b *bounded) Eval(vars interpreter.Activation) ref.Val {
	return interpreter.EvalActivation(vars, b.Exec)
}

// replaced is text.replace(old, new) or text.replace(old, new, limit).
func replaced(args []ref.Val) (ref.Val, bool) {
	if len(args) != 3 && len(args) != 4 {
		return nil, false
	}
	text, ok1 := args[0].(types.String)
	old, ok2 := args[1].(types.String)
	with, ok3 := args[2].(types.String)
	limit, ok4 := types.Int(-1), true
	if len(args) == 4 {
		limit, ok4 = args[3].(types.Int)
	}
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return nil, false
	}
	times := strings.Count(string(text), string(old))
	if limit >= 0 {
		times = int(min(types.Int(times), limit))
	}
	if len(text)+times*(len(with)-len(old)) > maxText {
		return types.WrapErr(errTooLarge), true
	}
	return types.String(strings.Replace(string(text), string(old), string(with), times)), true
}

// joined is list.join() or list.join(separator).
func joined(args []ref.Val) (ref.Val, bool) {
	elements, ok := args[0].(traits.Lister)
	if !ok {
		return nil, false
	}
	separator := types.String("")
	if len(args) > 1 {
		if separator, ok = args[1].(types.String); !ok {
			return nil, false
		}
	}
	var b strings.Builder
	for i, n := types.Int(0), elements.Size().(types.Int); i < n; i++ {
		s, ok := elements.Get(i).(types.String)
		if !ok {
			return nil, false
		}
		if i > 0 {
			b.WriteString(string(separator))
		}
		b.WriteString(string(s))
		if b.Len() > maxText {
			return types.WrapErr(errTooLarge), true
		}
	}
	return types.String(b.String()), true
}
