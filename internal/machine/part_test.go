package machine

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/freshet/freshet"
)

// fanOut is a workflow in which a task, an event and the run's start each
// have n tasks that depend on them.
func fanOut(n int) string {
	var b strings.Builder
	b.WriteString("tasks:\n  first: {bash: \"true\"}\n")
	for i := range n {
		fmt.Fprintf(&b, "  after%d: {bash: \"true\", after: first}\n", i)
		fmt.Fprintf(&b, "  on%d: {bash: \"true\", start: {event: e, busy: ignore}}\n", i)
	}
	fmt.Fprintf(&b, "  last: {bash: \"true\", after: [after0, on%d]}\n", n-1)
	return b.String()
}

// A step for 2,000 dependents comes in parts, so that no decision is long.
func TestParts(t *testing.T) {
	const n = 2000
	w := newWorld(t, parse(t, fanOut(n)))
	w.t = t
	line := func(s string) {
		t.Helper()
		if err := w.line(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	line("start")
	line("exit first")
	if len(w.parts) < 4 || len(w.parts) > 10 {
		t.Errorf("the end of a task with %d dependents is decided in %d parts", n, len(w.parts))
	}
	for i, d := range w.parts {
		if rows := len(d.Executions); rows > usual.rows+1 {
			t.Errorf("part %d touches %d executions", i, rows)
		}
	}
	line("after1999: queued #1")
	line("on1999: waiting")
	line("event e")
	if len(w.parts) < 4 {
		t.Errorf("an event with %d listeners is decided in %d parts", n, len(w.parts))
	}
	line("on1999: queued #1")
	line("stop run")
	line("run: stopped stopped_by_person")
}

// However a step is cut, the state in the end is the same.
func TestPartsDoNotMatter(t *testing.T) {
	source := fanOut(15) + `  x: {expr: {n: "1"}}
  y: {expr: {n: "2"}, after: x}
  z: {expr: {n: "3"}, after: [x, y], emit: {key: e}}
  r: {bash: "true", restart: {event: e}}
  skipped: {bash: "true", if: "false"}
  skipped2: {bash: "true", after: skipped}
`
	script := []string{"start", "run r", "event e", "exit first", "exit after0", "exit on14", "exit r", "event e", "run last", "stop run"}
	flow := parse(t, source)
	var want *world
	for _, limit := range []int{usual.rows, 100, 7, 2, 1} {
		w := newWorld(t, flow)
		w.limit.rows = limit
		for _, line := range script {
			if err := w.line(line); err != nil {
				t.Fatalf("limit %d: %s: %v", limit, line, err)
			}
		}
		if want == nil {
			want = w
			continue
		}
		if diff := cmp.Diff(want.st, w.st, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(Run{}, Items{})); diff != "" {
			t.Errorf("in parts of %d (-whole +parts):\n%s", limit, diff)
		}
		if len(want.events) != len(w.events) {
			t.Errorf("in parts of %d: %d events, want %d", limit, len(w.events), len(want.events))
		}
	}
}

// What the parts of a step have to hand on: how tasks were before the signal,
// and how many have been started.
func TestPartsHandOn(t *testing.T) {
	w := newWorld(t, parse(t, `
ends: never
tasks:
  a: {bash: "true", restart: {event: e}}
  c: {bash: "true", start: {event: e, busy: ignore}, after: a}
`))
	w.limit.rows = 1
	for _, line := range []string{"start", "exit a", "event e", "a: queued #2", "c: queued #1"} {
		if err := w.line(line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	w = newWorld(t, parse(t, `
tasks:
  a: {expr: {n: "1"}, restart: [{status: {b: ended}}, {status: {c: ended}}]}
  b: {expr: {n: "1"}, start: {status: {a: ended}}}
  c: {expr: {n: "1"}, start: {status: {a: ended}}}
`))
	w.limit = bounds{rows: 1, starts: 100}
	w.line("start")
	if n := len(w.execs) + len(w.past); w.st.Status != freshet.Failed || n > 110 {
		t.Errorf("the run is %s after %d executions", w.st.Status, n)
	}
}

func TestAbort(t *testing.T) {
	w := play(t, `
tasks:
  a: {bash: "true", stop_grace: 2s}
  b: {bash: "true"}
  c: {bash: "true", retries: 1}
  d: {bash: "true", start: {event: e, busy: queue}, timeout: 1h}
  f: {bash: "true", allow_failure: true}
`, `
start
event e
event e
run a
run d
exit c 1
exit f 1
event e
`)
	d := Abort(w.w, w.st, &Entry{Offset: 99, Time: w.now}, "a fault")
	w.take(d)
	if w.st.Status != freshet.Failed || w.st.Code != freshet.CodeInternal || w.st.Alive != 0 || w.st.EndedAt.IsZero() {
		t.Errorf("the run is %s %s with %d alive", w.st.Status, w.st.Code, w.st.Alive)
	}
	if len(w.timers)+len(w.queue)+len(w.waits) != 0 {
		t.Errorf("left behind: timers %v, queue %v, waits %v", w.timers, w.queue, w.waits)
	}
	for _, name := range []string{"a", "b", "c", "d"} {
		if x := w.latest(name); x.Status != freshet.Failed || x.Code != freshet.CodeInternal {
			t.Errorf("%s is %s %s", name, x.Status, x.Code)
		}
	}
	if len(d.Stops) != 2 || d.Stops[0].Key.Task != "a" || d.Stops[1].Key.Task != "d" {
		t.Errorf("processes that live are stopped: %v", d.Stops)
	}
	if n := len(d.Emit); n != 1 || d.Emit[0].Kind != RunEnded || d.Emit[0].Body.Status != freshet.Failed {
		t.Errorf("the registry hears: %s", asJSON(t, d.Emit))
	}
}

// A process that was aborted while another start would follow leaves nothing.
func TestAbortDropsTheSuccessor(t *testing.T) {
	w := play(t, "tasks:\n  a: {bash: \"true\", restart: {event: r}}\n", "start\nrun a\nevent r\na follows")
	w.take(Abort(w.w, w.st, &Entry{Offset: 99, Time: w.now}, "a fault"))
	if w.st.Tasks[0].Successor != nil || len(w.waits) != 0 {
		t.Errorf("a successor is left: %v", w.waits)
	}
}

// The run that called one that is aborted hears why, and nothing of it is
// taken for a result.
func TestAbortTellsTheCaller(t *testing.T) {
	w := play(t, "tasks:\n  a: {bash: \"true\"}\n", "start\nrun a")
	caller := freshet.Key{Run: 5, Task: "call", Item: freshet.NoItem, Seq: 1, Try: 1}
	w.st.Caller, w.st.Outputs = &caller, map[string]any{"n": int64(1)}
	d := Abort(w.w, w.st, &Entry{Offset: 99, Time: w.now}, "a fault")
	if n := len(d.Emit); n != 2 || d.Emit[0].Kind != RunEnded || d.Emit[1].Kind != ChildEnded {
		t.Fatalf("others hear: %s", asJSON(t, d.Emit))
	}
	if en := d.Emit[1]; en.Run != 5 || *en.Body.Child != (Child{Key: caller, Run: w.st.ID, Status: freshet.Failed, Reason: "a fault"}) {
		t.Errorf("the caller hears: %s", asJSON(t, en))
	}
	if d.Emit[0].Body.Outputs != nil || d.Emit[1].Body.Outputs != nil || d.Run.Outputs != nil {
		t.Errorf("it has outputs: %s", asJSON(t, d.Emit))
	}
}
