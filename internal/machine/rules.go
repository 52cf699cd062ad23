package machine

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/expr"
	"github.com/freshet/freshet/internal/spec"
)

// fired is a rule whose condition held, with the events that took part.
type fired struct {
	rule    *spec.Rule
	by      []*freshet.Event // newest of each key, oldest first; nil: states only
	skip    bool             // all upstreams were skipped: the action is to skip
	outcome int              // index in Decision.Outcomes
}

// observeEvent lets every rule that listens to the entry's event see it, task
// by task in the order of the file.
func (d *draft) observeEvent(from int) {
	ev := d.entry.Event
	listeners := d.w.Listeners(ev.Key)
	for i := from; i < len(listeners); i++ {
		if d.full(work{Op: opEvent, From: i}) {
			return
		}
		l := listeners[i]
		var hits []fired
		for _, rn := range l.Rules {
			if f, ok := d.observe(rn.Rule, rn.Nodes, ev); ok {
				hits = append(hits, f)
			}
		}
		d.answer(l.Task, hits)
	}
}

// observe shows an event to the conditions of one rule that listen to it, and
// examines the rule if one of their signals happened.
func (d *draft) observe(r *spec.Rule, nodes []*spec.Condition, ev *freshet.Event) (fired, bool) {
	out := freshet.Outcome{Task: d.taskName(r.Task), Rule: r.ID, Result: freshet.Filtered}
	var hit []int // conditions whose signal happens now
	for _, c := range nodes {
		result, note := d.see(r, c, ev)
		switch result {
		case freshet.Fired:
			hit = append(hit, c.Node)
		case freshet.Counted:
			n := d.rule(r)[c.Node]
			out.Result, out.Have, out.Need = freshet.Counted, n.have(c), c.Reaches
			if n.have(c) >= c.Reaches {
				hit = append(hit, c.Node)
			}
		case freshet.Erred:
			if out.Result == freshet.Filtered {
				out.Result, out.Note = freshet.Erred, note
			}
		}
	}
	if len(hit) == 0 {
		d.note(out)
		return fired{}, false
	}
	f, ok := d.examine(r, hit, ev)
	if ok {
		out.Result, out.Offsets = freshet.Fired, offsets(f.by)
	} else if r.When.Kind == spec.AllOf || slices.ContainsFunc(r.Nodes, func(c *spec.Condition) bool { return c.InAll }) {
		out.Result = freshet.Remembered
	} else {
		out.Result = freshet.Unmet
	}
	f.outcome = len(d.d.Outcomes)
	d.note(out)
	return f, ok
}

// see shows an event to one condition: Fired where its signal happens,
// Counted where it was added up, Filtered or Erred where its `if` or `of`
// did not let it through.
func (d *draft) see(r *spec.Rule, c *spec.Condition, ev *freshet.Event) (freshet.Result, string) {
	if c.If != nil {
		yes, err := c.If.Bool(d.ruleVars(r, ev))
		if err != nil {
			return freshet.Erred, fmt.Sprintf("if: %s: %v", c.If.Source(), err)
		}
		if !yes {
			return freshet.Filtered, ""
		}
	}
	switch c.Kind {
	case spec.EventIs:
		if c.InAll {
			d.remember(r, c.Node, func(n *NodeState) { n.Event = ev })
		}
		return freshet.Fired, ""
	case spec.SumIs:
		x, err := c.Of.Number(d.ruleVars(r, ev))
		if err != nil {
			return freshet.Erred, fmt.Sprintf("of: %s: %v", c.Of.Source(), err)
		}
		d.remember(r, c.Node, func(n *NodeState) { n.Event, n.Sum, n.Count = ev, n.Sum+x, n.Count+1 })
	case spec.CountIs:
		d.remember(r, c.Node, func(n *NodeState) { n.Event, n.Count = ev, n.Count+1 })
	}
	return freshet.Counted, ""
}

// have is how far a count or a sum has come.
func (n NodeState) have(c *spec.Condition) float64 {
	if c.Kind == spec.SumIs {
		return n.Sum
	}
	return float64(n.Count)
}

// observeEnd lets every rule that looks at the status of a task see that its
// latest execution has ended.
func (d *draft) observeEnd(end work) {
	rules := d.w.Watchers(end.Task)
	for i := end.From; i < len(rules); {
		end.From = i
		if d.full(end) {
			return
		}
		target := rules[i].Task
		var hits []fired
		for ; i < len(rules) && rules[i].Task == target; i++ {
			f, ok := d.examine(rules[i], nil, nil)
			if !ok {
				continue
			}
			f.outcome = len(d.d.Outcomes)
			d.note(freshet.Outcome{Task: d.taskName(target), Rule: rules[i].ID, Result: freshet.Fired, Offsets: offsets(f.by)})
			hits = append(hits, f)
		}
		d.answer(target, hits)
	}
}

// answer takes the action that a signal asks of a task. All rules look at the
// signal before anything is done: those that come after see the task as it
// was.
func (d *draft) answer(task int, hits []fired) {
	if len(hits) > 0 && task != spec.NoTask && len(d.w.Watchers(task)) > 0 {
		d.was[task] = d.seen(task)
	}
	d.act(task, hits)
}

