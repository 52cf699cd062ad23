package sqlite

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/store"
)

// Executions lists those of a run, in the order in which they were queued; of
// one task that is by seq, item and try. A task is read by its page, a run as
// a whole.
func (s *Store) Executions(ctx context.Context, f store.ExecutionFilter) ([]freshet.Execution, error) {
	list := []freshet.Execution{}
	err := s.read(ctx, "list executions", func(c *conn) error {
		low, high := seqs(f)
		statement, args := "execution_list", []any{f.Run, f.AllTries, low, high, all(f.Limit), words(f.Status)}
		if f.Task != "" {
			first, last := items(f)
			statement, args = "execution_task", append(args, f.Task, first, last)
		}
		if f.Newest {
			statement += "_newest"
		}
		found, err := query(ctx, c, scanExecution, statement, args...)
		for i := range found {
			list = append(list, found[i].public())
		}
		switch {
		case f.Newest && f.Task == "": // they come by what has changed last
			slices.SortFunc(list, inOrder)
		case f.Newest:
			slices.Reverse(list)
		}
		return err
	})
	return list, err
}

// seqs and items are the ranges that are asked for.
func seqs(f store.ExecutionFilter) (low, high int64) {
	if f.Seq == 0 {
		return math.MinInt64, math.MaxInt64
	}
	return int64(f.Seq), int64(f.Seq)
}

func items(f store.ExecutionFilter) (first, last int64) {
	if f.Item == nil {
		return int64(freshet.NoItem), math.MaxInt64
	}
	return int64(*f.Item), int64(*f.Item)
}

// inOrder is the order in which executions of a run were queued.
func inOrder(x, y freshet.Execution) int {
	return cmp.Or(timeOf(x.QueuedAt).Compare(timeOf(y.QueuedAt)), cmp.Compare(x.Seq, y.Seq), cmp.Compare(x.Task, y.Task),
		cmp.Compare(itemOf(&x), itemOf(&y)), cmp.Compare(x.Try, y.Try))
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func itemOf(x *freshet.Execution) int {
	if x.Item == nil {
		return freshet.NoItem
	}
	return *x.Item
}

// words are statuses as a statement takes them: between blanks; none is all.
func words(list []freshet.Status) string {
	var b strings.Builder
	for _, s := range list {
		b.WriteString(" " + string(s) + " ")
	}
	return b.String()
}

// public is the execution as the API shows it.
func (x *storedExecution) public() freshet.Execution {
	p := freshet.Execution{RunID: x.Key.Run, Task: x.Key.Task, Seq: x.Key.Seq, Try: x.Key.Try, Status: x.Status,
		QueuedAt: moment{x.QueuedAt}.pointer(), StartedAt: moment{x.StartedAt}.pointer(), EndedAt: moment{x.EndedAt}.pointer(),
		Outputs: x.Outputs, Artifacts: x.Artifacts, Code: x.Code, Reason: x.Reason, EventOffset: x.Offset, Executor: x.Executor, Log: x.Log, ChildRun: x.Child}
	if x.Key.Item != freshet.NoItem {
		p.Item = &x.Key.Item
	}
	if x.HasExit {
		p.ExitCode = &x.ExitCode
	}
	return p
}
