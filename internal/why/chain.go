package why

import (
	"fmt"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
)

// event tells of an event, or of the end of a run that was one to who waited
// for it: who sent it, and why that one had started.
func (q *inquiry) event(offset int64, depth int) freshet.Reason {
	e := q.entry(offset)
	r := freshet.Reason{Kind: freshet.WhyEvent, Offset: offset}
	switch {
	case e != nil && e.Kind == machine.RunEnded:
		return q.runEnd(e, depth)
	case e == nil || e.Kind != machine.EventHappened:
		r.Text = sentence("the event at offset %d is not kept any more", offset)
		return r
	}
	who, sender, v := q.sender(e)
	r.Text = sentence("event %s arrived at offset %d%s, sent %s", e.Event.Key, offset, carries(e.Event), who)
	r.Key, r.Time, r.RunID, r.Task = e.Event.Key, moment(e.Time), e.Run, sender.Task
	if v == nil {
		return r
	}
	r.Because = q.behind(depth, func() []freshet.Reason {
		if e.Cause != 0 {
			return []freshet.Reason{q.ran(v, sender, depth-1)}
		}
		// It was sent while the task ran: how that ended came later.
		at := freshet.Reason{Kind: freshet.WhyTask, Text: sentence("%s was running at that time", q.name(v, sender)), Status: freshet.Running,
			Time: firstOf(sender.started, sender.queued), RunID: v.ID, Task: sender.Task, Seq: sender.Seq}
		return []freshet.Reason{q.before(v, sender, at, depth-1)}
	})
	return r
}

// runEnd tells of the end of a run that something waited for, and why that run
// had started.
func (q *inquiry) runEnd(e *machine.Entry, depth int) freshet.Reason {
	r := freshet.Reason{Kind: freshet.WhyRun, Text: sentence("run %d of %s ended in %s", e.Run, e.Body.Workflow, e.Body.Status), Time: moment(e.Time),
		Offset: e.Offset, RunID: e.Run, Workflow: e.Body.Workflow, Status: e.Body.Status}
	v := q.view(e.Run)
	if v == nil {
		return r
	}
	if v.Reason != "" {
		r.Text = sentence("run %d of %s ended in %s: %s", e.Run, e.Body.Workflow, e.Body.Status, clip(v.Reason))
	}
	r.Because = q.behind(depth, func() []freshet.Reason { return []freshet.Reason{q.runStart(v, depth-1)} })
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
	who = "by task " + ev.Sender
	if v.ID != q.about {
		who = fmt.Sprintf("by task %s of run %d", ev.Sender, v.ID)
	}
	switch {
	case e.Event.Key == machine.ApprovalRequested:
		who += " when it began to wait for an answer"
	case e.Cause != 0:
		who += " with its success"
	}
	return who, x, v
}

// sending finds the execution that sent an event: the report of its end says
// so, or else it is the newest that had started by then.
func (q *inquiry) sending(v *view, e *machine.Entry) (execution, bool) {
	if e.Cause != 0 && e.Event.Key != machine.ApprovalRequested {
		if c := q.entry(e.Cause); c != nil && c.Kind == machine.Ended && c.Body.Process != nil && c.Body.Process.Task == e.Event.Sender {
			return q.start(v, e.Event.Sender, c.Body.Process.Seq)
		}
		return q.startAt(v, e.Event.Sender, e.Time, ending)
	}
	return q.startAt(v, e.Event.Sender, e.Time, func(x execution) time.Time { return x.queued })
}

// runStart tells why a run was started.
func (q *inquiry) runStart(v *view, depth int) freshet.Reason {
	r := freshet.Reason{Kind: freshet.WhyRun, Time: moment(v.CreatedAt), RunID: v.ID, Workflow: v.Workflow}
	if q.toldRuns[v.ID] && (v.Trigger != 0 || v.Event != nil) {
		r.Text = sentence("why run %d was started stands above", v.ID)
		return r
	}
	q.toldRuns[v.ID] = true
	switch {
	case v.RerunOf != 0:
		q.repeats(v, &r, depth)
	case v.Trigger != 0:
		q.byTrigger(v, &r, depth)
	case v.Parent != 0:
		q.calledBy(v, &r, depth)
	case v.Event != nil:
		r.Text = sentence("event %s at offset %d started run %d", v.Event.Key, v.Event.Offset, v.ID)
		r.Offset = v.Event.Offset
		r.Because = q.behind(depth, func() []freshet.Reason { return []freshet.Reason{q.event(v.Event.Offset, depth-1)} })
	case v.Type != freshet.Manual && v.Type != "":
		r.Text = sentence("run %d was started by a %s", v.ID, v.Type)
	case v.ScheduledAt.After(v.CreatedAt):
		r.Text = sentence("a person asked for run %d at this time, to start %s", v.ID, instant(v.ScheduledAt, v.w.Timezone))
		r.Due = moment(v.ScheduledAt)
	default:
		r.Text = sentence("a person started run %d", v.ID)
	}
	return r
}

