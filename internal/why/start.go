package why

import (
	"fmt"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
)

// cause is why an execution started: a few words that follow "it started",
// and what is behind them.
type cause struct {
	words   string // such as "because event tick arrived"
	because []freshet.Reason
}

// started explains a start. Behind each event stands who sent it, and why
// that one had started; depth bounds the chain.
func (q *inquiry) started(v *view, x execution, depth int) cause {
	x = q.firstTry(v, x)
	q.told[x.Key] = true
	t, ok := v.w.Task(x.Task)
	if !ok {
		return cause{words: "for a reason that is no longer known"}
	}
	if t.Finally && x.Seq == 1 && t.After == nil {
		return cause{"with the run's `finally`", q.behind(depth, func() []freshet.Reason { return q.howTasksEnded(v) })}
	}
	r := q.rerun(v)
	if c, ok := q.keptFrom(v, r, x, depth); ok {
		return c
	}
	again := startsAgain(r, x)
	if t.WithRun && x.Seq == 1 && x.offset == 0 && again == nil {
		return cause{"with the run", q.behind(depth, func() []freshet.Reason { return []freshet.Reason{q.runStart(v, depth-1)} })}
	}
	d, ok := q.starting(v, x)
	if again != nil && (!ok || d.Rule < 0) {
		return q.byRerun(v, r, again, depth)
	}
	if !ok {
		if x.code == freshet.CodeUpstream {
			return q.skippedWith(v, t, x, depth)
		}
		return q.unknownStart(x)
	}
	if d.Rule < 0 || d.Rule >= len(v.w.Rules) {
		return q.byPerson(v, x, d)
	}
	rule := v.w.Rules[d.Rule]
	c := cause{words: "because " + q.words(v, rule.When, d)}
	c.because = q.made(v, rule.When, d, x, depth)
	switch {
	case rule.Action == spec.Restart && d.Note != "" || d.Action == "restart":
		c.because = append(c.because, freshet.Reason{Kind: freshet.WhyTask, Text: sentence("it is a restart: start %d was stopped for it", max(x.Seq-1, 1)), RunID: v.ID, Task: x.Task, Seq: max(x.Seq-1, 1)})
	case d.Note == "it had waited":
		c.because = append(c.because, q.hadWaited(v, x))
	}
	return c
}

// behind gives what stands behind a reason, as far as the chain is told; at
// depth 0 it ends and says so, below it is not of interest.
func (q *inquiry) behind(depth int, tell func() []freshet.Reason) []freshet.Reason {
	switch {
	case depth < 0 || q.err != nil:
		return nil
	case depth == 0:
		return []freshet.Reason{{Text: "The chain goes on behind this; ask why of that one to follow it."}}
	}
	return tell()
}

func (q *inquiry) unknownStart(x execution) cause {
	c := cause{words: "for a reason that was not found"}
	text := "the decision is not in the ledger any more"
	if x.offset != 0 {
		c.words = fmt.Sprintf("because of the event at offset %d", x.offset)
	} else {
		text = fmt.Sprintf("%d decisions around its start were searched for what started it, and it is not among them", searchRows)
	}
	c.because = []freshet.Reason{{Text: sentence("%s", text), Time: moment(x.queued), Offset: x.offset}}
	return c
}

func (q *inquiry) byPerson(v *view, x execution, d decision) cause {
	what := "`task start`"
	if e := q.entry(d.offset); e != nil && e.Kind != machine.StartTask || d.Action == "restart" {
		what = "`task restart`"
		if asked, ok := q.search(v, x.Task, 0, d.time, func(o freshet.Outcome) bool {
			return o.Task == x.Task && o.Seq == x.Seq && o.Action == "restart"
		}); ok {
			d = asked
		}
	}
	return cause{"because a person asked for it", []freshet.Reason{{
		Kind: freshet.WhyStart, Task: x.Task, Seq: x.Seq, Text: sentence("a person asked for it with %s", what), Time: moment(d.time), Offset: d.offset, RunID: v.ID}}}
}

