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
	st, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "freshet.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	snap, err := st.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
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
