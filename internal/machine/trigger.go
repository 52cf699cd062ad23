package machine

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/expr"
	"github.com/freshet/freshet/internal/spec"
)

// spaceDraft is a decision about a namespace in the making.
type spaceDraft struct {
	recall
	specs Specs
	g     *Registry
	e     *Entry
	part  int
	known map[*freshet.Event]*eventObject
}

func newSpaceDraft(specs Specs, g *Registry, e *Entry) *spaceDraft {
	return &spaceDraft{specs: specs, g: g, e: e}
}

func (d *spaceDraft) decision() *Decision {
	d.collect(0)
	return &d.d
}

// watched is a trigger as it is shown something.
type watched struct {
	*spaceDraft
	t  *Trigger
	on *spec.Trigger
	f  *Flow
}

var _ scene = (*watched)(nil)

// watch compiles a trigger; a fault is one for the ledger.
func (d *spaceDraft) watch(t *Trigger) (*watched, error) {
	f, ok := d.g.Flows[t.Workflow]
	if !ok {
		return nil, fmt.Errorf("its workflow is gone")
	}
	on, err := d.specs.Trigger(&t.TriggerRow, f.Version)
	if err != nil {
		return nil, err
	}
	return &watched{d, t, on, f}, nil
}

func (w *watched) clock() time.Time                            { return w.e.Time }
func (w *watched) anchor() time.Time                           { return w.t.CreatedAt }
func (w *watched) key(_ *spec.Rule, node int) NodeKey          { return NodeKey{0, w.t.ID, node} }
func (w *watched) seen(int) freshet.Status                     { return "" } // a trigger looks at no task
func (w *watched) done(_ int, s freshet.Status) freshet.Status { return s }

func (w *watched) memory(*spec.Rule) RuleState { return w.remembered(w.t.ID, w.t.State) }

func (w *watched) remember(r *spec.Rule, node int, f func(n *NodeState)) {
	w.rememberIn(w.t.ID, w.t.State, r, node, f)
}

func (w *watched) forget(_ *spec.Rule, kept RuleState) { w.forgetIn(w.t.ID, w.t.State, kept) }

func (w *watched) due(k NodeKey) time.Time { return w.armedFor(k, w.t.Dues) }

func (w *watched) ruleVars(r *spec.Rule, ev *freshet.Event) expr.Vars {
	list := []*freshet.Event{ev}
	for _, n := range w.memory(r) {
		if n.Event != nil {
			list = append(list, n.Event)
		}
	}
	return w.vars(ev, newest(list))
}

// vars are what a trigger's expressions see.
func (w *watched) vars(ev *freshet.Event, by []*freshet.Event) expr.Vars {
	return expr.Vars{
		"event":  w.event(ev),
		"events": func() any { return eventsObject{w.event, by} },
		"$zone":  w.on.Zone,
	}
}

// event is an event as expressions see it; none is the empty event.
func (d *spaceDraft) event(ev *freshet.Event) *eventObject {
	if ev == nil {
		return &eventObject{ev: &freshet.Event{}}
	}
	if ev == d.e.Event {
		return d.e.object()
	}
	if d.known == nil {
		d.known = map[*freshet.Event]*eventObject{}
	}
	o, ok := d.known[ev]
	if !ok {
		o = &eventObject{ev: ev}
		d.known[ev] = o
	}
	return o
}

// observe shows the entry's event, or the end of its run, to the triggers that
// listen, by id from the given place on.
func (d *spaceDraft) observe(from int) {
	ev := d.e.Event
	if d.e.Kind == RunEnded {
		ev = EndEvent(d.e)
	}
	listeners := d.g.listeners(d.e)
	for i := from; i < len(listeners); i++ {
		if d.size >= usual.rows {
			d.d.More = &Continuation{Part: d.part + 1, Work: []work{{Op: opEvent, From: i}}}
			return
		}
		t := d.g.Triggers[listeners[i]]
		w, err := d.watch(t)
		if err != nil {
			d.note(t, freshet.Outcome{Result: freshet.Erred, Note: err.Error()})
			continue
		}
		switch nodes := w.concerned(); {
		case len(nodes) == 0:
		case !d.g.Watches(&t.TriggerRow):
			d.note(t, freshet.Outcome{Result: freshet.Paused, Note: d.g.blind(t)})
		default:
			w.tell(observe(w, &w.on.Rule, nodes, signal{ev: ev}))
		}
	}
}

// concerned are the conditions of a trigger that the entry concerns.
func (w *watched) concerned() []*spec.Condition {
	var nodes []*spec.Condition
	for _, c := range w.on.Nodes {
		switch {
		case w.e.Kind == EventHappened && c.Key != "" && c.Key == w.e.Event.Key:
			nodes = append(nodes, c)
		case w.e.Kind == RunEnded && slices.ContainsFunc(c.Flows, w.wants) && (c.Kind == spec.MissingIs || w.e.Body.Workflow != w.t.Workflow):
			nodes = append(nodes, c)
		}
	}
	return nodes
}

