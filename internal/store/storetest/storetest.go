// Package storetest is what every store has to pass: what Commit has
// acknowledged is there after a crash, exactly as it was; what failed has left
// no trace; one leader commits; and every list gives what its filter says.
package storetest

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// Opener opens one place of storage, as often as it is called: a second call
// without a Close before is what follows a crash.
type Opener func() (store.Store, error)

// Run runs the suite. place makes a new and empty place each time.
func Run(t *testing.T, place func(t *testing.T) Opener) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Opener)
	}{
		{"a new store is empty", empty},
		{"what was committed survives a crash", survives},
		{"a failed batch leaves nothing", failed},
		{"one leader commits", fencing},
		{"the cursor comes back", cursor},
		{"rows change and go", changes},
		{"an event is one object", shared},
		{"numbers keep their type", numbers},
		{"known events", known},
		{"timers", timers},
		{"what runs wait for", watches},
		{"triggers", triggers},
		{"pages of triggers", triggerPages},
		{"namespaces", spaces},
		{"ends of runs are events to who refers to them", ends},
		{"entries", entries},
		{"versions", versions},
		{"pages of runs", runPages},
		{"pages of events", eventPages},
		{"executions", executions},
		{"items", items},
		{"artifacts", artifacts},
		{"the ledger", ledger},
		{"names", names},
		{"size", size},
		{"what is not there", missing},
		{"a run goes with all that there is of it", runsGo},
		{"an entry stays while something needs it", needed},
		{"what is held stays", heldStays},
		{"a workflow goes with its runs and versions", flowsGo},
		{"what can go", canGo},
		{"one leader sweeps", sweepFencing},
		{"what is not in use can be given back", shrinks},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, place(t)) })
	}
	t.Run("a store is its model", func(t *testing.T) { model(t, place) })
	t.Run("a run is its rows", func(t *testing.T) { state(t, place) })
}

// start is when the tests' journals begin.
var start = time.Date(2026, 11, 20, 6, 0, 0, 123456000, time.UTC)

func at(seconds int64) time.Time { return start.Add(time.Duration(seconds) * time.Second) }

// equal compares what is stored with what was given. NaN equals itself, and
// what the machine keeps in memory only is nobody's business.
var equal = cmp.Options{
	cmpopts.IgnoreUnexported(machine.Entry{}, machine.Run{}, machine.Items{}),
	cmpopts.EquateNaNs(),
	cmpopts.EquateEmpty(),
}

// exact tells nil from empty, too.
var exact = cmp.Options{cmpopts.IgnoreUnexported(machine.Entry{})}

// equalNaN tells nil from empty, and holds one NaN for another.
var equalNaN = cmp.Options{cmpopts.EquateNaNs()}

// tester is a test, or a draw of a property's.
type tester interface {
	Helper()
	Error(args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Cleanup(f func())
	Context() context.Context
}

func same(t tester, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, equal); d != "" {
		t.Fatalf("%s (-want +got):\n%s", what, d)
	}
}

// shard is a store with its leader.
type shard struct {
	store.Store
	t      tester
	open   Opener
	leader int64
	offset int64
}

// lead opens the place and takes the lead.
func lead(t tester, open Opener) *shard {
	t.Helper()
	s := &shard{t: t, open: open}
	s.crash()
	return s
}

// crash drops the store as it is, opens the place again and gives what was
// loaded.
func (s *shard) crash() *store.Snapshot {
	s.t.Helper()
	st, err := s.open()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := st.Close(); err != nil {
			s.t.Error(err)
		}
	})
	s.Store = st
	return s.load()
}

func (s *shard) load() *store.Snapshot {
	s.t.Helper()
	snap, err := s.Load(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	s.leader = snap.Leader
	return snap
}

func (s *shard) commit(b *store.Batch) {
	s.t.Helper()
	b.Leader = s.leader
	if err := s.Commit(s.t.Context(), b); err != nil {
		s.t.Fatal(err)
	}
}

// event is the next entry, an event.
func (s *shard) event(namespace, key, sender string, run int64) machine.Entry {
	s.offset++
	return s.entry(namespace, run, &freshet.Event{Key: key, Value: key + " happened", Sender: sender})
}

func (s *shard) entry(namespace string, run int64, ev *freshet.Event) machine.Entry {
	now := at(s.offset)
	ev.Offset, ev.Namespace, ev.Time, ev.RunID = s.offset, namespace, now, run
	return machine.Entry{Offset: s.offset, Namespace: namespace, Kind: machine.EventHappened, Time: now, Run: run, Event: ev}
}

// run is the row of a run that is alive.
func run(id int64, namespace, workflow string, ev *freshet.Event) machine.RunRow {
	return machine.RunRow{ID: id, Namespace: namespace, Workflow: workflow, Version: "3f9a2c", Status: freshet.Running,
		Type: freshet.Manual, CreatedAt: at(id), StartedAt: at(id), Event: ev}
}

func over(r machine.RunRow, status freshet.Status) machine.RunRow {
	r.Status, r.EndedAt, r.Event = status, r.CreatedAt.Add(time.Minute), nil
	return r
}

func execution(run int64, task string, seq, try int, status freshet.Status) *machine.Execution {
	x := &machine.Execution{Key: freshet.Key{Run: run, Task: task, Item: freshet.NoItem, Seq: seq, Try: try}, Status: status,
		QueuedAt: at(int64(seq*10 + try)), Executor: "local", Held: true}
	if status.Final() {
		x.StartedAt, x.EndedAt, x.HasExit = x.QueuedAt.Add(time.Second), x.QueuedAt.Add(2*time.Second), true
	}
	return x
}

// must unwraps a result that has to be there.
func must[T any](t tester) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func code(t tester, what string, err error, want freshet.ErrorCode) {
	t.Helper()
	if got := freshet.CodeOf(err); got != want {
		t.Fatalf("%s: code %q (%v), want %q", what, got, err, want)
	}
}

// values has every sort of value that an expression can give.
func values() map[string]any {
	return map[string]any{
		"whole": int64(2), "real": 2.0, "third": 1.0 / 3, "big": int64(math.MaxInt64), "small": int64(math.MinInt64),
		"huge": 1e300, "endless": math.Inf(1), "less": math.Inf(-1), "zero": 0.0, "none": nil, "yes": true,
		"text": "a \"quoted\" <b>\u2028\x00 ünï 🌊", "list": []any{int64(1), 1.5, "x", nil, []any{}, map[string]any{}},
		"object": map[string]any{"deep": map[string]any{"n": int64(-1), "f": -1.0}},
	}
}
