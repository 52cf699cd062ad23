package storetest

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// drawer draws batches that an engine might commit: offsets and times never
// go backward, rows come once each, and refer to events that exist.
type drawer struct {
	*memory
	t       *rapid.T
	seconds int64
	offset  int64
	events  []*freshet.Event // and ends of runs, which rows may refer to as well
	newest  int64            // the newest trigger
	asks    int              // for places
}

var (
	namespaces = rapid.SampledFrom([]string{"default", "a", "ünï"})
	words      = rapid.SampledFrom([]string{"", "k", "l", "data ready", "🌊\x00\"'%_"})
	texts      = rapid.OneOf(words, rapid.String())
	statuses   = rapid.SampledFrom([]freshet.Status{freshet.Waiting, freshet.Queued, freshet.Running, freshet.Retrying, freshet.Stopping,
		freshet.Success, freshet.Failed, freshet.Stopped, freshet.Skipped})
	codes = rapid.SampledFrom([]freshet.Code{"", freshet.CodeExit, freshet.CodeTimeout, freshet.CodeStoppedByRule})
	tasks = rapid.SampledFrom([]string{"extract", "load", "ünï"})
)

// number draws a small number, or an offset of something that exists.
func (d *drawer) number(name string, most int) int {
	return rapid.IntRange(0, most).Draw(d.t, name)
}

func (d *drawer) time(name string) time.Time {
	if d.number(name, 3) == 0 {
		return time.Time{}
	}
	return at(int64(d.number(name, 100))).Add(time.Duration(d.number(name, 999)) * time.Microsecond)
}

func (d *drawer) event() *freshet.Event {
	if len(d.events) == 0 || d.number("event", 2) == 0 {
		return nil
	}
	return rapid.SampledFrom(d.events).Draw(d.t, "event")
}

func (d *drawer) by() []*freshet.Event {
	var list []*freshet.Event
	for range d.number("by", 2) {
		if ev := d.event(); ev != nil && !slices.Contains(list, ev) {
			list = append(list, ev)
		}
	}
	return list
}

func (d *drawer) batch() *store.Batch {
	b := &store.Batch{}
	for range d.number("entries", 5) {
		b.Entries = append(b.Entries, d.entry())
		if d.number("ledger", 1) == 0 {
			b.Ledger = append(b.Ledger, store.LedgerRow{Offset: d.offset, Namespace: namespaces.Draw(d.t, "namespace"),
				Run: int64(d.number("run", 5)), Outcomes: d.outcomes()})
		}
	}
	for range d.number("runs", 2) {
		b.Runs = append(b.Runs, d.newRun(b))
	}
	for _, r := range d.sortedRuns() {
		if d.number("change", 2) == 0 {
			b.Runs = append(b.Runs, d.end(r))
		}
		d.rows(b, r.ID)
	}
	d.registry(b)
	b.Cursor = store.Cursor{Offset: int64(d.number("cursor", int(d.offset))), Target: int64(d.number("target", 4)) - 1,
		NextRun: int64(d.number("next", 99)), NextTrigger: int64(d.number("next trigger", 99)), Time: d.time("cursor")}
	return b
}

func (d *drawer) entry() machine.Entry {
	d.seconds += int64(d.number("pause", 2))
	d.offset += int64(1 + d.number("gap", 1))
	e := machine.Entry{Offset: d.offset, Namespace: namespaces.Draw(d.t, "namespace"), Kind: machine.EventHappened, Time: at(d.seconds),
		Run: int64(d.number("run", 3)), Depth: d.number("depth", 3), Cause: int64(d.number("cause", 3))}
	switch d.number("kind", 5) {
	case 0:
		e.Kind, e.Event = machine.StartRun, d.event()
		e.Body.Start = &machine.RunStart{Workflow: texts.Draw(d.t, "workflow"), Parameters: d.object()}
		return e
	case 1:
		e.Kind, e.Body = machine.RunEnded, machine.Body{Status: statuses.Draw(d.t, "status"), Workflow: words.Draw(d.t, "workflow"), Outputs: d.object()}
		d.events = append(d.events, machine.EndEvent(&e))
		return e
	}
	id := ""
	if d.number("id", 1) == 0 {
		id = fmt.Sprint("id", d.offset)
	}
	e.Event = &freshet.Event{Offset: e.Offset, Namespace: e.Namespace, Time: e.Time, RunID: e.Run, ID: id,
		Key: "x" + words.Draw(d.t, "key"), Value: texts.Draw(d.t, "value"), Sender: words.Draw(d.t, "sender"), Context: texts.Draw(d.t, "context")}
	if d.number("traceparent", 2) > 1 {
		e.Event.Traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	}
	d.events = append(d.events, e.Event)
	return e
}

