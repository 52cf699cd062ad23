package spec

import (
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/tick"
)

// launch is what stands in an entry of `on` beside its condition.
type launch struct {
	name    string
	catchup Catchup
	with    []Binding
	given   map[string]bool // the parameters that `with` names, also those with a wrong value
}

// partObject is a condition inside an entry of `on`.
func partObject() *object[node] {
	outermost := func(k string) misfit {
		return misfit{"`" + k + "` stands beside the outermost condition of an entry", "move it out, beside the condition that holds all parts"}
	}
	o := &object[node]{
		what: "a condition of `on`",
		fields: append(signalFields(scene{ofTrigger, "event and events", partForm}),
			key("missing", missingForm(staleObject), func(c *node) *absence { return &c.missing },
				"An event, or a run of a workflow that ends so, has not come for so long; once per absence."),
			key("workflow", flowsForm(notItself), func(c *node) *[]FlowWant { return &c.flows },
				"A run of a workflow of this namespace ends so: {name: success}. `\"*\"` is every other workflow; `ended` is any status.")),
		later: []string{"partitions", "python"},
		hints: map[string]string{"params": "did you mean `with`?", "parameters": "did you mean `with`?"},
		wrong: map[string]misfit{
			"status": {"`status` looks at the tasks of a run, and an entry of `on` has none yet", "for the end of another workflow's run write `workflow: {name: success}`"},
			"after":  {"`after` names tasks of a run, and an entry of `on` has none yet", "for the end of another workflow's run write `workflow: {name: success}`"},
			"busy":   {"`busy` stands in a task's `start`", "how many runs may be alive at once is the workflow's `concurrency`"},
		},
	}
	for _, k := range []string{"name", "timezone", "catchup", "with", "not_before", "deadline"} {
		o.wrong[k] = outermost(k)
	}
	return o
}

// triggerObject is an entry of `on`. Its zone is read first: the ticks mean it.
func triggerObject(part *object[node]) *object[node] {
	o := *part
	o.what = "an entry of `on`"
	o.fields = append([]field[node]{
		key("name", name, func(c *node) *string { return &c.launch.name },
			"What the trigger is called in lists, unique in this file."),
		{name: "timezone", schema: timezoneForm.schema,
			doc:  "The zone of the entry's schedules and days; default: the workflow's.",
			read: func(r *reader, n *yaml.Node, _ *node) { r.entryZone, _ = timezoneForm.read(r, n) }},
	}, part.fields...)
	o.fields = append(o.fields,
		key("not_before", clockForm, func(c *node) **tick.Clock { return &c.notBefore },
			"Beside `all`: a time of day. What is met earlier fires then. It implies `within: day`."),
		key("deadline", clockForm, func(c *node) **tick.Clock { return &c.deadline },
			"Beside `all`: a time of day. If at least one signal has come by then it fires, and `run.missing` lists the other parts. It implies `within: day`."),
		key("catchup", catchupForm, func(c *node) *Catchup { return &c.launch.catchup },
			"Which ticks, missed while the server was down, are made up for: none (default), latest, all, or those of a duration such as 7d."),
		field[node]{name: "with", schema: launchForm.schema,
			doc: "The parameters of the runs. A value that is one whole ${{ }} keeps its type; it sees event, events and run.",
			read: func(r *reader, n *yaml.Node, c *node) {
				c.launch.with, _ = launchForm.read(r, n)
				if deref(n).Kind == yaml.MappingNode {
					es, _ := r.mapping(n, "")
					c.launch.given = make(map[string]bool, len(es))
					for _, e := range es {
						c.launch.given[e.key.Value] = true
					}
				}
			}})
	o.wrong = map[string]misfit{}
	for _, k := range []string{"status", "after", "busy"} {
		o.wrong[k] = part.wrong[k]
	}
	return &o
}

// onForm is `on`: entries that are told apart.
func onForm(one form[*Trigger]) form[[]*Trigger] {
	entries := oneOrMore("a list of conditions", one)
	return form[[]*Trigger]{entries.schema, func(r *reader, n *yaml.Node) ([]*Trigger, bool) {
		ts, ok := entries.read(r, n)
		if !ok {
			return nil, false
		}
		copies := map[string]int{}
		for i, t := range ts {
			t.ID = i
			t.identify(copies)
		}
		return ts, true
	}}
}

// readTrigger reads one entry of `on`.
func (r *reader) readTrigger(n *yaml.Node) (*Trigger, bool) {
	t := &Trigger{Rule: Rule{Task: NoTask, Action: Start, Line: r.line(n)}}
	r.trigger = t
	defer func() { r.trigger, r.entryZone = nil, nil }()
	before := r.errors
	c, beside, ok := r.condition(n, r.grammar.trigger)
	if c == nil {
		return nil, false
	}
	r.checkTriggerName(beside.keys.get("name"))
	r.checkOpen(n, beside)
	r.checkDay(beside)
	if v := beside.keys.get("catchup"); v != nil && ok && !contains(c, (*Condition).Tick) {
		r.hinted(v, CodeCondition, "leave it out: no event that was accepted is missed", "`catchup` is about ticks, and this entry has none")
	}
	if !ok || r.errors > before {
		return nil, false
	}
	if c.NotBefore != nil || c.Deadline != nil {
		c.Within.Day = true
	}
	t.When, t.Zone = c, r.zone()
	t.Name, t.With, t.Catchup = beside.launch.name, beside.launch.with, beside.launch.catchup
	if t.Catchup.Mode == "" {
		t.Catchup.Mode = CatchupNone
	}
	t.number(c, false, Window{})
	t.describe()
	t.Text = r.canonical(n)
	return t, true
}

