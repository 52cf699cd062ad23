package spec

import (
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"github.com/freshet/freshet/internal/expr"
	"github.com/freshet/freshet/internal/tick"
)

// node is a condition as it is written, before it is known to be of one sort,
// with what stands beside it.
type node struct {
	keys                entries
	event               string
	when                *expr.Program
	count, sum          tally
	missing             absence
	every, schedule     *tick.Schedule
	flows               []FlowWant
	status              []Want
	all, any            []*Condition
	within              Window
	notBefore, deadline *tick.Clock
	busy                busy   // of a start rule
	launch              launch // of an entry of `on`
}

// sort is a key that is a condition of its own, with what may stand beside it.
type sort struct {
	key    ConditionKind
	filter bool // takes `if`
	window bool // takes `within`
}

var sorts = []sort{
	{EventIs, true, false}, {CountIs, true, true}, {SumIs, true, true}, {MissingIs, true, false},
	{EveryIs, false, false}, {ScheduleIs, false, false}, {WorkflowIs, false, false}, {StatusIs, false, false},
	{AllOf, false, true}, {AnyOf, false, false},
}

// sortsOf are the sorts that an object knows, in their order.
func sortsOf(o *object[node]) []sort {
	return slices.DeleteFunc(slices.Clone(sorts), func(s sort) bool { return !o.has(string(s.key)) })
}

// scene is where conditions stand: what they see, and how their parts are
// written.
type scene struct {
	place place
	sees  string // the same for people
	part  form[*Condition]
}

// signalFields are the conditions that stand in tasks and in `on`.
func signalFields(s scene) []field[node] {
	return []field[node]{
		key("event", eventKey, func(c *node) *string { return &c.event },
			"An event with this key arrives."),
		key("if", condition(s.place), func(c *node) **expr.Program { return &c.when },
			"Only events count for which this CEL expression holds, beside `event`, `count`, `sum` and `missing`. It sees "+s.sees+"."),
		key("count", countObject.form(), func(c *node) *tally { return &c.count },
			"So many events with a key have arrived since the rule last fired."),
		key("sum", sumObject(s.place).form(), func(c *node) *tally { return &c.sum },
			"The sum of an expression over the events with a key, since the rule last fired, reaches a number."),
		key("every", everyForm, func(c *node) **tick.Schedule { return &c.every },
			"A tick each 10m, 1h30m, 7d, counted from the start of the run, in `on` from the trigger's creation."),
		key("schedule", scheduleForm, func(c *node) **tick.Schedule { return &c.schedule },
			"A tick at the times of a cron expression: five fields, or @daily and the like."),
		key("all", listOf("a list of conditions", s.part), func(c *node) *[]*Condition { return &c.all },
			"Every part is met. Signals are remembered until the rule fires."),
		key("any", listOf("a list of conditions", s.part), func(c *node) *[]*Condition { return &c.any },
			"One part is met."),
		key("within", windowForm, func(c *node) *Window { return &c.within },
			"Beside `count` and `sum`: only what came in that last time counts. Beside `all`: how long a signal is remembered. A duration, or `day`: until midnight; then an `all` fires at most once a day."),
	}
}

// conditionObject is a condition in a task.
func conditionObject() *object[node] {
	outermost := misfit{"`not_before` and `deadline` stand in `on`", "beside the outermost `all` of one of its entries"}
	return &object[node]{
		what: "a condition",
		fields: append(signalFields(scene{ofRule, "params, event, events, run and tasks", conditionForm}),
			key("missing", missingForm(absenceObject), func(c *node) *absence { return &c.missing },
				"An event has not come for so long; once per absence."),
			key("status", statusForm, func(c *node) *[]Want { return &c.status },
				"The latest execution of each named task has one of these final statuses, taken literally; `ended` is any of them.")),
		later: []string{"partitions", "python"},
		hints: map[string]string{
			"busy":  "`busy` stands in a rule of `start`, beside the outermost condition",
			"after": "inside a condition write `status: {task: success}`",
			"with":  "`with` stands in the task",
		},
		wrong: map[string]misfit{
			"not_before": outermost,
			"deadline":   outermost,
			"workflow":   {"`workflow` stands in `on`: what tasks do depends on their own run", "let the other workflow `emit` an event, and listen to that"},
			"timezone":   {"`timezone` stands in the workflow, or in an entry of `on`", "the ticks of tasks go by the workflow's `timezone`"},
			"catchup":    {"`catchup` stands in an entry of `on`", "ticks that a task missed are not made up for"},
		},
	}
}

