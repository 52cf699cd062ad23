package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/store"
)

// Sweep removes in one transaction what housekeeping names, if the shard still
// has the leader who asks. What is needed after all stays: the statements look
// again.
func (s *Store) Sweep(ctx context.Context, b *store.Sweep) (store.Swept, error) {
	if err := ctx.Err(); err != nil {
		return store.Swept{}, fmt.Errorf("sweep: %w", err)
	}
	ctx = context.WithoutCancel(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.writer.open(ctx); err != nil {
		return store.Swept{}, fault("sweep", err)
	}
	if err := s.there(); err != nil {
		return store.Swept{}, err
	}
	var done store.Swept
	err := s.writer.within(ctx, "begin", func() error {
		w := writer{ctx: ctx, c: s.writer}
		done = w.sweep(b)
		return w.err
	})
	if err != nil {
		return store.Swept{}, fault("sweep", err)
	}
	return done, nil
}

// sweep removes what refers to entries before the entries.
func (w *writer) sweep(b *store.Sweep) (done store.Swept) {
	if n := w.exec("sweep_lead", b.Upto, b.Leader); w.err == nil && n == 0 {
		w.err = errNotLeader()
	}
	each(w, b.Ledger, func(k *store.LedgerKey) { done.Decisions += w.exec("sweep_ledger", k.Offset, k.Run) })
	each(w, b.Runs, func(id *int64) { done.Runs += w.unrun(id) })
	each(w, b.Executions, func(k *freshet.Key) {
		done.Executions += w.exec("sweep_execution", k.Run, k.Task, k.Seq, k.Item, k.Try)
	})
	each(w, b.Memory, func(id *int64) {
		if w.exec("sweep_marks", *id, store.SweepRows) == 0 {
			w.exec("sweep_rules", *id)
		}
	})
	if len(b.Entries) > 0 {
		gone := w.entries(b.Entries)
		done.Entries = int64(len(gone))
		if len(gone) > 0 {
			done.Decisions += w.exec("sweep_decisions", encodeIDs(gone))
			w.exec("sweep_contributions", encodeIDs(gone))
		}
	}
	each(w, b.Gone, func(id *int64) { w.exec("sweep_gone", *id) })
	each(w, b.Workflows, func(id *store.WorkflowID) {
		w.exec("sweep_versions", id.Namespace, id.Name)
		w.exec("sweep_workflow", id.Namespace, id.Name)
	})
	if b.Shrink > 0 && w.err == nil {
		_, w.err = w.c.sql.ExecContext(w.ctx, fmt.Sprintf("PRAGMA incremental_vacuum(%d)", b.Shrink))
	}
	return done
}

// unrun removes the row of a run that has ended, and notes that the rest of it
// is to go.
func (w *writer) unrun(id *int64) int64 {
	w.exec("sweep_run_keep", *id)
	return w.exec("sweep_run", *id)
}

// entries removes entries that nothing needs, and tells which they were.
func (w *writer) entries(offsets []int64) (gone []int64) {
	if w.err == nil {
		gone, w.err = query(w.ctx, w.c, column[int64], "sweep_entries", encodeIDs(offsets))
	}
	return gone
}

// EndedFlows are the workflows that have ended runs.
func (s *Store) EndedFlows(ctx context.Context) ([]store.EndedFlow, error) {
	return list(ctx, s, "look for ended runs", func(rows *sql.Rows) (f store.EndedFlow, err error) {
		var keep int64
		var oldest moment
		err = rows.Scan(&f.Namespace, &f.Workflow, &keep, &oldest)
		f.Retention, f.Oldest = retention(keep), oldest.Time
		return f, err
	}, "ended_flows")
}

// list runs a statement on a reader's connection.
func list[T any](ctx context.Context, s *Store, what string, scan func(*sql.Rows) (T, error), name string, args ...any) (found []T, err error) {
	err = s.read(ctx, what, func(c *conn) (err error) {
		found, err = query(ctx, c, scan, name, args...)
		return err
	})
	return found, err
}
