package storetest

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// workflow has the tasks that are drawn.
const workflow = `
name: w
tasks:
  extract: {bash: "true", start: {event: a}}
  load: {bash: "true", start: {all: [{event: a}, {event: b}]}}
  report: {bash: "true", start: {count: {event: c, reaches: 3}}}
`

// state stores a run's state as rows, loads them after a crash, and finds the
// same state.
func state(t *testing.T, place func(t *testing.T) Opener) {
	list, problems := spec.Parse("w.yaml", []byte(workflow))
	if len(list) != 1 {
		t.Fatalf("the workflow of the test: %v", problems)
	}
	w := list[0]
	rapid.Check(t, func(rt *rapid.T) {
		open := place(t)
		s := &shard{t: rt, open: open}
		s.crash()
		d := &drawer{t: rt, memory: newMemory()}
		b := &store.Batch{}
		for range d.number("entries", 9) {
			b.Entries = append(b.Entries, d.entry())
		}
		row := d.newRun(b)
		b.Runs = append(b.Runs, row)
		dues := machine.Dues{}
		for i, task := range w.Tasks {
			d.task(b, row.ID, task.Name)
			rule := machine.RuleRow{Run: row.ID, Rule: int64(i), State: make(machine.RuleState, len(w.Rules[i].Nodes))}
			for n := range rule.State {
				rule.State[n] = d.node()
				for _, mark := range rule.State[n].Marks {
					b.Marks = append(b.Marks, machine.MarkRow{NodeKey: machine.NodeKey{Run: row.ID, Rule: int64(i), Node: n}, Mark: mark})
				}
			}
			b.Rules = append(b.Rules, rule)
			if key := (machine.NodeKey{Run: row.ID, Rule: int64(i)}); d.number("timer", 1) == 0 {
				dues[key] = at(int64(d.number("due", 100)))
				b.Timers = append(b.Timers, machine.NodeTimer(key, dues[key]))
			}
		}
		want := machine.Load(w, row, b.Executions, b.Waits, b.Rules, dues)
		s.commit(b)
		old := s.Store
		snap := s.crash().Runs[0]
		if err := old.Close(); err != nil {
			rt.Fatal(err)
		}
		same(rt, "state", machine.Load(w, snap.Row, snap.Held, snap.Waits, snap.Rules, snap.Dues), want)
		surveyed(rt, s, w, &snap)
	})
}

// surveyed looks at a run in the cheap way: where its tasks stand, and one
// task after the other in full.
func surveyed(t tester, s *shard, w *spec.Workflow, snap *store.RunSnapshot) {
	t.Helper()
	brief := *snap
	brief.Held = nil
	for _, x := range snap.Held {
		brief.Held = append(brief.Held, &machine.Execution{Key: x.Key, Status: x.Status, Code: x.Code, Held: true})
	}
	same(t, "survey", must[*store.RunSnapshot](t)(s.Survey(context.Background(), snap.Row.ID)), &brief)
	var whole []*machine.Execution
	for _, task := range w.Tasks {
		whole = append(whole, must[[]*machine.Execution](t)(s.Held(context.Background(), snap.Row.ID, task.Name))...)
	}
	same(t, "task by task", whole, snap.Held)
}

// task draws the executions and the starts that a task holds: its latest
// success, its latest, its successor and those that wait.
func (d *drawer) task(b *store.Batch, run int64, name string) {
	key := freshet.Key{Run: run, Task: name, Item: freshet.NoItem, Try: 1}
	for range d.number("executions", 2) {
		key.Seq++
		x := d.execution(key)
		x.Held = true
		b.Executions = append(b.Executions, x)
	}
	for n := range d.number("waiting", 3) {
		b.Waits = append(b.Waits, machine.Wait{Run: run, Task: name,
			Start: machine.Start{N: int64(n), Rule: d.number("rule", 3) - 1, By: d.by(), At: at(int64(d.number("at", 9)))}})
	}
}
