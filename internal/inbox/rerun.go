package inbox

import (
	"context"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
)

// Rerun starts a new go at a run that has ended: with its parameters, its
// event and, unless asked otherwise, its version.
func (x *Inbox) Rerun(ctx context.Context, id int64, r freshet.RerunRequest) (int64, error) {
	if r.FromFailed && r.From != "" {
		return 0, freshet.Errorf(freshet.Invalid, "a run goes on from what failed or from a task, not from both")
	}
	s, err := x.store.LoadRun(ctx, id)
	if err != nil {
		return 0, err
	}
	row := s.Row
	if !row.Status.Final() {
		return 0, freshet.Errorf(freshet.Conflict, "run %d is %s", id, row.Status).WithHint("`run stop %d` ends it first", id)
	}
	old, err := x.compile(ctx, row.Namespace, row.Workflow, row.Version)
	if err != nil {
		return 0, err
	}
	w, version := old, row.Version
	if r.Latest {
		if w, version, err = x.workflow(ctx, row.Namespace, row.Workflow); err != nil {
			return 0, err
		}
	}
	params, err := w.CheckParameters(row.Parameters, nil)
	if err != nil {
		return 0, err
	}
	start := &machine.RunStart{Workflow: row.Workflow, Version: version, Parameters: params, Type: freshet.Rerun, Rerun: &machine.Rerun{Of: id},
		Trace: freshet.Trace(freshet.Traceparent(r.Traceparent))}
	if !row.ScheduledAt.IsZero() {
		start.ScheduledAt = &row.ScheduledAt
	}
	body := machine.Body{Start: start}
	if r.FromFailed || r.From != "" {
		if _, ok := w.Task(r.From); r.From != "" && !ok {
			return 0, freshet.Errorf(freshet.NotFound, "workflow %s has no task %s", row.Workflow, r.From).WithHint("`task list %d` shows its tasks", id)
		}
		st := machine.Load(old, row, s.Held, s.Waits, s.Rules, nil)
		if body.Outputs, err = x.takeOver(ctx, w, old, st, r.From, start.Rerun); err != nil {
			return 0, err
		}
		if err := x.bring(ctx, &row, version, start.Rerun); err != nil {
			return 0, err
		}
	}
	reply, err := x.one(ctx, machine.Entry{Namespace: row.Namespace, Kind: machine.StartRun, Event: row.Event, Body: body})
	return reply.Run, err
}

// takeOver says what of an ended run is kept, and what starts again: from a
// task on, or what failed.
func (x *Inbox) takeOver(ctx context.Context, w, old *spec.Workflow, st *machine.Run, from string, r *machine.Rerun) (map[string]any, error) {
	anew := map[string]bool{}
	if from != "" {
		t, _ := w.Task(from)
		for _, i := range downstream(w, t.Index) {
			anew[w.Tasks[i].Name] = true
		}
	}
	outputs := map[string]any{}
	for i, t := range old.Tasks[:old.Finally] {
		last := st.Tasks[i].Latest
		switch {
		case last == nil, anew[t.Name] && t.Name != from:
		case t.Name == from, last.Status == freshet.Failed, last.Status == freshet.Stopped:
			ev, err := x.startedBy(ctx, st.Namespace, last.Offset)
			if err != nil {
				return nil, err
			}
			r.Again = append(r.Again, machine.AgainOn{Task: t.Name, Event: ev})
		default:
			kept := machine.Kept{Task: t.Name, Status: last.Status, Code: last.Code}
			if done := st.Tasks[i].Success; done != nil {
				if done.Outputs != nil {
					outputs[t.Name] = done.Outputs
				}
				var err error
				if kept.Artifacts, err = x.leftBy(ctx, t, done); err != nil {
					return nil, err
				}
			}
			r.Kept = append(r.Kept, kept)
		}
	}
	if from == "" && len(r.Again) == 0 {
		return nil, freshet.Errorf(freshet.Conflict, "no task of run %d failed or was stopped", st.ID).
			WithHint("`run rerun %d` runs all of it again", st.ID)
	}
	if from != "" && !slices.ContainsFunc(r.Again, func(a machine.AgainOn) bool { return a.Task == from }) {
		r.Again = append(r.Again, machine.AgainOn{Task: from}) // it had never run
	}
	return outputs, nil
}

// startedBy is the event that had started an execution, nil for none.
func (x *Inbox) startedBy(ctx context.Context, namespace string, offset int64) (*freshet.Event, error) {
	if offset == 0 {
		return nil, nil
	}
	ev, err := x.store.Event(ctx, namespace, offset)
	if freshet.CodeOf(err) == freshet.NotFound {
		return nil, nil // the end of a run, or older than what is kept
	}
	return ev, err
}

// downstream are a task and all that look at its status, one behind another.
func downstream(w *spec.Workflow, task int) []int {
	list := []int{task}
	for i := 0; i < len(list); i++ {
		for _, r := range w.Watchers(list[i]) {
			if r.Task != spec.NoTask && r.Action != spec.Stop && !slices.Contains(list, r.Task) {
				list = append(list, r.Task)
			}
		}
	}
	return list
}
