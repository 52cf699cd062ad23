package why

import (
	"cmp"
	"slices"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

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
	if ok && d.offset != 0 && up.Seq > 1 && up.ended.Equal(t) {
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
