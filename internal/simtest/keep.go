package simtest

import (
	"context"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/simtest/wild"
)

// keep does something with triggers, workflows or the server as a whole.
func (h *history) keep(n int) {
	name := h.flows[h.rng.IntN(len(h.flows))]
	namespace := namespaceOf(name)
	switch n {
	case 0, 1:
		entry := wild.Entry(h.rng.IntN, nil)
		h.note("trigger add %s.%s %s", namespace, name, entry)
		once := false // there is no idempotence key: what may have been added is not asked for again
		h.client(func(ctx context.Context) error {
			door, _ := h.w.Door()
			if once {
				return nil
			}
			once = true
			_, err := door.AddTrigger(ctx, namespace, freshet.TriggerRequest{Workflow: name, Entry: entry})
			return err
		})
	case 2, 3, 4:
		c := machine.TriggerChange{ID: int64(1 + h.rng.IntN(6)),
			Action: []freshet.TriggerAction{freshet.PauseTrigger, freshet.ResumeTrigger, freshet.DeleteTrigger}[n-2]}
		h.note("trigger %s %s.%d", c.Action, namespace, c.ID)
		h.client(func(ctx context.Context) error {
			door, _ := h.w.Door()
			_, err := door.ChangeTriggers(ctx, namespace, c)
			return err
		})
	case 5:
		h.note("disable %s.%s", namespace, name)
		h.client(func(ctx context.Context) error {
			door, _ := h.w.Door()
			return door.DisableWorkflow(ctx, namespace, name)
		})
	case 6:
		h.enable(name)
	default:
		h.note("down")
		h.w.Down()
		time.Sleep(time.Duration(h.rng.IntN(3000)) * time.Second)
		h.note("up")
		h.w.Boot()
	}
}

func (h *history) enable(name string) {
	namespace := namespaceOf(name)
	h.note("enable %s.%s", namespace, name)
	h.client(func(ctx context.Context) error {
		door, _ := h.w.Door()
		return door.EnableWorkflow(ctx, namespace, name)
	})
}

// rest lets no workflow start a run any more.
func (h *history) rest() {
	for _, name := range h.flows {
		h.note("disable %s.%s", namespaceOf(name), name)
		if err := h.w.Inbox.DisableWorkflow(context.Background(), namespaceOf(name), name); err != nil {
			h.t.Errorf("disable %s: %v", name, err)
		}
	}
}