// checkTriggerName reports a name that an entry above has.
func (r *reader) checkTriggerName(n *yaml.Node) {
	if n == nil {
		return
	}
	n = deref(n)
	folded := strings.ToLower(n.Value)
	if line, twice := r.triggers[folded]; twice {
		r.errorAt(n, CodeDuplicate, "an entry of `on` is called `%s` already, in line %d", n.Value, line)
		return
	}
	r.triggers[folded] = r.line(n)
}

// checkDay checks the times of day against each other and against `within`.
func (r *reader) checkDay(c *node) {
	if c.notBefore == nil && c.deadline == nil {
		return
	}
	if v := c.keys.get("within"); v != nil && c.within.Span > 0 {
		r.hinted(v, CodeCondition, "leave it out", "`not_before` and `deadline` are times of a day: they imply `within: day`")
	}
	if a, b := c.notBefore, c.deadline; a != nil && b != nil && a.Hour*60+a.Minute >= b.Hour*60+b.Minute {
		r.errorAt(c.keys.get("deadline"), CodeValue, "the deadline, %s, has to come after `not_before`, %s", b, a)
	}
}

// describe sets what is known from the condition.
func (t *Trigger) describe() {
	t.Kind, t.Expression = t.When.triggerKind(), t.When.text()
	for _, c := range t.Nodes {
		if c.Key != "" {
			t.Events = append(t.Events, c.Key)
		}
		for _, f := range c.Flows {
			t.Workflows = append(t.Workflows, f.Name)
		}
	}
	t.Unfiltered = t.When.unfiltered(nil)
	for _, names := range []*[]string{&t.Events, &t.Workflows, &t.Unfiltered} {
		slices.Sort(*names)
		*names = slices.Compact(*names)
	}
}

// EndOf is what Unfiltered calls a run of a workflow that ends so.
func EndOf(workflow string, status freshet.Status) string {
	return "end " + workflow + " " + string(status)
}

// unfiltered adds what meets the condition by itself: keys any one event of
// which does, and ends of runs.
func (c *Condition) unfiltered(keys []string) []string {
	switch {
	case c.Kind == EventIs && c.If == nil, c.Kind == CountIs && c.If == nil && c.Reaches <= 1:
		return append(keys, c.Key)
	case c.Kind == WorkflowIs:
		for _, f := range c.Flows {
			for _, s := range f.Statuses {
				keys = append(keys, EndOf(f.Name, s))
			}
		}
	case c.Kind == AnyOf:
		for _, p := range c.Parts {
			keys = p.unfiltered(keys)
		}
	}
	return keys
}

// ParseTrigger reads one entry of `on`, YAML or JSON, for the workflow that it
// is to start: its parameters are checked, its zone is the default. Without a
// workflow parameters are not checked, and the zone is UTC.
func ParseTrigger(source []byte, w *Workflow) (*Trigger, Diagnostics) {
	const file = "trigger"
	if d := unreadable(file, source); d != nil {
		return nil, Diagnostics{*d}
	}
	docs := split(file, source)
	if len(docs) != 1 {
		return nil, Diagnostics{{File: file, Line: 1, Col: 1, Code: CodeEmpty, Severity: Error,
			Message: "a trigger is one entry of `on`", Hint: `for example {event: key} or {schedule: "0 6 * * *"}`}}
	}
	root, d := load(docs[0])
	if d != nil {
		return nil, Diagnostics{*d}
	}
	r := newReader(docs[0])
	if r.anyParams = w == nil; w != nil {
		r.w = &Workflow{Name: w.Name, Namespace: w.Namespace, Timezone: w.Timezone, Parameters: w.Parameters}
		for i, p := range w.Parameters {
			r.params[p.Name] = i
		}
	}
	if !r.survey(root) {
		return nil, r.all()
	}
	t, ok := r.readTrigger(root)
	r.checkReferences(newOrder(r))
	found := r.all().sort()
	if !ok || found.HasErrors() {
		return nil, found
	}
	t.identify(map[string]int{})
	return t, found
}

// Maybe begins what Emits says of a key that not every successful run sends.
const Maybe = "maybe "

// Emits are the event keys that tasks of the workflow send, as far as they
// stand in the file, sorted; those that depend on an `if` or on an event begin
// with Maybe.
func (w *Workflow) Emits() []string {
	var keys []string
	for _, t := range w.Tasks {
		for _, e := range t.Emit {
			if key, static := e.Key.Static(); static {
				if w.depends(t, map[int]bool{}) {
					key = Maybe + key
				}
				keys = append(keys, key)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// depends tells whether a task, or one that it comes after, may not run in a
// run that succeeds.
func (w *Workflow) depends(t *Task, been map[int]bool) bool {
	been[t.Index] = true
	if t.If != nil || t.HasStart || !t.WithRun && t.After == nil && !t.Finally {
		return true
	}
	if t.After == nil {
		return false
	}
	return t.After.Kind != AfterIs || slices.ContainsFunc(t.After.Wants, func(want Want) bool {
		return !been[want.Task] && w.depends(w.Tasks[want.Task], been)
	})
}
