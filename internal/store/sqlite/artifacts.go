package sqlite

import (
	"context"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/store"
)

// Artifacts lists the tries of a task that have left some.
func (s *Store) Artifacts(ctx context.Context, f store.ExecutionFilter) ([]freshet.Execution, error) {
	list := []freshet.Execution{}
	err := s.read(ctx, "list artifacts", func(c *conn) error {
		low, high := seqs(f)
		first, last := items(f)
		found, err := query(ctx, c, scanExecution, "execution_artifacts", f.Run, f.Task, low, high, first, last)
		for i := range found {
			list = append(list, found[i].public())
		}
		return err
	})
	return list, err
}

// Blobs gives the hashes of all contents that a row names, each once: files of
// versions, and artifacts.
func (s *Store) Blobs(ctx context.Context) ([]string, error) {
	var sums []string
	err := s.read(ctx, "read what is kept", func(c *conn) (err error) {
		sums, err = query(ctx, c, column[string], "check_blobs")
		return err
	})
	return sums, err
}
