package simtest

import (
	"context"
	"flag"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/executor"
	"github.com/freshet/freshet/internal/store"
)

// Histories in which what is old is removed all the time, as soon as it may be,
// with crashes between any two steps of that: what is alive goes on as if
// nothing had happened, and what a new server would load is what the old one
// has in memory.
func TestSweptSimulation(t *testing.T) {
	failed, removed := 0, store.Swept{}
	for s := *seed; s < *seed+uint64(*seeds)/10 && failed < 3; s++ {
		ok := t.Run(fmt.Sprint(s), func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) { removed.Add(simulateSwept(t, dir, s)) })
		})
		if !ok {
			failed++
		}
	}
	if removed.Runs == 0 || removed.Entries == 0 || removed.Decisions == 0 || removed.Executions == 0 {
		t.Errorf("nothing was removed: %+v", removed)
	}
}

func simulateSwept(t *testing.T, dir string, seed uint64) store.Swept {
	h := newHistory(t, dir, seed)
	h.sweeps = true
	defer h.w.Close()
	h.play(*steps)
	h.calm()
	faults := inspect(t, h, (*audit).stuck, (*audit).dues)
	var removed store.Swept
	if len(faults) == 0 {
		h.rest()
		h.stopAll()
		ctx := context.Background()
		removed = must[store.Swept](t)(h.w.Sweep(ctx, time.Hour))
		time.Sleep(time.Hour)
		removed.Add(must[store.Swept](t)(h.w.Sweep(ctx, time.Minute)))
		removed.Add(must[store.Swept](t)(h.w.Sweep(ctx, time.Minute)))
		size := must[store.Size](t)(h.w.Disk.Size(ctx)).Rows
		for _, table := range []string{"runs", "executions", "waits", "places", "removed_runs"} {
			if size[table] != 0 {
				faults = append(faults, fmt.Sprintf("all runs have ended long ago, and %d rows stand in %s", size[table], table))
			}
		}
		faults = append(faults, must[[]string](t)(h.w.Unsound())...)
		faults = append(faults, inspect(t, h, (*audit).stuck, (*audit).dues, (*audit).memory)...)
	}
	faults = append(faults, h.w.Room.faults...)
	if len(faults) > 0 || t.Failed() {
		t.Errorf("seed %d:\n%s", seed, h.story.String())
		for _, f := range faults {
			t.Error(f)
		}
	}
	return removed
}

var year = flag.Bool("year", false, "play a whole year of a minutely task, instead of two days with as many retentions")

const minutely = `
name: minutely
ends: never
tasks:
  tick: {start: {every: 1m}, expr: {n: "1"}}
  odd: {start: {event: never}, bash: "true"}
`

// A task that runs every minute for a year. With a retention of 30 days a year
// is twelve of them; without -year it is twelve of four hours each.
func TestMinutelyYear(t *testing.T) {
	retention, retentions := 4*time.Hour, 12
	if *year {
		retention = 365 * 2 * time.Hour
	}
	inWorld(t, 4, minutely, func(t *testing.T, w *World) {
		ctx := context.Background()
		must[int64](t)(w.Start("minutely", "", nil))
		size := func() store.Size { return must[store.Size](t)(w.Disk.Size(ctx)) }
		var early store.Size
		steady := max(2*retention, (store.KeptStarts+100)*time.Minute) // and as many starts as are kept
		for n := range retentions {
			for range 24 {
				time.Sleep(retention / 24)
				synctest.Wait()
				must[store.Swept](t)(w.Sweep(ctx, retention))
			}
			if early.Bytes == 0 && time.Duration(n+1)*retention >= steady {
				early = size()
			}
		}
		late := size()
		t.Logf("when it is steady %d bytes, after %d retentions %d: %v", early.Bytes, retentions, late.Bytes, late.Rows)
		if late.Bytes > early.Bytes*11/10 {
			t.Errorf("the database grows: %d bytes when it is steady, %d after %d retentions (%v)", early.Bytes, late.Bytes, retentions, late.Rows)
		}
		if n := late.Rows["executions"]; n < store.KeptStarts || n > store.KeptStarts+100 {
			t.Errorf("%d executions are kept, want the newest 1000", n)
		}
		list := must[[]freshet.Execution](t)(w.Disk.Executions(ctx, store.ExecutionFilter{Run: 1, Task: "tick", Newest: true, Limit: 1}))
		want := int(time.Duration(retentions) * retention / time.Minute)
		if len(list) != 1 || list[0].Seq != want {
			t.Errorf("the newest start is %v, want %d: no tick was lost", list, want)
		}
		if broken := must[[]string](t)(w.Unsound()); len(broken) > 0 {
			t.Error(broken)
		}
	})
}