// wants tells whether the end of a run is one that is asked for; "*" is every
// workflow but the trigger's own.
func (w *watched) wants(f spec.FlowWant) bool {
	any := f.Name == "*" && w.e.Body.Workflow != w.t.Workflow
	return (f.Name == w.e.Body.Workflow || any) && slices.Contains(f.Statuses, w.e.Body.Status)
}

// note adds to the ledger what a trigger made of the entry.
func (d *spaceDraft) note(t *Trigger, out freshet.Outcome) {
	out.Rule, out.Trigger, out.Name, out.Workflow = -1, t.ID, t.Name, t.Workflow
	d.d.Outcomes = append(d.d.Outcomes, out)
	d.size++
}

// timer takes a due time that has come: of a trigger, or of a run that was
// started for later.
func (d *spaceDraft) timer() {
	tm := d.e.Body.Timer
	if tm.Kind == RunStartTimer {
		d.d.Untimers = append(d.d.Untimers, *tm)
		d.due()
		return
	}
	t, ok := d.g.Triggers[tm.Rule]
	if !ok || !d.g.Watches(&t.TriggerRow) {
		d.d.Untimers = append(d.d.Untimers, *tm) // whatever is due and looked at by nobody would be due for ever
		return
	}
	w, err := d.watch(t)
	if err != nil || tm.Node >= len(w.on.Nodes) {
		d.note(t, freshet.Outcome{Result: freshet.Erred, Note: fmt.Sprint(cmp.Or(err, errNoNode))})
		d.d.Untimers = append(d.d.Untimers, *tm)
		return
	}
	up := time.Time{}
	if d.e.Body.Up != nil {
		up = *d.e.Body.Up
	}
	wake(w, &w.on.Rule, w.on.Nodes[tm.Node], w.on.Catchup, tm, up, w.tell)
}

var errNoNode = fmt.Errorf("it has no such condition any more")

// tell notes what a trigger made of a signal, and starts a run if it fired.
func (w *watched) tell(f fired, ok bool, out freshet.Outcome) {
	if ok {
		refused, err := w.fire(f)
		switch {
		case err != nil:
			out.Result, out.Note = freshet.Erred, err.Error()
		case refused != "":
			out.Note = "refused: " + refused
		default:
			out.Action = "start"
		}
	}
	w.note(w.t, out)
}

// fire asks for a run, with the parameters that the trigger gives, or says why
// there is none to be.
func (w *watched) fire(f fired) (refused string, err error) {
	var ev *freshet.Event
	if n := len(f.by); n > 0 {
		ev = f.by[n-1]
	}
	if ev != nil && w.e.Depth+1 > freshet.MaxDepth {
		return fmt.Sprintf("it would be link %d of a chain of triggers that set each other off, and %d are allowed", w.e.Depth+1, freshet.MaxDepth), nil
	}
	flow, err := w.specs.Workflow(w.f.Name, w.f.Version)
	if err != nil {
		return "", err
	}
	vars := w.vars(ev, f.by)
	vars["run"] = startObject{w, f, ev}
	given := make(map[string]any, len(w.on.With))
	for _, b := range w.on.With {
		v, err := b.Value.Eval(vars)
		if err != nil {
			return "", fmt.Errorf("with: %s: %w", b.Name, err)
		}
		given[b.Name] = v
	}
	params, err := flow.CheckParameters(given, nil)
	if err != nil {
		return "", fmt.Errorf("with: %w", err)
	}
	start := &RunStart{Workflow: w.f.Name, Version: w.f.Version, Parameters: params, Type: w.runType(f),
		Trigger: w.t.ID, TriggerName: w.t.Name, Missing: f.missing}
	if ev != nil {
		start.Trace = freshet.Trace(ev.Traceparent)
	}
	if !f.tick.IsZero() {
		start.ScheduledAt = &f.tick
	}
	w.d.Emit = append(w.d.Emit, Entry{Namespace: w.g.Namespace, Kind: StartRun, Depth: w.e.Depth, Cause: w.e.Offset,
		Event: ev, Body: Body{Start: start}})
	w.size += 2
	return "", nil
}

// runType says what sort of signal completed the condition.
func (w *watched) runType(f fired) freshet.RunType {
	switch {
	case w.e.Kind == RunEnded:
		return freshet.ByWorkflow
	case w.e.Kind == TimerFired && !f.tick.IsZero():
		return freshet.BySchedule
	}
	return freshet.ByEvent
}

// startObject is the run that a trigger is about to start, as its `with` sees
// it. It has no id yet.
type startObject struct {
	w  *watched
	f  fired
	ev *freshet.Event
}

var startFields = []string{"event", "missing", "namespace", "scheduled_at", "started_at", "workflow"}

func (o startObject) Names() []string { return startFields }

func (o startObject) Field(name string) (any, bool) {
	switch name {
	case "workflow":
		return o.w.f.Name, true
	case "namespace":
		return o.w.g.Namespace, true
	case "missing":
		return texts(o.f.missing), true
	case "started_at":
		return o.w.e.Time, true
	case "scheduled_at":
		return orTime(o.f.tick, o.w.e.Time), true
	case "event":
		return o.w.event(o.ev), true
	}
	return nil, false
}
