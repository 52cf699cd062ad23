package simtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// These, too, are faults that other engines had: of time, and of triggers.

// started lists the runs: what started them, and for when.
func started(t *testing.T, w *World) []string {
	var list []string
	for _, r := range must[[]freshet.Run](t)(w.Runs()) {
		at := ""
		if r.ScheduledAt != nil {
			at = " for " + r.ScheduledAt.UTC().Format("15:04:05")
		}
		list = append(list, fmt.Sprintf("%s %s%s %v", r.Workflow, r.Type, at, r.Parameters))
	}
	slices.Sort(list)
	return list
}

const ticking = "name: ticking\non: {schedule: \"* * * * *\", catchup: all}\ntasks: {a: {expr: {x: \"1\"}}}"

// dagu#1837: several schedulers on one state. While servers take the shard
// over from each other around each tick, each slot of a schedule fires once.
func TestEachSlotOnce(t *testing.T) {
	inWorld(t, 4, ticking, func(t *testing.T, w *World) {
		w.Ended = func(err error) {
			if freshet.CodeOf(err) != freshet.Conflict {
				t.Errorf("a stale leader ended with %v", err)
			}
		}
		for i := range 30 {
			stop := w.stop
			time.Sleep(time.Minute - time.Duration(i%3)*time.Millisecond)
			w.Boot() // beside the old one, which does not know
			w.Settle()
			stop()
		}
		w.Settle()
		got := started(t, w)
		if n := len(slices.Compact(slices.Clone(got))); n != len(got) || n < 29 || n > 30 {
			t.Errorf("30 minutes gave %d runs for %d slots: %v", len(got), n, got)
		}
	})
}

const timed = `
name: tick
on: {every: 10m, catchup: all}
tasks: {a: {expr: {x: "1"}}}
---
name: absent
on: {missing: {event: ping, for: 25m}}
tasks: {a: {expr: {x: "1"}}}
---
name: dead
on: {all: [{event: go}, {event: never}], deadline: "00:33"}
tasks: {a: {expr: {x: "1"}}}
---
name: late
timeout: 20m
tasks: {a: {bash: a}}
finally: {f: {bash: f, timeout: 5m}}
---
name: inner
tasks:
  a: {every: 15m, expr: {x: "1"}, emit: {key: done}}
  b: {start: {all: [{event: done}, {missing: {event: never, for: 20m}}], busy: queue}, expr: {x: "1"}}
`

// soleur#5459 (Inngest): timers are lost over a restart. Whatever commit the
// server dies at, before it or after it, all that was to come at a time comes,
// and comes once.
func TestTimersSurvive(t *testing.T) {
	var want []string
	for at := -1; at < 30; at++ {
		inWorld(t, 4, timed, func(t *testing.T, w *World) {
			must[int64](t)(w.Start("inner", "", nil))
			later := time.Now().Add(12 * time.Minute)
			must[int64](t)(w.Inbox.StartRun(context.Background(), "default", "late", "", freshet.RunRequest{At: &later}))
			must[freshet.EventResult](t)(w.Send(freshet.EventRequest{Key: "go"}))
			if at >= 0 {
				w.Disk.Plan(0, append(slices.Repeat([]Fault{None}, at), []Fault{CrashBefore, CrashAfter, FailAfter}[at%3])...)
			}
			for range 65 {
				time.Sleep(time.Minute)
				synctest.Wait()
				if w.Disk.Dead() {
					w.Down()
					w.Boot()
				}
			}
			w.Settle()
			got := started(t, w)
			for _, r := range must[[]freshet.Run](t)(w.Runs()) {
				for _, x := range must[[]freshet.Execution](t)(w.Executions(r.ID)) {
					got = append(got, fmt.Sprintf("%s %s #%d.%d %s", r.Workflow, x.Task, x.Seq, x.Try, x.Status))
				}
			}
			slices.Sort(got)
			if want == nil {
				want = got
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("a fault at commit %d (-without +with):\n%s", at, diff)
			}
		})
	}
	if len(want) < 20 {
		t.Errorf("only %d things happened: %v", len(want), want)
	}
}

