package sqlite

import (
	"context"
	"database/sql"
	"math"

	"github.com/freshet/freshet/internal/store"
)

// LedgerOf tells what became of an entry.
func (s *Store) LedgerOf(ctx context.Context, offset int64, limit int) ([]store.LedgerRow, error) {
	var list []store.LedgerRow
	err := s.read(ctx, "read the ledger of an entry", func(c *conn) (err error) {
		list, err = query(ctx, c, scanLedger, "ledger_of", offset, all(limit))
		return err
	})
	return list, err
}

// LedgerFor tells what became of the newest limit entries that concerned a
// run. The parts of an entry stay together, so a page may have more rows.
func (s *Store) LedgerFor(ctx context.Context, run, before int64, limit int) ([]store.LedgerRow, error) {
	before, limit = newest(before, limit)
	var list []store.LedgerRow
	err := s.read(ctx, "read the ledger of a run", func(c *conn) (err error) {
		list, err = query(ctx, c, scanLedger, "ledger_for", run, before, limit-1)
		return err
	})
	return list, err
}

// LedgerTask is LedgerFor without the rows that say nothing of a task. Names
// of tasks stand in JSON as they are.
func (s *Store) LedgerTask(ctx context.Context, run int64, task string, before int64, limit int) (list []store.LedgerRow, whole bool, err error) {
	before, limit = newest(before, limit)
	err = s.read(ctx, "read the ledger of a task", func(c *conn) (err error) {
		if list, err = query(ctx, c, scanLedger, "ledger_task", run, before, limit-1, `"t":"`+task+`"`); err != nil {
			return err
		}
		older, err := query(ctx, c, column[int64], "ledger_older", run, before, limit)
		whole = len(older) == 0
		return err
	})
	return list, whole, err
}

// newest is the place and the length of a page as SQL takes them.
func newest(before int64, limit int) (int64, int) {
	if before <= 0 {
		before = math.MaxInt64
	}
	if limit <= 0 {
		limit = math.MaxInt32
	}
	return before, limit
}

func scanLedger(rows *sql.Rows) (store.LedgerRow, error) {
	var r store.LedgerRow
	var outcomes string
	err := rows.Scan(&r.Offset, &r.Run, &r.Part, &r.Namespace, &outcomes)
	if err == nil {
		r.Outcomes, err = decodeOutcomes(outcomes)
	}
	return r, err
}
