package expr

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestText(t *testing.T) {
	vars := Vars{"params": map[string]any{"s": "a\"b", "n": int64(3), "f": 2.0, "l": []any{"x", int64(1)}, "m": map[string]any{"k": nil}}}
	for source, want := range map[string]string{
		`text(params.s)`: `a"b`, `text(params.n)`: "3", `text(params.f)`: "2", `text(params.l)`: `["x",1]`,
		`text(params.m)`: `{"k":null}`, `text(null)`: "null", `text(true) + text([1, {"a": "}}"}])`: `true[1,{"a":"}}"}]`,
		`text(timestamp("2026-01-31T00:00:00Z"))`: "2026-01-31T00:00:00Z",
	} {
		got, err := mustCompile(t, source, everything).Eval(vars)
		if err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", source, got, err, want)
		}
	}
}

// A long text that is made again and again costs as much as it is long.
func TestTextIsNotFree(t *testing.T) {
	vars := Vars{"params": map[string]any{"s": strings.Repeat("x", 1<<20), "l": make([]any, 50)}}
	if _, err := mustCompile(t, `params.l.map(x, text(params.s)).size()`, everything).Eval(vars); err == nil {
		t.Error("50 MB of text cost nothing")
	}
	if _, err := mustCompile(t, `text(params.s).size()`, everything).Eval(vars); err != nil {
		t.Errorf("one MB is refused: %v", err)
	}
}

// A template and the expression that it is as one have the same value.
func TestTemplateAsExpression(t *testing.T) {
	vars := Vars{"params": map[string]any{"s": "x}}y", "n": int64(3), "l": []any{"x", int64(1)}}}
	piece := rapid.SampledFrom([]string{"", " ", "}}", "{", "$", "$${{", `"`, "\\", "é\n", "${{ params.s }}", "${{params.n}}",
		"${{ params.l }}", "${{ params.n + 1 // a comment\n}}", `${{ {"a": "}}"} }}`, "${{ 1 == 2 ? 'a' : 'b' }}"})
	rapid.Check(t, func(r *rapid.T) {
		source := strings.Join(rapid.SliceOfN(piece, 0, 5).Draw(r, "pieces"), "")
		tmpl, problem := ParseTemplate(source, everything)
		if problem != nil {
			return
		}
		p, problem := Compile(tmpl.Expression(), everything)
		if problem != nil {
			r.Fatalf("%q as %s: %v", source, tmpl.Expression(), problem)
		}
		want, err := tmpl.Eval(vars)
		if err != nil {
			r.Fatal(err)
		}
		got, err := p.Eval(vars)
		if err != nil || text(got) != text(want) {
			r.Errorf("%q: %v, as an expression %v, %v", source, want, got, err)
		}
	})
}
