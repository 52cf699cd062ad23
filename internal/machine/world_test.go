package machine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// fataler is what both *testing.T and *rapid.T can do.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// world is one run with a journal and the rows that a store would hold. It
// decides entries in the order of the journal, and checks after each decision
// what has to hold always.
type world struct {
	t      fataler
	w      *spec.Workflow
	st     *Run
	now    time.Time
	offset int64
	limit  bounds

	pending []*Entry // accepted, not decided
	events  []*freshet.Event
	ended   []Entry // the run told its registry

	row    RunRow
	execs  map[freshet.Key]*Execution
	past   map[freshet.Key]*Execution // ended, and not held any more
	waits  map[WaitKey]Wait
	rules  map[int64]RuleState
	marks  map[NodeKey][]Mark
	timers map[string]Timer
	queue  map[freshet.Key]bool

	parts []*Decision // since the newest line of a script
	stops []StopEffect
	hook  func(e *Entry, d *Decision) // called before each decision is applied

	elsewhere func(e *Entry) bool // what concerns others than the run; nil: nothing does
}

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// parse gives the one workflow of a text; spaces before `tasks` and the name
// may be left out.
func parse(t fataler, source string) *spec.Workflow {
	t.Helper()
	flows, diags := spec.Parse("test.yaml", []byte("name: test\n"+source))
	if len(flows) != 1 || diags.HasErrors() {
		t.Fatalf("workflow:\n%s\n%s", source, diags)
	}
	return flows[0]
}

func newWorld(t fataler, w *spec.Workflow) *world {
	row := RunRow{ID: 1, Namespace: "default", Workflow: w.Name, Version: "v", Status: freshet.Running,
		Type: freshet.Manual, CreatedAt: epoch, StartedAt: epoch}
	return &world{t: t, w: w, st: NewRun(w, row), row: row, now: epoch, limit: usual,
		execs: map[freshet.Key]*Execution{}, past: map[freshet.Key]*Execution{}, waits: map[WaitKey]Wait{}, rules: map[int64]RuleState{}, marks: map[NodeKey][]Mark{},
		timers: map[string]Timer{}, queue: map[freshet.Key]bool{}}
}

// put accepts an entry.
func (w *world) put(e Entry) *Entry {
	w.offset++
	e.Offset, e.Time, e.Namespace, e.Run = w.offset, w.now, "default", 1
	if e.Kind == EventHappened {
		ev := *e.Event
		ev.Offset, ev.Time, ev.Namespace, ev.RunID = e.Offset, e.Time, "default", 1
		e.Event = &ev
		w.events = append(w.events, &ev)
	}
	w.pending = append(w.pending, &e)
	return &e
}

// drain decides all that is pending, and what that brings. A person who sees
// tasks send each other ever more events stops the run.
func (w *world) drain() {
	for n := 0; len(w.pending) > 0; n++ {
		if n == 300 {
			w.put(Entry{Kind: StopRun, Body: Body{Stop: &RunStop{Code: freshet.CodeStoppedByPerson}}})
			w.pending = slices.Insert(w.pending[:len(w.pending)-1], 0, w.pending[len(w.pending)-1])
		}
		w.one()
	}
}

// one decides the oldest entry.
func (w *world) one() {
	e := w.pending[0]
	w.pending = w.pending[1:]
	if e.Kind == RunEnded {
		w.ended = append(w.ended, *e)
		return
	}
	if w.st.Status.Final() {
		return // the engine has dropped the run
	}
	var more *Continuation
	for part := 1; ; part++ {
		d := w.decide(e, more)
		w.parts = append(w.parts, d)
		if d.Refused != nil {
			return
		}
		for _, en := range d.Emit {
			if w.elsewhere == nil || !w.elsewhere(&en) {
				w.put(en)
			}
		}
		if d.More == nil {
			return
		}
		if part > 100_000 {
			w.t.Fatalf("entry %d: the step does not end", e.Offset)
		}
		// A continuation is stored as text.
		text, err := json.Marshal(d.More)
		if err != nil {
			w.t.Fatalf("continuation: %v", err)
		}
		more = &Continuation{}
		if err := json.Unmarshal(text, more); err != nil {
			w.t.Fatalf("continuation: %v", err)
		}
		if more.Part != part {
			w.t.Fatalf("part %d of a step is called %d", part, more.Part)
		}
	}
}

