package engine

import (
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
)

// Work is what one commit has done, for those who count.
type Work struct {
	Took       time.Duration // until it was on disk
	Rows       int           // about
	Entries    int           // of the journal
	Events     int           // among them, accepted
	Started    int           // runs
	Ended      map[freshet.Status]int
	Executions map[freshet.Status]int // ended
	Late       []time.Duration        // how late each due time was
}

// tally collects the work of a turn.
type tally struct{ Work }

// run counts what a decision about a run ends, before it is applied. A try
// that another follows is no end, and what had ended before may be written
// again.
func (c *tally) run(w *spec.Workflow, r *machine.Run, d *machine.Decision) {
	for _, x := range d.Executions {
		if !x.Status.Final() {
			continue
		}
		before := r.Find(w, x.Key)
		if before != nil && (before.Status.Final() || before.Status == freshet.Retrying && followed(d, x.Key)) {
			continue
		}
		if c.Executions == nil {
			c.Executions = map[freshet.Status]int{}
		}
		c.Executions[x.Status]++
	}
	if d.Run != nil && d.Run.Status.Final() {
		if c.Ended == nil {
			c.Ended = map[freshet.Status]int{}
		}
		c.Ended[d.Run.Status]++
	}
}

// work is what the turn has done, once it is on disk.
func (t *turn) work(took time.Duration) Work {
	w := t.tally.Work
	w.Took, w.Rows, w.Entries = took, t.b.size, len(t.b.entries)
	for i := range t.b.entries {
		if t.b.entries[i].Kind == machine.EventHappened {
			w.Events++
		}
	}
	return w
}
