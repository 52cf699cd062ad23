package storetest

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// place draws that an execution has a place, waits for one, or does so no
// longer.
func (d *drawer) place(b *store.Batch, k machine.PlaceKey) {
	switch d.number("place", 3) {
	case 0:
		b.Unplaces = append(b.Unplaces, k)
	default:
		d.asks++
		b.Places = append(b.Places, machine.PlaceRow{PlaceKey: k, Namespace: namespaces.Draw(d.t, "namespace"), Workflow: words.Draw(d.t, "workflow"),
			Key: words.Draw(d.t, "key"), Ask: 1 + d.number("ask", 2), Since: d.offset, Nth: d.asks, Held: d.number("held", 1) == 0})
	}
}

// comparePlaces reads who has a place, and who waits for one.
func (d *drawer) comparePlaces(s *shard) {
	list := d.sortedPlaces()
	slices.SortStableFunc(list, func(a, b machine.PlaceRow) int { return cmp.Compare(rank(b.Held), rank(a.Held)) })
	f := store.PlaceFilter{Namespace: namespaces.Draw(d.t, "namespace"), Workflow: words.Draw(d.t, "workflow"), Task: tasks.Draw(d.t, "task"),
		Key: words.Draw(d.t, "key"), Limit: d.number("limit", 2)}
	if len(list) > 0 { // one that is there
		p := list[d.number("place", len(list)-1)]
		f = store.PlaceFilter{Namespace: p.Namespace, Workflow: p.Workflow, Task: p.Task, Key: p.Key, Limit: f.Limit}
	}
	var want []machine.PlaceRow
	for _, p := range list {
		if p.Namespace == f.Namespace && p.Workflow == f.Workflow && p.Task == f.Task && p.Key == f.Key && (f.Limit == 0 || len(want) < f.Limit) {
			want = append(want, p)
		}
	}
	same(d.t, fmt.Sprintf("places %+v", f), must[[]machine.PlaceRow](d.t)(s.Places(d.t.Context(), f)), want)
}

func rank(held bool) int {
	if held {
		return 1
	}
	return 0
}
