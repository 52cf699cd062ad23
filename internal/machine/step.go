// Package machine is the brain: pure functions from a state and a journal
// entry to a decision. Step works on one target at a time, a run or a
// namespace's registry, and touches nothing; Apply brings a state up to a
// decision. There is no I/O, clock, randomness or goroutine here, so that the
// same journal gives the same decisions, byte for byte, on every machine.
//
// A step goes through a list of signals: an event, a task's end. Every rule
// that listens observes the signal, then at most one action per task follows,
// and what that brings to an end at once is a further signal of the same step.
package machine

import (
	"maps"
	"slices"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// bounds hold a step to what one writer can do for one run.
type bounds struct {
	rows   int // that a decision may touch before the rest becomes a continuation, so that a fan-out of ten thousand is many small transactions
	starts int // of tasks in all parts, for tasks that start each other in ever growing numbers
}

var usual = bounds{rows: 500, starts: 100_000}

// Step decides what an entry means for a run. The state is only read. A
// decision with More is the first part of a longer one: apply it and call
// Step again with the same entry and More.
func Step(w *spec.Workflow, st *Run, e *Entry, more *Continuation) *Decision {
	return step(w, st, e, more, usual)
}

func step(w *spec.Workflow, st *Run, e *Entry, more *Continuation, limit bounds) *Decision {
	d := newDraft(w, st, e)
	d.limit = limit
	if more != nil {
		d.part, d.starts = more.Part, more.Starts
		maps.Copy(d.was, more.Was)
		d.push(more.Work...)
	} else {
		d.open()
	}
	d.run()
	for d.close() {
		d.run()
	}
	return d.decision()
}

// draft is a decision in the making: what it has changed lies over the state.
type draft struct {
	recall
	w     *spec.Workflow
	st    *Run
	entry *Entry
	now   time.Time

	row    *RunRow // changed
	tasks  map[int]*TaskState
	execs  []*Execution // changed, in order
	owned  map[*Execution]bool
	alive  int
	limit  bounds
	frees  []PlaceKey // places that executions leave
	asks   []PlaceAsk // and those that they want
	part   int        // of the step
	starts int        // of tasks, in all parts so far
	work   []work
	ending map[int]int            // task -> ends in work, which rules have not seen yet
	shown  work                   // the end that rules are looking at
	was    map[int]freshet.Status // tasks before the actions of the signal at hand
	events map[*freshet.Event]*eventObject
}

func newDraft(w *spec.Workflow, st *Run, e *Entry) *draft {
	return &draft{w: w, st: st, entry: e, now: e.Time, alive: st.Alive, limit: usual, ending: map[int]int{}, was: map[int]freshet.Status{},
		tasks: map[int]*TaskState{}, owned: map[*Execution]bool{},
		recall: recall{d: Decision{Target: st.ID}}}
}

// run works the list off until it is empty or the decision is full.
func (d *draft) run() {
	for len(d.work) > 0 {
		if d.size >= d.limit.rows {
			d.d.More = &Continuation{Part: d.part + 1, Work: d.work, Starts: d.starts, Was: d.was}
			return
		}
		next := d.work[0]
		d.work = d.work[1:]
		d.shown = next
		if next.From == 0 {
			clear(d.was)
		}
		switch next.Op {
		case opBegin:
			d.beginAll(next.From)
		case opEvent:
			d.observeEvent(next.From)
		case opEnded:
			d.ending[next.Task]--
			d.observeEnd(next)
		case opNext:
			d.nextWaiting(next.Task)
		case opHalt:
			d.haltAll(next.From)
		case opMet:
			d.beginMet(next.From)
		case opItems:
			d.moreItems(next)
		case opEndItems:
			d.endMore(next)
		case opAdmit:
			d.admitAll(next.From)
		}
	}
	d.shown = work{}
	clear(d.was)
}

// full tells a loop over many tasks to go on in a later part.
func (d *draft) full(rest work) bool {
	if d.size < d.limit.rows {
		return false
	}
	later := d.work
	d.work = nil
	d.push(rest)
	d.work = append(d.work, later...)
	return true
}

// decision collects what has changed, in a fixed order.
func (d *draft) decision() *Decision {
	d.tellPlaces()
	d.d.Run = d.row
	d.d.Executions = d.execs
	d.collect(d.st.ID)
	for _, x := range d.execs {
		t := d.task(d.index(x.Key.Task))
		x.Held = t.Latest == x || t.Success == x || x.Key.Item != freshet.NoItem && t.Items.get(x.Key.Item) == x
		if x.Status.Final() {
			x.By = nil
		}
	}
	return &d.d
}

func (d *draft) index(task string) int {
	t, ok := d.w.Task(task)
	if !ok {
		return -1
	}
	return t.Index
}

// runRow is the run's row, to be changed.
func (d *draft) runRow() *RunRow {
	if d.row == nil {
		c := d.st.RunRow
		d.row = &c
		d.size++
	}
	return d.row
}

// status of the run, as changed.
func (d *draft) status() freshet.Status {
	if d.row != nil {
		return d.row.Status
	}
	return d.st.Status
}

// task is the state of a task, as changed; the caller does not change it.
func (d *draft) task(i int) *TaskState {
	if t, ok := d.tasks[i]; ok {
		return t
	}
	return &d.st.Tasks[i]
}

// change calls f with a task's state to be changed, and keeps count of what
// is alive.
func (d *draft) change(i int, f func(t *TaskState)) {
	t, ok := d.tasks[i]
	if !ok {
		c := d.st.Tasks[i]
		c.Waiting, c.Items = slices.Clone(c.Waiting), c.Items.draft()
		t = &c
		d.tasks[i] = t
	}
	before := t.Alive()
	f(t)
	switch after := t.Alive(); {
	case after && !before:
		d.alive++
	case before && !after:
		d.alive--
	}
}

// add makes x the latest execution of a cell.
func (d *draft) add(c cell, x *Execution) {
	d.own(x)
	if c.item != freshet.NoItem {
		d.change(c.task, func(t *TaskState) { t.Items.put(x) })
		return
	}
	d.change(c.task, func(t *TaskState) {
		if old := t.Latest; old != nil && old != t.Success && old.Held && !d.owned[old] {
			c := *old // no longer what a loaded run needs
			d.own(&c)
		}
		if t.Latest == nil || t.Latest.Key.Seq != x.Key.Seq {
			t.Items = Items{}
		}
		t.Latest = x
	})
}

// cell is a task, or one item of a task with `foreach`.
type cell struct{ task, item int }

func whole(task int) cell { return cell{task, freshet.NoItem} }

// at is the latest execution of a cell, as changed; nil: there is none.
func (d *draft) at(c cell) *Execution {
	if c.item == freshet.NoItem {
		return d.task(c.task).Latest
	}
	return d.task(c.task).Items.get(c.item)
}

// edit gives the latest execution of a cell to be changed.
func (d *draft) edit(c cell, f func(x *Execution)) *Execution {
	x := d.at(c)
	if !d.owned[x] {
		copied := *x
		d.own(&copied)
		d.change(c.task, func(t *TaskState) {
			if c.item != freshet.NoItem {
				t.Items.put(&copied)
				return
			}
			if t.Success == t.Latest {
				t.Success = &copied
			}
			t.Latest = &copied
		})
		x = &copied
	}
	d.change(c.task, func(t *TaskState) {
		if c.item == freshet.NoItem {
			f(x)
			return
		}
		t.Items.change(x, f)
	})
	return x
}

func (d *draft) own(x *Execution) {
	d.owned[x] = true
	d.execs = append(d.execs, x)
	d.size++
}

// any tells whether there is something to keep.
func (s RuleState) any() bool {
	return slices.ContainsFunc(s, func(n NodeState) bool { return n.Stored() || len(n.Marks) > 0 })
}

// note adds to the ledger.
func (d *draft) note(o freshet.Outcome) { d.d.Outcomes = append(d.d.Outcomes, o) }

// push adds signals to the list.
func (d *draft) push(list ...work) {
	for _, w := range list {
		if w.Op == opEnded {
			d.ending[w.Task]++
		}
	}
	d.work = append(d.work, list...)
}
