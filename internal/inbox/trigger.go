package inbox

import (
	"context"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// AddTrigger adds a trigger to a workflow and gives it as it stands then.
func (x *Inbox) AddTrigger(ctx context.Context, namespace string, r freshet.TriggerRequest) (freshet.Trigger, error) {
	if r.Workflow == "" {
		return freshet.Trigger{}, freshet.Errorf(freshet.Invalid, "a trigger needs a workflow that it starts")
	}
	w, _, err := x.workflow(ctx, namespace, r.Workflow)
	if err != nil {
		return freshet.Trigger{}, err
	}
	t, err := readTrigger(w, r)
	if err != nil {
		return freshet.Trigger{}, err
	}
	row := triggerRow(w.Name, t)
	row.Namespace, row.Source = namespace, freshet.Added
	reply, err := x.one(ctx, machine.Entry{Namespace: namespace, Kind: machine.AddTrigger, Body: machine.Body{Trigger: &row}})
	if err != nil {
		return freshet.Trigger{}, err
	}
	id, _ := reply.Value.(int64)
	found, err := x.store.Triggers(ctx, store.TriggerFilter{After: id - 1, Limit: 1})
	if err != nil || len(found) == 0 || found[0].ID != id {
		// It must not sound as if nothing had happened: it would be added again.
		return freshet.Trigger{}, freshet.Errorf(freshet.Unreachable, "trigger %d was added, but cannot be read", id).
			WithHint("look at it with `freshet trigger show %d`", id)
	}
	return found[0], nil
}

// ChangeTriggers pauses, resumes or deletes one trigger of a namespace, or
// those of a workflow, and gives the ids of those that it changed. Of a
// workflow's only those are deleted that were added at run time.
func (x *Inbox) ChangeTriggers(ctx context.Context, namespace string, c machine.TriggerChange) ([]int64, error) {
	reply, err := x.one(ctx, machine.Entry{Namespace: namespace, Kind: machine.ChangeTrigger, Body: machine.Body{Change: &c}})
	ids, _ := reply.Value.([]int64)
	return ids, err
}

// triggerRow is what is stored of a trigger.
func triggerRow(workflow string, t *spec.Trigger) machine.TriggerRow {
	catchup := string(t.Catchup.Mode)
	if t.Catchup.Mode == spec.CatchupSpan {
		catchup, _ = written(t)["catchup"].(string)
	}
	return machine.TriggerRow{Workflow: workflow, Name: t.Name, Kind: freshet.TriggerKind(t.Kind), Expression: t.Expression,
		Timezone: t.Zone.String(), Catchup: catchup, Hash: t.Hash, Text: t.Text,
		Events: t.Events, Workflows: t.Workflows, Unfiltered: t.Unfiltered}
}

// fileTriggers are the entries of a workflow's `on:`.
func fileTriggers(w *spec.Workflow) []machine.TriggerRow {
	rows := make([]machine.TriggerRow, len(w.On))
	for i, t := range w.On {
		rows[i] = triggerRow(w.Name, t)
		rows[i].Source, rows[i].Index = freshet.FromFile, i
	}
	return rows
}
