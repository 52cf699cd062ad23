package machine

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/simtest/wild"
	"github.com/freshet/freshet/internal/spec"
)

// draw is a random valid workflow.
func draw(t *rapid.T, o wild.Options) *spec.Workflow {
	o.Name = "test"
	source := rapid.Custom(func(t *rapid.T) string {
		return wild.Workflow(func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "pick") }, o)
	}).Filter(func(source string) bool {
		flows, diags := spec.Parse("test.yaml", []byte(source))
		return len(flows) == 1 && !diags.HasErrors()
	}).Draw(t, "workflow")
	flows, _ := spec.Parse("test.yaml", []byte(source))
	return flows[0]
}

// small bounds keep tasks that start each other without end from taking the
// whole time of a test.
var small = bounds{rows: usual.rows, starts: 200}

// act is one thing that happens to a world. The same acts do the same to two
// worlds that are in the same state.
type act func(w *world)

// drawAct chooses what happens next, in view of how a world stands.
func drawAct(t *rapid.T, w *world) act {
	task := w.w.Tasks[rapid.IntRange(0, len(w.w.Tasks)-1).Draw(t, "task")].Name
	x := w.latest(task)
	alive := x != nil && !x.Status.Final() && x.Status != freshet.Retrying
	switch n := rapid.IntRange(0, 19).Draw(t, "act"); {
	case n < 7:
		ev := &freshet.Event{Key: rapid.SampledFrom(wild.Keys).Draw(t, "key"), Value: fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "value"))}
		return func(w *world) { w.put(Entry{Kind: EventHappened, Event: ev}) }
	case n < 15 && alive:
		code := rapid.SampledFrom([]int{0, 0, 0, 1}).Draw(t, "code")
		word := rapid.SampledFrom([]string{"exit", "exit", "exit", "lost", "run", "claim"}).Draw(t, "report")
		return func(w *world) {
			if word == "claim" {
				if w.latest(task).Epoch == 0 {
					w.claim(task)
				}
				return
			}
			w.process(word, []string{task, fmt.Sprint(code)})
		}
	case n == 15:
		d := time.Duration(rapid.IntRange(0, 4000).Draw(t, "ms")) * time.Millisecond
		return func(w *world) { w.now = w.now.Add(d); w.fire() }
	case n == 16:
		kind := rapid.SampledFrom([]Kind{StartTask, StopTask, RestartTask}).Draw(t, "command")
		return func(w *world) { w.put(Entry{Kind: kind, Body: Body{Task: task}}) }
	case n == 17 && rapid.IntRange(0, 4).Draw(t, "stop") == 0:
		return func(w *world) {
			w.put(Entry{Kind: StopRun, Body: Body{Stop: &RunStop{Code: freshet.CodeStoppedByPerson}}})
		}
	}
	return func(w *world) { w.drain() }
}

// history drives worlds through the same random acts until the first is over.
func history(t *rapid.T, worlds ...*world) {
	queued := rapid.IntRange(0, 4).Draw(t, "queued") == 0
	for _, w := range worlds {
		if queued {
			w.line("start queued")
		} else {
			w.line("start")
		}
	}
	for range rapid.IntRange(0, 40).Draw(t, "acts") {
		if worlds[0].st.Status.Final() {
			break
		}
		do := drawAct(t, worlds[0])
		if queued && rapid.IntRange(0, 3).Draw(t, "admit") == 0 {
			do = func(w *world) { w.put(Entry{Kind: RunAdmitted}) }
		}
		calm := rapid.IntRange(0, 2).Draw(t, "calm") > 0
		for _, w := range worlds {
			do(w)
			if calm {
				w.drain()
			}
		}
	}
	for _, w := range worlds {
		w.drain()
	}
}

// finish brings a run to its end, one way or another.
func finish(t fataler, w *world) {
	for round := range 30 {
		if w.st.Status.Final() {
			break
		}
		if round == 10 { // tasks may go on for ever
			w.line("stop run")
		}
		moved := false
		for _, task := range w.w.Tasks {
			if x := w.latest(task.Name); x != nil && !x.Status.Final() && x.Status != freshet.Retrying {
				w.process("exit", []string{task.Name})
				w.drain()
				moved = true
			}
		}
		if !moved {
			w.line("stop run")
		}
	}
	if !w.st.Status.Final() {
		t.Fatalf("the run does not end:\n%s", w.show())
	}
}

