package why

import (
	"context"
	"fmt"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/store"
)

// Workflow explains a workflow: what starts it, and what its latest runs do.
// Code not_found if there is none.
func (x *Explainer) Workflow(ctx context.Context, namespace, name string) (freshet.Explanation, error) {
	q := x.ask(ctx)
	found, err := x.reader.Workflows(ctx, store.WorkflowFilter{Namespace: namespace, Name: name, Limit: 1})
	if err != nil {
		return freshet.Explanation{}, fmt.Errorf("explain: %w", err)
	}
	if len(found) == 0 {
		return freshet.Explanation{}, freshet.Errorf(freshet.NotFound, "there is no workflow %s.%s", namespace, name).
			WithHint("`workflow list` shows those that have been uploaded")
	}
	w := found[0]
	e := freshet.Explanation{Subject: fmt.Sprintf("workflow %s.%s", w.Namespace, w.Name)}
	latest := q.runs(store.RunFilter{Namespace: namespace, Workflow: name, Limit: shownStarts})
	switch {
	case len(latest) == 0:
		e.Summary = sentence("workflow %s has never run, because it starts only when a person asks for it: `run start %s`", w.Name, w.Name)
	case latest[0].Status.Final():
		e.Summary = sentence("workflow %s starts only when a person asks for it; its latest run, run %d, %s", w.Name, latest[0].ID, standing(latest[0].Status))
	default:
		e.Summary = sentence("workflow %s starts only when a person asks for it; run %d %s", w.Name, latest[0].ID, standing(latest[0].Status))
	}
	if !w.Enabled {
		e.Because = append(e.Because, freshet.Reason{Text: "It is disabled: it starts nothing until it is enabled."})
	}
	e.Because = append(e.Because, q.concurrency(w)...)
	for _, r := range latest {
		e.Because = append(e.Because, line(r))
	}
	return e, q.err
}

// line is a run in a list of runs.
func line(r freshet.Run) freshet.Reason {
	text := fmt.Sprintf("run %d %s", r.ID, standing(r.Status))
	if r.Status == freshet.Failed && r.Reason != "" {
		text += ": " + clip(r.Reason)
	}
	when := r.EndedAt
	if when == nil {
		when = r.StartedAt
	}
	if when == nil {
		when = &r.CreatedAt
	}
	return freshet.Reason{Text: sentence("%s", text), Time: when, RunID: r.ID}
}

func (q *inquiry) runs(f store.RunFilter) []freshet.Run {
	if q.err != nil {
		return nil
	}
	list, err := q.x.reader.Runs(q.ctx, f)
	q.ok(err)
	return list
}

// concurrency compares the runs that are alive with how many may be.
func (q *inquiry) concurrency(w freshet.Workflow) []freshet.Reason {
	flow, err := q.x.version(q.ctx, w.Namespace, w.Name, w.Version)
	if !q.ok(err) {
		return nil
	}
	f := store.RunFilter{Namespace: w.Namespace, Workflow: w.Name, Limit: 1001}
	f.Status = []freshet.Status{freshet.Running, freshet.Stopping}
	alive := len(q.runs(f))
	f.Status = []freshet.Status{freshet.Queued}
	queued := len(q.runs(f))
	c := flow.Concurrency
	if c == nil {
		if alive == 0 {
			return nil
		}
		return []freshet.Reason{{Text: sentence("%s; any number may be", agree(alive, "run is alive", "runs are alive"))}}
	}
	text := fmt.Sprintf("%d of %s alive", alive, agree(c.Limit, "run is", "runs are"))
	if queued > 0 {
		text += fmt.Sprintf(", and %s for a place", agree(queued, "run waits", "runs wait"))
	}
	text += fmt.Sprintf(" (`concurrency: %d`, `overlap: %s`)", c.Limit, overlap(c))
	return []freshet.Reason{{Text: sentence("%s", text)}}
}
