package simtest

import (
	"context"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
)

// watcher is what a plain reading of the journal makes of a trigger.
type watcher struct {
	machine.TriggerRow
	on    *spec.Trigger
	ticks map[int64]bool // run.scheduled_at of the runs that it asked for
}

// watchers follows which triggers there are, entry by entry.
type watchers struct {
	a        *audit
	disabled map[[2]string]bool
	flows    map[[2]string]string // version
	all      map[int64]*watcher
}

// triggers: each event, and each end of a run, has one outcome for each trigger
// that listens and none for others; each that fired asked for one run, which is
// there or was refused for a reason that is said; no tick is one of two runs.
func (a *audit) triggers() {
	journal, err := a.w.Journal()
	if err != nil {
		a.fault("journal: %v", err)
		return
	}
	w := &watchers{a, map[[2]string]bool{}, map[[2]string]string{}, map[int64]*watcher{}}
	asked := map[[2]int64]int{} // entry and trigger -> runs asked for
	for _, e := range journal {
		if s := e.Body.Start; e.Kind == machine.StartRun && s.Trigger != 0 {
			asked[[2]int64{e.Cause, s.Trigger}]++
		}
	}
	for i := range journal {
		e := &journal[i]
		rows, err := a.w.Disk.LedgerOf(context.Background(), e.Offset, 100_000)
		if err != nil {
			a.fault("ledger of %d: %v", e.Offset, err)
		}
		said := map[int64][]freshet.Outcome{}
		for _, row := range rows {
			for _, o := range row.Outcomes {
				if row.Run == 0 {
					said[o.Trigger] = append(said[o.Trigger], o)
				}
			}
		}
		switch e.Kind {
		case machine.EventHappened, machine.RunEnded:
			w.shown(e, said)
		case machine.StartRun:
			w.started(e, said)
		}
		for id, list := range said {
			fires := 0
			for _, o := range list {
				if o.Action == "start" {
					fires++
				}
			}
			if n := asked[[2]int64{e.Offset, id}]; n != fires {
				a.fault("trigger %d fired %d times at %d, and asked for %d runs", id, fires, e.Offset, n)
			}
			delete(asked, [2]int64{e.Offset, id})
		}
		w.follow(e)
	}
	for k, n := range asked {
		a.fault("trigger %d asked for %d runs at %d, and nothing says why", k[1], n, k[0])
	}
}

// shown compares the outcomes of an entry with the triggers that listen then.
func (w *watchers) shown(e *machine.Entry, said map[int64][]freshet.Outcome) {
	for id, t := range w.all {
		want := 0
		if t.Namespace == e.Namespace && t.listens(e) { // one that is paused says so
			want = 1
		}
		if n := len(said[id]); n != want {
			w.a.fault("trigger %d (%s) has %d outcomes of entry %d, not %d", id, t.Expression, n, e.Offset, want)
		}
	}
	for id := range said {
		if w.all[id] == nil {
			w.a.fault("trigger %d is not there, and has an outcome of entry %d", id, e.Offset)
		}
	}
}

func (t *watcher) listens(e *machine.Entry) bool {
	if e.Kind == machine.EventHappened {
		return slices.Contains(t.Events, e.Event.Key)
	}
	own := t.Workflow == e.Body.Workflow
	return slices.ContainsFunc(t.on.Nodes, func(c *spec.Condition) bool {
		return slices.ContainsFunc(c.Flows, func(f spec.FlowWant) bool {
			named := f.Name == e.Body.Workflow && (!own || c.Kind == spec.MissingIs)
			return (named || f.Name == "*" && !own) && slices.Contains(f.Statuses, e.Body.Status)
		})
	})
}

// started looks at what became of a run that a trigger asked for.
func (w *watchers) started(e *machine.Entry, said map[int64][]freshet.Outcome) {
	s := e.Body.Start
	if s.Trigger == 0 {
		return
	}
	run, err := w.a.w.Disk.Run(context.Background(), e.Run)
	if (err == nil) == (len(said[s.Trigger]) == 1) {
		w.a.fault("run %d that trigger %d asked for: %v, %v; it has to be there, or not to be and that said", e.Run, s.Trigger, err, said[s.Trigger])
	}
	delete(said, s.Trigger)
	if err == nil && (run.Workflow != s.Workflow || run.Namespace != e.Namespace) {
		w.a.fault("run %d is of %s.%s, trigger %d asked for %s", e.Run, run.Namespace, run.Workflow, s.Trigger, s.Workflow)
	}
	if t := w.all[s.Trigger]; t != nil && s.ScheduledAt != nil {
		at := s.ScheduledAt.UnixMicro()
		if t.ticks[at] {
			w.a.fault("trigger %d (%s) has started two runs for %v", s.Trigger, t.Expression, s.ScheduledAt)
		}
		t.ticks[at] = true
	}
}

// follow takes over what an entry changes about triggers.
func (w *watchers) follow(e *machine.Entry) {
	key := func(name string) [2]string { return [2]string{e.Namespace, name} }
	switch e.Kind {
	case machine.Upload:
		next := e.Body.FirstTrigger
		for _, u := range e.Body.Upload {
			next = w.upload(key(u.Name), u, next)
		}
	case machine.AddTrigger:
		row := *e.Body.Trigger
		row.ID, row.Namespace = e.Body.FirstTrigger, e.Namespace
		w.add(row)
	case machine.EnableFlow, machine.DisableFlow:
		w.disabled[key(e.Body.Workflow)] = e.Kind == machine.DisableFlow
	case machine.ChangeTrigger:
		t := w.all[e.Body.Change.ID]
		switch {
		case t == nil || t.Namespace != e.Namespace:
		case e.Body.Change.Action != freshet.DeleteTrigger:
			t.Paused = e.Body.Change.Action == freshet.PauseTrigger
		case t.Source == freshet.Added:
			delete(w.all, t.ID)
		}
	}
}

// upload makes the triggers of a file those of its new version; one whose text
// is unchanged stays.
func (w *watchers) upload(flow [2]string, u machine.Uploaded, next int64) int64 {
	if w.flows[flow] == u.Version {
		return next
	}
	w.flows[flow] = u.Version
	old := map[string]int64{}
	for id, t := range w.all {
		if t.Namespace == flow[0] && t.Workflow == flow[1] && t.Source == freshet.FromFile {
			old[t.Hash] = id
		}
	}
	for _, row := range u.On {
		if _, ok := old[row.Hash]; ok {
			delete(old, row.Hash)
			continue
		}
		row.ID, row.Namespace = next, flow[0]
		next++
		w.add(row)
	}
	for _, id := range old {
		delete(w.all, id)
	}
	return next
}

func (w *watchers) add(row machine.TriggerRow) {
	on, diags := spec.ParseTrigger([]byte(row.Text), nil)
	if on == nil {
		w.a.fault("trigger %d: %v", row.ID, diags.Err())
		return
	}
	w.all[row.ID] = &watcher{TriggerRow: row, on: on, ticks: map[int64]bool{}}
}
