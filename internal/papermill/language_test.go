package papermill_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/nbformat"
	. "github.com/freshet/freshet/internal/papermill"
)

// The kernels and languages that notebooks name.
var kernels = [][2]string{
	{"python3", "python"}, {"ir", "R"}, {"scala", "scala"}, {"julia-1.11", "julia"}, {"jupyter_matlab_kernel", "matlab"},
	{".net-csharp", "C#"}, {".net-fsharp", "F#"}, {".net-powershell", "PowerShell"}, {"bash", "bash"},
	{"pysparkkernel", "x"}, {"sparkkernel", "x"}, {"sparkrkernel", "x"},
}

// injected is the source of the parameters cell, or the error.
func injected(kernel, language string, params ...Param) (string, error) {
	nb := &nbformat.Notebook{Metadata: map[string]any{}}
	if _, err := Inject(nb, params, Options{Kernel: kernel, Language: language}); err != nil {
		return "", err
	}
	return nb.Cells[0].Source, nil
}

// What papermill writes right is written to the letter.
func TestAsPapermillWrites(t *testing.T) {
	values := Object{
		{"int", 3}, {"negative", -3}, {"long", int64(3000000000)}, {"edge", int64(math.MaxInt32)}, {"over", int64(math.MinInt32) - 1},
		{"zero", 0}, {"yes", true}, {"no", false}, {"float", 2.5}, {"big", 1e20}, {"e16", 1e16}, {"e15", 1e15}, {"small", 1e-5}, {"small4", 0.0001},
		{"whole", 1.0}, {"negative0", math.Copysign(0, -1)}, {"text", "some words"}, {"empty", ""}, {"quote", `say "hi"`}, {"single", "it's"},
		{"ints", []any{1, 2}}, {"texts", []any{"a", "b"}}, {"floats", []any{1.5}},
	}
	objects := Object{{"object", Object{{"b", 1}, {"a", "x"}}}, {"nested", Object{{"list", []any{1, 2}}, {"object", Object{{"c", true}}}}}}
	null := Object{{"null", nil}}
	mixed := Object{{"mixed", []any{1, []any{2.5, "a"}, true}}, {"none", []any{}}}
	escapes := Object{{"escapes", "a\nb\tc\rd\\e\x00\x1b\x7f"}, {"latin", "é"}, {"wide", "中\u2028"}, {"astral", "😍"}}
	python := Object{
		{"nan", math.NaN()}, {"inf", math.Inf(1)},
		{"negativeInf", math.Inf(-1)}, {"nestedNan", []any{math.NaN(), Object{{"a", nil}}}}, {"noObject", Object{}},
		{"huge", new(big.Int).Exp(big.NewInt(10), big.NewInt(30), nil)},
	}
	short := Object{{"escapes", "a\nb\tc\rd\\e"}, {"wide", "中\u2028"}}
	type question struct {
		Kernel, Language, Name string
		Value                  any
	}
	var questions []question
	var got []string
	for _, k := range kernels {
		all := append(Object{}, values...)
		switch k[0] {
		case "bash":
			all = append(all, null...)
		case ".net-csharp":
			all = append(append(all, objects...), short...)
		case ".net-fsharp":
			all = append(append(append(all, objects...), null...), escapes...)
		case "python3", "pysparkkernel":
			all = append(append(append(append(append(all, python...), escapes...), objects...), null...), mixed...)
		case ".net-powershell", "jupyter_matlab_kernel":
			all = append(append(append(all, objects...), null...), mixed...)
		default:
			all = append(append(append(append(all, objects...), null...), mixed...), short...)
		}
		for _, p := range all {
			questions = append(questions, question{k[0], k[1], p.Name, encoded(p.Value)})
			source, err := injected(k[0], k[1], p)
			if err != nil {
				t.Errorf("%v %s: %v", k, p.Name, err)
			}
			got = append(got, source)
		}
	}
	var want []string
	asked(t, "translators", `
from papermill.translators import translate_parameters
def value(v):
    kind, x = v
    if kind == "list": return [value(i) for i in x]
    if kind == "object": return {k: value(i) for k, i in x}
    return {"int": int, "float": float}.get(kind, lambda x: x)(x)
print(json.dumps([translate_parameters(q["Kernel"], q["Language"], {q["Name"]: value(q["Value"])}) for q in input]))
`, questions, &want)
	for i, q := range questions {
		if got[i] != want[i] {
			t.Errorf("%s, %s: got %q, papermill writes %q", q.Kernel, q.Name, got[i], want[i])
		}
	}
}

