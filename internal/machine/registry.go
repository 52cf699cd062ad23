package machine

import (
	"slices"
	"strings"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// Registry is the state of a namespace: its workflows, which of their runs
// are alive, and the triggers that start runs. It decides what starts a run,
// and which run has to wait.
type Registry struct {
	Namespace string
	Row       *NamespaceRow // nil: there is no such namespace yet
	Flows     map[string]*Flow
	Triggers  map[int64]*Trigger

	Deep int // runs alive that are many links of a chain of triggers away from what set it off

	byEvent map[string][]int64 // key -> triggers that listen, ascending
	byFlow  map[string][]int64 // workflow or "*" -> triggers that listen, ascending
}

// Flow is a workflow with its runs that are not over.
type Flow struct {
	WorkflowRow
	Groups   map[string]*Group // runs by the key of the workflow's `concurrency`; without one it is empty
	Keys     map[int64]string  // of runs, where it is not empty
	Later    []int64           // wait for their time, oldest first
	Stopping []int64           // those of all that were asked to make room
	Triggers []int64           // ascending
	Places   Places            // of tasks
}

// Trigger is a trigger with what it remembers.
type Trigger struct {
	TriggerRow
	State RuleState
	Dues  Dues
}

// Specs finds what is compiled. Versions and triggers do not change, so the
// answer depends on nothing but the question.
type Specs interface {
	Workflow(name, version string) (*spec.Workflow, error)
	Trigger(t *TriggerRow, version string) (*spec.Trigger, error)
}

// NewRegistry is the state of a namespace without anything in it.
func NewRegistry(namespace string) *Registry {
	return &Registry{Namespace: namespace, Flows: map[string]*Flow{}, Triggers: map[int64]*Trigger{},
		byEvent: map[string][]int64{}, byFlow: map[string][]int64{}}
}

// StepRegistry decides what an entry means for a namespace. A decision with
// More is the first part of a longer one: apply it, and call StepRegistry
// again with the same entry and More.
func StepRegistry(specs Specs, g *Registry, e *Entry, more *Continuation) *Decision {
	d := newSpaceDraft(specs, g, e)
	if more != nil {
		d.part = more.Part
		if more.Work[0].Op == opAdmit {
			d.rearrange()
		} else {
			d.observe(more.Work[0].From)
		}
		return d.decision()
	}
	switch e.Kind {
	case Upload:
		d.upload()
	case StartRun:
		d.start()
	case RunEnded:
		d.ended()
		d.observe(0)
	case PlacesChanged:
		d.rearrange()
	case AskPlaces:
		d.askPlaces()
	case EventHappened:
		d.observe(0)
	case TimerFired:
		d.timer()
	case AddTrigger:
		d.addTrigger()
	case ChangeTrigger:
		d.changeTrigger()
	case EnableFlow, DisableFlow:
		d.enable(e.Kind == EnableFlow)
	case DeleteFlow:
		d.deleteFlow()
	case DeleteRun:
		d.deleteRun()
	case PutNamespace:
		d.putNamespace()
	case DropNamespace:
		d.dropNamespace()
	}
	return d.decision()
}

// Listens tells whether an entry concerns one of the namespace's triggers.
func (g *Registry) Listens(e *Entry) bool { return len(g.listeners(e)) > 0 }

// listeners are the triggers that an event or the end of a run concerns.
func (g *Registry) listeners(e *Entry) []int64 {
	if e.Kind == EventHappened {
		return g.byEvent[e.Event.Key]
	}
	own, any := g.byFlow[e.Body.Workflow], g.byFlow["*"]
	if len(any) == 0 {
		return own
	}
	both := slices.Concat(own, any)
	slices.Sort(both)
	return slices.Compact(both)
}

// refuse refuses the command: it changes nothing.
func (d *spaceDraft) refuse(code freshet.ErrorCode, format string, args ...any) *freshet.Error {
	d.d.Refused = freshet.Errorf(code, format, args...)
	return d.d.Refused
}

func (d *spaceDraft) hint(format string, args ...any) {
	d.d.Refused = d.d.Refused.WithHint(format, args...)
}

// flow finds a workflow; nil: the command was refused.
func (d *spaceDraft) flow(name string) *Flow {
	f, ok := d.g.Flows[name]
	if !ok {
		d.refuse(freshet.NotFound, "there is no workflow %s.%s", d.g.Namespace, name)
		d.hint("`workflow list` shows what there is; `workflow upload FILE` adds one")
		return nil
	}
	return f
}

// twin finds a workflow whose name differs from the given in case only.
func (g *Registry) twin(name string) (string, bool) {
	if _, ok := g.Flows[name]; ok {
		return "", false
	}
	for other := range g.Flows {
		if strings.EqualFold(other, name) {
			return other, true
		}
	}
	return "", false
}

// ApplyRegistry brings a namespace's state up to a decision.
func ApplyRegistry(g *Registry, d *Decision) {
	if d.Space != nil {
		g.Row = d.Space
	}
	if d.Gone {
		g.Row = nil
	}
	for _, row := range d.Workflows {
		f, ok := g.Flows[row.Name]
		if !ok {
			f = &Flow{}
			g.Flows[row.Name] = f
		}
		f.WorkflowRow = row
	}
	for _, id := range d.Untriggers {
		g.drop(id)
	}
	for _, row := range d.Triggers {
		g.Keep(row)
	}
	g.applyRules(d)
	for _, row := range d.NewRuns {
		g.Hold(row, slices.Contains(d.Later, row.ID))
	}
	if d.Unflow != "" {
		delete(g.Flows, d.Unflow)
	}
	if d.EndedDeep {
		g.Deep--
	}
	f, ok := g.Flows[d.Flow]
	if !ok {
		return
	}
	f.Stopping = append(f.Stopping, d.Stopping...)
	if d.Ended != 0 {
		f.leave(d.Ended)
	}
	if d.Due != 0 {
		f.Later = except(f.Later, d.Due)
		f.join(f.Keys[d.Due], d.Due, false)
	}
	for _, id := range d.Admitted {
		f.admitted(id)
	}
	for _, k := range d.Unplaces {
		f.Places.drop(k)
	}
	for i := range d.Places {
		f.Places.Put(&d.Places[i])
	}
}

func (g *Registry) applyRules(d *Decision) {
	for _, r := range d.Rules {
		if t, ok := g.Triggers[r.Rule]; ok {
			if t.State = r.State; !t.State.any() {
				t.State = nil
			}
		}
	}
	for i := range d.Untimers {
		tm := &d.Untimers[i]
		if t, ok := g.Triggers[tm.Rule]; ok && tm.Kind == RuleTimer {
			delete(t.Dues, tm.NodeKey())
		}
	}
	for i := range d.Timers {
		tm := &d.Timers[i]
		if t, ok := g.Triggers[tm.Rule]; ok && tm.Kind == RuleTimer {
			if t.Dues == nil {
				t.Dues = Dues{}
			}
			t.Dues[tm.NodeKey()] = tm.Due
		}
	}
}

// Keep makes the registry know a trigger, or what has changed of it.
func (g *Registry) Keep(row TriggerRow) *Trigger {
	if t, ok := g.Triggers[row.ID]; ok {
		t.TriggerRow = row
		return t
	}
	t := &Trigger{TriggerRow: row}
	g.Triggers[row.ID] = t
	if f, ok := g.Flows[row.Workflow]; ok {
		f.Triggers = with(f.Triggers, row.ID)
	}
	for _, key := range row.Events {
		g.byEvent[key] = with(g.byEvent[key], row.ID)
	}
	for _, name := range row.Workflows {
		g.byFlow[name] = with(g.byFlow[name], row.ID)
	}
	return t
}

// drop forgets a trigger.
func (g *Registry) drop(id int64) {
	t, ok := g.Triggers[id]
	if !ok {
		return
	}
	delete(g.Triggers, id)
	if f, ok := g.Flows[t.Workflow]; ok {
		f.Triggers = sans(f.Triggers, id)
	}
	for _, key := range t.Events {
		if g.byEvent[key] = sans(g.byEvent[key], id); len(g.byEvent[key]) == 0 {
			delete(g.byEvent, key)
		}
	}
	for _, name := range t.Workflows {
		if g.byFlow[name] = sans(g.byFlow[name], id); len(g.byFlow[name]) == 0 {
			delete(g.byFlow, name)
		}
	}
}

// with is an ascending list with one more.
func with(list []int64, id int64) []int64 {
	i, found := slices.BinarySearch(list, id)
	if found {
		return list
	}
	return slices.Insert(list, i, id)
}

// sans is an ascending list with one less.
func sans(list []int64, id int64) []int64 {
	i, found := slices.BinarySearch(list, id)
	if !found {
		return list
	}
	return slices.Delete(list, i, i+1)
}

// Hold makes the registry know a run that is not over; later tells that it
// waits for its time.
func (g *Registry) Hold(row RunRow, later bool) {
	if row.Depth >= deepLinks {
		g.Deep++
	}
	f, ok := g.Flows[row.Workflow]
	if !ok {
		return
	}
	f.know(&row)
	if later {
		f.Later = append(f.Later, row.ID)
	} else {
		f.join(row.Place, row.ID, row.Status != freshet.Queued)
	}
	if row.Status == freshet.Stopping {
		f.Stopping = append(f.Stopping, row.ID)
	}
}

// Admit makes the registry know that a run has its place, though the run
// itself has not been told yet.
func (g *Registry) Admit(workflow string, run int64) {
	ApplyRegistry(g, &Decision{Flow: workflow, Admitted: []int64{run}})
}

// blind says why a trigger looks at nothing now.
func (g *Registry) blind(t *Trigger) string {
	if t.Paused {
		return "it is paused"
	}
	return "its workflow is disabled"
}

// Watches tells whether a trigger looks at anything now.
func (g *Registry) Watches(t *TriggerRow) bool {
	f, ok := g.Flows[t.Workflow]
	return ok && f.Enabled && !t.Paused
}
