package why

import (
	"encoding/json"
	"fmt"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// waitsWords tells what an execution without a process waits for: a person, or
// the run that it has called.
func (q *inquiry) waitsWords(t *spec.Task, x execution) string {
	switch {
	case t.Kind == spec.Approve && x.message != "":
		return fmt.Sprintf("waits for a person to answer %q", clip(x.message))
	case t.Kind == spec.Approve:
		return "waits for a person"
	case x.child == 0:
		return fmt.Sprintf("waits for a run of %s, which it has asked for", t.Flow)
	}
	return fmt.Sprintf("waits for run %d of %s, which it has called", x.child, t.Flow)
}

// waitsInFull is the same with all that can be said of it.
func (q *inquiry) waitsInFull(v *view, t *spec.Task, x execution) []freshet.Reason {
	r := freshet.Reason{Kind: freshet.WhyTask, RunID: v.ID, Task: x.Task, Seq: x.Seq}
	if t.Kind == spec.Approve {
		name := freshet.TaskName(x.Task, x.Item)
		if x.Item != freshet.NoItem {
			name = "'" + name + "'"
		}
		r.Text, r.Time = sentence("`freshet task approve %d %s` or `freshet task reject %d %s` answers it; it has waited since", v.ID, name, v.ID, name), moment(x.started)
		list := []freshet.Reason{r}
		if a := t.Approval; a.Timeout > 0 {
			what := "fails as if rejected"
			if a.OnTimeout == spec.Approved {
				what = "counts as approved"
			}
			list = append(list, freshet.Reason{Kind: freshet.WhyTime, RunID: v.ID, Task: x.Task, Due: moment(x.started.Add(a.Timeout)),
				Text: sentence("if nobody has answered by then it %s (`timeout: %s`)", what, exact(a.Timeout))})
		}
		return list
	}
	return q.called(x)
}

// called tells how the run stands, or ended, that an execution has called.
func (q *inquiry) called(x execution) []freshet.Reason {
	if x.child == 0 || q.calls >= waitDepth {
		return nil
	}
	child := q.view(x.child)
	if child == nil {
		return []freshet.Reason{{Kind: freshet.WhyRun, RunID: x.child, Text: sentence("run %d is not kept any more", x.child)}}
	}
	q.calls++
	defer func() { q.calls-- }()
	r := freshet.Reason{Kind: freshet.WhyRun, RunID: child.ID, Workflow: child.Workflow, Status: child.Status, Time: firstOf(child.EndedAt, child.StartedAt, child.CreatedAt)}
	switch {
	case child.Status.Final():
		r.Text, r.Because = sentence("run %d of %s %s", child.ID, child.Workflow, child.ending()), q.failed(child)
	case child.Status == freshet.Queued:
		r.Text, r.Because = sentence("run %d of %s is %s", child.ID, child.Workflow, q.placeWords(child)), q.place(child)
	default:
		r.Text, r.Because = sentence("run %d of %s is %s", child.ID, child.Workflow, child.Status), q.alive(child)
	}
	return []freshet.Reason{r}
}

// calledBy tells which task of which run called a run.
func (q *inquiry) calledBy(v *view, r *freshet.Reason, depth int) {
	r.Text = sentence("run %d called run %d", v.Parent, v.ID)
	parent := q.view(v.Parent)
	if parent == nil || v.Caller == nil {
		return
	}
	k := *v.Caller
	r.Text = sentence("task %s of run %d (%s) called run %d", freshet.TaskName(k.Task, k.Item), parent.ID, parent.Workflow, v.ID)
	if x, ok := q.start(parent, k.Task, k.Seq); ok {
		r.Because = q.behind(depth, func() []freshet.Reason { return []freshet.Reason{q.ran(parent, x, depth-1)} })
	}
}

// answer tells which person answered an approval, and with what words.
func (q *inquiry) answer(v *view, x execution) []freshet.Reason {
	if x.Item != freshet.NoItem {
		return nil // the ledger says of an answer only which task it was about
	}
	for _, row := range q.recent(v, x.Task).rows {
		for _, o := range row.Outcomes {
			if o.Task != x.Task || o.Seq != x.Seq || o.Action != "approve" && o.Action != "reject" {
				continue
			}
			r := freshet.Reason{Kind: freshet.WhyOutcome, Result: o.Result, Offset: row.Offset, RunID: v.ID, Task: x.Task, Seq: x.Seq,
				Text: map[string]string{"approve": "A person approved it", "reject": "A person rejected it"}[o.Action]}
			if o.Note != "" {
				r.Text += fmt.Sprintf(": %q", clip(o.Note))
			}
			r.Text = sentence("%s", r.Text)
			if e := q.entry(row.Offset); e != nil {
				r.Time = moment(e.Time)
			}
			return []freshet.Reason{r}
		}
	}
	return nil
}

// jsonOf is a value as text.
func jsonOf(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}