// Where papermill is wrong, or lets a value become code, this is right. Each
// is in docs/from-papermill.md.
func TestWherePapermillIsWrong(t *testing.T) {
	huge := new(big.Int).Exp(big.NewInt(10), big.NewInt(20), nil)
	special := []any{math.NaN(), math.Inf(1), math.Inf(-1)}
	for _, test := range []struct {
		kernel string
		value  any
		want   string
	}{
		{"ir", special, "x = list(NaN, Inf, -Inf)"},
		{"ir", "é\x1b", `x = "\u00e9\u001b"`},
		{"scala", special, "val x = Seq(Double.NaN, Double.PositiveInfinity, Double.NegativeInfinity)"},
		{"scala", "é😍\x01\f", `val x = "\u00e9\ud83d\ude0d\u0001\f"`},
		{"scala", huge, `val x = BigInt("100000000000000000000")`},
		{"julia-1.11", special, "x = [NaN, Inf, -Inf]"},
		{"julia-1.11", "$(run(`id`)) é", "x = \"\\$(run(`id`)) \\u00e9\""},
		{"jupyter_matlab_kernel", `C:\new`, `x = "C:\new";`},
		{"jupyter_matlab_kernel", "a\nb\"é", `x = ("a" + char(10) + "b""é");`},
		{"jupyter_matlab_kernel", "\n", `x = ("" + char(10));`},
		{"jupyter_matlab_kernel", Object{{"it's\t", 1}}, `x = containers.Map({['it''s', char(9)]}, {1});`},
		{"jupyter_matlab_kernel", Object{}, "x = containers.Map();"},
		{".net-csharp", special, "var x = new [] { double.NaN, double.PositiveInfinity, double.NegativeInfinity };"},
		{".net-csharp", nil, "object x = null;"},
		{".net-csharp", []any{}, "var x = new object[] {  };"},
		{".net-csharp", []any{1, "a", nil}, `var x = new object[] { 1, "a", null };`},
		{".net-csharp", []any{1, 3000000000.5, int64(3000000000)}, "var x = new [] { 1, 3000000000.5, 3000000000L };"},
		{".net-csharp", []any{[]any{1}, []any{"a"}}, `var x = new object[] { new [] { 1 }, new [] { "a" } };`},
		{".net-csharp", "\x1babc é", `var x = "\u001babc \u00e9";`},
		{".net-csharp", huge, `var x = System.Numerics.BigInteger.Parse("100000000000000000000");`},
		{".net-fsharp", special, "let x = [ nan; infinity; -infinity ]"},
		{".net-fsharp", []any{1, "a"}, `let x = [ box (1); box ("a") ]`},
		{".net-fsharp", Object{}, "let x = Map.empty<string, IComparable>"},
		{".net-fsharp", huge, "let x = 100000000000000000000I"},
		{".net-powershell", `C:\new`, `$x = 'C:\new'`},
		{".net-powershell", "$(Get-Date) `n it's\n‘", "$x = '$(Get-Date) `n it''s\n‘‘'"},
		{".net-powershell", []any{[]any{1, 2}}, "$x = @(, @(1, 2))"},
		{".net-powershell", huge, "$x = 100000000000000000000"},
		{".net-powershell", new(big.Int).Lsh(big.NewInt(1), 96), "$x = [bigint]'79228162514264337593543950336'"},
		{"bash", []any{1, nil, []any{"a b", 2.5}}, `x=(1 '' '["a b", 2.5]')`},
		{"bash", Object{{"a b", 1}, {"c", Object{{"d", nil}}}}, `declare -A x=(['a b']=1 [c]='{"d": null}')`},
	} {
		source, err := injected(test.kernel, languageFor(test.kernel), Param{"x", test.value})
		if err != nil {
			t.Errorf("%s %v: %v", test.kernel, test.value, err)
		}
		_, code, _ := cutLine(source)
		if diff := cmp.Diff(test.want+"\n", code); diff != "" {
			t.Errorf("%s %v (-want +got):\n%s", test.kernel, test.value, diff)
		}
	}
}

