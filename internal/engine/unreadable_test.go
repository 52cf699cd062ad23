package engine_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
	"github.com/freshet/freshet/internal/store/sqlite"
)

// TestUnreadableVersion: a run whose workflow this program cannot read is
// given up, and the others go on.
func TestUnreadableVersion(t *testing.T) {
	ctx := t.Context()
	st, snap := opened(t)
	now := freshet.Time(time.Unix(1e9, 0))
	b := &store.Batch{Leader: snap.Leader, Cursor: store.Cursor{NextRun: 3, Time: now}}
	for i, source := range []string{"name: old\ntasks:\n  a: {telepathy: yes}\n", "name: good\nends: never\ntasks:\n  a: {start: {event: go}, expr: {x: \"1\"}}\n"} {
		name := strings.TrimPrefix(strings.SplitN(source, "\n", 2)[0], "name: ")
		b.Versions = append(b.Versions, machine.VersionRow{Namespace: "default", Name: name, Version: name, Source: source, CreatedAt: now})
		b.Workflows = append(b.Workflows, machine.WorkflowRow{Namespace: "default", Name: name, Version: name, Enabled: true, CreatedAt: now, UpdatedAt: now})
		b.Runs = append(b.Runs, machine.RunRow{ID: int64(i + 1), Namespace: "default", Workflow: name, Version: name,
			Status: freshet.Running, Type: freshet.Manual, CreatedAt: now, StartedAt: now})
	}
	// Another run of its key waits for the place of the one that cannot be read.
	b.Runs[0].Place = "k"
	b.Places = []machine.PlaceRow{{PlaceKey: machine.PlaceKey{Run: 1, Task: "a", Seq: 1, Item: freshet.NoItem}, Namespace: "default", Workflow: "old",
		Ask: 1, Since: 1, Held: true}}
	b.Versions = append(b.Versions, machine.VersionRow{Namespace: "default", Name: "old", Version: "newer", CreatedAt: now,
		Source: "name: old\nconcurrency: {limit: 1, key: event.key}\ntasks:\n  a: {expr: {x: \"1\"}}\n"})
	b.Workflows[0].Version = "newer"
	b.Runs = append(b.Runs, machine.RunRow{ID: 3, Namespace: "default", Workflow: "old", Version: "newer",
		Status: freshet.Queued, Type: freshet.Manual, CreatedAt: now, Place: "k"})
	b.Cursor.NextRun = 4
	b.Executions = append(b.Executions, &machine.Execution{Key: freshet.Key{Run: 1, Task: "a", Item: freshet.NoItem, Seq: 1, Try: 1},
		Status: freshet.Running, QueuedAt: now, StartedAt: now, Epoch: snap.Leader, Node: "gone", Held: true})
	if err := st.Commit(ctx, b); err != nil {
		t.Fatal(err)
	}

	run, cancel := context.WithCancel(ctx)
	e := engine.New(engine.Config{Store: st, Slots: 1, Release: func(engine.Effects) {}})
	done := make(chan error, 1)
	go func() { done <- e.Run(run) }()
	ev := &freshet.Event{Namespace: "default", Key: "go"}
	if _, err := e.Submit(ctx, machine.Entry{Namespace: "default", Kind: machine.EventHappened, Event: ev},
		machine.Entry{Namespace: "default", Kind: machine.StopRun, Run: 2, Body: machine.Body{Stop: &machine.RunStop{Code: freshet.CodeStoppedByPerson}}}); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	old, err := st.Run(ctx, 1)
	if err != nil || old.Status != freshet.Failed || old.Code != freshet.CodeInternal || !strings.Contains(old.Reason, "telepathy") {
		t.Errorf("the unreadable run is %+v, %v", old, err)
	}
	list, err := st.Executions(ctx, store.ExecutionFilter{Run: 1})
	if err != nil || len(list) != 1 || list[0].Status != freshet.Failed {
		t.Errorf("its execution is %+v, %v", list, err)
	}
	if next, err := st.Run(ctx, 3); err != nil || next.Status != freshet.Success {
		t.Errorf("the run that waited for its place is %+v, %v", next, err)
	}
	if size, err := st.Size(ctx); err != nil || size.Rows["places"] != 0 {
		t.Errorf("%d places are left, %v", size.Rows["places"], err)
	}
	list, err = st.Executions(ctx, store.ExecutionFilter{Run: 2})
	if err != nil || len(list) != 1 || list[0].Status != freshet.Success {
		t.Errorf("the other run has %+v, %v", list, err)
	}
}

