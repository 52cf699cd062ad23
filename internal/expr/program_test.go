package expr

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
)

const everything = Params | EventRoot | EventsRoot | RunRoot | Tasks | Env | Secrets | Item

// tree is an Object for tests; what it misses it explains.
type tree map[string]any

func (t tree) Field(name string) (any, bool) {
	v, ok := t[name]
	if !ok {
		return freshet.Errorf(freshet.NotFound, "the tree has no branch `%s`", name), false
	}
	return v, true
}

func (t tree) Names() []string {
	var names []string
	for _, n := range []string{"a", "b", "my-task"} {
		if _, ok := t[n]; ok {
			names = append(names, n)
		}
	}
	return names
}

func vars() Vars {
	return Vars{
		"params": map[string]any{"day": "2026-11-20", "n": int64(7), "f": 2.5, "list": []any{int64(3), int64(1), 2.0},
			"map": map[string]any{"z": int64(1), "a": int64(2), "m": int64(3)}, "no": nil, "yes": true},
		"event": map[string]any{"data": map[string]any{"x": 12.0, "s": "hé<b>"}, "key": "k"},
		"run":   map[string]any{"scheduled_at": time.Date(2026, 11, 20, 23, 30, 0, 0, time.UTC), "status": "failed"},
		"tasks": tree{"a": tree{"b": "deep"}, "my-task": map[string]any{"status": "success"}},
		"item":  "it", "index": int64(2),
	}
}

func mustCompile(t testing.TB, source string, roots Root) *Program {
	t.Helper()
	p, problem := Compile(source, roots)
	if problem != nil {
		t.Fatalf("compile %s: %d:%d %s (%s)", source, problem.Line, problem.Col, problem.Message, problem.Hint)
	}
	return p
}

