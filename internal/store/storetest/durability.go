package storetest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

func empty(t *testing.T, open Opener) {
	s := lead(t, open)
	snap := s.load()
	same(t, "snapshot", snap, &store.Snapshot{Leader: snap.Leader, Spaces: []machine.NamespaceRow{{Name: "default"}}})
}

// world is a batch with a row of every kind, and the snapshot of the run that
// is alive in it.
func world(s *shard) (*store.Batch, store.RunSnapshot) {
	began := s.event("default", "began", "", 0)
	seen := s.event("default", "seen", "extract", 1)
	seen.Event.ID, seen.Event.Context = "id-1", "trace"
	row := run(1, "default", "hello", began.Event)
	row.Parameters, row.ScheduledAt, row.Key = values(), at(-5), "key-1"
	row.Trigger, row.Missing, row.Depth, row.Outputs, row.Result = 3, []string{"a", "b c"}, 64, values(), freshet.Failed
	live := execution(1, "load", 2, 1, freshet.Running)
	live.By, live.Offset, live.Epoch, live.Node, live.PID = []*freshet.Event{began.Event, seen.Event}, 2, 7, "local", 4711
	live.Call = &machine.Call{Args: []string{"a b", ""}, Env: [][2]string{{"X", "1"}}, Input: values(), Dir: "/tmp"}
	live.StartedAt, live.Log = at(3), "default/hello/1/load/2.1.log"
	done := execution(1, "load", 1, 1, freshet.Success)
	done.Outputs, done.Offset = values(), 1
	snap := store.RunSnapshot{
		Row:  row,
		Held: []*machine.Execution{done, live},
		Waits: []machine.Wait{{Run: 1, Task: "load", Start: machine.Start{N: 0, Rule: -1, At: at(4)}},
			{Run: 1, Task: "load", Start: machine.Start{N: 1, Rule: 3, By: []*freshet.Event{seen.Event}, At: at(4)}}},
		Rules: []machine.RuleRow{{Run: 1, Rule: 3, State: machine.RuleState{{}, {Event: seen.Event, Count: 3, Sum: 1.5}, {Count: 1}}}},
	}
	gone := execution(1, "old", 1, 1, freshet.Failed)
	gone.Held, gone.ExitCode, gone.Code, gone.Reason = false, 75, freshet.CodeExit, "exit code 75"
	return &store.Batch{
		Entries:    []machine.Entry{began, seen},
		Ledger:     []store.LedgerRow{{Offset: 1, Namespace: "default", Outcomes: []freshet.Outcome{{Rule: -1, Result: freshet.Fired}}}},
		Runs:       []machine.RunRow{row, over(run(2, "other", "hello", nil), freshet.Failed)},
		Executions: []*machine.Execution{live, done, gone},
		Waits:      snap.Waits,
		Rules:      snap.Rules,
		Timers:     []machine.Timer{{Kind: machine.TimeoutTimer, Key: live.Key, Due: at(60)}},
		Workflows: []machine.WorkflowRow{{Namespace: "default", Name: "hello", Version: "3f9a2c", Description: "says so",
			Tasks: []string{"load", "old"}, Emits: []string{"done"}, Enabled: true, CreatedAt: at(0), UpdatedAt: at(1)}},
		Versions: []machine.VersionRow{{Namespace: "default", Name: "hello", Version: "3f9a2c", Source: "tasks: {}\n",
			Files: []freshet.File{{Path: "a.py", Mode: 0o755, Size: 3, SHA256: "abc"}}, CreatedAt: at(1)}},
		Cursor: store.Cursor{Offset: 2, NextRun: 3, NextTrigger: 8, Time: at(2)},
	}, snap
}

