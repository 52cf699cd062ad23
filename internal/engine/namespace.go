package engine

import (
	"fmt"
	"runtime/debug"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/logkey"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// registry decides an entry for its namespace. done is false where the step
// goes on in the next transaction; ok is false where nothing follows for runs.
func (t *turn) registry(p *pending) (done, ok bool, err error) {
	e := t.e
	g := e.registry(p.Namespace)
	if p.Kind == machine.StartRun {
		run, err := t.startedBefore(p.Namespace, p.Body.Start.Key)
		if err != nil {
			return false, false, err
		}
		if run != 0 {
			t.answer(p, Reply{Run: run, Known: true})
			return true, false, nil
		}
		if err := t.repeats(p); err != nil {
			t.refusedLate(p, err)
			return true, false, nil
		}
	}
	specs := &specs{t: t, namespace: p.Namespace, uploads: p.Body.Upload}
	for more := t.cursor.More; ; {
		part := 0
		if more != nil {
			part = more.Part
		}
		d := t.stepRegistry(specs, g, p, more)
		if specs.err != nil { // the store could not be read: nothing is decided
			return false, false, specs.err
		}
		if d.Refused != nil {
			for _, u := range p.Body.Upload { // compiled for nothing
				e.retire(versionID{p.Namespace, u.Name, u.Version})
			}
			t.refusedLate(p, d.Refused)
			return true, false, nil
		}
		t.keep(p, g, d, part)
		if more = d.More; more == nil {
			t.cursor.More = nil
			return true, t.follow(p, d), nil
		}
		t.cursor.More, t.cursor.Run = more, 0
		if t.b.size >= e.cfg.Rows {
			return false, true, nil
		}
	}
}

// keep applies a decision about a namespace, and puts it into the batch.
func (t *turn) keep(p *pending, g *machine.Registry, d *machine.Decision, part int) {
	e := t.e
	var replaced []versionID
	for _, row := range d.Workflows {
		if f, ok := g.Flows[row.Name]; ok && f.Version != row.Version {
			replaced = append(replaced, versionID{p.Namespace, f.Name, f.Version})
		}
	}
	if d.Unflow != "" {
		replaced = append(replaced, versionID{p.Namespace, d.Unflow, g.Flows[d.Unflow].Version})
		t.unflow(p, store.WorkflowID{Namespace: p.Namespace, Name: d.Unflow})
	}
	if d.Unrun != 0 {
		t.b.unruns = append(t.b.unruns, d.Unrun)
	}
	for _, id := range d.Untriggers {
		delete(e.triggers, id)
	}
	if d.Gone {
		t.b.unspaces = append(t.b.unspaces, p.Namespace)
		t.b.spaces.put(p.Namespace, nil)
	}
	machine.ApplyRegistry(g, d)
	for _, id := range replaced {
		e.retire(id)
	}
	t.write(p)
	t.take(p, d, 0, part)
}

// unflow deletes a workflow. Runs of another one of its name may have been
// asked for already: ids are given in the order of the journal.
func (t *turn) unflow(p *pending, id store.WorkflowID) {
	next := t.cursor.NextRun
	for _, later := range t.e.backlog {
		if later.Offset > p.Offset && later.Kind == machine.StartRun {
			next = later.Run
			break
		}
	}
	t.b.unflows = append(t.b.unflows, store.Unflow{WorkflowID: id, NextRun: next, Time: p.Time})
	t.b.flows.put(id, nil)
}

// follow brings about what a decision about a namespace entails, and tells
// whether the entry's run is to see the entry too.
func (t *turn) follow(p *pending, d *machine.Decision) bool {
	for _, row := range d.NewRuns {
		v := t.e.versions[versionID{row.Namespace, row.Workflow, row.Version}]
		t.e.add(v, machine.NewRun(v.spec, row))
		if row.Key != "" {
			t.started[[2]string{row.Namespace, row.Key}] = row.ID
		}
	}
	switch p.Kind {
	case machine.StartRun:
		return len(d.NewRuns) > 0
	case machine.EventHappened:
		return true
	}
	t.answer(p, Reply{Offset: p.Offset, Value: p.value})
	return false
}

// stepRegistry is the machine's, with a panic turned into an outcome: nothing
// else of the namespace suffers from one fault of ours.
func (t *turn) stepRegistry(specs *specs, g *machine.Registry, p *pending, more *machine.Continuation) (d *machine.Decision) {
	defer func() {
		if fault := recover(); fault != nil {
			if t.e.cfg.Log != nil {
				t.e.cfg.Log.Error("a step panicked", logkey.Namespace, g.Namespace, logkey.Offset, p.Offset, logkey.Fault, fault, logkey.Stack, string(debug.Stack()))
			}
			d = &machine.Decision{}
			refused := freshet.Errorf(freshet.Internal, "a fault of Freshet while deciding entry %d: %v", p.Offset, fault)
			switch {
			case p.Kind == machine.StartRun && p.Body.Start.Caller != nil: // a task waits for the answer
				d.Emit = []machine.Entry{machine.CallFailed(&p.Entry, refused.Message)}
			case !fact(p.Kind):
				d.Refused = refused
			default:
				d.Outcomes = []freshet.Outcome{{Rule: -1, Result: freshet.Erred, Note: fmt.Sprintf("a fault of Freshet: %v", fault)}}
			}
		}
	}()
	t.e.stats.steps.Add(1)
	return machine.StepRegistry(specs, g, &p.Entry, more)
}
