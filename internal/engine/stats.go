package engine

import (
	"sync/atomic"
	"time"

	"github.com/freshet/freshet"
)

// stats are counters that others may read.
type stats struct {
	commits, failed, steps, writing, slots, used, waiting atomic.Int64
	alive, last, cursor, undecided                        atomic.Int64
	full                                                  atomic.Bool
	trouble                                               atomic.Pointer[string]
	clock                                                 atomic.Pointer[clock]
}

// Stats tells how busy the engine is.
type Stats struct {
	Commits   int64         // transactions so far
	Failed    int64         // transactions that failed
	Steps     int64         // of the machine so far, for runs
	Writing   time.Duration // spent in them
	Slots     int64
	Used      int64 // slots that are taken
	Waiting   int64 // executions that wait for one
	Alive     int64 // runs that have not ended
	Last      int64 // newest offset of the journal
	Cursor    int64 // up to which all is decided
	Undecided int64 // entries after it

	Full    bool          // the disk is full: only ends and stops are taken
	Trouble string        // why the last commit failed, until one succeeds; empty: none did
	Ahead   time.Duration // of journal time, of the machine's clock
}

// Stats may be called from anywhere.
func (e *Engine) Stats() Stats {
	s := &e.stats
	out := Stats{Commits: s.commits.Load(), Failed: s.failed.Load(), Steps: s.steps.Load(), Writing: time.Duration(s.writing.Load()),
		Slots: s.slots.Load(), Used: s.used.Load(), Waiting: s.waiting.Load(),
		Alive: s.alive.Load(), Last: s.last.Load(), Cursor: s.cursor.Load(), Undecided: s.undecided.Load(), Full: s.full.Load()}
	if why := s.trouble.Load(); why != nil {
		out.Trouble = *why
	}
	if c := s.clock.Load(); c != nil {
		now, reading := *c, time.Now()
		out.Ahead = max(now.now(reading).Sub(freshet.Time(reading)), 0)
	}
	return out
}

// count tells others how busy the engine is.
func (e *Engine) count() {
	s := &e.stats
	s.slots.Store(int64(e.fair.slots))
	s.used.Store(int64(len(e.fair.used)))
	s.waiting.Store(int64(len(e.fair.waiting)))
	s.alive.Store(int64(len(e.runs)))
	s.last.Store(e.last)
	s.cursor.Store(e.cursor.Offset)
	s.undecided.Store(int64(len(e.backlog)))
	s.full.Store(e.full)
	c := e.clock
	s.clock.Store(&c)
}

// failed tells others that a commit failed, and why.
func (e *Engine) failed(err error) {
	why := err.Error()
	e.stats.failed.Add(1)
	e.stats.trouble.Store(&why)
	e.stats.full.Store(e.full)
}
