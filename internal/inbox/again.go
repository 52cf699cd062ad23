package inbox

import (
	"context"
	"slices"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// again is a task that starts again, with the events that had started it as far
// as they are kept.
func (x *Inbox) again(ctx context.Context, run *machine.RunRow, last *machine.Execution) (machine.AgainOn, error) {
	a := machine.AgainOn{Task: last.Key.Task}
	if last.Offset == 0 {
		return a, nil
	}
	offsets, err := x.startedBy(ctx, run, last)
	if err != nil {
		return a, err
	}
	for _, at := range offsets {
		ev, err := x.store.Event(ctx, run.Namespace, at)
		switch {
		case freshet.CodeOf(err) == freshet.NotFound:
			continue // older than what is kept
		case err != nil:
			return a, err
		}
		if a.Event != nil {
			a.Earlier = append(a.Earlier, a.Event)
		}
		a.Event = ev
	}
	return a, nil
}

// startedBy are the events that took part when an execution started. Its row
// keeps the newest of them only, once it has ended; the decision to start it
// has all. A result that was kept from another run was started there.
func (x *Inbox) startedBy(ctx context.Context, run *machine.RunRow, last *machine.Execution) ([]int64, error) {
	newest, id, before := last.Offset, run.ID, run.RerunOf
	for {
		offsets, err := x.decidedBy(ctx, id, last)
		if err != nil || offsets != nil {
			return offsets, err
		}
		r, err := x.store.Run(ctx, before)
		if freshet.CodeOf(err) == freshet.NotFound {
			return []int64{newest}, nil
		}
		if err != nil {
			return nil, err
		}
		held, err := x.store.Held(ctx, r.ID, last.Key.Task)
		if err != nil {
			return nil, err
		}
		held = slices.DeleteFunc(held, func(h *machine.Execution) bool { return h.Key.Item != freshet.NoItem || h.Offset != newest })
		if len(held) == 0 {
			return []int64{newest}, nil
		}
		last, id, before = held[len(held)-1], r.ID, r.RerunOf
	}
}

// decidedRows is how many decisions of one moment are looked through.
const decidedRows = 1000

// decidedBy are the events of the decision that started an execution of a run,
// nil where that is not found: most starts are decided with their newest event,
// the others when they are queued.
func (x *Inbox) decidedBy(ctx context.Context, run int64, last *machine.Execution) ([]int64, error) {
	rows, _, err := x.store.LedgerTask(ctx, run, last.Key.Task, last.Offset+1, 1)
	if err != nil {
		return nil, err
	}
	if offsets := offsetsOf(rows, last); offsets != nil {
		return offsets, nil
	}
	item := freshet.NoItem
	tries, err := x.store.Executions(ctx, store.ExecutionFilter{Run: run, Task: last.Key.Task, Item: &item, Seq: last.Key.Seq, AllTries: true, Limit: 1})
	if err != nil || len(tries) == 0 || tries[0].QueuedAt == nil {
		return nil, err
	}
	before, err := x.store.OffsetAt(ctx, tries[0].QueuedAt.Add(time.Microsecond))
	if err != nil {
		return nil, err
	}
	rows, _, err = x.store.LedgerTask(ctx, run, last.Key.Task, before, decidedRows)
	return offsetsOf(rows, last), err
}

// offsetsOf are the events of the newest decision that started an execution
// with the newest of its events.
func offsetsOf(rows []store.LedgerRow, x *machine.Execution) []int64 {
	for i := range rows {
		for _, o := range slices.Backward(rows[i].Outcomes) {
			if o.Task == x.Key.Task && o.Seq == x.Key.Seq && (o.Action == "start" || o.Action == "restart") && slices.Contains(o.Offsets, x.Offset) {
				return o.Offsets
			}
		}
	}
	return nil
}
