package machine

import (
	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// act takes at most one action for a task whose rules fired on one signal:
// stop if the task is alive, else restart, else start. A rule that lost has
// fired all the same.
func (d *draft) act(task int, hits []fired) {
	if len(hits) == 0 {
		return
	}
	if task == spec.NoTask {
		d.halt(freshet.CodeStoppedByRule)
		d.outcome(hits[0]).Action = "stop"
		return
	}
	winner := d.winner(task, hits)
	for _, f := range hits {
		if f.rule != winner.rule {
			d.outcome(f).Note = "another rule of the task acted on the same event"
		}
	}
	out := d.outcome(winner)
	switch {
	case winner.skip:
		out.Action = "skip"
		d.skip(task)
	case winner.rule.Action == spec.Stop:
		if !d.task(task).Alive() {
			out.Note = "the task is not alive"
			return
		}
		out.Action, out.Seq = "stop", d.task(task).Seq()
		d.stop(task, freshet.CodeStoppedByRule)
	case winner.rule.Action == spec.Restart:
		d.restart(task, Start{Rule: winner.rule.ID, By: winner.by, At: d.now}, winner.outcome, freshet.CodeStoppedByRule)
	default:
		d.start(task, Start{Rule: winner.rule.ID, By: winner.by, At: d.now}, winner)
	}
}

// winner is the rule that acts.
func (d *draft) winner(task int, hits []fired) fired {
	alive := d.task(task).Alive()
	for _, action := range []spec.Action{spec.Stop, spec.Restart, spec.Start} {
		if action == spec.Stop && !alive {
			continue
		}
		for _, f := range hits {
			if f.rule.Action == action {
				return f
			}
		}
	}
	return hits[0]
}

func (d *draft) outcome(f fired) *freshet.Outcome { return &d.d.Outcomes[f.outcome] }

// start starts a task, or does with a start that finds it alive what `busy`
// says.
func (d *draft) start(task int, s Start, f fired) {
	t := d.task(task)
	if !t.Alive() {
		if d.status() == freshet.Queued {
			d.wait(task, s)
			d.d.Outcomes[f.outcome].Action = "queue"
			d.d.Outcomes[f.outcome].Note = "the run waits for its place"
			return
		}
		d.begin(task, s)
		out := d.outcome(f)
		out.Action, out.Seq = "start", d.task(task).Seq()
		return
	}
	out := d.outcome(f)
	switch f.rule.Busy {
	case spec.QueueStarts:
		if len(t.Waiting) >= f.rule.BusyLimit {
			out.Note = "the task is alive and its queue is full"
			return
		}
		d.wait(task, s)
		out.Action = "queue"
	case spec.Latest:
		if len(t.Waiting) > 0 {
			d.dropWaiting(task)
			out.Action = "replace"
		} else {
			out.Action = "queue"
		}
		d.wait(task, s)
	case spec.RestartBusy:
		d.restart(task, s, f.outcome, freshet.CodeStoppedByRule)
	default:
		out.Note = "the task is alive"
	}
}

// restart stops the live execution and starts its successor when it has
// stopped; rules never see the predecessor's end.
func (d *draft) restart(task int, s Start, outcome int, why freshet.Code) {
	t := d.task(task)
	switch {
	case d.status() == freshet.Queued:
		d.dropWaiting(task)
		d.wait(task, s)
		d.d.Outcomes[outcome].Action = "queue"
	case !t.Running():
		d.begin(task, s)
		d.d.Outcomes[outcome].Action = "start"
		d.d.Outcomes[outcome].Seq = d.task(task).Seq()
	case t.Latest.Status == freshet.Waiting, t.Latest.Status == freshet.Queued && t.Latest.Epoch == 0 && t.Latest.Key.Try == 1:
		// No process yet: it stays, and takes the new event.
		d.renew(task, s)
		d.d.Outcomes[outcome].Action = "restart"
		d.d.Outcomes[outcome].Seq = t.Seq()
	default:
		d.succeed(task, s)
		d.d.Outcomes[outcome].Action = "restart"
		d.d.Outcomes[outcome].Seq = t.Seq() + 1
		d.end(whole(task), why)
	}
}

// stop ends a task: its live execution, and what waits behind it.
func (d *draft) stop(task int, why freshet.Code) {
	d.dropWaiting(task)
	d.succeed(task, Start{})
	if d.task(task).Running() {
		d.end(whole(task), why)
	}
}

// end asks the live execution of a task to end: at once where no process
// lives, through its executor otherwise.
func (d *draft) end(c cell, why freshet.Code) {
	x, t := d.at(c), d.w.Tasks[c.task]
	switch {
	case t.Foreach != nil && c.item == freshet.NoItem:
		d.endItems(c.task, why)
	case x.Status == freshet.Waiting, x.Status == freshet.Retrying, x.Status == freshet.Queued && x.Epoch == 0:
		switch x.Status {
		case freshet.Queued:
			d.unqueue(x.Key)
		case freshet.Retrying:
			d.d.Untimers = append(d.d.Untimers, Timer{Kind: RetryTimer, Key: x.Key})
		}
		d.edit(c, func(x *Execution) { x.Asked = why })
		d.finish(c, freshet.Stopped, why, stopText[why])
	case t.Kind == spec.Approve:
		d.unanswered(c, why)
	case x.Status == freshet.Stopping:
		// A time-out gives way to whoever else wants it stopped: it is not
		// retried then.
		if x.Asked == freshet.CodeTimeout && why != freshet.CodeTimeout {
			d.edit(c, func(x *Execution) { x.Asked = why })
		}
	default:
		x = d.edit(c, func(x *Execution) { x.Status, x.Asked = freshet.Stopping, why })
		if t.Kind == spec.SubWorkflow {
			d.stopChild(x)
			return
		}
		d.d.Stops = append(d.d.Stops, StopEffect{Key: x.Key, Grace: t.StopGrace})
	}
}

// wait puts a start behind what is alive.
func (d *draft) wait(task int, s Start) {
	d.change(task, func(t *TaskState) {
		s.N = 1
		if n := len(t.Waiting); n > 0 {
			s.N = t.Waiting[n-1].N + 1
		}
		t.Waiting = append(t.Waiting, s)
	})
	d.size++
	d.putWait(Wait{Run: d.st.ID, Task: d.w.Tasks[task].Name, Start: s})
}

// succeed sets what follows the live execution of a task; the zero Start is
// nothing.
func (d *draft) succeed(task int, s Start) {
	if s.At.IsZero() {
		if d.task(task).Successor != nil {
			d.change(task, func(t *TaskState) { t.Successor = nil })
			d.dropWait(WaitKey{Run: d.st.ID, Task: d.w.Tasks[task].Name})
		}
		return
	}
	s.N = 0
	d.change(task, func(t *TaskState) { t.Successor = &s })
	d.size++
	d.putWait(Wait{Run: d.st.ID, Task: d.w.Tasks[task].Name, Start: s})
}

// dropWaiting forgets the starts that wait behind a task.
func (d *draft) dropWaiting(task int) {
	waiting := d.task(task).Waiting
	if len(waiting) == 0 {
		return
	}
	for _, s := range waiting {
		d.dropWait(WaitKey{Run: d.st.ID, Task: d.w.Tasks[task].Name, N: s.N})
	}
	d.change(task, func(t *TaskState) { t.Waiting = nil })
}

// takeWaiting takes the oldest start that waits.
func (d *draft) takeWaiting(task int) (Start, bool) {
	waiting := d.task(task).Waiting
	if len(waiting) == 0 {
		return Start{}, false
	}
	s := waiting[0]
	d.change(task, func(t *TaskState) { t.Waiting = t.Waiting[1:] })
	d.dropWait(WaitKey{Run: d.st.ID, Task: d.w.Tasks[task].Name, N: s.N})
	return s, true
}

// A start may come to wait and cease to within one decision, and its number
// may be used again; rows are written as the last of that said.
func (d *draft) putWait(w Wait) {
	key := WaitKey{w.Run, w.Task, w.N}
	d.d.Waits = append(without(d.d.Waits, func(o Wait) bool { return WaitKey{o.Run, o.Task, o.N} == key }), w)
	d.d.Unwaits = without(d.d.Unwaits, func(o WaitKey) bool { return o == key })
}

func (d *draft) dropWait(key WaitKey) {
	d.d.Waits = without(d.d.Waits, func(o Wait) bool { return WaitKey{o.Run, o.Task, o.N} == key })
	d.d.Unwaits = append(without(d.d.Unwaits, func(o WaitKey) bool { return o == key }), key)
}
