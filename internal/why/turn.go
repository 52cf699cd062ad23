package why

import (
	"fmt"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// turn tells what an execution waits for that has no place of its task's
// `concurrency`: who has them, and who comes before it.
func (q *inquiry) turn(v *view, t *spec.Task, x execution) (string, []freshet.Reason) {
	held, before := q.neighbours(v, x)
	limit, bound := q.placesOf(v, t)
	c := spec.Concurrency{Limit: limit}
	if t.Concurrency != nil {
		c.Key = t.Concurrency.Key
	}
	words := ""
	switch {
	case limit == 0 || len(before) == 0 && len(held) < limit:
		return "is about to begin (a place is free for it)", nil
	case len(before) > 0:
		words = fmt.Sprintf("waits behind %s (%s)", whose(before[len(before)-1]), limitWords(&c, x.place))
	default:
		words = fmt.Sprintf("waits behind %s (%s)", whose(held[0]), limitWords(&c, x.place))
	}
	list := q.holders(v, held, "%s has a place: it %s.")
	list = append(list, q.holders(v, before, "%s is before it: it %s.")...)
	list = append(list, freshet.Reason{Kind: freshet.WhyPlace, RunID: v.ID, Task: t.Name, Have: amount(float64(len(held))), Need: amount(float64(limit)),
		Text: sentence("the task says %s over all runs%s", boundWords(&c, x.place), bound)})
	callers := q.callers(v)
	if len(held) > 0 && !slices.ContainsFunc(held, func(p machine.PlaceRow) bool { return !callers[p.Run] }) {
		words += ", which waits for this run itself"
		list = append(list, freshet.Reason{Kind: freshet.WhyPlace, RunID: v.ID, Task: t.Name,
			Text: "All places are held by tasks that have called this run, and wait for its end: it goes on only if one of these runs is stopped or times out."})
	}
	return words, list
}

// whose is an execution that has a place, or waits for one.
func whose(p machine.PlaceRow) string {
	if p.Item == freshet.NoItem {
		return fmt.Sprintf("run %d", p.Run)
	}
	return fmt.Sprintf("item %d of run %d", p.Item, p.Run)
}

// neighbours are those that have the places that an execution wants, and those
// that wait and have come before it.
func (q *inquiry) neighbours(v *view, x execution) (held, before []machine.PlaceRow) {
	list, err := q.x.reader.Places(q.ctx, store.PlaceFilter{Namespace: v.Namespace, Workflow: v.Workflow, Task: x.Task, Key: x.place, Limit: 1001})
	if !q.ok(err) {
		return nil, nil
	}
	for _, p := range list {
		switch {
		case p.Held:
			held = append(held, p)
		case p.PlaceKey == machine.PlaceOf(x.Key):
			return held, before
		default:
			before = append(before, p)
		}
	}
	return held, before
}

// placesOf is how many places a task has now: its workflow's newest version
// says so. bound is said where that is another than the run's; 0: there is no
// limit any more.
func (q *inquiry) placesOf(v *view, t *spec.Task) (limit int, bound string) {
	found, err := q.x.reader.Workflows(q.ctx, store.WorkflowFilter{Namespace: v.Namespace, Name: v.Workflow, Limit: 1})
	if !q.ok(err) || len(found) == 0 {
		return 0, ""
	}
	flow, err := q.x.version(q.ctx, v.Namespace, v.Workflow, found[0].Version)
	if !q.ok(err) {
		return 0, ""
	}
	newest, ok := flow.Task(t.Name)
	if !ok || newest.Concurrency == nil {
		return 0, ""
	}
	if found[0].Version != v.Version {
		bound = " (the newest version of the workflow counts)"
	}
	return newest.Concurrency.Limit, bound
}

// holders has a line for each of some executions.
func (q *inquiry) holders(v *view, list []machine.PlaceRow, line string) []freshet.Reason {
	var out []freshet.Reason
	for i, p := range list {
		if i == shownStarts {
			return append(out, more(len(list)-i, "execution"))
		}
		r := freshet.Reason{Kind: freshet.WhyPlace, RunID: p.Run, Task: freshet.TaskName(p.Task, p.Item), Seq: p.Seq, Status: freshet.Waiting}
		words := "waits for its turn"
		if p.Held {
			words = "is alive"
			item := p.Item
			for _, x := range q.executions(store.ExecutionFilter{Run: p.Run, Task: p.Task, Seq: p.Seq, Item: &item}) {
				r.Status, r.Time, words = x.status, firstOf(x.started, x.queued), now(x.status)
			}
		}
		who := fmt.Sprintf("Task %s of run %d", r.Task, p.Run)
		if p.Run == v.ID {
			who = fmt.Sprintf("Task %s of this run", r.Task)
		}
		r.Text = fmt.Sprintf(line, who, words)
		out = append(out, r)
	}
	return out
}

// callers are the runs that have called this one, one the other.
func (q *inquiry) callers(v *view) map[int64]bool {
	ids := map[int64]bool{}
	for id := v.Parent; id != 0 && !ids[id] && len(ids) < freshet.MaxDepth; {
		ids[id] = true
		r, err := q.x.reader.Run(q.ctx, id)
		if err != nil { // it is no more
			break
		}
		id = r.Parent
	}
	return ids
}

// limitWords is a limit in short: concurrency 2 for "oslo".
func limitWords(c *spec.Concurrency, key string) string {
	if c.Key == nil {
		return fmt.Sprintf("concurrency %d", c.Limit)
	}
	return fmt.Sprintf("concurrency %d for %q", c.Limit, key)
}

// boundWords is a limit as the file says it, with what its key comes to.
func boundWords(c *spec.Concurrency, key string) string {
	if c.Key == nil {
		return fmt.Sprintf("`concurrency: %d`", c.Limit)
	}
	return fmt.Sprintf("`concurrency: %d` for each `%s`, which is %q here,", c.Limit, c.Key.Source(), key)
}