// TestUnreadableIsLetGo: whoever called a run that is given up hears of its
// end, what it called is stopped, also where that has not begun yet, and
// nothing of it is left.
func TestUnreadableIsLetGo(t *testing.T) {
	ctx := t.Context()
	st, snap := opened(t)
	now := freshet.Time(time.Unix(1e9, 0))
	b := &store.Batch{Leader: snap.Leader, Cursor: store.Cursor{NextRun: 5, Time: now}}
	flow := func(name, source string) {
		b.Versions = append(b.Versions, machine.VersionRow{Namespace: "default", Name: name, Version: name, Source: "name: " + name + "\n" + source, CreatedAt: now})
		b.Workflows = append(b.Workflows, machine.WorkflowRow{Namespace: "default", Name: name, Version: name, Enabled: true, CreatedAt: now, UpdatedAt: now})
	}
	run := func(id int64, name string) *machine.RunRow {
		b.Runs = append(b.Runs, machine.RunRow{ID: id, Namespace: "default", Workflow: name, Version: name,
			Status: freshet.Running, Type: freshet.Manual, CreatedAt: now, StartedAt: now})
		return &b.Runs[len(b.Runs)-1]
	}
	execution := func(run int64, task string, item int, status freshet.Status) *machine.Execution {
		x := &machine.Execution{Key: freshet.Key{Run: run, Task: task, Item: item, Seq: 1, Try: 1}, Status: status, QueuedAt: now, StartedAt: now, Held: true}
		b.Executions = append(b.Executions, x)
		return x
	}
	flow("caller", "tasks:\n  call: {workflow: old}\n")
	flow("old", "tasks:\n  call: {telepathy: yes}\n")
	flow("callee", "ends: never\ntasks:\n  t: {optional: true, start: {event: e, busy: queue}, expr: {x: \"1\"}}\n")
	run(1, "caller")
	x := execution(1, "call", freshet.NoItem, freshet.Running)
	x.Child = 2
	run(2, "old").Caller = &x.Key
	run(3, "callee")
	execution(2, "call", freshet.NoItem, freshet.Running).Child = 3
	call := execution(2, "call2", freshet.NoItem, freshet.Running) // nobody has decided its call yet
	later := freshet.Time(time.Now().Add(time.Hour))
	timer := func(kind machine.TimerKind, x *machine.Execution) {
		b.Timers = append(b.Timers, machine.Timer{Kind: kind, Key: x.Key, Due: later})
	}
	timer(machine.TimeoutTimer, call)
	timer(machine.RetryTimer, execution(2, "again", freshet.NoItem, freshet.Retrying))
	execution(2, "each", freshet.NoItem, freshet.Running)
	timer(machine.RetryTimer, execution(2, "each", 0, freshet.Retrying))
	b.Timers = append(b.Timers, machine.NodeTimer(machine.NodeKey{Run: 2, Rule: 1}, later),
		machine.Timer{Kind: machine.RunTimeoutTimer, Key: freshet.Key{Run: 2}, Due: later},
		machine.Timer{Kind: machine.RunStartTimer, Key: freshet.Key{Run: 2}, Due: later})
	b.Waits = []machine.Wait{{Run: 2, Task: "each", Start: machine.Start{N: 1, At: now}}, {Run: 2, Task: "call", Start: machine.Start{At: now}}}
	b.Entries = []machine.Entry{{Offset: 1, Namespace: "default", Kind: machine.StartRun, Time: now, Run: 4,
		Body: machine.Body{Start: &machine.RunStart{Workflow: "callee", Type: freshet.ByWorkflow, Caller: &call.Key}}}}
	if err := st.Commit(ctx, b); err != nil {
		t.Fatal(err)
	}

	alive, cancel := context.WithCancel(ctx)
	e := engine.New(engine.Config{Store: st, Slots: 1, Release: func(engine.Effects) {}})
	done := make(chan error, 1)
	go func() { done <- e.Run(alive) }()
	for range 2 { // each is decided after what came before it
		ev := &freshet.Event{Namespace: "default", Key: "nobody"}
		if _, err := e.Submit(ctx, machine.Entry{Namespace: "default", Kind: machine.StopRun, Run: 99, Body: machine.Body{Stop: &machine.RunStop{}}},
			machine.Entry{Namespace: "default", Kind: machine.EventHappened, Event: ev}); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if r, err := st.Run(ctx, 1); err != nil || r.Status != freshet.Failed || !strings.Contains(r.Reason, "run 2 failed: ") || !strings.Contains(r.Reason, "telepathy") {
		t.Errorf("the caller is %+v, %v", r, err)
	}
	for id := int64(3); id <= 4; id++ {
		if r, err := st.Run(ctx, id); err != nil || r.Status != freshet.Stopped || r.Code != freshet.CodeStoppedByCaller {
			t.Errorf("run %d that it called is %+v, %v", id, r, err)
		}
	}
	list, err := st.Invariants(ctx)
	for _, i := range list {
		for _, what := range i.Broken {
			t.Errorf("%s: %s", i.Name, what)
		}
	}
	if size, err2 := st.Size(ctx); err != nil || err2 != nil || size.Rows["timers"]+size.Rows["waits"] != 0 {
		t.Errorf("%v are left (%v, %v)", size.Rows, err, err2)
	}
}

// opened is a new store with its leader.
func opened(t *testing.T) (*sqlite.Store, *store.Snapshot) {
	t.Helper()
	st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "freshet.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	snap, err := st.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return st, snap
}