// byTrigger tells which trigger started a run, and on what.
func (q *inquiry) byTrigger(v *view, r *freshet.Reason, depth int) {
	r.Trigger = v.Trigger
	t := q.trigger(v.Trigger)
	start := q.startEntry(v)
	name, why := "", q.whyStarted(v, t, start)
	switch {
	case t != nil:
		name = t.Name
	case start != nil && start.Body.Start != nil:
		name = start.Body.Start.TriggerName
	}
	r.Text = sentence("%s started run %d, %s", title(v.Trigger, name), v.ID, why)
	if v.Event != nil {
		r.Offset = v.Event.Offset
	}
	switch {
	case t == nil:
		r.Because = append(r.Because, freshet.Reason{Kind: freshet.WhyTrigger, Trigger: v.Trigger, Text: "The trigger is not there any more."})
	default:
		r.Because = append(r.Because, freshet.Reason{Kind: freshet.WhyTrigger, Trigger: t.ID, Workflow: t.Workflow, Expression: t.Expression,
			Text: sentence("it is %s: %s", t.source(), t.what())})
	}
	if v.Depth > 1 && (v.ID == q.about || q.about == 0) {
		r.Because = append(r.Because, freshet.Reason{Kind: freshet.WhyTrigger, Have: amount(float64(v.Depth)), Need: amount(freshet.MaxDepth),
			Text: sentence("it is link %d of a chain of triggers that set each other off; %d are allowed", v.Depth, freshet.MaxDepth)})
	}
	r.Because = append(r.Because, q.behind(depth, func() []freshet.Reason { return q.contributed(v, start, depth-1) })...)
}

// whyStarted says on what a trigger started a run.
func (q *inquiry) whyStarted(v *view, t *trigger, start *machine.Entry) string {
	zone := v.w.Timezone
	if t != nil {
		zone = t.zone()
	}
	switch {
	case len(v.Missing) > 0:
		text := "at its deadline, without " + listed(v.Missing, "and")
		if t != nil && t.on != nil && t.on.When.Deadline != nil {
			text = fmt.Sprintf("at its deadline %s, without %s", instant(t.on.When.Deadline.On(v.CreatedAt, zone), zone), listed(v.Missing, "and"))
		}
		return text
	case v.Type == freshet.BySchedule && v.CreatedAt.Sub(v.ScheduledAt) > time.Minute && t != nil && t.Catchup != "" && t.Catchup != "none":
		return fmt.Sprintf("because its tick of %s was made up for at %s (`catchup: %s`)", instant(v.ScheduledAt, zone), instant(v.CreatedAt, zone), t.Catchup)
	case v.Type == freshet.BySchedule:
		return "because its tick of " + instant(v.ScheduledAt, zone) + " came"
	}
	if words := q.whatHeld(v, t, start); words != "" {
		return "because " + words
	}
	switch {
	case v.Type == freshet.ByWorkflow && v.Event != nil:
		return fmt.Sprintf("because run %d of %s ended", v.Event.RunID, v.Event.Key)
	case v.Event != nil:
		return fmt.Sprintf("because event %s arrived", v.Event.Key)
	}
	return "because its condition held"
}

// whatHeld names what took part where it was more than one event, or none:
// all parts of an `all`, or what had not come. Empty where that does not tell.
func (q *inquiry) whatHeld(v *view, t *trigger, start *machine.Entry) string {
	if start == nil || t == nil || t.on == nil {
		return ""
	}
	o, e := q.firing(v.Trigger, start.Cause)
	if e == nil {
		return ""
	}
	d := decision{Outcome: o, offset: e.Offset, time: e.Time}
	if keys := q.keysOf(t.on.When, d); len(keys) > 1 && len(keys) == len(o.Offsets) {
		text := fmt.Sprintf("events %s had come", listed(keys, "and"))
		if e.Kind == machine.EventHappened {
			text += ", the last of them " + e.Event.Key
		}
		return text
	}
	if v.Event == nil || len(o.Offsets) > 1 && t.on.When.Kind == spec.AllOf {
		return q.words(nil, t.on.When, d)
	}
	return ""
}

// keysOf are the events that took part for a condition, in the order of the
// file.
func (q *inquiry) keysOf(c *spec.Condition, d decision) []string {
	var keys []string
	if c.Kind == spec.EventIs && q.eventOf(c, d) != 0 {
		keys = append(keys, c.Key)
	}
	for _, part := range c.Parts {
		keys = append(keys, q.keysOf(part, d)...)
	}
	return keys
}

// contributed are the events and ends of runs that a trigger's condition took.
func (q *inquiry) contributed(v *view, start *machine.Entry, depth int) []freshet.Reason {
	var offsets []int64
	var list []freshet.Reason
	if start != nil {
		o, e := q.firing(v.Trigger, start.Cause)
		offsets = o.Offsets
		if e != nil && e.Kind == machine.TimerFired && e.Body.Timer != nil && v.Type != freshet.BySchedule {
			list = append(list, freshet.Reason{Kind: freshet.WhyTime, Time: moment(e.Body.Timer.Due), Text: "The time that it waited for came.", Trigger: v.Trigger})
		}
		if o.Need > 0 {
			list = append(list, freshet.Reason{Kind: freshet.WhyTrigger, Have: amount(o.Have), Need: amount(o.Need), Time: moment(v.CreatedAt), Trigger: v.Trigger,
				Text: sentence("it had come to %s of %s", number(o.Have), number(o.Need))})
		}
	}
	if len(offsets) == 0 && v.Event != nil {
		offsets = []int64{v.Event.Offset}
	}
	for i := len(offsets) - 1; i >= 0; i-- {
		if len(list) == shownParts {
			return append(list, more(i+1, "event"))
		}
		behind := depth
		if i < len(offsets)-1 {
			behind = -1 // the chain is followed behind the last of them
		}
		list = append(list, q.event(offsets[i], behind))
	}
	return list
}

// startEntry finds the entry by which a run was asked for: the one with its id
// of those that were written at the time of its creation.
func (q *inquiry) startEntry(v *view) *machine.Entry {
	if q.err != nil {
		return nil
	}
	list, err := q.x.reader.Journal(q.ctx, max(0, q.upTo(v.CreatedAt)-childRows), childRows+1)
	if !q.ok(err) {
		return nil
	}
	for i := range list {
		if list[i].Kind == machine.StartRun && list[i].Run == v.ID {
			return &list[i]
		}
	}
	return nil
}
