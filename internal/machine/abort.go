package machine

import (
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
	d.over(freshet.Failed)
	row.Code, row.Reason, row.Outputs = freshet.CodeInternal, reason, nil
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
		x.Status, x.Code, x.Reason, x.EndedAt = freshet.Failed, freshet.CodeInternal, "its run was given up", d.now
	})
	d.d.Unqueue = append(d.d.Unqueue, x.Key)
	d.d.Untimers = append(d.d.Untimers, Timer{Kind: RetryTimer, Key: x.Key}, Timer{Kind: TimeoutTimer, Key: x.Key})
}
