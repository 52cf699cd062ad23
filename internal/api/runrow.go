package api

import (
	"context"
	"fmt"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/store"
)

// complete adds to runs what their rows do not say: the labels of their
// version, what the queued ones wait for, and a shape for what is empty.
func (a *API) complete(ctx context.Context, runs []freshet.Run) error {
	places := map[[3]string]string{} // by workflow and key
	for i := range runs {
		r := &runs[i]
		w, err := a.versions.of(ctx, a.Store, r)
		if err != nil { // a run is shown also where its version no longer loads
			w = nil
		} else {
			r.Labels = w.Labels
		}
		a.maskRun(r, w)
		switch {
		case r.Status == freshet.Queued && r.ScheduledAt != nil && r.ScheduledAt.After(time.Now()):
			r.WaitingFor = freshet.Time(*r.ScheduledAt).Format(time.RFC3339)
		case r.Status == freshet.Queued:
			flow := [3]string{r.Namespace, r.Workflow, r.ConcurrencyKey}
			if _, ok := places[flow]; !ok {
				holder, err := a.holder(ctx, r)
				if err != nil {
					return err
				}
				places[flow] = holder
			}
			r.WaitingFor = places[flow]
		}
		if r.Parameters == nil {
			r.Parameters = map[string]any{}
		}
		if r.Outputs == nil {
			r.Outputs = map[string]any{}
		}
		if r.Missing == nil {
			r.Missing = []string{}
		}
		if r.Labels == nil {
			r.Labels = map[string]string{}
		}
	}
	return nil
}

// holder is the oldest run that has a place which a queued run waits for;
// empty where one is free, and the run begins in a moment.
func (a *API) holder(ctx context.Context, queued *freshet.Run) (string, error) {
	alive, err := a.Store.Runs(ctx, store.RunFilter{Namespace: queued.Namespace, Workflow: queued.Workflow, Place: queued.ConcurrencyKey,
		Status: []freshet.Status{freshet.Running, freshet.Stopping}, Limit: 1000})
	if err != nil || len(alive) == 0 {
		return "", err
	}
	holder := fmt.Sprintf("run %d", alive[len(alive)-1].ID) // they come newest first
	if queued.ConcurrencyKey != "" {
		holder += fmt.Sprintf(" (key %q)", queued.ConcurrencyKey)
	}
	return holder, nil
}
