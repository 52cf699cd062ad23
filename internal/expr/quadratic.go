package expr

import (
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/freshet/freshet"
)

// maxPairs is how many pairs of elements one call may compare. CEL counts the
// steps of a call when it is over, which for some is too late.
const maxPairs = 2_000_000

var errTooManySteps = freshet.Errorf(freshet.Invalid, "the expression took too many steps").
	WithHint("an expression is for small decisions; compute in a task and send the result as an output")

// quadratic are the functions that compare each element with each: worked out
// here, so that how many pairs there are is known before they are compared.
func quadratic(function string) func(args []ref.Val) (ref.Val, bool) {
	switch function {
	case "distinct":
		return distinct
	case "sets.contains", "hasAll":
		return comparing(covers)
	case "hasOnly":
		return comparing(func(a, b traits.Lister) bool { return covers(b, a) })
	case "sets.intersects", "hasAny":
		return comparing(intersects)
	case "sets.equivalent", "hasExactly":
		return comparing(func(a, b traits.Lister) bool { return covers(a, b) && covers(b, a) })
	}
	return nil
}

func comparing(compare func(a, b traits.Lister) bool) func([]ref.Val) (ref.Val, bool) {
	return func(args []ref.Val) (ref.Val, bool) {
		if len(args) != 2 {
			return nil, false
		}
		a, ok1 := args[0].(traits.Lister)
		b, ok2 := args[1].(traits.Lister)
		if !ok1 || !ok2 {
			return nil, false
		}
		if tooManyPairs(a, b) {
			return types.WrapErr(errTooManySteps), true
		}
		return types.Bool(compare(a, b)), true
	}
}

func tooManyPairs(a, b traits.Lister) bool {
	return weightOf(a)*weightOf(b) > maxPairs
}

func covers(all, some traits.Lister) bool {
	for it := some.Iterator(); it.HasNext() == types.True; {
		if all.Contains(it.Next()) != types.True {
			return false
		}
	}
	return true
}

func intersects(a, b traits.Lister) bool {
	for it := a.Iterator(); it.HasNext() == types.True; {
		if b.Contains(it.Next()) == types.True {
			return true
		}
	}
	return false
}

func distinct(args []ref.Val) (ref.Val, bool) {
	if len(args) != 1 {
		return nil, false
	}
	elements, ok := args[0].(traits.Lister)
	if !ok {
		return nil, false
	}
	if tooManyPairs(elements, elements) {
		return types.WrapErr(errTooManySteps), true
	}
	var once []ref.Val
next:
	for it := elements.Iterator(); it.HasNext() == types.True; {
		v := it.Next()
		for _, known := range once {
			if types.Equal(v, known) == types.True {
				continue next
			}
		}
		once = append(once, v)
	}
	return weigh(types.NewRefValList(adapter{}, once)), true
}
