package janitor

import (
	"fmt"

	"github.com/freshet/freshet/internal/logkey"
	"github.com/freshet/freshet/internal/store"
)

// someRuns is how many runs are looked at together.
const someRuns = 100

// ended lets runs go that ended long enough ago.
func (p *pass) ended() error {
	flows, err := p.j.cfg.Store.EndedFlows(p.ctx)
	if err != nil {
		return err
	}
	for _, f := range flows {
		till, ok := p.till(f.Retention)
		if !ok || !f.Oldest.Before(till) {
			continue
		}
		for {
			ids, err := p.j.cfg.Store.EndedRuns(p.ctx, f.Namespace, f.Workflow, till, 0, someRuns)
			if err != nil {
				return err
			}
			if err := p.sweep(&store.Sweep{Runs: ids}); err != nil {
				return err
			}
			if err := p.rest(); err != nil || len(ids) < someRuns {
				if err != nil {
					return err
				}
				break
			}
		}
	}
	return nil
}

// removed goes on with what somebody has deleted: the runs of workflows, and
// then all that there is of runs.
func (p *pass) removed() error {
	flows, err := p.j.cfg.Store.RemovedWorkflows(p.ctx)
	if err != nil {
		return err
	}
	for _, f := range flows {
		for {
			ids, err := p.j.cfg.Store.EndedRuns(p.ctx, f.Namespace, f.Name, never, f.NextRun, someRuns)
			if err != nil {
				return err
			}
			if len(ids) == 0 {
				break
			}
			if err := p.sweep(&store.Sweep{Runs: ids}); err != nil {
				return err
			}
			if err := p.rest(); err != nil {
				return err
			}
		}
		if err := p.sweep(&store.Sweep{Workflows: []store.WorkflowID{f.WorkflowID}}); err != nil {
			return err
		}
	}
	return p.rest()
}

// rest removes what is left of runs that are no more: their rows, then their
// files, and at last the note that they are to go.
func (p *pass) rest() error {
	for {
		runs, err := p.j.cfg.Store.RemovedRuns(p.ctx, someRuns)
		if err != nil || len(runs) == 0 {
			return err
		}
		b := &batch{p: p}
		for _, r := range runs {
			if err := b.run(r); err != nil {
				return err
			}
		}
		if err := b.flush(); err != nil {
			return err
		}
	}
}

// batch gathers what is left of runs until it is enough for one step.
type batch struct {
	p    *pass
	s    store.Sweep
	rows int
}

func (b *batch) run(r store.RemovedRun) error {
	for {
		room := store.SweepRows - b.rows
		left, err := b.p.j.cfg.Store.Remains(b.p.ctx, r.ID, room)
		if err != nil {
			return err
		}
		if err := b.add(&left); err != nil {
			return err
		}
		whole := len(left.Ledger) < room && len(left.Executions) < room && !left.Memory
		if whole {
			if err := b.p.files(r); err != nil {
				return err
			}
			b.s.Gone = append(b.s.Gone, r.ID)
			b.rows++
		} else if left.Memory {
			b.s.Memory = append(b.s.Memory, r.ID)
			b.rows = store.SweepRows
		}
		if b.rows >= store.SweepRows {
			if err := b.flush(); err != nil {
				return err
			}
		}
		if whole {
			return nil
		}
	}
}

// add takes rows over, with the entries that may not be needed without them.
func (b *batch) add(left *store.Remains) error {
	b.s.Ledger = append(b.s.Ledger, left.Ledger...)
	b.rows += len(left.Ledger) + len(left.Executions)
	offsets := make([]int64, 0, len(left.Ledger))
	for _, k := range left.Ledger {
		offsets = append(offsets, k.Offset)
	}
	for _, x := range left.Executions {
		b.s.Executions = append(b.s.Executions, x.Key)
		offsets = append(offsets, x.Offset)
	}
	free, err := b.p.free(offsets)
	b.s.Entries = append(b.s.Entries, free...)
	return err
}

func (b *batch) flush() error {
	err := b.p.sweep(&b.s)
	b.s, b.rows = store.Sweep{}, 0
	return err
}

// files removes the logs and the directory of a run. What cannot be removed is
// said, and tried again when files are looked for that belong to nothing.
func (p *pass) files(r store.RemovedRun) error {
	if p.j.cfg.Files == nil {
		return nil
	}
	if err := p.j.cfg.Files.RemoveRun(r.Namespace, r.Workflow, r.ID); err != nil && p.j.cfg.Log != nil {
		p.j.cfg.Log.Warn("cannot remove the files of a run", logkey.Run, r.ID, logkey.Error, err)
	}
	if err := p.ctx.Err(); err != nil {
		return fmt.Errorf("remove runs: %w", err)
	}
	return nil
}
