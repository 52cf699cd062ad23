package simtest

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/executor"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// A panic while a run is decided ends that run with code internal, and the
// loop goes on for all others.
func TestAFaultOfOursEndsOneRun(t *testing.T) {
	const source = `
name: joined
ends: never
tasks:
  a: {bash: "true"}
  c: {bash: "true"}
  b: {start: {all: [{event: x}, {status: {a: success}}], busy: ignore}, bash: "true"}
`
	inWorld(t, 4, source, func(t *testing.T, w *World) {
		one := must[int64](t)(w.Start("joined", "", nil))
		two := must[int64](t)(w.Start("joined", "", nil))
		must[freshet.EventResult](t)(w.Send(freshet.EventRequest{Key: "x"}))
		w.Settle()
		w.Spoil = func(s *store.Snapshot) { // a row that cannot be: the rule has three conditions
			for i := range s.Runs {
				if s.Runs[i].Row.ID == one {
					s.Runs[i].Rules[0].State = s.Runs[i].Rules[0].State[1:2]
				}
			}
		}
		w.Crash()
		w.Settle()
		for _, run := range []int64{one, two} {
			w.Room.End(run, "a", executor.Report{})
		}
		w.Settle()
		r := must[*freshet.Run](t)(w.Disk.Run(context.Background(), one))
		if r.Status != freshet.Failed || r.Code != freshet.CodeInternal {
			t.Errorf("the run is %s %s %s", r.Status, r.Code, r.Reason)
		}
		for _, k := range w.Room.Living() {
			if k.Run == one {
				t.Errorf("%v lives on", k)
			}
		}
		if x := must[[]freshet.Execution](t)(w.Executions(two)); len(x) != 3 {
			t.Errorf("the other run has %d executions, want 3", len(x))
		}
		if s := w.Stats(); s.Used != 2 {
			t.Errorf("%d slots are used, want 2", s.Used)
		}
	})
}

// Journal time never goes backward. Where the clock was set back by a minute
// it goes on at half its speed, so that what is due in ten seconds comes after
// twenty.
func TestClockSetBack(t *testing.T) {
	inWorld(t, 4, "name: late\ntasks: {a: {bash: \"true\", retries: {limit: 1, delay: 10s}}}", func(t *testing.T, w *World) {
		must[int64](t)(w.Start("late", "", nil))
		w.Settle()
		w.Spoil = func(s *store.Snapshot) { s.Cursor.Time = s.Cursor.Time.Add(time.Minute) }
		w.Crash()
		w.Room.End(1, "a", lost)
		time.Sleep(19 * time.Second)
		w.Settle()
		if n := len(must[[]freshet.Execution](t)(w.Executions(1))); n != 1 {
			t.Errorf("the retry has come before its time by the journal")
		}
		time.Sleep(time.Second)
		w.Settle()
		if n := len(must[[]freshet.Execution](t)(w.Executions(1))); n != 2 {
			t.Errorf("the retry has not come")
		}
		var last time.Time
		for _, e := range must[[]machine.Entry](t)(w.Journal()) {
			if e.Time.Before(last) {
				t.Errorf("offset %d goes back to %v after %v", e.Offset, e.Time, last)
			}
			last = e.Time
		}
	})
}

// Uploading and running versions leaves only those in memory that are needed:
// otherwise an old version would be looked at for each event.
func TestVersionsAreForgotten(t *testing.T) {
	inWorld(t, 4, "name: many\ntasks: {a: {bash: \"true\"}}", func(t *testing.T, w *World) {
		for i := range 20 {
			source := "name: many\ndescription: " + string(rune('a'+i)) + "\ntasks: {a: {bash: \"true\", restart: {event: e}}}"
			if err := w.Upload("w.yaml", source); err != nil {
				t.Fatal(err)
			}
			must[int64](t)(w.Start("many", "", nil))
			w.Settle()
			exitAll(w)
			w.Settle()
		}
		w.stop()
		w.stop = func() {}
		if n := w.engine.Picture().Versions; n != 1 {
			t.Errorf("%d versions are in memory, want the current one", n)
		}
	})
}

