package spec

import (
	"slices"

	"github.com/freshet/freshet/internal/expr"
)

// order knows which tasks wait for which, and so what can never start and what
// cannot have run before. An event can always come, so that only `after` and
// `status` say something.
type order struct {
	r          *reader
	dependents [][]watch // by the task that is waited for
	waits      [][]int   // the tasks that a task waits for, by any rule

	of     int   // the task whose ancestors are known
	above  []int // by task: the last one of which it is known to be an ancestor
	unsure bool  // one of its ancestors has rules that could not be read
	budget int   // bounds the work for files that are made to be slow
}

// watch is a condition that waits for a task, with its rule.
type watch struct {
	rule *Rule
	leaf *Condition
}

func newOrder(r *reader) *order {
	n := len(r.drafts)
	o := &order{r: r, dependents: make([][]watch, n), waits: make([][]int, n), of: NoTask, above: make([]int, n), budget: 20_000_000}
	for t := range o.above {
		o.above[t] = NoTask
	}
	for _, rule := range r.w.Rules {
		if rule.Task == NoTask || rule.Action == Stop {
			continue
		}
		for _, c := range rule.Nodes {
			for _, want := range c.Wants {
				o.dependents[want.Task] = append(o.dependents[want.Task], watch{rule, c})
				o.waits[rule.Task] = append(o.waits[rule.Task], want.Task)
			}
		}
	}
	return o
}

// startable is the least set of tasks that can start, without one of them if
// that is not NoTask.
func (o *order) startable(without int) []bool {
	can := make([]bool, len(o.r.drafts))
	missing := map[*Condition]int{}
	var queue []int
	add := func(t int) {
		if !can[t] && t != without {
			can[t] = true
			queue = append(queue, t)
		}
	}
	for i, d := range o.r.drafts {
		if d.WithRun || d.loose || d.Finally && d.After == nil {
			add(i)
		}
	}
	for _, rule := range o.r.w.Rules {
		for _, c := range rule.Nodes {
			if len(c.Wants) > 0 {
				missing[c] = len(c.Wants)
			}
		}
		if rule.Task != NoTask && rule.Action != Stop && canFire(rule.When, missing) {
			add(rule.Task)
		}
	}
	for len(queue) > 0 {
		t := queue[0]
		queue = queue[1:]
		for _, d := range o.dependents[t] {
			missing[d.leaf]--
			if missing[d.leaf] == 0 && !can[d.rule.Task] && canFire(d.rule.When, missing) {
				add(d.rule.Task)
			}
		}
	}
	return can
}

// canFire tells whether a condition can be met, given how many tasks each
// state still waits for in vain.
func canFire(c *Condition, missing map[*Condition]int) bool {
	can := func(p *Condition) bool { return canFire(p, missing) }
	switch c.Kind {
	case AllOf:
		return !slices.ContainsFunc(c.Parts, func(p *Condition) bool { return !can(p) })
	case AnyOf:
		return slices.ContainsFunc(c.Parts, can)
	case AfterIs, StatusIs:
		return missing[c] == 0
	}
	return true
}

// checkCycles reports the tasks that wait for each other, so that none of them
// can start. What only waits for such a circle is not named: it is cured with
// it.
func (o *order) checkCycles() {
	said := make([]bool, len(o.r.drafts))
	for _, d := range o.r.drafts {
		if d.After != nil && slices.ContainsFunc(d.After.Wants, func(w Want) bool { return w.Task == d.Index }) {
			o.r.errorAt(d.node, CodeSelf, "`%s` is `after` itself", d.Name)
			said[d.Index] = true
		}
		for _, rule := range d.stop {
			for _, c := range rule.Nodes {
				if slices.ContainsFunc(c.Wants, func(w Want) bool { return w.Task == d.Index }) {
					o.r.warn(d.node, CodeNoEffect, "", "`%s` is stopped by its own end, when there is nothing to stop", d.Name)
				}
			}
		}
	}
	can := o.startable(NoTask)
	for t := range can {
		if !can[t] && !said[t] {
			o.reportCycle(t, can, said)
		}
	}
}

