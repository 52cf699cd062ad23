package why

import (
	"time"

	"cmp"
	"fmt"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
)

// unmet tells how the rules of a task that has not started stand, each part
// with what it has so far.
func (q *inquiry) unmet(v *view, t *spec.Task, depth int) []freshet.Reason {
	rules := starters(t)
	if len(rules) == 1 {
		return q.stand(v, rules[0], rules[0].When, depth)
	}
	var list []freshet.Reason
	for i, r := range rules {
		if i == shownParts {
			return append(list, more(len(rules)-i, "rule"))
		}
		list = append(list, freshet.Reason{Text: sentence("rule %d of %d, %s %s", i+1, len(rules), r.Action, describe(v.w, r.When)),
			Task: t.Name, Because: q.stand(v, r, r.When, depth)})
	}
	return list
}

// starters are the rules that can start a task.
func starters(t *spec.Task) []*spec.Rule {
	return slices.DeleteFunc(slices.Clone(t.Rules), func(r *spec.Rule) bool { return r.Action == spec.Stop })
}

// stand tells how a condition stands: of several parts, first what is
// missing.
func (q *inquiry) stand(v *view, r *spec.Rule, c *spec.Condition, depth int) []freshet.Reason {
	switch c.Kind {
	case spec.AllOf:
		return q.standAll(v, r, c, depth)
	case spec.AnyOf:
		one := freshet.Reason{Text: "One of these is enough."}
		for i, p := range c.Parts {
			if i == shownParts {
				one.Because = append(one.Because, more(len(c.Parts)-i, "part"))
				break
			}
			list := q.stand(v, r, p, depth)
			if p.Kind == spec.AllOf {
				list = []freshet.Reason{{Text: "All of these together.", Because: list}}
			}
			one.Because = append(one.Because, list...)
		}
		return []freshet.Reason{one}
	case spec.AfterIs, spec.StatusIs:
		return q.standTasks(v, c, depth)
	}
	e := q.standSignal(v, r, c)
	e.Text = sentence("%s", e.Text)
	return []freshet.Reason{e}
}

func (q *inquiry) standAll(v *view, r *spec.Rule, c *spec.Condition, depth int) []freshet.Reason {
	var missing, have []freshet.Reason
	for _, p := range c.Parts {
		met := machine.Met(v.w, v.Run, r, p, time.Now())
		if len(missing)+len(have) >= shownParts {
			break
		}
		list := q.stand(v, r, p, depth)
		if p.Signal() {
			e := q.standSignal(v, r, p)
			e.Text = map[bool]string{true: "Have: ", false: "Missing: "}[met] + e.Text + "."
			list = []freshet.Reason{e}
		}
		if met {
			have = append(have, list...)
		} else {
			missing = append(missing, list...)
		}
	}
	if n := len(c.Parts) - shownParts; n > 0 {
		have = append(have, more(n, "part"))
	}
	return append(missing, have...)
}

// standTasks tells how the tasks stand that a condition looks at, those that
// are not as asked first.
func (q *inquiry) standTasks(v *view, c *spec.Condition, depth int) []freshet.Reason {
	var missing, have []spec.Want
	for _, want := range c.Wants {
		if machine.Wanted(v.w, v.Run, c, want) {
			have = append(have, want)
		} else {
			missing = append(missing, want)
		}
	}
	var list []freshet.Reason
	for i, want := range append(missing, have...) {
		if i == shownParts {
			return append(list, more(len(c.Wants)-i, "task"))
		}
		list = append(list, q.standTask(v, want, i >= len(missing), depth))
	}
	return list
}

func (q *inquiry) standTask(v *view, want spec.Want, met bool, depth int) freshet.Reason {
	t, st := v.w.Tasks[want.Task], &v.Tasks[want.Task]
	r := freshet.Reason{RunID: v.ID, Task: t.Name}
	status := now(st.Status())
	if x := st.Latest; x != nil {
		status, _ = q.present(v, t, latest(x))
		status += how(latest(x))
		r.Time = cmp.Or(moment(x.EndedAt), moment(x.StartedAt), moment(x.QueuedAt))
	}
	switch {
	case met:
		r.Text = sentence("have: task %s %s", t.Name, status)
	case st.Status().Final():
		r.Text = sentence("missing: task %s %s, but it has to end %s", t.Name, status, asked(want))
	default:
		r.Text = sentence("waiting for task %s: it %s", t.Name, status)
		if st.Latest == nil && depth > 1 && !v.Status.Final() {
			r.Because = q.unmet(v, t, depth-1)
		}
	}
	return r
}

