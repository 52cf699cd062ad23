package spec

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/freshet/freshet"
)

const withParameters = `
name: p
parameters:
  day: {type: string, format: date}
  limit: {type: integer, minimum: 1, default: 1000}
  ratio: {type: number, default: 1}
  loud: {type: boolean, default: false}
  list: {type: array, items: {type: integer}, default: [1, 2]}
  maybe: {type: [integer, "null"], default: null}
  free: {default: {a: 1.5}}
  mixed: {type: [integer, string], default: x}
tasks: {a: {bash: x}}
`

func TestCheckParameters(t *testing.T) {
	w := must1(t, withParameters)
	all := func(changes map[string]any) map[string]any {
		m := map[string]any{
			"day": "2026-01-31", "limit": int64(1000), "ratio": int64(1), "loud": false,
			"list": []any{int64(1), int64(2)}, "maybe": nil, "free": map[string]any{"a": 1.5}, "mixed": "x",
		}
		for k, v := range changes {
			m[k] = v
		}
		return m
	}
	day := map[string]string{"day": "2026-01-31"}
	for name, test := range map[string]struct {
		typed map[string]any
		text  map[string]string
		want  map[string]any
		wrong []string
	}{
		"defaults": {nil, day, all(nil), nil},
		"texts": {nil, map[string]string{"day": "2026-01-31", "limit": "7", "ratio": "0.5", "loud": "true", "list": "[3]", "maybe": "4", "free": "5", "mixed": "6"},
			all(map[string]any{"limit": int64(7), "ratio": 0.5, "loud": true, "list": []any{int64(3)}, "maybe": int64(4), "free": "5", "mixed": int64(6)}), nil},
		"null, and text that looks like a number": {nil, map[string]string{"day": "2026-01-31", "maybe": "null", "mixed": "6.5"},
			all(map[string]any{"mixed": "6.5"}), nil},
		"a whole float is an integer": {map[string]any{"limit": 3.0, "maybe": 2.0, "ratio": 3.0}, day,
			all(map[string]any{"limit": int64(3), "maybe": int64(2), "ratio": 3.0}), nil},
		"typed": {map[string]any{"day": "2026-01-31", "list": []any{1}}, nil, all(map[string]any{"list": []any{int64(1)}}), nil},
		"all wrong": {map[string]any{"list": []any{"x"}, "lst": 1}, map[string]string{"limit": "0", "ratio": "x", "loud": "yes", "dya": "1"}, nil, []string{
			"parameter `day` is missing", "parameter `limit`: minimum: got 0, want 1", "parameter `ratio`: expected number, found `x`",
			"parameter `loud`: expected boolean, found `yes`", "parameter `list`: at /0: got string, want integer",
			"there is no parameter `dya`, did you mean `day`?", "there is no parameter `lst`, did you mean `list`?"}},
		"no date": {nil, map[string]string{"day": "2026-02-30"}, nil, []string{"parameter `day`: '2026-02-30' is no date such as 2026-11-20"}},
		"no day":  {nil, map[string]string{"day": "tomorrow"}, nil, []string{"parameter `day`: 'tomorrow' is no date such as 2026-11-20"}},
		"twice":   {map[string]any{"day": "2026-01-31"}, day, nil, []string{"parameter `day`: given twice"}},
		"whole numbers beyond 64 bits": {map[string]any{"list": []any{json.Number("99999999999999999999")}, "free": map[string]any{"n": json.Number("-18446744073709551615")}},
			map[string]string{"day": "2026-01-31", "ratio": "99999999999999999999", "limit": "9223372036854775808"}, nil,
			[]string{"parameter `list`: a whole number of more than 64 bits", "parameter `free`: a whole number of", "parameter `ratio`: a whole number of", "parameter `limit`: expected integer"}},
		"large ones that stay what they are": {map[string]any{"list": []any{json.Number("9223372036854775807"), json.Number("-9223372036854775808")}, "free": json.Number("1e300")},
			map[string]string{"day": "2026-01-31", "ratio": "100000000000000000000", "mixed": "99999999999999999999"},
			all(map[string]any{"list": []any{int64(math.MaxInt64), int64(math.MinInt64)}, "free": 1e300, "ratio": 1e20, "mixed": "99999999999999999999"}), nil},
		"not an array": {nil, map[string]string{"day": "2026-01-31", "list": `{"a": 1}`}, nil, []string{"parameter `list`: expected array, found `{\"a\": 1}`"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := w.CheckParameters(test.typed, test.text)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("parameters (-want +got):\n%s", diff)
			}
			wantErrors(t, err, test.wrong)
		})
	}
}

// wantErrors asks for an Invalid error with these parts, nil for none.
func wantErrors(t *testing.T, err error, parts []string) {
	t.Helper()
	if len(parts) == 0 {
		if err != nil {
			t.Error(err)
		}
		return
	}
	var e *freshet.Error
	if !errors.As(err, &e) || e.Code != freshet.Invalid || e.Hint == "" {
		t.Fatalf("error %#v, want Invalid with a hint", err)
	}
	for _, p := range parts {
		if !strings.Contains(e.Message, p) {
			t.Errorf("no %q in %q", p, e.Message)
		}
	}
}

// A caller may change what it gets.
func TestParametersAreCopies(t *testing.T) {
	w := must1(t, withParameters)
	first, _ := w.CheckParameters(nil, map[string]string{"day": "2026-01-31"})
	first["list"].([]any)[0] = "changed"
	first["free"].(map[string]any)["a"] = "changed"
	second, _ := w.CheckParameters(nil, map[string]string{"day": "2026-01-31"})
	if diff := cmp.Diff([]any{int64(1), int64(2)}, second["list"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"a": 1.5}, second["free"]); diff != "" {
		t.Error(diff)
	}
}

func TestCheckOutputs(t *testing.T) {
	w := must1(t, `
name: o
tasks:
  a: {bash: x, outputs: {s: string, i: integer, n: number, b: boolean, l: array, o: object}}
  b: {bash: x}
`)
	good := map[string]string{"s": " 1 ", "i": " 12\n", "n": "3", "b": "true", "l": "[1, 2.5]", "o": `{"a": null}`, "more": "5"}
	got, err := w.Tasks[0].CheckOutputs(good)
	wantErrors(t, err, nil)
	want := map[string]any{"s": " 1 ", "i": int64(12), "n": 3.0, "b": true, "l": []any{int64(1), 2.5}, "o": map[string]any{"a": nil}, "more": "5"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
	_, err = w.Tasks[0].CheckOutputs(map[string]string{"i": "1.5", "n": "NaN", "b": "yes", "l": "{}", "o": "[] []"})
	wantErrors(t, err, []string{
		"output `s` is missing", "output `i` has to be an integer, it is `1.5`", "output `n` has to be a number, it is `NaN`",
		"output `b` has to be a boolean", "output `l` has to be an array", "output `o` has to be an object",
	})
	got, err = w.Tasks[1].CheckOutputs(map[string]string{"x": "1"})
	if diff := cmp.Diff(map[string]any{"x": "1"}, got); diff != "" || err != nil {
		t.Errorf("undeclared: %v\n%s", err, diff)
	}
}

// Values of `with` keep their types, whatever is in their texts.
func TestInputsKeepTheirTypes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := jsonLike(t, 3)
		source := "name: x\ntasks: {a: {bash: x, with: {v: " + flow(want) + "}}}\n"
		ws, ds := Parse("f", []byte(source))
		if len(ds) > 0 {
			t.Fatalf("%s\n%s", source, ds)
		}
		got, err := ws[0].Tasks[0].With[0].Value.Eval(nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s\n%s", source, diff)
		}
	})
}
