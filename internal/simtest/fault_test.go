package simtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/executor"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// These are faults that other engines had, each with the public report that
// told of it.

// inWorld plays f in a world with one workflow.
func inWorld(t *testing.T, slots int, source string, f func(t *testing.T, w *World)) {
	t.Helper()
	inWorldOf(t, slots, 0, source, f)
}

// inWorldOf bounds what a transaction writes as well.
func inWorldOf(t *testing.T, slots, rows int, source string, f func(t *testing.T, w *World)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t, dir, slots, rows)
		defer w.Close()
		for _, doc := range strings.Split(source, "\n---\n") {
			if err := w.Upload("w.yaml", doc); err != nil {
				t.Fatal(err)
			}
		}
		f(t, w)
		for _, fault := range w.Room.faults {
			t.Error(fault)
		}
	})
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

const queueing = `
name: load
ends: never
tasks:
  each:  {start: {event: e, busy: queue}, bash: "true", env: {V: "${{ event.value }}"}, emit: {key: made, value: "${{ event.value }}"}}
  third: {start: {count: {event: e, reaches: 3}, busy: queue}, bash: "true", env: {V: "${{ event.value }}"}}
  heavy: {start: {sum: {event: e, of: event.data, reaches: 7}, busy: queue}, bash: "true", env: {V: "${{ event.value }}"}}
  both:  {start: {all: [{event: e, if: event.data > 3}, {event: made}], busy: queue}, bash: "true"}
  made:  {start: {event: made, busy: queue}, bash: "true", env: {V: "${{ event.value }}"}}
`

// airflow#56750: what happens depends on the load. The same list of events, as
// fast as can be or slowly, with one slot or a hundred, gives the same
// executions.
func TestSpeedDoesNotMatter(t *testing.T) {
	var want []string
	for _, pace := range []time.Duration{0, 10 * time.Second} {
		for _, slots := range []int{1, 100} {
			inWorld(t, slots, queueing, func(t *testing.T, w *World) {
				must[int64](t)(w.Start("load", "", nil))
				for i := range 20 {
					must[freshet.EventResult](t)(w.Send(freshet.EventRequest{Key: "e", Value: fmt.Sprint(i % 5)}))
					time.Sleep(pace)
					if pace > 0 {
						exitAll(w)
					}
				}
				for range 200 {
					if w.Settle(); !exitAll(w) {
						break
					}
				}
				got := executed(t, w)
				if want == nil {
					want = got
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("pace %v, %d slots (-first +now):\n%s", pace, slots, diff)
				}
			})
		}
	}
	if len(want) < 40 {
		t.Errorf("only %d executions: %v", len(want), want)
	}
}

// executed lists the executions of all runs, but for `both`, which joins two
// streams and so depends on their order.
func executed(t *testing.T, w *World) []string {
	var list []string
	for _, r := range must[[]freshet.Run](t)(w.Runs()) {
		for _, x := range must[[]freshet.Execution](t)(w.Executions(r.ID)) {
			if x.Task != "both" {
				entry := must[*freshet.Event](t)(w.Disk.Event(context.Background(), "default", x.EventOffset))
				list = append(list, fmt.Sprintf("%d %s #%d %s by %s=%s", r.ID, x.Task, x.Seq, x.Status, entry.Key, entry.Value))
			}
		}
	}
	slices.Sort(list)
	return list
}

// exitAll lets every process succeed; false: there is none.
func exitAll(w *World) bool {
	living := w.Room.Living()
	sortKeys(living)
	for _, k := range living {
		w.Room.End(k.Run, k.Task, executor.Report{})
	}
	return len(living) > 0
}

// argo-events#3326, argo-events#1522: events of the same moment are lost, and
// those that are delivered again are done again. A shuffled list with
// everything two or three times, sent by many at once and across a crash,
// gives each event one place and one outcome.
func TestRedelivery(t *testing.T) {
	inWorld(t, 4, queueing, func(t *testing.T, w *World) {
		must[int64](t)(w.Start("load", "", nil))
		rng := rand.New(rand.NewPCG(3, 3))
		var list []freshet.EventRequest
		for i := range 60 {
			r := freshet.EventRequest{ID: fmt.Sprint("id", i), Key: "e", Value: "1"}
			for range 1 + rng.IntN(3) {
				list = append(list, r)
			}
		}
		h := &history{t: t, w: w, events: map[string]freshet.EventResult{}, values: map[string]string{}}
		for round := range 3 {
			rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
			for _, r := range list {
				h.client(func(ctx context.Context) error {
					door, disk := w.Door()
					results, errs, err := door.Send(ctx, "default", []freshet.EventRequest{r, r})
					if err != nil || errs[0] != nil || disk.Dead() {
						return freshet.Errorf(freshet.Unavailable, "again: %v %v", err, errs)
					}
					h.acknowledged(r, results[0])
					h.acknowledged(r, results[1])
					return nil
				})
			}
			if round == 1 {
				w.Disk.Plan(1, CrashAfter)
				synctest.Wait()
				w.Crash()
			}
			w.Settle()
		}
		h.wg.Wait()
		for w.Settle(); exitAll(w); {
			w.Settle()
		}
		if n := len(must[[]freshet.Execution](t)(w.Executions(1))); n < 60 {
			t.Errorf("60 events made %d executions", n)
		}
		a := must[*audit](t)(newAudit(w))
		a.events(h.events, h.values)
		a.stuck()
		a.executions()
		for _, f := range a.faults {
			t.Error(f)
		}
	})
}

