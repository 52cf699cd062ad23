package sqlite

import (
	"context"
	"math"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/store"
)

// runStatuses are all that a run can have.
var runStatuses = []freshet.Status{freshet.Queued, freshet.Running, freshet.Stopping, freshet.Success, freshet.Failed, freshet.Stopped}

// Run gives one run.
func (s *Store) Run(ctx context.Context, id int64) (*freshet.Run, error) {
	var found []storedRun
	err := s.read(ctx, "read a run", func(c *conn) (err error) {
		found, err = query(ctx, c, scanRun, "run_get", id)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, noRun(id)
	}
	r := found[0].public()
	return &r, nil
}

// RunByKey finds the run that a start with an idempotence key made.
func (s *Store) RunByKey(ctx context.Context, namespace, key string) (int64, error) {
	var ids []int64
	err := s.read(ctx, "find a run by key", func(c *conn) (err error) {
		ids, err = query(ctx, c, column[int64], "run_by_key", namespace, key)
		return err
	})
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return ids[0], nil
}

// Runs lists runs, newest first.
func (s *Store) Runs(ctx context.Context, f store.RunFilter) ([]freshet.Run, error) {
	list := []freshet.Run{}
	err := s.read(ctx, "list runs", func(c *conn) error {
		ids, err := runIDs(ctx, c, f)
		if err != nil || len(ids) == 0 {
			return err
		}
		found, err := query(ctx, c, scanRun, "run_rows", encodeIDs(ids))
		for i := range found {
			if found[i].CreatedAt.Before(f.Since) {
				break // ids and journal time both increase: so are the others
			}
			list = append(list, found[i].public())
		}
		return err
	})
	return list, err
}

// runIDs are those of a page. Each namespace and status is a range of an
// index, and the page is the top of their merge.
func runIDs(ctx context.Context, c *conn, f store.RunFilter) ([]int64, error) {
	before := f.Before
	if before <= 0 {
		before = math.MaxInt64
	}
	if f.Namespace == "" && f.Workflow == "" && len(f.Status) == 0 {
		return query(ctx, c, column[int64], "run_ids", before, all(f.Limit))
	}
	namespaces := []string{f.Namespace}
	if f.Namespace == "" {
		var err error
		if namespaces, err = query(ctx, c, column[string], "run_namespaces"); err != nil {
			return nil, err
		}
	}
	statement, statuses := "run_ids_namespace", runStatuses
	if f.Workflow != "" {
		statement = "run_ids_workflow"
	}
	if f.Workflow != "" && f.Place != "" {
		statement = "run_ids_place"
	}
	if len(f.Status) > 0 {
		statuses = slices.Compact(slices.Sorted(slices.Values(f.Status)))
	}
	var ids []int64
	for _, namespace := range namespaces {
		for _, status := range statuses {
			args := []any{namespace, f.Workflow, string(status), before, all(f.Limit)}
			if statement == "run_ids_place" {
				args = append(args, f.Place)
			}
			part, err := query(ctx, c, column[int64], statement, args...)
			if err != nil {
				return nil, err
			}
			ids = append(ids, part...)
		}
	}
	slices.Sort(ids)
	if f.Limit > 0 && len(ids) > f.Limit {
		ids = ids[len(ids)-f.Limit:]
	}
	return ids, nil
}

// public is the run as the API shows it.
func (r *storedRun) public() freshet.Run {
	return freshet.Run{ID: r.ID, Namespace: r.Namespace, Workflow: r.Workflow, Version: r.Version, Status: r.Status,
		Type: r.Type, Parameters: r.Parameters, CreatedAt: r.CreatedAt, ScheduledAt: moment{r.ScheduledAt}.pointer(),
		StartedAt: moment{r.StartedAt}.pointer(), EndedAt: moment{r.EndedAt}.pointer(), Code: r.Code, Reason: r.Reason,
		EventOffset: r.event, Parent: r.Parent, RerunOf: r.RerunOf, ConcurrencyKey: r.Place,
		Trigger: r.Trigger, Missing: r.Missing, Outputs: r.Outputs}
}
