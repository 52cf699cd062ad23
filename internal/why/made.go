package why

import (
	"fmt"
	"slices"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
)

// words says in a few words what made a condition hold.
func (q *inquiry) words(v *view, c *spec.Condition, d decision) string {
	switch c.Kind {
	case spec.EventIs:
		return "event " + c.Key + " arrived"
	case spec.CountIs:
		return fmt.Sprintf("event %s arrived for the %s time", c.Key, ordinal(int(c.Reaches)))
	case spec.SumIs:
		return fmt.Sprintf("the sum of %s reached %s", c.Of.Source(), number(c.Reaches))
	case spec.EveryIs, spec.ScheduleIs:
		if due, ok := q.tickAt(v, c, d); ok {
			return "its tick of " + instant(due, zoneOf(v, c)) + " came"
		}
		return "a tick came"
	case spec.MissingIs:
		return fmt.Sprintf("%s had not come for %s", missed(c), exact(c.For))
	case spec.WorkflowIs:
		if e := q.entry(q.eventOf(c, d)); e != nil {
			return fmt.Sprintf("run %d of %s ended in %s", e.Run, e.Body.Workflow, e.Body.Status)
		}
		return "a run of another workflow ended"
	case spec.AfterIs, spec.StatusIs:
		if len(c.Wants) == 1 {
			task := v.w.Tasks[c.Wants[0].Task].Name
			if x, ok := q.endBefore(v, task, d.time, d); ok {
				return fmt.Sprintf("task %s %s", task, now(x.status))
			}
		}
		names := make([]string, len(c.Wants))
		for i, want := range c.Wants {
			names[i] = v.w.Tasks[want.Task].Name
		}
		return fmt.Sprintf("%s had ended as asked", tasks(names, "and"))
	case spec.AnyOf:
		if parts := q.took(c, d); len(parts) == 1 {
			return q.words(v, parts[0], d)
		}
		return "one of its conditions was met"
	case spec.AllOf:
		if len(c.Parts) > 3 {
			return "all parts of its condition were met"
		}
		parts := make([]string, len(c.Parts))
		for i, p := range c.Parts {
			parts[i] = q.words(v, p, d)
		}
		return listed(parts, "and")
	}
	return "its condition was met"
}

func tasks(names []string, last string) string {
	if len(names) == 1 {
		return "task " + names[0]
	}
	return "tasks " + listed(names, last)
}

// took are the parts of an `any` that made it hold, as far as the events that
// took part, and the time that came, tell; states only: all parts.
func (q *inquiry) took(c *spec.Condition, d decision) []*spec.Condition {
	var parts []*spec.Condition
	for _, p := range c.Parts {
		if q.tookPart(p, d) {
			parts = append(parts, p)
		}
	}
	if len(parts) > 0 || len(d.Offsets) > 0 {
		return parts
	}
	return slices.DeleteFunc(slices.Clone(c.Parts), func(p *spec.Condition) bool { return p.Signal() })
}

func (q *inquiry) tookPart(c *spec.Condition, d decision) bool {
	switch {
	case c.Tick() || c.Kind == spec.MissingIs:
		_, ok := q.timeOf(c, d)
		return ok
	case c.Signal():
		return q.eventOf(c, d) != 0
	}
	return slices.ContainsFunc(c.Parts, func(p *spec.Condition) bool { return q.tookPart(p, d) })
}

// eventOf is the offset of the event that took part for a condition, 0 for
// none.
func (q *inquiry) eventOf(c *spec.Condition, d decision) int64 {
	for _, o := range slices.Backward(d.Offsets) {
		e := q.entry(o)
		switch {
		case e == nil:
		case e.Kind == machine.EventHappened && c.Key != "" && e.Event.Key == c.Key,
			e.Kind == machine.RunEnded && slices.ContainsFunc(c.Flows, func(f spec.FlowWant) bool { return f.Name == e.Body.Workflow || f.Name == "*" }):
			return o
		}
	}
	return 0
}

