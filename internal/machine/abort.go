package machine

import (
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// Abort ends a run that cannot be decided any more because of a fault of
// ours: what lives is stopped, and the run has failed with CodeInternal.
func Abort(w *spec.Workflow, st *Run, e *Entry, reason string) *Decision {
	d := newDraft(w, st, e)
	row := d.runRow()
	row.Status = freshet.Stopping // no rule acts any more
	for i := range w.Tasks {
		d.dropWaiting(i)
		d.succeed(i, Start{})
		x := d.task(i).Latest
		if x == nil || x.Status.Final() {
			continue
		}
		for item := range d.task(i).Items.N {
			d.giveUp(cell{i, item})
		}
		d.giveUp(whole(i))
	}
	d.unawait()
	row.Code, row.Reason, row.Outputs = freshet.CodeInternal, reason, nil
	d.over(freshet.Failed)
	d.note(freshet.Outcome{Rule: -1, Result: freshet.Erred, Note: reason})
	return d.decision()
}

// giveUp ends an execution, whatever it is doing.
func (d *draft) giveUp(c cell) {
	x, t := d.at(c), d.w.Tasks[c.task]
	if x.Status.Final() {
		return
	}
	if t.Kind == spec.SubWorkflow {
		d.stopChild(x)
	}
	if x.Epoch != 0 && x.Status != freshet.Retrying {
		d.d.Stops = append(d.d.Stops, StopEffect{Key: x.Key, Grace: t.StopGrace})
	}
	d.leavePlace(x)
	d.edit(c, func(x *Execution) {
		x.Status, x.Code, x.Reason, x.EndedAt = freshet.Failed, freshet.CodeInternal, givenUp, d.now
	})
	d.d.Unqueue = append(d.d.Unqueue, x.Key)
	d.d.Untimers = append(d.d.Untimers, Timer{Kind: RetryTimer, Key: x.Key}, Timer{Kind: TimeoutTimer, Key: x.Key})
}

const givenUp = "its run was given up"

// Loaded is a run as it is stored.
type Loaded struct {
	Row   RunRow
	Held  []*Execution
	Waits []Wait
	Dues  Dues
}

// GiveUp ends a run whose workflow nobody can read any more: it has failed
// with CodeInternal, whoever called it hears of that, and what it called is
// stopped. Its places come back with its end. What processes it has is for
// their holder to find out.
func GiveUp(l Loaded, now time.Time, reason string) *Decision {
	row := l.Row
	row.Status, row.Code, row.Reason, row.Outputs, row.EndedAt = freshet.Failed, freshet.CodeInternal, reason, nil, now
	d := &Decision{Target: row.ID, Run: &row, Emit: row.farewell(0)}
	for _, x := range l.Held {
		if x.Status.Final() {
			continue
		}
		c := *x
		c.Status, c.Code, c.Reason, c.EndedAt, c.By = freshet.Failed, freshet.CodeInternal, givenUp, now, nil
		d.Executions = append(d.Executions, &c)
		d.Untimers = append(d.Untimers, Timer{Kind: RetryTimer, Key: x.Key}, Timer{Kind: TimeoutTimer, Key: x.Key})
		if x.Child != 0 {
			d.Emit = append(d.Emit, StopCalled(row.Namespace, x.Child, row.Depth, 0))
		}
	}
	for _, w := range l.Waits {
		d.Unwaits = append(d.Unwaits, WaitKey{w.Run, w.Task, w.N})
	}
	for _, k := range sortedKeys(l.Dues) {
		d.Untimers = append(d.Untimers, NodeTimer(k, time.Time{}))
	}
	for _, kind := range []TimerKind{RunTimeoutTimer, RunStartTimer} {
		d.Untimers = append(d.Untimers, Timer{Kind: kind, Key: freshet.Key{Run: row.ID}})
	}
	return d
}
