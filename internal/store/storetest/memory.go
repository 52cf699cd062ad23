package storetest

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// memory is a store as simple as it can be.
type memory struct {
	journal    []machine.Entry
	ledger     []store.LedgerRow
	runs       map[int64]machine.RunRow
	executions map[freshet.Key]*machine.Execution
	waits      map[machine.WaitKey]machine.Wait
	rules      map[ruleKey]machine.RuleState // without marks
	marks      map[markKey]machine.MarkRow
	timers     map[machine.Timer]time.Time // when each, without its due time, is due
	workflows  map[store.WorkflowID]machine.WorkflowRow
	triggers   map[int64]machine.TriggerRow
	spaces     map[string]machine.NamespaceRow
	places     map[machine.PlaceKey]machine.PlaceRow
	cursor     store.Cursor
}

type ruleKey struct{ run, rule int64 }

type markKey struct {
	machine.NodeKey
	n int64
}

func newMemory() *memory {
	return &memory{runs: map[int64]machine.RunRow{}, executions: map[freshet.Key]*machine.Execution{},
		waits: map[machine.WaitKey]machine.Wait{}, rules: map[ruleKey]machine.RuleState{}, marks: map[markKey]machine.MarkRow{},
		timers: map[machine.Timer]time.Time{}, workflows: map[store.WorkflowID]machine.WorkflowRow{},
		triggers: map[int64]machine.TriggerRow{}, spaces: map[string]machine.NamespaceRow{"default": {Name: "default"}},
		places: map[machine.PlaceKey]machine.PlaceRow{}}
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
	for _, h := range b.Unheld {
		for k, x := range m.executions {
			if k.Run == h.Run && k.Task == h.Task && k.Seq == h.Seq && k.Item != freshet.NoItem {
				c := *x
				c.Held = false
				m.executions[k] = &c
			}
		}
	}
	for _, k := range b.Unwaits {
		delete(m.waits, k)
	}
	for _, w := range b.Waits {
		m.waits[machine.WaitKey{Run: w.Run, Task: w.Task, N: w.N}] = w
	}
	m.remember(b)
	for _, f := range b.Unflows {
		delete(m.workflows, f.WorkflowID)
	}
	for _, w := range b.Workflows {
		m.workflows[store.WorkflowID{Namespace: w.Namespace, Name: w.Name}] = w
	}
	for _, name := range b.Unspaces {
		delete(m.spaces, name)
	}
	for _, n := range b.Spaces {
		m.spaces[n.Name] = n
	}
	for _, k := range b.Unplaces {
		delete(m.places, k)
	}
	for _, p := range b.Places {
		m.places[p.PlaceKey] = p
	}
	for _, t := range b.Triggers {
		m.triggers[t.ID] = t
	}
	for _, id := range b.Untriggers {
		m.forget(id)
	}
	m.cursor = b.Cursor
}

// remember keeps what rules remember and wait for.
func (m *memory) remember(b *store.Batch) {
	for _, r := range b.Rules {
		delete(m.rules, ruleKey{r.Run, r.Rule})
		if slices.ContainsFunc(r.State, func(n machine.NodeState) bool { return n.Stored() || len(n.Marks) > 0 }) {
			m.rules[ruleKey{r.Run, r.Rule}] = unmarked(r.State)
		}
	}
	for _, c := range b.Unmarks {
		maps.DeleteFunc(m.marks, func(k markKey, _ machine.MarkRow) bool { return k.NodeKey == c.NodeKey && k.n < c.Before })
	}
	for _, k := range b.Marks {
		m.marks[markKey{k.NodeKey, k.N}] = k
	}
	for _, t := range b.Untimers {
		delete(m.timers, undue(t))
	}
	for _, t := range b.Timers {
		m.timers[undue(t)] = t.Due
	}
}

// forget drops a trigger with what it remembers and waits for.
func (m *memory) forget(id int64) {
	delete(m.triggers, id)
	delete(m.rules, ruleKey{0, id})
	maps.DeleteFunc(m.marks, func(k markKey, _ machine.MarkRow) bool { return k.Run == 0 && k.Rule == id })
	maps.DeleteFunc(m.timers, func(t machine.Timer, _ time.Time) bool {
		return t.Key.Run == 0 && t.Kind == machine.RuleTimer && t.Rule == id
	})
}

func unmarked(st machine.RuleState) machine.RuleState {
	st = slices.Clone(st)
	for i := range st {
		st[i].Marks = nil
	}
	return st
}

// undue is what makes two timers one.
func undue(t machine.Timer) machine.Timer {
	t.Due = time.Time{}
	return t
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
	snap.Spaces = m.sortedSpaces()
	snap.Places = m.sortedPlaces()
	for _, t := range m.sortedTriggers() {
		snap.Triggers = append(snap.Triggers, m.trigger(t.ID))
	}
	for _, due := range m.timers {
		if snap.NextDue.IsZero() || due.Before(snap.NextDue) {
			snap.NextDue = due
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

func (m *memory) sortedPlaces() []machine.PlaceRow {
	return sorted(m.places, func(a, b machine.PlaceRow) int {
		return cmp.Or(cmp.Compare(a.Since, b.Since), cmp.Compare(a.Nth, b.Nth))
	})
}

func (m *memory) sortedTriggers() []machine.TriggerRow {
	return sorted(m.triggers, func(a, b machine.TriggerRow) int { return cmp.Compare(a.ID, b.ID) })
}

func (m *memory) sortedSpaces() []machine.NamespaceRow {
	return sorted(m.spaces, func(a, b machine.NamespaceRow) int { return cmp.Compare(a.Name, b.Name) })
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
	for rule := range int64(rulesOfARun) {
		if st := m.state(id, rule); st != nil {
			s.Rules = append(s.Rules, machine.RuleRow{Run: id, Rule: rule, State: st})
		}
	}
	s.Dues = m.dues(func(k machine.NodeKey) bool { return k.Run == id })
	s.Later = m.timers[machine.Timer{Kind: machine.RunStartTimer, Key: freshet.Key{Run: id}}]
	return s
}

func (m *memory) trigger(id int64) store.TriggerSnapshot {
	return store.TriggerSnapshot{Row: m.triggers[id], State: m.state(0, id),
		Dues: m.dues(func(k machine.NodeKey) bool { return k.Run == 0 && k.Rule == id })}
}

// state joins the marks to what a rule remembers.
func (m *memory) state(run, rule int64) machine.RuleState {
	st := unmarked(m.rules[ruleKey{run, rule}])
	for _, k := range sorted(m.marks, func(a, b machine.MarkRow) int { return cmp.Compare(a.N, b.N) }) {
		if k.Run != run || k.Rule != rule {
			continue
		}
		for len(st) <= k.Node {
			st = append(st, machine.NodeState{})
		}
		st[k.Node].Marks = append(st[k.Node].Marks, k.Mark)
	}
	return st
}

func (m *memory) dues(of func(machine.NodeKey) bool) machine.Dues {
	var dues machine.Dues
	for t, due := range m.timers {
		if t.Kind == machine.RuleTimer && of(t.NodeKey()) {
			if dues == nil {
				dues = machine.Dues{}
			}
			dues[t.NodeKey()] = due
		}
	}
	return dues
}
