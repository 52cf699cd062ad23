package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
	"github.com/freshet/freshet/internal/store/sqlite"
)

// many measures lists, explanations, start-up and memory on a home with very
// many ended runs and events, beside a home with few, in the same run.
func many(ctx context.Context, b *bench) error {
	few, fewStart, fewMemory, err := b.filled(ctx, "few", 1000, 10_000)
	if err != nil {
		return err
	}
	lots, start, memory, err := b.filled(ctx, "many", b.runs, b.events)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%d runs, %d events: ", b.runs, b.events)
	b.add(what+"server start", ms(start), ms(fewStart)+" with few", "under 500 ms", start < 500*time.Millisecond)
	b.add(what+"memory after all that", fmt.Sprintf("%.1f MB", float64(memory)/1e6), fmt.Sprintf("%.1f MB with few", float64(fewMemory)/1e6), "under 100 MB", memory < 100e6)
	for i, l := range lots {
		b.add(what+l.name, ms(l.took), ms(few[i].took)+" with few", "under 50 ms", l.took < 50*time.Millisecond)
	}
	return nil
}

// look is one thing that is looked at, and how long that took at the median.
type look struct {
	name string
	took time.Duration
}

func (b *bench) filled(ctx context.Context, name string, runs, events int) (list []look, start time.Duration, memory int64, err error) {
	s, _, err := b.serve(ctx, name)
	if err != nil {
		return nil, 0, 0, err
	}
	if err := s.keepMany(ctx); err != nil {
		return nil, 0, 0, err
	}
	if err := s.stop(); err != nil {
		return nil, 0, 0, err
	}
	begin := time.Now()
	if err := fill(ctx, s.home, runs, events); err != nil {
		return nil, 0, 0, fmt.Errorf("fill %s: %w", name, err)
	}
	info, err := os.Stat(filepath.Join(s.home, "freshet.db"))
	if err != nil {
		return nil, 0, 0, err
	}
	fmt.Fprintf(os.Stderr, "  %s: filled in %s, %d MB\n", name, time.Since(begin).Round(time.Second), info.Size()>>20)
	var starts []time.Duration
	for range 3 {
		if s, start, err = b.serve(ctx, name); err != nil {
			return nil, 0, 0, err
		}
		starts = append(starts, start)
		if len(starts) < 3 {
			if err := s.stop(); err != nil {
				return nil, 0, 0, err
			}
		}
	}
	defer s.stop()
	if list, err = s.lookAll(ctx, runs, events); err != nil {
		return nil, 0, 0, err
	}
	memory, err = s.memory()
	return list, quantile(starts, 0.5), memory, err
}

// manyFlows is over how many workflows the runs are spread.
const manyFlows = 50

func (s *served) keepMany(ctx context.Context) error {
	for i := range manyFlows {
		if err := s.keep(ctx, fmt.Sprintf("name: w%d\non: {event: start%d}\ntasks:\n  a: {expr: {n: \"1\"}}\n  b: {after: a, expr: {n: \"2\"}}\n", i, i)); err != nil {
			return err
		}
	}
	return nil
}

