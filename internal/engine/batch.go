package engine

import (
	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// batch collects what a transaction will store: each row once, as it is in
// the end, in the order in which rows were first touched.
type batch struct {
	entries []machine.Entry
	ledger  []store.LedgerRow
	runs    rows[int64, machine.RunRow]
	execs   rows[freshet.Key, *machine.Execution]
	waits   rows[machine.WaitKey, *machine.Wait] // nil: deleted
	rules   rows[ruleKey, machine.RuleRow]
	timers  rows[timerKey, *machine.Timer] // nil: deleted
	flows   rows[string, machine.WorkflowRow]
	vers    []machine.VersionRow
	size    int
}

type ruleKey struct {
	run  int64
	rule int
}

type timerKey struct {
	kind machine.TimerKind
	key  freshet.Key
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
		b.timers.put(timerKey{t.Kind, t.Key}, nil)
	}
	for i := range d.Timers {
		t := &d.Timers[i]
		b.timers.put(timerKey{t.Kind, t.Key}, t)
	}
	for _, w := range d.Workflows {
		b.flows.put(w.Namespace+"/"+w.Name, w)
	}
	b.vers = append(b.vers, d.Versions...)
	b.size += 1 + len(d.NewRuns) + len(d.Executions) + len(d.Waits) + len(d.Unwaits) + len(d.Rules) + len(d.Timers) + len(d.Emit)
}

// empty tells whether there is nothing to store.
func (b *batch) empty() bool { return len(b.entries) == 0 && b.size == 0 }

// store is the batch as the store takes it.
func (b *batch) store(c store.Cursor, leader int64) *store.Batch {
	s := &store.Batch{Entries: b.entries, Ledger: b.ledger, Runs: b.runs.list, Executions: b.execs.list,
		Workflows: b.flows.list, Versions: b.vers, Rules: b.rules.list, Cursor: c, Leader: leader}
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
			k := b.timers.keys[i]
			s.Untimers = append(s.Untimers, machine.Timer{Kind: k.kind, Key: k.key})
		}
	}
	return s
}
