package expr

import (
	"fmt"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/ext"
)

const (
	maxSource = 32 << 10 // characters of one expression
	maxNodes  = 20_000   // of its tree, macros expanded
	maxDepth  = 100      // of its tree
)

// environments remembers the CEL environment of each set of roots: building
// one takes milliseconds, and a file has a handful of sets.
var environments struct {
	sync.Mutex
	of map[Root]*cel.Env
}

// environment is the CEL environment that declares the given roots.
func environment(roots Root) (*cel.Env, error) {
	environments.Lock()
	defer environments.Unlock()
	if e := environments.of[roots]; e != nil {
		return e, nil
	}
	base := environments.of[0]
	if base == nil {
		var err error
		if base, err = newEnvironment(); err != nil {
			return nil, fmt.Errorf("build expression environment: %w", err)
		}
		environments.of = map[Root]*cel.Env{0: base}
	}
	var declared []cel.EnvOption
	for _, name := range roots.names() {
		declared = append(declared, cel.Variable(name, cel.DynType))
	}
	e, err := base.Extend(declared...)
	if err != nil {
		return nil, fmt.Errorf("declare roots: %w", err)
	}
	environments.of[roots] = e
	return e, nil
}

// newEnvironment is CEL without its arithmetic, which arithmetic.go replaces,
// and with what Freshet adds.
func newEnvironment() (*cel.Env, error) {
	std := env.NewLibrarySubset().AddExcludedFunctions(
		env.NewFunction(operators.Add), env.NewFunction(operators.Subtract),
		env.NewFunction(operators.Multiply), env.NewFunction(operators.Divide),
		env.NewFunction(operators.Modulo))
	options := []cel.EnvOption{
		cel.EagerlyValidateDeclarations(false),
		cel.StdLib(cel.StdLibSubset(std)),
		cel.CustomTypeAdapter(adapter{}),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.ParserExpressionSizeLimit(maxSource),
		cel.ParserRecursionLimit(maxDepth),
		cel.ExpressionNodeLimit(maxNodes),
		ext.Strings(ext.StringsMaxPrecision(100)),
		ext.Math(),
		ext.Lists(ext.ListsMaxRangeSize(100_000)),
		ext.Sets(),
		ext.Encoders(),
		cel.Macros(cel.GlobalMacro("date", 1, expandDate)),
		cel.Variable(zoneVariable, cel.DynType),
		cel.Function(dateFunction, cel.Overload("date_dyn_zone",
			[]*cel.Type{cel.DynType, cel.DynType}, cel.StringType, cel.BinaryBinding(dateIn))),
		textForm(),
	}
	return cel.NewCustomEnv(append(options, arithmetic()...)...)
}

// expandDate hands date() the evaluation's zone, which a function of CEL
// cannot see by itself.
func expandDate(f cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
	return f.NewCall(dateFunction, args[0], f.NewIdent(zoneVariable)), nil
}
