package machine

import (
	"fmt"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// settled is the completion rule for a run in which nothing is alive: no task
// can start any more. What can start is the least set built up from what can
// come; that set is empty exactly if nothing enters it first, and with
// nothing alive only a signal can bring the first task in. So one look at
// each rule is enough, and tasks that only wait for each other cannot start.
func (d *draft) settled() bool {
	if d.alive > 0 || d.status() != freshet.Running || d.w.Ends == spec.Never {
		return false
	}
	if d.w.Ends == spec.Idle || d.failureStands() {
		return true // signals are not waited for
	}
	return !slices.ContainsFunc(d.w.Tasks, d.awaited)
}

// awaited tells whether the run waits for a signal that would start a task.
func (d *draft) awaited(t *spec.Task) bool {
	return !t.Optional && !t.Finally && d.task(t.Index).Latest == nil && !onlyAbsences(t) &&
		slices.ContainsFunc(t.Rules, func(r *spec.Rule) bool { return r.Action != spec.Stop && d.comes(r, r.When) })
}

// onlyAbsences tells whether the only signals that start a task are absences:
// such a task is there in case, and holds no run open.
func onlyAbsences(t *spec.Task) bool {
	found := false
	for _, r := range t.Rules {
		for _, c := range r.Nodes {
			if r.Action != spec.Stop && c.Signal() {
				if c.Kind != spec.MissingIs {
					return false
				}
				found = true
			}
		}
	}
	return found
}

// failureStands tells whether the latest execution of a task has failed and
// is not allowed to.
func (d *draft) failureStands() bool {
	for i, t := range d.w.Tasks {
		if !t.AllowFailure && d.task(i).Status() == freshet.Failed {
			return true
		}
	}
	return false
}

// comes tells whether a signal is still to come in c, with the rest of it so
// or remembered.
func (d *draft) comes(r *spec.Rule, c *spec.Condition) bool {
	switch c.Kind {
	case spec.AllOf:
		coming := false
		x := examination{sc: d, rule: r, state: d.memory(r)}
		for _, part := range c.Parts {
			if d.comes(r, part) {
				coming = true
			} else if !x.met(part) {
				return false
			}
		}
		return coming
	case spec.AnyOf:
		return slices.ContainsFunc(c.Parts, func(p *spec.Condition) bool { return d.comes(r, p) })
	}
	return c.Signal()
}

// wanted tells whether a task's status is what a state asks for.
func (d *draft) wanted(c *spec.Condition, want spec.Want) bool {
	if c.Kind == spec.AfterIs {
		status := d.done(want.Task, d.task(want.Task).Status())
		return status == freshet.Success || status == freshet.Skipped
	}
	return slices.Contains(want.Statuses, d.task(want.Task).Status())
}

// Never says why a task of an ended run never ran: the part of its condition
// that could not come any more. The run is as it was left.
type Never struct {
	Code   freshet.Code
	Reason string
}

// NeverRan explains the tasks of an ended run that have no execution.
func NeverRan(w *spec.Workflow, st *Run) map[string]Never {
	d := newDraft(w, st, &Entry{})
	out := map[string]Never{}
	for i, t := range w.Tasks {
		if d.task(i).Latest != nil {
			continue
		}
		out[t.Name] = d.never(t)
	}
	return out
}

// WhyNever explains one task of an ended run that has no execution.
func WhyNever(w *spec.Workflow, st *Run, t *spec.Task) Never {
	return newDraft(w, st, &Entry{}).never(t)
}

func (d *draft) never(t *spec.Task) Never {
	if t.Finally {
		return d.neverFinally(t)
	}
	if d.st.Asked != "" {
		return Never{freshet.CodeStoppedWithRun, "the run was stopped before"}
	}
	for _, r := range t.Rules {
		if r.Action == spec.Stop {
			continue
		}
		for _, c := range r.Nodes {
			for _, want := range c.Wants {
				if s := d.task(want.Task).Status(); !d.wanted(c, want) {
					if s == freshet.Waiting {
						s = freshet.Skipped
					}
					return Never{freshet.CodeUpstream, fmt.Sprintf("task %s ended %s", d.w.Tasks[want.Task].Name, s)}
				}
			}
		}
	}
	for _, r := range t.Rules {
		for _, c := range r.Nodes {
			if c.Signal() && r.Action != spec.Stop {
				return Never{freshet.CodeCondition, neverCame(c)}
			}
		}
	}
	return Never{freshet.CodeCondition, "its condition never held"}
}

func neverCame(c *spec.Condition) string {
	switch {
	case c.Kind == spec.MissingIs:
		return fmt.Sprintf("%s was not missing for %s before the run ended", partSubject(c), c.For)
	case c.Tick():
		return fmt.Sprintf("no tick of %s came before the run ended", c.Ticks)
	}
	return fmt.Sprintf("event %s did not come before the run ended", c.Key)
}

func (d *draft) neverFinally(t *spec.Task) Never {
	if d.st.Result == "" {
		return Never{freshet.CodeStoppedWithRun, "the run ended without its `finally`"}
	}
	for _, r := range t.Rules {
		for _, want := range r.When.Wants {
			if s := d.task(want.Task).Status(); !d.wanted(r.When, want) {
				if s == freshet.Waiting {
					s = freshet.Skipped
				}
				return Never{freshet.CodeUpstream, fmt.Sprintf("task %s ended %s", d.w.Tasks[want.Task].Name, s)}
			}
		}
	}
	return Never{freshet.CodeStoppedWithRun, "`finally` was stopped before"}
}
