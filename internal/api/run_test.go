package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/machine"
)

const two = `
name: two
tasks:
  first: {bash: "echo 1"}
  second: {after: first, bash: "echo 2"}
`

func TestRun(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.upload(two)
	run := w.run("two")
	if run.ID != 1 || run.Status != freshet.Running || run.Workflow != "two" || run.Type != freshet.Manual {
		t.Errorf("started: %+v", run)
	}
	if got, want := rows(w, run.ID), []string{"first 1 queued", "second 0 waiting"}; !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	s := w.next()
	w.report(s, machine.Started, 0)
	w.report(s, machine.Ended, 3)
	run, err := w.client.WaitRun(ctx, run.ID)
	if err != nil || run.Status != freshet.Failed || run.Code != freshet.CodeExit {
		t.Errorf("ended: %+v %v", run, err)
	}
	if got, want := rows(w, run.ID), []string{"first 1 failed", "second 0 skipped upstream"}; !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	if list, err := w.client.Tasks(ctx, run.ID, 1); err != nil || len(list) != 1 || list[0].Task != "first" {
		t.Errorf("at most one task: %+v %v", list, err)
	}
	tries, err := w.client.Task(ctx, run.ID, "first")
	if err != nil || len(tries) != 1 || *tries[0].ExitCode != 3 {
		t.Errorf("tries: %+v %v", tries, err)
	}
	if _, err := w.client.StopRun(ctx, run.ID); freshet.CodeOf(err) != freshet.Conflict {
		t.Errorf("stop of a run that has ended: %v", err)
	}
	if _, err := w.client.Run(ctx, 99); freshet.CodeOf(err) != freshet.NotFound {
		t.Errorf("unknown run: %v", err)
	}
}