// check compares all that world has stored.
func check(t *testing.T, s *shard, snap *store.Snapshot, b *store.Batch, alive store.RunSnapshot) {
	t.Helper()
	want := &store.Snapshot{Cursor: b.Cursor, Last: 2, Leader: snap.Leader, Workflows: b.Workflows,
		Spaces: []machine.NamespaceRow{{Name: "default"}},
		Runs:   []store.RunSnapshot{alive}, NextDue: at(60)}
	if d := cmp.Diff(want, snap, exact); d != "" {
		t.Fatalf("snapshot (-want +got):\n%s", d)
	}
	got := must[*store.RunSnapshot](t)(s.LoadRun(t.Context(), 1))
	if d := cmp.Diff(&alive, got, exact); d != "" {
		t.Fatalf("run (-want +got):\n%s", d)
	}
	same(t, "journal", must[[]machine.Entry](t)(s.Journal(t.Context(), 0, 10)), b.Entries)
	same(t, "ledger", must[[]store.LedgerRow](t)(s.LedgerOf(t.Context(), 1, 10)), b.Ledger)
	same(t, "version", must[*machine.VersionRow](t)(s.Version(t.Context(), "default", "hello", "3f9a2c")), &b.Versions[0])
	public := must[*freshet.Run](t)(s.Run(t.Context(), 1))
	same(t, "what a run shows", []any{public.Trigger, public.Missing, public.Outputs}, []any{alive.Row.Trigger, alive.Row.Missing, alive.Row.Outputs})
	same(t, "executions", len(must[[]freshet.Execution](t)(s.Executions(t.Context(), store.ExecutionFilter{Run: 1}))), 3)
}

func survives(t *testing.T, open Opener) {
	s := lead(t, open)
	b, alive := world(s)
	s.commit(b)
	check(t, s, s.crash(), b, alive)

	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	check(t, s, s.crash(), b, alive)
}

// failed commits a batch whose last row cannot be stored: its entry takes an
// offset that the journal has given away. A later batch is stored.
func failed(t *testing.T, open Opener) {
	s := lead(t, open)
	b, alive := world(s)
	s.commit(b)

	bad := &store.Batch{
		Entries:  []machine.Entry{s.event("default", "lost", "", 0)},
		Runs:     []machine.RunRow{run(9, "default", "hello", nil)},
		Untimers: b.Timers, Unwaits: []machine.WaitKey{{Run: 1, Task: "load", N: 0}},
		Cursor: store.Cursor{Offset: 99, NextRun: 99, Time: at(99)},
		Leader: s.leader,
	}
	bad.Entries = append(bad.Entries, b.Entries[0])
	if err := s.Commit(t.Context(), bad); err == nil {
		t.Fatal("an offset was given away twice")
	}
	check(t, s, s.load(), b, alive)
	check(t, s, s.crash(), b, alive)

	s.commit(&store.Batch{Entries: bad.Entries[:1], Cursor: store.Cursor{Offset: 3, NextRun: 3, Time: at(3)}})
	same(t, "cursor", s.crash().Cursor, store.Cursor{Offset: 3, NextRun: 3, Time: at(3)})
}

func fencing(t *testing.T, open Opener) {
	old := lead(t, open)
	old.commit(&store.Batch{Cursor: store.Cursor{Offset: 1}})
	s := lead(t, open)
	if s.leader <= old.leader {
		t.Fatalf("leader %d follows %d", s.leader, old.leader)
	}
	err := old.Commit(t.Context(), &store.Batch{Entries: []machine.Entry{old.event("default", "late", "", 0)},
		Cursor: store.Cursor{Offset: 2}, Leader: old.leader})
	code(t, "a commit of the old leader", err, freshet.Conflict)
	s.commit(&store.Batch{Cursor: store.Cursor{Offset: 5}})
	snap := s.crash()
	same(t, "cursor", snap.Cursor, store.Cursor{Offset: 5})
	same(t, "last", snap.Last, int64(0))
}

func cursor(t *testing.T, open Opener) {
	s := lead(t, open)
	c := store.Cursor{Offset: 4, Target: -1, Run: 7, NextRun: 12, Time: at(4), More: &machine.Continuation{}}
	text := `{"part":2,"work":[{"op":"event","from":500},{"op":"ended","task":3}]}`
	if err := json.Unmarshal([]byte(text), c.More); err != nil {
		t.Fatal(err)
	}
	s.commit(&store.Batch{Cursor: c})
	got := s.crash().Cursor
	want, err := json.Marshal(c.More)
	if err != nil {
		t.Fatal(err)
	}
	j, err := json.Marshal(got.More)
	if err != nil || string(j) != string(want) || len(j) < len(text) {
		t.Fatalf("continuation %s (%v), want %s", j, err, want)
	}
	read := must[store.Cursor](t)(s.Cursor(t.Context()))
	read.More, got.More, c.More = nil, nil, nil
	same(t, "cursor", got, c)
	same(t, "cursor, read", read, c)

	s.commit(&store.Batch{Cursor: store.Cursor{}})
	same(t, "cursor", s.crash().Cursor, store.Cursor{})
}

