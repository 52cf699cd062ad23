package why

import (
	"fmt"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
)

// event tells of an event, who sent it, and why that one had started.
func (q *inquiry) event(offset int64, depth int) freshet.Reason {
	e := q.entry(offset)
	if e == nil || e.Event == nil {
		return freshet.Reason{Text: sentence("the event at offset %d is not kept any more", offset), Offset: offset}
	}
	who, sender, v := q.sender(e)
	r := freshet.Reason{Text: sentence("event %s arrived at offset %d, sent %s", e.Event.Key, offset, who),
		Time: moment(e.Time), Offset: offset, RunID: e.Run}
	if v == nil {
		return r
	}
	r.Because = q.behind(depth, func() []freshet.Reason { return []freshet.Reason{q.ran(v, sender, depth-1)} })
	return r
}

// sender finds out who sent an event. The execution is known where a run's
// own task did.
func (q *inquiry) sender(e *machine.Entry) (who string, x execution, v *view) {
	ev := e.Event
	switch {
	case ev.Sender == "" && e.Run != 0:
		return fmt.Sprintf("from outside to run %d", e.Run), x, nil
	case ev.Sender == "":
		return "from outside", x, nil
	}
	who = "by " + ev.Sender
	if e.Run == 0 {
		return who, x, nil
	}
	if v = q.view(e.Run); v == nil {
		return fmt.Sprintf("by %s of run %d", ev.Sender, e.Run), x, nil
	}
	if _, ok := v.w.Task(ev.Sender); !ok {
		return who, x, nil
	}
	x, ok := q.sending(v, e)
	if !ok {
		return who, x, nil
	}
	if e.Cause != 0 {
		return fmt.Sprintf("by task %s with its success", ev.Sender), x, v
	}
	return "by task " + ev.Sender, x, v
}

// sending finds the execution that sent an event: the report of its end says
// so, or else it is the newest that had started by then.
func (q *inquiry) sending(v *view, e *machine.Entry) (execution, bool) {
	if e.Cause != 0 {
		if c := q.entry(e.Cause); c != nil && c.Kind == machine.Ended && c.Body.Process != nil && c.Body.Process.Task == e.Event.Sender {
			return q.start(v, e.Event.Sender, c.Body.Process.Seq)
		}
		return q.startAt(v, e.Event.Sender, e.Time, ending)
	}
	return q.startAt(v, e.Event.Sender, e.Time, func(x execution) time.Time { return x.queued })
}

// runStart tells why a run was started.
func (q *inquiry) runStart(v *view, depth int) freshet.Reason {
	r := freshet.Reason{Time: moment(v.CreatedAt), RunID: v.ID}
	switch {
	case v.Event != nil:
		r.Text = sentence("event %s at offset %d started run %d", v.Event.Key, v.Event.Offset, v.ID)
		r.Offset = v.Event.Offset
		r.Because = q.behind(depth, func() []freshet.Reason { return []freshet.Reason{q.event(v.Event.Offset, depth-1)} })
	case v.RerunOf != 0:
		r.Text = sentence("run %d repeats run %d", v.ID, v.RerunOf)
	case v.Parent != 0:
		r.Text = sentence("run %d called run %d", v.Parent, v.ID)
	case v.Type == freshet.Manual || v.Type == "":
		r.Text = sentence("a person started run %d", v.ID)
	default:
		r.Text = sentence("run %d was started by a %s", v.ID, v.Type)
	}
	return r
}
