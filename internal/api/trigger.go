package api

import (
	"context"
	"math"
	"net/http"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// TriggerPath names a trigger.
type TriggerPath struct {
	ID int64 `path:"id" minimum:"1" doc:"id of a trigger"`
}

// TriggerList selects triggers, and a page of them.
type TriggerList struct {
	Workflow string `query:"workflow" doc:"only of the workflow of this name"`
	Kind     string `query:"kind" enum:"event,schedule,workflow,condition" doc:"only of this kind"`
	Before   int64  `query:"before" minimum:"0" doc:"ids below"`
	Limit    int    `query:"limit" minimum:"1" maximum:"1000" default:"50"`
	Cursor   string `query:"cursor" doc:"next of the page before"`
}

// maxTriggerBody bounds the parameters that a trigger gives.
const maxTriggerBody = 8 << 20

func (a *API) addTriggers() {
	type addInput struct {
		Namespace string `path:"ns" doc:"namespace"`
		RawBody   []byte `contentType:"application/json"`
	}
	add(a, http.MethodPost, "/namespaces/{ns}/triggers", "add-trigger", "Add a trigger to a workflow", func(ctx context.Context, in *addInput) (*out[freshet.Trigger], error) {
		var r freshet.TriggerRequest
		if err := readJSON(in.RawBody, &r); err != nil {
			return nil, badBody(err, "add a trigger", `it looks like {"workflow": "report", "event": "data_ready"}`)
		}
		t, err := a.Inbox.AddTrigger(ctx, in.Namespace, r)
		return &out[freshet.Trigger]{t}, err
	}, tag("triggers"), status(http.StatusCreated), jsonBody[freshet.TriggerRequest](a, maxTriggerBody, true),
		describe("Either `entry` is given, YAML as an entry of `on:`, or the fields beside it."))

	type anyList struct {
		InAny
		TriggerList
	}
	type oneList struct {
		InOne
		TriggerList
	}
	add(a, http.MethodGet, "/triggers", "list-all-triggers", "Triggers of all namespaces, newest first", func(ctx context.Context, in *anyList) (*out[freshet.TriggerPage], error) {
		return a.triggers(ctx, in.Namespace, in.TriggerList)
	}, tag("triggers"))
	add(a, http.MethodGet, "/namespaces/{ns}/triggers", "list-triggers", "Triggers, newest first", func(ctx context.Context, in *oneList) (*out[freshet.TriggerPage], error) {
		return a.triggers(ctx, in.Namespace, in.TriggerList)
	}, tag("triggers"))
	add(a, http.MethodGet, "/triggers/{id}", "get-trigger", "One trigger", func(ctx context.Context, in *TriggerPath) (*out[freshet.Trigger], error) {
		t, err := a.trigger(ctx, in.ID)
		return &out[freshet.Trigger]{t}, err
	}, tag("triggers"))
	for _, c := range []struct {
		action  freshet.TriggerAction
		summary string
	}{
		{freshet.PauseTrigger, "Keep a trigger from firing"},
		{freshet.ResumeTrigger, "Let a trigger fire again"},
	} {
		add(a, http.MethodPost, "/triggers/{id}/"+string(c.action), string(c.action)+"-trigger", c.summary, func(ctx context.Context, in *TriggerPath) (*out[freshet.Trigger], error) {
			if _, err := a.changeTrigger(ctx, in.ID, c.action); err != nil {
				return nil, err
			}
			t, err := a.trigger(ctx, in.ID)
			return &out[freshet.Trigger]{t}, recorded(err, "`freshet trigger show %d`", in.ID)
		}, tag("triggers"), describe("What it waited for meanwhile is not made up for."))
	}
	add(a, http.MethodDelete, "/triggers/{id}", "delete-trigger", "Delete a trigger", func(ctx context.Context, in *TriggerPath) (*out[freshet.Trigger], error) {
		t, err := a.changeTrigger(ctx, in.ID, freshet.DeleteTrigger)
		return &out[freshet.Trigger]{t}, err
	}, tag("triggers"), describe("The answer is the trigger as it was. One of a file comes and goes with its file and cannot be deleted; it can be paused."))

	type deleteAll struct {
		WorkflowPath
		Kind string `query:"kind" enum:"event,schedule,workflow,condition" doc:"only of this kind"`
	}
	add(a, http.MethodDelete, "/namespaces/{ns}/workflows/{name}/triggers", "delete-triggers", "Delete the triggers that were added to a workflow", func(ctx context.Context, in *deleteAll) (*out[[]int64], error) {
		ids, err := a.Inbox.ChangeTriggers(ctx, in.Namespace, machine.TriggerChange{Action: freshet.DeleteTrigger,
			Workflow: in.Name, Kind: freshet.TriggerKind(in.Kind)})
		return list(ids), err
	}, tag("triggers"), describe("The answer is their ids. Those of the workflow's file stay."))
}

func (a *API) triggers(ctx context.Context, namespace string, l TriggerList) (*out[freshet.TriggerPage], error) {
	f := store.TriggerFilter{Namespace: namespace, Workflow: l.Workflow, Kind: freshet.TriggerKind(l.Kind), Before: l.Before, Limit: l.Limit + 1}
	if f.Before == 0 {
		f.Before = math.MaxInt64
	}
	if l.Cursor != "" {
		_, before, err := parseCursor(l.Cursor, "triggers")
		if err != nil {
			return nil, err
		}
		f.Before = max(1, min(f.Before, before))
	}
	found, err := a.Store.Triggers(ctx, f)
	if err != nil {
		return nil, err
	}
	page := freshet.TriggerPage{Items: []freshet.Trigger{}}
	if len(found) > l.Limit {
		found = found[:l.Limit]
		page.Next = cursor("triggers", found[l.Limit-1].ID)
	}
	page.Items = append(page.Items, found...)
	return &out[freshet.TriggerPage]{page}, nil
}

func (a *API) trigger(ctx context.Context, id int64) (freshet.Trigger, error) {
	found, err := a.Store.Triggers(ctx, store.TriggerFilter{After: id - 1, Limit: 1})
	if err != nil {
		return freshet.Trigger{}, err
	}
	if len(found) == 0 || found[0].ID != id {
		return freshet.Trigger{}, freshet.Errorf(freshet.NotFound, "there is no trigger %d", id).
			WithHint("`trigger list -A` shows what there is")
	}
	return found[0], nil
}

// changeTrigger changes a trigger and gives it as it was.
func (a *API) changeTrigger(ctx context.Context, id int64, action freshet.TriggerAction) (freshet.Trigger, error) {
	t, err := a.trigger(ctx, id)
	if err != nil {
		return t, err
	}
	_, err = a.Inbox.ChangeTriggers(ctx, t.Namespace, machine.TriggerChange{Action: action, ID: id})
	return t, err
}
