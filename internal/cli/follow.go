package cli

import (
	"context"
	"errors"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

// follower looks at a run until it has ended.
type follower struct {
	client *client.Client
	run    int64

	// changed is called with the run as it stands whenever something may have
	// changed, at once, and a last time when it has ended.
	changed func(*freshet.Run, []freshet.Execution) error
	// tick, where it is set, is called every interval between.
	tick     func() error
	interval time.Duration
}

const (
	coalesce    = 40 * time.Millisecond // changes that come so close together are one
	lookAnyway  = time.Second           // between two looks, should a change be missed
	serverAway  = time.Minute           // for how long a server may be away
	followTasks = 1000                  // starts and items that are looked at, the newest
	allTasks    = 100_000               // as many as a server gives
)

// follow returns the run as it ended. A server that is being restarted is
// waited for.
func (f *follower) follow(ctx context.Context) (freshet.Run, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	changes := make(chan struct{}, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		// The feed only says that it is time to look.
		err := f.client.Feed(ctx, client.FeedQuery{From: client.FromNow, Run: f.run}, func(freshet.Message) error {
			select {
			case changes <- struct{}{}:
			default:
			}
			return nil
		})
		cancel(err)
	}()
	run, err := f.look(ctx, changes)
	cancel(nil)
	<-done
	return run, err
}

func (f *follower) look(ctx context.Context, changes <-chan struct{}) (freshet.Run, error) {
	interval := lookAnyway
	if f.tick != nil {
		interval = f.interval
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	answered := time.Now()
	for {
		looked := time.Now()
		run, err := f.once(ctx)
		switch {
		case err == nil:
			answered = looked
			if run.Status.Final() {
				return run, nil
			}
		case !away(err) || time.Since(answered) > serverAway:
			return run, err
		}
		if err := f.wait(ctx, changes, ticker.C, looked); err != nil {
			return run, err
		}
	}
}

// wait returns when it is time to look again.
func (f *follower) wait(ctx context.Context, changes <-chan struct{}, ticks <-chan time.Time, looked time.Time) error {
	var due <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-due:
			return nil
		case <-changes:
			if due == nil {
				due = time.After(max(0, coalesce-time.Since(looked)))
			}
		case <-ticks:
			if f.tick != nil {
				if err := f.tick(); err != nil {
					return err
				}
			}
			if time.Since(looked) >= lookAnyway {
				return nil
			}
		}
	}
}

// once looks at the run, and then at its tasks: when the run has ended, they
// have as well.
func (f *follower) once(ctx context.Context) (freshet.Run, error) {
	run, err := f.client.Run(ctx, f.run)
	if err != nil {
		return run, err
	}
	tasks, err := f.client.Tasks(ctx, f.run, followTasks)
	if err == nil && len(tasks) == followTasks && run.Status.Final() {
		tasks, err = f.client.Tasks(ctx, f.run, allTasks) // what was missed while it changed quickly
	}
	if err != nil {
		return run, err
	}
	return run, f.changed(&run, tasks)
}

// away tells whether a server may come back.
func away(err error) bool {
	var e *freshet.Error
	return errors.As(err, &e) && (e.Code == freshet.Unreachable || e.Code == freshet.Unavailable)
}
