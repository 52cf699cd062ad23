package sqlite

import (
	"context"
	"math"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/store"
)

// Executions lists those of a run, in the order in which they were queued; of
// one task that is by seq, item and try. A task is read by its page, a run as
// a whole.
func (s *Store) Executions(ctx context.Context, f store.ExecutionFilter) ([]freshet.Execution, error) {
	list := []freshet.Execution{}
	err := s.read(ctx, "list executions", func(c *conn) error {
		low, high := int64(f.Seq), int64(f.Seq)
		if f.Seq == 0 {
			low, high = math.MinInt64, math.MaxInt64
		}
		statement, args := "execution_list", []any{f.Run, f.AllTries, low, high, all(f.Limit)}
		if f.Task != "" {
			statement, args = "execution_task", append(args, f.Task)
		}
		if f.Newest {
			statement += "_newest"
		}
		found, err := query(ctx, c, scanExecution, statement, args...)
		for i := range found {
			list = append(list, found[i].public())
		}
		if f.Newest {
			slices.Reverse(list)
		}
		return err
	})
	return list, err
}

// public is the execution as the API shows it.
func (x *storedExecution) public() freshet.Execution {
	p := freshet.Execution{RunID: x.Key.Run, Task: x.Key.Task, Seq: x.Key.Seq, Try: x.Key.Try, Status: x.Status,
		QueuedAt: moment{x.QueuedAt}.pointer(), StartedAt: moment{x.StartedAt}.pointer(), EndedAt: moment{x.EndedAt}.pointer(),
		Outputs: x.Outputs, Code: x.Code, Reason: x.Reason, EventOffset: x.Offset, Executor: x.Executor, Log: x.Log}
	if x.Key.Item != freshet.NoItem {
		p.Item = &x.Key.Item
	}
	if x.HasExit {
		p.ExitCode = &x.ExitCode
	}
	return p
}
