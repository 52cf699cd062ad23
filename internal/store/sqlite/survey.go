package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// Survey gives one run as of one moment, with no more of its executions than
// where they stand: a wide run has very many, and nobody reads them all.
func (s *Store) Survey(ctx context.Context, id int64) (*store.RunSnapshot, error) {
	return s.loadRun(ctx, "survey a run", id, func(c *conn) ([]storedExecution, error) {
		return query(ctx, c, func(rows *sql.Rows) (storedExecution, error) {
			x := storedExecution{Execution: machine.Execution{Held: true}}
			x.Key.Run = id
			return x, rows.Scan(&x.Key.Task, &x.Key.Seq, &x.Key.Item, &x.Key.Try, &x.Status, &x.Code)
		}, "execution_survey", id)
	})
}

// Held gives the executions of a task that a loaded run needs.
func (s *Store) Held(ctx context.Context, run int64, task string) ([]*machine.Execution, error) {
	var list []*machine.Execution
	err := s.read(ctx, "read executions", func(c *conn) error {
		l := loaded{}
		var err error
		if l.executions, err = query(ctx, c, scanExecution, "execution_held_task", run, task); err != nil {
			return err
		}
		ev, err := readEvents(ctx, c, l.offsets())
		for i := range l.executions {
			list = append(list, l.executions[i].row(ev))
		}
		return err
	})
	return list, err
}

// Cursor says how far the journal has been decided.
func (s *Store) Cursor(ctx context.Context) (store.Cursor, error) {
	var heads []store.Snapshot
	err := s.read(ctx, "read the cursor", func(c *conn) (err error) {
		heads, err = query(ctx, c, scanShard, "shard_get")
		return err
	})
	if err != nil {
		return store.Cursor{}, err
	}
	if len(heads) != 1 {
		return store.Cursor{}, fmt.Errorf("the shard has %d rows", len(heads))
	}
	return heads[0].Cursor, nil
}
