package server

import (
	"context"
	"fmt"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/feed"
	"github.com/freshet/freshet/internal/store"
)

var live = []freshet.Status{freshet.Queued, freshet.Running, freshet.Stopping}

// stopTasks stops every run that is alive, the newest first so that no end
// lets one that waits begin, and waits until they are over.
func (s *Server) stopTasks(ctx context.Context) error {
	open := map[int64]bool{}
	after := s.feed.Last()
	for before := int64(0); ; {
		runs, err := s.store.Runs(ctx, store.RunFilter{Status: live, Before: before, Limit: 500})
		if err != nil {
			return fmt.Errorf("list the runs to stop: %w", err)
		}
		for _, r := range runs {
			before = r.ID
			if err := s.inbox.StopRun(ctx, r.ID); err != nil && freshet.CodeOf(err) != freshet.Conflict {
				return err
			}
			open[r.ID] = true
		}
		if len(runs) < 500 {
			break
		}
	}
	for id := range open { // those that were over before we listened
		if r, err := s.store.Run(ctx, id); err == nil && !slices.Contains(live, r.Status) {
			delete(open, id)
		}
	}
	if len(open) == 0 {
		return nil
	}
	err := s.feed.Follow(ctx, after, feed.Filter{Kinds: []string{"run_ended"}}, func(m freshet.Message) error {
		if delete(open, m.RunID); len(open) == 0 {
			return errAllOver
		}
		return nil
	}, nil)
	if err == errAllOver {
		return nil
	}
	return fmt.Errorf("wait for %d runs to end: %w", len(open), err)
}

var errAllOver = fmt.Errorf("all over")
