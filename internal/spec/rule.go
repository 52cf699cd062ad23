package spec

import (
	"slices"

	yaml "go.yaml.in/yaml/v4"

	"github.com/freshet/freshet"
)

// ruleOf is a form for the rules of one action: a condition or a list of them.
func ruleOf(action Action) form[[]*Rule] {
	one := form[*Rule]{ref("condition"), func(r *reader, n *yaml.Node) (*Rule, bool) {
		c, _, ok := r.condition(n, r.grammar.condition)
		return &Rule{Action: action, When: c, Line: r.line(n)}, ok
	}}
	if action == Start {
		one = form[*Rule]{ref("start"), readStart}
	}
	rules := oneOrMore("a list of conditions", one)
	read := rules.read
	rules.read = func(r *reader, n *yaml.Node) ([]*Rule, bool) {
		rs, ok := read(r, n)
		r.loosen(!ok)
		return rs, ok
	}
	return rules
}

// loosen remembers that the task's rules are not all known, so that nothing is
// said about its order.
func (r *reader) loosen(unknown bool) {
	if unknown && r.task != NoTask {
		r.drafts[r.task].loose = true
	}
}

// readStart reads one rule of `start`.
func readStart(r *reader, n *yaml.Node) (*Rule, bool) {
	c, beside, ok := r.condition(n, r.grammar.start)
	if !ok {
		return nil, false
	}
	b := beside.busy
	rule := &Rule{Action: Start, When: c, Busy: Ignore, Line: r.line(n)}
	if b.how != "" {
		rule.Busy = b.how
	} else if contains(c, arrives) {
		r.warn(n, CodeBusy, "say `busy:` ignore, queue, latest or restart",
			"an event that arrives while `%s` is alive is ignored", r.drafts[r.task].Name)
	}
	if rule.Busy == QueueStarts {
		rule.BusyLimit = b.limit
	}
	return rule, true
}

// contains tells whether a condition of the tree is of a sort.
func contains(c *Condition, is func(*Condition) bool) bool {
	return is(c) || slices.ContainsFunc(c.Parts, func(p *Condition) bool { return contains(p, is) })
}

// arrives tells whether an event is the condition's signal.
func arrives(c *Condition) bool { return c.Kind == EventIs || c.Kind == CountIs || c.Kind == SumIs }

// afterForm is the three forms of `after`: a name, a list of names, a mapping
// to statuses.
var afterForm = func() form[*Condition] {
	names := oneOrMore("the names of tasks", taskName)
	read := func(r *reader, n *yaml.Node) (*Condition, bool) {
		c := &Condition{Kind: AfterIs, Line: r.line(n)}
		var ok bool
		if deref(n).Kind == yaml.MappingNode {
			c.Kind = StatusIs
			c.Wants, ok = statusForm.read(r, n)
		} else {
			var wanted []string
			wanted, ok = names.read(r, n)
			ok = r.once(n, wanted) && ok
			for _, name := range wanted {
				c.Wants = append(c.Wants, Want{r.tasks[name], []freshet.Status{freshet.Success}})
			}
		}
		r.loosen(!ok)
		return c, ok
	}
	return form[*Condition]{schema{"anyOf": []any{names.schema, statusForm.schema}}, read}
}()

// once reports the names of a list that stand twice.
func (r *reader) once(list *yaml.Node, names []string) bool {
	ok, seen := true, make(map[string]bool, len(names))
	for i, name := range names {
		if name != "" && seen[name] {
			r.errorAt(deref(list).Content[i], CodeDuplicate, "`%s` stands twice", name)
			ok = false
		}
		seen[name] = true
	}
	return ok
}

// addRules brings a task's rules into the workflow's list: start, every,
// schedule, stop, restart, each in the order of the file.
func (r *reader) addRules(d *draft, es entries) {
	t := &d.Task
	t.HasStart = es.has("start")
	t.WithRun = !t.Finally && !t.HasStart && !es.has("after") && !es.has("schedule")
	for _, rule := range d.start {
		if t.After != nil {
			rule.When = &Condition{Kind: AllOf, Parts: []*Condition{rule.When, clone(t.After)}, Line: rule.Line}
		}
		r.addRule(t, rule)
	}
	if !t.HasStart && t.After != nil {
		r.addRule(t, &Rule{Action: Start, When: t.After, Busy: Ignore, Line: t.After.Line})
	}
	for _, key := range []ConditionKind{EveryIs, ScheduleIs} {
		ticks := d.every
		if key == ScheduleIs {
			ticks = d.schedule
		}
		if ticks != nil {
			line := r.line(es.get(string(key)))
			r.addRule(t, &Rule{Action: Start, When: &Condition{Kind: key, Ticks: ticks, Line: line}, Busy: Ignore, Line: line})
		}
	}
	for _, rule := range d.stop {
		r.addRule(t, rule)
	}
	for _, rule := range d.restart {
		r.addRule(t, rule)
	}
}

// addRule numbers a rule and its conditions; t is nil for the workflow's own.
func (r *reader) addRule(t *Task, rule *Rule) {
	rule.ID, rule.Task = len(r.w.Rules), NoTask
	if t != nil {
		rule.Task = t.Index
		t.Rules = append(t.Rules, rule)
	}
	rule.Zone = r.zone()
	rule.number(rule.When, false, Window{})
	r.w.Rules = append(r.w.Rules, rule)
}

// number numbers a condition and its parts, and hands down for how long the
// `all`s around them remember. Within a day's `all` a tally is the day's.
func (rule *Rule) number(c *Condition, inAll bool, keeps Window) {
	c.Node, c.InAll, c.Keeps = len(rule.Nodes), inAll, keeps
	rule.Nodes = append(rule.Nodes, c)
	switch c.Kind {
	case CountIs, SumIs:
		if keeps.Day && c.Within == (Window{}) {
			c.Within.Day = true
		}
	case AllOf:
		inAll, keeps = true, keeps.narrow(c.Within)
	}
	for _, p := range c.Parts {
		rule.number(p, inAll, keeps)
	}
}

// clone copies a condition without parts, so that each rule numbers its own.
func clone(c *Condition) *Condition {
	copied := *c
	return &copied
}
