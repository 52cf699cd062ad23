package why

import (
	"context"
	"fmt"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// Task explains one task of a run: why it started, or why it did not, and
// what it waits for. Code not_found if there is no such run or task.
func (x *Explainer) Task(ctx context.Context, run int64, task string) (freshet.Explanation, error) {
	q := x.ask(ctx)
	v, err := q.load(run)
	if err != nil {
		return freshet.Explanation{}, err
	}
	t, ok := v.w.Task(task)
	if !ok {
		return freshet.Explanation{}, freshet.Errorf(freshet.NotFound, "run %d has no task %s", run, task).
			WithHint("`task list %d` shows its tasks", run)
	}
	e := freshet.Explanation{Subject: fmt.Sprintf("task %s of run %d (%s)", task, run, v.Workflow)}
	if v.Tasks[t.Index].Latest == nil {
		q.neverStarted(v, t, &e)
	} else {
		q.hasStarted(v, t, &e)
	}
	return e, q.err
}

// hasStarted explains a task by its latest start.
func (q *inquiry) hasStarted(v *view, t *spec.Task, e *freshet.Explanation) {
	st := &v.Tasks[t.Index]
	x := latest(st.Latest)
	e.Status = x.status
	c := q.started(v, x, chainDepth)
	which := "task " + t.Name
	if x.Seq > 1 {
		which = "the " + ordinal(x.Seq) + " start of task " + t.Name
	}
	switch {
	case x.status == freshet.Skipped && x.code == freshet.CodeUpstream:
		e.Summary = sentence("%s was skipped %s", which, c.words)
		e.Because = append(e.Because, c.because...)
	case x.status.Final():
		e.Summary = sentence("%s %s%s; it had started %s", which, now(x.status), how(x), c.words)
		e.Because = append(q.ended(v, t, x), q.because(v, x, c)...)
	default:
		words, list := q.present(v, t, x)
		e.Summary = sentence("%s %s; it started %s", which, words, c.words)
		if x.status == freshet.Queued {
			e.Summary = sentence("%s %s; its start was decided %s", which, words, c.words)
		}
		e.Because = append(list, q.because(v, x, c)...)
	}
	e.Because = append(e.Because, q.behindIt(v, st, t.Name)...)
	e.Because = append(e.Because, q.sinceThen(v, t, x)...)
	e.Because = append(e.Because, q.earlier(v, x)...)
}

// because heads what is behind a start.
func (q *inquiry) because(v *view, x execution, c cause) []freshet.Reason {
	return []freshet.Reason{{Text: sentence("start %d was decided %s", x.Seq, c.words), Time: moment(q.firstTry(v, x).queued),
		RunID: v.ID, Task: x.Task, Because: c.because}}
}

// earlier has a line for each of the starts before the latest.
func (q *inquiry) earlier(v *view, x execution) []freshet.Reason {
	if x.Seq < 2 {
		return nil
	}
	list := q.executions(store.ExecutionFilter{Run: v.ID, Task: x.Task, Newest: true, Limit: shownStarts + 1})
	var out []freshet.Reason
	for i := len(list) - 1; i >= 0 && len(out) < shownStarts; i-- {
		if s := list[i]; s.Seq < x.Seq {
			c := q.started(v, s, 0)
			out = append(out, freshet.Reason{Text: sentence("earlier, start %d %s%s; it had started %s", s.Seq, now(s.status), how(s), c.words),
				Time: moment(s.queued), Offset: s.offset, RunID: v.ID, Task: x.Task})
		}
	}
	if n := x.Seq - 1 - len(out); n > 0 {
		out = append(out, more(n, "earlier start"))
	}
	return out
}

// sinceThen tells of events that came after the latest start and started
// nothing.
func (q *inquiry) sinceThen(v *view, t *spec.Task, x execution) []freshet.Reason {
	var list []freshet.Reason
	n := 0
	for _, row := range q.recent(v) {
		if row.Offset <= x.offset {
			break
		}
		for _, o := range row.Outcomes {
			if o.Task == t.Name && o.Action == "start" && o.Seq == x.Seq {
				return append(list, ignored(n-len(list))...)
			}
			if o.Task != t.Name || o.Rule < 0 || o.Rule >= len(v.w.Rules) || o.Action != "" {
				continue
			}
			e := q.entryIfFew(n, row.Offset)
			if e != nil && (e.Time.Before(x.queued) || e.Event == nil) {
				continue
			}
			if n++; e == nil {
				continue
			}
			list = append(list, freshet.Reason{Text: sentence("since then, event %s at offset %d: %s", e.Event.Key, row.Offset, outcome(v.w, o)),
				Time: moment(e.Time), Offset: row.Offset, RunID: v.ID, Task: t.Name})
		}
	}
	return append(list, ignored(n-len(list))...)
}

func ignored(n int) []freshet.Reason {
	if n == 0 {
		return nil
	}
	return []freshet.Reason{{Text: sentence("and %s that started nothing", count(n, "earlier event"))}}
}

// entryIfFew reads an entry while a list is short.
func (q *inquiry) entryIfFew(n int, offset int64) *machine.Entry {
	if n >= 3 {
		return nil
	}
	return q.entry(offset)
}

// neverStarted explains a task without any start.
func (q *inquiry) neverStarted(v *view, t *spec.Task, e *freshet.Explanation) {
	st := &v.Tasks[t.Index]
	e.Status = freshet.Waiting
	switch {
	case v.Status.Final():
		e.Status = freshet.Skipped
		e.Summary = sentence("task %s never ran: %s", t.Name, q.never(v, t))
		e.Because = append(q.unmetAtEnd(v, t), q.howRunEnded(v)...)
	case v.Status == freshet.Queued && (t.WithRun || len(st.Waiting) > 0):
		e.Summary = sentence("task %s starts when run %d gets its place: %s", t.Name, v.ID, q.placeWords(v))
		e.Because = append(q.behindIt(v, st, t.Name), q.place(v)...)
	case v.Status == freshet.Stopping:
		e.Summary = sentence("task %s has not started, and nothing starts any more: run %d is being stopped", t.Name, v.ID)
		e.Because = append(q.runStopped(v), q.unmetAtEnd(v, t)...)
	case t.WithRun:
		e.Summary = sentence("task %s starts with the run, in a moment", t.Name)
	default:
		what := v.waitsFor(t)
		if what == "" {
			what = "its condition"
		}
		e.Summary = sentence("task %s has not started: it waits for %s", t.Name, what)
		e.Because = q.unmet(v, t, waitDepth)
		if t.Optional {
			e.Because = append(e.Because, freshet.Reason{Text: "The run does not wait for it: it is `optional`.", RunID: v.ID, Task: t.Name})
		}
	}
}

// never says why a task of an ended run never ran.
func (q *inquiry) never(v *view, t *spec.Task) string {
	return machine.NeverRan(v.w, v.Run)[t.Name].Reason
}

// unmetAtEnd is what was missing when a run stopped listening.
func (q *inquiry) unmetAtEnd(v *view, t *spec.Task) []freshet.Reason {
	if t.WithRun {
		return nil
	}
	return q.unmet(v, t, 1)
}