func (w *world) decide(e *Entry, more *Continuation) *Decision {
	w.t.Helper()
	before := asJSON(w.t, w.st)
	d := step(w.w, w.st, e, more, w.limit)
	again := step(w.w, w.st, e, more, w.limit)
	if a, b := asJSON(w.t, d), asJSON(w.t, again); a != b {
		w.t.Fatalf("entry %d %s: Step twice differs:\n%s\n%s", e.Offset, e.Kind, a, b)
	}
	if after := asJSON(w.t, w.st); after != before {
		w.t.Fatalf("entry %d %s: Step has changed the state:\n%s\n%s", e.Offset, e.Kind, before, after)
	}
	if d.Refused != nil {
		return d
	}
	if w.hook != nil {
		w.hook(e, d)
	}
	w.take(d)
	return d
}

func asJSON(t fataler, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("marshal: %v", err)
	}
	return string(b)
}

// take applies a decision to the state and to the rows, and compares.
func (w *world) take(d *Decision) {
	w.t.Helper()
	w.store(d)
	Apply(w.w, w.st, d)
	w.check()
}

func (w *world) store(d *Decision) {
	if d.Run != nil {
		if w.row.Status.Final() {
			w.t.Fatalf("a run that is over changes: %+v", d.Run)
		}
		w.row = *d.Run
	}
	seen := map[freshet.Key]bool{}
	for _, x := range d.Executions {
		if seen[x.Key] {
			w.t.Fatalf("two rows of %v in one decision", x.Key)
		}
		seen[x.Key] = true
		w.storeExecution(x)
	}
	for _, k := range d.Unheld {
		for key, x := range w.execs {
			if key.Task == k.Task && key.Seq == k.Seq && key.Item != freshet.NoItem {
				c := *x
				c.Held = false
				w.execs[key] = &c
			}
		}
	}
	for _, k := range d.Unwaits {
		delete(w.waits, k)
	}
	for _, wait := range d.Waits {
		w.waits[WaitKey{wait.Run, wait.Task, wait.N}] = wait
	}
	for _, r := range d.Rules {
		delete(w.rules, r.Rule)
		if r.State.any() {
			bare := slices.Clone(r.State) // marks are rows of their own
			for i := range bare {
				bare[i].Marks = nil
			}
			w.rules[r.Rule] = bare
		}
	}
	for _, c := range d.Unmarks {
		w.marks[c.NodeKey] = slices.DeleteFunc(w.marks[c.NodeKey], func(m Mark) bool { return m.N < c.Before })
	}
	for _, m := range d.Marks {
		w.marks[m.NodeKey] = append(w.marks[m.NodeKey], m.Mark)
	}
	for _, tm := range d.Untimers {
		delete(w.timers, timerName(tm))
	}
	for _, tm := range d.Timers {
		if tm.Due != freshet.Time(tm.Due) {
			w.t.Fatalf("timer %v is finer than the journal's time", tm)
		}
		w.timers[timerName(tm)] = tm
	}
	for _, k := range d.Unqueue {
		delete(w.queue, k)
	}
	for _, q := range d.Queue {
		w.queue[q.Key] = true
	}
	w.stops = append(w.stops, d.Stops...)
}

// storeExecution keeps a row: terminal is terminal, tries are limited.
func (w *world) storeExecution(x *Execution) {
	task, _ := w.w.Task(x.Key.Task)
	if x.Key.Try > task.Retries.Limit+1 {
		w.t.Fatalf("%v: %d retries are allowed", x.Key, task.Retries.Limit)
	}
	if _, ok := w.past[x.Key]; ok {
		w.t.Fatalf("%v had ended and was not held, and changes", x.Key)
	}
	if old, ok := w.execs[x.Key]; ok && old.Status.Final() {
		a, b := *old, *x
		a.Held, b.Held, a.By, b.By = false, false, nil, nil
		if diff := cmp.Diff(a, b); diff != "" {
			w.t.Fatalf("%v had ended and changes: %s", x.Key, diff)
		}
	}
	w.execs[x.Key] = x
}

func timerName(t Timer) string { return fmt.Sprintf("%s %v %d %d", t.Kind, t.Key, t.Rule, t.Node) }

