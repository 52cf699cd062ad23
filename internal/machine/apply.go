package machine

import (
	"cmp"
	"maps"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// Apply brings a run's state up to a decision. It does what storing the
// decision's rows and loading them again would do.
func Apply(w *spec.Workflow, st *Run, d *Decision) {
	if d.Run != nil {
		st.RunRow = *d.Run
	}
	for _, x := range d.Executions {
		st.keep(w, x)
	}
	for _, k := range d.Unwaits {
		st.unwait(w, k)
	}
	for _, wait := range d.Waits {
		st.wait(w, wait)
	}
	for _, en := range d.Emit {
		if en.Kind == Settle {
			st.asked = en.Cause
		}
	}
	for _, r := range d.Rules {
		st.Rules[r.Rule] = r.State
		if !r.State.any() {
			st.Rules[r.Rule] = nil
		}
	}
	st.Dues.apply(d)
}

// apply takes over the due times of conditions.
func (u Dues) apply(d *Decision) {
	for i := range d.Untimers {
		if d.Untimers[i].Kind == RuleTimer {
			delete(u, d.Untimers[i].NodeKey())
		}
	}
	for i := range d.Timers {
		if d.Timers[i].Kind == RuleTimer {
			u[d.Timers[i].NodeKey()] = d.Timers[i].Due
		}
	}
}

// Load brings a new state up to what is stored of a run.
func Load(w *spec.Workflow, row RunRow, held []*Execution, waits []Wait, rules []RuleRow, dues Dues) *Run {
	st := NewRun(w, row)
	Apply(w, st, &Decision{Executions: held, Waits: waits, Rules: rules})
	maps.Copy(st.Dues, dues)
	return st
}

// keep takes the row of an execution: the newest is the task's latest, the
// newest success its success.
func (st *Run) keep(w *spec.Workflow, x *Execution) {
	task, ok := w.Task(x.Key.Task)
	if !ok {
		return
	}
	st.change(task.Index, func(t *TaskState) {
		if x.Key.Item != freshet.NoItem {
			if x.Held && t.Latest != nil && t.Latest.Key.Seq == x.Key.Seq {
				t.Items.put(x)
			}
			return
		}
		if t.Latest == nil || !before(x.Key, t.Latest.Key) {
			if t.Latest == nil || t.Latest.Key.Seq != x.Key.Seq || x.Status.Final() {
				t.Items = Items{}
			}
			t.Latest = x
		}
		if x.Status == freshet.Success && (t.Success == nil || !before(x.Key, t.Success.Key)) {
			t.Success = x
		}
	})
}

// before tells whether a was started before b, of one task and item.
func before(a, b freshet.Key) bool {
	return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Try, b.Try)) < 0
}

func (st *Run) wait(w *spec.Workflow, wait Wait) {
	task, ok := w.Task(wait.Task)
	if !ok {
		return
	}
	st.change(task.Index, func(t *TaskState) {
		if wait.N == 0 {
			s := wait.Start
			t.Successor = &s
			return
		}
		i, found := slices.BinarySearchFunc(t.Waiting, wait.N, func(s Start, n int64) int { return cmp.Compare(s.N, n) })
		if found {
			t.Waiting[i] = wait.Start
			return
		}
		t.Waiting = slices.Insert(t.Waiting, i, wait.Start)
	})
}

func (st *Run) unwait(w *spec.Workflow, k WaitKey) {
	task, ok := w.Task(k.Task)
	if !ok {
		return
	}
	st.change(task.Index, func(t *TaskState) {
		if k.N == 0 {
			t.Successor = nil
			return
		}
		t.Waiting = slices.DeleteFunc(t.Waiting, func(s Start) bool { return s.N == k.N })
	})
}

// change calls f with a task, and keeps count of what is alive.
func (st *Run) change(task int, f func(t *TaskState)) {
	t := &st.Tasks[task]
	was := t.Alive()
	f(t)
	switch is := t.Alive(); {
	case is && !was:
		st.Alive++
	case was && !is:
		st.Alive--
	}
}
