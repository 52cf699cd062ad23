package why

import (
	"fmt"
	"strings"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
)

// outcomeOf says what a trigger made of an entry. Of several ticks that came at
// once it tells of the newest.
func (q *inquiry) outcomeOf(t *trigger, e *machine.Entry, outs []freshet.Outcome) freshet.Reason {
	o, nth := newestOf(outs)
	r := freshet.Reason{Kind: freshet.WhyTrigger, Time: moment(e.Time), Offset: e.Offset, Trigger: o.Trigger, Workflow: o.Workflow, Result: o.Result}
	r.Text = sentence("earlier, %s %s", q.occasionOf(t, e, outs), q.became(e, o, nth, &r))
	return r
}

// newestOf is the last of a trigger's outcomes of one entry, with its place
// among those that asked for a run.
func newestOf(outs []freshet.Outcome) (o freshet.Outcome, nth int) {
	o = outs[len(outs)-1]
	for _, before := range outs[:len(outs)-1] {
		if before.Action == "start" {
			nth++
		}
	}
	return o, nth
}

// occasionOf is what a trigger was shown: a tick by its own time, which is
// later than the time that was waited for where ticks were missed.
func (q *inquiry) occasionOf(t *trigger, e *machine.Entry, outs []freshet.Outcome) string {
	if t.on == nil {
		return occasion(e, nil, t.CreatedAt)
	}
	c := tickOf(e, &t.on.Rule)
	if c == nil {
		return occasion(e, &t.on.Rule, t.CreatedAt)
	}
	newest := time.Time{}
	if o, nth := newestOf(outs); o.Action == "start" {
		if start := q.asked(e.Offset, t.ID, nth); start != nil && start.Body.Start.ScheduledAt != nil {
			newest = *start.Body.Start.ScheduledAt
		}
	}
	return tickWords(e, c, t.on.Zone, t.CreatedAt, newest, outs)
}

// tickOf is the condition of a rule whose tick an entry is; nil: it is none.
func tickOf(e *machine.Entry, r *spec.Rule) *spec.Condition {
	if tm := e.Body.Timer; e.Kind == machine.TimerFired && tm != nil && tm.Node < len(r.Nodes) && r.Nodes[tm.Node].Tick() {
		return r.Nodes[tm.Node]
	}
	return nil
}

// tickWords names the tick that the newest outcome of an entry is about, those
// that were made up for with it, and those that were missed. newest is zero
// where nothing tells.
func tickWords(e *machine.Entry, c *spec.Condition, zone *time.Location, anchor, newest time.Time, outs []freshet.Outcome) string {
	due := e.Body.Timer.Due
	before := func(t time.Time) time.Time { return c.Ticks.Last(t.Add(-time.Microsecond), anchor) }
	if newest.IsZero() {
		newest = c.Ticks.Last(e.Time, anchor)
	}
	if !newest.After(due) {
		return "the tick of " + instant(due, zone)
	}
	if len(outs) == 1 && outs[0].Result == freshet.Expired {
		return fmt.Sprintf("each of the ticks from %s to %s", instant(due, zone), instant(newest, zone))
	}
	first := newest
	for range len(outs) - 1 {
		first = before(first)
	}
	var with []string
	if n := len(outs) - 1; n > 0 {
		with = append(with, "together with "+agree(n, "tick before it", "ticks before it"))
	}
	if last := before(first); first.After(due) && last.After(due) {
		with = append(with, fmt.Sprintf("those from %s to %s were missed", instant(due, zone), instant(last, zone)))
	} else if first.After(due) {
		with = append(with, fmt.Sprintf("that of %s was missed", instant(due, zone)))
	}
	text := "the tick of " + instant(newest, zone)
	if len(with) > 0 {
		text += " (" + listed(with, "and") + ")"
	}
	return text
}

// occasion is what a rule was shown; nil is one that is not known any more.
func occasion(e *machine.Entry, rule *spec.Rule, anchor time.Time) string {
	switch {
	case e.Kind == machine.EventHappened:
		return fmt.Sprintf("event %s at offset %d", e.Event.Key, e.Offset)
	case e.Kind == machine.RunEnded:
		return fmt.Sprintf("the end of run %d of %s", e.Run, e.Body.Workflow)
	case e.Kind != machine.TimerFired || e.Body.Timer == nil:
		return fmt.Sprintf("entry %d", e.Offset)
	case rule == nil:
		return "the time " + instant(e.Body.Timer.Due, nil)
	}
	if c := tickOf(e, rule); c != nil {
		return "the tick of " + instant(ownTime(e, c, anchor), rule.Zone)
	}
	if n := e.Body.Timer.Node; n < len(rule.Nodes) && rule.Nodes[n].Kind == spec.MissingIs {
		return fmt.Sprintf("the absence of %s for %s", missed(rule.Nodes[n]), exact(rule.Nodes[n].For))
	}
	return "the time " + instant(e.Body.Timer.Due, rule.Zone)
}

// ownTime is when the tick was that came by an entry: the newest, where those
// before it were missed.
func ownTime(e *machine.Entry, c *spec.Condition, anchor time.Time) time.Time {
	due := e.Body.Timer.Due
	if up := e.Body.Up; up != nil && up.After(due) {
		if last := c.Ticks.Last(e.Time, anchor); last.After(due) {
			return last
		}
	}
	return due
}

