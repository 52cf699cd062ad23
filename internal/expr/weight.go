package expr

import (
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"

	"github.com/freshet/freshet"
)

// The limits of one evaluation. The cost limit bounds its steps; the others
// bound what few steps can make: [x, x] of [x, x] of … doubles with each.
const (
	maxCost   = 1_000_000
	maxText   = 8 << 20   // bytes of one string
	maxWeight = 1_000_000 // elements of a list or map, nested ones and repeated ones counted
)

var errTooLarge = freshet.Errorf(freshet.Invalid, "the expression made a value that is too large")

// guard wraps the steps of a program that make lists, maps and texts so that
// what they make is ordered and not too large.
func guard(step interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
	switch s := step.(type) {
	case interpreter.InterpretableConst, interpreter.InterpretableAttribute:
		return step, nil
	case interpreter.InterpretableCall:
		switch s.Function() {
		case "replace":
			return &bounded{InterpretableCall: s, run: replaced}, nil
		case "join":
			return &bounded{InterpretableCall: s, run: joined}, nil
		}
		if run := quadratic(s.Function()); run != nil {
			return &bounded{InterpretableCall: s, run: run}, nil
		}
		if isOperator(s.Function()) {
			return step, nil // add() weighs by itself, the others make nothing large
		}
	}
	return &weighing{step}, nil
}

func isOperator(function string) bool {
	_, ok := operators.FindReverse(function)
	return ok
}

// weighing weighs what a step makes.
type weighing struct{ interpreter.InterpretableV2 }

func (w *weighing) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	return weigh(w.InterpretableV2.Exec(frame))
}

func (w *weighing) Eval(vars interpreter.Activation) ref.Val {
	return interpreter.EvalActivation(vars, w.Exec)
}

// list is a list whose weight is known.
type list struct {
	traits.Lister
	weight int
}

// weigh puts a list or map that an expression made into a wrapper that knows
// its weight, or makes an error of it.
func weigh(v ref.Val) ref.Val {
	switch x := v.(type) {
	case list, sorted, *object, traits.MutableLister, traits.MutableMapper:
		return v
	case traits.Mapper:
		weight := 1
		for it := x.Iterator(); it.HasNext() == types.True; {
			k := it.Next()
			value, _ := x.Find(k)
			if weight += weightOf(k) + weightOf(value); weight > maxWeight {
				return types.WrapErr(errTooLarge)
			}
		}
		return sorted{Mapper: x, weight: weight}
	case traits.Lister:
		weight := 1
		for i, n := types.Int(0), x.Size().(types.Int); i < n; i++ {
			if weight += weightOf(x.Get(i)); weight > maxWeight {
				return types.WrapErr(errTooLarge)
			}
		}
		return list{Lister: x, weight: weight}
	}
	return v
}

// weightOf is how much a value adds to a list that holds it. What came from
// outside counts by its own length only: it is bounded where it came in.
func weightOf(v ref.Val) int {
	switch x := v.(type) {
	case list:
		return x.weight
	case sorted:
		return max(x.weight, 1+int(x.Size().(types.Int)))
	case *object:
		return 1
	case types.String:
		return 1 + len(x)/16
	case types.Bytes:
		return 1 + len(x)/16
	case traits.Sizer:
		return 1 + int(x.Size().(types.Int))
	}
	return 1
}
