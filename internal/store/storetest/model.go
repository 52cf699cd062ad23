package storetest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// keeps is what a RunFilter means.
func keeps(f store.RunFilter, r *machine.RunRow) bool {
	return (f.Namespace == "" || r.Namespace == f.Namespace) &&
		(f.Workflow == "" || r.Workflow == f.Workflow) &&
		(len(f.Status) == 0 || slices.Contains(f.Status, r.Status)) &&
		!r.CreatedAt.Before(f.Since) &&
		(f.Before == 0 || r.ID < f.Before)
}

// picks is what an EventFilter means.
func picks(f store.EventFilter, e *machine.Entry) bool {
	return e.Kind == machine.EventHappened &&
		(f.Namespace == "" || e.Namespace == f.Namespace) &&
		(len(f.Keys) == 0 || slices.Contains(f.Keys, e.Event.Key)) &&
		(f.Sender == "" && !f.HasSender || e.Event.Sender == f.Sender) &&
		(f.Run == 0 || e.Run == f.Run) &&
		e.Offset > f.After && (f.Before == 0 || e.Offset < f.Before) &&
		!e.Time.Before(f.Since) && (f.Till.IsZero() || e.Time.Before(f.Till))
}

// memory is a store as simple as it can be.
type memory struct {
	journal    []machine.Entry
	ledger     []store.LedgerRow
	runs       map[int64]machine.RunRow
	executions map[freshet.Key]*machine.Execution
	waits      map[machine.WaitKey]machine.Wait
	rules      map[ruleKey]machine.RuleRow
	timers     map[timerKey]machine.Timer
	workflows  map[[2]string]machine.WorkflowRow
	cursor     store.Cursor
}

type ruleKey struct {
	run  int64
	rule int
}

type timerKey struct {
	kind machine.TimerKind
	key  freshet.Key
}

func newMemory() *memory {
	return &memory{runs: map[int64]machine.RunRow{}, executions: map[freshet.Key]*machine.Execution{},
		waits: map[machine.WaitKey]machine.Wait{}, rules: map[ruleKey]machine.RuleRow{},
		timers: map[timerKey]machine.Timer{}, workflows: map[[2]string]machine.WorkflowRow{}}
}

func (m *memory) commit(b *store.Batch) {
	m.journal = append(m.journal, b.Entries...)
	m.ledger = append(m.ledger, b.Ledger...)
	for _, r := range b.Runs {
		m.runs[r.ID] = r
	}
	for _, x := range b.Executions {
		m.executions[x.Key] = x
	}
	for _, k := range b.Unwaits {
		delete(m.waits, k)
	}
	for _, w := range b.Waits {
		m.waits[machine.WaitKey{Run: w.Run, Task: w.Task, N: w.N}] = w
	}
	for _, r := range b.Rules {
		m.rules[ruleKey{r.Run, r.Rule}] = r
		if !slices.ContainsFunc(r.State, func(n machine.NodeState) bool { return n != machine.NodeState{} }) {
			delete(m.rules, ruleKey{r.Run, r.Rule})
		}
	}
	for _, t := range b.Untimers {
		delete(m.timers, timerKey{t.Kind, t.Key})
	}
	for _, t := range b.Timers {
		m.timers[timerKey{t.Kind, t.Key}] = t
	}
	for _, w := range b.Workflows {
		m.workflows[[2]string{w.Namespace, w.Name}] = w
	}
	m.cursor = b.Cursor
}

func sorted[K comparable, V any](rows map[K]V, order func(a, b V) int) []V {
	return slices.SortedFunc(maps.Values(rows), order)
}

func byKey(a, b freshet.Key) int {
	return cmp.Or(cmp.Compare(a.Run, b.Run), cmp.Compare(a.Task, b.Task), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Item, b.Item), cmp.Compare(a.Try, b.Try))
}

