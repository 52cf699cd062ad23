package spec

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/expr"
	"github.com/freshet/freshet/internal/tick"
)

// sameTree compares workflows by what was written. Lines are places in a file,
// of which a document may be the second.
var sameTree = cmp.Options{
	cmpopts.IgnoreUnexported(Workflow{}, Parameter{}),
	cmpopts.IgnoreFields(Rule{}, "Line"),
	cmpopts.IgnoreFields(Condition{}, "Line"),
	cmp.Comparer(func(a, b *expr.Program) bool {
		return a == nil && b == nil || a != nil && b != nil && a.Source() == b.Source()
	}),
	cmp.Comparer(func(a, b *expr.Template) bool {
		return a == nil && b == nil || a != nil && b != nil && a.Source() == b.Source()
	}),
	cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() }),
	cmp.Comparer(func(a, b *tick.Schedule) bool {
		return a == nil && b == nil || a != nil && b != nil && a.String() == b.String() && a.Zone().String() == b.Zone().String()
	}),
}

// must1 parses a file that has one workflow and no errors.
func must1(t *testing.T, source string) *Workflow {
	t.Helper()
	ws, ds := Parse("test.yaml", []byte(source))
	if ds.HasErrors() || len(ws) != 1 {
		t.Fatalf("%d workflows\n%s", len(ws), ds)
	}
	return ws[0]
}

func TestGoodFiles(t *testing.T) {
	for _, file := range glob(t, "testdata/good/*.yaml") {
		t.Run(file, func(t *testing.T) {
			source := read(t, file)
			ws, ds := Parse(file, source)
			if len(ds) > 0 {
				t.Errorf("diagnostics of a good file:\n%s", ds)
			}
			for _, w := range ws {
				again := must1(t, string(w.Source))
				if diff := cmp.Diff(w, again, sameTree); diff != "" {
					t.Errorf("another tree from its Source:\n%s", diff)
				}
			}
			crlf := bytes.ReplaceAll(source, []byte("\n"), []byte("\r\n"))
			same, ds := Parse(file, append([]byte("\ufeff"), crlf...))
			if diff := cmp.Diff(ws, same, sameTree, cmpopts.IgnoreFields(Workflow{}, "Source")); diff != "" || len(ds) > 0 {
				t.Errorf("CRLF and BOM make a difference:\n%s%s", ds, diff)
			}
		})
	}
}

// The tree of a file with every sort of rule, as the machine sees it.
func TestRules(t *testing.T) {
	w := must1(t, `
name: rules
stop: {event: enough}
tasks:
  a: {bash: x}
  b: {bash: x, after: a}
  c:
    bash: x
    after: {a: failed, b: ended}
    start:
      - {event: go, busy: {queue: 7}}
      - {status: {a: [stopped, skipped]}, busy: latest}
    restart: {any: [{event: again}, {all: [{event: x}, {event: go}]}]}
    stop: {count: {event: no, reaches: 3}}
  d: {bash: x, after: [a, b], start: {event: go, busy: queue}}
`)
	var got []string
	for i, r := range w.Rules {
		if r.ID != i {
			t.Errorf("rule %d has the id %d", i, r.ID)
		}
		task := "workflow"
		if r.Task != NoTask {
			task = w.Tasks[r.Task].Name
		}
		got = append(got, fmt.Sprintf("%s %s %s %d states=%v: %s", task, r.Action, r.Busy, r.BusyLimit, r.StatesOnly, show(w, r.When)))
		for j, c := range r.Nodes {
			if c.Node != j {
				t.Errorf("rule %d: condition %d has the number %d", i, j, c.Node)
			}
		}
	}
	want := []string{
		"b start ignore 0 states=true: 0:after(a=success)",
		"c start queue 7 states=false: 0:all(1:event(go)*,2:status(a=failed,b=success|failed|stopped|skipped)*)",
		"c start latest 0 states=true: 0:all(1:status(a=stopped|skipped)*,2:status(a=failed,b=success|failed|stopped|skipped)*)",
		"c stop  0 states=false: 0:count(no)",
		"c restart  0 states=false: 0:any(1:event(again),2:all(3:event(x)*,4:event(go)*))",
		"d start queue 1000 states=false: 0:all(1:event(go)*,2:after(a=success,b=success)*)",
		"workflow stop  0 states=false: 0:event(enough)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	if w.Stop != w.Rules[6] {
		t.Error("the workflow's stop is not the last rule")
	}
	for name, want := range map[string][3]bool{"a": {true, false, false}, "b": {false, false, true}, "c": {false, true, true}, "d": {false, true, true}} {
		task, _ := w.Task(name)
		if got := [3]bool{task.WithRun, task.HasStart, task.After != nil}; got != want {
			t.Errorf("task %s: with the run, has start, has after = %v, want %v", name, got, want)
		}
	}
	var listeners []string
	for _, l := range w.Listeners("go") {
		for _, rn := range l.Rules {
			listeners = append(listeners, fmt.Sprintf("%s:%d:%d", w.Tasks[l.Task].Name, rn.Rule.ID, rn.Nodes[0].Node))
		}
	}
	if diff := cmp.Diff([]string{"c:1:1", "c:4:4", "d:5:1"}, listeners); diff != "" {
		t.Errorf("listeners of go (-want +got):\n%s", diff)
	}
}

