package expr

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestProblems(t *testing.T) {
	only := "here you can use params, event"
	for _, c := range []struct {
		source string
		want   Problem
	}{
		{``, Problem{1, 1, "the expression is empty", ""}},
		{`tasks.a.status == "x"`, Problem{1, 1, "`tasks` cannot be used here", only}},
		{`params.x == 1 && run.id == 1`, Problem{1, 18, "`run` cannot be used here", only}},
		{"params.x ==\n  1 && secrets.A == ''", Problem{2, 8, "`secrets` cannot be used here: what the engine computes is kept and shown",
			"secrets are for what a process is given: `env`, `with`, `command`, `http`, `working_dir`"}},
		{`parms.x`, Problem{1, 1, "`parms` is not known", "did you mean `params`?"}},
		{`rows > 3`, Problem{1, 1, "`rows` is not known", only + "; a text stands in quotes"}},
		{`params.my-task`, Problem{1, 1, "`params.my-task` is a subtraction", `a name with a dash is written params["my-task"]`}},
		{`event.data.a-b.c > 1`, Problem{1, 1, "`event.data.a-b` is a subtraction", `a name with a dash is written event.data["a-b"]`}},
		{`true && params.my-long-name.x`, Problem{1, 9, "`params.my-long-name` is a subtraction", `a name with a dash is written params["my-long-name"]`}},
		{`params.x = 3`, Problem{1, 10, "`=` does not compare", "write == to compare"}},
		{`true and false`, Problem{1, 6, "`and` is not known", "write && for and"}},
		{`"é" == "=" or false`, Problem{1, 12, "`or` is not known", "write || for or"}},
		{`not true`, Problem{1, 1, "`not` is not known", "write ! for not"}},
		{`"abc`, Problem{1, 1, "the string that begins here is not closed", ""}},
		{`1 +`, Problem{1, 4, "the expression ends too early", ""}},
		{`1 + "a"`, Problem{1, 3, "`+` cannot be applied to int and string", "convert with string(x), int(x) or double(x)"}},
		{`1 == "a"`, Problem{1, 3, "`==` cannot compare int and string", "convert one side: string(x), int(x), double(x)"}},
		{`now()`, Problem{1, 4, "there is no function `now`", "the same input must give the same value; run.started_at and event.time are times"}},
		{`sise(params.x)`, Problem{1, 5, "there is no function `sise`", "did you mean `size`?"}},
		{`params.in`, Problem{1, 8, "", ""}},
	} {
		t.Run(c.source, func(t *testing.T) {
			_, got := Compile(c.source, Params|EventRoot)
			if got == nil {
				t.Fatal("compiles")
			}
			if c.want.Message == "" { // the wording is CEL's
				c.want.Line, c.want.Col, c.want.Message, c.want.Hint = got.Line, got.Col, got.Message, got.Hint
			}
			if d := cmp.Diff(c.want, *got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestDashAfterATask(t *testing.T) {
	for source, hint := range map[string]string{
		`tasks.my-task.outputs.rows > 1`: `a name with a dash is written tasks["my-task"]`,
		`tasks.step-2.status == "x"`:     "",
		`tasks.step-2`:                   `a name with a dash is written tasks["step-2"]`,
	} {
		_, problem := Compile(source, Tasks)
		if problem == nil || hint != "" && problem.Hint != hint {
			t.Errorf("%s: %+v", source, problem)
		}
	}
	for _, source := range []string{`params.a - params.b`, `params.list.map(x, params.a-x)`, `params.a - 2`, `tasks.a.outputs.n - 1`, `tasks["my-task"].status`} {
		mustCompile(t, source, Params|Tasks)
	}
}

func TestRefs(t *testing.T) {
	for _, c := range []struct {
		source string
		want   []Ref
	}{
		{`1 + 2`, nil},
		{`tasks["my-task"].outputs.x`, []Ref{{Path: []string{"tasks", "my-task", "outputs", "x"}, Line: 1, Col: 1}}},
		{`has(tasks.a.outputs.x)`, []Ref{{Path: []string{"tasks", "a", "outputs", "x"}, Line: 1, Col: 5, Has: true}}},
		{`event.data.list[0].x`, []Ref{{Path: []string{"event", "data", "list"}, Line: 1, Col: 1}}},
		{`tasks[item].status`, []Ref{{Path: []string{"tasks"}, Line: 1, Col: 1}, {Path: []string{"item"}, Line: 1, Col: 7}}},
		{`params.l.map(item, item.x + index)`, []Ref{{Path: []string{"params", "l"}, Line: 1, Col: 1}, {Path: []string{"index"}, Line: 1, Col: 29}}},
		{`params.l.all(tasks, tasks.x) && tasks.y`, []Ref{{Path: []string{"params", "l"}, Line: 1, Col: 1}, {Path: []string{"tasks", "y"}, Line: 1, Col: 33}}},
		{"1 < 2 &&\n  date(run.scheduled_at) == params.day", []Ref{
			{Path: []string{"run", "scheduled_at"}, Line: 2, Col: 8}, {Path: []string{"params", "day"}, Line: 2, Col: 29}}},
		{`{"a": env.A, params.k: [run.id]}`, []Ref{{Path: []string{"env", "A"}, Line: 1, Col: 7},
			{Path: []string{"params", "k"}, Line: 1, Col: 14}, {Path: []string{"run", "id"}, Line: 1, Col: 25}}},
		{`lists.range(params.n).size() + math.abs(index)`, []Ref{{Path: []string{"params", "n"}, Line: 1, Col: 13}, {Path: []string{"index"}, Line: 1, Col: 41}}},
		{`params.s.split(",")`, []Ref{{Path: []string{"params", "s"}, Line: 1, Col: 1}}},
		{`type(params.x) == string`, []Ref{{Path: []string{"params", "x"}, Line: 1, Col: 6}}},
		{`"é" + env["é"]`, []Ref{{Path: []string{"env", "é"}, Line: 1, Col: 7}}},
	} {
		t.Run(c.source, func(t *testing.T) {
			if d := cmp.Diff(c.want, mustCompile(t, c.source, everything).Refs()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestIsKeyword(t *testing.T) {
	for _, name := range []string{"in", "true", "null", "package"} {
		if !IsKeyword(name) {
			t.Error(name)
		}
	}
	for _, name := range []string{"tasks", "train", "True", ""} {
		if IsKeyword(name) {
			t.Error(name)
		}
	}
}
