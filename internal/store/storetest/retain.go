package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

func (s *shard) sweep(b store.Sweep) store.Swept {
	s.t.Helper()
	b.Leader = s.leader
	done, err := s.Sweep(s.t.Context(), &b)
	if err != nil {
		s.t.Fatal(err)
	}
	return done
}

func runsGo(t *testing.T, open Opener) {
	s := lead(t, open)
	b, alive := world(s)
	gone := execution(2, "a", 1, 1, freshet.Failed)
	b.Executions = append(b.Executions, gone)
	b.Ledger = append(b.Ledger, store.LedgerRow{Offset: 2, Run: 2, Namespace: "other", Outcomes: []freshet.Outcome{{Rule: 0, Result: freshet.Fired}}})
	b.Rules = append(b.Rules, machine.RuleRow{Run: 2, Rule: 1, State: machine.RuleState{{Count: 3}}})
	b.Marks = append(b.Marks, machine.MarkRow{NodeKey: machine.NodeKey{Run: 2, Rule: 1}, Mark: machine.Mark{N: 1, At: at(1), Amount: 1}})
	s.commit(b)
	b.Rules, b.Executions, b.Ledger = b.Rules[:1], b.Executions[:3], b.Ledger[:1]

	done := s.sweep(store.Sweep{Runs: []int64{1, 2, 77}})
	same(t, "removed", done, store.Swept{Runs: 1})
	_, err := s.Run(t.Context(), 2)
	code(t, "the run", err, freshet.NotFound)
	same(t, "to be removed", must[[]store.RemovedRun](t)(s.RemovedRuns(t.Context(), 9)), []store.RemovedRun{{ID: 2, Namespace: "other", Workflow: "hello"}})
	same(t, "there", must[map[int64]bool](t)(s.HasRuns(t.Context(), []int64{1, 2, 3})), map[int64]bool{1: true, 2: true})

	left := must[store.Remains](t)(s.Remains(t.Context(), 2, 9))
	same(t, "remains", left, store.Remains{Ledger: []store.LedgerKey{{Offset: 2, Run: 2}}, Memory: true,
		Executions: []store.EndedExecution{{Key: gone.Key}}})
	s.crash() // between two steps
	s.sweep(store.Sweep{Ledger: left.Ledger, Executions: []freshet.Key{gone.Key}, Memory: []int64{2, 1}})
	s.sweep(store.Sweep{Memory: []int64{2, 1}})
	left = must[store.Remains](t)(s.Remains(t.Context(), 2, 9))
	same(t, "nothing remains", left.Empty(), true)
	s.sweep(store.Sweep{Gone: []int64{2}})
	same(t, "nothing to be removed", must[[]store.RemovedRun](t)(s.RemovedRuns(t.Context(), 9)), []store.RemovedRun(nil))
	check(t, s, s.crash(), b, alive) // all else is as it was
}

