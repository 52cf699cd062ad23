package why

import (
	"fmt"
	"slices"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
	"github.com/freshet/freshet/internal/tick"
)

// signal tells what has come of a signal; without a capital and a full stop.
func (p *post) signal(c *spec.Condition) freshet.Reason {
	switch c.Kind {
	case spec.CountIs, spec.SumIs:
		return p.tally(c)
	case spec.MissingIs:
		return p.absence(c)
	case spec.EveryIs, spec.ScheduleIs:
		return p.tick(c)
	case spec.WorkflowIs:
		return p.end(c)
	}
	r := p.bare(c)
	n := p.look.Node(c)
	if n.Event == nil || !p.look.Met(c) {
		last := p.lastSeen(c)
		r.Text, r.Time, r.Offset, r.Result = last.Text, last.Time, last.Offset, last.Result
		return r
	}
	r.Text = fmt.Sprintf("event %s arrived at offset %d", c.Key, n.Event.Offset)
	r.Time, r.Offset = moment(n.Event.Time), n.Event.Offset
	p.kept(c, n, &r)
	return r
}

// bare is about a condition, with the text to come.
func (p *post) bare(c *spec.Condition) freshet.Reason {
	r := p.about(c, "")
	r.Text = ""
	return r
}

// kept adds until when a signal is remembered.
func (p *post) kept(c *spec.Condition, n machine.NodeState, r *freshet.Reason) {
	until := time.Time{}
	switch {
	case n.At.IsZero():
		return
	case c.Keeps.Span > 0:
		until = n.At.Add(c.Keeps.Span)
	case c.Keeps.Day:
		until = tick.NextMidnight(n.At, p.rule.Zone)
	default:
		return
	}
	r.Text += ", and is remembered until " + instant(until, p.rule.Zone)
	r.Due = moment(until)
}

// tally is how far a count or a sum has come.
func (p *post) tally(c *spec.Condition) freshet.Reason {
	have, marks := p.look.Tally(c)
	r := p.bare(c)
	r.Text = tallied(c, have)
	r.Have, r.Need = amount(have), amount(c.Reaches)
	if c.Of != nil {
		r.Expression = c.Of.Source()
	}
	if len(marks) > 0 {
		out := marks[0].At.Add(c.Within.Span)
		r.Text += fmt.Sprintf("; the oldest counts until %s", instant(out, p.rule.Zone))
		r.Due = moment(out)
	}
	n := p.look.Node(c)
	if n.Event != nil {
		r.Time, r.Offset = moment(n.Event.Time), n.Event.Offset
	}
	if last := p.lastSeen(c); last.Offset > r.Offset || n.Event == nil {
		last.Text, last.Kind, last.Key = sentence("%s", last.Text), freshet.WhyEvent, c.Key
		r.Because = []freshet.Reason{last}
	}
	return r
}

// tallied is such as "sum 63 of 100 (event.data.rows of event loaded)".
func tallied(c *spec.Condition, have float64) string {
	what := "event " + c.Key
	if c.Kind == spec.SumIs {
		what = c.Of.Source() + " of " + what
	}
	if c.If != nil {
		what += ", only those with " + c.If.Source()
	}
	return fmt.Sprintf("%s %s of %s (%s%s)", c.Kind, number(have), number(c.Reaches), what, window(c.Within))
}

// absence is how long something has not come.
func (p *post) absence(c *spec.Condition) freshet.Reason {
	r := p.bare(c)
	n, due := p.look.Node(c), p.look.Due(c)
	what := missed(c)
	r.Need = whole(c.For)
	switch {
	case p.look.Met(c):
		r.Text = fmt.Sprintf("%s had not come for %s", what, exact(c.For))
		r.Time, r.Have = moment(n.At), whole(c.For)
		p.kept(c, n, &r)
		return r
	case due.IsZero() && (p.pending() || p.idle()):
		r.Text = fmt.Sprintf("%s: its absence is not looked at now", what)
		return r
	case due.IsZero() && p.over():
		r.Text = fmt.Sprintf("%s was not missing for %s while the run listened", what, exact(c.For))
		return r
	case due.IsZero():
		r.Text = fmt.Sprintf("%s has been missing for %s, which has been told; it counts again once it has come", what, exact(c.For))
		return r
	}
	if at := n.Since.Add(c.For); !n.Since.IsZero() && at.After(due) {
		due = at // it has come since the time was set
	}
	r.Due = moment(due)
	gone := max(0, p.q.now.Sub(due.Add(-c.For)))
	r.Have = whole(gone)
	if n.Since.IsZero() {
		_, began := p.since()
		r.Text = fmt.Sprintf("%s has not come for %s of %s, since %s", what, span(gone), exact(c.For), began)
		return r
	}
	r.Text = fmt.Sprintf("%s has not come for %s of %s: it came %s", what, span(gone), exact(c.For), p.q.ago(n.Since))
	r.Time = moment(n.Since)
	return r
}

