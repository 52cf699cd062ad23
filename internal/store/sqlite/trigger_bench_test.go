package sqlite

import (
	"fmt"
	"testing"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// schedules commits triggers with a tick each, of a hundred workflows in one
// namespace.
func schedules(b *testing.B, s *Store, leader, n int64) {
	b.Helper()
	batch := &store.Batch{Leader: leader}
	for i := range 100 {
		batch.Workflows = append(batch.Workflows, machine.WorkflowRow{Namespace: "default", Name: fmt.Sprint("w", i), Version: "v", Enabled: true, CreatedAt: epoch})
	}
	for id := int64(1); id <= n; id++ {
		batch.Triggers = append(batch.Triggers, machine.TriggerRow{ID: id, Namespace: "default", Workflow: fmt.Sprint("w", id%100), Name: fmt.Sprint("t", id),
			Kind: freshet.OnSchedule, Expression: "0 6 * * *", Timezone: "Europe/Paris", Catchup: "none", Source: freshet.Added, Hash: fmt.Sprintf("%064d", id),
			Text: "schedule: 0 6 * * *\nwith: {day: 2026-11-20}\n", CreatedAt: epoch, Since: epoch})
		batch.Timers = append(batch.Timers, machine.NodeTimer(machine.NodeKey{Rule: id}, epoch.Add(time.Duration(id)*time.Second)))
		if id%1000 == 0 {
			commit(b, s, batch)
			batch = &store.Batch{Leader: leader}
		}
	}
	commit(b, s, batch)
}

// BenchmarkLoadTriggers loads what a server with 100,000 schedules starts
// with.
func BenchmarkLoadTriggers(b *testing.B) {
	s, leader := open1(b)
	const n = 100_000
	schedules(b, s, leader, n)
	b.ReportAllocs()
	for b.Loop() {
		snap, err := s.Load(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if len(snap.Triggers) != n || len(snap.Triggers[n-1].Dues) != 1 {
			b.Fatal("not all was loaded")
		}
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "triggers/s")
}

// BenchmarkListTriggers reads a page of 5 out of a few and of many triggers,
// at the front and deep inside.
func BenchmarkListTriggers(b *testing.B) {
	for _, n := range []int64{1000, 100_000} {
		s, leader := open1(b)
		schedules(b, s, leader, n)
		for name, f := range map[string]store.TriggerFilter{
			"all":                {},
			"namespace and kind": {Namespace: "default", Kind: freshet.OnSchedule},
			"workflow":           {Namespace: "default", Workflow: "w7"},
		} {
			for _, after := range []int64{0, n / 2} {
				b.Run(fmt.Sprintf("%s/of=%d/after=%d", name, n, after), func(b *testing.B) {
					f.After, f.Limit = after, 5
					for b.Loop() {
						list, err := s.Triggers(b.Context(), f)
						if err != nil || len(list) != 5 {
							b.Fatal(len(list), err)
						}
					}
				})
			}
		}
	}
}
