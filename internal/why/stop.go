package why

import (
	"fmt"

	"github.com/freshet/freshet"
)

// stoppedBy says who wanted a run to end, after "stopped".
func (v *view) stoppedBy() string {
	switch v.Asked {
	case freshet.CodeStoppedByPerson:
		return " by a person"
	case freshet.CodeStoppedWithRun:
		return " by a person, twice, so that its `finally` ends too"
	case freshet.CodeTimeout:
		return fmt.Sprintf(" because it ran longer than its `timeout` of %s", exact(v.w.Timeout))
	case freshet.CodeDisabled:
		return " because its workflow was disabled when its time came"
	case freshet.CodeStoppedByLimit:
		return " to make room for a newer run"
	case freshet.CodeStoppedByCaller:
		return " because the task that called it was"
	case freshet.CodeStoppedByRule:
		return " because its `stop` condition held"
	case freshet.CodeRunaway:
		return " because its tasks started each other, or sent each other events, without end"
	}
	return ""
}

// runStopped tells who had a run stopped, nothing for one that was not.
func (q *inquiry) runStopped(v *view) []freshet.Reason {
	if v.Asked == "" {
		return nil
	}
	r := freshet.Reason{Kind: freshet.WhyRun, Text: sentence("the run was stopped%s", v.stoppedBy()), RunID: v.ID}
	d, ok := q.halting(v)
	if !ok {
		return []freshet.Reason{r}
	}
	r.Time, r.Offset = moment(d.time), d.offset
	switch v.Asked {
	case freshet.CodeStoppedByRule:
		if s := v.w.Stop; s != nil && d.Rule == s.ID {
			r.Text = sentence("its `stop` condition held, because %s", q.words(v, s.When, d))
			r.Because = q.made(v, s.When, d, execution{Key: freshet.Key{Run: v.ID}, queued: d.time}, chainDepth)
		}
	case freshet.CodeStoppedByLimit:
		if e := q.entry(d.offset); e != nil {
			if newer := q.entry(e.Cause); newer != nil && newer.Run != 0 {
				r.Text = sentence("run %d needed its place: `overlap: stop_oldest` stops the oldest run", newer.Run)
				r.RunID = newer.Run
			}
		}
	}
	return []freshet.Reason{r}
}
