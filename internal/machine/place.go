package machine

import (
	"fmt"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// start decides whether a run begins. One that a trigger asked for and that
// finds no room is an outcome; one that a person asked for is refused.
func (d *spaceDraft) start() {
	s := d.e.Body.Start
	d.d.Flow = s.Workflow
	row, later := d.newRun(s)
	d.tellCaller(s)
	if d.d.Refused == nil {
		d.d.NewRuns = append(d.d.NewRuns, row)
		if later {
			d.d.Later = append(d.d.Later, row.ID)
			d.d.Timers = append(d.d.Timers, Timer{Kind: RunStartTimer, Key: freshet.Key{Run: row.ID}, Due: row.ScheduledAt})
		}
		return
	}
	if s.Caller != nil {
		d.d.Refused = nil // it has been told
	}
	if s.Trigger != 0 {
		result := freshet.Fired
		if d.d.Refused.Code == freshet.Invalid {
			result = freshet.Erred
		}
		d.note(&Trigger{TriggerRow: TriggerRow{ID: s.Trigger, Name: s.TriggerName, Workflow: s.Workflow}},
			freshet.Outcome{Result: result, Note: d.d.Refused.Message})
		d.d.Refused = nil
	}
}

// Workflows that each set off several others grow in number with every link,
// long before the chain is MaxDepth links long. So of runs that are deepLinks
// and more away from what set them off, no more than deepRuns are alive.
const (
	deepLinks = 8
	deepRuns  = 1000
)

// newRun is the row of a run to be; later tells that it waits for its time.
func (d *spaceDraft) newRun(s *RunStart) (row RunRow, later bool) {
	e := d.e
	f := d.flow(s.Workflow)
	if f == nil {
		return row, false
	}
	if !f.Enabled {
		d.refuse(freshet.Conflict, "workflow %s.%s is disabled", d.g.Namespace, s.Workflow)
		d.hint("`workflow enable %s` lets it start again", s.Workflow)
		return row, false
	}
	version, params := s.Version, s.Parameters
	if s.Caller != nil {
		version = f.Version
	}
	w, err := d.specs.Workflow(s.Workflow, version)
	if err == nil && s.Caller != nil {
		params, err = w.CheckParameters(s.Parameters, nil)
	}
	if err != nil {
		d.refuse(freshet.CodeOf(err), "%v", err)
		return row, false
	}
	row = RunRow{ID: e.Run, Namespace: d.g.Namespace, Workflow: s.Workflow, Version: version, Status: freshet.Running,
		Type: s.Type, Parameters: params, CreatedAt: e.Time, StartedAt: e.Time, Event: e.Event, Key: s.Key,
		Trigger: s.Trigger, Missing: s.Missing, Depth: e.Depth, Trace: s.Trace}
	if s.Trigger != 0 && e.Event != nil {
		row.Depth++
	}
	if s.Trigger != 0 && row.Depth >= deepLinks && d.g.Deep >= deepRuns {
		d.refuse(freshet.Conflict, "%d runs are alive that triggers have set off in chains of %d links and more: they start each other in ever growing numbers", d.g.Deep, deepLinks)
		return row, false
	}
	if s.Rerun != nil {
		row.RerunOf = s.Rerun.Of
	}
	if s.Caller != nil {
		row.Parent, row.Caller = s.Caller.Run, s.Caller
		if row.Depth++; row.Depth > freshet.MaxDepth {
			d.refuse(freshet.Conflict, "it would be link %d of a chain of workflows that call each other, and %d are allowed", row.Depth, freshet.MaxDepth)
			return row, false
		}
	}
	if s.ScheduledAt != nil {
		row.ScheduledAt = *s.ScheduledAt
	}
	if w.Concurrency != nil {
		if row.Place, err = runKey(w, row, e); err != nil {
			d.refuse(freshet.Invalid, "%v", err)
			d.hint("the `key` of its `concurrency` needs a value for every run: look at what it is made of")
			return row, false
		}
	}
	if s.At != nil && s.At.After(e.Time) {
		row.ScheduledAt, row.Status = freshet.Time(*s.At), freshet.Queued
		row.StartedAt = row.EndedAt // none yet
		return row, true
	}
	if c := w.Concurrency; c != nil && !d.place(c, f, row.Place) {
		row.Status = freshet.Queued
		row.StartedAt = row.EndedAt
	}
	return row, false
}

// place tells whether a new run may begin at once. If not, it waits, unless
// the overlap refuses it. All of it holds for the runs that share its key.
func (d *spaceDraft) place(c *spec.Concurrency, f *Flow, key string) bool {
	g := f.group(key)
	if len(g.Active) < c.Limit && len(g.Queued) == 0 {
		return true
	}
	name, with := d.g.Namespace+"."+f.Name, ""
	if c.Key != nil {
		with = fmt.Sprintf(" with the key %q", key)
	}
	switch c.Overlap {
	case spec.SkipRun:
		d.refuse(freshet.Conflict, "%s already has %d of %d runs%s alive, and its overlap is skip", name, len(g.Active), c.Limit, with)
		d.hint("`run list %s --status running` shows what is alive; its `concurrency` says how many may be", f.Name)
	case spec.StopOldest:
		alive := slices.Concat(g.Active, g.Queued)
		alive = slices.DeleteFunc(alive, func(id int64) bool { return slices.Contains(f.Stopping, id) })
		for len(alive) >= c.Limit {
			d.d.Stopping = append(d.d.Stopping, alive[0])
			d.stopRun(alive[0], freshet.CodeStoppedByLimit)
			alive = alive[1:]
		}
	default:
		if len(g.Queued) >= c.Queue {
			d.refuse(freshet.Conflict, "%s has %s%s alive and %d waiting, which is all that its concurrency allows", name, plural(len(g.Active), "run"), with, len(g.Queued))
			d.hint("try again when one has ended, or let more wait: `queue` in its `concurrency`")
		}
	}
	return false
}

func (d *spaceDraft) stopRun(id int64, code freshet.Code) {
	d.d.Emit = append(d.d.Emit, Entry{Namespace: d.g.Namespace, Kind: StopRun, Run: id, Depth: d.e.Depth,
		Cause: d.e.Offset, Body: Body{Stop: &RunStop{Code: code}}})
}

// due lets a run begin that was started for later, or wait for its place.
func (d *spaceDraft) due() {
	id := d.e.Body.Timer.Key.Run
	f := d.later(id)
	if f == nil {
		return // it was stopped before
	}
	d.d.Flow, d.d.Due = f.Name, id
	if !f.Enabled {
		d.stopRun(id, freshet.CodeDisabled)
		return
	}
	w, err := d.specs.Workflow(f.Name, f.Version)
	free := err != nil || w.Concurrency == nil || d.place(w.Concurrency, f, f.Keys[id])
	switch {
	case d.d.Refused != nil:
		d.d.Refused = nil
		d.stopRun(id, freshet.CodeStoppedByLimit)
	case free:
		d.admit(f.Name, id)
	}
}

// later finds the workflow of a run that waits for its time.
func (d *spaceDraft) later(id int64) *Flow {
	for _, f := range d.g.Flows {
		if slices.Contains(f.Later, id) {
			return f
		}
	}
	return nil
}

func (d *spaceDraft) admit(workflow string, id int64) {
	d.d.Admitted = append(d.d.Admitted, id)
	d.d.Emit = append(d.d.Emit, Entry{Namespace: d.g.Namespace, Kind: RunAdmitted, Run: id, Depth: d.e.Depth,
		Cause: d.e.Offset, Body: Body{Workflow: workflow}})
}

// ended frees the place of a run, and what it has left of those of its tasks,
// and gives them to those that wait longest.
func (d *spaceDraft) ended() {
	d.d.Ended, d.d.Flow = d.e.Run, d.e.Body.Workflow
	d.d.EndedDeep = d.e.Depth >= deepLinks
	if f, ok := d.g.Flows[d.d.Flow]; ok {
		d.admitNext(f, f.Keys[d.e.Run], d.e.Run)
		d.abandon(f, d.e.Run)
	}
}
