package spec

import (
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
	c, b, ok := r.condition(n, r.grammar.start)
	if !ok {
		return nil, false
	}
	rule := &Rule{Action: Start, When: c, Busy: Ignore, Line: r.line(n)}
	if b.how != "" {
		rule.Busy = b.how
	} else if listens(c) {
		r.warn(n, CodeBusy, "say `busy:` ignore, queue, latest or restart",
			"an event that arrives while `%s` is alive is ignored", r.drafts[r.task].Name)
	}
	if rule.Busy == QueueStarts {
		rule.BusyLimit = b.limit
	}
	return rule, true
}

// listens tells whether there is a signal in the tree.
func listens(c *Condition) bool {
	if c.Signal() {
		return true
	}
	for _, p := range c.Parts {
		if listens(p) {
			return true
		}
	}
	return false
}

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

// addRules brings a task's rules into the workflow's list: start, stop,
// restart, each in the order of the file.
func (r *reader) addRules(d *draft, es entries) {
	t := &d.Task
	t.HasStart = es.has("start")
	t.WithRun = !t.HasStart && !es.has("after")
	for _, rule := range d.start {
		if t.After != nil {
			rule.When = &Condition{Kind: AllOf, Parts: []*Condition{rule.When, clone(t.After)}, Line: rule.Line}
		}
		r.addRule(t, rule)
	}
	if !t.HasStart && t.After != nil {
		r.addRule(t, &Rule{Action: Start, When: t.After, Busy: Ignore, Line: t.After.Line})
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
	rule.Nodes = nil
	rule.number(rule.When, false)
	r.w.Rules = append(r.w.Rules, rule)
}

func (rule *Rule) number(c *Condition, inAll bool) {
	c.Node, c.InAll = len(rule.Nodes), inAll
	rule.Nodes = append(rule.Nodes, c)
	for _, p := range c.Parts {
		rule.number(p, inAll || c.Kind == AllOf)
	}
}

// clone copies a condition without parts, so that each rule numbers its own.
func clone(c *Condition) *Condition {
	copied := *c
	return &copied
}