// An upload and the end of a run in one transaction: the place that the run
// leaves is given on by the limit of a version that is not on disk yet.
func TestUploadAndEndInOneTransaction(t *testing.T) {
	const source = "name: lines\nconcurrency: 1\ntasks: {a: {bash: \"true\"}}"
	inWorld(t, 4, source, func(t *testing.T, w *World) {
		for range 3 {
			must[int64](t)(w.Start("lines", "", nil))
		}
		w.Settle()
		w.Disk.Plan(0, Slow) // what follows gathers behind this commit
		go w.Send(freshet.EventRequest{Key: "slow"})
		synctest.Wait()
		done := make(chan error, 1)
		go func() { done <- w.Upload("w.yaml", strings.Replace(source, "concurrency: 1", "concurrency: 2", 1)) }()
		synctest.Wait()
		exitAll(w)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		w.Settle()
		for run, want := range map[int64]freshet.Status{1: freshet.Success, 2: freshet.Running, 3: freshet.Running} {
			if r := must[*freshet.Run](t)(w.Disk.Run(context.Background(), run)); r.Status != want {
				t.Errorf("run %d is %s, want %s", run, r.Status, want)
			}
		}
	})
}

// A tick that is due in the very transaction in which its trigger is paused and
// resumed was due before: it happens, and the next one is that of the grid.
func TestTickDueAsItIsPaused(t *testing.T) {
	inWorld(t, 4, "name: pulse\non: {every: 10m}\ntasks: {a: {bash: \"true\"}}", func(t *testing.T, w *World) {
		time.Sleep(10*time.Minute - 10*time.Millisecond)
		w.Disk.Plan(0, Slow) // what follows gathers behind this commit, until the tick is due
		go w.Send(freshet.EventRequest{Key: "slow"})
		synctest.Wait()
		for _, action := range []freshet.TriggerAction{freshet.PauseTrigger, freshet.ResumeTrigger} {
			go w.Inbox.ChangeTriggers(context.Background(), "default", machine.TriggerChange{ID: 1, Action: action})
			synctest.Wait()
		}
		w.Settle()
		if n := len(must[[]freshet.Run](t)(w.Runs())); n != 1 {
			t.Errorf("it has started %d runs", n)
		}
		time.Sleep(10 * time.Minute)
		w.Settle()
		if n := len(must[[]freshet.Run](t)(w.Runs())); n != 2 {
			t.Errorf("after the next tick there are %d runs, want 2", n)
		}
	})
}

// What is due before an event arrives is decided before it, also after a stall:
// an event that comes too late does not undo an absence.
func TestDueComesBeforeWhatArrives(t *testing.T) {
	inWorld(t, 4, "name: alarm\non: {missing: {event: beat, for: 10m}}\ntasks: {a: {bash: \"true\"}}", func(t *testing.T, w *World) {
		time.Sleep(10*time.Minute - 10*time.Millisecond)
		w.Disk.Plan(0, Slow) // what follows gathers behind this commit, until the absence is due
		go w.Send(freshet.EventRequest{Key: "slow"})
		synctest.Wait()
		go w.Send(freshet.EventRequest{Key: "beat"})
		synctest.Wait()
		w.Settle()
		if n := len(must[[]freshet.Run](t)(w.Runs())); n != 1 {
			t.Errorf("there are %d runs, want 1", n)
		}
	})
}

// A task that sends an event to another run takes the links of its own chain
// along: --run is no way around their bound.
func TestDepthFollowsTheSender(t *testing.T) {
	inWorld(t, 4, "name: linked\non: {event: a}\ntasks: {a: {bash: \"true\"}}", func(t *testing.T, w *World) {
		host := must[int64](t)(w.Start("linked", "", nil))
		w.Send(freshet.EventRequest{Key: "a"})
		w.Settle()
		w.Send(freshet.EventRequest{Key: "b", RunID: host, FromRun: host + 1})
		w.Settle()
		for _, e := range must[[]machine.Entry](t)(w.Disk.Journal(context.Background(), 0, 0)) {
			if e.Event != nil && e.Event.Key == "b" && e.Depth != 1 {
				t.Errorf("the event has depth %d, want that of its sender, 1", e.Depth)
			}
		}
	})
}