// missed is what an absence is about.
func missed(c *spec.Condition) string {
	if c.Key == "" {
		return "a run of " + flows(c.Flows)
	}
	if c.If != nil {
		return fmt.Sprintf("event %s with %s", c.Key, c.If.Source())
	}
	return "event " + c.Key
}

// flows names workflows with the ends that are asked of their runs.
func flows(list []spec.FlowWant) string {
	words := make([]string, len(list))
	for i, f := range list {
		name := "workflow " + f.Name
		if f.Name == "*" {
			name = "any other workflow"
		}
		words[i] = fmt.Sprintf("%s that ends in %s", name, endings(f.Statuses))
	}
	return listed(words, "or")
}

// tick is when a clock ticks next.
func (p *post) tick(c *spec.Condition) freshet.Reason {
	r := p.bare(c)
	n, due := p.look.Node(c), p.look.Due(c)
	r.Expression = c.Ticks.String()
	switch {
	case p.look.Met(c):
		r.Text = fmt.Sprintf("the tick of %s came (%s)", instant(n.At, p.zone(c)), c.Ticks)
		r.Time = moment(n.At)
		p.kept(c, n, &r)
	case !due.IsZero():
		r.Text, r.Due = fmt.Sprintf("next tick %s (%s)", instant(due, p.zone(c)), c.Ticks), moment(due)
	case p.over():
		r.Text = fmt.Sprintf("no tick of %s came before the run ended", c.Ticks)
	case p.pending():
		r.Text = fmt.Sprintf("ticks of %s count from the start of the run", c.Ticks)
	case p.idle():
		r.Text = fmt.Sprintf("its ticks (%s) do not come now", c.Ticks)
	default:
		r.Text = fmt.Sprintf("no further tick of %s is to come", c.Ticks)
	}
	return r
}

// zone is whose clock a schedule goes by.
func (p *post) zone(c *spec.Condition) *time.Location {
	if z := c.Ticks.Zone(); z != nil {
		return z
	}
	return p.rule.Zone
}

// end is whether a run of another workflow has ended as asked.
func (p *post) end(c *spec.Condition) freshet.Reason {
	r := p.bare(c)
	n := p.look.Node(c)
	if n.Event != nil && p.look.Met(c) {
		r.Text = fmt.Sprintf("run %d of %s ended", n.Event.RunID, n.Event.Key)
		r.Time, r.Offset, r.RunID, r.Workflow = moment(n.At), n.Event.Offset, n.Event.RunID, n.Event.Key
		p.kept(c, n, &r)
		return r
	}
	r.Text = "waiting for a run of " + flows(c.Flows)
	if run, ok := p.lastRun(c); ok {
		r.Text += fmt.Sprintf("; the latest of %s, run %d, %s", run.Workflow, run.ID, p.q.stood(run))
		r.Time, r.RunID, r.Workflow, r.Status = firstTime(run.EndedAt, run.StartedAt, &run.CreatedAt), run.ID, run.Workflow, run.Status
	}
	return r
}

// lastRun is the newest run of the workflows that a condition is about.
func (p *post) lastRun(c *spec.Condition) (newest freshet.Run, ok bool) {
	for i, f := range c.Flows {
		if i == shownParts {
			break
		}
		filter := store.RunFilter{Namespace: p.namespace(), Workflow: f.Name, Limit: 1}
		if f.Name == "*" {
			filter.Workflow, filter.Limit = "", shownStarts
		}
		for _, run := range p.q.runs(filter) {
			if run.ID > newest.ID && run.Workflow != p.own() {
				newest, ok = run, true
			}
		}
	}
	return newest, ok
}

