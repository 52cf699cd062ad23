package papermill

import (
	"math"
	"math/big"
	"strings"
)

var csharp = &language{
	title: "C#", comment: "// Parameters", name: simple,
	literal: (&literals{
		null: "null", yes: "true", no: "false",
		nan: "double.NaN", inf: "double.PositiveInfinity", negativeInf: "double.NegativeInfinity",
		text: quoteCSharp, whole: sized(`System.Numerics.BigInteger.Parse("`, `")`),
		list: csharpList, object: csharpObject,
	}).of,
	assign: func(name, literal string, v any) string {
		if v == nil { // of which no type follows
			return "object " + name + " = null;"
		}
		return "var " + name + " = " + literal + ";"
	},
}

func csharpObject(keys, items []string, _ Object) (string, error) {
	pairs := make([]string, len(keys))
	for i, key := range keys {
		pairs[i] = "{ " + key + " , " + items[i] + " }"
	}
	return "new Dictionary<string,Object>{ " + strings.Join(pairs, ", ") + " }", nil
}

// csharpList lets the compiler find the type of the items where they have one
// in common.
func csharpList(items []string, values []any) string {
	open := "new [] { "
	if strings.Contains(commonType(values, true), "object") {
		open = "new object[] { "
	}
	return open + strings.Join(items, ", ") + " }"
}

var fsharp = &language{
	title: "F#", comment: "(* Parameters *)", name: simple, assign: assigned("let %s = %s"),
	literal: (&literals{
		null: "None", yes: "true", no: "false", nan: "nan", inf: "infinity", negativeInf: "-infinity",
		text: quoteFSharp, whole: sized("", "I"),
		list: fsharpList, object: fsharpObject,
	}).of,
}

func fsharpObject(keys, items []string, _ Object) (string, error) {
	if len(keys) == 0 {
		return "Map.empty<string, IComparable>", nil
	}
	pairs := make([]string, len(keys))
	for i, key := range keys {
		pairs[i] = "(" + key + ", " + items[i] + " :> IComparable)"
	}
	return "[ " + strings.Join(pairs, "; ") + " ] |> Map.ofList", nil
}

// fsharpList boxes the items where they differ in type: a list has one.
func fsharpList(items []string, values []any) string {
	if len(items) > 0 && commonType(values, false) == "object" {
		for i, item := range items {
			items[i] = "box (" + item + ")"
		}
	}
	return "[ " + strings.Join(items, "; ") + " ]"
}

// commonType is the type of the items of a list, object where they have none
// in common. Numbers may become wider where the language does that itself.
func commonType(values []any, widening bool) string {
	common := ""
	for _, v := range values {
		switch t := typeOf(v, widening); {
		case common == "" || common == t:
			common = t
		case widening && isNumber(common) && isNumber(t):
			common = widerOf(common, t)
		default:
			return "object"
		}
	}
	if common == "" || common == "null" {
		return "object"
	}
	return common
}

func typeOf(v any, widening bool) string {
	switch v := v.(type) {
	case bool:
		return "bool"
	case string:
		return "string"
	case float64:
		return "double"
	case *big.Int:
		switch {
		case !v.IsInt64():
			return "big"
		case v.Int64() > math.MaxInt32 || v.Int64() < math.MinInt32:
			return "long"
		}
		return "int"
	case []any:
		return commonType(v, widening) + " list"
	case Object:
		return "map"
	}
	return "null"
}

func isNumber(t string) bool { return t == "int" || t == "long" || t == "double" }

func widerOf(a, b string) string {
	for _, t := range []string{"double", "long"} {
		if a == t || b == t {
			return t
		}
	}
	return a
}
