package engine

import (
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
)

// Ended is what a commit has recorded the end of, for those who make traces: a
// try, an execution with its last try, or a run.
type Ended struct {
	Run       machine.RunRow
	Execution *machine.Execution // nil: the run itself
	Try       bool               // the try has ended now
	Whole     bool               // the execution has ended: no further try follows
}

// Trace is what an engine does for traces.
type Trace struct {
	Seed  string        // random, for the ids of spans
	Ended func([]Ended) // called after each commit that has recorded ends; must not block
}

// trace gives a run that is to be started its place in a trace.
func (t *turn) trace(p *pending) {
	if t.e.cfg.Trace == nil {
		return
	}
	start := *p.Body.Start
	start.Trace = freshet.NewTrace(t.e.cfg.Trace.Seed, p.Run, string(start.Trace))
	p.Body.Start = &start
}

// end collects what a decision ends, before it is applied: rows of what has
// ended are written again when something newer takes their place.
func (t *turn) end(w *spec.Workflow, r *machine.Run, en *machine.Entry, d *machine.Decision) {
	if t.e.cfg.Trace == nil || !r.Trace.Known() {
		return
	}
	row := r.RunRow
	if d.Run != nil {
		row = *d.Run
	}
	for _, x := range d.Executions {
		before := r.Find(w, x.Key)
		retried := before != nil && before.Status == freshet.Retrying
		switch {
		case before != nil && before.Status.Final(), kept(en, x):
		case x.Status == freshet.Retrying && !retried:
			t.ended = append(t.ended, Ended{Run: row, Execution: x, Try: true})
		case x.Status.Final() && !(retried && followed(d, x.Key)):
			t.ended = append(t.ended, Ended{Run: row, Execution: x, Try: !retried, Whole: true})
		}
	}
	if row.Status.Final() && !r.Status.Final() {
		t.ended = append(t.ended, Ended{Run: row})
	}
}

// kept tells whether an execution is only the copied result of another run.
func kept(en *machine.Entry, x *machine.Execution) bool {
	s := en.Body.Start
	return s != nil && s.Rerun != nil && x.Key.Seq == 1 &&
		slices.ContainsFunc(s.Rerun.Kept, func(k machine.Kept) bool { return k.Task == x.Key.Task })
}

// followed tells whether a decision begins the next try of an execution.
func followed(d *machine.Decision, k freshet.Key) bool {
	k.Try++
	return slices.ContainsFunc(d.Executions, func(x *machine.Execution) bool { return x.Key == k })
}
