package expr

import (
	"math"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// arithmetic declares + - * / % anew: as CEL's, and over mixed numbers too,
// because JSON mixes whole numbers and fractions freely. Where either side is a
// double so is the result; int with uint is int.
func arithmetic() []cel.EnvOption {
	i, u, d := cel.IntType, cel.UintType, cel.DoubleType
	ts, du := cel.TimestampType, cel.DurationType
	list := cel.ListType(cel.TypeParamType("A"))
	op := func(name string, fn func(a, b ref.Val) ref.Val, opts ...cel.FunctionOpt) cel.EnvOption {
		opts = append(opts, mixed(name)...)
		return cel.Function(name, append(opts, cel.SingletonBinaryBinding(fn))...)
	}
	return []cel.EnvOption{
		op(operators.Add, add,
			over(overloads.AddInt64, i, i, i), over(overloads.AddUint64, u, u, u),
			over(overloads.AddDouble, d, d, d),
			over(overloads.AddString, cel.StringType, cel.StringType, cel.StringType),
			over(overloads.AddBytes, cel.BytesType, cel.BytesType, cel.BytesType),
			over(overloads.AddList, list, list, list),
			over(overloads.AddDurationDuration, du, du, du),
			over(overloads.AddDurationTimestamp, du, ts, ts),
			over(overloads.AddTimestampDuration, ts, du, ts)),
		op(operators.Subtract, subtract,
			over(overloads.SubtractInt64, i, i, i), over(overloads.SubtractUint64, u, u, u),
			over(overloads.SubtractDouble, d, d, d),
			over(overloads.SubtractDurationDuration, du, du, du),
			over(overloads.SubtractTimestampDuration, ts, du, ts),
			over(overloads.SubtractTimestampTimestamp, ts, ts, du)),
		op(operators.Multiply, multiply,
			over(overloads.MultiplyInt64, i, i, i), over(overloads.MultiplyUint64, u, u, u),
			over(overloads.MultiplyDouble, d, d, d)),
		op(operators.Divide, divide,
			over(overloads.DivideInt64, i, i, i), over(overloads.DivideUint64, u, u, u),
			over(overloads.DivideDouble, d, d, d)),
		op(operators.Modulo, modulo,
			over(overloads.ModuloInt64, i, i, i), over(overloads.ModuloUint64, u, u, u),
			over("modulo_double", d, d, d)),
	}
}

func over(id string, a, b, result *cel.Type) cel.FunctionOpt {
	return cel.Overload(id, []*cel.Type{a, b}, result)
}

// mixed are the overloads of an operator over numbers of two types.
func mixed(name string) []cel.FunctionOpt {
	i, u, d := cel.IntType, cel.UintType, cel.DoubleType
	return []cel.FunctionOpt{
		over(name+"int_double", i, d, d), over(name+"double_int", d, i, d),
		over(name+"uint_double", u, d, d), over(name+"double_uint", d, u, d),
		over(name+"int_uint", i, u, i), over(name+"uint_int", u, i, i),
	}
}

func add(a, b ref.Val) ref.Val {
	a, b = alike(a, b)
	switch x := a.(type) {
	case types.String:
		if y, ok := b.(types.String); ok && len(x)+len(y) > maxText {
			return types.WrapErr(errTooLarge)
		}
	case types.Bytes:
		if y, ok := b.(types.Bytes); ok && len(x)+len(y) > maxText {
			return types.WrapErr(errTooLarge)
		}
	case traits.MutableLister: // the list that a macro is building
		return x.Add(b)
	case traits.Lister:
		if _, ok := b.(traits.Lister); ok {
			return weigh(x.Add(b))
		}
	}
	if x, ok := a.(traits.Adder); ok {
		return described(x.Add(b), "add", a, b)
	}
	return mismatch("add", a, b)
}

func subtract(a, b ref.Val) ref.Val {
	a, b = alike(a, b)
	if x, ok := a.(traits.Subtractor); ok {
		return described(x.Subtract(b), "subtract", a, b)
	}
	return mismatch("subtract", a, b)
}

func multiply(a, b ref.Val) ref.Val {
	a, b = alike(a, b)
	if x, ok := a.(traits.Multiplier); ok {
		return described(x.Multiply(b), "multiply", a, b)
	}
	return mismatch("multiply", a, b)
}

func divide(a, b ref.Val) ref.Val {
	a, b = alike(a, b)
	if x, ok := a.(traits.Divider); ok {
		return described(x.Divide(b), "divide", a, b)
	}
	return mismatch("divide", a, b)
}

func modulo(a, b ref.Val) ref.Val {
	a, b = alike(a, b)
	if x, ok := a.(types.Double); ok {
		if y, ok := b.(types.Double); ok {
			return types.Double(math.Mod(float64(x), float64(y)))
		}
	}
	if x, ok := a.(traits.Modder); ok {
		return described(x.Modulo(b), "take the remainder of", a, b)
	}
	return mismatch("take the remainder of", a, b)
}

// alike brings two numbers of different types to one type; anything else stays
// as it is.
func alike(a, b ref.Val) (ref.Val, ref.Val) {
	if a.Type() == b.Type() {
		return a, b
	}
	x, aIsNumber := asDouble(a)
	y, bIsNumber := asDouble(b)
	if !aIsNumber || !bIsNumber {
		return a, b
	}
	if _, ok := a.(types.Double); ok {
		return a, y
	}
	if _, ok := b.(types.Double); ok {
		return x, b
	}
	return asInt(a), asInt(b)
}

func asDouble(v ref.Val) (types.Double, bool) {
	switch n := v.(type) {
	case types.Int:
		return types.Double(n), true
	case types.Uint:
		return types.Double(n), true
	case types.Double:
		return n, true
	}
	return 0, false
}

// asInt leaves a uint alone that no int can hold, which then is a mismatch.
func asInt(v ref.Val) ref.Val {
	if n, ok := v.(types.Uint); ok && n <= math.MaxInt64 {
		return types.Int(n)
	}
	return v
}

// described gives CEL's own "no such overload" the words of mismatch.
func described(result ref.Val, verb string, a, b ref.Val) ref.Val {
	if e, ok := result.(*types.Err); ok && e.String() == "no such overload" {
		return mismatch(verb, a, b)
	}
	return result
}

func mismatch(verb string, a, b ref.Val) ref.Val {
	if types.IsUnknownOrError(a) {
		return a
	}
	if types.IsUnknownOrError(b) {
		return b
	}
	return types.NewErr("cannot %s %s and %s", verb, kindOf(a), kindOf(b))
}
