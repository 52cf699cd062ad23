package api

import (
	"context"
	"net/http"

	"github.com/freshet/freshet"
)

func (a *API) addWhy() {
	add(a, http.MethodGet, "/why/runs/{run}", "explain-run", "Why a run ran, ended so, or waits", func(ctx context.Context, in *RunPath) (*out[freshet.Explanation], error) {
		e, err := a.Why.Run(ctx, in.Run)
		if err == nil {
			e, err = a.explained(ctx, in.Run, e)
		}
		return &out[freshet.Explanation]{e}, err
	}, tag("why"), forTasks)
	add(a, http.MethodGet, "/why/runs/{run}/tasks/{task}", "explain-task", "Why a task ran, did not, or waits", func(ctx context.Context, in *TaskPath) (*out[freshet.Explanation], error) {
		e, err := a.Why.Task(ctx, in.Run, in.Task)
		if err == nil {
			e, err = a.explained(ctx, in.Run, e)
		}
		return &out[freshet.Explanation]{e}, err
	}, tag("why"), forTasks)
	add(a, http.MethodGet, "/why/workflows/{ns}/{name}", "explain-workflow", "What starts a workflow, and what its triggers wait for", func(ctx context.Context, in *WorkflowPath) (*out[freshet.Explanation], error) {
		e, err := a.Why.Workflow(ctx, in.Namespace, in.Name)
		return &out[freshet.Explanation]{e}, err
	}, tag("why"))
	type event struct {
		Offset int64 `path:"offset" minimum:"1" doc:"place of the event in the journal"`
	}
	add(a, http.MethodGet, "/why/events/{offset}", "explain-event", "What triggers and runs made of an event", func(ctx context.Context, in *event) (*out[freshet.Explanation], error) {
		e, err := a.Why.Event(ctx, in.Offset)
		return &out[freshet.Explanation]{e}, err
	}, tag("why"))
}
