package spec

import (
	"time"

	yaml "go.yaml.in/yaml/v4"

	"github.com/freshet/freshet/internal/expr"
)

// tally is what `count` and `sum` say.
type tally struct {
	event   string
	of      *expr.Program
	reaches float64
}

var tallyHints = map[string]string{
	"if":     "`if` stands beside `count` or `sum`, not inside",
	"within": "`within` stands beside `count` or `sum`, not inside",
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

func sumObject(p place) *object[tally] {
	return &object[tally]{
		what: "`sum`",
		fields: []field[tally]{
			must(key("event", eventKey, func(t *tally) *string { return &t.event }, "The key of the events that are summed up.")),
			must(key("of", quantity(p), func(t *tally) **expr.Program { return &t.of }, "What each event adds: a CEL expression.")),
			must(key("reaches", number(0, true), func(t *tally) *float64 { return &t.reaches }, "The sum that it takes.")),
		},
		hints: tallyHints,
	}
}

// absence is what `missing` says.
type absence struct {
	event string
	flows []FlowWant
	span  time.Duration
}

// absenceObject is `missing` in a task, which hears of events only.
var absenceObject = &object[absence]{
	what: "`missing`",
	fields: []field[absence]{
		key("event", eventKey, func(a *absence) *string { return &a.event }, "The key of the event that has not come."),
		must(key("for", duration, func(a *absence) *time.Duration { return &a.span }, "For how long it has not come.")),
	},
	hints: map[string]string{"if": "`if` stands beside `missing`, not inside"},
	wrong: map[string]misfit{
		"workflow": {"a task cannot wait for a workflow that is missing", "write it in `on` of a workflow of its own"},
	},
}

// staleObject is `missing` in `on`, which hears of the runs of other workflows
// as well.
var staleObject = &object[absence]{
	what: "`missing`",
	fields: append(absenceObject.fields[:len(absenceObject.fields):len(absenceObject.fields)],
		key("workflow", flowsForm(nil), func(a *absence) *[]FlowWant { return &a.flows },
			"The workflows of which no run has ended so: {name: success}.")),
	hints: absenceObject.hints,
}

// missingForm adds that an absence is of one sort.
func missingForm(o *object[absence]) form[absence] {
	s := o.schema()
	kinds := []any{schema{"required": []string{"event"}}}
	if o.has("workflow") {
		kinds = append(kinds, schema{"required": []string{"workflow"}})
	}
	s["oneOf"] = kinds
	return form[absence]{s, func(r *reader, n *yaml.Node) (a absence, ok bool) {
		before := r.errors
		es, ok := o.read(r, n, &a)
		switch {
		case es == nil || r.errors > before:
		case es.has("event") && es.has("workflow"):
			r.hinted(n, CodeCondition, "join two: {any: [{missing: {…}}, {missing: {…}}]}", "`missing` is about an event or about workflows, not both")
			return a, false
		case !es.has("event") && !es.has("workflow"):
			r.hinted(n, CodeMissing, "for example {event: key, for: 2h}", "`missing` needs what is missing")
			return a, false
		}
		return a, ok
	}}
}

// busy is what a start rule does that finds its task alive.
type busy struct {
	how   Busy
	limit int
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