// became says what came of what a trigger made of an entry; nth is which of
// the runs it is that the trigger asked for by it.
func (q *inquiry) became(e *machine.Entry, o freshet.Outcome, nth int, r *freshet.Reason) string {
	switch o.Result {
	case freshet.Fired:
		if o.Action != "start" {
			return "made the condition hold, but no run was started: " + clip(o.Note)
		}
		text := q.run(e, o, nth, r)
		if o.Note != "" {
			text += " (" + clip(o.Note) + ")"
		}
		return text
	case freshet.Erred:
		return "started nothing: " + erred(o.Note)
	case freshet.Remembered:
		if o.Note != "" {
			return "was remembered: " + clip(o.Note)
		}
		return "was remembered; other parts of the condition are not met yet"
	case freshet.Counted:
		return fmt.Sprintf("was counted: %s of %s", number(o.Have), number(o.Need))
	case freshet.Filtered:
		return "was filtered: " + q.falseFilter(o.Trigger)
	case freshet.Expired:
		return "started nothing: " + clip(o.Note)
	case freshet.Paused:
		return "was not looked at: " + wasPaused(o)
	}
	if o.Note != "" {
		return "started nothing: " + clip(o.Note)
	}
	return "started nothing: other parts of the condition were not met"
}

// erred says what failed when a trigger looked at something.
func erred(note string) string {
	if why, ok := strings.CutPrefix(note, "with: "); ok {
		return "its parameters could not be made: " + clip(why)
	}
	if strings.HasPrefix(note, "if: ") || strings.HasPrefix(note, "of: ") {
		return "an expression failed: " + clip(note)
	}
	return clip(note)
}

// wasPaused says why a trigger looked at nothing at that time.
func wasPaused(o freshet.Outcome) string {
	if o.Note == "its workflow is disabled" {
		return "the workflow was disabled"
	}
	return "the trigger was paused"
}

// inVain says what the newest thing that a trigger was shown came to, where it
// was to start a run and started none; empty otherwise.
func (q *inquiry) inVain(t *trigger) (words string, offset int64) {
	rows := q.triggered(t).rows
	if len(rows) == 0 {
		return "", 0
	}
	e, outs := q.shown(t, rows[0])
	if e == nil || len(outs) == 0 {
		return "", 0
	}
	o, nth := newestOf(outs)
	why := ""
	switch {
	case o.Result == freshet.Erred:
		why = erred(o.Note)
	case o.Result == freshet.Expired, o.Result == freshet.Fired && o.Action == "":
		why = clip(o.Note)
	case o.Result == freshet.Fired && o.Action == "start":
		if refusal := q.refusal(q.asked(e.Offset, t.ID, nth)); refusal != "" {
			why = "refused: " + refusal
		}
	}
	if why == "" {
		return "", 0
	}
	what := q.occasionOf(t, e, outs)
	if tick, ok := strings.CutPrefix(what, "the tick of "); ok {
		what = fmt.Sprintf("its latest tick, %s,", tick)
	} else if e.Kind != machine.TimerFired {
		what = fmt.Sprintf("the latest, %s,", what)
	}
	return fmt.Sprintf("%s started nothing: %s", what, why), e.Offset
}

// run tells which run a trigger started by an entry, or why none began.
func (q *inquiry) run(e *machine.Entry, o freshet.Outcome, nth int, r *freshet.Reason) string {
	start := q.asked(e.Offset, o.Trigger, nth)
	if start == nil {
		return "started a run"
	}
	run, err := q.x.reader.Run(q.ctx, start.Run)
	switch {
	case err == nil:
		r.RunID, r.Status = run.ID, run.Status
		return fmt.Sprintf("started run %d, which %s", run.ID, q.stood(*run))
	case !q.ok(err) && q.err != nil:
		return "started a run"
	}
	if why := q.refusal(start); why != "" {
		return "did not start a run: refused: " + why
	}
	return fmt.Sprintf("is to start run %d in a moment", start.Run)
}

// refusal is why a run that a trigger asked for was not to be; empty: it was
// not refused.
func (q *inquiry) refusal(start *machine.Entry) string {
	if start == nil {
		return ""
	}
	o, found := q.firing(start.Body.Start.Trigger, start.Offset)
	if found == nil {
		return ""
	}
	return clip(o.Note)
}

// asked finds the start that a trigger asked for when it was shown an entry,
// or the nth further one: it was appended soon behind it.
func (q *inquiry) asked(offset, id int64, nth int) *machine.Entry {
	after := offset
	for range childRows / 100 {
		if q.err != nil {
			return nil
		}
		list, err := q.x.reader.Journal(q.ctx, after, 100)
		if !q.ok(err) || len(list) == 0 {
			return nil
		}
		for i := range list {
			e := &list[i]
			if e.Cause == offset && e.Kind == machine.StartRun && e.Body.Start != nil && e.Body.Start.Trigger == id {
				if nth == 0 {
					return e
				}
				nth--
			}
			after = e.Offset
		}
	}
	return nil
}