// kestra#17759, hatchet#4494: slots leak when somebody dies between dequeuing
// and starting. The server dies, or its commit fails, at each commit of a
// run in turn; the slots come back, and nothing runs twice.
func TestSlotsComeBack(t *testing.T) {
	const source = `
name: slots
tasks:
  a: {bash: "true"}
  b: {bash: "true", retries: {limit: 1, delay: 1s}}
  c: {bash: "true"}
  d: {bash: "true", after: [a, b, c], timeout: 5s}
  e: {bash: "true", after: {d: ended}}
`
	for _, fault := range []Fault{FailBefore, FailAfter, CrashBefore, CrashAfter} {
		for at := range 24 {
			inWorldOf(t, 2, at%2, source, // with one entry in a transaction, or all
				func(t *testing.T, w *World) {
					w.Disk.Plan(0, append(make([]Fault, at), fault)...)
					h := &history{t: t, w: w, runs: map[string]int64{}}
					h.client(func(ctx context.Context) error {
						door, disk := w.Door()
						_, err := door.StartRun(ctx, "default", "slots", "once", freshet.RunRequest{})
						if disk.Dead() {
							return freshet.Errorf(freshet.Unavailable, "dead")
						}
						return err
					})
					for range 30 {
						w.Settle()
						if w.Disk.Dead() {
							w.Crash()
						}
						living := w.Room.Living()
						sortKeys(living)
						for _, k := range living {
							code := 0
							if k.Task == "b" && k.Try == 1 {
								code = 1
							}
							if k.Task != "d" { // its time-out ends it
								w.Room.End(k.Run, k.Task, executor.Report{ExitCode: code})
							}
						}
						time.Sleep(time.Second)
					}
					h.wg.Wait()
					runs := must[[]freshet.Run](t)(w.Runs())
					if len(runs) != 1 || runs[0].Status != freshet.Failed || runs[0].Code != freshet.CodeTimeout {
						t.Errorf("fault %d at commit %d: %+v", fault, at, runs)
					}
					if n := len(must[[]freshet.Execution](t)(w.Executions(1))); n != 6 {
						t.Errorf("fault %d at commit %d: %d executions", fault, at, n)
					}
					if s := w.Stats(); s.Used != 0 || s.Waiting != 0 {
						t.Errorf("fault %d at commit %d: %d slots used, %d wait", fault, at, s.Used, s.Waiting)
					}
				})
		}
	}
}

// prefect#21976, dagster#34168: the cost of an event grows with rules and runs
// that it does not concern. Steps of the machine and stored rows are counted.
func TestCostOfAnEvent(t *testing.T) {
	const source = `
name: other
ends: never
tasks: {a: {bash: "true", optional: true, start: {event: unrelated, busy: ignore}}}
---
name: listens
ends: never
tasks: {a: {bash: "true", start: {event: e, busy: queue}}}
`
	inWorld(t, 4, source, func(t *testing.T, w *World) {
		must[int64](t)(w.Start("listens", "", nil))
		cost := func() (int64, int) {
			w.Settle()
			steps, rows := w.Stats().Steps, w.Disk.Rows()
			must[freshet.EventResult](t)(w.Send(freshet.EventRequest{Key: "e"}))
			w.Settle()
			return w.Stats().Steps - steps, w.Disk.Rows() - rows
		}
		cost() // the first one starts the task
		steps, rows := cost()
		version := must[[]freshet.Workflow](t)(w.Disk.Workflows(context.Background(), store.WorkflowFilter{Namespace: "default", Name: "other", Limit: 1}))[0].Version
		for range 20 {
			entries := make([]machine.Entry, 500)
			for i := range entries {
				entries[i] = machine.Entry{Namespace: "default", Kind: machine.StartRun,
					Body: machine.Body{Start: &machine.RunStart{Workflow: "other", Version: version, Type: freshet.Manual}}}
			}
			for _, r := range must[[]engine.Reply](t)(w.engine.Submit(context.Background(), entries...)) {
				if r.Err != nil {
					t.Fatal(r.Err)
				}
			}
		}
		steps2, rows2 := cost()
		if steps != 1 || steps2 != steps || rows2 != rows {
			t.Errorf("an event costs %d steps and %d rows, beside 10,000 runs that do not listen %d and %d", steps, rows, steps2, rows2)
		}
	})
}

