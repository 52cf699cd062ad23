package local

import (
	"context"
	"errors"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/executor"
	"github.com/freshet/freshet/internal/keeper"
)

// Recover compares what the store believes with what the keeper holds. The
// keeper is right. What it does not hold was either never started, which its
// list or that of a departed keeper proves, or is lost.
func (l *Local) Recover(ctx context.Context, held []executor.Held) (start []freshet.Key, err error) {
	l.expect(held)
	var c *keeper.Client
	var states []keeper.State
	again := retries{l: l, asked: "list"}
	for {
		if c, err = l.link(ctx); err != nil {
			return nil, err
		}
		if states, err = c.List(ctx); !errors.Is(err, keeper.ErrBroken) {
			break
		}
		if err := again.wait(ctx); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, err
	}
	gone, err := keeper.ReadDeparted(l.cfg.Home)
	if err != nil {
		return nil, err
	}
	stops, start := l.settle(held, states, c.Hello.Instance, gone)
	for _, h := range stops {
		if err := l.Stop(ctx, h.Key, h.Grace); err != nil {
			return nil, err
		}
	}
	return start, nil
}

// expect makes the keys known before the keeper is asked, so that no notice
// that comes between its answer and the comparison is missed.
func (l *Local) expect(held []executor.Held) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, x := range held {
		h := l.held[x.Key]
		if h == nil {
			h = &hold{key: x.Key}
			l.held[x.Key] = h
		}
		h.epoch, h.node, h.hide = x.Epoch, x.Node, x.Hide
		h.keep = l.harvestOf(&executor.Attempt{Key: x.Key, Namespace: x.Namespace, Workflow: x.Workflow, Dir: x.Dir, Artifacts: x.Artifacts})
		if s, told := l.early[x.Key]; told {
			delete(l.early, x.Key)
			l.learn(s)
		}
	}
}

// settle reports what is known, and says what has to be stopped and what may
// be started.
func (l *Local) settle(held []executor.Held, states []keeper.State, instance string, gone keeper.Departed) (stops []executor.Held, start []freshet.Key) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recovered = true
	there := make(map[freshet.Key]bool, len(states))
	for _, s := range states {
		there[s.Key] = true
		l.learn(s)
	}
	for _, s := range l.early {
		l.learn(s)
	}
	clear(l.early)
	for _, x := range held {
		h := l.held[x.Key]
		switch {
		case there[x.Key] || h.accepted:
			if x.Stopping && !h.ended {
				stops = append(stops, x)
			}
		case x.Started || x.Node != "" && x.Node != instance && !gone.Never(x.Node, x.Key):
			l.lost(h)
		case x.Stopping: // a start that is still on its way finds it stopped
			stops = append(stops, x)
		default:
			delete(l.held, x.Key)
			start = append(start, x.Key)
		}
	}
	return stops, start
}