func (d *drawer) outcomes() (list []freshet.Outcome) {
	for range d.number("outcomes", 2) {
		list = append(list, freshet.Outcome{Task: texts.Draw(d.t, "task"), Rule: d.number("rule", 3) - 1, Result: freshet.Counted,
			Have: float64(d.number("have", 9)) / 3, Note: texts.Draw(d.t, "note")})
	}
	return list
}

func (d *drawer) newRun(b *store.Batch) machine.RunRow {
	r := machine.RunRow{ID: int64(len(d.runs) + len(b.Runs) + 1), Namespace: namespaces.Draw(d.t, "namespace"), Workflow: words.Draw(d.t, "workflow"),
		Version: texts.Draw(d.t, "version"), Status: freshet.Queued, Type: freshet.Manual, Parameters: d.object(),
		CreatedAt: at(d.seconds), ScheduledAt: d.time("scheduled"), Event: d.event(), Parent: int64(d.number("parent", 2)), RerunOf: int64(d.number("rerun", 2)),
		Trigger: int64(d.number("trigger", 2)), Missing: d.words("missing"), Depth: d.number("depth", 64)}
	if d.number("place", 1) == 0 {
		r.Place = words.Draw(d.t, "place")
	}
	if d.number("key", 1) == 0 {
		r.Key = fmt.Sprint("key", r.ID)
	}
	if d.number("trace", 2) > 1 {
		r.Trace = freshet.NewTrace("seed", r.ID, "")
	}
	if d.number("caller", 2) > 1 {
		r.Caller = &freshet.Key{Run: r.Parent, Task: tasks.Draw(d.t, "task"), Item: d.number("item", 1) - 1, Seq: 1, Try: 1}
	}
	return r
}

// end changes what can change of a run.
func (d *drawer) end(r machine.RunRow) machine.RunRow {
	r.Status, r.StartedAt, r.Asked = freshet.Stopping, d.time("started"), codes.Draw(d.t, "asked")
	r.Outputs, r.Result = d.object(), statuses.Draw(d.t, "result")
	if d.number("end", 2) == 0 {
		r.Status, r.EndedAt = freshet.Failed, at(d.seconds)
		r.Code, r.Reason = codes.Draw(d.t, "code"), texts.Draw(d.t, "reason")
	}
	return r
}

// rows draws rows of a run.
func (d *drawer) rows(b *store.Batch, run int64) {
	seen := map[any]bool{} // rows come once each
	fresh := func(key any) bool {
		was := seen[key]
		seen[key] = true
		return !was
	}
	for range d.number("rows", 3) {
		key := freshet.Key{Run: run, Task: tasks.Draw(d.t, "task"), Item: d.number("item", 1) - 1, Seq: 1 + d.number("seq", 1), Try: 1}
		if fresh(key) {
			b.Executions = append(b.Executions, d.execution(key))
			timer := machine.Timer{Kind: machine.RetryTimer, Key: key, Due: at(int64(d.number("due", 100)))}
			if d.number("timer", 2) == 0 {
				b.Untimers = append(b.Untimers, timer)
			} else {
				b.Timers = append(b.Timers, timer)
			}
		}
		if k := (machine.HeldKey{Run: run, Task: key.Task, Seq: key.Seq}); d.number("unhold", 4) > 3 && fresh(k) {
			b.Unheld = append(b.Unheld, k)
		}
		wait := machine.WaitKey{Run: run, Task: key.Task, N: int64(d.number("n", 1))}
		if fresh(wait) {
			if d.number("unwait", 2) == 0 {
				b.Unwaits = append(b.Unwaits, wait)
			} else {
				b.Waits = append(b.Waits, machine.Wait{Run: run, Task: wait.Task,
					Start: machine.Start{N: wait.N, Rule: d.number("rule", 3) - 1, By: d.by(), At: d.time("at")}})
			}
		}
		if k := machine.PlaceOf(key); fresh(k) {
			d.place(b, k)
		}
		if rule := int64(d.number("rule", rulesOfARun-1)); fresh(rule) {
			d.rule(b, run, rule)
		}
	}
	later := machine.Timer{Kind: machine.RunStartTimer, Key: freshet.Key{Run: run}, Due: at(int64(d.number("later", 100)))}
	switch d.number("timer", 5) {
	case 0:
		b.Timers = append(b.Timers, later)
	case 1:
		b.Untimers = append(b.Untimers, later)
	}
}

