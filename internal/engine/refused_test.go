package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// TestRefusedIsDecided: a command that had to be written down before its turn
// came, and was refused then, is not decided again after a crash.
func TestRefusedIsDecided(t *testing.T) {
	ctx := t.Context()
	st, snap := opened(t)
	now := freshet.Time(time.Unix(1e9, 0))
	source := "name: one\nends: never\nconcurrency: {limit: 1, overlap: skip}\ntasks:\n  a: {start: {event: go}, expr: {x: \"1\"}}\n"
	if err := st.Commit(ctx, &store.Batch{Leader: snap.Leader, Cursor: store.Cursor{NextRun: 2, Time: now},
		Versions:  []machine.VersionRow{{Namespace: "default", Name: "one", Version: "v", Source: source, CreatedAt: now}},
		Workflows: []machine.WorkflowRow{{Namespace: "default", Name: "one", Version: "v", Enabled: true, CreatedAt: now, UpdatedAt: now}},
		Runs: []machine.RunRow{{ID: 1, Namespace: "default", Workflow: "one", Version: "v", Status: freshet.Running,
			Type: freshet.Manual, CreatedAt: now, StartedAt: now}}}); err != nil {
		t.Fatal(err)
	}
	run, cancel := context.WithCancel(ctx)
	e := engine.New(engine.Config{Store: st, Slots: 1, Rows: 1, Release: func(engine.Effects) {}})
	done := make(chan error, 1)
	go func() { done <- e.Run(run) }()
	ev := &freshet.Event{Namespace: "default", Key: "go"}
	replies, err := e.Submit(ctx, machine.Entry{Namespace: "default", Kind: machine.EventHappened, Event: ev},
		machine.Entry{Namespace: "default", Kind: machine.StartRun, Body: machine.Body{
			Start: &machine.RunStart{Workflow: "one", Version: "v", Type: freshet.Manual}}})
	if err != nil || freshet.CodeOf(replies[1].Err) != freshet.Conflict {
		t.Fatalf("the start was answered %+v, %v", replies, err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if snap, err = st.Load(ctx); err != nil || snap.Last < 2 || snap.Cursor.Offset < snap.Last {
		t.Errorf("the journal goes to %d and is decided to %d, %v", snap.Last, snap.Cursor.Offset, err)
	}
}