// check compares the state in memory with what the rows give, and looks at
// what has to hold always.
func (w *world) check() {
	w.t.Helper()
	var held []*Execution
	live := map[string]int{}
	for k, x := range w.execs {
		if x.Status.Final() && !x.Held {
			w.past[k] = x
			delete(w.execs, k)
		}
		if x.Held {
			held = append(held, x)
		}
		if !x.Status.Final() {
			name := fmt.Sprint(x.Key.Task, x.Key.Item)
			live[name]++
			if live[name] > 1 {
				w.t.Fatalf("two live attempts of %s", name)
			}
			if !x.Held {
				w.t.Fatalf("%v is alive and would not be loaded", x.Key)
			}
		}
		if waits := x.Status == freshet.Queued && x.Epoch == 0; waits != w.queue[x.Key] {
			w.t.Fatalf("%v is %s, claimed %d, and in the queue: %v", x.Key, x.Status, x.Epoch, w.queue[x.Key])
		}
		if _, due := w.timers[timerName(Timer{Kind: RetryTimer, Key: x.Key})]; due != (x.Status == freshet.Retrying) {
			w.t.Fatalf("%v is %s, its retry timer is set: %v", x.Key, x.Status, due)
		}
		if _, due := w.timers[timerName(Timer{Kind: TimeoutTimer, Key: x.Key})]; due && x.Status.Final() {
			w.t.Fatalf("%v is %s and has a time-out", x.Key, x.Status)
		}
	}
	items := 0
	for i := range w.st.Tasks {
		items += w.st.Tasks[i].Items.N
	}
	if len(held) > 2*len(w.w.Tasks)+items {
		w.t.Fatalf("%d executions are held for %d tasks", len(held), len(w.w.Tasks))
	}
	slices.SortFunc(held, func(a, b *Execution) int {
		return slices.Compare([]int{a.Key.Seq, a.Key.Item, a.Key.Try}, []int{b.Key.Seq, b.Key.Item, b.Key.Try})
	})
	var rules []RuleRow
	for id, s := range w.rules {
		full := slices.Clone(s)
		for i := range full {
			full[i].Marks = slices.Clone(w.marks[NodeKey{1, id, i}])
		}
		rules = append(rules, RuleRow{Run: 1, Rule: id, State: full})
	}
	dues := Dues{}
	for _, tm := range w.timers {
		if tm.Kind == RuleTimer {
			dues[tm.NodeKey()] = tm.Due
		}
	}
	var waits []Wait
	for _, wait := range w.waits {
		waits = append(waits, wait)
	}
	loaded := Load(w.w, w.row, held, waits, rules, dues)
	if asJSON(w.t, loaded) == asJSON(w.t, w.st) {
		return // the slow look is for what differs in nil and empty only, or really
	}
	if diff := cmp.Diff(loaded, w.st, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(Run{}, Items{})); diff != "" {
		w.t.Fatalf("what is stored differs from what is in memory (-stored +memory):\n%s", diff)
	}
}

// claim gives the live execution of a task to a holder.
func (w *world) claim(task string) {
	w.t.Helper()
	x := w.latest(task)
	if x == nil {
		w.t.Fatalf("claim %s: it has never run", task)
	}
	d := Claim(w.w, w.st, x.Key, 7, "node")
	if d == nil {
		w.t.Fatalf("claim %s: it is %s", task, x.Status)
	}
	delete(w.queue, x.Key)
	w.take(d)
}

// latest is the latest execution of a task, or of an item such as a[2].
func (w *world) latest(name string) *Execution {
	task, rest, isItem := strings.Cut(name, "[")
	t, ok := w.w.Task(task)
	if !ok {
		w.t.Fatalf("no task %s", task)
	}
	if isItem {
		i, _ := strconv.Atoi(strings.TrimSuffix(rest, "]"))
		if x := w.st.Tasks[t.Index].Items.get(i); x != nil {
			return x
		}
		return w.item(task, i)
	}
	return w.st.Tasks[t.Index].Latest
}

// item finds an item's newest execution among the rows: the task may be over.
func (w *world) item(task string, i int) (newest *Execution) {
	for _, rows := range []map[freshet.Key]*Execution{w.execs, w.past} {
		for k, x := range rows {
			if k.Task == task && k.Item == i && (newest == nil || before(newest.Key, k)) {
				newest = x
			}
		}
	}
	return newest
}

// report is what an executor says of the live attempt of a task.
func (w *world) report(kind Kind, x *Execution, change func(p *Process)) {
	k := x.Key
	p := &Process{Task: k.Task, Item: k.Item, Seq: k.Seq, Try: k.Try, Epoch: x.Epoch, Time: w.now, PID: 42}
	if change != nil {
		change(p)
	}
	w.put(Entry{Kind: kind, Body: Body{Process: p}})
}

// fire makes entries of the timers that are due.
func (w *world) fire() {
	var due []Timer
	for _, tm := range w.timers {
		if !tm.Due.After(w.now) {
			due = append(due, tm)
		}
	}
	slices.SortFunc(due, func(a, b Timer) int {
		if c := a.Due.Compare(b.Due); c != 0 {
			return c
		}
		return slices.Compare([]string{timerName(a)}, []string{timerName(b)})
	})
	for _, tm := range due {
		w.put(Entry{Kind: TimerFired, Body: Body{Timer: &tm}})
	}
}

// outcomes are those of the decisions since the newest line of a script.
func (w *world) outcomes() []freshet.Outcome {
	var list []freshet.Outcome
	for _, d := range w.parts {
		list = append(list, d.Outcomes...)
	}
	return list
}
