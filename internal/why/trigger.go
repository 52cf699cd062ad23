package why

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// trigger is a trigger as it is stored, with what it was compiled to.
type trigger struct {
	machine.Trigger
	on      *spec.Trigger // nil: this program cannot read it
	enabled bool          // its workflow is
}

func (t *trigger) watches() bool { return t.enabled && !t.Paused }

// trigger reads a trigger; nil if there is none.
func (q *inquiry) trigger(id int64) *trigger {
	if q.err != nil || id == 0 {
		return nil
	}
	snap, err := q.x.reader.Trigger(q.ctx, id)
	if !q.ok(err) {
		return nil
	}
	flows, err := q.x.reader.Workflows(q.ctx, store.WorkflowFilter{Namespace: snap.Row.Namespace, Name: snap.Row.Workflow, Limit: 1})
	if !q.ok(err) || len(flows) == 0 {
		return nil
	}
	t := &trigger{Trigger: machine.Trigger{TriggerRow: snap.Row, State: snap.State, Dues: snap.Dues}, enabled: flows[0].Enabled}
	if t.Source != freshet.FromFile {
		t.on, _ = spec.ParseTrigger([]byte(t.Text), nil)
		return t
	}
	w, err := q.x.version(q.ctx, flows[0].Namespace, flows[0].Name, flows[0].Version)
	if err == nil && t.Index < len(w.On) {
		t.on = w.On[t.Index]
	}
	return t
}

// title names a trigger in a sentence.
func title(id int64, name string) string {
	if name != "" {
		return "trigger " + name
	}
	return fmt.Sprintf("trigger %d", id)
}

// source says where a trigger comes from.
func (t *trigger) source() string {
	if t.Source == freshet.FromFile {
		return fmt.Sprintf("entry %d of `on` in the workflow's file", t.Index+1)
	}
	return "added at run time"
}

// what is a trigger's condition in words.
func (t *trigger) what() string {
	if t.Kind == freshet.OnSchedule && !strings.HasPrefix(t.Expression, "every") {
		return fmt.Sprintf("schedule %s, %s", t.Expression, t.Timezone)
	}
	return t.Expression
}

// newestOfAll are the newest decisions of the namespaces on what starts runs.
func (q *inquiry) newestOfAll() (rows []store.LedgerRow, whole bool) {
	if q.registry == nil {
		q.registry, _ = q.ledger(0, "", 0, recentRows)
	}
	return q.registry, len(q.registry) < recentRows
}

// triggered are the newest decisions that a trigger took part in. Where others
// have kept their namespaces busier, it is looked for where its last tick was.
func (q *inquiry) triggered(t *trigger) history {
	rows, whole := q.newestOfAll()
	h := history{rows: t.own(rows), whole: whole}
	if len(h.rows) > 0 || whole || t.on == nil {
		return h
	}
	for _, c := range t.on.Nodes {
		if !c.Tick() {
			continue
		}
		if last := c.Ticks.Last(q.now, t.CreatedAt); last.After(t.Since) {
			near, _ := q.ledger(0, "", q.upTo(last.Add(time.Minute))+1, recentRows)
			h.rows = append(h.rows, t.own(near)...)
		}
	}
	return h
}

// own are the rows in which a trigger has an outcome.
func (t *trigger) own(rows []store.LedgerRow) []store.LedgerRow {
	var list []store.LedgerRow
	for _, row := range rows {
		if row.Namespace == t.Namespace && slices.ContainsFunc(row.Outcomes, func(o freshet.Outcome) bool { return o.Trigger == t.ID }) {
			list = append(list, row)
		}
	}
	return list
}

// fired are the decisions of a namespace on one entry.
func (q *inquiry) fired(offset int64) []store.LedgerRow {
	if q.err != nil {
		return nil
	}
	rows, err := q.x.reader.LedgerOf(q.ctx, offset, recentRows)
	if !q.ok(err) {
		return nil
	}
	return slices.DeleteFunc(rows, func(r store.LedgerRow) bool { return r.Run != 0 })
}

// lastOutcomes tells what a trigger made of what it was shown last.
func (q *inquiry) lastOutcomes(t *trigger) []freshet.Reason {
	h := q.triggered(t)
	var list []freshet.Reason
	told := map[int64]bool{} // entries
	for _, row := range h.rows {
		if len(list) == shownFires {
			break
		}
		for _, o := range row.Outcomes {
			if o.Trigger != t.ID {
				continue
			}
			e := q.entry(row.Offset)
			if e != nil && e.Kind == machine.StartRun && e.Cause != 0 {
				o, e = q.firing(t.ID, e.Cause) // what was refused stands with what asked for it
			}
			if e == nil || told[e.Offset] {
				continue
			}
			told[e.Offset] = true
			list = append(list, q.outcomeOf(t, e, o))
		}
	}
	return list
}

func (t *trigger) zone() *time.Location { return named(t.Timezone) }

