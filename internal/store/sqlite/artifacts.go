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

// somePart is how many contents may be named by rows for them to be given
// together.
const somePart = 50_000

// Blobs gives the hashes of all contents that a row names, each once: files of
// versions, and artifacts. Where they are many it reads the rows once for each
// part, so that no more than a part is in memory.
func (s *Store) Blobs(ctx context.Context, yield func(prefix string, sums []string) error) error {
	named, err := list(ctx, s, "count what is kept", column[int64], "check_blobs_count")
	if err != nil {
		return err
	}
	return s.blobs(ctx, parts(named[0]), yield)
}

func (s *Store) blobs(ctx context.Context, prefixes []string, yield func(prefix string, sums []string) error) error {
	for _, prefix := range prefixes {
		sums, err := list(ctx, s, "read what is kept", column[string], "check_blobs", prefix)
		if err != nil {
			return err
		}
		if err := yield(prefix, sums); err != nil {
			return err
		}
	}
	return nil
}

// parts are the beginnings of hashes by which so many are given: one, 16 or
// 256.
func parts(named int64) []string {
	const hex = "0123456789abcdef"
	prefixes := []string{""}
	for len(prefixes) < 256 && named/int64(len(prefixes)) > somePart {
		var longer []string
		for _, p := range prefixes {
			for _, digit := range hex {
				longer = append(longer, p+string(digit))
			}
		}
		prefixes = longer
	}
	return prefixes
}