func changes(t *testing.T, open Opener) {
	s := lead(t, open)
	b, alive := world(s)
	s.commit(b)
	next := &store.Batch{Cursor: b.Cursor, Untimers: []machine.Timer{{Kind: machine.TimeoutTimer, Key: alive.Held[1].Key}}}
	alive.Row.Status, alive.Row.Asked = freshet.Stopping, freshet.CodeStoppedByPerson
	next.Runs = []machine.RunRow{alive.Row}
	stopping := *alive.Held[1]
	stopping.Status, stopping.Asked = freshet.Stopping, freshet.CodeStoppedByPerson
	old := *alive.Held[0]
	old.Held = false
	next.Executions = []*machine.Execution{&stopping, &old}
	next.Unwaits = []machine.WaitKey{{Run: 1, Task: "load", N: 1}}
	next.Waits = []machine.Wait{{Run: 1, Task: "load", Start: machine.Start{N: 0, Rule: 5, By: stopping.By[:1], At: at(5)}}}
	next.Rules = []machine.RuleRow{{Run: 1, Rule: 3, State: make(machine.RuleState, 3)}}
	next.Workflows = []machine.WorkflowRow{b.Workflows[0]}
	next.Workflows[0].Enabled, next.Workflows[0].Version, next.Workflows[0].UpdatedAt = false, "ffffff", at(9)
	s.commit(next)

	alive.Held, alive.Waits, alive.Rules = []*machine.Execution{&stopping}, next.Waits, nil
	snap := s.crash()
	same(t, "run", snap.Runs, []store.RunSnapshot{alive})
	same(t, "due", snap.NextDue, time.Time{})
	same(t, "workflows", snap.Workflows, next.Workflows)

	s.commit(&store.Batch{Cursor: b.Cursor, Runs: []machine.RunRow{over(alive.Row, freshet.Stopped)}})
	same(t, "runs", s.crash().Runs, []store.RunSnapshot(nil))
	ended := must[*store.RunSnapshot](t)(s.LoadRun(t.Context(), 1))
	same(t, "ended", ended.Row.Status, freshet.Stopped)
}

// shared: what refers to one event has one object, as in the memory of the
// one that stored it.
func shared(t *testing.T, open Opener) {
	s := lead(t, open)
	b, _ := world(s)
	s.commit(b)
	r := s.crash().Runs[0]
	if r.Row.Event != r.Held[1].By[0] {
		t.Error("the run's event and that of its execution are two")
	}
	if e := r.Held[1].By[1]; e != r.Waits[1].By[0] || e != r.Rules[0].State[1].Event {
		t.Error("the events of execution, wait and rule are not one")
	}
}

func numbers(t *testing.T, open Opener) {
	s := lead(t, open)
	entry := machine.Entry{Offset: 1, Namespace: "default", Kind: machine.StartRun, Time: at(1), Run: 1,
		Body: machine.Body{Start: &machine.RunStart{Workflow: "w", Version: "v", Parameters: values(), Type: freshet.Manual}}}
	row := run(1, "default", "w", nil)
	row.Parameters, row.Outputs = values(), values()
	x := execution(1, "t", 1, 1, freshet.Queued)
	x.Call = &machine.Call{Input: values()}
	x.Outputs = map[string]any{}
	s.commit(&store.Batch{Entries: []machine.Entry{entry}, Runs: []machine.RunRow{row}, Executions: []*machine.Execution{x}})
	r := s.crash().Runs[0]
	again := must[*machine.Entry](t)(s.Entry(t.Context(), 1))
	for what, d := range map[string]string{
		"parameters": cmp.Diff(values(), r.Row.Parameters),
		"results":    cmp.Diff(values(), r.Row.Outputs),
		"input":      cmp.Diff(values(), r.Held[0].Call.Input),
		"outputs":    cmp.Diff(map[string]any{}, r.Held[0].Outputs),
		"entry":      cmp.Diff(&entry, again, exact),
	} {
		if d != "" {
			t.Errorf("%s (-want +got):\n%s", what, d)
		}
	}
}
