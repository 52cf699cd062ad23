package machine

import (
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// Look is a look at a rule as it stands at a moment, for who explains it.
// Nothing happens by it.
type Look struct{ x examination }

// LookAt looks at a rule of a run.
func LookAt(w *spec.Workflow, st *Run, r *spec.Rule, now time.Time) Look {
	return Look{examination{sc: newDraft(w, st, &Entry{Time: now}), rule: r, state: st.Rules[r.ID]}}
}

// LookAtTrigger looks at a trigger, on being what it was compiled to.
func LookAtTrigger(t *Trigger, on *spec.Trigger, now time.Time) Look {
	w := &watched{newSpaceDraft(nil, &Registry{}, &Entry{Time: now}), t, on, nil}
	return Look{examination{sc: w, rule: &on.Rule, state: t.State}}
}

// Met tells whether a condition is met. It holds for the parts of a rule: a
// rule fires only when something happens.
func (l Look) Met(c *spec.Condition) bool { return l.x.met(c) }

// Node is what a condition remembers.
func (l Look) Node(c *spec.Condition) NodeState {
	if c.Node >= len(l.x.state) {
		return NodeState{}
	}
	return l.x.state[c.Node]
}

// Due is when a condition is looked at next; zero: it waits for no time.
func (l Look) Due(c *spec.Condition) time.Time { return l.x.sc.due(l.x.sc.key(l.x.rule, c.Node)) }

// Tally is how far a count or a sum has come, and what of it is to fall out
// of its span, oldest first.
func (l Look) Tally(c *spec.Condition) (have float64, marks []Mark) {
	n, now := l.Node(c), l.x.sc.clock()
	forgotten := !n.At.IsZero() && !held(l.x.rule, c, n.At, now)
	if forgotten || n.Event != nil && c.Within.Day && !sameDay(l.x.rule, n.Event.Time, now) {
		return 0, nil // the next one begins anew
	}
	if c.Within.Span > 0 {
		marks = n.Marks[n.outside(c, now):]
	}
	return n.have(c, now), marks
}

// FiredToday tells whether an `all` within a day has had its time.
func (l Look) FiredToday(c *spec.Condition) bool { return l.x.firedToday(c) }

// Some tells whether a signal is remembered in a condition or its parts.
func (l Look) Some(c *spec.Condition) bool { return l.x.some(c) }

// Met tells whether a condition of a rule is met as the run stands.
func Met(w *spec.Workflow, st *Run, r *spec.Rule, c *spec.Condition, now time.Time) bool {
	return LookAt(w, st, r, now).Met(c)
}

// Wanted tells whether a task's latest execution is as a condition asks.
func Wanted(w *spec.Workflow, st *Run, c *spec.Condition, want spec.Want) bool {
	d := draft{w: w, st: st}
	return d.wanted(c, want)
}

// Awaited are the tasks that hold a run open though nothing of it is alive:
// a signal may still come that starts them.
func Awaited(w *spec.Workflow, st *Run) []*spec.Task {
	d := newDraft(w, st, &Entry{})
	if w.Ends != spec.Settled || st.Result != "" || d.failureStands() {
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

// Listening tells whether rules of a run act on what happens: it is running,
// and its `finally` has not begun.
func (st *Run) Listening() bool { return st.Status == freshet.Running && st.Result == "" }
