package simtest

import (
	"context"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// dues: nothing waits for a time that has passed; what watches waits for each
// of its ticks, and what does not watch waits for nothing.
func (a *audit) dues() {
	for _, r := range a.runs {
		st := a.loaded[r.ID]
		watches := st.Status == freshet.Running && st.Result == ""
		for _, rule := range a.flows[r.ID].Rules {
			a.waits(rule, machine.NodeKey{Run: r.ID, Rule: int64(rule.ID)}, st.Dues, watches)
		}
	}
	list, err := a.w.Disk.Triggers(context.Background(), store.TriggerFilter{})
	if err != nil {
		a.fault("triggers: %v", err)
	}
	for _, t := range list {
		snap, err := a.w.Disk.Trigger(context.Background(), t.ID)
		if err != nil {
			a.fault("trigger %d: %v", t.ID, err)
			continue
		}
		on, diags := spec.ParseTrigger([]byte(snap.Row.Text), nil)
		if on == nil {
			a.fault("trigger %d: %v", t.ID, diags.Err())
			continue
		}
		a.waits(&on.Rule, machine.NodeKey{Rule: t.ID}, snap.Dues, t.Enabled && !t.Paused)
	}
}

// waits looks at what the conditions of one rule wait for.
func (a *audit) waits(rule *spec.Rule, k machine.NodeKey, dues machine.Dues, watches bool) {
	for _, c := range rule.Nodes {
		k.Node = c.Node
		due := dues[k]
		switch {
		case !due.IsZero() && !watches:
			a.fault("condition %v is due at %v, and its rule does not watch", k, due)
		case !due.IsZero() && due.Before(time.Now()):
			a.fault("condition %v was due at %v, which is over", k, due)
		case due.IsZero() && watches && c.Tick():
			a.fault("condition %v waits for no tick", k)
		}
	}
}