// asked says which ends a condition takes.
func asked(want spec.Want) string {
	if len(want.Statuses) == 4 {
		return "in any way"
	}
	words := make([]string, len(want.Statuses))
	for i, s := range want.Statuses {
		words[i] = "`" + string(s) + "`"
	}
	return "in " + listed(words, "or")
}

// standSignal tells what has come of a signal; without a capital and a full
// stop.
func (q *inquiry) standSignal(v *view, r *spec.Rule, c *spec.Condition) freshet.Reason {
	n := v.node(r, c)
	if c.Kind == spec.EventIs && n.Event != nil {
		return freshet.Reason{Text: fmt.Sprintf("event %s arrived at offset %d", c.Key, n.Event.Offset),
			Time: moment(n.Event.Time), Offset: n.Event.Offset}
	}
	last := q.lastSeen(v, r, c)
	if c.Kind == spec.EventIs {
		return last
	}
	tally := freshet.Reason{Text: fmt.Sprintf("count of %s: %d of %s", c.Key, n.Count, number(c.Reaches))}
	if c.Kind == spec.SumIs {
		tally.Text = fmt.Sprintf("sum of %s over event %s: %s of %s", c.Of.Source(), c.Key, number(n.Sum), number(c.Reaches))
	}
	if c.If != nil {
		tally.Text += fmt.Sprintf(", only those with %s", c.If.Source())
	}
	if n.Event != nil {
		tally.Time, tally.Offset = moment(n.Event.Time), n.Event.Offset
	}
	if last.Offset > tally.Offset || n.Event == nil {
		last.Text = sentence("%s", last.Text)
		tally.Because = []freshet.Reason{last}
	}
	return tally
}

// describe names a condition in a few words.
func describe(w *spec.Workflow, c *spec.Condition) string {
	switch c.Kind {
	case spec.EventIs:
		return "on event " + c.Key
	case spec.CountIs:
		return fmt.Sprintf("after %s of event %s", number(c.Reaches), c.Key)
	case spec.SumIs:
		return fmt.Sprintf("when the sum of %s reaches %s", c.Of.Source(), number(c.Reaches))
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
func (v *view) waits(r *spec.Rule, c *spec.Condition) string {
	var words []string
	switch c.Kind {
	case spec.EventIs:
		return "event " + c.Key
	case spec.CountIs:
		left := c.Reaches - float64(v.node(r, c).Count)
		return fmt.Sprintf("%s more of event %s", number(max(left, 1)), c.Key)
	case spec.SumIs:
		return fmt.Sprintf("a sum of %s over event %s", number(c.Reaches), c.Key)
	case spec.AfterIs, spec.StatusIs:
		for _, want := range c.Wants {
			if !machine.Wanted(v.w, v.Run, c, want) {
				words = append(words, v.w.Tasks[want.Task].Name+v.finally(want.Task))
			}
		}
		if len(words) == 0 {
			return ""
		}
		return tasks(words, "and")
	case spec.AllOf:
		for _, p := range c.Parts {
			if !machine.Met(v.w, v.Run, r, p, time.Now()) {
				words = append(words, v.waits(r, p))
			}
		}
		return listed(without(words), "and")
	}
	for _, p := range c.Parts {
		words = append(words, v.waits(r, p))
	}
	return listed(without(words), "or")
}

// node is what a condition remembers.
func (v *view) node(r *spec.Rule, c *spec.Condition) machine.NodeState {
	if st := v.Rules[r.ID]; st != nil {
		return st[c.Node]
	}
	return machine.NodeState{}
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
func (v *view) waitsFor(t *spec.Task) string {
	var words []string
	for _, r := range starters(t) {
		words = append(words, v.waits(r, r.When))
	}
	slices.Sort(words)
	return listed(without(slices.Compact(words)), "or")
}

func without(words []string) []string {
	return slices.DeleteFunc(words, func(s string) bool { return s == "" })
}
