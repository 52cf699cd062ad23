package why

import (
	"fmt"
	"slices"
	"strings"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// isForeach tells whether an execution is that of a task with items.
func isForeach(t *spec.Task, x execution) bool { return t.Foreach != nil && x.Item == freshet.NoItem }

// itemsWords tells how the items of a task stand that has not ended.
func (q *inquiry) itemsWords(v *view, t *spec.Task) string {
	items := &v.Tasks[t.Index].Items
	run, wait, done := 0, 0, 0
	first := ""
	for i, x := range items.List {
		switch {
		case x == nil:
		case x.Status == freshet.Waiting || x.Status == freshet.Queued || x.Status == freshet.Retrying:
			wait++
		case !x.Status.Final():
			run++
		default:
			done++
			if x.Status == freshet.Failed && first == "" {
				first = fmt.Sprintf("item %d: %s", i, clip(x.Reason))
			}
		}
	}
	words := fmt.Sprintf("%d of %s %s ended", done, count(q.itemCount(v, t), "item"), map[bool]string{true: "has", false: "have"}[done == 1])
	switch {
	case items.Failed == 1:
		words += fmt.Sprintf(", 1 failed (%s)", first)
	case items.Failed > 1:
		words += fmt.Sprintf(", %d failed (%s, and others)", items.Failed, first)
	}
	if run > 0 {
		words += ", " + agree(run, "runs", "run")
	}
	if wait > 0 {
		words += ", " + agree(wait, "waits to run", "wait to run")
	}
	if n := t.Foreach.MaxParallel; n > 0 {
		words += fmt.Sprintf(" (`max_parallel: %d`)", n)
	}
	return words
}

// itemCount is how many items the latest start of a task has; 0 where its list
// could not be computed.
func (q *inquiry) itemCount(v *view, t *spec.Task) int {
	if x := v.Tasks[t.Index].Latest; x != nil && x.Call != nil {
		return len(x.Call.Items)
	}
	return 0
}

// itemsNow has a line for items of a task that has not ended: those that have
// failed, then those that are alive.
func (q *inquiry) itemsNow(v *view, t *spec.Task) []freshet.Reason {
	var failed, alive []execution
	for _, x := range v.Tasks[t.Index].Items.List {
		switch {
		case x == nil:
		case x.Status == freshet.Failed:
			failed = append(failed, latest(x))
		case !x.Status.Final():
			alive = append(alive, latest(x))
		}
	}
	return append(q.itemLines(v, t, failed, "failed item"), q.itemLines(v, t, alive, "live item")...)
}

// itemsAtEnd has a line for each item that kept a task from success.
func (q *inquiry) itemsAtEnd(v *view, t *spec.Task, x execution) []freshet.Reason {
	all := q.executions(store.ExecutionFilter{Run: v.ID, Task: t.Name, Seq: x.Seq, Item: everyItem,
		Status: []freshet.Status{freshet.Failed, freshet.Stopped}})
	items := slices.DeleteFunc(all, func(x execution) bool { return x.Item == freshet.NoItem })
	failed := slices.DeleteFunc(slices.Clone(items), func(x execution) bool { return x.status != freshet.Failed })
	stopped := slices.DeleteFunc(items, func(x execution) bool { return x.status == freshet.Failed })
	list := q.itemLines(v, t, failed, "failed item")
	if len(stopped) > 0 && len(failed) > 0 && t.Foreach.FailFast {
		list = append(list, freshet.Reason{Kind: freshet.WhyTask, RunID: v.ID, Task: t.Name, Seq: x.Seq,
			Text: sentence("%s for it (`fail_fast`)", agree(len(stopped), "item was stopped", "items were stopped"))})
		return list
	}
	return append(list, q.itemLines(v, t, stopped, "stopped item")...)
}

func (q *inquiry) itemLines(v *view, t *spec.Task, items []execution, noun string) []freshet.Reason {
	var list []freshet.Reason
	for i, x := range items {
		if i == shownParts {
			return append(list, more(len(items)-i, noun))
		}
		words := now(x.status) + how(x)
		if !x.status.Final() {
			words, _ = q.present(v, t, x)
		}
		list = append(list, freshet.Reason{Kind: freshet.WhyTask, Text: sentence("item %d %s", x.Item, words), Status: x.status,
			Time: firstOf(x.ended, x.started, x.queued), RunID: v.ID, Task: freshet.TaskName(t.Name, x.Item), Seq: x.Seq})
	}
	return list
}

// item explains one item of a foreach by the latest start of its task.
func (q *inquiry) item(v *view, t *spec.Task, item int, e *freshet.Explanation) error {
	if t.Foreach == nil {
		return freshet.Errorf(freshet.NotFound, "task %s of run %d has no items", t.Name, v.ID).WithHint("it has no `foreach`; leave out [%d]", item)
	}
	own, ran := q.latest(v, t.Index)
	if !ran {
		q.neverStarted(v, t, e)
		return nil
	}
	if n := q.itemCount(v, t); item >= n {
		return freshet.Errorf(freshet.NotFound, "task %s of run %d has no item %d", t.Name, v.ID, item).
			WithHint("it has %s, counted from 0", count(n, "item"))
	}
	which := "task " + freshet.TaskName(t.Name, item)
	c := q.started(v, own, chainDepth)
	x, begun := q.itemOf(v, t, own, item)
	switch {
	case !begun:
		e.Status = freshet.Waiting
		e.Summary = sentence("%s has not begun: the items begin in their order, and %s", which, q.itemsWords(v, t))
		e.Because = q.itemsNow(v, t)
	case x.status == freshet.Skipped && x.code == freshet.CodeUpstream:
		e.Status, e.Summary = x.status, sentence("%s was skipped: %s", which, clip(x.reason))
		e.Because = q.itemsAtEnd(v, t, own)
	case x.status.Final():
		e.Status, e.Summary = x.status, sentence("%s %s%s; task %s had started %s", which, now(x.status), how(x), t.Name, c.words)
		e.Because = q.ended(v, t, x)
	default:
		words, list := q.present(v, t, x)
		e.Status, e.Summary, e.Because = x.status, sentence("%s %s; task %s started %s", which, words, t.Name, c.words), list
	}
	e.Because = append(e.Because, freshet.Reason{Kind: freshet.WhyTask, RunID: v.ID, Task: t.Name, Seq: own.Seq,
		Text: sentence("its `item` is %s", clip(jsonOf(v.Tasks[t.Index].Latest.Call.Items[item])))})
	e.Because = append(e.Because, q.because(v, own, c)...)
	return nil
}

// itemOf is the last try of an item; false: it has not begun.
func (q *inquiry) itemOf(v *view, t *spec.Task, own execution, item int) (execution, bool) {
	if !own.status.Final() {
		list := v.Tasks[t.Index].Items.List
		if item >= len(list) || list[item] == nil {
			return execution{}, false
		}
		return latest(list[item]), true
	}
	list := q.executions(store.ExecutionFilter{Run: v.ID, Task: t.Name, Seq: own.Seq, Item: &item})
	if len(list) == 0 {
		return execution{}, false
	}
	return list[len(list)-1], true
}

// asksNow are the tasks of a run that wait for a person.
func (v *view) asksNow() []string {
	var names []string
	for i, t := range v.w.Tasks {
		st := &v.Tasks[i]
		if t.Kind != spec.Approve || !st.Running() {
			continue
		}
		if t.Foreach == nil && st.Latest.Status == freshet.Running ||
			slices.ContainsFunc(st.Items.List, func(x *machine.Execution) bool { return x != nil && x.Status == freshet.Running }) {
			names = append(names, t.Name)
		}
	}
	return names
}

// askedOf is the headline's part about those.
func askedOf(names []string) string {
	return "a person's answer to " + strings.TrimSpace(tasks(names, "and"))
}