// needed: every way in which what stays refers to an entry keeps it.
func needed(t *testing.T, open Opener) {
	s := lead(t, open)
	var b store.Batch
	entries := map[string]int64{}
	entry := func(name string, kind machine.Kind, run, cause int64) *freshet.Event {
		e := s.event("default", "k", "", run)
		e.Kind, e.Cause = kind, cause
		if kind != machine.EventHappened {
			e.Event = nil
		}
		b.Entries = append(b.Entries, e)
		entries[name] = e.Offset
		return e.Event
	}
	free := entry("nothing", machine.EventHappened, 0, 0)
	starts := entry("starts a run", machine.EventHappened, 0, 0)
	entry("causes a run", machine.TimerFired, 0, 0)
	part := entry("took part in the start of a run", machine.EventHappened, 0, 0)
	entry("completed the start of a run", machine.EventHappened, 0, 0)
	useless := entry("took part in what started no run", machine.EventHappened, 0, 0)
	entry("completed what started no run", machine.EventHappened, 0, 0)
	entry("asks for a run", machine.StartRun, 1, entries["causes a run"])
	entry("asks for a run of two events", machine.StartRun, 1, entries["completed the start of a run"])
	entry("says that an ended run ended", machine.RunEnded, 2, 0)
	entry("says something old of a run that is alive", machine.Started, 1, 0)
	begins := entry("starts an execution", machine.EventHappened, 0, 0)
	entry("was decided by a run", machine.EventHappened, 0, 0)
	entry("was decided by the registry", machine.EventHappened, 0, 0)
	entry("newer", machine.EventHappened, 0, 0)
	entry("is not decided", machine.EventHappened, 0, 0)
	entry("is the newest", machine.EventHappened, 0, 0)
	alive := run(1, "default", "w", starts)
	b.Runs = []machine.RunRow{alive, over(run(2, "default", "w", nil), freshet.Success)}
	x := execution(1, "t", 1, 1, freshet.Success)
	x.Held, x.Offset = false, begins.Offset
	b.Executions = []*machine.Execution{x}
	outcomes := []freshet.Outcome{{Rule: 0, Result: freshet.Fired}}
	b.Ledger = []store.LedgerRow{{Offset: entries["was decided by a run"], Run: 1, Namespace: "default", Outcomes: outcomes},
		{Offset: entries["was decided by the registry"], Namespace: "default", Outcomes: outcomes}}
	completed := func(name string, part *freshet.Event) {
		at := entries[name]
		b.Ledger = append(b.Ledger, store.LedgerRow{Offset: at, Part: 1, Namespace: "default",
			Outcomes: []freshet.Outcome{{Result: freshet.Fired, Trigger: 1, Workflow: "w", Offsets: []int64{part.Offset, at}}}})
	}
	completed("completed the start of a run", part)
	completed("completed what started no run", useless)
	b.Cursor = store.Cursor{Offset: entries["newer"], NextRun: 3, Time: at(9)}
	s.commit(&b)
	before := s.crash()

	goes := map[int64]bool{free.Offset: true, entries["says something old of a run that is alive"]: true,
		entries["was decided by the registry"]: true, entries["newer"]: true,
		useless.Offset: true, entries["completed what started no run"]: true}
	found, last, err := s.Unneeded(t.Context(), 0, 100, 100)
	if err != nil || last != entries["newer"] {
		t.Fatalf("looked up to %d: %v", last, err)
	}
	var all []int64
	for name, offset := range entries {
		all = append(all, offset)
		if has := slices.Contains(found, offset); has != goes[offset] {
			t.Errorf("what %s is unneeded: %v", name, has)
		}
	}
	done := s.sweep(store.Sweep{Entries: all, Upto: last})
	same(t, "removed", done, store.Swept{Entries: int64(len(goes)), Decisions: 2})
	for name, offset := range entries {
		_, err := s.Entry(t.Context(), offset)
		if (freshet.CodeOf(err) == freshet.NotFound) != goes[offset] {
			t.Errorf("what %s: %v", name, err)
		}
	}
	same(t, "swept", must[int64](t)(s.Swept(t.Context())), last)
	after := s.crash()
	before.Leader = after.Leader
	same(t, "state", after, before)

	// With what needed them the others go, too.
	ended := over(alive, freshet.Stopped)
	s.commit(&store.Batch{Cursor: b.Cursor, Runs: []machine.RunRow{ended}})
	s.sweep(store.Sweep{Runs: []int64{1, 2}})
	s.sweep(store.Sweep{Ledger: []store.LedgerKey{{Offset: entries["was decided by a run"], Run: 1}}, Executions: []freshet.Key{x.Key}, Entries: all, Gone: []int64{1, 2}})
	var stay []int64
	for _, e := range must[[]machine.Entry](t)(s.Journal(t.Context(), 0, 100)) {
		stay = append(stay, e.Offset)
	}
	same(t, "what stays", stay, []int64{entries["is not decided"], entries["is the newest"]})
	same(t, "last", s.crash().Last, entries["is the newest"])
}

