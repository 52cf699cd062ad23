package why

import (
	"context"
	"fmt"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// Task explains one task of a run, or name[3], one of its items: why it
// started, or why it did not, and what it waits for. Code not_found if there is no such run or task.
func (x *Explainer) Task(ctx context.Context, run int64, task string) (freshet.Explanation, error) {
	q := x.ask(ctx)
	q.about = run
	v, err := q.load(run)
	if err != nil {
		return freshet.Explanation{}, err
	}
	name, item, err := freshet.ParseTaskName(task)
	if err != nil {
		return freshet.Explanation{}, err
	}
	t, ok := v.w.Task(name)
	if !ok {
		return freshet.Explanation{}, freshet.Errorf(freshet.NotFound, "run %d has no task %s", run, name).
			WithHint("`task list %d` shows its tasks", run)
	}
	e := freshet.Explanation{Subject: fmt.Sprintf("task %s of run %d (%s)", task, run, v.Workflow)}
	switch {
	case item != freshet.NoItem:
		if err := q.item(v, t, item, &e); err != nil {
			return freshet.Explanation{}, err
		}
	case v.Tasks[t.Index].Latest == nil:
		q.neverStarted(v, t, &e)
	default:
		q.hasStarted(v, t, &e)
	}
	return e, q.err
}

// hasStarted explains a task by its latest start.
func (q *inquiry) hasStarted(v *view, t *spec.Task, e *freshet.Explanation) {
	st := &v.Tasks[t.Index]
	x, _ := q.latest(v, t.Index)
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
	case x.status == freshet.Skipped && x.code == freshet.CodeIf:
		e.Summary = sentence("%s was skipped: it was to start %s, but %s", which, c.words, q.falseWords(v, t, x))
		e.Because = append(q.ended(v, t, x), q.because(v, x, c)...)
	case x.status.Final():
		e.Summary = sentence("%s %s%s; it had started %s", which, now(x.status), how(x), c.words)
		e.Because = append(q.ended(v, t, x), q.because(v, x, c)...)
	default:
		words, list := q.present(v, t, x)
		e.Summary = sentence("%s %s; it started %s", which, words, c.words)
		if x.status == freshet.Waiting {
			e.Summary = sentence("%s %s; its start was decided %s", which, words, c.words)
		}
		if x.status == freshet.Queued {
			e.Summary = sentence("%s %s; its start was decided %s", which, words, c.words)
			if r := (freshet.Reason{Text: sentence("it %s", words), Time: moment(x.queued), RunID: v.ID, Task: x.Task, Seq: x.Seq}); !x.claimed {
				if q.slot(&r, t, x); r.Kind == freshet.WhySlot {
					list = append(list, r)
				}
			}
		}
		e.Because = append(list, q.because(v, x, c)...)
	}
	e.Because = append(e.Because, q.behindIt(v, st, t.Name)...)
	e.Because = append(e.Because, q.lost(v, t, x)...)
	e.Because = append(e.Because, q.againTicks(v, t)...)
	e.Because = append(e.Because, q.earlier(v, x)...)
}

// because heads what is behind a start.
func (q *inquiry) because(v *view, x execution, c cause) []freshet.Reason {
	return []freshet.Reason{{Kind: freshet.WhyStart, Text: sentence("start %d was decided %s", x.Seq, c.words), Time: moment(q.firstTry(v, x).queued),
		RunID: v.ID, Task: x.Task, Seq: x.Seq, Because: c.because}}
}

// againTicks tells when a task that has started starts again by a clock.
func (q *inquiry) againTicks(v *view, t *spec.Task) []freshet.Reason {
	if !v.Listening() {
		return nil
	}
	var list []freshet.Reason
	for _, r := range starters(t) {
		if p := q.post(v, r); r.When.Tick() && !p.look.Due(r.When).IsZero() {
			one := p.signal(r.When)
			one.Text = sentence("%s", one.Text)
			list = append(list, one)
		}
	}
	return list
}

// earlier has a line for each of the starts before the latest.
func (q *inquiry) earlier(v *view, x execution) []freshet.Reason {
	if x.Seq < 2 {
		return nil
	}
	list := q.executions(store.ExecutionFilter{Run: v.ID, Task: x.Task, Newest: true, Limit: shownStarts + 1})
	var out []freshet.Reason
	for i := len(list) - 1; i >= 0 && len(out) < shownStarts; i-- {
		s := list[i]
		if s.Seq >= x.Seq {
			continue
		}
		c := q.started(v, s, 0)
		text := sentence("earlier, start %d %s%s; it had started %s", s.Seq, now(s.status), how(s), c.words)
		if s.status == freshet.Skipped {
			text = sentence("earlier, start %d %s%s; it was to start %s", s.Seq, now(s.status), how(s), c.words)
		}
		out = append(out, freshet.Reason{Kind: freshet.WhyTask, Text: text, Time: moment(s.queued), Offset: s.offset, RunID: v.ID, Task: x.Task, Seq: s.Seq, Status: s.status})
	}
	if n := x.Seq - 1 - len(out); n > 0 {
		out = append(out, more(n, "earlier start"))
	}
	return out
}