// firing finds what a trigger made of an entry.
func (q *inquiry) firing(id, offset int64) (freshet.Outcome, *machine.Entry) {
	for _, row := range q.fired(offset) {
		for _, o := range row.Outcomes {
			if o.Trigger == id {
				return o, q.entry(offset)
			}
		}
	}
	return freshet.Outcome{Trigger: id}, nil
}

// outcomeOf says what a trigger made of an entry: at most one run comes of it.
func (q *inquiry) outcomeOf(t *trigger, e *machine.Entry, o freshet.Outcome) freshet.Reason {
	var rule *spec.Rule
	if t.on != nil {
		rule = &t.on.Rule
	}
	r := freshet.Reason{Kind: freshet.WhyTrigger, Time: moment(e.Time), Offset: e.Offset, Trigger: o.Trigger, Workflow: o.Workflow, Result: o.Result}
	r.Text = sentence("earlier, %s %s", occasion(e, rule), q.became(e, o, &r))
	return r
}

// occasion is what a rule was shown; nil is one that is not known any more.
func occasion(e *machine.Entry, rule *spec.Rule) string {
	switch {
	case e.Kind == machine.EventHappened:
		return fmt.Sprintf("event %s at offset %d", e.Event.Key, e.Offset)
	case e.Kind == machine.RunEnded:
		return fmt.Sprintf("the end of run %d of %s", e.Run, e.Body.Workflow)
	case e.Kind == machine.TimerFired && e.Body.Timer != nil:
		return clockWords(e.Body.Timer, rule)
	}
	return fmt.Sprintf("entry %d", e.Offset)
}

// clockWords is a time that came for a rule: a tick, or another.
func clockWords(tm *machine.Timer, rule *spec.Rule) string {
	if rule == nil || tm.Node >= len(rule.Nodes) {
		return "the time " + instant(tm.Due, nil)
	}
	if rule.Nodes[tm.Node].Tick() {
		return "the tick of " + instant(tm.Due, rule.Zone)
	}
	return "the time " + instant(tm.Due, rule.Zone)
}

// became says what came of what a trigger made of an entry.
func (q *inquiry) became(e *machine.Entry, o freshet.Outcome, r *freshet.Reason) string {
	switch o.Result {
	case freshet.Fired:
		text := "started nothing: " + clip(o.Note)
		if o.Action == "start" {
			text = q.run(e, o, r)
		}
		if o.Action == "start" && o.Note != "" {
			text += " (" + clip(o.Note) + ")"
		}
		return text
	case freshet.Erred:
		if why, refused := cutRefused(o.Note); refused {
			return "did not start: refused: " + why
		}
		if strings.HasPrefix(o.Note, "if: ") || strings.HasPrefix(o.Note, "of: ") {
			return "met an expression that failed: " + clip(o.Note)
		}
		return "did not start: " + clip(o.Note)
	case freshet.Remembered:
		if o.Note != "" {
			return "was remembered: " + clip(o.Note)
		}
		return "was remembered; other parts of the condition are not met yet"
	case freshet.Counted:
		return fmt.Sprintf("was counted: %s of %s", number(o.Have), number(o.Need))
	case freshet.Filtered:
		return "was filtered: " + q.falseFilter(o.Trigger)
	case freshet.Expired:
		return "started nothing: " + clip(o.Note)
	}
	if o.Note != "" {
		return "started nothing: " + clip(o.Note)
	}
	return "started nothing: other parts of the condition were not met"
}

// falseFilter says which `if` of a trigger was false.
func (q *inquiry) falseFilter(id int64) string {
	if t := q.trigger(id); t != nil && t.on != nil {
		return falseIf(&t.on.Rule)
	}
	return "its `if` was false"
}

// run tells which run a trigger started by an entry, or why none began.
func (q *inquiry) run(e *machine.Entry, o freshet.Outcome, r *freshet.Reason) string {
	start := q.asked(e.Offset, o.Trigger)
	if start == nil {
		return "started a run"
	}
	run, err := q.x.reader.Run(q.ctx, start.Run)
	switch {
	case err == nil:
		r.RunID, r.Status = run.ID, run.Status
		return fmt.Sprintf("started run %d, which %s", run.ID, q.stood(*run))
	case !q.ok(err) && q.err != nil:
		return "started a run"
	}
	if refusal, found := q.firing(o.Trigger, start.Offset); found != nil {
		return "did not start a run: refused: " + clip(refusal.Note)
	}
	return fmt.Sprintf("is to start run %d in a moment", start.Run)
}

// asked finds the start that a trigger asked for when it was shown an entry:
// it was appended soon behind it.
func (q *inquiry) asked(offset, id int64) *machine.Entry {
	after := offset
	for range childRows / 100 {
		if q.err != nil {
			return nil
		}
		list, err := q.x.reader.Journal(q.ctx, after, 100)
		if !q.ok(err) || len(list) == 0 {
			return nil
		}
		for i := range list {
			e := &list[i]
			if e.Cause == offset && e.Kind == machine.StartRun && e.Body.Start != nil && e.Body.Start.Trigger == id {
				return e
			}
			after = e.Offset
		}
	}
	return nil
}
