package janitor

import (
	"context"
	"time"

	"github.com/freshet/freshet/internal/logkey"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// surplus lets executions go that are not among the newest of their task, in
// runs that are alive: at once where the workflow says that its runs never end,
// else when they have been kept long enough.
func (p *pass) surplus() error {
	tasks, err := p.j.cfg.Store.OftenStarted(p.ctx)
	if err != nil {
		return err
	}
	for _, t := range tasks {
		before, ok := never, true
		if !p.j.flows.neverEnds(p.ctx, t.Namespace, t.Workflow, t.Version) {
			if before, ok = p.till(0); !ok {
				continue
			}
		}
		upto := t.Seq - store.KeptStarts
		if !t.Ended { // of those that have ended so many stay
			upto--
		}
		if err := p.executions(t, upto, before); err != nil {
			return err
		}
	}
	return nil
}

// executions lets those of a task go up to a start.
func (p *pass) executions(t store.OftenStarted, upto int, before time.Time) error {
	for {
		list, err := p.j.cfg.Store.EndedExecutions(p.ctx, t.Run, t.Task, upto, before, store.SweepRows)
		if err != nil {
			return err
		}
		s := store.Sweep{}
		var offsets []int64
		for _, x := range list {
			if f := p.j.cfg.Files; f != nil {
				if err := f.RemoveExecution(t.Namespace, t.Workflow, x.Key); err != nil && p.j.cfg.Log != nil {
					p.j.cfg.Log.Warn("cannot remove the files of an execution", logkey.Run, t.Run, logkey.Error, err)
				}
			}
			s.Executions = append(s.Executions, x.Key)
			offsets = append(offsets, x.Offset)
		}
		if s.Entries, err = p.free(offsets); err != nil {
			return err
		}
		if err := p.sweep(&s); err != nil || len(list) < store.SweepRows {
			return err
		}
	}
}

// decisions lets go what runs that are alive decided about entries that are
// older than what is kept. What their newest executions were started by stays
// all the same.
func (p *pass) decisions() error {
	created := p.now
	for after := int64(0); ; {
		runs, err := p.j.cfg.Store.OldRuns(p.ctx, created, after, someRuns)
		if err != nil {
			return err
		}
		for _, r := range runs {
			after = r.ID
			till, ok := p.till(r.Retention)
			if !ok || !r.CreatedAt.Before(till) {
				continue
			}
			if err := p.oldDecisions(r.ID, till); err != nil {
				return err
			}
		}
		if len(runs) < someRuns {
			return nil
		}
	}
}

func (p *pass) oldDecisions(run int64, till time.Time) error {
	before, err := p.j.cfg.Store.OffsetAt(p.ctx, till)
	if err != nil {
		return err
	}
	for {
		list, err := p.j.cfg.Store.Decisions(p.ctx, run, before, store.SweepRows)
		if err != nil {
			return err
		}
		offsets := make([]int64, len(list))
		for i, k := range list {
			offsets[i] = k.Offset
		}
		free, err := p.free(offsets)
		if err != nil {
			return err
		}
		if err := p.sweep(&store.Sweep{Ledger: list, Entries: free}); err != nil || len(list) < store.SweepRows {
			return err
		}
	}
}

// flows knows of versions of workflows whether their runs ever end.
type flows struct {
	store Store
	never map[[3]string]bool
}

// manyFlows bounds what is remembered.
const manyFlows = 1000

func (f *flows) neverEnds(ctx context.Context, namespace, name, version string) bool {
	key := [3]string{namespace, name, version}
	if known, ok := f.never[key]; ok {
		return known
	}
	row, err := f.store.Version(ctx, namespace, name, version)
	if err != nil {
		return false // and it is asked again
	}
	list, _ := spec.Parse(name+".yaml", []byte(row.Source))
	if f.never == nil || len(f.never) >= manyFlows {
		f.never = map[[3]string]bool{}
	}
	f.never[key] = len(list) == 1 && list[0].Ends == spec.Never
	return f.never[key]
}