// lookAll looks at every list, its first and a deep page, and at what is said of
// something old.
func (s *served) lookAll(ctx context.Context, runs, events int) ([]look, error) {
	const times = 15
	old, deep := int64(runs/10), int64(runs/2)
	middle := int64(events / 2)
	asks := []struct {
		name string
		do   func() error
	}{
		{"runs", s.runs(ctx, client.RunQuery{})},
		{"runs, deep", s.runs(ctx, client.RunQuery{Before: deep})},
		{"runs of a namespace, deep", s.runs(ctx, client.RunQuery{Namespace: "default", Before: deep})},
		{"runs of a workflow", s.runs(ctx, client.RunQuery{Namespace: "default", Workflow: "w7"})},
		{"runs of a workflow, deep", s.runs(ctx, client.RunQuery{Namespace: "default", Workflow: "w7", Before: deep})},
		{"runs that failed, deep", s.runs(ctx, client.RunQuery{Status: []freshet.Status{freshet.Failed}, Before: deep})},
		{"runs that are alive", s.runs(ctx, client.RunQuery{Status: []freshet.Status{freshet.Running, freshet.Queued}})},
		{"runs of a workflow that failed, deep", s.runs(ctx, client.RunQuery{Namespace: "default", Workflow: "w7", Status: []freshet.Status{freshet.Failed}, Before: deep})},
		{"an old run", func() error { _, err := s.Run(ctx, old); return err }},
		{"tasks of an old run", func() error { _, err := s.Tasks(ctx, old, 0); return err }},
		{"why an old run", func() error { _, err := s.WhyRun(ctx, old); return err }},
		{"why a task of an old run", func() error { _, err := s.WhyTask(ctx, old, "b"); return err }},
		{"why an old event", func() error { _, err := s.WhyEvent(ctx, middle); return err }},
		{"why a workflow", func() error { _, err := s.WhyWorkflow(ctx, "default", "w7"); return err }},
		{"events", s.events(ctx, client.EventQuery{})},
		{"events, deep", s.events(ctx, client.EventQuery{Before: middle})},
		{"events, oldest", s.events(ctx, client.EventQuery{Oldest: true})},
		{"events of a key", s.events(ctx, client.EventQuery{Namespace: "default", Keys: []string{"key7"}})},
		{"events of a key, deep", s.events(ctx, client.EventQuery{Namespace: "default", Keys: []string{"key7"}, Before: middle})},
		{"events of a rare key", s.events(ctx, client.EventQuery{Namespace: "default", Keys: []string{"rare"}})},
		{"events of a sender, deep", s.events(ctx, client.EventQuery{Namespace: "default", Sender: "sender1", Before: middle})},
		{"events of a key and a sender, deep", s.events(ctx, client.EventQuery{Namespace: "default", Keys: []string{"key7"}, Sender: "sender1", Before: middle})},
		{"events of a rare key and a sender", s.events(ctx, client.EventQuery{Namespace: "default", Keys: []string{"rare"}, Sender: "sender1"})},
		{"events from outside, deep", s.events(ctx, client.EventQuery{Namespace: "default", HasSender: true, Before: middle})},
		{"events of a run", s.events(ctx, client.EventQuery{Run: old})},
		{"events since a time", s.events(ctx, client.EventQuery{Since: manyBegan.Add(time.Duration(middle) * time.Second), Oldest: true})},
		{"workflows", func() error { _, err := s.Workflows(ctx, client.WorkflowQuery{}); return err }},
		{"a workflow with its versions", func() error { _, err := s.Workflow(ctx, "default", "w7"); return err }},
		{"triggers", func() error { _, err := s.Triggers(ctx, client.TriggerQuery{}); return err }},
		{"namespaces", func() error { _, err := s.Namespaces(ctx); return err }},
		{"keys that begin so", func() error { _, err := s.Names(ctx, "key", "default", "key1"); return err }},
		{"server status", func() error { _, err := s.Server(ctx); return err }},
	}
	var list []look
	for _, a := range asks {
		var took []time.Duration
		for range times {
			begin := time.Now()
			if err := a.do(); err != nil {
				return nil, fmt.Errorf("%s: %w", a.name, err)
			}
			took = append(took, time.Since(begin))
		}
		list = append(list, look{a.name, quantile(took, 0.5)})
	}
	return list, nil
}

func (s *served) runs(ctx context.Context, q client.RunQuery) func() error {
	return func() error { _, err := s.Runs(ctx, q); return err }
}

func (s *served) events(ctx context.Context, q client.EventQuery) func() error {
	return func() error { _, err := s.EventPage(ctx, q); return err }
}

// manyBegan is when the journal of a filled home begins.
var manyBegan = freshet.Time(time.Now().Add(-20 * 24 * time.Hour))