// kestra#14196, argo-events#3326: two evaluators, one window; events of one
// instant are one. A join over pairs of events that are sent together, by many
// at once and across crashes, starts as many runs as there are pairs, and
// each event has its outcome.
func TestJoinStartsOneRunPerPair(t *testing.T) {
	const source = `
name: joined
on:
  - {all: [{event: left}, {event: right}], within: 1h, name: join}
  - {event: left, name: each}
tasks: {a: {expr: {x: "1"}}}
`
	inWorldOf(t, 4, 3, source, func(t *testing.T, w *World) {
		h := &history{t: t, w: w, events: map[string]freshet.EventResult{}, values: map[string]string{}}
		const pairs = 60
		for i := range pairs {
			for _, key := range []string{"left", "right"} {
				r := freshet.EventRequest{ID: fmt.Sprint(key, i), Key: key}
				h.client(func(ctx context.Context) error {
					_, err := w.Send(r)
					return err
				})
			}
			if i%7 == 6 {
				w.Disk.Plan(1, []Fault{CrashAfter, CrashBefore, FailAfter}[i%3])
			}
			synctest.Wait()
			time.Sleep(200 * time.Millisecond)
			if w.Disk.Dead() {
				w.Crash()
			}
			w.Settle()
			h.wg.Wait()
		}
		w.Settle()
		if got := len(must[[]freshet.Run](t)(w.Runs())); got != 2*pairs {
			t.Errorf("%d pairs of events, and as many of one of them, started %d runs", pairs, got)
		}
		a := must[*audit](t)(newAudit(w))
		a.triggers()
		for _, f := range a.faults {
			t.Error(f)
		}
	})
}

// prefect#21976, dagster#34168: the cost of an event, and of a tick, does not
// grow with triggers that it does not concern. Steps of the machine and stored
// rows are counted.
func TestCostOfATrigger(t *testing.T) {
	const source = "name: target\non: [{event: e, if: event.data > 0}, {every: 10m}]\ntasks: {a: {expr: {x: \"1\"}}}"
	inWorld(t, 4, source, func(t *testing.T, w *World) {
		cost := func(f func()) string {
			w.Settle()
			steps, rows, commits := w.Stats().Steps, w.Disk.Rows(), w.Stats().Commits
			f()
			w.Settle()
			return fmt.Sprintf("%d steps, %d rows, %d commits", w.Stats().Steps-steps, w.Disk.Rows()-rows, w.Stats().Commits-commits)
		}
		event := func() { must[freshet.EventResult](t)(w.Send(freshet.EventRequest{Key: "e", Value: "0"})) }
		ticks := func() { time.Sleep(10 * time.Minute) }
		event()
		one, tick := cost(event), cost(ticks)
		for i := range 300 {
			entry := fmt.Sprintf("{event: k%d}", i)
			if i%2 == 0 {
				entry = `{schedule: "30 4 1 1 *"}`
			}
			must[freshet.Trigger](t)(w.Inbox.AddTrigger(context.Background(), "default", freshet.TriggerRequest{Workflow: "target", Entry: entry}))
		}
		if many := cost(event); many != one {
			t.Errorf("an event costs %s, beside 300 triggers that do not listen %s", one, many)
		}
		if many := cost(ticks); many != tick {
			t.Errorf("a tick costs %s, beside 300 triggers that are not due %s", tick, many)
		}
		if idle := cost(func() { time.Sleep(9 * time.Minute) }); !strings.HasPrefix(idle, "0 steps, 0 rows, 0 commits") {
			t.Errorf("nine minutes without a tick cost %s", idle)
		}
	})
}

// A registry that decides an event for more triggers than one decision holds
// goes on in the next, also over a crash.
func TestManyTriggersForOneEvent(t *testing.T) {
	inWorldOf(t, 4, 50, "name: target\ntasks: {a: {expr: {x: \"1\"}}}", func(t *testing.T, w *World) {
		const n = 700
		for range n {
			must[freshet.Trigger](t)(w.Inbox.AddTrigger(context.Background(), "default", freshet.TriggerRequest{Workflow: "target", Entry: "{event: e}"}))
		}
		w.Disk.Plan(0, None, CrashAfter)
		go w.Send(freshet.EventRequest{Key: "e"})
		synctest.Wait()
		for _, f := range []Fault{CrashBefore, CrashAfter, None} {
			w.Fate = []Fault{None, f}
			w.Crash()
			w.Settle()
		}
		runs := must[[]freshet.Run](t)(w.Disk.Runs(context.Background(), store.RunFilter{}))
		by := map[int64]bool{}
		for _, e := range must[[]machine.Entry](t)(w.Journal()) {
			if e.Kind == machine.StartRun {
				by[e.Body.Start.Trigger] = true
			}
		}
		if len(runs) != n || len(by) != n {
			t.Errorf("%d triggers started %d runs, %d of them any", n, len(runs), len(by))
		}
	})
}