// The world itself checks, after every decision, that Step twice gives equal
// bytes and leaves the state alone, that no task has two live attempts, that
// terminal is terminal, that retries are limited, and that the state in
// memory is what was stored.
func TestAlways(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, draw(t, wild.Options{}))
		w.limit = small
		w.st.Parameters = map[string]any{"b": map[string]any{"y": int64(1), "x": "2", "z": []any{nil}}, "a": 1.5}
		w.row = w.st.RunRow
		history(t, w)
		finish(t, w)
		if w.st.Alive != 0 || len(w.queue)+len(w.timers)+len(w.waits) != 0 {
			t.Fatalf("the run is over and leaves %d alive, queue %v, timers %v, waits %v", w.st.Alive, w.queue, w.timers, w.waits)
		}
		if len(w.ended) != 1 || w.ended[0].Body.Status != w.st.Status {
			t.Fatalf("the registry has heard %s, the run is %s", asJSON(t, w.ended), w.st.Status)
		}
		never := NeverRan(w.w, w.st)
		for i, task := range w.w.Tasks {
			why, ok := never[task.Name]
			if ok != (w.st.Tasks[i].Latest == nil) {
				t.Fatalf("NeverRan has %s: %v, its latest execution is %v", task.Name, ok, w.st.Tasks[i].Latest)
			}
			if ok && (why.Code == "" || why.Reason == "") {
				t.Fatalf("NeverRan does not say why of %s", task.Name)
			}
		}
	})
}

// A run ends when, and only when, the completion rule says so.
func TestCompletion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, draw(t, wild.Options{}))
		w.limit = small
		w.hook = func(e *Entry, d *Decision) {
			if d.Run != nil && d.Run.Status.Final() && w.st.Status == freshet.Running && d.Run.Asked == "" && !over(w.w, w.st) {
				t.Fatalf("entry %d %s ends the run, the completion rule does not:\n%s", e.Offset, e.Kind, w.show())
			}
		}
		queued := rapid.IntRange(0, 4).Draw(t, "queued") == 0
		if queued {
			w.line("start queued")
		}
		w.line(map[bool]string{true: "admit", false: "start"}[queued])
		for range rapid.IntRange(0, 40).Draw(t, "acts") {
			if w.st.Status == freshet.Running && over(w.w, w.st) {
				t.Fatalf("the run goes on, the completion rule says it is over:\n%s", w.show())
			}
			if w.st.Status.Final() {
				break
			}
			drawAct(t, w)(w)
			w.drain()
		}
	})
}

// However steps are cut into parts, the run comes out the same.
func TestPartsOfRandomRuns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		flow := draw(t, wild.Options{})
		whole, parts := newWorld(t, flow), newWorld(t, flow)
		whole.limit, parts.limit = small, small
		parts.limit.rows = rapid.IntRange(1, 4).Draw(t, "limit")
		history(t, whole, parts)
		if diff := cmp.Diff(whole.st, parts.st, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(Run{}, Items{})); diff != "" {
			t.Fatalf("parts of %d (-whole +parts):\n%s", parts.limit.rows, diff)
		}
	})
}

// A rule fires exactly if the plain reading of its condition holds, and no
// task starts otherwise: not before its condition, and not without it.
func TestRulesAgainstPlainReading(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, draw(t, wild.Options{Processes: true}))
		n := newNaive(w.w)
		w.hook = func(e *Entry, d *Decision) { compareToPlain(t, w, n, e, d) }
		history(t, w)
	})
}

// compareToPlain looks at one whole step: the signals that it brought, the
// rules that fired, and the starts that came of it.
func compareToPlain(t *rapid.T, w *world, n *naive, e *Entry, d *Decision) {
	var want []int
	started := map[int]bool{}
	switch {
	case e.Kind == EventHappened && w.st.Status != freshet.Stopping:
		want = n.happen(happening{event: e.Event})
		for _, id := range want { // what the event starts has started when the first end of this step is looked at
			if r := w.w.Rules[id]; r.Task != spec.NoTask && !w.st.Tasks[r.Task].Alive() && r.Action != spec.Stop && changed(d, w.w.Tasks[r.Task].Name) != nil {
				n.status[r.Task] = freshet.Queued
			}
		}
	case e.Kind == EventHappened:
		if len(d.Outcomes) != 1 || d.Outcomes[0].Result != freshet.Expired {
			t.Fatalf("an event for a run that is being stopped: %+v", d.Outcomes)
		}
	}
	for i, task := range w.w.Tasks {
		x := changed(d, task.Name)
		if x == nil {
			continue
		}
		was := w.st.Tasks[i].Latest
		started[i] = was == nil || x.Key.Seq > was.Key.Seq
		ended := was != nil && !was.Status.Final() && (x.Status.Final() || started[i])
		if ended && w.st.Tasks[i].Successor == nil && !replaced(d, task.Name) && !stopping(w, d) {
			row := last(d, was.Key)
			n.status[i] = row.Status
			want = append(want, n.happen(happening{task: i})...)
		}
		if started[i] {
			justified(t, w, d, i, e, want)
		}
	}
	for i, task := range w.w.Tasks {
		if x := changed(d, task.Name); x != nil && (started[i] || n.status[i] != x.Status) {
			n.status[i] = x.Status
		}
	}
	if got := firedRules(d); !slices.Equal(got, sorted(want)) && !stopping(w, d) {
		t.Fatalf("entry %d %s %v: rules %v fired, by the plain reading %v\n%s%s%s", e.Offset, e.Kind, e.Event, got, sorted(want), w.w.Source, asJSON(t, d), w.show())
	}
	onceEach(t, w, e, d)
}

