package machine

import (
	"fmt"
	"maps"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/expr"
	"github.com/freshet/freshet/internal/spec"
)

// beginAll starts the tasks that start with the run, or with its `finally`.
func (d *draft) beginAll(from int) {
	finally := d.result() != ""
	for i := from; i < len(d.w.Tasks); i++ {
		if d.full(work{Op: opBegin, From: i}) {
			return
		}
		t := d.w.Tasks[i]
		first := t.WithRun
		if finally {
			first = t.Finally && t.After == nil
		}
		if first && d.task(i).Latest == nil && len(d.task(i).Waiting) == 0 {
			d.begin(i, Start{Rule: -1, At: d.now})
		}
	}
}

// admitAll begins the starts that waited for the run to get its place.
func (d *draft) admitAll(from int) {
	for i := from; i < len(d.w.Tasks); i++ {
		if d.full(work{Op: opAdmit, From: i}) {
			return
		}
		d.nextWaiting(i)
	}
}

// nextWaiting begins the oldest start that waits behind a task, if the task
// is free.
func (d *draft) nextWaiting(task int) {
	if d.task(task).Running() || !d.live() {
		return
	}
	if s, ok := d.takeWaiting(task); ok {
		d.begin(task, s)
		d.note(freshet.Outcome{Task: d.w.Tasks[task].Name, Rule: s.Rule, Result: freshet.Fired, Action: "start",
			Seq: d.task(task).Seq(), Offsets: offsets(s.By), Note: "it had waited"})
	}
}

// begin starts a task: its `if` is asked, its values are computed, and it is
// decided here or waits for a slot.
func (d *draft) begin(task int, s Start) {
	t := d.w.Tasks[task]
	x := &Execution{
		Key:      freshet.Key{Run: d.st.ID, Task: t.Name, Item: freshet.NoItem, Seq: d.task(task).Seq() + 1, Try: 1},
		Status:   freshet.Queued,
		QueuedAt: d.now,
		Executor: t.Executor,
	}
	if t.InEngine() {
		x.Executor = ""
	}
	d.add(whole(task), x)
	if !d.runsAway(task) {
		d.ready(task, s)
	}
}

// runsAway fails a run whose tasks, decided here, go on starting or skipping
// each other: one writer serves everybody, and would never come to an end.
// Without a circle a chain of ends is no longer than there are tasks.
func (d *draft) runsAway(task int) bool {
	d.starts++
	if d.shown.Links <= len(d.w.Tasks)+freshet.MaxDepth && d.starts <= d.limit.starts {
		return false
	}
	d.finish(whole(task), freshet.Failed, freshet.CodeRunaway, "the tasks of this run start each other without end")
	d.halt(freshet.CodeRunaway)
	return true
}

// renew gives an execution that has no process yet a newer event.
func (d *draft) renew(task int, s Start) {
	x := d.edit(whole(task), func(x *Execution) { x.Call = nil })
	if x.Status == freshet.Queued {
		d.unqueue(x.Key)
	}
	d.ready(task, s)
}

// unqueue takes an execution out of those that wait for a slot.
func (d *draft) unqueue(k freshet.Key) {
	d.d.Queue = without(d.d.Queue, func(q Queued) bool { return q.Key == k })
	d.d.Unqueue = append(d.d.Unqueue, k)
}

// ready decides a task that is about to start.
func (d *draft) ready(task int, s Start) {
	x := d.edit(whole(task), func(x *Execution) {
		x.By, x.Offset = s.By, 0
		if ev := x.Event(); ev != nil {
			x.Offset = ev.Offset
		}
	})
	if d.w.Tasks[task].Foreach != nil {
		d.spread(task, x)
		return
	}
	d.decideStart(whole(task))
}

// decideStart computes the values of an execution, and lets it begin.
func (d *draft) decideStart(c cell) {
	t := d.w.Tasks[c.task]
	vars, call, err := d.call(t, d.at(c))
	switch {
	case err != nil:
		d.finish(c, freshet.Failed, freshet.CodeExpression, err.Error())
	case call == nil:
		d.finish(c, freshet.Skipped, freshet.CodeIf, t.If.Source()+" is false")
	case t.Kind == spec.Expr:
		d.edit(c, func(x *Execution) { x.Call = call.orNothing() })
		d.compute(c, vars)
	default:
		d.edit(c, func(x *Execution) { x.Call = call.orNothing() })
		if t.Concurrency != nil {
			d.takePlace(c, vars)
			return
		}
		d.launch(c)
	}
}

// launch lets a try of an execution begin: it asks, calls, or waits for a
// slot.
func (d *draft) launch(c cell) {
	t, x := d.w.Tasks[c.task], d.at(c)
	switch t.Kind {
	case spec.Approve:
		d.request(c)
	case spec.SubWorkflow:
		d.callWorkflow(c)
	default:
		d.d.Queue = append(without(d.d.Queue, func(q Queued) bool { return q.Key == x.Key }), Queued{Key: x.Key, Free: t.LongRunning})
		d.d.Unqueue = without(d.d.Unqueue, func(k freshet.Key) bool { return k == x.Key })
	}
}

