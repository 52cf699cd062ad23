package simtest

import (
	"context"
	"math"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// places: a queued run waits for a place that others of its key have.
func (a *audit) places() {
	type group struct{ namespace, workflow, key string }
	active := map[group]int{}
	for _, r := range a.runs {
		if s := a.loaded[r.ID].Status; !s.Final() && s != freshet.Queued {
			active[group{r.Namespace, r.Workflow, r.ConcurrencyKey}]++
		}
	}
	for _, r := range a.runs {
		if a.loaded[r.ID].Status == freshet.Queued && active[group{r.Namespace, r.Workflow, r.ConcurrencyKey}] == 0 {
			a.fault("run %d waits for a place that nobody has", r.ID)
		}
	}
}

// turn is the executions of a task that share a key of its `concurrency`.
type turn struct{ namespace, workflow, task, key string }

// turns: what is stored of the places of tasks is what the executions say; no
// more are alive than there have ever been places, and nobody waits for a
// place that is free.
func (a *audit) turns() {
	held, waiting := map[turn]int{}, map[turn]int{}
	rows := map[machine.PlaceKey]bool{} // those that there should be; held
	for _, r := range a.runs {
		for i, x := range a.loaded[r.ID].Live() {
			if x.Asks == 0 {
				if x.Status == freshet.Waiting {
					a.fault("run %d: %s waits, and has asked for nothing", r.ID, freshet.TaskName(x.Key.Task, x.Key.Item))
				}
				continue
			}
			k := turn{r.Namespace, r.Workflow, a.flows[r.ID].Tasks[i].Name, x.Place}
			rows[machine.PlaceOf(x.Key)] = x.Status != freshet.Waiting
			if x.Status == freshet.Waiting {
				waiting[k]++
			} else {
				held[k]++
			}
			a.look(k, x)
		}
	}
	for k, n := range waiting {
		if now, _ := a.limits(k); held[k] < now {
			a.fault("%d executions of %+v wait, and %d of %d places are taken", n, k, held[k], now)
		}
	}
	for k, n := range held {
		if _, most := a.limits(k); n > most {
			a.fault("%d executions of %+v are alive, of %d", n, k, most)
		}
	}
	size, err := a.w.Disk.Size(context.Background())
	if err != nil || size.Rows["places"] != int64(len(rows)) {
		a.fault("%d places are stored, not %d: %v", size.Rows["places"], len(rows), err)
	}
}

// look finds the row of an execution that has asked.
func (a *audit) look(k turn, x *machine.Execution) {
	list, err := a.w.Disk.Places(context.Background(), store.PlaceFilter{Namespace: k.namespace, Workflow: k.workflow, Task: k.task, Key: k.key})
	for _, p := range list {
		if p.PlaceKey == machine.PlaceOf(x.Key) {
			if p.Held != (x.Status != freshet.Waiting) {
				a.fault("%v is %s, and its place is %+v", x.Key, x.Status, p)
			}
			return
		}
	}
	a.fault("%v is %s, and has no place: %v", x.Key, x.Status, err)
}

// limits are the places of a task in the newest version of its workflow, and
// the most that it has ever had.
func (a *audit) limits(k turn) (now, most int) {
	ctx := context.Background()
	flows, err := a.w.Disk.Workflows(ctx, store.WorkflowFilter{Namespace: k.namespace, Name: k.workflow})
	if err != nil || len(flows) != 1 {
		return 0, math.MaxInt
	}
	versions, _ := a.w.Disk.Versions(ctx, k.namespace, k.workflow, 0)
	for _, v := range versions {
		row, err := a.w.Disk.Version(ctx, k.namespace, k.workflow, v.Version)
		if err != nil {
			a.fault("version of %s: %v", k.workflow, err)
			continue
		}
		limit := math.MaxInt
		parsed, _ := spec.Parse("w.yaml", []byte(row.Source))
		if t, ok := parsed[0].Task(k.task); ok && t.Concurrency != nil {
			limit = t.Concurrency.Limit
		}
		most = max(most, limit)
		if v.Version == flows[0].Version {
			now = limit
		}
	}
	return now, most
}