// stopping: the run is being stopped, rules act no more.
func stopping(w *world, d *Decision) bool {
	return w.st.Status == freshet.Stopping || d.Run != nil && d.Run.Status != freshet.Running && d.Run.Status != freshet.Queued
}

// replaced: the task was restarted in this very step, without a successor
// that waited.
func replaced(d *Decision, task string) bool {
	return slices.ContainsFunc(d.Outcomes, func(o freshet.Outcome) bool { return o.Task == task && o.Action == "restart" })
}

// changed is the newest row of a task in a decision.
func changed(d *Decision, task string) *Execution {
	var newest *Execution
	for _, x := range d.Executions {
		if x.Key.Task == task && (newest == nil || before(newest.Key, x.Key)) {
			newest = x
		}
	}
	return newest
}

func last(d *Decision, k freshet.Key) *Execution {
	for _, x := range d.Executions {
		if x.Key == k {
			return x
		}
	}
	return nil
}

// justified: a start has a rule that fired, a command, the run's start, or
// one that waited.
func justified(t *rapid.T, w *world, d *Decision, task int, e *Entry, fired []int) {
	st := w.st.Tasks[task]
	byRule := slices.ContainsFunc(fired, func(id int) bool {
		r := w.w.Rules[id]
		return r.Task == task && r.Action != spec.Stop
	})
	withRun := w.w.Tasks[task].WithRun && (e.Kind == StartRun || e.Kind == RunAdmitted)
	command := e.Kind == StartTask || e.Kind == RestartTask
	if !byRule && !withRun && !command && len(st.Waiting) == 0 && st.Successor == nil {
		// A rule that looks at an end later in this step is looked at later.
		later := slices.ContainsFunc(d.Outcomes, func(o freshet.Outcome) bool {
			return o.Task == w.w.Tasks[task].Name && o.Result == freshet.Fired && o.Rule >= 0
		})
		if !later {
			t.Fatalf("entry %d %s starts %s without a reason\n%s", e.Offset, e.Kind, w.w.Tasks[task].Name, w.show())
		}
	}
}

// firedRules are those that fired, without what fired before and had to wait
// ("it had waited", "its predecessor has stopped").
func firedRules(d *Decision) []int {
	var list []int
	for _, o := range d.Outcomes {
		if o.Result == freshet.Fired && o.Rule >= 0 && !strings.HasPrefix(o.Note, "it") {
			list = append(list, o.Rule)
		}
	}
	return sorted(list)
}

func sorted(list []int) []int {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}

// onceEach: every rule that listens to an event says once what became of it.
func onceEach(t *rapid.T, w *world, e *Entry, d *Decision) {
	if e.Kind != EventHappened || stopping(w, d) {
		return
	}
	said := map[int]int{}
	for _, o := range d.Outcomes {
		if !strings.HasPrefix(o.Note, "it") { // see firedRules
			said[o.Rule]++
		}
	}
	for _, l := range w.w.Listeners(e.Event.Key) {
		for _, rn := range l.Rules {
			if said[rn.Rule.ID] < 1 {
				t.Fatalf("entry %d: rule %d says nothing about its event: %+v", e.Offset, rn.Rule.ID, d.Outcomes)
			}
		}
	}
	for id, times := range said {
		if times > 1 && !slices.ContainsFunc(d.Outcomes, func(o freshet.Outcome) bool { return o.Rule == id && o.Offsets == nil }) {
			t.Fatalf("entry %d: rule %d says %d things about one event: %+v", e.Offset, id, times, d.Outcomes)
		}
	}
}
