package spec

// Listener is a task (or NoTask) with those of its rules, and of their
// conditions, that listen to a key.
type Listener struct {
	Task  int
	Rules []RuleNodes
}

// RuleNodes is a rule with those of its conditions that listen to a key.
type RuleNodes struct {
	Rule  *Rule
	Nodes []*Condition
}

// Task finds a task by name.
func (w *Workflow) Task(name string) (*Task, bool) {
	i, ok := w.byName[name]
	if !ok {
		return nil, false
	}
	return w.Tasks[i], true
}

// Listeners are the tasks with rules that listen to an event key, in the
// order of the file, the workflow's own stop last.
func (w *Workflow) Listeners(key string) []Listener { return w.byEvent[key] }

// Keys are the event keys that some rule listens to, in no order.
func (w *Workflow) Keys() []string {
	keys := make([]string, 0, len(w.byEvent))
	for k := range w.byEvent {
		keys = append(keys, k)
	}
	return keys
}

// Timed are the rules with a condition that waits for a time: a tick or an
// absence.
func (w *Workflow) Timed() []*Rule { return w.timed }

// Watchers are the rules with a state that looks at the task, in the order of
// the file: the rules of one task stand together.
func (w *Workflow) Watchers(task int) []*Rule { return w.byTask[task] }

// index builds what the machine looks up; Parse calls it once.
func (w *Workflow) index() {
	w.byName = make(map[string]int, len(w.Tasks))
	w.byEvent = map[string][]Listener{}
	w.byTask = make([][]*Rule, len(w.Tasks))
	for i, t := range w.Tasks {
		w.byName[t.Name] = i
	}
	for _, r := range w.Rules {
		r.StatesOnly = true
		for _, c := range r.Nodes {
			if c.Signal() {
				r.StatesOnly = false
			}
			if c.Key != "" {
				w.listen(r, c)
			}
			if n := len(w.timed); (c.Tick() || c.Kind == MissingIs) && (n == 0 || w.timed[n-1] != r) {
				w.timed = append(w.timed, r)
			}
			for _, want := range c.Wants {
				rules := w.byTask[want.Task]
				if len(rules) == 0 || rules[len(rules)-1] != r {
					w.byTask[want.Task] = append(rules, r)
				}
			}
		}
	}
}

func (w *Workflow) listen(r *Rule, c *Condition) {
	ls := w.byEvent[c.Key]
	if len(ls) == 0 || ls[len(ls)-1].Task != r.Task {
		ls = append(ls, Listener{Task: r.Task})
	}
	l := &ls[len(ls)-1]
	if len(l.Rules) == 0 || l.Rules[len(l.Rules)-1].Rule != r {
		l.Rules = append(l.Rules, RuleNodes{Rule: r})
	}
	rn := &l.Rules[len(l.Rules)-1]
	rn.Nodes = append(rn.Nodes, c)
	w.byEvent[c.Key] = ls
}
