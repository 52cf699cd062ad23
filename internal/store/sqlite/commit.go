package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// Commit stores a batch in one transaction. A context that ends while the
// transaction is under way does not end it: half a commit helps nobody.
func (s *Store) Commit(ctx context.Context, b *store.Batch) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	ctx = context.WithoutCancel(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.writer.open(ctx); err != nil {
		return fault("commit", err)
	}
	if err := s.there(); err != nil {
		return err
	}
	return fault("commit", s.writer.within(ctx, "begin", func() error {
		w := writer{ctx: ctx, c: s.writer}
		w.lead(&b.Cursor, b.Leader)
		w.write(b)
		return w.err
	}))
}

// writer writes rows until the first error, which it keeps.
type writer struct {
	ctx context.Context
	c   *conn
	err error
}

// write stores rows table by table, so that each statement stays warm.
func (w *writer) write(b *store.Batch) {
	each(w, b.Entries, w.entry)
	each(w, b.Ledger, w.ledger)
	each(w, b.Unspaces, w.unspace)
	each(w, b.Spaces, w.space)
	each(w, b.Unflows, w.unflow)
	each(w, b.Workflows, w.workflow)
	each(w, b.Versions, w.version)
	each(w, b.Runs, w.run)
	each(w, b.Executions, func(x **machine.Execution) { w.execution(*x) })
	each(w, b.Unruns, func(id *int64) { w.unrun(id) })
	each(w, b.Unheld, w.unhold)
	each(w, b.Unwaits, w.unwait)
	each(w, b.Waits, w.wait)
	each(w, b.Triggers, w.trigger)
	each(w, b.Rules, w.rule)
	each(w, b.Unmarks, w.unmark)
	each(w, b.Marks, w.mark)
	each(w, b.Untimers, w.untimer)
	each(w, b.Timers, w.timer)
	each(w, b.Unplaces, w.unplace)
	each(w, b.Places, w.place)
	each(w, b.Untriggers, w.untrigger)
}

func each[T any](w *writer, rows []T, put func(*T)) {
	for i := range rows {
		if w.err != nil {
			return
		}
		put(&rows[i])
	}
}

func (w *writer) exec(name string, args ...any) int64 {
	if w.err != nil {
		return 0
	}
	var n int64
	n, w.err = w.c.exec(w.ctx, name, args...)
	return n
}

// lead moves the cursor, if the shard still has the leader who commits.
func (w *writer) lead(c *store.Cursor, leader int64) {
	var more any
	if c.More != nil {
		j, err := json.Marshal(c.More)
		if err != nil {
			w.err = fmt.Errorf("write the cursor: %w", err)
			return
		}
		more = string(j)
	}
	n := w.exec("shard_put", c.Offset, c.Target, c.Run, more, c.NextRun, c.NextTrigger, micros(c.Time), leader)
	if w.err == nil && n == 0 {
		w.err = errNotLeader()
	}
}

func errNotLeader() error {
	return freshet.Errorf(freshet.Conflict, "another server leads this shard now").
		WithHint("this one must stop deciding; restart it if the other one was started by mistake")
}
