package why

import (
	"slices"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/store"
)

// decision is what the ledger has about one rule, with its place.
type decision struct {
	freshet.Outcome
	offset int64
	time   time.Time
}

// find looks for the newest outcome in a list of ledger rows.
func find(rows []store.LedgerRow, is func(freshet.Outcome) bool) (decision, bool) {
	for i := range rows {
		for _, o := range slices.Backward(rows[i].Outcomes) {
			if is(o) {
				return decision{Outcome: o, offset: rows[i].Offset}, true
			}
		}
	}
	return decision{}, false
}

// starting finds the decision that started an execution. Where the event that
// it keeps leads to it that is one read; otherwise it is looked for among the
// newest decisions, and then around the time of the start.
func (q *inquiry) starting(v *view, x execution) (decision, bool) {
	return q.search(v, x.Task, x.offset, x.queued, func(o freshet.Outcome) bool {
		return o.Task == x.Task && o.Seq == x.Seq && (o.Action == "start" || o.Action == "restart")
	})
}

// stopping finds the decision that had an execution stopped.
func (q *inquiry) stopping(v *view, x execution) (decision, bool) {
	return q.search(v, x.Task, 0, x.ended, func(o freshet.Outcome) bool {
		return o.Task == x.Task && (o.Action == "stop" && o.Seq == x.Seq || o.Action == "restart" && o.Seq == x.Seq+1)
	})
}

// halting finds the decision that stopped the whole run.
func (q *inquiry) halting(v *view) (decision, bool) {
	return q.search(v, "", 0, v.EndedAt, func(o freshet.Outcome) bool { return o.Task == "" && o.Action == "stop" })
}

// search looks for an outcome of a run, of a task where one is given: at an
// offset, among the newest, and among those before a moment.
func (q *inquiry) search(v *view, task string, offset int64, t time.Time, is func(freshet.Outcome) bool) (decision, bool) {
	var d decision
	found := false
	if offset != 0 {
		d, found = find(q.decided(v.ID, task, offset), is)
	}
	recent := q.recent(v, task)
	if !found {
		d, found = find(recent.rows, is)
	}
	if !found && !recent.whole && !t.IsZero() {
		rows, _ := q.ledger(v.ID, task, q.upTo(t)+1, searchRows)
		d, found = find(rows, is)
	}
	if found {
		if e := q.entry(d.offset); e != nil {
			d.time = e.Time
		}
	}
	return d, found && q.err == nil
}
