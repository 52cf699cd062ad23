package machine

import (
	"fmt"
	"maps"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/expr"
)

// Items are the executions of a task with `foreach`, one per item, of its
// latest start. They begin in order, so those from N on have not begun.
type Items struct {
	List    []*Execution // by index, the newest try of each
	N       int          // that have begun
	Live    int          // that have no final status
	Failed  int
	Stopped int

	over map[int]*Execution // in a decision to be: what lies over List
}

// draft is a copy that a decision may change.
func (s Items) draft() Items {
	s.over = map[int]*Execution{}
	return s
}

func (s *Items) get(i int) *Execution {
	if x, ok := s.over[i]; ok {
		return x
	}
	if i < 0 || i >= len(s.List) {
		return nil
	}
	return s.List[i]
}

func (s *Items) put(x *Execution) {
	i := x.Key.Item
	if old := s.get(i); old != nil {
		s.count(old, -1)
	}
	s.N = max(s.N, i+1)
	s.count(x, 1)
	if s.over != nil {
		s.over[i] = x
		return
	}
	for len(s.List) <= i {
		s.List = append(s.List, nil)
	}
	s.List[i] = x
}

// change calls f with an item's execution to be changed.
func (s *Items) change(x *Execution, f func(x *Execution)) {
	s.count(x, -1)
	f(x)
	s.count(x, 1)
}

func (s *Items) count(x *Execution, by int) {
	switch {
	case !x.Status.Final():
		s.Live += by
	case x.Status == freshet.Failed:
		s.Failed += by
	case x.Status == freshet.Stopped:
		s.Stopped += by
	}
}

// spread starts a task with `foreach`: its list is computed, and its items
// begin.
func (d *draft) spread(task int, x *Execution) {
	t, c := d.w.Tasks[task], whole(task)
	vars := d.vars(x.Event(), x.By, nil)
	vars["env"] = envObject{slices.Concat(d.w.Env, t.Env), maps.Clone(vars)}
	if t.If != nil {
		yes, err := d.wants(t, vars)
		if err != nil {
			d.finish(c, freshet.Failed, freshet.CodeExpression, err.Error())
			return
		}
		if !yes {
			d.finish(c, freshet.Skipped, freshet.CodeIf, t.If.Source()+" is false")
			return
		}
	}
	items, err := t.Foreach.Items(vars)
	if err != nil {
		d.finish(c, freshet.Failed, freshet.CodeExpression, "foreach: "+err.Error())
		return
	}
	d.edit(c, func(x *Execution) {
		x.Status, x.StartedAt, x.Call, x.Executor = freshet.Running, d.now, &Call{Items: items}, ""
	})
	d.change(task, func(t *TaskState) { t.Items = Items{}.draft() })
	d.push(work{Op: opItems, Task: task, Links: d.shown.Links})
}

// itemVars gives expressions the item that they are about.
func (d *draft) itemVars(vars expr.Vars, k freshet.Key) {
	items := d.task(d.index(k.Task)).Latest.Call.Items
	vars["item"], vars["index"] = items[k.Item], int64(k.Item)
}

// itemEnded looks, after what is being done, at what follows an item's end.
func (d *draft) itemEnded(task int) {
	if n := len(d.work); n > 0 && d.work[n-1].Op == opItems && d.work[n-1].Task == task {
		return // it does so already
	}
	d.push(work{Op: opItems, Task: task, Links: d.shown.Links})
}

// moreItems starts what may start of a task's items. When all are over, so is
// the task.
func (d *draft) moreItems(w work) {
	t, p := d.w.Tasks[w.Task], d.task(w.Task).Latest
	if !p.Status.Alive() {
		return
	}
	all := len(p.Call.Items)
	broken := t.Foreach.FailFast && d.task(w.Task).Items.Failed > 0
	for {
		s := &d.task(w.Task).Items
		if s.N >= all {
			break
		}
		ended := broken || p.Asked != ""
		if !ended && t.Foreach.MaxParallel > 0 && s.Live >= t.Foreach.MaxParallel {
			break
		}
		if d.full(w) {
			return
		}
		d.beginItem(w.Task, s.N, ended)
		broken = t.Foreach.FailFast && d.task(w.Task).Items.Failed > 0
		if p = d.task(w.Task).Latest; !p.Status.Alive() {
			return
		}
	}
	switch {
	case d.task(w.Task).Items.Live == 0:
		d.itemsOver(w.Task)
	case broken && p.Asked == "":
		d.push(work{Op: opEndItems, Task: w.Task})
	}
}

