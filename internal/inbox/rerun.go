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
		return 0, unlike(&row, r, err)
	}
	start := &machine.RunStart{Workflow: row.Workflow, Version: version, Parameters: params, Missing: row.Missing, Type: freshet.Rerun,
		Rerun: &machine.Rerun{Of: id, From: r.From, Newer: version != row.Version}, Trace: freshet.Trace(freshet.Traceparent(r.Traceparent))}
	if !row.ScheduledAt.IsZero() {
		start.ScheduledAt = &row.ScheduledAt
	}
	body := machine.Body{Start: start}
	if r.FromFailed || r.From != "" {
		if _, ok := w.Task(r.From); r.From != "" && !ok {
			return 0, noTask(&row, r)
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

// noTask says that the version has no task to go on from.
func noTask(row *machine.RunRow, r freshet.RerunRequest) error {
	if r.Latest {
		return freshet.Errorf(freshet.NotFound, "the current version of workflow %s has no task %s", row.Workflow, r.From).
			WithHint("`workflow show %s` shows it; without --latest the run goes on with its own version", row.Workflow)
	}
	return freshet.Errorf(freshet.NotFound, "workflow %s has no task %s", row.Workflow, r.From).WithHint("`task list %d` shows its tasks", row.ID)
}

// unlike says that a version does not take the parameters of a run.
func unlike(row *machine.RunRow, r freshet.RerunRequest, err error) error {
	if !r.Latest {
		return err
	}
	return freshet.Errorf(freshet.CodeOf(err), "the current version of %s does not take the parameters of run %d: %v", row.Workflow, row.ID, err).
		WithHint("`run rerun %d` without --latest keeps to the run's own version; `run start %s` takes new parameters", row.ID, row.Workflow)
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
			a, err := x.again(ctx, &st.RunRow, last)
			if err != nil {
				return nil, err
			}
			r.Again = append(r.Again, a)
		default:
			kept := machine.Kept{Task: t.Name, Status: last.Status, Code: last.Code, Offset: last.Offset}
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
