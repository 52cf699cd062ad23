package api

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/store"
)

type startInput struct {
	Traced
	WorkflowPath
	Key     string `header:"Idempotency-Key" maxLength:"1024" doc:"the same key starts one run, however often it is sent, for as long as that run is kept; for another workflow or other parameters it is refused"`
	RawBody []byte `contentType:"application/json"`
}

type runsInput struct {
	Namespace string    `query:"namespace" doc:"only of this namespace"`
	Workflow  string    `query:"workflow" doc:"only of the workflow of this name"`
	Status    []string  `query:"status,explode" enum:"queued,running,stopping,success,failed,stopped" doc:"only with one of these statuses"`
	Since     time.Time `query:"since" doc:"created at or after"`
	Before    int64     `query:"before" minimum:"0" doc:"ids below"`
	Limit     int       `query:"limit" minimum:"1" maximum:"1000" default:"50"`
	Cursor    string    `query:"cursor" doc:"next of the page before"`
}

// maxStartBody bounds the parameters of a run.
const maxStartBody = 8 << 20

func (a *API) addRuns() {
	add(a, http.MethodPost, "/namespaces/{ns}/workflows/{name}/runs", "start-run", "Start a run", func(ctx context.Context, in *startInput) (*out[freshet.Run], error) {
		r := freshet.RunRequest{}
		if len(in.RawBody) > 0 {
			if err := readJSON(in.RawBody, &r); err != nil {
				return nil, badBody(err, "start a run", `it looks like {"parameters": {"rows": 3}}, and may be left out`)
			}
		}
		r.Traceparent = in.Traceparent
		id, err := a.Inbox.StartRun(ctx, in.Namespace, in.Name, in.Key, r)
		if err != nil {
			return nil, err
		}
		return a.changed(ctx, id)
	}, tag("runs"), status(http.StatusCreated), jsonBody[freshet.RunRequest](a, maxStartBody, false))
	add(a, http.MethodGet, "/runs", "list-runs", "Runs, newest first", a.runs, tag("runs"))
	add(a, http.MethodGet, "/runs/{run}", "get-run", "One run", func(ctx context.Context, in *RunPath) (*out[freshet.Run], error) {
		return a.run(ctx, in.Run)
	}, tag("runs"), forTasks)
	add(a, http.MethodPost, "/runs/{run}/stop", "stop-run", "Ask a run to end", func(ctx context.Context, in *RunPath) (*out[freshet.Run], error) {
		if err := a.Inbox.StopRun(ctx, in.Run); err != nil {
			return nil, err
		}
		return a.changed(ctx, in.Run)
	}, tag("runs"), describe("The answer is the run as it stands then: it is `stopping` until its last process is gone."))
	add(a, http.MethodPost, "/runs/{run}/rerun", "rerun-run", "Start a new go at a run that has ended", func(ctx context.Context, in *rerunInput) (*out[freshet.Run], error) {
		r := freshet.RerunRequest{}
		if in.Body != nil {
			r = *in.Body
		}
		r.Traceparent = in.Traceparent
		id, err := a.Inbox.Rerun(ctx, in.Run, r)
		if err != nil {
			return nil, err
		}
		return a.changed(ctx, id)
	}, tag("runs"), status(http.StatusCreated), describe("With the parameters, the event and the version of the other. `from_failed` and `from` keep the results of tasks that need not run again."))
	add(a, http.MethodDelete, "/runs/{run}", "delete-run", "Delete a run that has ended", func(ctx context.Context, in *RunPath) (*none, error) {
		return nil, a.Inbox.DeleteRun(ctx, in.Run)
	}, tag("runs"), describe("Its logs, artifacts and directory go with it. It is refused while the run, or the one that called it, is alive."))
	add(a, http.MethodPost, "/namespaces/{ns}/workflows/{name}/stop-all", "stop-runs", "Ask every run of a workflow to end", a.stopAll, tag("runs"))
}

type rerunInput struct {
	Traced
	RunPath
	Body *freshet.RerunRequest
}

func (a *API) run(ctx context.Context, id int64) (*out[freshet.Run], error) {
	r, err := a.Store.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	runs := []freshet.Run{*r}
	if err := a.complete(ctx, runs); err != nil {
		return nil, err
	}
	return &out[freshet.Run]{runs[0]}, nil
}

// changed is a run after a change was recorded. That it cannot be read then
// must not sound as if nothing had happened: the change would be made again.
func (a *API) changed(ctx context.Context, id int64) (*out[freshet.Run], error) {
	r, err := a.run(ctx, id)
	return r, recorded(err, "`freshet run show %d`", id)
}

// recorded is the error of reading what was just changed.
func recorded(err error, look string, args ...any) error {
	if freshet.CodeOf(err) != freshet.Unavailable {
		return err
	}
	return freshet.Errorf(freshet.Unreachable, "this was recorded, but how it stands now cannot be read: %v", err).
		WithHint("look at it with "+look, args...)
}

func (a *API) runs(ctx context.Context, in *runsInput) (*out[freshet.RunPage], error) {
	f := store.RunFilter{Namespace: in.Namespace, Workflow: in.Workflow, Since: in.Since, Before: in.Before, Limit: in.Limit + 1}
	for _, s := range in.Status {
		f.Status = append(f.Status, freshet.Status(s))
	}
	if in.Cursor != "" {
		_, before, err := parseCursor(in.Cursor, "runs")
		if err != nil {
			return nil, err
		}
		if f.Before == 0 || before < f.Before {
			f.Before = before
		}
	}
	found, err := a.Store.Runs(ctx, f)
	if err != nil {
		return nil, err
	}
	page := freshet.RunPage{Items: make([]freshet.Run, 0, len(found))}
	for i, r := range found {
		if i == in.Limit {
			page.Next = cursor("runs", page.Items[i-1].ID)
			break
		}
		page.Items = append(page.Items, r)
	}
	if err := a.complete(ctx, page.Items); err != nil {
		return nil, err
	}
	return &out[freshet.RunPage]{page}, nil
}

// stopAtOnce is how many runs are asked to stop at the same time.
const stopAtOnce = 16

func (a *API) stopAll(ctx context.Context, in *WorkflowPath) (*out[[]int64], error) {
	w, err := a.find(ctx, in.Namespace, in.Name)
	if err != nil {
		return nil, err
	}
	found, err := a.Store.Runs(ctx, store.RunFilter{Namespace: in.Namespace, Workflow: w.Name,
		Status: []freshet.Status{freshet.Queued, freshet.Running}, Limit: 1 << 20})
	if err != nil {
		return nil, err
	}
	errs := make([]error, len(found))
	places := make(chan struct{}, stopAtOnce)
	var wg sync.WaitGroup
	for i, r := range found {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			errs[i] = a.Inbox.StopRun(ctx, r.ID)
		})
	}
	wg.Wait()
	stopped := []int64{}
	for i, r := range found {
		switch {
		case errs[i] == nil:
			stopped = append(stopped, r.ID)
		case freshet.CodeOf(errs[i]) != freshet.Conflict: // it ended by itself just then
			return nil, errs[i]
		}
	}
	return list(stopped), nil
}