func TestRefused(t *testing.T) {
	deep := any(1)
	for range 200 {
		deep = []any{deep}
	}
	for _, test := range []struct {
		kernel, language string
		param            Param
		want             string
	}{
		{"python3", "python", Param{"x = 1; import os", 1}, `parameter "x = 1; import os": that is no name of a variable in Python`},
		{"python3", "python", Param{"x\n", 1}, `parameter "x\n": that is no name of a variable in Python`},
		{"python3", "python", Param{"", 1}, `parameter "": that is no name of a variable in Python`},
		{"python3", "python", Param{"1a", 1}, `parameter "1a": that is no name of a variable in Python`},
		{"python3", "python", Param{"class", 1}, `parameter "class": that is no name of a variable in Python`},
		{"python3", "python", Param{"a.None", 1}, `parameter "a.None": that is no name of a variable in Python`},
		{"bash", "bash", Param{"a.b", 1}, `parameter "a.b": that is no name of a variable in Bash`},
		{"bash", "bash", Param{"a[$(id)]", 1}, `parameter "a[$(id)]": that is no name of a variable in Bash`},
		{"ir", "R", Param{"__", 1}, `parameter "__": that is no name of a variable in R`},
		{"jupyter_matlab_kernel", "matlab", Param{"_a", 1}, `parameter "_a": that is no name of a variable in MATLAB`},
		{"python3", "python", Param{"a", deep}, "parameter a: it nests deeper than 100"},
		{"python3", "python", Param{"a", struct{}{}}, "parameter a: a value of type struct {} cannot be a parameter"},
		{"ir", "R", Param{"a", "\x00"}, "parameter a: the language R has no texts with a NUL character"},
		{"bash", "bash", Param{"a", "\x00"}, "parameter a: bash has no texts with a NUL character"},
		{"bash", "bash", Param{"a", Object{{"", 1}}}, "parameter a: bash has no arrays with an empty key"},
		{"ir", "R", Param{"a", Object{{"", 1}}}, "parameter a: the language R has no lists with an empty key"},
		{"sql", "sql", Param{"a", 1}, "parameters cannot be written in the language sql of the kernel sql"},
		{"", "", Param{"a", 1}, "the notebook names no kernel"},
		{"k", "", Param{"a", 1}, "the notebook does not say which language its kernel k has"},
	} {
		source, err := injected(test.kernel, test.language, test.param)
		var e *freshet.Error
		if !errors.As(err, &e) || e.Message != test.want || e.Code != freshet.Invalid {
			t.Errorf("%v: %v\n%s", test.param, err, source)
		}
	}
}

func TestNames(t *testing.T) {
	for _, test := range [][3]string{
		{"ir", "_a", "a = 1\n"}, {"ir", "my.name", "my.name = 1\n"}, {"python3", "größe", "größe = 1\n"}, {"python3", "cfg.size", "cfg.size = 1\n"},
		{".net-powershell", "a_1", "$a_1 = 1\n"},
	} {
		source, err := injected(test[0], languageFor(test[0]), Param{test[1], 1})
		if _, code, _ := cutLine(source); err != nil || code != test[2] {
			t.Errorf("%v: %q, %v", test, code, err)
		}
	}
}

func languageFor(kernel string) string {
	for _, k := range kernels {
		if k[0] == kernel {
			return k[1]
		}
	}
	return ""
}
