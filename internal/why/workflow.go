package why

import (
	"context"
	"fmt"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
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
	words, triggers := q.triggers(w)
	if len(latest) == 0 {
		e.Summary = sentence("no run of workflow %s is kept; it %s", w.Name, words)
	} else {
		e.Summary = sentence("workflow %s %s; its latest run, run %d, %s", w.Name, words, latest[0].ID, q.stood(latest[0]))
	}
	if !w.Enabled {
		e.Because = append(e.Because, freshet.Reason{Kind: freshet.WhyTrigger, Workflow: w.Name,
			Text: sentence("it is disabled: it starts nothing until `workflow enable %s`; what runs goes on", w.Name)})
	}
	e.Because = append(e.Because, triggers...)
	e.Because = append(e.Because, q.concurrency(w)...)
	for _, r := range latest {
		e.Because = append(e.Because, q.line(r))
	}
	return e, q.err
}

// stands tells how a trigger stands: what of its condition has come, and what
// it did last.
func (q *inquiry) stands(t *trigger) freshet.Reason {
	r := freshet.Reason{Kind: freshet.WhyTrigger, Trigger: t.ID, Workflow: t.Workflow, Expression: t.Expression}
	name, what := title(t.ID, t.Name), t.what()
	switch {
	case t.on == nil:
		r.Text = sentence("%s cannot be read any more, and never fires: %s", name, what)
		return r
	case t.Paused:
		r.Text = sentence("%s is paused, and does not fire until `trigger resume %d`: %s (%s)", name, t.ID, what, t.source())
	case !t.enabled:
		r.Text = sentence("%s does not fire while the workflow is disabled: %s (%s)", name, what, t.source())
	default:
		r.Text = sentence("%s: %s (%s)", name, what, t.source())
		p := q.watch(t)
		r.Because = p.stand(t.on.When, 1)
	}
	r.Because = append(r.Because, q.lastOutcomes(t)...)
	return r
}

// line is a run in a list of runs.
func (q *inquiry) line(r freshet.Run) freshet.Reason {
	text := fmt.Sprintf("run %d %s", r.ID, q.stood(r))
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
	return freshet.Reason{Kind: freshet.WhyRun, Text: sentence("%s", text), Time: when, RunID: r.ID, Workflow: r.Workflow, Status: r.Status}
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
	queued := len(slices.DeleteFunc(q.runs(f), q.forLater))
	c := flow.Concurrency
	if c == nil {
		if alive == 0 {
			return nil
		}
		return []freshet.Reason{{Kind: freshet.WhyPlace, Have: amount(float64(alive)), Text: sentence("%s; any number may be", agree(alive, "run is alive", "runs are alive"))}}
	}
	if c.Key != nil {
		return []freshet.Reason{q.keyed(c, alive, queued)}
	}
	text := fmt.Sprintf("%d of %s alive", alive, agree(c.Limit, "run is", "runs are"))
	if queued > 0 {
		text += fmt.Sprintf(", and %s for a place", agree(queued, "run waits", "runs wait"))
	}
	text += fmt.Sprintf(" (`concurrency: %d`, `overlap: %s`)", c.Limit, overlap(c))
	return []freshet.Reason{{Kind: freshet.WhyPlace, Text: sentence("%s", text), Have: amount(float64(alive)), Need: amount(float64(c.Limit))}}
}

// keyed tells the same of runs that have places by a key.
func (q *inquiry) keyed(c *spec.Concurrency, alive, queued int) freshet.Reason {
	text := agree(alive, "run is alive", "runs are alive")
	if queued > 0 {
		text += fmt.Sprintf(", and %s for a place", agree(queued, "run waits", "runs wait"))
	}
	return freshet.Reason{Kind: freshet.WhyPlace, Have: amount(float64(alive)),
		Text: sentence("%s (`concurrency: %d` for each `%s`, `overlap: %s`)", text, c.Limit, c.Key.Source(), overlap(c))}
}