// lost tells of what was to start the task, since the start before the latest,
// and did not: it was ignored, or gave way to something newer.
func (q *inquiry) lost(v *view, t *spec.Task, x execution) []freshet.Reason {
	var since []store.LedgerRow // newest first, back to the start before the latest
	for _, row := range q.recent(v, t.Name).rows {
		since = append(since, row)
		if slices.ContainsFunc(row.Outcomes, func(o freshet.Outcome) bool {
			return o.Task == t.Name && o.Action == "start" && o.Seq == max(x.Seq-1, 1)
		}) {
			break
		}
	}
	var list []freshet.Reason
	n := 0
	dropped := map[int64]int64{} // a start that gave way, and the entry of what it gave way to
	newest := int64(0)
	for _, row := range slices.Backward(since) {
		for _, o := range row.Outcomes {
			if o.Task == t.Name && o.Action == "replace" && newest != 0 {
				dropped[newest] = row.Offset
			}
			if o.Task == t.Name && (o.Action == "queue" || o.Action == "replace") {
				newest = row.Offset
			}
		}
	}
	for _, row := range since {
		for _, o := range row.Outcomes {
			if o.Task != t.Name || o.Rule < 0 || o.Rule >= len(v.w.Rules) || v.w.Rules[o.Rule].Action == spec.Stop && o.Action == "" {
				continue
			}
			gave, gone := dropped[row.Offset]
			if o.Action != "" && !gone || x.Seq == 0 && o.Result != freshet.Fired && o.Result != freshet.Expired {
				continue // what a task that has not started waits for stands above
			}
			e := q.entryIfFew(n, row.Offset)
			if e != nil && e.Kind != machine.EventHappened && e.Kind != machine.TimerFired {
				continue // what other tasks do is no signal of its own
			}
			if n++; e == nil {
				continue
			}
			r := freshet.Reason{Kind: freshet.WhyOutcome, Result: o.Result, Time: moment(e.Time), Offset: row.Offset, RunID: v.ID, Task: t.Name}
			r.Text = sentence("%s: %s", occasion(e, v.w.Rules[o.Rule], v.StartedAt), outcome(v.w, o))
			if gone {
				r.Text = sentence("%s: its start waited and was dropped, because a newer one, of offset %d, took its place", occasion(e, v.w.Rules[o.Rule], v.StartedAt), gave)
			}
			list = append(list, r)
		}
	}
	if n -= len(list); n > 0 {
		list = append(list, freshet.Reason{Text: sentence("and %s that started nothing", count(n, "earlier signal"))})
	}
	return list
}

// entryIfFew reads an entry while a list is short.
func (q *inquiry) entryIfFew(n int, offset int64) *machine.Entry {
	if n >= shownFires {
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
		e.Summary = sentence("task %s starts when run %d gets its place: it is %s", t.Name, v.ID, q.placeWords(v))
		e.Because = append(q.behindIt(v, st, t.Name), q.place(v)...)
		if !v.later.IsZero() {
			e.Summary = sentence("task %s starts with run %d, %s", t.Name, v.ID, instant(v.later, v.w.Timezone))
			e.Because = append(q.behindIt(v, st, t.Name), q.comes("The run waits for this time.", v.later))
		}
	case v.Status == freshet.Stopping:
		e.Summary = sentence("task %s has not started, and nothing starts any more: run %d is being stopped", t.Name, v.ID)
		e.Because = append(q.runStopped(v), q.unmetAtEnd(v, t)...)
	case t.Finally && v.Result == "":
		e.Summary = sentence("task %s has not started: it is in `finally`, which begins when all else has ended", t.Name)
		e.Because = q.alive(v)
	case t.WithRun || t.Finally && t.After == nil:
		e.Summary = sentence("task %s starts in a moment", t.Name)
	default:
		what := q.waitsFor(v, t)
		if what == "" {
			what = "its condition"
		}
		e.Summary = sentence("task %s has not started: it waits for %s", t.Name, what)
		e.Because = append(q.unmet(v, t, waitDepth), q.lost(v, t, execution{})...)
		if t.Optional {
			e.Because = append(e.Because, freshet.Reason{Kind: freshet.WhyTask, Text: "The run does not wait for it: it is `optional`.", RunID: v.ID, Task: t.Name})
		}
	}
}

// never says why a task of an ended run never ran.
func (q *inquiry) never(v *view, t *spec.Task) string {
	return machine.WhyNever(v.w, v.Run, t).Reason
}

// unmetAtEnd is what was missing when a run stopped listening.
func (q *inquiry) unmetAtEnd(v *view, t *spec.Task) []freshet.Reason {
	if len(starters(t)) == 0 {
		return nil
	}
	return q.unmet(v, t, 1)
}
