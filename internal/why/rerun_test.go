package why_test

import (
	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
)

func init() { situations = append(situations, rerunSituations...) }

// again starts a new go at a run, as the door would ask for it.
func (w *world) again(name, version string, event *freshet.Event, r machine.Rerun) int64 {
	w.t.Helper()
	return w.must(machine.Entry{Namespace: "default", Kind: machine.StartRun, Event: event, Body: machine.Body{
		Start: &machine.RunStart{Workflow: name, Version: version, Type: freshet.Rerun, Rerun: &r}}}).Run
}

// kept is an event of the journal.
func (w *world) kept(offset int64) *freshet.Event {
	w.t.Helper()
	ev, err := w.store.Event(w.ctx, "default", offset)
	if err != nil {
		w.t.Fatal(err)
	}
	return ev
}

const both = "name: w\ntasks:\n  a: {bash: a}\n  t: {start: {all: [{event: x}, {event: y}], busy: queue}, bash: t}\n  u: {after: [a, t], bash: u}\n"

var rerunSituations = []situation{
	{"rerun_from_failed", func(w *world) {
		name, version := w.upload(both)
		id := w.another(name, version)
		x, y := w.event("x 1", 0, ""), w.event("y 2", 0, "")
		w.exit(id, "a", 0)
		w.exit(id, "t", 1)
		again := w.again(name, version, nil, machine.Rerun{Of: id, Kept: []machine.Kept{{Task: "a", Status: freshet.Success}},
			Again: []machine.AgainOn{{Task: "t", Earlier: []*freshet.Event{w.kept(x)}, Event: w.kept(y)}}})
		w.exit(again, "t", 0)
		w.exit(again, "u", 0)
		w.again(name, version, nil, machine.Rerun{Of: again, From: "u", Kept: []machine.Kept{
			{Task: "a", Status: freshet.Success}, {Task: "t", Status: freshet.Success, Offset: y}}, Again: []machine.AgainOn{{Task: "u"}}})
	}, []string{"run 2", "task 2 t", "task 2 a", "task 2 u", "run 3", "task 3 t", "task 3 a", "task 3 u", "event 4"}},
	{"rerun_with_run", func(w *world) {
		name, version := w.upload("name: w\nconcurrency: 1\ntasks:\n  a: {bash: a}\n  b: {bash: b}\n")
		id := w.another(name, version)
		w.exit(id, "a", 1)
		w.exit(id, "b", 0)
		other := w.another(name, version)
		w.again(name, version, nil, machine.Rerun{Of: id, Kept: []machine.Kept{{Task: "b", Status: freshet.Success}}, Again: []machine.AgainOn{{Task: "a"}}})
		w.exit(other, "a", 0)
		w.exit(other, "b", 0)
	}, []string{"run 3", "task 3 a", "task 3 b"}},
	{"rerun_of_triggered", func(w *world) {
		name, version := w.upload("name: w\non:\n  - all: [{event: x}, {event: y}]\ntasks:\n  a: {bash: a}\n")
		w.event("x 1", 0, "")
		y := w.event("y 2", 0, "")
		w.exit(1, "a", 1)
		w.again(name, version, w.kept(y), machine.Rerun{Of: 1})
	}, []string{"run 2", "task 2 a"}},
}