func (m *memory) snapshot(leader int64) *store.Snapshot {
	snap := &store.Snapshot{Cursor: m.cursor, Leader: leader}
	if n := len(m.journal); n > 0 {
		snap.Last = m.journal[n-1].Offset
	}
	snap.Workflows = sorted(m.workflows, func(a, b machine.WorkflowRow) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	for _, t := range m.timers {
		if snap.NextDue.IsZero() || t.Due.Before(snap.NextDue) {
			snap.NextDue = t.Due
		}
	}
	for _, r := range m.sortedRuns() {
		if r.EndedAt.IsZero() {
			snap.Runs = append(snap.Runs, m.run(r.ID))
		}
	}
	return snap
}

func (m *memory) sortedRuns() []machine.RunRow {
	return sorted(m.runs, func(a, b machine.RunRow) int { return cmp.Compare(a.ID, b.ID) })
}

func (m *memory) run(id int64) store.RunSnapshot {
	s := store.RunSnapshot{Row: m.runs[id]}
	for _, x := range sorted(m.executions, func(a, b *machine.Execution) int { return byKey(a.Key, b.Key) }) {
		if x.Key.Run == id && x.Held {
			s.Held = append(s.Held, x)
		}
	}
	for _, w := range sorted(m.waits, func(a, b machine.Wait) int { return cmp.Or(cmp.Compare(a.Task, b.Task), cmp.Compare(a.N, b.N)) }) {
		if w.Run == id {
			s.Waits = append(s.Waits, w)
		}
	}
	for _, r := range sorted(m.rules, func(a, b machine.RuleRow) int { return cmp.Compare(a.Rule, b.Rule) }) {
		if r.Run == id {
			s.Rules = append(s.Rules, r)
		}
	}
	return s
}

// model applies random batches to a store and to its model, crashes now and
// then, and compares all that can be read.
func model(t *testing.T, place func(t *testing.T) Opener) {
	rapid.Check(t, func(rt *rapid.T) {
		open := place(t)
		s := &shard{t: rt, open: open}
		s.crash()
		d := &drawer{t: rt, memory: newMemory()}
		for range rapid.IntRange(1, 6).Draw(rt, "batches") {
			b := d.batch()
			s.commit(b)
			d.commit(b)
			if rapid.Bool().Draw(rt, "crash") {
				old := s.Store
				same(rt, "snapshot", s.crash(), d.snapshot(s.leader))
				if err := old.Close(); err != nil {
					rt.Fatal(err)
				}
			}
			d.compare(s)
		}
		same(rt, "snapshot", s.load(), d.snapshot(s.leader))
	})
}

// compare reads in every way.
func (d *drawer) compare(s *shard) {
	ctx := s.t.Context()
	same(d.t, "journal", must[[]machine.Entry](d.t)(s.Journal(ctx, 0, 0)), d.journal)
	for id := range d.runs {
		same(d.t, "run", must[*store.RunSnapshot](d.t)(s.LoadRun(ctx, id)), ptr(d.run(id)))
	}
	f := d.eventFilter()
	var events []freshet.Event
	for i := range d.journal {
		if picks(f, &d.journal[i]) {
			events = append(events, *d.journal[i].Event)
		}
	}
	if f.Limit > 0 && len(events) > f.Limit {
		if f.Newest {
			events = events[len(events)-f.Limit:]
		} else {
			events = events[:f.Limit]
		}
	}
	same(d.t, fmt.Sprintf("events %+v", f), must[[]freshet.Event](d.t)(s.Events(ctx, f)), events)

	g := d.runFilter()
	var want, got []int64
	for _, r := range slices.Backward(d.sortedRuns()) {
		if keeps(g, &r) && (g.Limit == 0 || len(want) < g.Limit) {
			want = append(want, r.ID)
		}
	}
	for _, r := range must[[]freshet.Run](d.t)(s.Runs(ctx, g)) {
		got = append(got, r.ID)
	}
	same(d.t, fmt.Sprintf("runs %+v", g), got, want)
	due, _, err := s.Due(ctx, at(d.seconds), 1000)
	if err != nil {
		d.t.Fatal(err)
	}
	n := 0
	for _, t := range d.timers {
		if !t.Due.After(at(d.seconds)) {
			n++
		}
	}
	same(d.t, "due timers", len(due), n)
	for _, e := range d.journal {
		var rows []store.LedgerRow
		for _, r := range d.ledger {
			if r.Offset == e.Offset {
				rows = append(rows, r)
			}
		}
		same(d.t, "ledger", must[[]store.LedgerRow](d.t)(s.LedgerOf(ctx, e.Offset, 0)), rows)
	}
}

func ptr[T any](v T) *T { return &v }