func heldStays(t *testing.T, open Opener) {
	s := lead(t, open)
	remembered, waits, by := s.event("default", "a", "", 0), s.event("default", "b", "", 0), s.event("default", "c", "", 0)
	b := store.Batch{Entries: []machine.Entry{remembered, waits, by}, Runs: []machine.RunRow{run(1, "default", "w", nil)}, Cursor: store.Cursor{NextRun: 2}}
	for seq := 1; seq <= 1003; seq++ {
		x := execution(1, "t", seq, 1, freshet.Success)
		x.Held = seq == 2 || seq == 1003
		if seq == 1003 {
			x.Status, x.EndedAt, x.By = freshet.Running, time.Time{}, []*freshet.Event{by.Event}
		}
		b.Executions = append(b.Executions, x)
	}
	b.Rules = []machine.RuleRow{{Run: 1, Rule: 0, State: machine.RuleState{{Event: remembered.Event, At: remembered.Time}}}}
	b.Waits = []machine.Wait{{Run: 1, Task: "t", Start: machine.Start{N: 1, By: []*freshet.Event{waits.Event}}}}
	s.commit(&b)
	before := s.crash()
	same(t, "often started", must[[]store.OftenStarted](t)(s.OftenStarted(t.Context())),
		[]store.OftenStarted{{Run: 1, Namespace: "default", Workflow: "w", Version: "3f9a2c", Task: "t", Seq: 1003}})
	same(t, "remembered", must[map[int64]bool](t)(s.Remembered(t.Context(), 9)), map[int64]bool{1: true, 2: true, 3: true})
	same(t, "remembered before", must[map[int64]bool](t)(s.Remembered(t.Context(), 1)), map[int64]bool{1: true})

	list := must[[]store.EndedExecution](t)(s.EndedExecutions(t.Context(), 1, "t", 3, time.Time{}, 10))
	same(t, "old executions", []int{list[0].Seq, list[1].Seq, len(list)}, []int{1, 3, 2})
	old := must[[]store.EndedExecution](t)(s.EndedExecutions(t.Context(), 1, "t", 3, at(20), 10))
	same(t, "older executions", len(old), 1)
	keys := []freshet.Key{list[0].Key, b.Executions[1].Key, list[1].Key, b.Executions[1002].Key}
	same(t, "removed", s.sweep(store.Sweep{Executions: keys, Memory: []int64{1}}), store.Swept{Executions: 2})
	after := s.crash()
	before.Leader = after.Leader
	same(t, "state", after, before)
}

func flowsGo(t *testing.T, open Opener) {
	s := lead(t, open)
	flow := machine.WorkflowRow{Namespace: "default", Name: "w", Version: "v1", Enabled: true, CreatedAt: at(1), UpdatedAt: at(1)}
	version := func(v string, second int64) machine.VersionRow {
		return machine.VersionRow{Namespace: "default", Name: "w", Version: v, Source: "name: w", CreatedAt: at(second)}
	}
	b := store.Batch{Workflows: []machine.WorkflowRow{flow}, Versions: []machine.VersionRow{version("v1", 1), version("v0", 0)},
		Runs: []machine.RunRow{over(run(1, "default", "w", nil), freshet.Success)}, Cursor: store.Cursor{NextRun: 2, Time: at(1)}}
	s.commit(&b)
	id := store.WorkflowID{Namespace: "default", Name: "w"}
	s.commit(&store.Batch{Unflows: []store.Unflow{{WorkflowID: id, NextRun: 2, Time: at(5)}}, Cursor: store.Cursor{NextRun: 9, Time: at(9)}})
	flow.Version, flow.CreatedAt, flow.UpdatedAt, flow.Retention = "v2", at(6), at(6), -1
	s.commit(&store.Batch{Workflows: []machine.WorkflowRow{flow}, Versions: []machine.VersionRow{version("v2", 6), version("v1", 7)},
		Runs: []machine.RunRow{over(run(2, "default", "w", nil), freshet.Success)}, Cursor: store.Cursor{NextRun: 3, Time: at(7)}})
	s.crash()
	gone := must[[]store.RemovedWorkflow](t)(s.RemovedWorkflows(t.Context()))
	same(t, "removed", gone, []store.RemovedWorkflow{{WorkflowID: id, NextRun: 2}})
	same(t, "its runs", must[[]int64](t)(s.EndedRuns(t.Context(), "default", "w", time.Time{}, 2, 9)), []int64{1})
	same(t, "ended", must[[]store.EndedFlow](t)(s.EndedFlows(t.Context())),
		[]store.EndedFlow{{Namespace: "default", Workflow: "w", Retention: -1, Oldest: at(1).Add(time.Minute)}})
	s.sweep(store.Sweep{Runs: []int64{1}, Workflows: []store.WorkflowID{id}})
	var left []string
	for _, v := range must[[]machine.VersionRow](t)(s.Versions(t.Context(), "default", "w", 9)) {
		left = append(left, v.Version)
	}
	same(t, "versions", left, []string{"v1", "v2"})
	same(t, "nothing to be removed", must[[]store.RemovedWorkflow](t)(s.RemovedWorkflows(t.Context())), []store.RemovedWorkflow(nil))
	same(t, "the workflow", s.crash().Workflows, []machine.WorkflowRow{flow})
}