// hadWaited tells what a start waited for before it began.
func (q *inquiry) hadWaited(v *view, x execution) freshet.Reason {
	before, ok := q.start(v, x.Task, x.Seq-1)
	if !ok {
		return freshet.Reason{Kind: freshet.WhyPlace, Text: "It had waited until the run got its place.", Time: moment(v.StartedAt), RunID: v.ID}
	}
	return freshet.Reason{Kind: freshet.WhyTask, Text: sentence("it had waited until start %d of the task ended", before.Seq),
		Time: moment(before.ended), RunID: v.ID, Task: x.Task, Seq: before.Seq, Status: before.status}
}

// skippedWith explains a task that was skipped with all tasks before it.
func (q *inquiry) skippedWith(v *view, t *spec.Task, x execution, depth int) cause {
	c := cause{words: "because every task before it was skipped"}
	if t.After != nil {
		c.because = q.upstream(v, t.After, x, decision{}, depth)
	}
	return c
}

// howTasksEnded tells what a run came to before its `finally`.
func (q *inquiry) howTasksEnded(v *view) []freshet.Reason {
	text := "all else had ended; the result so far was " + string(v.Result)
	if v.Result == freshet.Failed && v.Reason != "" {
		text += ": " + clip(v.Reason)
	}
	return append([]freshet.Reason{{Kind: freshet.WhyRun, Text: sentence("%s", text), RunID: v.ID, Status: v.Result}}, q.runStopped(v)...)
}

// ran tells of an execution that something else came from, and why it had
// started.
func (q *inquiry) ran(v *view, x execution, depth int) freshet.Reason {
	when := firstOf(x.ended, x.started, x.queued)
	r := freshet.Reason{Kind: freshet.WhyTask, Text: sentence("%s %s%s", q.name(v, x), now(x.status), how(x)), Time: when, RunID: v.ID, Task: x.Task, Seq: x.Seq, Status: x.status}
	return q.before(v, x, r, depth)
}

// before adds to a reason about an execution why that had started.
func (q *inquiry) before(v *view, x execution, r freshet.Reason, depth int) freshet.Reason {
	if depth <= 0 {
		r.Because = q.behind(depth, nil)
		return r
	}
	x = q.firstTry(v, x)
	if q.told[x.Key] {
		return r
	}
	c := q.started(v, x, depth-1)
	r.Because = []freshet.Reason{{Kind: freshet.WhyStart, Text: sentence("it had started %s", c.words), Time: moment(x.queued),
		RunID: v.ID, Task: x.Task, Seq: x.Seq, Because: c.because}}
	switch {
	case x.status == freshet.Skipped && x.code == freshet.CodeIf:
		t, _ := v.w.Task(x.Task)
		r.Because[0].Text = sentence("it was to start %s, but %s", c.words, q.falseWords(v, t, x))
	case x.status == freshet.Skipped:
		r.Because = c.because
	}
	return r
}

// name of an execution: its task, and which start of it if there were
// several.
func name(v *view, x execution) string {
	t, ok := v.w.Task(x.Task)
	if ok && v.Tasks[t.Index].Seq() > 1 {
		return fmt.Sprintf("start %d of task %s", x.Seq, x.Task)
	}
	return "task " + x.Task
}

// name is that of an execution, with its run where that is another than the
// one that is asked about.
func (q *inquiry) name(v *view, x execution) string {
	if q.about != 0 && v.ID != q.about {
		return fmt.Sprintf("%s of run %d (%s)", name(v, x), v.ID, v.Workflow)
	}
	return name(v, x)
}

// how an execution ended, after its status: ": exit code 1".
func how(x execution) string {
	switch {
	case x.status == freshet.Failed && x.reason != "":
		return ": " + clip(x.reason)
	case x.status == freshet.Skipped && x.code == freshet.CodeIf:
		return ": its `if` was false"
	}
	return ""
}