// fill writes ended runs, with two executions and what was decided, and events
// between them, as a server would have: by the store's own Commit.
func fill(ctx context.Context, home string, runs, events int) error {
	db, err := sqlite.Open(ctx, filepath.Join(home, "freshet.db"), sqlite.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	snap, err := db.Load(ctx)
	if err != nil {
		return err
	}
	f := &filler{cursor: snap.Cursor, leader: snap.Leader, offset: max(snap.Last, snap.Cursor.Offset)}
	for _, w := range snap.Workflows {
		if strings.HasPrefix(w.Name, "w") {
			f.flows = append(f.flows, w)
		}
	}
	perRun := max(1, events/runs)
	step := time.Since(manyBegan) / time.Duration(events+2*runs+1)
	f.step = max(step, time.Microsecond)
	for id := int64(1); id <= int64(runs); id++ {
		for range perRun {
			f.event()
		}
		f.run(id)
		if len(f.b.Entries) >= 20_000 || id == int64(runs) {
			if err := f.commit(ctx, db); err != nil {
				return err
			}
		}
	}
	return nil
}

// filler makes rows.
type filler struct {
	cursor store.Cursor
	leader int64
	offset int64
	step   time.Duration
	flows  []machine.WorkflowRow
	b      store.Batch
}

func (f *filler) commit(ctx context.Context, db *sqlite.Store) error {
	f.cursor.Offset, f.cursor.Time = f.offset, f.now()
	f.b.Cursor, f.b.Leader = f.cursor, f.leader
	err := db.Commit(ctx, &f.b)
	f.b = store.Batch{}
	return err
}

func (f *filler) now() time.Time {
	return freshet.Time(manyBegan.Add(time.Duration(f.offset) * f.step))
}

func (f *filler) entry(kind machine.Kind, run int64) *machine.Entry {
	f.offset++
	f.b.Entries = append(f.b.Entries, machine.Entry{Offset: f.offset, Namespace: "default", Kind: kind, Time: f.now(), Run: run})
	return &f.b.Entries[len(f.b.Entries)-1]
}

func (f *filler) event() {
	e := f.entry(machine.EventHappened, 0)
	ev := &freshet.Event{Offset: e.Offset, Namespace: e.Namespace, Key: fmt.Sprint("key", e.Offset%1000), Value: `{"x": 1}`, Time: e.Time}
	switch {
	case e.Offset%1_000_003 == 7:
		ev.Key = "rare"
	case e.Offset%4 == 0:
		ev.Sender = fmt.Sprint("sender", e.Offset/4%10)
	}
	e.Event = ev
}

func (f *filler) run(id int64) {
	w := f.flows[int(id)%len(f.flows)]
	start := f.entry(machine.StartRun, id)
	start.Body.Start = &machine.RunStart{Workflow: w.Name, Version: w.Version, Type: freshet.Manual}
	began, at := start.Time, start.Offset
	status := freshet.Success
	switch {
	case id%50 == 0:
		status = freshet.Failed
	case id%1000 == 1:
		status = freshet.Stopped
	}
	f.b.Ledger = append(f.b.Ledger, store.LedgerRow{Offset: at, Namespace: "default", Run: id, Outcomes: []freshet.Outcome{
		{Task: "a", Rule: -1, Result: freshet.Fired, Action: "start", Seq: 1}, {Task: "b", Rule: 0, Result: freshet.Fired, Action: "start", Seq: 1}}})
	for i, task := range []string{"a", "b"} {
		f.b.Executions = append(f.b.Executions, &machine.Execution{Key: freshet.Key{Run: id, Task: task, Item: freshet.NoItem, Seq: 1, Try: 1},
			Status: freshet.Success, QueuedAt: began, StartedAt: began, EndedAt: began, Outputs: map[string]any{"n": int64(i)}, Held: true})
	}
	end := f.entry(machine.RunEnded, id)
	end.Cause, end.Body.Status, end.Body.Workflow = at, status, w.Name
	f.b.Runs = append(f.b.Runs, machine.RunRow{ID: id, Namespace: "default", Workflow: w.Name, Version: w.Version, Status: status, Type: freshet.Manual,
		CreatedAt: began, StartedAt: began, EndedAt: end.Time})
	f.cursor.NextRun = id + 1
}
