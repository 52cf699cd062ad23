package why

import (
	"fmt"
	"slices"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// ahead lists runs of the same workflow that are before a queued run: those
// that hold a place, and those that wait longer.
func (q *inquiry) ahead(v *view) (alive, before []freshet.Run) {
	list := func(before int64, status ...freshet.Status) []freshet.Run {
		found := q.runs(store.RunFilter{Namespace: v.Namespace, Workflow: v.Workflow, Place: v.Place, Status: status, Before: before, Limit: 1000})
		return slices.DeleteFunc(found, q.forLater)
	}
	return list(0, freshet.Running, freshet.Stopping), list(v.ID, freshet.Queued)
}

// placeWords says what a queued run waits behind: "queued behind run 6
// (concurrency 1)", or, where runs share a key, "(concurrency 1 for "oslo")".
func (q *inquiry) placeWords(v *view) string {
	alive, before := q.ahead(v)
	limit := limitWords(&spec.Concurrency{Limit: 1}, "")
	if c := v.w.Concurrency; c != nil {
		limit = limitWords(c, v.Place)
	}
	switch {
	case len(before) > 0:
		return fmt.Sprintf("queued behind run %d (%s)", before[0].ID, limit)
	case len(alive) > 0:
		return fmt.Sprintf("queued behind run %d (%s)", alive[0].ID, limit)
	}
	return "queued, its place is free, and it begins in a moment"
}

// place lists the runs that a queued run waits for.
func (q *inquiry) place(v *view) []freshet.Reason {
	alive, before := q.ahead(v)
	var list []freshet.Reason
	add := func(runs []freshet.Run, line string) {
		for i, r := range runs {
			if i == shownStarts {
				list = append(list, more(len(runs)-i, "run"))
				return
			}
			when := r.StartedAt
			if when == nil {
				when = &r.CreatedAt
			}
			list = append(list, freshet.Reason{Kind: freshet.WhyPlace, Text: fmt.Sprintf(line, r.ID, standing(r.Status)), Time: when, RunID: r.ID, Status: r.Status})
		}
	}
	add(alive, "Run %d has a place: it %s.")
	add(before, "Run %d is before it: it %s.")
	callers := q.callers(v)
	if len(alive) > 0 && !slices.ContainsFunc(alive, func(r freshet.Run) bool { return !callers[r.ID] }) {
		list = append(list, freshet.Reason{Kind: freshet.WhyPlace, RunID: v.ID,
			Text: "All places are held by runs that have called this one, and wait for its end: it begins only if one of them is stopped or times out."})
	}
	if c := v.w.Concurrency; c != nil {
		list = append(list, freshet.Reason{Kind: freshet.WhyPlace, Text: sentence("the workflow says %s with `overlap: %s`", boundWords(c, v.Place), overlap(c)),
			Have: amount(float64(len(alive))), Need: amount(float64(c.Limit))})
	}
	return list
}

func overlap(c *spec.Concurrency) spec.Overlap {
	if c.Overlap == "" {
		return spec.QueueRuns
	}
	return c.Overlap
}

// forLater tells whether a run waits for its time, not for a place.
func (q *inquiry) forLater(r freshet.Run) bool {
	return r.Status == freshet.Queued && r.ScheduledAt != nil && r.ScheduledAt.After(q.now)
}

// stood is where a run stands, as part of a sentence.
func (q *inquiry) stood(r freshet.Run) string {
	if q.forLater(r) {
		return "starts " + instant(*r.ScheduledAt, time.UTC)
	}
	return standing(r.Status)
}

// standing is the status of a run as part of a sentence.
func standing(s freshet.Status) string {
	switch s {
	case freshet.Queued:
		return "waits for its place"
	case freshet.Running:
		return "is running"
	}
	return now(s)
}
