package sqlite

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

var epoch = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func open1(b *testing.B) (*Store, int64) {
	b.Helper()
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "freshet.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	snap, err := s.Load(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return s, snap.Leader
}

// BenchmarkEvents commits batches of events from outside: a journal row each.
func BenchmarkEvents(b *testing.B) {
	for _, size := range []int{1, 100, 500} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			s, leader := open1(b)
			var at int64
			for b.Loop() {
				batch := &store.Batch{Leader: leader, Entries: make([]machine.Entry, size)}
				for i := range batch.Entries {
					at++
					batch.Entries[i] = event(at, 0, "measured", `{"station": 7, "rain": 3.5}`)
				}
				batch.Cursor = store.Cursor{Offset: at, Time: epoch}
				commit(b, s, batch)
			}
			b.ReportMetric(float64(at)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

func event(at, run int64, key, value string) machine.Entry {
	now := epoch.Add(time.Duration(at) * time.Millisecond)
	return machine.Entry{Offset: at, Namespace: "default", Kind: machine.EventHappened, Time: now, Run: run,
		Event: &freshet.Event{Offset: at, Namespace: "default", Key: key, Value: value, Time: now, RunID: run}}
}

// BenchmarkChain commits the lives of executions without a process to speak
// of: what a chain of `true` writes, in batches as they come when many run at
// once.
func BenchmarkChain(b *testing.B) {
	for _, size := range []int{1, 50} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			s, leader := open1(b)
			var at int64
			n := 0
			for b.Loop() {
				batch := &store.Batch{Leader: leader}
				for range size {
					n++
					at = life(batch, at, n)
				}
				batch.Cursor = store.Cursor{Offset: at, Time: epoch}
				commit(b, s, batch)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "executions/s")
		})
	}
}

// life adds what one execution of a chain writes: it was started, it ended,
// the next one is queued and claimed.
func life(batch *store.Batch, at int64, n int) int64 {
	now := epoch.Add(time.Duration(at) * time.Millisecond)
	key := freshet.Key{Run: int64(n/100 + 1), Task: fmt.Sprintf("t%d", n%100), Item: freshet.NoItem, Seq: 1, Try: 1}
	next := key
	next.Task = fmt.Sprintf("t%d", (n+1)%100)
	next.Run = int64((n+1)/100 + 1)
	report := func(kind machine.Kind) machine.Entry {
		at++
		return machine.Entry{Offset: at, Namespace: "default", Kind: kind, Time: now, Run: key.Run,
			Body: machine.Body{Process: &machine.Process{Task: key.Task, Item: key.Item, Seq: 1, Try: 1, Epoch: 7, Time: now, PID: 4711}}}
	}
	batch.Entries = append(batch.Entries, report(machine.Started), report(machine.Ended))
	batch.Executions = append(batch.Executions,
		&machine.Execution{Key: key, Status: freshet.Success, QueuedAt: now, StartedAt: now, EndedAt: now, HasExit: true, Epoch: 7,
			Node: "local", PID: 4711, Log: "default/chain/1/t1/1.1.log", Executor: "local", Held: true},
		&machine.Execution{Key: next, Status: freshet.Queued, QueuedAt: now, Epoch: 8, Node: "local", Executor: "local", Held: true})
	batch.Ledger = append(batch.Ledger, store.LedgerRow{Offset: at, Namespace: "default", Run: key.Run,
		Outcomes: []freshet.Outcome{{Task: next.Task, Rule: 4, Result: freshet.Fired, Action: "start", Seq: 1}}})
	return at
}

func commit(tb testing.TB, s store.Writer, batch *store.Batch) {
	tb.Helper()
	if err := s.Commit(tb.Context(), batch); err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkLoad loads a thousand runs that are alive, with five tasks each,
// beside as many that have ended.
func BenchmarkLoad(b *testing.B) {
	s, leader := open1(b)
	const runs, tasks = 1000, 5
	for id := int64(1); id <= 2*runs; id += 100 {
		batch := &store.Batch{Leader: leader}
		for r := id; r < id+100; r++ {
			ev := event(r, r, "go", "{}")
			row := machine.RunRow{ID: r, Namespace: "default", Workflow: "w", Version: "v", Status: freshet.Running,
				Type: freshet.Manual, Parameters: map[string]any{"day": "2026-11-20", "n": r}, CreatedAt: epoch, StartedAt: epoch, Event: ev.Event}
			if r%2 == 0 {
				row.Status, row.EndedAt = freshet.Success, epoch
			}
			batch.Entries = append(batch.Entries, ev)
			batch.Runs = append(batch.Runs, row)
			for t := range tasks {
				batch.Executions = append(batch.Executions, &machine.Execution{
					Key: freshet.Key{Run: r, Task: fmt.Sprintf("t%d", t), Item: freshet.NoItem, Seq: 1, Try: 1}, Status: freshet.Running,
					QueuedAt: epoch, StartedAt: epoch, Offset: r, By: []*freshet.Event{ev.Event}, Epoch: 1, Executor: "local", Held: true,
					Call: &machine.Call{Env: [][2]string{{"DAY", "2026-11-20"}}}})
			}
			batch.Rules = append(batch.Rules, machine.RuleRow{Run: r, Rule: 1, State: machine.RuleState{{}, {Event: ev.Event, Count: 2}}})
		}
		commit(b, s, batch)
	}
	b.ResetTimer()
	for b.Loop() {
		snap, err := s.Load(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if len(snap.Runs) != runs || len(snap.Runs[0].Held) != tasks {
			b.Fatal("not all was loaded")
		}
	}
	b.ReportMetric(float64(b.N)*runs*(tasks+2)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkOpen opens a database that is up to date.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "freshet.db")
	for b.Loop() {
		s, err := Open(b.Context(), path, Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
