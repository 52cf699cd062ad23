package spec

import (
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/expr"
)

// node is a condition as it is written, before it is known to be of one sort.
type node struct {
	event  string
	when   *expr.Program
	count  tally
	sum    tally
	status []Want
	all    []*Condition
	any    []*Condition
	busy   busy
}

// tally is what `count` and `sum` say.
type tally struct {
	event   string
	of      *expr.Program
	reaches float64
}

// busy is what a start rule does that finds its task alive.
type busy struct {
	how   Busy
	limit int
}

// sorts are the keys that are conditions of their own, with those that may
// stand beside them.
var sorts = []struct {
	key    ConditionKind
	filter bool // takes `if`
}{{EventIs, true}, {CountIs, true}, {SumIs, true}, {StatusIs, false}, {AllOf, false}, {AnyOf, false}}

func conditionObject() *object[node] {
	return &object[node]{
		what: "a condition",
		fields: []field[node]{
			key("event", eventKey, func(c *node) *string { return &c.event },
				"An event with this key arrives."),
			key("if", condition(ofRule), func(c *node) **expr.Program { return &c.when },
				"Only events count for which this CEL expression holds, beside `event`, `count` and `sum`. It sees params, event, events, run and tasks."),
			key("count", countObject.form(), func(c *node) *tally { return &c.count },
				"So many events with a key have arrived since the rule last fired."),
			key("sum", sumObject.form(), func(c *node) *tally { return &c.sum },
				"The sum of an expression over the events with a key, since the rule last fired, reaches a number."),
			key("status", statusForm, func(c *node) *[]Want { return &c.status },
				"The latest execution of each named task has one of these final statuses, taken literally; `ended` is any of them."),
			key("all", listOf("a list of conditions", conditionForm), func(c *node) *[]*Condition { return &c.all },
				"Every part is met. Events are remembered until the rule fires."),
			key("any", listOf("a list of conditions", conditionForm), func(c *node) *[]*Condition { return &c.any },
				"One part is met."),
		},
		later: []string{"missing", "every", "schedule", "workflow", "partitions", "python", "within", "not_before", "deadline"},
		hints: map[string]string{
			"busy":  "`busy` stands in a rule of `start`, beside the outermost condition",
			"after": "inside a condition write `status: {task: success}`",
			"with":  "`with` stands in the task",
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

var tallyHints = map[string]string{
	"if":     "`if` stands beside `count` or `sum`, not inside",
	"within": "`within` stands beside `count` or `sum`, and is not built yet",
}

var countObject = &object[tally]{
	what: "`count`",
	fields: []field[tally]{
		must(key("event", eventKey, func(t *tally) *string { return &t.event }, "The key of the events that count.")),
		must(key("reaches", *convert(whole(1, 1<<53), func(n int) float64 { return float64(n) }),
			func(t *tally) *float64 { return &t.reaches }, "How many events it takes.")),
	},
	hints: tallyHints,
}

var sumObject = &object[tally]{
	what: "`sum`",
	fields: []field[tally]{
		must(key("event", eventKey, func(t *tally) *string { return &t.event }, "The key of the events that are summed up.")),
		must(key("of", quantity(ofRule), func(t *tally) **expr.Program { return &t.of }, "What each event adds: a CEL expression.")),
		must(key("reaches", number(0, true), func(t *tally) *float64 { return &t.reaches }, "The sum that it takes.")),
	},
	hints: tallyHints,
}

// queueObject is the long form of `busy: queue`.
var queueObject = &object[busy]{
	what: "`busy`",
	fields: []field[busy]{
		must(key("queue", whole(1, 1_000_000), func(b *busy) *int { return &b.limit }, "How many starts may wait.")),
	},
}

const defaultQueue = 1000

var busyForm = func() form[busy] {
	word := oneOf(Ignore, QueueStarts, Latest, RestartBusy)
	queue := queueObject.form()
	return either[busy]{
		what:    "ignore, queue, {queue: 5000}, latest or restart",
		scalar:  convert(word, func(b Busy) busy { return busy{b, defaultQueue} }),
		mapping: convert(queue, func(b busy) busy { return busy{QueueStarts, b.limit} }),
	}.form()
}()

// statusesForm is the final statuses that a condition asks for.
var statusesForm = func() form[[]freshet.Status] {
	const ended = freshet.Status("ended")
	words := oneOrMore("a list of statuses", oneOf(freshet.Success, freshet.Failed, freshet.Stopped, freshet.Skipped, ended))
	return *convert(words, func(ss []freshet.Status) []freshet.Status {
		for _, s := range ss {
			if s == ended {
				return []freshet.Status{freshet.Success, freshet.Failed, freshet.Stopped, freshet.Skipped}
			}
		}
		return ss
	})
}()

// taskName is a name of a task of this file.
var taskName = form[string]{name.schema, func(r *reader, n *yaml.Node) (string, bool) {
	n = deref(n)
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		r.mistyped(n, "the name of a task")
		return "", false
	}
	if _, known := r.tasks[n.Value]; !known {
		r.hinted(n, CodeUnknownTask, r.suggest(n.Value, r.taskNames), "there is no task %s", excerpt(n.Value))
		return "", false
	}
	return n.Value, true
}}

// statusForm is a mapping from tasks to the statuses that are asked of them.
var statusForm = func() form[[]Want] {
	pairs := pairsOf("a mapping from tasks to statuses", taskName, statusesForm)
	return form[[]Want]{pairs.schema, func(r *reader, n *yaml.Node) ([]Want, bool) {
		ps, ok := pairs.read(r, n)
		if ok && len(ps) == 0 {
			r.errorAt(n, CodeEmpty, "an empty mapping where tasks and their statuses have to be")
			return nil, false
		}
		wants := make([]Want, 0, len(ps))
		for _, p := range ps {
			wants = append(wants, Want{r.tasks[p.key.Value], p.value})
		}
		return wants, ok
	}}
}()

// condition reads a condition with the keys of an object.
func (r *reader) condition(n *yaml.Node, o *object[node]) (*Condition, busy, bool) {
	var c node
	if deref(n).Kind == yaml.ScalarNode && isText(deref(n)) {
		r.hinted(n, CodeType, "write {event: "+deref(n).Value+"}, or {status: {task: success}}", "expected a condition, found %s", found(n))
		return nil, busy{}, false
	}
	before := len(r.found)
	es, ok := o.read(r, n, &c)
	if es == nil {
		return nil, busy{}, false
	}
	out := &Condition{If: c.when, Line: r.line(n)}
	var named []string
	for _, s := range sorts {
		if !es.has(string(s.key)) {
			continue
		}
		named = append(named, "`"+string(s.key)+"`")
		out.Kind = s.key
		if es.has("if") && !s.filter {
			r.hinted(n, CodeCondition, "put it beside the `event` that it is about", "`if` filters events; it cannot stand beside `%s`", s.key)
		}
	}
	switch {
	case len(named) > 1:
		r.hinted(n, CodeCondition, "join them: {all: [{…}, {…}]}, or write a list of rules", "one condition with %s", strings.Join(named, " and "))
	case len(named) == 0 && len(r.found) == before:
		r.hinted(n, CodeCondition, "one of event, count, sum, status, all, any", "this says no condition")
	}
	switch out.Kind {
	case EventIs:
		out.Key = c.event
	case CountIs:
		out.Key, out.Reaches = c.count.event, c.count.reaches
	case SumIs:
		out.Key, out.Reaches, out.Of = c.sum.event, c.sum.reaches, c.sum.of
	case StatusIs:
		out.Wants = c.status
	case AllOf:
		out.Parts = c.all
	case AnyOf:
		out.Parts = c.any
	}
	return out, c.busy, ok && len(r.found) == before
}
