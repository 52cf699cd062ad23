package sqlite

import (
	"context"
	"database/sql"
	"math"
	"time"

	"github.com/freshet/freshet/internal/store"
)

// retention is how long something is kept, of a column of microseconds.
func retention(micros int64) time.Duration {
	if micros < 0 {
		return -1
	}
	return time.Duration(micros) * time.Microsecond
}

func retentionMicros(d time.Duration) int64 {
	if d < 0 {
		return -1
	}
	return d.Microseconds()
}

// EndedRuns of a workflow, the one that ended first first.
func (s *Store) EndedRuns(ctx context.Context, namespace, workflow string, before time.Time, below int64, limit int) ([]int64, error) {
	if below <= 0 {
		below = math.MaxInt64
	}
	till := int64(math.MaxInt64)
	if !before.IsZero() {
		till = before.UnixMicro()
	}
	return list(ctx, s, "look for ended runs", column[int64], "ended_runs", namespace, workflow, till, below, all(limit))
}

// RemovedRuns are those that are no more, while their rows go.
func (s *Store) RemovedRuns(ctx context.Context, limit int) ([]store.RemovedRun, error) {
	return list(ctx, s, "look for removed runs", func(rows *sql.Rows) (r store.RemovedRun, err error) {
		return r, rows.Scan(&r.ID, &r.Namespace, &r.Workflow)
	}, "removed_runs", all(limit))
}

// RemovedWorkflows are those that are no more, while their runs go.
func (s *Store) RemovedWorkflows(ctx context.Context) ([]store.RemovedWorkflow, error) {
	return list(ctx, s, "look for removed workflows", func(rows *sql.Rows) (r store.RemovedWorkflow, err error) {
		return r, rows.Scan(&r.Namespace, &r.Name, &r.NextRun)
	}, "removed_workflows")
}

// Remains are rows of a removed run.
func (s *Store) Remains(ctx context.Context, run int64, limit int) (r store.Remains, err error) {
	err = s.read(ctx, "look what is left of a run", func(c *conn) (err error) {
		if r.Ledger, err = query(ctx, c, scanLedgerKey, "remains_ledger", run, all(limit)); err != nil {
			return err
		}
		if r.Executions, err = query(ctx, c, scanEnded, "remains_executions", run, all(limit)); err != nil {
			return err
		}
		left, err := query(ctx, c, column[bool], "remains_memory", run)
		r.Memory = err == nil && left[0]
		return err
	})
	return r, err
}

func scanLedgerKey(rows *sql.Rows) (k store.LedgerKey, err error) {
	return k, rows.Scan(&k.Offset, &k.Run)
}

func scanEnded(rows *sql.Rows) (x store.EndedExecution, err error) {
	return x, rows.Scan(&x.Run, &x.Task, &x.Seq, &x.Item, &x.Try, &x.Offset)
}

// OftenStarted are the tasks of runs that are alive with many starts. A task
// may have two rows that are held: its latest success, and its latest.
func (s *Store) OftenStarted(ctx context.Context) ([]store.OftenStarted, error) {
	rows, err := list(ctx, s, "look for tasks with many starts", func(rows *sql.Rows) (o store.OftenStarted, err error) {
		return o, rows.Scan(&o.Run, &o.Namespace, &o.Workflow, &o.Version, &o.Task, &o.Seq, &o.Ended)
	}, "execution_often")
	newest := rows[:0]
	for _, o := range rows {
		if n := len(newest); n > 0 && newest[n-1].Run == o.Run && newest[n-1].Task == o.Task {
			newest = newest[:n-1]
		}
		newest = append(newest, o)
	}
	return newest, err
}

// EndedExecutions of a task that no loaded run holds.
func (s *Store) EndedExecutions(ctx context.Context, run int64, task string, seq int, before time.Time, limit int) ([]store.EndedExecution, error) {
	return list(ctx, s, "look for old executions", scanEnded, "ended_executions", run, task, seq, micros(before), all(limit))
}