func canGo(t *testing.T, open Opener) {
	s := lead(t, open)
	var b store.Batch
	for id := int64(1); id <= 12; id++ {
		r := run(id, []string{"a", "b"}[id%2], []string{"w", "x", "y"}[id%3], nil)
		if id > 2 {
			r = over(r, freshet.Success)
		}
		b.Runs = append(b.Runs, r)
		b.Entries = append(b.Entries, s.event("a", "k", "", 0))
		b.Ledger = append(b.Ledger, store.LedgerRow{Offset: id, Run: 1 + id%2, Namespace: "a", Outcomes: []freshet.Outcome{{Result: freshet.Fired}}},
			store.LedgerRow{Offset: id, Run: 1 + id%2, Part: 1, Namespace: "a", Outcomes: []freshet.Outcome{{Result: freshet.Fired}}})
	}
	b.Workflows = []machine.WorkflowRow{{Namespace: "a", Name: "w", Retention: time.Hour, CreatedAt: at(0), UpdatedAt: at(0)}}
	b.Cursor = store.Cursor{Offset: 12, NextRun: 13}
	s.commit(&b)
	s.crash()
	minute := func(id int64) time.Time { return at(id).Add(time.Minute) }
	same(t, "ended", must[[]store.EndedFlow](t)(s.EndedFlows(t.Context())), []store.EndedFlow{
		{Namespace: "a", Workflow: "w", Retention: time.Hour, Oldest: minute(6)}, {Namespace: "a", Workflow: "x", Oldest: minute(4)},
		{Namespace: "a", Workflow: "y", Oldest: minute(8)}, {Namespace: "b", Workflow: "w", Oldest: minute(3)},
		{Namespace: "b", Workflow: "x", Oldest: minute(7)}, {Namespace: "b", Workflow: "y", Oldest: minute(5)}})
	same(t, "ended before", must[[]int64](t)(s.EndedRuns(t.Context(), "a", "w", minute(12), 0, 9)), []int64{6})
	same(t, "ended", must[[]int64](t)(s.EndedRuns(t.Context(), "a", "w", time.Time{}, 0, 9)), []int64{6, 12})
	old := must[[]store.OldRun](t)(s.OldRuns(t.Context(), at(2), 0, 9))
	same(t, "old", old, []store.OldRun{{ID: 1, Namespace: "b", Workflow: "x", CreatedAt: at(1)}})
	same(t, "no older", len(must[[]store.OldRun](t)(s.OldRuns(t.Context(), at(9), 2, 9))), 0)
	keys := must[[]store.LedgerKey](t)(s.Decisions(t.Context(), 1, 6, 9))
	same(t, "decisions", keys, []store.LedgerKey{{Offset: 2, Run: 1}, {Offset: 4, Run: 1}})
	same(t, "of both parts", s.sweep(store.Sweep{Ledger: keys}), store.Swept{Decisions: 4})
	for second, offset := range map[int64]int64{1: 0, 2: 2, 7: 7, 12: 12} {
		same(t, "offset", must[int64](t)(s.OffsetAt(t.Context(), at(second))), offset)
	}
	same(t, "offset of what is to come", must[int64](t)(s.OffsetAt(t.Context(), at(99))), int64(13))
}

func sweepFencing(t *testing.T, open Opener) {
	old := lead(t, open)
	b, alive := world(old)
	old.commit(b)
	s := lead(t, open)
	_, err := old.Sweep(t.Context(), &store.Sweep{Runs: []int64{2}, Leader: old.leader})
	code(t, "a sweep of the old leader", err, freshet.Conflict)
	check(t, s, s.crash(), b, alive)
	same(t, "the run", must[*freshet.Run](t)(s.Run(t.Context(), 2)).ID, int64(2))
}

func shrinks(t *testing.T, open Opener) {
	s := lead(t, open)
	b := store.Batch{}
	var all []int64
	for range 1000 {
		e := s.event("default", "k", "", 0)
		b.Entries = append(b.Entries, e)
		all = append(all, e.Offset)
	}
	b.Cursor.Offset = s.offset
	s.commit(&b)
	pages := func() [2]int64 {
		spare, all, err := s.Pages(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return [2]int64{spare, all}
	}
	before := pages()
	same(t, "removed", s.sweep(store.Sweep{Entries: all}).Entries, int64(999)) // the newest stays
	swept := pages()
	if swept[0] < 10 || swept[1] != before[1] {
		t.Fatalf("pages before %v, after %v: what was removed is spare", before, swept)
	}
	s.sweep(store.Sweep{Shrink: 3})
	some := pages()
	if some[0] > swept[0]-3 || some[1] > swept[1]-3 || some[0] == 0 {
		t.Errorf("pages before %v, after %v: three were to go", swept, some)
	}
	s.sweep(store.Sweep{Shrink: 100_000})
	if end := pages(); end[0] != 0 || end[1] != swept[1]-swept[0] {
		t.Errorf("pages before %v, after %v: all were to go", swept, end)
	}
}
