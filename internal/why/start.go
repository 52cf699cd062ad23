package why

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
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
	if t.Finally && x.Seq == 1 && t.WithRun {
		return cause{"with the run's `finally`", q.behind(depth, func() []freshet.Reason { return q.howTasksEnded(v) })}
	}
	if t.WithRun && x.Seq == 1 && x.offset == 0 {
		return cause{"with the run", q.behind(depth, func() []freshet.Reason { return []freshet.Reason{q.runStart(v, depth-1)} })}
	}
	d, ok := q.starting(v, x)
	if !ok {
		if x.code == freshet.CodeUpstream {
			return q.skippedWith(v, t, x, depth)
		}
		return q.unknownStart(x)
	}
	if d.Rule < 0 || d.Rule >= len(v.w.Rules) {
		return q.byPerson(v, x, d)
	}
	r := v.w.Rules[d.Rule]
	c := cause{words: "because " + q.words(v, r.When, d)}
	c.because = q.made(v, r.When, d, x, depth)
	switch {
	case r.Action == spec.Restart && d.Note != "" || d.Action == "restart":
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

// words says in a few words what made a condition hold.
func (q *inquiry) words(v *view, c *spec.Condition, d decision) string {
	switch c.Kind {
	case spec.EventIs:
		return "event " + c.Key + " arrived"
	case spec.CountIs:
		return fmt.Sprintf("event %s arrived for the %s time", c.Key, ordinal(int(c.Reaches)))
	case spec.SumIs:
		return fmt.Sprintf("the sum of %s reached %s", c.Of.Source(), number(c.Reaches))
	case spec.EveryIs, spec.ScheduleIs:
		if due, ok := q.timeOf(c, d); ok {
			return "its tick of " + instant(due, zoneOf(v, c)) + " came"
		}
		return "a tick came"
	case spec.MissingIs:
		return fmt.Sprintf("%s had not come for %s", missed(c), span(c.For))
	case spec.WorkflowIs:
		if e := q.entry(q.eventOf(c, d)); e != nil {
			return fmt.Sprintf("run %d of %s ended in %s", e.Run, e.Body.Workflow, e.Body.Status)
		}
		return "a run of another workflow ended"
	case spec.AfterIs, spec.StatusIs:
		if len(c.Wants) == 1 {
			task := v.w.Tasks[c.Wants[0].Task].Name
			if x, ok := q.endBefore(v, task, d.time, d); ok {
				return fmt.Sprintf("task %s %s", task, now(x.status))
			}
		}
		names := make([]string, len(c.Wants))
		for i, want := range c.Wants {
			names[i] = v.w.Tasks[want.Task].Name
		}
		return fmt.Sprintf("%s had ended as asked", tasks(names, "and"))
	case spec.AnyOf:
		if parts := q.took(c, d); len(parts) == 1 {
			return q.words(v, parts[0], d)
		}
		return "one of its conditions was met"
	case spec.AllOf:
		if len(c.Parts) > 3 {
			return "all parts of its condition were met"
		}
		parts := make([]string, len(c.Parts))
		for i, p := range c.Parts {
			parts[i] = q.words(v, p, d)
		}
		return listed(parts, "and")
	}
	return "its condition was met"
}

func tasks(names []string, last string) string {
	if len(names) == 1 {
		return "task " + names[0]
	}
	return "tasks " + listed(names, last)
}

// took are the parts of an `any` that made it hold, as far as the events that
// took part, and the time that came, tell; states only: all parts.
func (q *inquiry) took(c *spec.Condition, d decision) []*spec.Condition {
	var parts []*spec.Condition
	for _, p := range c.Parts {
		if q.tookPart(p, d) {
			parts = append(parts, p)
		}
	}
	if len(parts) > 0 || len(d.Offsets) > 0 {
		return parts
	}
	return slices.DeleteFunc(slices.Clone(c.Parts), func(p *spec.Condition) bool { return p.Signal() })
}

func (q *inquiry) tookPart(c *spec.Condition, d decision) bool {
	switch {
	case c.Tick() || c.Kind == spec.MissingIs:
		_, ok := q.timeOf(c, d)
		return ok
	case c.Signal():
		return q.eventOf(c, d) != 0
	}
	return slices.ContainsFunc(c.Parts, func(p *spec.Condition) bool { return q.tookPart(p, d) })
}

// eventOf is the offset of the event that took part for a condition, 0 for
// none.
func (q *inquiry) eventOf(c *spec.Condition, d decision) int64 {
	for _, o := range slices.Backward(d.Offsets) {
		e := q.entry(o)
		switch {
		case e == nil:
		case e.Kind == machine.EventHappened && c.Key != "" && e.Event.Key == c.Key,
			e.Kind == machine.RunEnded && slices.ContainsFunc(c.Flows, func(f spec.FlowWant) bool { return f.Name == e.Body.Workflow || f.Name == "*" }):
			return o
		}
	}
	return 0
}

// timeOf is the time by which a decision was made, if it was this condition's.
func (q *inquiry) timeOf(c *spec.Condition, d decision) (time.Time, bool) {
	e := q.entry(d.offset)
	if e == nil || e.Kind != machine.TimerFired || e.Body.Timer == nil || e.Body.Timer.Kind != machine.RuleTimer || e.Body.Timer.Node != c.Node {
		return time.Time{}, false
	}
	return e.Body.Timer.Due, true
}

// made tells what made a rule fire, part by part. x is the execution that it
// started, of v; a trigger's rule has no run.
func (q *inquiry) made(v *view, c *spec.Condition, d decision, x execution, depth int) []freshet.Reason {
	r := freshet.Reason{Kind: freshet.ReasonKind(c.Kind), Key: c.Key, Met: yes(true), Time: moment(d.time)}
	switch c.Kind {
	case spec.EventIs, spec.CountIs, spec.SumIs, spec.WorkflowIs:
		offset := q.eventOf(c, d)
		if offset == 0 {
			return nil
		}
		e := q.event(offset, depth)
		if c.Kind == spec.CountIs || c.Kind == spec.SumIs {
			r.Text, r.Offset, r.Because = sentence("%s; this one was the last that it took", tallyReached(c, d)), offset, []freshet.Reason{e}
			r.Have, r.Need = amount(max(d.Have, c.Reaches)), amount(c.Reaches)
			return []freshet.Reason{r}
		}
		if c.If != nil {
			e.Because = append(e.Because, freshet.Reason{Kind: freshet.WhyRule, Expression: c.If.Source(), Text: sentence("it passed the rule's `if`: %s", c.If.Source())})
		}
		return []freshet.Reason{e}
	case spec.EveryIs, spec.ScheduleIs:
		due, ok := q.timeOf(c, d)
		if !ok {
			return nil
		}
		r.Text, r.Time, r.Expression = sentence("the tick of %s came (%s)", instant(due, zoneOf(v, c)), c.Ticks), moment(due), c.Ticks.String()
		return []freshet.Reason{r}
	case spec.MissingIs:
		if _, ok := q.timeOf(c, d); !ok {
			return nil
		}
		r.Text, r.Have, r.Need = sentence("%s had not come for %s", missed(c), span(c.For)), whole(c.For), whole(c.For)
		return []freshet.Reason{r}
	case spec.AfterIs, spec.StatusIs:
		return q.upstream(v, c, x, d, depth)
	}
	parts := c.Parts
	if c.Kind == spec.AnyOf {
		parts = q.took(c, d)
	}
	var list []freshet.Reason
	for i, p := range parts {
		if i == shownParts {
			return append(list, more(len(parts)-i, "part"))
		}
		list = append(list, q.made(v, p, d, x, depth)...)
	}
	return list
}

// zoneOf is whose clock a schedule goes by.
func zoneOf(v *view, c *spec.Condition) *time.Location {
	if z := c.Ticks.Zone(); z != nil || v == nil {
		return z
	}
	return v.w.Timezone
}

// tallyReached says how far a count or a sum had come.
func tallyReached(c *spec.Condition, d decision) string {
	have := c.Reaches
	if d.Need == c.Reaches && d.Have >= d.Need {
		have = d.Have
	}
	if c.Kind == spec.SumIs {
		return fmt.Sprintf("the sum of %s over event %s reached %s of %s", c.Of.Source(), c.Key, number(have), number(c.Reaches))
	}
	return fmt.Sprintf("event %s had arrived %s of %s times", c.Key, number(have), number(c.Reaches))
}

// upstream tells how the tasks that a condition looks at had ended when it
// held, the last of them first; the chain goes on behind that one.
func (q *inquiry) upstream(v *view, c *spec.Condition, x execution, d decision, depth int) []freshet.Reason {
	var ends []execution
	for _, want := range c.Wants {
		up, ok := q.endBefore(v, v.w.Tasks[want.Task].Name, x.queued, d)
		if ok && (c.Kind == spec.AfterIs || slices.Contains(want.Statuses, up.status)) {
			ends = append(ends, up)
		}
		if len(ends) >= 200 { // enough to name the newest of a very wide join
			break
		}
	}
	slices.Reverse(ends) // of those that ended at once, the later ones tell more
	slices.SortStableFunc(ends, func(a, b execution) int { return b.ended.Compare(a.ended) })
	var list []freshet.Reason
	for i, up := range ends {
		if i == shownStarts {
			return append(list, more(len(c.Wants)-i, "task"))
		}
		behind := -1
		if i == 0 {
			behind = depth
		}
		list = append(list, q.ran(v, up, behind))
	}
	return list
}

func ending(x execution) time.Time { return x.ended }

// endBefore finds the end of a task that a decision saw. Where tasks follow
// each other within one instant, the order of the ledger tells which.
func (q *inquiry) endBefore(v *view, task string, t time.Time, d decision) (execution, bool) {
	up, ok := q.startAt(v, task, t, ending)
	if ok && d.offset != 0 && up.ended.Equal(t) {
		if seq := q.startedBefore(v, task, d); seq > 0 && seq < up.Seq {
			up, ok = q.start(v, task, seq)
		}
	}
	return up, ok && up.status.Final()
}

// startedBefore is the newest start of a task that was decided before a
// decision of the same entry; 0 if the entry does not tell.
func (q *inquiry) startedBefore(v *view, task string, d decision) int {
	before, passed := 0, false
	for _, row := range q.both(v, task, d) {
		for _, o := range row.Outcomes {
			passed = passed || o.Task == d.Task && o.Rule == d.Rule && o.Seq == d.Seq && o.Action == d.Action
			switch {
			case o.Task != task || o.Seq == 0 || o.Action != "start" && o.Action != "restart":
			case !passed:
				before = o.Seq
			case before == 0 && o.Task != d.Task:
				return o.Seq - 1
			}
		}
	}
	return before
}

// both is what was decided about the entry of a decision on its own task and
// on another, in order.
func (q *inquiry) both(v *view, task string, d decision) []store.LedgerRow {
	rows := q.decided(v.ID, task, d.offset)
	if d.Task == task {
		return rows
	}
	for _, row := range q.decided(v.ID, d.Task, d.offset) {
		if !slices.ContainsFunc(rows, func(r store.LedgerRow) bool { return r.Part == row.Part }) {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b store.LedgerRow) int { return cmp.Compare(a.Part, b.Part) })
	return rows
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
