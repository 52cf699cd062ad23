package engine

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
)

// TestTally: an execution is counted when it ends with its last try, also if
// that is stopped before it begins, and not when its row is written again
// because a later start has taken its place.
func TestTally(t *testing.T) {
	flows, diags := spec.Parse("f.yaml", []byte(`name: f
ends: never
tasks:
  t: {bash: "true", retries: {limit: 1, delay: 1s}, start: {event: e, busy: ignore}}
  each: {foreach: [1, 2], bash: "true", retries: {limit: 1, delay: 1s}, start: {event: items, busy: ignore}}
  x: {expr: {n: "1"}, start: {event: e, busy: ignore}}
`))
	if len(flows) != 1 {
		t.Fatal(diags.Err())
	}
	w, now := flows[0], freshet.Time(time.Now())
	r := machine.NewRun(w, machine.RunRow{ID: 5, Namespace: "default", Workflow: "f", Status: freshet.Running})
	var c tally
	step := func(en machine.Entry) {
		now = now.Add(time.Second)
		en.Run, en.Time = 5, now
		d := machine.Step(w, r, &en, nil)
		if d.Refused != nil || d.More != nil {
			t.Fatalf("%s: %+v", en.Kind, d)
		}
		c.run(w, r, d)
		machine.Apply(w, r, d)
	}
	event := func(key string) { step(machine.Entry{Kind: machine.EventHappened, Event: &freshet.Event{Key: key}}) }
	fail := func(task string, item, seq, try int) {
		k := freshet.Key{Run: 5, Task: task, Item: item, Seq: seq, Try: try}
		machine.Apply(w, r, machine.Claim(w, r, k, 1, "node"))
		step(machine.Entry{Kind: machine.Ended, Body: machine.Body{Process: &machine.Process{Task: task, Item: item, Seq: seq, Try: try, Epoch: 1,
			Time: now.Add(-time.Second), ExitCode: 1}}})
	}
	stop := func(task string) { step(machine.Entry{Kind: machine.StopTask, Body: machine.Body{Task: task}}) }
	step(machine.Entry{Kind: machine.StartRun, Body: machine.Body{Start: &machine.RunStart{}}})
	event("e") // x: success
	fail("t", freshet.NoItem, 1, 1)
	step(machine.Entry{Kind: machine.TimerFired, Body: machine.Body{Timer: &machine.Timer{Kind: machine.RetryTimer,
		Key: freshet.Key{Run: 5, Task: "t", Item: freshet.NoItem, Seq: 1, Try: 1}}}})
	fail("t", freshet.NoItem, 1, 2) // failed
	event("e")                      // x: success
	fail("t", freshet.NoItem, 2, 1)
	stop("t")  // stopped while it waits for its next try
	event("e") // x: success
	stop("t")  // stopped while it waits for a slot
	event("items")
	fail("each", 0, 1, 1)
	stop("each") // two items and the task
	step(machine.Entry{Kind: machine.StopRun, Body: machine.Body{Stop: &machine.RunStop{Code: freshet.CodeStoppedByPerson}}})
	want := Work{Ended: map[freshet.Status]int{freshet.Stopped: 1},
		Executions: map[freshet.Status]int{freshet.Failed: 1, freshet.Success: 3, freshet.Stopped: 5}}
	if d := cmp.Diff(want, c.Work, cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
}

// TestAhead: how far the journal is ahead of a clock that was set back, also
// while nothing is decided.
func TestAhead(t *testing.T) {
	e := New(Config{})
	if st := e.Stats(); st.Ahead != 0 {
		t.Errorf("before anything is known: %s", st.Ahead)
	}
	c := newClock(freshet.Time(time.Now().Add(time.Hour)), time.Now())
	e.stats.clock.Store(&c)
	if st := e.Stats(); st.Ahead < 59*time.Minute || st.Ahead > time.Hour {
		t.Errorf("an hour ahead: %s", st.Ahead)
	}
	c = newClock(freshet.Time(time.Now().Add(-time.Hour)), time.Now())
	e.stats.clock.Store(&c)
	if st := e.Stats(); st.Ahead != 0 {
		t.Errorf("an hour ago: %s", st.Ahead)
	}
}
