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
	var list []freshet.Reason
	told := map[int64]bool{} // entries
	for _, row := range q.triggered(t).rows {
		if len(list) == shownFires {
			break
		}
		e, outs := q.shown(t, row)
		if e == nil || len(outs) == 0 || told[e.Offset] {
			continue
		}
		told[e.Offset] = true
		list = append(list, q.outcomeOf(t, e, outs))
	}
	return list
}

// shown is what a trigger was shown, and what it made of it, tick by tick:
// what was refused stands with what asked for it.
func (q *inquiry) shown(t *trigger, row store.LedgerRow) (*machine.Entry, []freshet.Outcome) {
	e, rows := q.entry(row.Offset), []store.LedgerRow{row}
	if e != nil && e.Kind == machine.StartRun && e.Cause != 0 {
		e, rows = q.entry(e.Cause), q.fired(e.Cause)
	}
	var outs []freshet.Outcome
	for _, row := range rows {
		for _, o := range row.Outcomes {
			if o.Trigger == t.ID {
				outs = append(outs, o)
			}
		}
	}
	return e, outs
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

// falseFilter says which `if` of a trigger was false.
func (q *inquiry) falseFilter(id int64) string {
	if t := q.trigger(id); t != nil && t.on != nil {
		return falseIf(&t.on.Rule)
	}
	return "its `if` was false"
}