// Events that start runs every minute: the runs go, and with them everything
// that was there for them.
func TestRunsGo(t *testing.T) {
	const source = `
name: short
on: {event: go}
tasks:
  a: {start: {all: [{event: go}, {event: more}]}, expr: {n: "1"}}
  b: {expr: {n: "1"}}
`
	inWorld(t, 4, source, func(t *testing.T, w *World) {
		ctx := context.Background()
		var early, late store.Size
		for hour := range 30 {
			for range 20 {
				must[freshet.EventResult](t)(w.Send(freshet.EventRequest{Key: "go"}))
				time.Sleep(time.Minute)
				must[freshet.EventResult](t)(w.Send(freshet.EventRequest{Key: "more"}))
				time.Sleep(2 * time.Minute)
			}
			must[store.Swept](t)(w.Sweep(ctx, 3*time.Hour))
			late = must[store.Size](t)(w.Disk.Size(ctx))
			if hour == 5 {
				early = late
			}
		}
		for table, n := range late.Rows {
			if was := early.Rows[table]; n > was+5 {
				t.Errorf("%s has grown from %d rows to %d", table, was, n)
			}
		}
		if n := late.Rows["runs"]; n < 60 || n > 62 { // three hours of them
			t.Errorf("%d runs are kept", n)
		}
	})
}

// A server that dies at any step of removing leaves a sound database, and the
// next one goes on.
func TestCrashWhileSweeping(t *testing.T) {
	const source = `
name: short
tasks:
  a: {bash: "true"}
  b: {after: a, start: {event: e}, bash: "true"}
`
	for _, fault := range []Fault{CrashBefore, CrashAfter, FailBefore, FailAfter} {
		for step := range 4 {
			t.Run(fmt.Sprint(fault, step), func(t *testing.T) {
				inWorld(t, 4, source, func(t *testing.T, w *World) {
					ctx := context.Background()
					for range 3 {
						id := must[int64](t)(w.Start("short", "", nil))
						w.Settle()
						w.Room.End(id, "a", executor.Report{})
						must[freshet.EventResult](t)(w.Send(freshet.EventRequest{Key: "e", RunID: id}))
						w.Settle()
						w.Room.End(id, "b", executor.Report{})
						w.Settle()
					}
					if step == 0 {
						if err := w.Inbox.DeleteRun(ctx, 2); err != nil {
							t.Fatal(err)
						}
					} else if err := w.Inbox.DeleteWorkflow(ctx, freshet.DefaultNamespace, "short"); err != nil {
						t.Fatal(err)
					}
					plan := make([]Fault, step, 4)
					w.Disk.Plan(0, append(plan, fault)...)
					time.Sleep(time.Hour)
					if _, err := w.Sweep(ctx, time.Minute); err == nil && !w.Disk.Dead() {
						t.Error("the fault did not come")
					}
					if w.Disk.Dead() {
						w.Crash()
					}
					if broken := must[[]string](t)(w.Unsound()); len(broken) > 0 {
						t.Error("after the fault: ", broken)
					}
					must[store.Swept](t)(w.Sweep(ctx, time.Minute))
					must[store.Swept](t)(w.Sweep(ctx, time.Minute))
					size := must[store.Size](t)(w.Disk.Size(ctx)).Rows
					for _, table := range []string{"runs", "executions", "removed_runs", "removed_workflows", "rules"} {
						if size[table] != 0 {
							t.Errorf("%d rows are left in %s", size[table], table)
						}
					}
					if step > 0 && size["versions"] != 0 || size["journal"] != 1 {
						t.Errorf("%v are left", size)
					}
					if broken := must[[]string](t)(w.Unsound()); len(broken) > 0 {
						t.Error(broken)
					}
				})
			})
		}
	}
}
