package operator

import (
	"context"
	"fmt"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/notebook"
)

// told sends how far a notebook has come, a while behind and only the last:
// nobody waits for it, and nothing depends on it.
type told struct {
	last chan freshet.Progress // of length 1
	done chan struct{}
	stop context.CancelFunc
}

// progressPace is the time between two, and progressAgain that after which the
// last is told once more: a server that has been started again has not heard it.
const (
	progressPace  = 500 * time.Millisecond
	progressAgain = 2 * time.Second
)

func (p Process) tellProgress(ctx context.Context) *told {
	ctx, stop := context.WithCancel(ctx)
	b := &told{last: make(chan freshet.Progress, 1), done: make(chan struct{}), stop: stop}
	c, err := client.New(client.Config{URL: p.Env("FRESHET_SERVER"), Token: p.Env("FRESHET_TOKEN")})
	var run int64
	if _, e := fmt.Sscan(p.Env("FRESHET_RUN_ID"), &run); err != nil || e != nil {
		close(b.done)
		return b
	}
	go func() {
		defer close(b.done)
		defer c.Close()
		again := time.NewTicker(progressAgain)
		defer again.Stop()
		var last *freshet.Progress
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-b.last:
				last = &now
			case <-again.C:
			}
			if last != nil {
				_ = c.SetProgress(ctx, run, *last)
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(progressPace):
			}
		}
	}()
	return b
}

func (b *told) tell(p notebook.Progress) {
	select {
	case <-b.last: // a newer one takes its place
	default:
	}
	text := p.Description
	if text == "" {
		text = fmt.Sprintf("cell %d of %d", p.Cell, p.Cells)
	}
	select {
	case b.last <- freshet.Progress{Done: p.Done, Total: p.Cells, Text: text}:
	default:
	}
}

func (b *told) end() {
	b.stop()
	<-b.done
}
