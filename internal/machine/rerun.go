package machine

import (
	"fmt"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// takeOver begins a run as a new go at one that has ended: the results of
// tasks that are kept are there from the start, and others start again. Rules
// do not see what is copied as something that happens.
func (d *draft) takeOver() {
	s := d.entry.Body.Start
	if s == nil || s.Rerun == nil {
		return
	}
	r := s.Rerun
	if len(r.Kept)+len(r.Again) == 0 {
		return
	}
	for _, k := range r.Kept {
		t, ok := d.w.Task(k.Task)
		if !ok || t.Finally {
			continue // a newer version may lack it
		}
		x := &Execution{Key: freshet.Key{Run: d.st.ID, Task: k.Task, Item: freshet.NoItem, Seq: 1, Try: 1}, Status: k.Status, Code: k.Code,
			Reason: fmt.Sprintf("kept from run %d", r.Of), QueuedAt: d.now, StartedAt: d.now, EndedAt: d.now, Offset: k.Offset, Artifacts: k.Artifacts}
		x.Outputs, _ = d.entry.Body.Outputs[k.Task].(map[string]any)
		d.add(whole(t.Index), x)
		if k.Status == freshet.Success {
			d.succeeded(t.Index, x)
		}
	}
	for _, a := range r.Again {
		t, ok := d.w.Task(a.Task)
		if !ok || t.Finally || r.Newer && d.waitsForOthers(t) {
			continue
		}
		d.wait(t.Index, Start{Rule: -1, By: a.By(), At: d.now})
	}
	if d.st.Status == freshet.Running {
		d.push(work{Op: opAdmit})
	}
	d.push(work{Op: opMet})
}

// waitsForOthers tells whether a task starts by the ends of others alone, which
// have not come: a newer version may have put tasks before it.
func (d *draft) waitsForOthers(t *spec.Task) bool {
	waits := false
	for _, r := range t.Rules {
		if r.Action != spec.Start {
			continue
		}
		if !r.StatesOnly {
			return false
		}
		if _, met := examine(d, r, nil, signal{}); met {
			return false
		}
		waits = true
	}
	return waits
}

// beginMet starts the tasks whose conditions are met by what was kept alone:
// nothing will happen any more that would make anybody look at them.
func (d *draft) beginMet(from int) {
	for i := from; i < len(d.w.Tasks); i++ {
		if d.full(work{Op: opMet, From: i}) {
			return
		}
		t := d.w.Tasks[i]
		if t.Finally || t.WithRun || d.task(i).Latest != nil || d.task(i).Alive() {
			continue
		}
		for _, r := range t.Rules {
			if r.Action != spec.Start || !r.StatesOnly {
				continue
			}
			if f, ok := examine(d, r, nil, signal{}); ok {
				d.act(i, d.told(nil)(f, true, freshet.Outcome{Rule: r.ID, Result: freshet.Fired}))
				break
			}
		}
	}
}
