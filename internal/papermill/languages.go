package papermill

import (
	"fmt"
	"math/big"
	"strings"
)

// A name may be a path of members where the language lets one be assigned.
var (
	dotted  = newPattern(`^[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}_][\p{L}\p{N}_]*)*$`)
	simple  = newPattern(`^[\p{L}_][\p{L}\p{N}_]*$`)
	ascii   = newPattern(`^[A-Za-z_][A-Za-z0-9_]*$`)
	rName   = newPattern(`^(\p{L}|\.(\p{L}|[._]|$))[\p{L}\p{N}._]*$`)
	matName = newPattern(`^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*$`)
)

var python = &language{
	title: "Python", comment: "# Parameters", name: dotted, assign: assigned("%s = %s"),
	words: strings.Fields(`False None True and as assert async await break class continue def del elif else except finally for from
		global if import in is lambda nonlocal not or pass raise return try while with yield`),
	literal: (&literals{
		null: "None", yes: "True", no: "False",
		nan: "float('nan')", inf: "float('inf')", negativeInf: "float('-inf')",
		text: quotePython, whole: anySize,
		list: enclosed("[", ", ", "]"), object: paired("{", ": ", ", ", "}"),
	}).of,
}

var r = &language{
	title: "R", comment: "# Parameters", name: rName, assign: assigned("%s = %s"),
	rename: func(name string) string { return strings.TrimLeft(name, "_") }, // R has no such names
	literal: (&literals{
		null: "NULL", yes: "TRUE", no: "FALSE", nan: "NaN", inf: "Inf", negativeInf: "-Inf",
		text: quoteR, whole: anySize,
		list: enclosed("list(", ", ", ")"), object: rObject,
	}).of,
}

func rObject(keys, items []string, o Object) (string, error) {
	for _, m := range o {
		if m.Name == "" {
			return "", fmt.Errorf("the language R has no lists with an empty key")
		}
	}
	return paired("list(", " = ", ", ", ")")(keys, items, o)
}

var scala = &language{
	title: "Scala", comment: "// Parameters", name: simple, assign: assigned("val %s = %s"),
	literal: (&literals{
		null: "None", yes: "true", no: "false",
		nan: "Double.NaN", inf: "Double.PositiveInfinity", negativeInf: "Double.NegativeInfinity",
		text: quoteScala, whole: sized(`BigInt("`, `")`),
		list: enclosed("Seq(", ", ", ")"), object: paired("Map(", " -> ", ", ", ")"),
	}).of,
}

var julia = &language{
	title: "Julia", comment: "# Parameters", name: dotted, assign: assigned("%s = %s"),
	literal: (&literals{
		null: "nothing", yes: "true", no: "false", nan: "NaN", inf: "Inf", negativeInf: "-Inf",
		text: quoteJulia, whole: anySize,
		list: enclosed("[", ", ", "]"), object: paired("Dict(", " => ", ", ", ")"),
	}).of,
}

var matlabLanguage = &language{
	title: "MATLAB", comment: "% Parameters", name: matName, assign: assigned("%s = %s;"),
	literal: (&literals{
		null: "NaN", yes: "true", no: "false", nan: "nan", inf: "inf", negativeInf: "-inf",
		text: quoteMatlab, whole: anySize,
		list: enclosed("{", ", ", "}"), object: matlabObject,
	}).of,
}

func matlabObject(_, items []string, o Object) (string, error) {
	if len(o) == 0 {
		return "containers.Map()", nil
	}
	keys := make([]string, len(o))
	for i, m := range o {
		keys[i] = matlabChars(m.Name)
	}
	return "containers.Map({" + strings.Join(keys, ", ") + "}, {" + strings.Join(items, ", ") + "})", nil
}

var powershell = &language{
	title: "PowerShell", comment: "# Parameters", name: ascii, assign: assigned("$%s = %s"),
	literal: (&literals{
		null: "$Null", yes: "$True", no: "$False",
		nan: "[double]::NaN", inf: "[double]::PositiveInfinity", negativeInf: "[double]::NegativeInfinity",
		text: quotePowerShell, whole: powerShellWhole,
		list: powerShellList, object: paired("@{", " = ", "\n ", "}"),
	}).of,
}

// powerShellWhole: what a decimal does not hold would be rounded.
func powerShellWhole(i *big.Int) string {
	if i.BitLen() <= 96 {
		return i.String()
	}
	return "[bigint]'" + i.String() + "'"
}

// powerShellList keeps a list of one list from becoming that list.
func powerShellList(items []string, values []any) string {
	if len(values) == 1 {
		if _, ok := values[0].([]any); ok {
			return "@(, " + items[0] + ")"
		}
	}
	return "@(" + strings.Join(items, ", ") + ")"
}

var bash = &language{
	title: "Bash", comment: "# Parameters", name: ascii,
	literal: bashLiteral,
	assign: func(name, literal string, v any) string {
		if _, ok := v.(Object); ok {
			return "declare -A " + name + "=" + literal
		}
		return name + "=" + literal
	},
}

// bashLiteral writes lists as arrays and objects as associative arrays. Their
// members are texts in Bash; a list or an object among them is its JSON.
func bashLiteral(v any) (string, error) {
	switch v := v.(type) {
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			var err error
			if items[i], err = bashText(item); err != nil {
				return "", err
			}
		}
		return "(" + strings.Join(items, " ") + ")", nil
	case Object:
		items := make([]string, len(v))
		for i, m := range v {
			if m.Name == "" {
				return "", fmt.Errorf("bash has no arrays with an empty key")
			}
			key, err := quoteBash(m.Name)
			if err != nil {
				return "", err
			}
			item, err := bashText(m.Value)
			if err != nil {
				return "", err
			}
			items[i] = "[" + key + "]=" + item
		}
		return "(" + strings.Join(items, " ") + ")", nil
	case nil:
		return "", nil
	}
	return bashText(v)
}

var bashScalars = &literals{
	null: "''", yes: "true", no: "false", nan: "nan", inf: "inf", negativeInf: "-inf",
	text: quoteBash, whole: anySize,
}

func bashText(v any) (string, error) {
	switch v.(type) {
	case []any, Object:
		text, err := jsonText(v)
		if err != nil {
			return "", err
		}
		return quoteBash(text)
	}
	return bashScalars.of(v)
}
