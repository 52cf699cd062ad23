package engine

import (
	"context"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/store"
)

// sweep is one small step of housekeeping that somebody waits for.
type sweep struct {
	store.Sweep
	ctx    context.Context
	answer chan swept
}

type swept struct {
	store.Swept
	err error
}

// Sweep removes what is not needed any more, between two transactions and when
// nothing is waiting to be decided. It is housekeeping about what has been
// decided, so that the journal does not tell of it. What a loaded state holds
// is never touched.
func (e *Engine) Sweep(ctx context.Context, b store.Sweep) (store.Swept, error) {
	s := &sweep{Sweep: b, ctx: ctx, answer: make(chan swept, 1)}
	select {
	case e.sweeps <- s:
	case <-e.done:
		return store.Swept{}, errClosing
	case <-ctx.Done():
		return store.Swept{}, ctx.Err()
	}
	r := <-s.answer // a step is short
	return r.Swept, r.err
}

func (e *Engine) sweep(s *sweep) {
	s.Leader = e.leader
	ctx := context.WithoutCancel(s.ctx)
	done, err := e.cfg.Store.Sweep(ctx, &s.Sweep)
	if isFull(err) && !e.full { // removing is how there is room again
		e.makeRoom(err)
		done, err = e.cfg.Store.Sweep(ctx, &s.Sweep)
	}
	s.answer <- swept{done, err}
}

// repeats refuses a start that repeats a run which is no more: its event, and
// what it takes over, may have gone with it.
func (t *turn) repeats(p *pending) error {
	again := p.Body.Start.Rerun
	if again == nil {
		return nil
	}
	_, err := t.e.cfg.Store.LoadRun(t.ctx, again.Of)
	if freshet.CodeOf(err) == freshet.NotFound {
		return err
	}
	return nil
}