// reportCycle walks from a task that cannot start to what it waits for until
// it comes back to a task on the way.
func (o *order) reportCycle(t int, can, said []bool) {
	var path []int
	place := map[int]int{}
	for !said[t] {
		said[t] = true
		place[t] = len(path)
		path = append(path, t)
		next := slices.IndexFunc(o.waits[t], func(w int) bool { return !can[w] })
		if next < 0 {
			return
		}
		t = o.waits[t][next]
	}
	from, onPath := place[t]
	if !onPath {
		return
	}
	circle := append(path[from:], t)
	if len(circle) == 2 {
		o.r.errorAt(o.r.nodeOf(t), CodeSelf, "`%s` can start only when it has run itself", o.r.drafts[t].Name)
		return
	}
	o.r.hinted(o.r.nodeOf(t), CodeCycle, "each waits for the next; at least one needs another way to start",
		"these tasks wait for each other, none can start: %s", o.r.namesOf(circle, " -> "))
}

// check reports a look at the outputs of a task that cannot have run when the
// expression is computed, or may not have.
func (o *order) check(u *use, ref expr.Ref, other int) {
	t := u.task
	if u.place.moment == inRule || u.place.moment == atRunEnd || t == other && u.place.moment == atEnd || o.r.drafts[other].loose {
		return
	}
	if t == NoTask {
		o.r.at(u, ref, CodeOrder, Error, "say it in the tasks that come after `"+o.r.drafts[other].Name+"`, or ask by has()",
			"this is computed for every task, also before `%s` has run", o.r.drafts[other].Name)
		return
	}
	if o.r.drafts[t].loose || o.r.drafts[t].Finally && !o.r.drafts[other].Finally {
		return
	}
	task, name := &o.r.drafts[t].Task, o.r.drafts[other].Name
	after := "add `after: " + name + "`"
	if task.After != nil {
		after = "add `" + name + "` to `after`"
	}
	switch {
	case t == other:
		o.r.at(u, ref, CodeOrder, Error, "in `emit` they are known; a later start may ask by has() for those of an earlier one",
			"`%s` looks at its own outputs before it has any", name)
	case o.isAbove(other, t):
	case task.WithRun && u.place.moment == atStart:
		o.r.at(u, ref, CodeOrder, Error, after, "`%s` cannot have run before `%s`, which starts with the run", name, task.Name)
	case task.Finally && task.After == nil && u.place.moment == atStart:
		o.r.at(u, ref, CodeOrder, Error, after, "`%s` cannot have run before `%s`, which begins with `finally`", name, task.Name)
	case o.needs(other, t):
		o.r.at(u, ref, CodeOrder, Error, "turn the `after` around, or ask by has()",
			"`%s` cannot have run before `%s`, which it waits for", name, task.Name)
	case !slices.ContainsFunc(task.Rules, func(r *Rule) bool { return contains(r.When, (*Condition).Signal) }):
		o.r.at(u, ref, CodeUnordered, Warning, after, "nothing says that `%s` has run before `%s`", name, task.Name)
	}
}

// isAbove tells whether a task waits for another, directly or through others.
// Where that is not known, or would cost too much, the answer is yes.
func (o *order) isAbove(other, t int) bool {
	if slices.Contains(o.waits[t], other) || o.budget <= 0 {
		return true
	}
	if o.of != t {
		o.of, o.unsure = t, false
		queue := []int{t}
		for len(queue) > 0 {
			next := queue[len(queue)-1]
			queue = queue[:len(queue)-1]
			o.budget -= len(o.waits[next])
			o.unsure = o.unsure || o.r.drafts[next].loose
			for _, w := range o.waits[next] {
				if o.above[w] != t {
					o.above[w] = t
					queue = append(queue, w)
				}
			}
		}
	}
	return o.unsure || o.above[other] == t
}

// needs tells whether a task can start only after another one has run.
func (o *order) needs(t, other int) bool {
	if o.budget <= 0 || len(o.waits[t]) == 0 {
		return false
	}
	o.budget -= 10 * len(o.r.drafts)
	return !o.startable(other)[t]
}
