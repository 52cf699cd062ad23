package engine

import (
	"context"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
)

// Picture is the state of an engine at rest, for audits: what is in memory
// has to be what the store would give.
type Picture struct {
	Runs       map[int64]*machine.Run
	Registries map[string]*machine.Registry
	Used       map[freshet.Key]bool // slots
	Waiting    map[freshet.Key]bool // for a slot
	Undecided  int                  // entries of the journal
	Versions   int                  // of workflows, compiled
}

// Picture shows the state in memory. It may be called when Run has returned.
func (e *Engine) Picture() Picture {
	p := Picture{Runs: e.runs, Registries: map[string]*machine.Registry{}, Used: e.fair.used, Waiting: e.fair.waiting, Undecided: len(e.backlog), Versions: len(e.versions)}
	for name, g := range e.registries {
		if g.Row == nil && len(g.Flows) == 0 {
			continue // there is no such namespace
		}
		same := *g
		same.Flows = make(map[string]*machine.Flow, len(g.Flows))
		for flow, f := range g.Flows {
			c := *f
			c.Groups = make(map[string]*machine.Group, len(f.Groups))
			for key, group := range f.Groups {
				c.Groups[key] = &machine.Group{Active: slices.Sorted(slices.Values(group.Active)), Queued: slices.Clone(group.Queued)}
			}
			c.Later, c.Stopping = slices.Sorted(slices.Values(f.Later)), nil
			same.Flows[flow] = &c
		}
		p.Registries[name] = &same
	}
	return p
}

// Load shows the state that a new engine on the same store would begin with.
// It takes the leadership.
func Load(ctx context.Context, cfg Config) (Picture, error) {
	e := New(cfg)
	if err := e.load(ctx); err != nil {
		return Picture{}, err
	}
	p := e.Picture()
	return p, nil
}
