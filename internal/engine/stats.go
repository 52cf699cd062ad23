package engine

import (
	"sync/atomic"
	"time"
)

// stats are counters that others may read.
type stats struct {
	commits, steps, writing, slots, used, waiting atomic.Int64
}

// Stats tells how busy the engine is.
type Stats struct {
	Commits int64         // transactions so far
	Steps   int64         // of the machine so far, for runs
	Writing time.Duration // spent in them
	Slots   int64
	Used    int64 // slots that are taken
	Waiting int64 // executions that wait for one
}

// Stats may be called from anywhere.
func (e *Engine) Stats() Stats {
	return Stats{e.stats.commits.Load(), e.stats.steps.Load(), time.Duration(e.stats.writing.Load()), e.stats.slots.Load(), e.stats.used.Load(), e.stats.waiting.Load()}
}
