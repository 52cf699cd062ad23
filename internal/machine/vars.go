package machine

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/expr"
)

// vars gives expressions what the format page's table promises them. ev is
// the event at hand, by those that took part; env is nil where it has no
// place.
func (d *draft) vars(ev *freshet.Event, by []*freshet.Event, env map[string]any) expr.Vars {
	if ev == nil {
		if ev = d.st.Event; ev != nil && len(by) == 0 {
			by = []*freshet.Event{ev}
		}
	}
	v := expr.Vars{
		"params": d.params(),
		"event":  d.event(ev),
		"events": func() any { return eventsObject{d.event, by} },
		"run":    runObject{d},
		"tasks":  tasksObject{d: d},
		"$zone":  d.w.Timezone,
	}
	if env != nil {
		v["env"] = env
	}
	return v
}

// emitVars are those of an execution that has just succeeded: its outputs are
// the task's.
func (d *draft) emitVars(x *Execution) expr.Vars {
	env := map[string]any{}
	if x.Call != nil {
		env = x.Call.known()
	}
	v := d.vars(x.Event(), x.By, env)
	v["tasks"] = tasksObject{d: d, done: x}
	if x.Key.Item != freshet.NoItem {
		d.itemVars(v, x.Key)
	}
	return v
}

func (d *draft) params() map[string]any {
	if d.st.Parameters == nil {
		return map[string]any{}
	}
	return d.st.Parameters
}

// event is an event as expressions see it; none is the empty event.
func (d *draft) event(ev *freshet.Event) *eventObject {
	if ev == nil {
		return &eventObject{ev: &freshet.Event{}}
	}
	if ev == d.entry.Event {
		return d.entry.object()
	}
	if d.events == nil {
		d.events = map[*freshet.Event]*eventObject{}
	}
	o, ok := d.events[ev]
	if !ok {
		o = &eventObject{ev: ev}
		d.events[ev] = o
	}
	return o
}

// object is the entry's event as expressions see it: parsed once for all runs
// that it concerns.
func (e *Entry) object() *eventObject {
	if e.seen == nil {
		e.seen = &eventObject{ev: e.Event}
	}
	return e.seen
}

// eventObject is an event; its data are parsed when they are looked at.
type eventObject struct {
	ev     *freshet.Event
	data   any
	parsed bool
}

var eventFields = []string{"context", "data", "id", "key", "namespace", "offset", "sender", "time", "value"}

func (o *eventObject) Names() []string { return eventFields }

func (o *eventObject) Field(name string) (any, bool) {
	switch ev := o.ev; name {
	case "data":
		if !o.parsed {
			o.data, o.parsed = eventData(ev.Value), true
		}
		return o.data, true
	case "context":
		return ev.Context, true
	case "id":
		return ev.ID, true
	case "key":
		return ev.Key, true
	case "namespace":
		return ev.Namespace, true
	case "offset":
		return ev.Offset, true
	case "sender":
		return ev.Sender, true
	case "time":
		return ev.Time, true
	case "value":
		return ev.Value, true
	}
	return nil, false
}

// eventData is a value parsed as JSON, or the value itself where it is none.
func eventData(value string) any {
	dec := json.NewDecoder(strings.NewReader(value))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil || dec.More() {
		return value
	}
	if _, err := dec.Token(); err == nil {
		return value
	}
	return plain(v)
}

// plain turns JSON numbers into integers where they are, and into doubles.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	}
	return v
}

// eventsObject is the newest event of each key that took part.
type eventsObject struct {
	object func(*freshet.Event) *eventObject
	by     []*freshet.Event
}

func (o eventsObject) Names() []string {
	names := make([]string, len(o.by))
	for i, ev := range o.by {
		names[i] = ev.Key
	}
	slices.Sort(names)
	return names
}

func (o eventsObject) Field(name string) (any, bool) {
	for _, ev := range o.by {
		if ev.Key == name {
			return o.object(ev), true
		}
	}
	return nil, false
}

// runObject is the run.
type runObject struct{ d *draft }

var runFields = []string{"event", "failed_tasks", "id", "missing", "namespace", "parameters", "scheduled_at", "started_at", "status", "workflow"}

func (o runObject) Names() []string { return runFields }

func (o runObject) Field(name string) (any, bool) {
	row := &o.d.st.RunRow
	if o.d.row != nil {
		row = o.d.row
	}
	switch name {
	case "id":
		return row.ID, true
	case "workflow":
		return row.Workflow, true
	case "namespace":
		return row.Namespace, true
	case "status":
		if row.Result != "" {
			return string(row.Result), true
		}
		return string(row.Status), true
	case "missing":
		return texts(row.Missing), true
	case "started_at":
		return orTime(row.StartedAt, row.CreatedAt), true
	case "scheduled_at":
		return orTime(row.ScheduledAt, row.CreatedAt), true
	case "event":
		return o.d.event(row.Event), true
	case "parameters":
		return o.d.params(), true
	case "failed_tasks":
		list := []any{}
		for i, t := range o.d.w.Tasks {
			if o.d.task(i).Status() == freshet.Failed {
				list = append(list, t.Name)
			}
		}
		return list, true
	}
	return nil, false
}

// texts is a list as expressions see it.
func texts(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

func orTime(t, other time.Time) time.Time {
	if t.IsZero() {
		return other
	}
	return t
}

// tasksObject is the tasks of the run by name. done, where it is set, counts
// as the latest success of its task already.
type tasksObject struct {
	d    *draft
	done *Execution
}

func (o tasksObject) Names() []string {
	names := make([]string, len(o.d.w.Tasks))
	for i, t := range o.d.w.Tasks {
		names[i] = t.Name
	}
	slices.Sort(names)
	return names
}

func (o tasksObject) Field(name string) (any, bool) {
	i := o.d.index(name)
	if i < 0 {
		return nil, false
	}
	t := o.d.task(i)
	status, success := t.Status(), t.Success
	if o.done != nil && o.done.Key.Task == name {
		status, success = freshet.Success, o.done
	}
	return taskObject{name, status, success}, true
}

type taskObject struct {
	name    string
	status  freshet.Status
	success *Execution
}

var taskFields = []string{"outputs", "status"}

func (o taskObject) Names() []string { return taskFields }

func (o taskObject) Field(name string) (any, bool) {
	switch name {
	case "status":
		return string(o.status), true
	case "outputs":
		return outputsObject{o.name, o.success}, true
	}
	return nil, false
}

// outputsObject is the outputs of a task's latest success.
type outputsObject struct {
	task    string
	success *Execution
}

func (o outputsObject) Names() []string {
	if o.success == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(o.success.Outputs))
}

func (o outputsObject) Field(name string) (any, bool) {
	if o.success == nil {
		return fmt.Errorf("task %s has not succeeded yet, so it has no output %s", o.task, name), false
	}
	v, ok := o.success.Outputs[name]
	if !ok {
		return fmt.Errorf("task %s has given no output %s", o.task, name), false
	}
	return v, true
}
