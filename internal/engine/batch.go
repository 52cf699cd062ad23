package engine

import (
	"maps"
	"slices"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// batch collects what a transaction will store: each row once, as it is in
// the end, in the order in which rows were first touched.
type batch struct {
	entries  []machine.Entry
	ledger   []store.LedgerRow
	runs     rows[int64, machine.RunRow]
	execs    rows[freshet.Key, *machine.Execution]
	waits    rows[machine.WaitKey, *machine.Wait] // nil: deleted
	rules    rows[ruleKey, machine.RuleRow]
	timers   rows[timerKey, *machine.Timer]               // nil: deleted
	flows    rows[store.WorkflowID, *machine.WorkflowRow] // nil: deleted
	vers     []machine.VersionRow
	cuts     rows[machine.NodeKey, machine.MarkCut] // carried out before marks are added
	marks    map[machine.NodeKey][]machine.MarkRow
	trigs    rows[int64, *machine.TriggerRow]    // nil: deleted
	spaces   rows[string, *machine.NamespaceRow] // nil: deleted
	unflows  []store.Unflow
	unspaces []string
	unruns   []int64
	unheld   []machine.HeldKey
	places   rows[machine.PlaceKey, *machine.PlaceRow] // nil: deleted
	size     int
}

type ruleKey struct{ run, rule int64 }

// timerKey is a timer without its due time.
type timerKey machine.Timer

func keyOf(t *machine.Timer) timerKey {
	k := timerKey(*t)
	k.Due = time.Time{}
	return k
}

// rows keeps the newest value of each key, in the order of the keys' first
// appearance.
type rows[K comparable, V any] struct {
	at   map[K]int
	keys []K
	list []V
}

func (r *rows[K, V]) put(k K, v V) {
	if i, ok := r.at[k]; ok {
		r.list[i] = v
		return
	}
	if r.at == nil {
		r.at = map[K]int{}
	}
	r.at[k] = len(r.list)
	r.keys = append(r.keys, k)
	r.list = append(r.list, v)
}

func (r *rows[K, V]) get(k K) (v V, ok bool) {
	i, ok := r.at[k]
	if ok {
		v = r.list[i]
	}
	return v, ok
}

// add takes over what a decision changes.
func (b *batch) add(d *machine.Decision) {
	if d.Run != nil {
		b.runs.put(d.Run.ID, *d.Run)
	}
	for _, row := range d.NewRuns {
		b.runs.put(row.ID, row)
	}
	for _, x := range d.Executions {
		b.execs.put(x.Key, x)
	}
	for _, k := range d.Unwaits {
		b.waits.put(k, nil)
	}
	for i := range d.Waits {
		w := &d.Waits[i]
		b.waits.put(machine.WaitKey{Run: w.Run, Task: w.Task, N: w.N}, w)
	}
	for _, r := range d.Rules {
		b.rules.put(ruleKey{r.Run, r.Rule}, r)
	}
	for _, t := range d.Untimers {
		b.timers.put(keyOf(&t), nil)
	}
	for i := range d.Timers {
		t := &d.Timers[i]
		b.timers.put(keyOf(t), t)
	}
	for i := range d.Workflows {
		w := &d.Workflows[i]
		b.flows.put(store.WorkflowID{Namespace: w.Namespace, Name: w.Name}, w)
	}
	b.vers = append(b.vers, d.Versions...)
	b.addMarks(d)
	b.unheld = append(b.unheld, d.Unheld...)
	for _, id := range d.Untriggers {
		b.trigs.put(id, nil)
	}
	for i := range d.Triggers {
		b.trigs.put(d.Triggers[i].ID, &d.Triggers[i])
	}
	for _, k := range d.Unplaces {
		b.places.put(k, nil)
	}
	for i := range d.Places {
		b.places.put(d.Places[i].PlaceKey, &d.Places[i])
	}
	if d.Space != nil {
		b.spaces.put(d.Space.Name, d.Space)
	}
	b.size += 1 + len(d.NewRuns) + len(d.Executions) + len(d.Waits) + len(d.Unwaits) + len(d.Rules) + len(d.Timers) + len(d.Emit) + len(d.Marks) + len(d.Triggers) +
		len(d.Places) + len(d.Unplaces)
}

// addMarks takes over marks and cuts in their order: what an earlier decision
// of the batch added and a later one cut is never stored.
func (b *batch) addMarks(d *machine.Decision) {
	for _, c := range d.Unmarks {
		if len(b.marks[c.NodeKey]) > 0 {
			b.marks[c.NodeKey] = slices.DeleteFunc(b.marks[c.NodeKey], func(m machine.MarkRow) bool { return m.N < c.Before })
		}
		if old, ok := b.cuts.get(c.NodeKey); ok {
			c.Before = max(c.Before, old.Before)
		}
		b.cuts.put(c.NodeKey, c)
	}
	for _, m := range d.Marks {
		if b.marks == nil {
			b.marks = map[machine.NodeKey][]machine.MarkRow{}
		}
		b.marks[m.NodeKey] = append(b.marks[m.NodeKey], m)
	}
}

// empty tells whether there is nothing to store.
func (b *batch) empty() bool { return len(b.entries) == 0 && b.size == 0 }

// there are the rows that are not deleted.
func there[T any](list []*T) (rows []T) {
	for _, row := range list {
		if row != nil {
			rows = append(rows, *row)
		}
	}
	return rows
}

// store is the batch as the store takes it.
func (b *batch) store(c store.Cursor, leader int64) *store.Batch {
	s := &store.Batch{Entries: b.entries, Ledger: b.ledger, Runs: b.runs.list, Executions: b.execs.list,
		Workflows: there(b.flows.list), Versions: b.vers, Rules: b.rules.list,
		Spaces: there(b.spaces.list), Unflows: b.unflows, Unruns: b.unruns, Unspaces: b.unspaces, Unheld: b.unheld, Cursor: c, Leader: leader}
	s.Unmarks = b.cuts.list
	for _, k := range slices.SortedFunc(maps.Keys(b.marks), machine.NodeKey.Compare) {
		s.Marks = append(s.Marks, b.marks[k]...)
	}
	for i, t := range b.trigs.list {
		if t != nil {
			s.Triggers = append(s.Triggers, *t)
		} else {
			s.Untriggers = append(s.Untriggers, b.trigs.keys[i])
		}
	}
	for i, p := range b.places.list {
		if p != nil {
			s.Places = append(s.Places, *p)
		} else {
			s.Unplaces = append(s.Unplaces, b.places.keys[i])
		}
	}
	for i, w := range b.waits.list {
		if w != nil {
			s.Waits = append(s.Waits, *w)
		} else {
			s.Unwaits = append(s.Unwaits, b.waits.keys[i])
		}
	}
	for i, t := range b.timers.list {
		if t != nil {
			s.Timers = append(s.Timers, *t)
		} else {
			s.Untimers = append(s.Untimers, machine.Timer(b.timers.keys[i]))
		}
	}
	return s
}
