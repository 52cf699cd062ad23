package engine

import (
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
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
type tally struct {
	Work
	ended map[freshet.Key]bool
}

// run counts what a decision about a run has ended. An execution that had
// ended before may be written again; it ended at another time, or is known.
func (c *tally) run(en *machine.Entry, d *machine.Decision) {
	for _, x := range d.Executions {
		own := en.Body.Process != nil && en.Body.Process.Key(en.Run) == x.Key
		if !x.Status.Final() || c.ended[x.Key] || !own && !x.EndedAt.Equal(en.Time) {
			continue
		}
		if c.ended == nil {
			c.ended, c.Executions = map[freshet.Key]bool{}, map[freshet.Status]int{}
		}
		c.ended[x.Key] = true
		c.Executions[x.Status]++
	}
	if d.Run != nil && d.Run.Status.Final() {
		if c.Ended == nil {
			c.Ended = map[freshet.Status]int{}
		}
		c.Ended[d.Run.Status]++
	}
	c.Started += len(d.NewRuns)
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