// rows are the tasks of a run, in a line each.
func rows(w *world, run int64) []string {
	w.t.Helper()
	list, err := w.client.Tasks(w.t.Context(), run, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	var lines []string
	for _, x := range list {
		line := x.Task + " " + string(rune('0'+x.Seq)) + " " + string(x.Status)
		if x.Status == freshet.Skipped {
			line += " " + string(x.Code)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestRunPages(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.upload(two)
	for range 5 {
		w.run("two")
	}
	var got []int64
	f := client.RunQuery{Limit: 2}
	for pages := 1; ; pages++ {
		page, err := w.client.Runs(ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Items {
			got = append(got, r.ID)
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
	}
	if want := []int64{5, 4, 3, 2, 1}; !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	if _, err := w.client.Runs(ctx, client.RunQuery{Cursor: "x"}); freshet.CodeOf(err) != freshet.Invalid {
		t.Errorf("bad cursor: %v", err)
	}
	if _, err := w.client.Runs(ctx, client.RunQuery{Status: []freshet.Status{"odd"}}); freshet.CodeOf(err) != freshet.Invalid {
		t.Errorf("bad status: %v", err)
	}
	stopped, err := w.client.StopAll(ctx, "default", "two")
	if err != nil || len(stopped) != 5 {
		t.Errorf("stopped %v %v", stopped, err)
	}
	page, err := w.client.Runs(ctx, client.RunQuery{Workflow: "two", Status: []freshet.Status{freshet.Running, freshet.Queued}})
	if err != nil || len(page.Items) != 0 {
		t.Errorf("still running: %+v %v", page, err)
	}
}

func TestStartIsIdempotent(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.upload(two)
	a, err := w.client.StartRun(ctx, "default", "two", "k", freshet.RunRequest{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := w.client.StartRun(ctx, "default", "two", "k", freshet.RunRequest{})
	if err != nil || a.ID != b.ID {
		t.Errorf("the same key started runs %d and %d: %v", a.ID, b.ID, err)
	}
}

// A key is of one start: with other parameters, or of another workflow, it is
// refused, as an event's id is with another value.
func TestKeyOfAnotherStart(t *testing.T) {
	w := newWorld(t)
	const typed = "name: typed\nparameters: {n: {type: integer, default: 1}, x: {type: number, default: %d}, l: {type: array, default: [1]}}\ntasks: {a: {expr: {n: params.n}}}\n"
	w.upload(two)
	w.upload(fmt.Sprintf(typed, 1))
	start := func(name string, r freshet.RunRequest) (int64, error) {
		run, err := w.client.StartRun(t.Context(), "default", name, "k", r)
		return run.ID, err
	}
	three := freshet.RunRequest{Parameters: map[string]any{"n": 3}}
	first, err := start("typed", three)
	if err != nil {
		t.Fatal(err)
	}
	again := func(what string, r freshet.RunRequest) {
		t.Helper()
		if id, err := start("typed", r); err != nil || id != first {
			t.Errorf("%s: run %d, %v", what, id, err)
		}
	}
	again("the same", three)
	again("the same in other words", freshet.RunRequest{Texts: map[string]string{"n": "3", "x": "1.0"}})
	for what, c := range map[string]struct {
		name string
		r    freshet.RunRequest
	}{
		"another value":    {"typed", freshet.RunRequest{Parameters: map[string]any{"n": 4}}},
		"a default":        {"typed", freshet.RunRequest{}},
		"another workflow": {"two", freshet.RunRequest{}},
	} {
		if id, err := start(c.name, c.r); freshet.CodeOf(err) != freshet.Conflict || !strings.Contains(err.Error(), fmt.Sprintf("for run %d", first)) {
			t.Errorf("%s: run %d, %v", what, id, err)
		}
	}
	w.upload(fmt.Sprintf(typed, 2))
	again("with another default", three)
	if id, err := start("typed", freshet.RunRequest{Parameters: map[string]any{"n": 4}}); freshet.CodeOf(err) != freshet.Conflict {
		t.Errorf("another value of another version: run %d, %v", id, err)
	}
}

func TestTaskCommands(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.upload(two)
	run := w.run("two")
	s := w.next()
	w.report(s, machine.Started, 0)
	r, err := w.client.StopTask(ctx, run.ID, "first")
	if err != nil || r.Seq != 1 || r.Task != "first" {
		t.Errorf("stop: %+v %v", r, err)
	}
	if got := rows(w, run.ID)[0]; got != "first 1 stopping" {
		t.Error(got)
	}
	if _, err := w.client.StartTask(ctx, run.ID, "nothing"); freshet.CodeOf(err) != freshet.NotFound {
		t.Errorf("unknown task: %v", err)
	}
}

// TestParameters: whole numbers stay whole, also those that a float64 would
// round.
func TestParameters(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.upload("name: p\nparameters: {n: {type: integer}, x: {type: number, default: 1}}\ntasks:\n  a: {expr: {n: params.n}}\n")
	run, err := w.client.StartRun(ctx, "default", "p", "", freshet.RunRequest{Parameters: map[string]any{"n": int64(9007199254740993)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.WaitRun(ctx, run.ID); err != nil {
		t.Fatal(err)
	}
	list, err := w.client.Tasks(ctx, run.ID, 0)
	if err != nil || fmt.Sprintf("%v %v", run.Parameters["n"], list[0].Outputs["n"]) != "9007199254740993 9007199254740993" {
		t.Errorf("%v %+v %v", run.Parameters, list, err)
	}
	if run, err = w.client.StartRun(ctx, "default", "p", "", freshet.RunRequest{Texts: map[string]string{"n": "7"}}); err != nil || fmt.Sprint(run.Parameters["n"]) != "7" {
		t.Errorf("%+v %v", run, err)
	}
	for _, bad := range []string{`[]`, `{"params": {}}`, `{"parameters": 1}`, `{`, `{} {}`} {
		refused(t, w.call("POST", "/api/v1/namespaces/default/workflows/p/runs", body(bad)), freshet.Invalid, 422, "does not start a run")
	}
}

// TestBodiesAreExact: what a decoder would make another text or another number
// of is refused.
func TestBodiesAreExact(t *testing.T) {
	w := newWorld(t)
	w.upload("name: p\nparameters: {s: {type: string, default: x}, l: {type: array, items: {type: integer}, default: []}}\ntasks:\n  a: {expr: {n: params.s}}\n")
	for _, c := range []struct{ method, path, body, words string }{
		{"POST", "/namespaces/default/workflows/p/runs", "{\"parameters\": {\"s\": \"\xff\"}}", "not valid UTF-8"},
		{"POST", "/namespaces/default/triggers", "{\"workflow\": \"p\", \"event\": \"k\", \"with\": {\"s\": \"\xff\"}}", "not valid UTF-8"},
		{"POST", "/namespaces", "{\"name\": \"n\", \"properties\": {\"s\": \"\xff\"}}", "not valid UTF-8"},
		{"PATCH", "/namespaces/default", "{\"properties\": {\"\xff\": 1}}", "not valid UTF-8"},
		{"POST", "/namespaces/default/workflows/p/runs", `{"parameters": {"l": [99999999999999999999]}}`, "cannot be kept exactly"},
		{"POST", "/namespaces/default/workflows/p/runs", `{"parameter_texts": {"l": "[1, 99999999999999999999]"}}`, "cannot be kept exactly"},
		{"POST", "/namespaces", `{"name": "n", "properties": {"n": {"of": [99999999999999999999]}}}`, "cannot be kept exactly"},
	} {
		refused(t, w.call(c.method, "/api/v1"+c.path, body(c.body)), freshet.Invalid, 422, c.words)
	}
}

// TestRunTells proves that a run says what its workflow's labels are, and what
// it waits for while it is queued.
func TestRunTells(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.upload("name: one\nlabels: {team: data}\nconcurrency: 1\ntasks:\n  a: {bash: echo}\n")
	first := w.run("one")
	if second := w.run("one"); second.WaitingFor != "run 1" {
		t.Errorf("the answer to its start: %+v", second)
	}
	w.run("one")
	look := func(waiting ...string) {
		t.Helper()
		page, err := w.client.Runs(ctx, client.RunQuery{})
		if err != nil || len(page.Items) != len(waiting) {
			t.Fatalf("%+v %v", page, err)
		}
		for i, want := range waiting {
			r, err := w.client.Run(ctx, int64(i+1))
			if listed := page.Items[len(waiting)-i-1]; err != nil || !cmp.Equal(r, listed) {
				t.Errorf("%v\n%s", err, cmp.Diff(r, listed))
			}
			if r.WaitingFor != want || r.Labels["team"] != "data" {
				t.Errorf("run %d waits for %q with labels %v; want %q", r.ID, r.WaitingFor, r.Labels, want)
			}
		}
	}
	look("", "run 1", "run 1")
	s := w.next()
	w.report(s, machine.Started, 0)
	w.report(s, machine.Ended, 0)
	if _, err := w.client.WaitRun(ctx, first.ID); err != nil {
		t.Fatal(err)
	}
	w.next() // the second has its place
	look("", "", "run 2")
}

// TestRunTellsItsKey proves that a run that has its place by a key says so, and
// which run of its key it waits for.
func TestRunTellsItsKey(t *testing.T) {
	w := newWorld(t)
	w.upload("name: w\nconcurrency: {limit: 1, key: string(run.id % 2)}\ntasks:\n  a: {bash: echo}\n")
	for i, want := range []string{"", "", `run 1 (key "1")`, `run 2 (key "0")`} {
		r := w.run("w")
		if got, err := w.client.Run(t.Context(), r.ID); err != nil || got.WaitingFor != want || got.ConcurrencyKey != fmt.Sprint((i+1)%2) {
			t.Errorf("%v: run %d has the key %q and waits for %q", err, r.ID, got.ConcurrencyKey, got.WaitingFor)
		}
	}
}
