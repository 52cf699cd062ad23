package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/executor"
	"github.com/freshet/freshet/internal/keeper"
)

// Start hands an attempt to the keeper that its claim names. If that one dies
// meanwhile, its list says whether the attempt may have been forked: then it
// is lost, and otherwise its successor starts it. Never both.
func (l *Local) Start(ctx context.Context, a executor.Attempt) error {
	h, known := l.take(a.Key, a.Epoch)
	if known {
		return nil
	}
	l.mu.Lock()
	h.hide, h.keep = a.Hide, l.harvestOf(&a)
	l.mu.Unlock()
	spec, err := l.prepare(ctx, &a)
	if err != nil {
		var refused *startError
		if !errors.As(err, &refused) {
			l.drop(h)
			return err
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.endWithout(h, freshet.CodeStartFailed, refused.reason)
		return nil
	}
	claimed := a.Node
	again := retries{l: l, asked: "start"}
	for {
		c, err := l.link(ctx)
		if err != nil {
			l.drop(h)
			return err
		}
		if claimed != "" && claimed != c.Hello.Instance {
			gone, err := keeper.ReadDeparted(l.cfg.Home)
			if err != nil {
				l.drop(h)
				return err
			}
			if !gone.Never(claimed, a.Key) {
				l.mu.Lock()
				defer l.mu.Unlock()
				l.lost(h)
				return nil
			}
		}
		claimed = c.Hello.Instance
		l.mu.Lock()
		h.node, h.log = claimed, spec.Log
		l.mu.Unlock()
		_, err = c.Start(ctx, *spec)
		switch {
		case err == nil:
			l.mu.Lock()
			h.accepted = true
			l.mu.Unlock()
			return nil
		case errors.Is(err, keeper.ErrBroken):
			err = again.wait(ctx)
		}
		if err != nil {
			return err // it may be on its way: the key stays known
		}
	}
}

// Prepare makes the directories and the log of an attempt that is about to be
// claimed. What goes wrong here goes wrong in Start too, and is told there.
func (l *Local) Prepare(ctx context.Context, a executor.Attempt) {
	run, task, log, err := l.paths(&a)
	if err != nil || a.Refused != "" || l.dirs.make(ctx, run, task, l.filesOf(&a)) != nil || os.MkdirAll(filepath.Dir(log), 0o700) != nil {
		return
	}
	if f, err := os.OpenFile(log, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600); err == nil {
		f.Close()
	}
}

// take begins to hold a key. A key that is held already is not started again;
// if it was stopped before anybody knew its epoch, its end is told once more
// with it.
func (l *Local) take(k freshet.Key, epoch int64) (h *hold, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h = l.held[k]
	if h == nil {
		h = &hold{key: k, epoch: epoch}
		l.held[k] = h
		return h, false
	}
	if h.epoch == 0 && epoch != 0 {
		h.epoch = epoch
		if h.ended {
			h.ended = false
			l.endWithout(h, freshet.CodeLost, stoppedBefore)
		}
	}
	return h, h.accepted || h.ended
}

const stoppedBefore = "stopped before it started"

// drop forgets a start of which nothing is known, so that it can be called
// again; unless the keeper has told of it meanwhile.
func (l *Local) drop(h *hold) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !h.accepted && !h.ended && l.held[h.key] == h {
		delete(l.held, h.key)
	}
}

// Stop asks an attempt to end.
func (l *Local) Stop(ctx context.Context, k freshet.Key, grace time.Duration) error {
	h, _ := l.take(k, 0)
	again := retries{l: l, asked: "stop"}
	for {
		c, err := l.link(ctx)
		if err != nil {
			return err
		}
		l.mu.Lock()
		done := h.ended
		if h.node == "" {
			h.node = c.Hello.Instance
		}
		l.mu.Unlock()
		if done {
			return nil
		}
		if _, err = c.Stop(ctx, k, grace); !errors.Is(err, keeper.ErrBroken) {
			return err
		}
		if err := again.wait(ctx); err != nil {
			return err
		}
	}
}

// Release lets the keeper forget.
func (l *Local) Release(ctx context.Context, keys []freshet.Key) error {
	again := retries{l: l, asked: "release"}
	for {
		c, err := l.link(ctx)
		if err != nil {
			return err
		}
		err = c.Release(ctx, keys)
		if errors.Is(err, keeper.ErrBroken) {
			if err := again.wait(ctx); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		l.mu.Lock()
		for _, k := range keys {
			if h := l.held[k]; h != nil && h.hide != nil {
				wipe(h.meta)
			}
			delete(l.held, k)
		}
		l.mu.Unlock()
		l.upgrade(ctx, c)
		return nil
	}
}