// beginItem starts an item, or skips it.
func (d *draft) beginItem(task, i int, skip bool) {
	t, p := d.w.Tasks[task], d.task(task).Latest
	x := &Execution{Key: p.Key, Status: freshet.Queued, QueuedAt: d.now, Offset: p.Offset, By: p.By, Executor: t.Executor}
	x.Key.Item = i
	if t.InEngine() {
		x.Executor = ""
	}
	c := cell{task, i}
	d.add(c, x)
	if skip {
		reason := "an item before it failed"
		if p.Asked != "" {
			reason = "the task was stopped before"
		}
		d.edit(c, func(x *Execution) {
			x.Status, x.Code, x.Reason, x.EndedAt = freshet.Skipped, freshet.CodeUpstream, reason, d.now
		})
		return
	}
	d.starts++
	d.decideStart(c)
}

// endItems begins to stop a task with its items.
func (d *draft) endItems(task int, why freshet.Code) {
	if p := d.task(task).Latest; p.Asked == "" {
		d.edit(whole(task), func(x *Execution) { x.Status, x.Asked = freshet.Stopping, why })
	}
	d.push(work{Op: opEndItems, Task: task}, work{Op: opItems, Task: task})
}

// endMore stops the live items of a task, from one on.
func (d *draft) endMore(w work) {
	p := d.task(w.Task).Latest
	if !p.Status.Alive() {
		return
	}
	why := p.Asked
	if why == "" {
		why = freshet.CodeUpstream // another item has failed
	}
	for i := w.From; i < d.task(w.Task).Items.N; i++ {
		if w.From = i; d.full(w) {
			return
		}
		if x := d.at(cell{w.Task, i}); x != nil && !x.Status.Final() && x.Asked == "" {
			d.end(cell{w.Task, i}, why)
		}
	}
}

func stoppedItems(n, all int) string {
	if n == 1 {
		return "1 of " + plural(all, "item") + " was stopped"
	}
	return fmt.Sprintf("%d of %s were stopped", n, plural(all, "item"))
}

// itemsOver ends a task as its items have ended.
func (d *draft) itemsOver(task int) {
	s, p := d.task(task).Items, d.task(task).Latest
	status, code, reason := freshet.Success, freshet.Code(""), ""
	outputs := map[string]any{}
	for i := range s.N {
		x := s.get(i)
		if x.Status == freshet.Failed && status != freshet.Failed {
			status, code, reason = freshet.Failed, x.Code, fmt.Sprintf("item %d: %s", i, x.Reason)
		}
		for name, v := range x.Outputs {
			list, ok := outputs[name].([]any)
			if !ok {
				list = make([]any, len(p.Call.Items))
			}
			list[i] = v
			outputs[name] = list
		}
	}
	switch {
	case status == freshet.Failed:
	case p.Asked != "":
		status, code, reason = freshet.Stopped, p.Asked, stopText[p.Asked]
	case s.Stopped > 0:
		status, code, reason = freshet.Stopped, freshet.CodeStoppedByPerson, stoppedItems(s.Stopped, s.N)
	}
	d.edit(whole(task), func(x *Execution) { x.Outputs = outputs })
	if s.N > 0 {
		d.d.Unheld = append(d.d.Unheld, HeldKey{d.st.ID, p.Key.Task, p.Key.Seq})
		d.change(task, func(t *TaskState) { t.Items = Items{}.draft() })
	}
	d.finish(whole(task), status, code, reason)
}
