package expr

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// values draws JSON-like values with maps of several keys.
func values(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		most := 5
		if depth > 0 {
			most = 7
		}
		switch rapid.IntRange(0, most).Draw(t, "kind") {
		case 0:
			return nil
		case 1:
			return rapid.Bool().Draw(t, "bool")
		case 2:
			return rapid.Int64Range(-9, 9).Draw(t, "int")
		case 3:
			return rapid.Float64Range(-9, 9).Draw(t, "float")
		case 4, 5:
			return rapid.StringN(0, 4, 16).Draw(t, "string")
		case 6:
			return rapid.SliceOfN(values(depth-1), 0, 5).Draw(t, "list")
		default:
			return rapid.MapOfN(rapid.StringN(0, 3, 9), values(depth-1), 0, 8).Draw(t, "map")
		}
	})
}

var deterministic = []string{
	`params`, `params.map(k, params[k])`, `params.filter(k, size(k) > 1)`, `params.map(k, {k: 1, k + "x": params[k]})`,
	`{"b": params, "a": [params, event], "c": 1}.map(k, k)`, `params.map(k, k).join("|")`, `"%s".format([params])`,
	`params.map(k, {"z": 1, "y": 2, "x": k}.map(j, j + k))`, `params == params`, `params.map(k, k).sort()`,
	`[params, {"q": 1, "r": 2, "s": params}]`, `params.exists(k, params[k] == 3) ? params : {"a": 1, "b": 2}`,
	`{2: "b", true: "c", "k": "d", 1: "a", 3u: "e"}.map(k, string(k))`, `params.map(k, params[k] + 1)`,
	`params.all(k, int(params[k]) > 0)`, `sets.intersects(params.map(k, k), event.map(k, k))`,
	`params.map(k, type(params[k]) == map ? params[k].map(j, j) : [])`, `[params, params].distinct()`,
}

func TestEvaluatingTwiceGivesTheSameBytes(t *testing.T) {
	fields := rapid.MapOfN(rapid.StringN(1, 3, 9), values(2), 0, 9)
	rapid.Check(t, func(t *rapid.T) {
		source := rapid.SampledFrom(deterministic).Draw(t, "source")
		params, event := fields.Draw(t, "params"), fields.Draw(t, "event")
		p, problem := Compile(source, Params|EventRoot)
		if problem != nil {
			t.Fatal(source, problem.Message)
		}
		once := outcome(p, Vars{"params": params, "event": event})
		for range 3 {
			if again := outcome(p, Vars{"params": copied(params), "event": copied(event)}); again != once {
				t.Fatalf("%s: %s and then %s", source, once, again)
			}
		}
	})
}

func TestOtherMapsOfGoAreOrderedToo(t *testing.T) {
	ids := map[string]string{}
	for _, r := range "qwertyuiopasdfgh" {
		ids[string(r)] = "x"
	}
	number := int64(4)
	v := Vars{"params": map[string]any{"ids": ids, "list": []map[string]string{ids}, "named": ids, "p": &number, "none": (*int64)(nil)}}
	for source, want := range map[string]string{
		`params.ids.map(k, k).join()`:                   "adefghiopqrstuwy",
		`params.list.map(m, m.map(k, k).join()).join()`: "adefghiopqrstuwy",
		`params.p + 1`:         "5",
		`params.none == null`:  "true",
		`params.list[0].q`:     "x",
		`{"a": params.none}.a`: "null",
	} {
		value, err := mustCompile(t, source, Params).Eval(v)
		if got := text(value); err != nil || got != want {
			t.Errorf("%s: %s, want %s (%v)", source, got, want, err)
		}
	}
}

// outcome is the value as JSON, or the error.
func outcome(p *Program, v Vars) string {
	value, err := p.Eval(v)
	if err != nil {
		return "error: " + err.Error()
	}
	return string(appendJSON(nil, value))
}

// copied makes another map of the same entries, inserted in another order.
func copied(v map[string]any) map[string]any {
	c := make(map[string]any, 64)
	for k, x := range v {
		c[k] = x
	}
	return c
}

func FuzzCompile(f *testing.F) {
	for _, source := range append(deterministic, `tasks.my-task`, `a = b`, `"é`, "1 +\n\n", `x.y-z-1.map(`, `r'\'`, `// c`, `{`, "\x00", `date()`, `has(x)`, `[].map(a,b,c)`, `a.b.c{d: 1}`, "`x`", `..x`) {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		p, problem := Compile(source, everything)
		if problem != nil {
			inside(t, source, problem)
			return
		}
		for _, r := range p.Refs() {
			inside(t, source, &Problem{Line: r.Line, Col: r.Col, Message: "ref"})
		}
		if a, b := outcome(p, vars()), outcome(p, vars()); a != b {
			t.Errorf("%q: %s and then %s", source, a, b)
		}
	})
}

func FuzzTemplate(f *testing.F) {
	for _, source := range []string{`a ${{ params.n }} b`, `${{ "}}" }}`, `$${{`, `${{ {"a":{}}}}`, "${{\n'", `${{ r"\" }}`, "é\n${{ x }}", `$$${{ 1 }}`} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		tmpl, problem := ParseTemplate(source, everything)
		if problem != nil {
			inside(t, source, problem)
			return
		}
		for _, r := range tmpl.Refs() {
			inside(t, source, &Problem{Line: r.Line, Col: r.Col, Message: "ref"})
		}
		if s, static := tmpl.Static(); static && s != strings.ReplaceAll(source, "$${{", "${{") {
			t.Errorf("%q became %q", source, s)
		}
		tmpl.Text(vars())
	})
}

func inside(t *testing.T, source string, p *Problem) {
	t.Helper()
	if p.Message == "" {
		t.Errorf("%q: a problem without a message", source)
	}
	lines := strings.Split(source, "\n")
	if p.Line < 1 || p.Line > len(lines) {
		t.Fatalf("%q: %s is on line %d", source, p.Message, p.Line)
	}
	if p.Col < 1 || p.Col > utf8.RuneCountInString(lines[p.Line-1])+1 {
		t.Fatalf("%q: %s is at %d:%d", source, p.Message, p.Line, p.Col)
	}
}