// own is the workflow that the rule belongs to.
func (p *post) own() string {
	if p.v != nil {
		return p.v.Workflow
	}
	return p.t.Workflow
}

// describe names a condition in a few words. w may be nil where it has no
// states of tasks.
func describe(w *spec.Workflow, c *spec.Condition) string {
	switch c.Kind {
	case spec.EventIs:
		return "on event " + c.Key
	case spec.CountIs:
		return fmt.Sprintf("after %s of event %s", number(c.Reaches), c.Key)
	case spec.SumIs:
		return fmt.Sprintf("when the sum of %s reaches %s", c.Of.Source(), number(c.Reaches))
	case spec.MissingIs:
		return fmt.Sprintf("when %s has not come for %s", missed(c), exact(c.For))
	case spec.EveryIs, spec.ScheduleIs:
		return "at the ticks of " + c.Ticks.String()
	case spec.WorkflowIs:
		return "after a run of " + flows(c.Flows)
	case spec.AfterIs, spec.StatusIs:
		names := make([]string, len(c.Wants))
		for i, want := range c.Wants {
			names[i] = w.Tasks[want.Task].Name
		}
		return "after " + tasks(names, "and")
	}
	parts := make([]string, len(c.Parts))
	for i, p := range c.Parts {
		parts[i] = describe(w, p)
	}
	if c.Kind == spec.AnyOf {
		return listed(parts, "or")
	}
	return listed(parts, "and")
}

// waits says in a few words what an unmet condition still waits for.
func (p *post) waits(c *spec.Condition) string {
	var words []string
	switch c.Kind {
	case spec.EventIs:
		return "event " + c.Key
	case spec.CountIs, spec.SumIs:
		have, _ := p.look.Tally(c)
		return fmt.Sprintf("event %s (%s %s of %s)", c.Key, c.Kind, number(have), number(c.Reaches))
	case spec.MissingIs:
		if p.look.Due(c).IsZero() && !p.pending() {
			return fmt.Sprintf("%s, and then %s without it", missed(c), exact(c.For))
		}
		return fmt.Sprintf("%s without %s", exact(c.For), missed(c))
	case spec.EveryIs, spec.ScheduleIs:
		if due := p.look.Due(c); !due.IsZero() {
			return "its next tick " + instant(due, p.zone(c))
		}
		return "a tick of " + c.Ticks.String()
	case spec.WorkflowIs:
		return "a run of " + flows(c.Flows)
	case spec.AfterIs, spec.StatusIs:
		for _, want := range c.Wants {
			if !machine.Wanted(p.v.w, p.v.Run, c, want) {
				words = append(words, p.v.w.Tasks[want.Task].Name+p.v.finally(want.Task))
			}
		}
		if len(words) == 0 {
			return ""
		}
		return tasks(words, "and")
	case spec.AllOf:
		return p.waitsAll(c)
	}
	for _, part := range c.Parts {
		words = append(words, p.waits(part))
	}
	return listed(without(words), "or")
}

func (p *post) waitsAll(c *spec.Condition) string {
	if p.look.FiredToday(c) {
		return "tomorrow (it has fired today)"
	}
	var words []string
	for _, part := range c.Parts {
		if !p.look.Met(part) {
			words = append(words, p.waits(part))
		}
	}
	words = without(words)
	if c.NotBefore != nil && len(words) == 0 {
		if due := p.look.Due(c); !due.IsZero() {
			return "the time " + instant(due, p.rule.Zone)
		}
		return "one more of its signals"
	}
	return listed(words, "and")
}

// finally adds to the name of a task that it has ended: only a further start
// of it can help.
func (v *view) finally(task int) string {
	if s := v.Tasks[task].Status(); s.Final() {
		return " (which " + now(s) + ")"
	}
	return ""
}

// waitsFor says what a task that has not started waits for, over all its
// rules.
func (q *inquiry) waitsFor(v *view, t *spec.Task) string {
	var words []string
	for _, r := range starters(t) {
		words = append(words, q.post(v, r).waits(r.When))
	}
	slices.Sort(words)
	return listed(without(slices.Compact(words)), "or")
}

func without(words []string) []string {
	return slices.DeleteFunc(words, func(s string) bool { return s == "" })
}