// OldRuns are runs that are alive and were created before a time. Ids and
// journal time both increase, so they come first.
func (s *Store) OldRuns(ctx context.Context, created time.Time, after int64, limit int) ([]store.OldRun, error) {
	found, err := list(ctx, s, "look for old runs", func(rows *sql.Rows) (r store.OldRun, err error) {
		var keep int64
		var at moment
		err = rows.Scan(&r.ID, &r.Namespace, &r.Workflow, &at, &keep)
		r.CreatedAt, r.Retention = at.Time, retention(keep)
		return r, err
	}, "run_old", after, all(limit))
	old, _ := cut(found, func(r *store.OldRun) bool { return r.CreatedAt.Before(created) })
	return old, err
}

// Decisions of a run about entries before an offset.
func (s *Store) Decisions(ctx context.Context, run, before int64, limit int) ([]store.LedgerKey, error) {
	return list(ctx, s, "look for old decisions", scanLedgerKey, "ledger_before", run, before, all(limit))
}

// Unneeded looks at entries after an offset.
func (s *Store) Unneeded(ctx context.Context, after, upto int64, look int) (offsets []int64, last int64, err error) {
	type found struct {
		offset int64
		free   bool
	}
	rows, err := list(ctx, s, "look for old entries", func(rows *sql.Rows) (f found, err error) {
		return f, rows.Scan(&f.offset, &f.free)
	}, "sweep_unneeded", after, upto, all(look))
	last = after
	for _, f := range rows {
		last = f.offset
		if f.free {
			offsets = append(offsets, f.offset)
		}
	}
	return offsets, last, err
}

// Remembered are the entries that what is alive remembers, as of one moment.
func (s *Store) Remembered(ctx context.Context, upto int64) (map[int64]bool, error) {
	held := map[int64]bool{}
	keep := func(offset int64) {
		if offset > 0 && offset <= upto {
			held[offset] = true
		}
	}
	err := s.read(ctx, "look what is remembered", func(c *conn) error {
		return c.within(ctx, "look", func() error {
			rules, err := query(ctx, c, scanRule, "remembered_rules")
			if err != nil {
				return err
			}
			m := memory{rules: rules}
			for _, offset := range m.offsets() {
				keep(offset)
			}
			for _, name := range []string{"remembered_waits", "remembered_executions"} {
				lists, err := query(ctx, c, column[text], name)
				if err != nil {
					return err
				}
				for _, t := range lists {
					offsets, err := decodeOffsets(t)
					if err != nil {
						return err
					}
					for _, offset := range offsets {
						keep(offset)
					}
				}
			}
			return nil
		})
	})
	return held, err
}

// OffsetAt is where the entries of a time begin.
func (s *Store) OffsetAt(ctx context.Context, t time.Time) (offset int64, err error) {
	err = s.read(ctx, "look for a time", func(c *conn) (err error) {
		offset, err = firstAt(ctx, c, t)
		return err
	})
	return offset, err
}

// Swept is the offset up to which entries may have been removed.
func (s *Store) Swept(ctx context.Context) (int64, error) {
	found, err := list(ctx, s, "look how far the journal is kept", column[int64], "swept")
	if err != nil || len(found) == 0 {
		return 0, err
	}
	return found[0], nil
}

// HasRuns tells which of some runs there are, those among them whose rows are
// still going.
func (s *Store) HasRuns(ctx context.Context, ids []int64) (map[int64]bool, error) {
	found, err := list(ctx, s, "look for runs", column[int64], "run_there", encodeIDs(ids))
	there := make(map[int64]bool, len(found))
	for _, id := range found {
		there[id] = true
	}
	return there, err
}

// Pages counts those of the file, and the spare ones among them.
func (s *Store) Pages(ctx context.Context) (spare, all int64, err error) {
	err = s.read(ctx, "count pages", func(c *conn) error {
		return c.sql.QueryRowContext(ctx, statement("pages")).Scan(&spare, &all)
	})
	return spare, all, err
}