// timeOf is the time by which a decision was made, if it was this condition's.
func (q *inquiry) timeOf(c *spec.Condition, d decision) (time.Time, bool) {
	e := q.entry(d.offset)
	if e == nil || e.Kind != machine.TimerFired || e.Body.Timer == nil || e.Body.Timer.Kind != machine.RuleTimer || e.Body.Timer.Node != c.Node {
		return time.Time{}, false
	}
	return e.Body.Timer.Due, true
}

// tickAt is the own time of the tick by which a decision was made, if it was
// this condition's: later than what was waited for where ticks were missed.
func (q *inquiry) tickAt(v *view, c *spec.Condition, d decision) (time.Time, bool) {
	due, ok := q.timeOf(c, d)
	if !ok || v == nil {
		return due, ok
	}
	return ownTime(q.entry(d.offset), c, v.StartedAt), true
}

// made tells what made a rule fire, part by part. x is the execution that it
// started, of v; a trigger's rule has no run.
func (q *inquiry) made(v *view, c *spec.Condition, d decision, x execution, depth int) []freshet.Reason {
	r := freshet.Reason{Kind: freshet.ReasonKind(c.Kind), Key: c.Key, Met: yes(true), Time: moment(d.time)}
	switch c.Kind {
	case spec.EventIs, spec.CountIs, spec.SumIs, spec.WorkflowIs:
		offset := q.eventOf(c, d)
		if offset == 0 {
			return nil
		}
		e := q.event(offset, depth)
		if c.Kind == spec.CountIs || c.Kind == spec.SumIs {
			r.Text, r.Offset, r.Because = sentence("%s; this one was the last that it took", tallyReached(c, d)), offset, []freshet.Reason{e}
			r.Have, r.Need = amount(max(d.Have, c.Reaches)), amount(c.Reaches)
			return []freshet.Reason{r}
		}
		if c.If != nil {
			e.Because = append(e.Because, freshet.Reason{Kind: freshet.WhyRule, Expression: c.If.Source(), Text: sentence("it passed the rule's `if`: %s", c.If.Source())})
		}
		return []freshet.Reason{e}
	case spec.EveryIs, spec.ScheduleIs:
		due, ok := q.tickAt(v, c, d)
		if !ok {
			return nil
		}
		r.Text, r.Time, r.Expression = sentence("the tick of %s came (%s)", instant(due, zoneOf(v, c)), c.Ticks), moment(due), c.Ticks.String()
		return []freshet.Reason{r}
	case spec.MissingIs:
		if _, ok := q.timeOf(c, d); !ok {
			return nil
		}
		r.Text, r.Have, r.Need = sentence("%s had not come for %s", missed(c), exact(c.For)), whole(c.For), whole(c.For)
		return []freshet.Reason{r}
	case spec.AfterIs, spec.StatusIs:
		return q.upstream(v, c, x, d, depth)
	}
	parts := c.Parts
	if c.Kind == spec.AnyOf {
		parts = q.took(c, d)
	}
	var list []freshet.Reason
	for i, p := range parts {
		if i == shownParts {
			return append(list, more(len(parts)-i, "part"))
		}
		list = append(list, q.made(v, p, d, x, depth)...)
	}
	return list
}

// zoneOf is whose clock a schedule goes by.
func zoneOf(v *view, c *spec.Condition) *time.Location {
	if z := c.Ticks.Zone(); z != nil || v == nil {
		return z
	}
	return v.w.Timezone
}

// tallyReached says how far a count or a sum had come.
func tallyReached(c *spec.Condition, d decision) string {
	have := c.Reaches
	if d.Need == c.Reaches && d.Have >= d.Need {
		have = d.Have
	}
	if c.Kind == spec.SumIs {
		return fmt.Sprintf("the sum of %s over event %s reached %s of %s", c.Of.Source(), c.Key, number(have), number(c.Reaches))
	}
	return fmt.Sprintf("event %s had arrived %s of %s times", c.Key, number(have), number(c.Reaches))
}