// show writes a condition on one line; * is inside an `all`.
func show(w *Workflow, c *Condition) string {
	var parts []string
	for _, want := range c.Wants {
		var statuses []string
		for _, s := range want.Statuses {
			statuses = append(statuses, string(s))
		}
		parts = append(parts, w.Tasks[want.Task].Name+"="+strings.Join(statuses, "|"))
	}
	for _, p := range c.Parts {
		parts = append(parts, show(w, p))
	}
	s := fmt.Sprintf("%d:%s(%s%s)", c.Node, c.Kind, c.Key, strings.Join(parts, ","))
	if c.InAll {
		s += "*"
	}
	return s
}

func TestDefaults(t *testing.T) {
	w := must1(t, `
name: x
tasks: {a: {bash: x}}
`)
	a := w.Tasks[0]
	if diff := cmp.Diff(defaultRetries, a.Retries); diff != "" {
		t.Errorf("retries:\n%s", diff)
	}
	if a.StopGrace != 10*time.Second || a.Timeout != 0 || a.Executor != "local" || w.Ends != Settled || w.Timezone != time.UTC || w.Concurrency != nil {
		t.Errorf("defaults of the format: %+v %+v", a, w)
	}

	w = must1(t, `
name: x
concurrency: 3
defaults: {retries: {limit: 5, delay: 2h}, timeout: 1h30m, stop_grace: 1m, allow_failure: true}
tasks:
  a: {bash: x}
  b: {bash: x, timeout: none, retries: 1, allow_failure: false}
  c: {bash: x, long_running: true}
  d: {bash: x, long_running: true, timeout: 7d}
`)
	timeouts := []time.Duration{90 * time.Minute, 0, 0, 7 * 24 * time.Hour}
	for i, task := range w.Tasks {
		if task.Timeout != timeouts[i] {
			t.Errorf("time-out of %s: %s, want %s", task.Name, task.Timeout, timeouts[i])
		}
	}
	long := defaultRetries
	long.Limit, long.Delay, long.MaxDelay = 5, 2*time.Hour, 2*time.Hour
	once := defaultRetries
	once.Limit = 1
	if diff := cmp.Diff([]Retries{long, once}, []Retries{w.Tasks[0].Retries, w.Tasks[1].Retries}); diff != "" {
		t.Errorf("retries:\n%s", diff)
	}
	if !w.Tasks[0].AllowFailure || w.Tasks[1].AllowFailure {
		t.Error("allow_failure of defaults")
	}
	if diff := cmp.Diff(&Concurrency{Limit: 3, Overlap: QueueRuns, Queue: 100}, w.Concurrency); diff != "" {
		t.Errorf("concurrency:\n%s", diff)
	}
}

// What is no text at all is one problem, with its place.
func TestUnreadable(t *testing.T) {
	for name, test := range map[string]struct{ source, want string }{
		"empty":    {"", "f:1:1: error: there is no workflow in this file [empty]\n  hint: a small one: {name: hello, tasks: {greet: {bash: echo hello}}}"},
		"comments": {"# a\n---\n...\n", "f:1:1: error: there is no workflow in this file [empty]\n  hint: a small one: {name: hello, tasks: {greet: {bash: echo hello}}}"},
		"latin 1":  {"name: x\r\nb: caf\xe9\n", "f:2:7: error: byte 0xe9 is no UTF-8 [encoding]\n  hint: save the file as UTF-8"},
		"UTF-16":   {"\xff\xfen\x00", "f:1:1: error: the file is UTF-16, not UTF-8 [encoding]\n  hint: save the file as UTF-8"},
		"NUL":      {"name: \x00", "f:1:7: error: character U+0000 is not allowed in YAML [encoding]\n  hint: in double quotes it can be written as an escape"},
		"large": {strings.Repeat("#", freshet.MaxWorkflowBytes+1),
			"f:1:1: error: a workflow file has at most 1048576 bytes, this one has more [too-large]\n  hint: programs and data belong into `files`"},
	} {
		t.Run(name, func(t *testing.T) {
			ws, ds := Parse("f", []byte(test.source))
			if diff := cmp.Diff(test.want+"\n", ds.String()); diff != "" || len(ws) > 0 {
				t.Errorf("%d workflows, diagnostics (-want +got):\n%s", len(ws), diff)
			}
		})
	}
}

// An error in one document does not hide the others.
func TestDocumentsStandAlone(t *testing.T) {
	ws, ds := Parse("f", []byte("name: a\ntasks: {a: {bash: x}}\n---\nname: [\n---\nname: c\ntasks: {a: {bash: x}}\nfoo: 1\n--- {name: d, tasks: {a: {bash: x}}}\n"))
	if len(ws) != 2 || ws[0].Name != "a" || ws[1].Name != "d" {
		t.Errorf("workflows: %v", ws)
	}
	if len(ds) != 2 || ds[0].Code != CodeYAML || ds[1].Code != CodeUnknownKey || ds[1].Line != 8 {
		t.Errorf("diagnostics:\n%s", ds)
	}
	if got := string(ws[0].Source); got != "name: a\ntasks: {a: {bash: x}}\n" {
		t.Errorf("source: %q", got)
	}
	if code := freshet.CodeOf(ds.Err()); code != freshet.Invalid {
		t.Errorf("code of the error: %s", code)
	}
}