func (d *drawer) execution(key freshet.Key) *machine.Execution {
	x := &machine.Execution{Key: key, Status: statuses.Draw(d.t, "status"), QueuedAt: d.time("queued"), StartedAt: d.time("started"),
		EndedAt: d.time("ended"), Code: codes.Draw(d.t, "code"), Reason: texts.Draw(d.t, "reason"), Asked: codes.Draw(d.t, "asked"),
		Outputs: d.object(), Due: d.time("due"), Epoch: int64(d.number("epoch", 3)), Node: words.Draw(d.t, "node"), PID: d.number("pid", 9),
		Log: texts.Draw(d.t, "log"), Executor: words.Draw(d.t, "executor"), Held: d.number("held", 2) > 0, Child: int64(d.number("child", 2)),
		Place: words.Draw(d.t, "place"), Asks: d.number("asks", 2)}
	if d.number("exit", 1) == 0 {
		x.ExitCode, x.HasExit = d.number("exit", 255), true
	}
	for range d.number("artifacts", 3) {
		x.Artifacts = append(x.Artifacts, freshet.Artifact{Path: texts.Draw(d.t, "path"), Dir: words.Draw(d.t, "dir"), Size: int64(d.number("size", 9)),
			SHA256: words.Draw(d.t, "sum"), Mode: uint32(d.number("mode", 0o777)), ModifiedAt: d.time("modified")})
	}
	if !x.Status.Final() {
		x.By = d.by()
	}
	if n := len(x.By); n > 0 {
		x.Offset = x.By[n-1].Offset
	}
	if d.number("call", 1) == 0 {
		x.Call = &machine.Call{Args: []string{texts.Draw(d.t, "arg")}, Input: d.object(), Dir: texts.Draw(d.t, "dir"),
			Message: texts.Draw(d.t, "message")}
		if d.number("items", 2) > 1 {
			x.Call.Items = []any{int64(1), 1.0, "x", d.object()}
		}
		if d.number("later", 2) > 1 {
			x.Call.Later = &machine.Later{Args: []int{0}, Dir: true, Zone: "UTC", Given: map[string]any{"run": values()}}
		}
	}
	return x
}

// object draws values that expressions give; nil now and then.
func (d *drawer) object() map[string]any {
	if d.number("object", 1) == 0 {
		return nil
	}
	m := map[string]any{}
	for range d.number("fields", 3) {
		m[texts.Draw(d.t, "field")] = jsonLike(2).Draw(d.t, "value")
	}
	return m
}

func jsonLike(depth int) *rapid.Generator[any] {
	flat := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Int64().AsAny(), rapid.Float64().AsAny(), texts.AsAny(),
		rapid.Map(rapid.Int32(), func(i int32) any { return float64(i) }),
	}
	if depth > 0 {
		flat = append(flat,
			rapid.SliceOfN(jsonLike(depth-1), 0, 3).AsAny(),
			rapid.MapOfN(texts, jsonLike(depth-1), 0, 3).AsAny())
	}
	return rapid.OneOf(flat...)
}

func (d *drawer) eventFilter() store.EventFilter {
	f := store.EventFilter{Run: int64(d.number("run", 2)), After: int64(d.number("after", int(d.offset))), Newest: d.number("newest", 1) == 0,
		Limit: d.number("limit", 4), HasSender: d.number("sender", 3) == 0, Since: d.time("since"), Till: d.time("till")}
	if d.number("namespace", 1) == 0 {
		f.Namespace = namespaces.Draw(d.t, "namespace")
	}
	for range d.number("keys", 2) {
		f.Keys = append(f.Keys, "x"+words.Draw(d.t, "key"))
	}
	if f.HasSender {
		f.Sender = words.Draw(d.t, "sender")
	}
	return f
}

func (d *drawer) triggerFilter() store.TriggerFilter {
	f := store.TriggerFilter{After: int64(d.number("after", 4)), Before: int64(d.number("before", 9)), Limit: d.number("limit", 3)}
	if d.number("namespace", 1) == 0 {
		f.Namespace = namespaces.Draw(d.t, "namespace")
	}
	if d.number("workflow", 1) == 0 {
		f.Workflow = words.Draw(d.t, "workflow")
	}
	if d.number("kind", 1) == 0 {
		f.Kind = kinds.Draw(d.t, "kind")
	}
	return f
}

func (d *drawer) runFilter() store.RunFilter {
	f := store.RunFilter{Limit: d.number("limit", 4), Before: int64(d.number("before", 9)), Since: d.time("since")}
	if d.number("namespace", 1) == 0 {
		f.Namespace = namespaces.Draw(d.t, "namespace")
	}
	if d.number("workflow", 1) == 0 {
		f.Workflow = words.Draw(d.t, "workflow")
	}
	if d.number("place", 1) == 0 {
		f.Place = words.Draw(d.t, "place")
	}
	if d.number("status", 1) == 0 {
		f.Status = []freshet.Status{freshet.Queued, freshet.Stopping, freshet.Failed}[:1+d.number("statuses", 2)]
	}
	return f
}