// examine asks whether the whole condition of a rule holds. If it does, the
// rule has fired: its signals are forgotten, whatever becomes of the action.
func (d *draft) examine(r *spec.Rule, hit []int, ev *freshet.Event) (fired, bool) {
	x := examination{d: d, rule: r, state: d.rule(r), hit: hit}
	if !x.met(r.When) {
		if hit == nil && r.When.Kind == spec.AfterIs && !d.w.Tasks[r.Task].HasStart && x.allSkipped(r.When) {
			return fired{rule: r, skip: true}, true
		}
		return fired{rule: r}, false
	}
	f := fired{rule: r, by: newest(x.took(r.When, ev, nil))}
	d.forget(r)
	return f, true
}

// newest keeps of each key its newest event, oldest first.
func newest(list []*freshet.Event) []*freshet.Event {
	slices.SortFunc(list, func(a, b *freshet.Event) int { return cmp.Compare(a.Offset, b.Offset) })
	by := list[:0]
	for i, ev := range list {
		later := slices.ContainsFunc(list[i+1:], func(o *freshet.Event) bool { return o.Key == ev.Key })
		if !later {
			by = append(by, ev)
		}
	}
	return by
}

// examination is one look at a rule's condition.
type examination struct {
	d     *draft
	rule  *spec.Rule
	state RuleState
	hit   []int
}

func (x *examination) met(c *spec.Condition) bool {
	switch c.Kind {
	case spec.EventIs:
		return slices.Contains(x.hit, c.Node) || x.state != nil && x.state[c.Node].Event != nil
	case spec.CountIs, spec.SumIs:
		return x.state != nil && x.state[c.Node].Event != nil && x.state[c.Node].have(c) >= c.Reaches
	case spec.StatusIs:
		for _, want := range c.Wants {
			if !slices.Contains(want.Statuses, x.d.seen(want.Task)) {
				return false
			}
		}
		return true
	case spec.AfterIs:
		return x.after(c)
	case spec.AllOf:
		return !slices.ContainsFunc(c.Parts, func(p *spec.Condition) bool { return !x.met(p) })
	case spec.AnyOf:
		return slices.ContainsFunc(c.Parts, x.met)
	}
	return false
}

// took lists the events of the conditions that made c hold.
func (x *examination) took(c *spec.Condition, now *freshet.Event, list []*freshet.Event) []*freshet.Event {
	switch {
	case !x.met(c):
	case len(c.Parts) > 0:
		for _, p := range c.Parts {
			list = x.took(p, now, list)
		}
	case c.Signal() && x.state != nil && x.state[c.Node].Event != nil:
		list = append(list, x.state[c.Node].Event)
	case c.Signal():
		list = append(list, now)
	}
	return list
}

// after holds when every upstream is done and one of them succeeded: a
// failure that is allowed counts as success, and a skip as done.
func (x *examination) after(c *spec.Condition) bool {
	succeeded := false
	for _, want := range c.Wants {
		switch x.d.done(want.Task, x.d.seen(want.Task)) {
		case freshet.Success:
			succeeded = true
		case freshet.Skipped:
		default:
			return false
		}
	}
	return succeeded
}

func (x *examination) allSkipped(c *spec.Condition) bool {
	return !slices.ContainsFunc(c.Wants, func(w spec.Want) bool { return x.d.seen(w.Task) != freshet.Skipped })
}

// seen is the status of a task as rules may know it. Ends reach them one by
// one: while they look at one, the task has ended, whatever has become of it
// since, and a task whose end they will see later has not ended yet. So two
// ends in one step are two examinations, and only the second finds both.
func (d *draft) seen(task int) freshet.Status {
	switch {
	case d.shown.Op == opEnded && d.shown.Task == task:
		return d.shown.Status
	case d.was[task] != "":
		return d.was[task]
	case d.ending[task] > 0:
		return freshet.Running
	}
	return d.task(task).Status()
}

// done is a status of a task as `after` takes it.
func (d *draft) done(task int, s freshet.Status) freshet.Status {
	if s == freshet.Failed && d.w.Tasks[task].AllowFailure {
		return freshet.Success
	}
	return s
}

func offsets(by []*freshet.Event) []int64 {
	if len(by) == 0 {
		return nil
	}
	list := make([]int64, len(by))
	for i, ev := range by {
		list[i] = ev.Offset
	}
	return list
}

func (d *draft) taskName(i int) string {
	if i == spec.NoTask {
		return ""
	}
	return d.w.Tasks[i].Name
}

// ruleVars is what the expressions of a rule see: the event, and what the
// rule remembers.
func (d *draft) ruleVars(r *spec.Rule, ev *freshet.Event) expr.Vars {
	list := []*freshet.Event{ev}
	for _, n := range d.rule(r) {
		if n.Event != nil {
			list = append(list, n.Event)
		}
	}
	return d.vars(ev, newest(list), nil)
}