// call computes the values that a task's start keeps. Without an error, nil
// means that its `if` is false.
func (d *draft) call(t *spec.Task, x *Execution) (expr.Vars, *Call, error) {
	call := &Call{}
	env := map[string]any{}
	vars := d.vars(x.Event(), x.By, env)
	vars["secrets"] = expr.Later
	if x.Key.Item != freshet.NoItem { // its `if` was asked before there were items
		d.itemVars(vars, x.Key)
	} else if t.If != nil {
		yes, err := d.wants(t, vars)
		if err != nil || !yes {
			return nil, nil, err
		}
	}
	if err := d.bind(vars, env, call, "env of the workflow", d.w.Env); err != nil {
		return nil, nil, err
	}
	if err := d.bind(vars, env, call, "env", t.Env); err != nil {
		return nil, nil, err
	}
	for i, a := range t.Args {
		text, later, err := d.text(call, a, vars)
		if err != nil {
			return nil, nil, fmt.Errorf("command, element %d: %w", i, err)
		}
		if later != nil {
			later.Args = append(later.Args, i)
		}
		call.Args = append(call.Args, text)
	}
	if allStatic(t.Args) {
		call.Args = nil
	}
	key, inputs := t.Inputs()
	for _, b := range inputs {
		v, later, err := d.value(call, b.Value, vars)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %s: %w", key, b.Name, err)
		}
		if later != nil {
			later.Input = append(later.Input, b.Name)
		}
		if call.Input == nil {
			call.Input = map[string]any{}
		}
		call.Input[b.Name] = v
	}
	if t.Approval != nil {
		text, err := d.masked(t.Approval.Message, vars)
		if err != nil {
			return nil, nil, fmt.Errorf("approval: message: %w", err)
		}
		call.Message = text
	}
	if t.WorkingDir != nil {
		dir, later, err := d.text(call, t.WorkingDir, vars)
		if err != nil {
			return nil, nil, fmt.Errorf("working_dir: %w", err)
		}
		if call.Dir = dir; later != nil {
			later.Dir = true
		}
	}
	return vars, call, nil
}

// wants asks a task's `if`. It comes before all else, so that it can guard
// the rest: a variable is evaluated only if it is looked at.
func (d *draft) wants(t *spec.Task, vars expr.Vars) (bool, error) {
	guard := maps.Clone(vars)
	guard["env"] = envObject{slices.Concat(d.w.Env, t.Env), vars}
	yes, err := t.If.Bool(guard)
	if err != nil {
		return false, fmt.Errorf("if: %s: %w", t.If.Source(), err)
	}
	return yes, nil
}

// envObject is an `env` whose variables are evaluated when they are looked
// at. A later one sees those before it.
type envObject struct {
	list []spec.Binding
	vars expr.Vars
}

func (o envObject) Names() []string {
	names := make([]string, len(o.list))
	for i, b := range o.list {
		names[i] = b.Name
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (o envObject) Field(name string) (any, bool) {
	for i := len(o.list) - 1; i >= 0; i-- {
		if o.list[i].Name != name {
			continue
		}
		vars := maps.Clone(o.vars)
		vars["env"] = envObject{o.list[:i], o.vars}
		text, err := o.list[i].Value.Text(vars)
		if err != nil {
			return fmt.Errorf("env: %s: %w", name, err), false
		}
		return text, true
	}
	return nil, false
}

// bind evaluates the variables of an `env`; later ones see earlier ones.
func (d *draft) bind(vars expr.Vars, env map[string]any, call *Call, where string, list []spec.Binding) error {
	for _, b := range list {
		text, later, err := d.text(call, b.Value, vars)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", where, b.Name, err)
		}
		if env[b.Name] = text; later != nil {
			env[b.Name] = expr.Later
			later.Env = append(later.Env, len(call.Env))
		}
		call.Env = append(call.Env, [2]string{b.Name, text})
	}
	return nil
}

func allStatic(args []*expr.Template) bool {
	for _, a := range args {
		if _, ok := a.Static(); !ok {
			return false
		}
	}
	return true
}

// orNothing is the call, or nil where there is nothing to keep.
func (c *Call) orNothing() *Call {
	if c.Args == nil && c.Env == nil && c.Input == nil && c.Dir == "" && c.Message == "" && c.Items == nil {
		return nil
	}
	return c
}

// compute decides a task of kind expr.
func (d *draft) compute(c cell, vars expr.Vars) {
	t := d.w.Tasks[c.task]
	out := make(map[string]any, len(t.Exprs))
	for _, e := range t.Exprs {
		v, err := e.Program.Eval(vars)
		if err != nil {
			d.finish(c, freshet.Failed, freshet.CodeExpression, fmt.Sprintf("%s: %s: %v", e.Name, e.Program.Source(), err))
			return
		}
		out[e.Name] = v
	}
	d.edit(c, func(x *Execution) { x.StartedAt, x.Outputs = d.now, out })
	d.finish(c, freshet.Success, "", "")
}

// skip ends a task all of whose upstreams were skipped, without starting it.
func (d *draft) skip(task int) {
	if d.task(task).Alive() {
		return
	}
	d.add(whole(task), &Execution{
		Key:    freshet.Key{Run: d.st.ID, Task: d.w.Tasks[task].Name, Item: freshet.NoItem, Seq: d.task(task).Seq() + 1, Try: 1},
		Status: freshet.Queued, QueuedAt: d.now,
	})
	if !d.runsAway(task) {
		d.finish(whole(task), freshet.Skipped, freshet.CodeUpstream, "all tasks before it were skipped")
	}
}

func without[T any](list []T, drop func(T) bool) []T {
	kept := list[:0]
	for _, x := range list {
		if !drop(x) {
			kept = append(kept, x)
		}
	}
	return kept
}
