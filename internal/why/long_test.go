package why_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
)

// many sends an event many times, in batches.
func (w *world) many(key string, n int) {
	w.t.Helper()
	for n > 0 {
		batch := make([]machine.Entry, min(n, 400))
		for i := range batch {
			batch[i] = machine.Entry{Namespace: "default", Kind: machine.EventHappened, Event: &freshet.Event{Namespace: "default", Key: key}}
		}
		if _, err := w.engine.Submit(w.ctx, batch...); err != nil {
			w.t.Fatal(err)
		}
		n -= len(batch)
	}
}

// TestFarBack asks about what happened long before the newest decisions of a
// run: the time of a start leads there.
func TestFarBack(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		id := w.run(`
name: w
ends: never
tasks:
  count: {start: {count: {event: tick, reaches: 100000}, busy: queue}, bash: count}
  early: {start: {event: x, busy: queue}, bash: early}
  next: {after: early, bash: next}
  late: {start: {event: z, if: event.data > 1, busy: queue}, bash: late}
`)
		w.many("tick", 700)
		w.event("z 1", 0, "")
		w.event("x", 0, "")
		w.exit(id, "early", 0)
		w.many("tick", 1700)
		for _, c := range []struct{ task, want string }{
			{"early", "Task early ended in success; it had started because event x arrived."},
			{"next", "its start was decided because task early ended in success."},
			{"late", "Event z arrived at offset 703 with the value 1, but was filtered: event.data > 1 was false."},
			{"count", "Count 2400 of 100000 (event tick)."},
		} {
			e, err := w.why.Task(w.ctx, id, c.task)
			w.check(e, err)
			if !strings.Contains(text(e), c.want) {
				w.t.Errorf("%q is missing in\n%s", c.want, text(e))
			}
		}
	})
}

// TestStopsLooking asks about an event that crowds of others hide, and wants
// to hear how far the look went.
func TestStopsLooking(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		id := w.run("name: w\nends: never\ntasks:\n  t: {start: {all: [{event: tick, if: event.data == 'never'}, {event: x}], busy: queue}, bash: t}\n")
		w.many("tick", 300)
		e, err := w.why.Task(w.ctx, id, "t")
		w.check(e, err)
		for _, want := range []string{"Missing: event x has not arrived since the run began.", "but was filtered: event.data == 'never' was false."} {
			if !strings.Contains(text(e), want) {
				t.Errorf("%q is missing in\n%s", want, text(e))
			}
		}
	})
}

// BenchmarkWide asks about a run of 10,000 tasks in layers.
func BenchmarkWide(b *testing.B) {
	var s strings.Builder
	s.WriteString("name: w\ntasks:\n")
	for i := range 10_000 {
		fmt.Fprintf(&s, "  t%d: {expr: {v: 1}", i)
		if i >= 100 {
			fmt.Fprintf(&s, ", after: [t%d, t%d]", i-100, i-100+(i+1)%100-i%100)
		}
		s.WriteString("}\n")
	}
	s.WriteString("  last: {start: {event: x, busy: queue}, bash: last}\n")
	inBench(b, func(w *world) {
		id := w.run(s.String())
		for _, c := range []struct {
			name string
			ask  func() (freshet.Explanation, error)
		}{
			{"run", func() (freshet.Explanation, error) { return w.why.Run(w.ctx, id) }},
			{"task", func() (freshet.Explanation, error) { return w.why.Task(w.ctx, id, "t9999") }},
			{"waiting", func() (freshet.Explanation, error) { return w.why.Task(w.ctx, id, "last") }},
		} {
			b.Run(c.name, func(b *testing.B) {
				for b.Loop() {
					if _, err := c.ask(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	})
}