// startObject is a condition of `start`, with what belongs to the rule.
func startObject(c *object[node]) *object[node] {
	o := *c
	o.what = "a start rule"
	o.fields = append(o.fields[:len(o.fields):len(o.fields)],
		key("busy", busyForm, func(c *node) *busy { return &c.busy },
			"What a start does that finds the task alive: ignore (default), queue, {queue: 5000}, latest (one waits, the newest) or restart."))
	o.hints = map[string]string{"after": o.hints["after"], "with": o.hints["with"]}
	return &o
}

// condition reads a condition with the keys of an object, and what stands
// beside it.
func (r *reader) condition(n *yaml.Node, o *object[node]) (*Condition, *node, bool) {
	c := &node{}
	if deref(n).Kind == yaml.ScalarNode && isText(deref(n)) {
		hint := "write {event: " + deref(n).Value + "}"
		if o.has(string(StatusIs)) {
			hint += ", or {status: {task: success}}"
		}
		r.hinted(n, CodeType, hint, "expected a condition, found %s", found(n))
		return nil, c, false
	}
	before := r.errors
	es, ok := o.read(r, n, c)
	if es == nil {
		return nil, c, false
	}
	c.keys = es
	out := &Condition{If: c.when, Within: c.within, NotBefore: c.notBefore, Deadline: c.deadline, Line: r.line(n)}
	r.checkSort(n, o, c, out, before)
	switch out.Kind {
	case EventIs:
		out.Key = c.event
	case CountIs:
		out.Key, out.Reaches = c.count.event, c.count.reaches
	case SumIs:
		out.Key, out.Reaches, out.Of = c.sum.event, c.sum.reaches, c.sum.of
	case MissingIs:
		out.Key, out.Flows, out.For = c.missing.event, c.missing.flows, c.missing.span
	case EveryIs:
		out.Ticks = c.every
	case ScheduleIs:
		out.Ticks = c.schedule
	case WorkflowIs:
		out.Flows = c.flows
	case StatusIs:
		out.Wants = c.status
	case AllOf:
		out.Parts = c.all
	case AnyOf:
		out.Parts = c.any
	}
	return out, c, ok && r.errors == before
}

// checkSort finds the sort of a condition, of which there is exactly one, and
// reports what has no meaning beside it. before is how many errors there
// were when the condition began: an unknown key may be the sort that is
// missing, and has been reported.
func (r *reader) checkSort(n *yaml.Node, o *object[node], c *node, out *Condition, before int) {
	var named, all []string
	var is sort
	for _, s := range sortsOf(o) {
		all = append(all, string(s.key))
		if c.keys.has(string(s.key)) {
			named = append(named, "`"+string(s.key)+"`")
			is = s
		}
	}
	out.Kind = is.key
	switch {
	case len(named) > 1:
		r.hinted(n, CodeCondition, "join them: {all: [{…}, {…}]}, or write a list of rules", "one condition with %s", strings.Join(named, " and "))
		return
	case len(named) == 0:
		if r.errors == before {
			r.hinted(n, CodeCondition, "one of "+strings.Join(all, ", "), "this says no condition")
		}
		return
	}
	switch {
	case !c.keys.has("if"):
	case !is.filter:
		r.hinted(n, CodeCondition, "put it beside the `event` that it is about", "`if` filters events; it cannot stand beside `%s`", is.key)
	case c.missing.flows != nil:
		r.hinted(n, CodeCondition, "name the statuses that count: {workflow: {name: success}, for: 26h}", "`if` filters events; it cannot stand beside the absence of a workflow")
	}
	if c.keys.has("within") && !is.window {
		r.hinted(c.keys.get("within"), CodeCondition, "it says which events a `count` or `sum` is about, and how long an `all` remembers",
			"`within` cannot stand beside `%s`", is.key)
	}
	for _, k := range []string{"not_before", "deadline"} {
		if c.keys.has(k) && is.key != AllOf {
			r.hinted(c.keys.get(k), CodeCondition, "write all: [{…}], also for a single part", "`%s` cannot stand beside `%s`", k, is.key)
		}
	}
}
