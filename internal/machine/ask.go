package machine

import (
	"fmt"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/expr"
	"github.com/freshet/freshet/internal/spec"
)

// PlacesChange is what a run and its namespace tell each other about places of
// tasks.
type PlacesChange struct {
	Free  []PlaceKey `json:"free,omitempty"`  // AskPlaces: executions that need none any more; they come first
	Ask   []PlaceAsk `json:"ask,omitempty"`   // AskPlaces: executions that want one
	Grant []PlaceAsk `json:"grant,omitempty"` // GrantPlaces: those that have got theirs
}

// PlaceAsk is the wish of an execution for a place. That it is the same wish,
// and not an older one of the same execution, is told by N.
type PlaceAsk struct {
	Place PlaceKey `json:"place"`
	Key   string   `json:"key,omitempty"`
	N     int      `json:"n"`
}

// MaxPlaceKey bounds the text that the key of a `concurrency` comes to.
const MaxPlaceKey = 500

// placeKey computes the key of a `concurrency`; without one it is empty.
func placeKey(c *spec.Concurrency, vars expr.Vars) (string, error) {
	if c.Key == nil {
		return "", nil
	}
	v, err := c.Key.Eval(vars)
	if err != nil {
		return "", fmt.Errorf("concurrency: key: %s: %w", c.Key.Source(), err)
	}
	text := expr.Text(v)
	if len(text) > MaxPlaceKey {
		return "", fmt.Errorf("concurrency: key: %s: it is a text of %d bytes, and %d are the most", c.Key.Source(), len(text), MaxPlaceKey)
	}
	return text, nil
}

// takePlace lets an execution begin once it has a place of its task's
// `concurrency`. One that has asked for the same place before keeps its turn.
func (d *draft) takePlace(c cell, vars expr.Vars) {
	x := d.at(c)
	key, err := placeKey(d.w.Tasks[c.task].Concurrency, vars)
	switch {
	case err != nil:
		d.finish(c, freshet.Failed, freshet.CodeExpression, err.Error())
	case x.Asks == 0 || x.Place != key:
		x = d.edit(c, func(x *Execution) { x.Status, x.Place, x.Asks = freshet.Waiting, key, x.Asks+1 })
		k := PlaceOf(x.Key)
		d.unask(k)
		d.asks = append(d.asks, PlaceAsk{k, key, x.Asks})
		d.size++
	case x.Status != freshet.Waiting:
		d.launch(c)
	}
}

// unask takes back what this decision asks for an execution, and tells whether
// it did.
func (d *draft) unask(k PlaceKey) bool {
	i := slices.IndexFunc(d.asks, func(a PlaceAsk) bool { return a.Place == k })
	if i >= 0 {
		d.asks = slices.Delete(d.asks, i, i+1)
	}
	return i >= 0
}

// leavePlace gives back what an execution that has ended has, or waits for.
func (d *draft) leavePlace(x *Execution) {
	if x.Asks == 0 || d.unask(PlaceOf(x.Key)) && x.Asks == 1 {
		return
	}
	d.frees = append(d.frees, PlaceOf(x.Key))
	d.size++
}

// tellPlaces tells the namespace what has changed: one entry for all.
func (d *draft) tellPlaces() {
	if len(d.frees)+len(d.asks) == 0 {
		return
	}
	d.d.Emit = append(d.d.Emit, Entry{Namespace: d.st.Namespace, Kind: AskPlaces, Run: d.st.ID, Depth: d.entry.Depth, Cause: d.entry.Offset,
		Body: Body{Workflow: d.st.Workflow, Places: &PlacesChange{Free: d.frees, Ask: d.asks}}})
	d.frees, d.asks = nil, nil
}

// granted lets the executions begin that have got a place. One that waits no
// longer has given it back meanwhile.
func (d *draft) granted() {
	for _, g := range d.entry.Body.Places.Grant {
		c := cell{d.index(g.Place.Task), g.Place.Item}
		if c.task < 0 {
			continue
		}
		x := d.at(c)
		if x == nil || x.Status != freshet.Waiting || PlaceOf(x.Key) != g.Place || x.Asks != g.N {
			continue
		}
		d.edit(c, func(x *Execution) { x.Status = freshet.Queued })
		d.launch(c)
	}
}
