package sqlite

import (
	"context"
	"fmt"

	"github.com/freshet/freshet/internal/store"
)

// tables are those whose rows are counted.
var tables = []string{"journal", "ledger", "contributions", "runs", "executions", "waits", "rules", "marks", "timers", "workflows", "versions",
	"triggers", "namespaces", "places", "removed_runs", "removed_workflows"}

// Size counts pages and rows. Counting reads every table.
func (s *Store) Size(ctx context.Context) (store.Size, error) {
	size := store.Size{Rows: map[string]int64{}}
	err := s.read(ctx, "measure the database", func(c *conn) error {
		bytes, err := query(ctx, c, column[int64], "size")
		if err != nil {
			return err
		}
		size.Bytes = bytes[0]
		for _, table := range tables {
			var n int64
			if err := c.sql.QueryRowContext(ctx, "SELECT count(*) FROM "+table).Scan(&n); err != nil {
				return fmt.Errorf("count %s: %w", table, err)
			}
			size.Rows[table] = n
		}
		return nil
	})
	return size, err
}