// With one entry in a transaction, a crash at each commit in turn finds runs
// between having been given their place and knowing it, and between having
// been asked whether they are over and answering. No more runs are alive than
// may be, and all end.
func TestPlacesAcrossCrashes(t *testing.T) {
	const source = "name: lines\nconcurrency: 2\ntasks: {a: {bash: \"true\"}}"
	for _, fault := range []Fault{CrashBefore, CrashAfter} {
		for at := range 30 {
			inWorldOf(t, 8, 1, source, func(t *testing.T, w *World) {
				for range 6 {
					must[int64](t)(w.Start("lines", "", nil))
				}
				w.Settle()
				w.Disk.Plan(0, append(make([]Fault, at), fault)...)
				for round := 0; ; round++ {
					if w.Disk.Dead() {
						w.Crash()
						w.Settle()
					}
					alive, over := 0, 0
					for _, r := range must[[]freshet.Run](t)(w.Runs()) {
						switch {
						case r.Status.Final():
							over++
						case r.Status != freshet.Queued:
							alive++
						}
					}
					if alive > 2 {
						t.Fatalf("fault %d at commit %d: %d runs are alive", fault, at, alive)
					}
					if over == 6 {
						break
					}
					if round > 20 {
						t.Fatalf("fault %d at commit %d: %d runs are over, %d alive", fault, at, over, alive)
					}
					exitAll(w)
					w.Settle()
				}
			})
		}
	}
}

// A run with a hundred executions that wait holds up another run's first one
// by no more than slots + 1 starts.
func TestFairness(t *testing.T) {
	var wide strings.Builder
	wide.WriteString("name: wide\ntasks:\n")
	for i := range 100 {
		fmt.Fprintf(&wide, "  t%d: {bash: \"true\"}\n", i)
	}
	inWorld(t, 4, wide.String()+"\n---\nname: small\ntasks: {only: {bash: \"true\"}}\n", func(t *testing.T, w *World) {
		must[int64](t)(w.Start("wide", "", nil))
		w.Settle()
		small := must[int64](t)(w.Start("small", "", nil))
		for starts := 0; ; starts++ {
			living := w.Room.Living()
			if slices.ContainsFunc(living, func(k freshet.Key) bool { return k.Run == small }) {
				break
			}
			if starts > 5 {
				t.Fatalf("the small run has not started after %d starts", starts)
			}
			sortKeys(living)
			w.Room.End(living[0].Run, living[0].Task, executor.Report{})
			w.Settle()
		}
	})
}

// A fan-out of 2,000, with a crash after each few commits, starts each of its
// tasks once.
func TestFanOutWithCrashes(t *testing.T) {
	const n = 2000
	var wide strings.Builder
	wide.WriteString("name: wide\ntasks:\n  first: {bash: \"true\"}\n")
	for i := range n {
		fmt.Fprintf(&wide, "  t%d: {bash: \"true\", after: first, long_running: true}\n", i)
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t, dir, 4, 700)
		defer w.Close()
		if err := w.Upload("w.yaml", wide.String()); err != nil {
			t.Fatal(err)
		}
		must[int64](t)(w.Start("wide", "", nil))
		w.Settle()
		w.Disk.Plan(0, None, CrashAfter)
		w.Room.End(1, "first", executor.Report{})
		for crashes := 0; ; crashes++ {
			w.Settle()
			if !w.Disk.Dead() {
				if crashes < 2 {
					t.Errorf("it crashed %d times only", crashes)
				}
				break
			}
			if crashes < 2 {
				w.Fate = []Fault{CrashAfter}
			}
			w.Crash()
		}
		if living := w.Room.Living(); len(living) != n {
			t.Errorf("%d of %d run", len(living), n)
		}
		for _, f := range w.Room.faults {
			t.Error(f)
		}
	})
}

// dbos#742: whoever was leader goes on writing. A second server on the same
// file takes over; the first one's next commit is refused, and it ends.
func TestStaleLeader(t *testing.T) {
	inWorld(t, 4, queueing, func(t *testing.T, w *World) {
		must[int64](t)(w.Start("load", "", nil))
		stale, stop := w.engine, w.stop
		w.Boot()
		var ended error
		w.Ended = func(err error) { ended = err }
		replies, err := stale.Submit(context.Background(), machine.Entry{Namespace: "default", Kind: machine.EventHappened,
			Event: &freshet.Event{Namespace: "default", Key: "e", Value: "1"}})
		if err == nil {
			err = replies[0].Err
		}
		if freshet.CodeOf(err) != freshet.Unavailable {
			t.Errorf("the stale leader answers %v", err)
		}
		if stop(); freshet.CodeOf(ended) != freshet.Conflict {
			t.Errorf("the stale leader ended with %v", ended)
		}
		must[freshet.EventResult](t)(w.Send(freshet.EventRequest{Key: "e", Value: "1"}))
		journal := must[[]machine.Entry](t)(w.Journal())
		events := slices.DeleteFunc(journal, func(e machine.Entry) bool { return e.Kind != machine.EventHappened })
		if len(events) != 1 {
			t.Errorf("the journal has %d events, want 1", len(events))
		}
	})
}
