package local

import (
	"context"
	"time"

	"github.com/freshet/freshet/internal/keeper"
	"github.com/freshet/freshet/internal/logkey"
)

// Pauses before a keeper is asked again that has hung up more than once.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 5 * time.Second
)

// retries paces what is asked again because the connection to the keeper broke
// before the answer came. A keeper that dies has a successor at once, so the
// first time costs nothing; one that goes on hanging up is given time, and is
// told of once.
type retries struct {
	l      *Local
	asked  string
	broken bool
	pause  time.Duration
}

// wait returns when it may be asked again; an error is that of ctx.
func (r *retries) wait(ctx context.Context) error {
	switch {
	case !r.broken:
		r.broken = true
		return ctx.Err()
	case r.pause == 0:
		r.l.log.Warn("the keeper hangs up again and again", logkey.Doing, r.asked, logkey.Error, keeper.ErrBroken)
		r.pause = firstPause
	default:
		r.pause = min(2*r.pause, lastPause)
	}
	if !sleep(ctx, r.pause) {
		return ctx.Err()
	}
	return nil
}
