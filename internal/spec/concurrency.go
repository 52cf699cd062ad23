package spec

import (
	yaml "go.yaml.in/yaml/v4"

	"github.com/freshet/freshet/internal/expr"
)

// Concurrency bounds what is alive at once: the runs of a workflow, or the
// executions of a task over all of them.
type Concurrency struct {
	Limit   int
	Key     *expr.Program // Limit, Overlap and Queue hold for each value of it; nil: there is one
	Overlap Overlap       // of runs
	Queue   int           // of runs: bound of Overlap QueueRuns
}

const (
	defaultRunQueue = 100
	maxConcurrency  = 1_000_000
)

// concurrencyForm is the `concurrency` of a workflow.
var concurrencyForm = func() form[*Concurrency] {
	limit := whole(1, maxConcurrency)
	long := &object[Concurrency]{
		what: "`concurrency`",
		fields: []field[Concurrency]{
			must(key("limit", limit, func(c *Concurrency) *int { return &c.Limit }, "How many runs may be alive at once.")),
			key("key", keyForm(ofFlowKey), func(c *Concurrency) **expr.Program { return &c.Key },
				"A CEL expression: limit, overlap and queue hold for the runs of each of its values. It sees params, event, events and run."),
			key("overlap", oneOf(QueueRuns, SkipRun, StopOldest), func(c *Concurrency) *Overlap { return &c.Overlap },
				"What becomes of a start that finds the limit reached: queue (default), skip or stop_oldest."),
			key("queue", whole(1, maxConcurrency), func(c *Concurrency) *int { return &c.Queue }, "How many runs may wait; default 100."),
		},
	}
	complete := func(c Concurrency) *Concurrency {
		if c.Overlap == "" {
			c.Overlap = QueueRuns
		}
		if c.Queue == 0 {
			c.Queue = defaultRunQueue
		}
		return &c
	}
	return either[*Concurrency]{
		what:    "a number, or {limit, key, overlap, queue}",
		scalar:  convert(limit, func(n int) *Concurrency { return complete(Concurrency{Limit: n}) }),
		mapping: convert(long.form(), complete),
	}.form()
}()

// taskConcurrencyForm is the `concurrency` of a task.
var taskConcurrencyForm = func() form[*Concurrency] {
	limit := whole(1, maxConcurrency)
	const waits = "executions of a task that find its limit reached wait for their turn; `overlap` and `queue` belong to the `concurrency` of the workflow"
	long := &object[Concurrency]{
		what: "the `concurrency` of a task",
		fields: []field[Concurrency]{
			must(key("limit", limit, func(c *Concurrency) *int { return &c.Limit }, "How many executions of the task may be alive at once, over all runs.")),
			key("key", keyForm(ofTask), func(c *Concurrency) **expr.Program { return &c.Key },
				"A CEL expression: the limit holds for the executions of each of its values."),
		},
		wrong: map[string]misfit{
			"overlap": {"a task's `concurrency` has no `overlap`", waits},
			"queue":   {"a task's `concurrency` has no `queue`", waits},
		},
	}
	whole := func(c Concurrency) *Concurrency { return &c }
	return either[*Concurrency]{
		what:    "a number, or {limit, key}",
		scalar:  convert(limit, func(n int) *Concurrency { return &Concurrency{Limit: n} }),
		mapping: convert(long.form(), whole),
	}.form()
}()

// keyForm is the `key` of a `concurrency`. What it comes to is kept and shown.
func keyForm(p place) form[*expr.Program] {
	bare := program(p, "")
	return form[*expr.Program]{bare.schema, func(r *reader, n *yaml.Node) (*expr.Program, bool) {
		compiled, ok := bare.read(r, n)
		if !ok {
			return nil, false
		}
		for _, ref := range compiled.Refs() {
			at := 1
			if ref.Path[0] == "run" && len(ref.Path) > 1 && ref.Path[1] == "parameters" {
				at = 2
			} else if ref.Path[0] != "params" {
				continue
			}
			for _, hidden := range r.w.WriteOnly() {
				if len(ref.Path) <= at || ref.Path[at] == hidden {
					r.hinted(n, CodeSecret, "use a parameter that may be seen", "the key is kept and shown, and parameter `%s` is `writeOnly`", hidden)
					return nil, false
				}
			}
		}
		return compiled, true
	}}
}

// checkConcurrency refuses a limit where it could not mean anything.
func (r *reader) checkConcurrency(kind Kind, n *yaml.Node) {
	if n != nil && kind == Expr {
		r.hinted(n, CodeMisplaced, "leave it out: an `expr` is computed at once, and never alive", "an `expr` task has no `concurrency`")
	}
}
