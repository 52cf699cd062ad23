package machine

import (
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/expr"
	"github.com/freshet/freshet/internal/spec"
)

var _ scene = (*draft)(nil)

func (d *draft) clock() time.Time { return d.now }

func (d *draft) anchor() time.Time { return orTime(d.st.StartedAt, d.now) }

func (d *draft) key(r *spec.Rule, node int) NodeKey { return NodeKey{d.st.ID, int64(r.ID), node} }

// memory is what a rule remembers, as changed.
func (d *draft) memory(r *spec.Rule) RuleState { return d.remembered(int64(r.ID), d.st.Rules[r.ID]) }

func (d *draft) remember(r *spec.Rule, node int, f func(n *NodeState)) {
	d.rememberIn(int64(r.ID), d.st.Rules[r.ID], r, node, f)
}

func (d *draft) forget(r *spec.Rule, kept RuleState) { d.forgetIn(int64(r.ID), d.st.Rules[r.ID], kept) }

func (d *draft) due(k NodeKey) time.Time { return d.armedFor(k, d.st.Dues) }

// arm lets a condition wait. Those of a run that waits for its place begin to
// wait when it has it.
func (d *draft) arm(k NodeKey, at time.Time) {
	if d.status() != freshet.Queued {
		d.recall.arm(k, at)
	}
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

func (d *draft) done(task int, s freshet.Status) freshet.Status {
	if s == freshet.Failed && d.w.Tasks[task].AllowFailure {
		return freshet.Success
	}
	return s
}

// ruleVars is what the expressions of a rule see: the event, and what the
// rule remembers.
func (d *draft) ruleVars(r *spec.Rule, ev *freshet.Event) expr.Vars {
	list := []*freshet.Event{ev}
	for _, n := range d.memory(r) {
		if n.Event != nil {
			list = append(list, n.Event)
		}
	}
	return d.vars(ev, newest(list), nil)
}

func (d *draft) taskName(i int) string {
	if i == spec.NoTask {
		return ""
	}
	return d.w.Tasks[i].Name
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
			hits = d.told(hits)(observe(d, rn.Rule, rn.Nodes, signal{ev: ev}))
		}
		d.answer(l.Task, hits)
	}
}

// told notes what became of a signal under a rule, and adds it to those that
// fired.
func (d *draft) told(hits []fired) func(fired, bool, freshet.Outcome) []fired {
	return func(f fired, ok bool, out freshet.Outcome) []fired {
		out.Task = d.taskName(f.rule.Task)
		f.outcome = len(d.d.Outcomes)
		d.note(out)
		if ok {
			hits = append(hits, f)
		}
		return hits
	}
}

// observeTime lets the condition whose time has come see it.
func (d *draft) observeTime(tm *Timer) {
	if tm.Rule < 0 || tm.Rule >= int64(len(d.w.Rules)) || tm.Node >= len(d.w.Rules[tm.Rule].Nodes) {
		return
	}
	r := d.w.Rules[tm.Rule]
	wake(d, r, r.Nodes[tm.Node], spec.Catchup{}, tm, d.up(), func(f fired, ok bool, out freshet.Outcome) {
		d.answer(r.Task, d.told(nil)(f, ok, out))
	})
}

// up is when the server came up, or woke, last.
func (d *draft) up() time.Time {
	if d.entry.Body.Up == nil {
		return time.Time{}
	}
	return *d.entry.Body.Up
}

// await lets everything of the run that waits for a time wait from now on.
func (d *draft) await() {
	for _, r := range d.w.Timed() {
		begin(d, r)
	}
	if d.w.Timeout > 0 {
		d.d.Timers = append(d.d.Timers, Timer{Kind: RunTimeoutTimer, Key: freshet.Key{Run: d.st.ID}, Due: freshet.Time(d.now.Add(d.w.Timeout))})
	}
}

// unawait lets nothing of it wait any more: the run's rules act no more.
func (d *draft) unawait() {
	for _, r := range d.w.Rules {
		rest(d, r)
	}
	if d.w.Timeout > 0 {
		d.d.Untimers = append(d.d.Untimers, Timer{Kind: RunTimeoutTimer, Key: freshet.Key{Run: d.st.ID}})
	}
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
			r := rules[i]
			f, ok := examine(d, r, nil, signal{})
			if !ok && !d.allSkipped(r) {
				continue
			}
			f.skip = !ok
			hits = d.told(hits)(f, true, freshet.Outcome{Rule: r.ID, Result: freshet.Fired, Offsets: offsets(f.by)})
		}
		d.answer(target, hits)
	}
}

// allSkipped tells whether a task is skipped because all before it were.
func (d *draft) allSkipped(r *spec.Rule) bool {
	x := examination{sc: d, rule: r}
	return r.When.Kind == spec.AfterIs && !d.w.Tasks[r.Task].HasStart && x.allSkipped(r.When)
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
