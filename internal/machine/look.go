package machine

import (
	"time"

	"github.com/freshet/freshet/internal/spec"
)

// Met tells whether a condition of a rule is met as the run stands. It holds
// for the parts of a rule: a rule fires only when something happens.
func Met(w *spec.Workflow, st *Run, r *spec.Rule, c *spec.Condition, now time.Time) bool {
	x := examination{sc: newDraft(w, st, &Entry{Time: now}), rule: r, state: st.Rules[r.ID]}
	return x.met(c)
}

// Wanted tells whether a task's latest execution is as a condition asks.
func Wanted(w *spec.Workflow, st *Run, c *spec.Condition, want spec.Want) bool {
	return newDraft(w, st, &Entry{}).wanted(c, want)
}

// Awaited are the tasks that hold a run open though nothing of it is alive:
// a signal may still come that starts them.
func Awaited(w *spec.Workflow, st *Run) []*spec.Task {
	d := newDraft(w, st, &Entry{})
	if w.Ends != spec.Settled || d.failureStands() {
		return nil
	}
	var list []*spec.Task
	for _, t := range w.Tasks {
		if d.awaited(t) {
			list = append(list, t)
		}
	}
	return list
}