func TestEval(t *testing.T) {
	list := func(v ...any) []any { return v }
	for _, c := range []struct {
		source string
		want   any
	}{
		{`1 + 2`, int64(3)},
		{`1 + 2.5`, 3.5},
		{`params.n + params.f`, 9.5},
		{`params.f * params.n`, 17.5},
		{`params.n / 2`, int64(3)},
		{`params.n / 2.0`, 3.5},
		{`params.n % 4`, int64(3)},
		{`event.data.x % 5`, 2.0},
		{`params.n - 8u`, int64(-1)},
		{`params.n + 1u`, int64(8)},
		{`2.0 + 1u`, 3.0},
		{`-params.n`, int64(-7)},
		{`event.data.x > 10 && params.n < 7.5`, true},
		{`event.data.x == 12`, true},
		{`dyn(12u) == 12`, true},
		{`params.no == null`, true},
		{`params.day != null`, true},
		{`'a' + "b"`, "ab"},
		{`params.day + "!"`, "2026-11-20!"},
		{`[1, 2] + [3]`, list(int64(1), int64(2), int64(3))},
		{`params.list + [9]`, list(int64(3), int64(1), 2.0, int64(9))},
		{`params.list.map(x, x * 2)`, list(int64(6), int64(2), 4.0)},
		{`params.list.filter(x, x > 1)`, list(int64(3), 2.0)},
		{`params.list.all(x, x > 0)`, true},
		{`params.list.exists(x, x == 2)`, true},
		{`params.map.map(k, k)`, list("a", "m", "z")},
		{`{"z": 1, "b": 2, "q": 3}.map(k, k)`, list("b", "q", "z")},
		{`{3: 1, 1: 2, 2: 3}.map(k, k)`, list(int64(1), int64(2), int64(3))},
		{`params.map`, map[string]any{"z": int64(1), "a": int64(2), "m": int64(3)}},
		{`{1: "x", true: "y"}`, map[string]any{"1": "x", "true": "y"}},
		{`{"a": {"b": [1, params.map]}}.a.b[1].z`, int64(1)},
		{`params.map == {"a": 2, "m": 3, "z": 1}`, true},
		{`{"a": 1} == params.map`, false},
		{`[params.map] == [params.map]`, true},
		{`has(params.n)`, true},
		{`has(params.nope)`, false},
		{`"n" in params`, true},
		{`"nope" in params`, false},
		{`size(params.map)`, int64(3)},
		{`tasks.a.b`, "deep"},
		{`tasks["my-task"].status`, "success"},
		{`has(tasks.c)`, false},
		{`has(tasks.a.b)`, true},
		{`"c" in tasks`, false},
		{`tasks.map(k, k)`, list("a", "my-task")},
		{`tasks.exists(k, tasks[k] == {"status": "success"})`, true},
		{`tasks`, map[string]any{"a": map[string]any{"b": "deep"}, "my-task": map[string]any{"status": "success"}}},
		{`b"hi"`, "aGk="},
		{`base64.encode(b"hi")`, "aGk="},
		{`timestamp("2026-11-20T23:30:00+02:00")`, "2026-11-20T21:30:00Z"},
		{`run.scheduled_at`, "2026-11-20T23:30:00Z"},
		{`run.scheduled_at + duration("1h")`, "2026-11-21T00:30:00Z"},
		{`run.scheduled_at.getHours()`, int64(23)},
		{`duration("90m")`, "1h30m0s"},
		{`date(run.scheduled_at)`, "2026-11-20"},
		{`date("2026-11-20T23:30:00Z")`, "2026-11-20"},
		{`"a,b".split(",")`, list("a", "b")},
		{`["a", "b"].join("-")`, "a-b"},
		{`"a-b".replace("-", "")`, "ab"},
		{`"%s is %d".format(["x", 3])`, "x is 3"},
		{`math.greatest(1, 2.5)`, 2.5},
		{`lists.range(3)`, list(int64(0), int64(1), int64(2))},
		{`[3, 1, 2].sort()`, list(int64(1), int64(2), int64(3))},
		{`sets.contains([1, 2], [2])`, true},
		{`sets.contains([2], [1, 2])`, false},
		{`sets.equivalent([1, 2], [2, 1, 1])`, true},
		{`sets.intersects([1, 2], [3])`, false},
		{`[1, 2].hasOnly([1, 2, 3]) && ![1, 4].hasOnly([1])`, true},
		{`[1, 2].hasAll([1]) && [1, 2].hasAny([2]) && [1, 2].hasExactly([2, 1])`, true},
		{`[3, 1, 3, 2, 1].distinct()`, list(int64(3), int64(1), int64(2))},
		{`params.yes ? "a" : "b"`, "a"},
		{`string(params.n)`, "7"},
		{`type(1)`, "int"},
		{`item + string(index)`, "it2"},
		{`[1].map(item, item + 1)`, list(int64(2))},
		{`[[1, 2], [3]].map(l, l.map(x, x + 1))`, list(list(int64(2), int64(3)), list(int64(4)))},
		{`"=" == "and"`, false},
	} {
		t.Run(c.source, func(t *testing.T) {
			got, err := mustCompile(t, c.source, everything).Eval(vars())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestDateIsInTheZoneOfTheEvaluation(t *testing.T) {
	p := mustCompile(t, `date(run.scheduled_at)`, RunRoot)
	v := vars()
	for zone, want := range map[*time.Location]string{
		time.FixedZone("east", 3600):  "2026-11-21",
		time.FixedZone("west", -3600): "2026-11-20",
	} {
		v[Zone] = zone
		if got, err := p.Eval(v); err != nil || got != want {
			t.Errorf("%v: got %v, %v", zone, got, err)
		}
	}
}

func TestEvalErrors(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{`params.nope`, "no such key: nope"},
		{`params.map["nope"]`, "no such key: nope"},
		{`tasks.c`, "the tree has no branch `c`"},
		{`tasks.a.c.d`, "the tree has no branch `c`"},
		{`env.HOME`, "`env` has no value here"},
		{`params.n + params.day`, "cannot add a number and a string"},
		{`params.n - "a"`, ""},
		{`params.n * params.yes`, "cannot multiply a number and true or false"},
		{`params.day > 3`, "an operator or function does not fit the types of its values"},
		{`params.n / 0`, "division by zero"},
		{`params.n % 0`, "modulus by zero"},
		{`params.f / 0`, "the number is not finite"},
		{`params.list[9]`, "index out of bounds: 9"},
		{`9223372036854775807 + params.n`, "integer overflow"},
		{`date(params.n)`, "date() needs a timestamp, not a number"},
		{`date(params.day)`, `date() needs a timestamp, "2026-11-20" is none`},
		{`18446744073709551615u`, "the number 18446744073709551615 is too large"},
		{`{1: 1, "1": 2}`, `the map has two keys that are "1" as text`},
	} {
		p, problem := Compile(c.source, everything)
		if problem != nil {
			if c.want != "" {
				t.Errorf("%s: does not compile: %s", c.source, problem.Message)
			}
			continue
		}
		v, err := p.Eval(vars())
		if err == nil {
			t.Errorf("%s: got %v, want an error", c.source, v)
			continue
		}
		if c.want != "" && err.Error() != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.source, err, c.want)
		}
		if e := (*freshet.Error)(nil); !errors.As(err, &e) {
			t.Errorf("%s: %T is no freshet.Error", c.source, err)
		}
	}
}

func TestErrorsKeepSecrets(t *testing.T) {
	const secret = "hunter2-very-long"
	v := vars()
	v["secrets"] = map[string]any{"S": secret}
	for _, source := range []string{
		`timestamp(secrets.S)`, `date(secrets.S)`, `params[secrets.S]`, `int(secrets.S)`, `tasks[secrets.S]`,
		`duration(secrets.S)`, `"x".matches(secrets.S + "(")`, `{"a": 1}[secrets.S]`, `params.n + secrets.S`,
	} {
		_, err := mustCompile(t, source, everything).Eval(v)
		if err == nil {
			t.Errorf("%s: no error", source)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: tells the secret: %s", source, err)
		}
	}
	_, err := mustCompile(t, `secrets.NONE`, everything).Eval(v)
	if err == nil || err.Error() != "no such key: NONE" {
		t.Errorf("a missing secret: %v", err)
	}
}

func TestLimits(t *testing.T) {
	steps, large := "the expression took too many steps", errTooLarge.Message
	v := vars()
	v["params"] = map[string]any{"big": strings.Repeat("x", 200_000), "list": make([]any, 2000)}
	double := strings.Repeat(".map(a, [a, a])", 40)
	for name, c := range map[string]struct{ source, want string }{
		"nested loops":      {`params.list.all(a, params.list.all(b, params.list.all(c, a == null)))`, steps},
		"doubled lists":     {`[1]` + double + ` == []`, large},
		"reversed doubling": {`[1]` + strings.Repeat(".map(a, [a, a].reverse())", 40), large},
		"doubled strings":   {`["x"]` + strings.Repeat(".map(a, a + a)", 40), steps},
		"replace":           {`params.big.replace("x", params.big)`, large},
		"replace nothing":   {`params.big.replace("", params.big)`, large},
		"join":              {`params.list.map(x, "").join(params.big)`, large},
		"distinct":          {`params.list.distinct()`, steps},
		"sets":              {`sets.contains(params.list, params.list)`, steps},
		"range":             {`lists.range(1000000000)`, ""},
		"many big":          {`params.list.map(x, params.big)`, large},
	} {
		p := mustCompile(t, c.source, everything)
		_, err := p.Eval(v)
		if err == nil || c.want != "" && err.Error() != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBoundedCallsAreAsCELs(t *testing.T) {
	for source, want := range map[string]any{
		`"aaa".replace("a", "b", 2)`: "bba", `"aaa".replace("a", "b", 0)`: "aaa", `"aaa".replace("a", "b", -1)`: "bbb",
		`"ab".replace("", "-")`: "-a-b-", `[].join("x")`: "", `["a", "b"].join()`: "ab", `"é".replace("é", "e")`: "e",
		`"a"` + strings.Repeat(`.replace("b", "c")`, 40): "a",
	} {
		if got, err := mustCompile(t, source, 0).Eval(nil); err != nil || got != want {
			t.Errorf("%s: %v %v", source, got, err)
		}
	}
	for _, source := range []string{`[1, 2].map(x, dyn(x)).join("-")`, `dyn(1).replace("a", "b")`} {
		if got, err := mustCompile(t, source, 0).Eval(nil); err == nil {
			t.Errorf("%s: %v", source, got)
		}
	}
}

func TestBoolAndNumber(t *testing.T) {
	v := vars()
	if ok, err := mustCompile(t, `params.yes`, Params).Bool(v); err != nil || !ok {
		t.Error(ok, err)
	}
	for source, want := range map[string]string{
		`params.day`: "must be true or false, is a string", `params.n`: "must be true or false, is a number",
		`params.no`: "must be true or false, is null", `params.list`: "must be true or false, is a list",
	} {
		if _, err := mustCompile(t, source, Params).Bool(v); err == nil || err.Error() != want {
			t.Errorf("%s: %v", source, err)
		}
	}
	for source, want := range map[string]float64{`params.n`: 7, `params.f`: 2.5, `3u`: 3} {
		if n, err := mustCompile(t, source, Params).Number(v); err != nil || n != want {
			t.Errorf("%s: %v %v", source, n, err)
		}
	}
	v["params"] = map[string]any{"inf": math.Inf(1), "s": "x"}
	for source, want := range map[string]string{`params.inf`: "must be a finite number", `params.s`: "must be a number, is a string"} {
		if _, err := mustCompile(t, source, Params).Number(v); err == nil || err.Error() != want {
			t.Errorf("%s: %v", source, err)
		}
	}
}

func TestType(t *testing.T) {
	for source, want := range map[string]string{
		`"a"`: "string", `1`: "int", `1u`: "uint", `1.5`: "double", `1 + 1.5`: "double", `true`: "bool", `null`: "null",
		`[1]`: "list", `{"a": 1}`: "map", `params.x`: "dyn", `params.x > 3`: "bool", `params.x + 1`: "dyn", `b"a"`: "bytes",
		`date(params.x)`: "string", `timestamp(params.x)`: "timestamp", `duration("1s")`: "duration", `type(1)`: "type",
		`params.l.map(x, x)`: "list", `has(params.x)`: "bool",
	} {
		if got := mustCompile(t, source, Params).Type(); got != want {
			t.Errorf("%s: %s, want %s", source, got, want)
		}
	}
}

func TestLazyValuesAreAskedOnceAndOnlyIfLookedAt(t *testing.T) {
	asked := 0
	v := Vars{"params": map[string]any{"x": int64(1)}, "event": func() any {
		asked++
		return map[string]any{"a": int64(1)}
	}}
	for source, want := range map[string]int{`params.x == 1 || event.a == 1`: 0, `event.a + event.a`: 1, `[1, 2].map(x, event.a + x)`: 1} {
		asked = 0
		if _, err := mustCompile(t, source, everything).Eval(v); err != nil || asked != want {
			t.Errorf("%s: asked %d times, want %d (%v)", source, asked, want, err)
		}
	}
	asked = 0
	tmpl, _ := ParseTemplate(`${{ event.a }} ${{ event.a }}`, everything)
	if _, err := tmpl.Text(v); err != nil || asked != 1 {
		t.Errorf("template: asked %d times (%v)", asked, err)
	}
}

func TestPanicsOfValuesAreErrors(t *testing.T) {
	v := Vars{"params": func() any { panic("broken") }, "tasks": broken{}}
	for _, source := range []string{`params.x`, `tasks.x`, `tasks`, `[tasks]`} {
		if _, err := mustCompile(t, source, everything).Eval(v); err == nil {
			t.Errorf("%s: no error", source)
		}
	}
}

type broken struct{}

func (broken) Field(string) (any, bool) { panic("broken") }
func (broken) Names() []string          { panic("broken") }
