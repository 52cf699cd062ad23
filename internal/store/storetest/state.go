package storetest

import (
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
		for i, task := range w.Tasks {
			d.task(b, row.ID, task.Name)
			rule := machine.RuleRow{Run: row.ID, Rule: i, State: make(machine.RuleState, len(w.Rules[i].Nodes))}
			for n := range rule.State {
				rule.State[n] = machine.NodeState{Event: d.event(), Count: int64(d.number("count", 2)), Sum: float64(d.number("sum", 2)) / 3}
			}
			b.Rules = append(b.Rules, rule)
		}
		want := machine.Load(w, row, b.Executions, b.Waits, b.Rules)
		s.commit(b)
		old := s.Store
		snap := s.crash().Runs[0]
		if err := old.Close(); err != nil {
			rt.Fatal(err)
		}
		same(rt, "state", machine.Load(w, snap.Row, snap.Held, snap.Waits, snap.Rules), want)
	})
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
