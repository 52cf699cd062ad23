package storetest

import (
	"fmt"
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
		(f.Workflow == "" || f.Place == "" || r.Place == f.Place) &&
		!r.CreatedAt.Before(f.Since) &&
		(f.Before == 0 || r.ID < f.Before)
}

// matches is what a TriggerFilter means.
func matches(f store.TriggerFilter, t *machine.TriggerRow) bool {
	return (f.Namespace == "" || t.Namespace == f.Namespace) && (f.Workflow == "" || t.Workflow == f.Workflow) &&
		(f.Kind == "" || t.Kind == f.Kind) && t.ID > f.After && (f.Before == 0 || t.ID < f.Before)
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
		if !t.After(at(d.seconds)) {
			n++
		}
	}
	same(d.t, "due timers", len(due), n)
	for _, t := range due {
		want := d.runs[t.Key.Run].Namespace
		if t.Key.Run == 0 {
			want = d.triggers[t.Rule].Namespace
		}
		same(d.t, "namespace of a timer", t.Namespace, want)
	}
	d.compareTriggers(s)
	d.comparePlaces(s)
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

// compareTriggers reads what starts runs, and where.
func (d *drawer) compareTriggers(s *shard) {
	ctx := s.t.Context()
	f := d.triggerFilter()
	var want []freshet.Trigger
	sorted := d.sortedTriggers()
	if f.Before != 0 {
		slices.Reverse(sorted)
	}
	for _, t := range sorted {
		same(d.t, "trigger", must[*store.TriggerSnapshot](d.t)(s.Trigger(ctx, t.ID)), ptr(d.trigger(t.ID)))
		if matches(f, &t) && (f.Limit == 0 || len(want) < f.Limit) {
			want = append(want, d.shown(t))
		}
	}
	same(d.t, fmt.Sprintf("triggers %+v", f), must[[]freshet.Trigger](d.t)(s.Triggers(ctx, f)), want)
	var spaces []freshet.Namespace
	for _, n := range d.sortedSpaces() {
		shown := freshet.Namespace{Name: n.Name, Properties: n.Properties, CreatedAt: n.CreatedAt}
		for id := range d.workflows {
			if id.Namespace == n.Name {
				shown.Workflows++
			}
		}
		spaces = append(spaces, shown)
		same(d.t, "namespace", must[[]freshet.Namespace](d.t)(s.Namespaces(ctx, n.Name)), []freshet.Namespace{shown})
	}
	same(d.t, "namespaces", must[[]freshet.Namespace](d.t)(s.Namespaces(ctx, "")), spaces)
}

// shown is a trigger as a list shows it.
func (m *memory) shown(t machine.TriggerRow) freshet.Trigger {
	s := freshet.Trigger{ID: t.ID, Name: t.Name, Namespace: t.Namespace, Workflow: t.Workflow, Kind: t.Kind, Expression: t.Expression,
		Timezone: t.Timezone, Source: t.Source, Paused: t.Paused, Catchup: t.Catchup, Entry: t.Text, CreatedAt: t.CreatedAt}
	s.Enabled = m.workflows[store.WorkflowID{Namespace: t.Namespace, Name: t.Workflow}].Enabled
	if s.Enabled && !s.Paused {
		for _, due := range m.trigger(t.ID).Dues {
			if s.NextAt == nil || due.Before(*s.NextAt) {
				s.NextAt = &due
			}
		}
	}
	return s
}

func ptr[T any](v T) *T { return &v }
