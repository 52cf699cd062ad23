package why

import (
	"fmt"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
)

// rerun is what a run was to take over of another one; nil: nothing, or that is
// not known any more.
func (q *inquiry) rerun(v *view) *machine.Rerun {
	if v.RerunOf == 0 {
		return nil
	}
	if e := q.startEntry(v); e != nil && e.Body.Start != nil {
		return e.Body.Start.Rerun
	}
	return nil
}

// keptFrom explains a result that a run has taken over from another one.
func (q *inquiry) keptFrom(v *view, r *machine.Rerun, x execution, depth int) (cause, bool) {
	if r == nil || x.Seq != 1 {
		return cause{}, false
	}
	for _, k := range r.Kept {
		if k.Task != x.Task {
			continue
		}
		return cause{fmt.Sprintf("in run %d, from which its result was kept", r.Of), q.behind(depth, func() []freshet.Reason {
			return append([]freshet.Reason{q.askedFor(v, r)}, q.inRun(r.Of, x.Task, depth)...)
		})}, true
	}
	return cause{}, false
}

// startsAgain is a task that a run started at once, because it is a new go at
// another one; nil: it is none.
func startsAgain(r *machine.Rerun, x execution) *machine.AgainOn {
	if r == nil || x.Seq != 1 {
		return nil
	}
	for i := range r.Again {
		if r.Again[i].Task == x.Task {
			return &r.Again[i]
		}
	}
	return nil
}

// byRerun explains why a task started again, with the events that had started
// it in the run before.
func (q *inquiry) byRerun(v *view, r *machine.Rerun, a *machine.AgainOn, depth int) cause {
	c := cause{words: "because " + anew(v, r)}
	var keys []string
	for _, ev := range a.By() {
		keys = append(keys, ev.Key)
	}
	switch len(keys) {
	case 0:
	case 1:
		c.words += ", with the event that had started it then, " + keys[0]
	default:
		c.words += ", with the events that had started it then, " + listed(keys, "and")
	}
	c.because = q.behind(depth, func() []freshet.Reason {
		list := []freshet.Reason{q.askedFor(v, r)}
		for _, ev := range a.By() {
			list = append(list, q.event(ev.Offset, depth-1))
		}
		return append(list, q.inRun(r.Of, a.Task, depth)...)
	})
	return c
}

// inRun tells what had become of a task in the run before.
func (q *inquiry) inRun(run int64, task string, depth int) []freshet.Reason {
	before := q.view(run)
	if before == nil {
		return nil
	}
	t, ok := before.w.Task(task)
	if !ok {
		return nil
	}
	x, ok := q.latest(before, t.Index)
	if !ok {
		return nil
	}
	return []freshet.Reason{q.ran(before, x, depth-1)}
}

// anew says of which run a run is a new go, and how much of it.
func anew(v *view, r *machine.Rerun) string {
	text := fmt.Sprintf("run %d is a new go at run %d", v.ID, r.Of)
	switch {
	case r.From != "":
		return text + fmt.Sprintf(", from task %s on", r.From)
	case len(r.Kept)+len(r.Again) > 0:
		return text + ", from what had failed or was stopped"
	}
	return text
}

// askedFor tells who wanted a new go at a run.
func (q *inquiry) askedFor(v *view, r *machine.Rerun) freshet.Reason {
	command := fmt.Sprintf("run rerun %d", r.Of)
	switch {
	case r.From != "":
		command += " --from " + r.From
	case len(r.Kept)+len(r.Again) > 0:
		command += " --from-failed"
	}
	return freshet.Reason{Kind: freshet.WhyRun, Text: sentence("a person asked for it with `%s`", command), Time: moment(v.CreatedAt), RunID: v.ID, Workflow: v.Workflow}
}

// repeats tells of which run a run is a new go, and why that one had started.
func (q *inquiry) repeats(v *view, out *freshet.Reason, depth int) {
	r := q.rerun(v)
	if r == nil {
		r = &machine.Rerun{Of: v.RerunOf}
	}
	out.Text = sentence("%s", anew(v, r))
	out.Because = []freshet.Reason{q.askedFor(v, r)}
	out.Because = append(out.Because, q.behind(depth, func() []freshet.Reason {
		if before := q.view(r.Of); before != nil {
			return []freshet.Reason{q.runStart(before, depth-1)}
		}
		if v.Event != nil {
			return []freshet.Reason{q.event(v.Event.Offset, depth-1)}
		}
		return nil
	})...)
}
