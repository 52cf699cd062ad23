package engine

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
)

// TestTally: an execution is counted when it ends, and not when its row is
// written again because a later start has taken its place.
func TestTally(t *testing.T) {
	now := freshet.Time(time.Now())
	execution := func(seq int, status freshet.Status, ended time.Time) *machine.Execution {
		return &machine.Execution{Key: freshet.Key{Run: 5, Task: "t", Item: freshet.NoItem, Seq: seq, Try: 1}, Status: status, EndedAt: ended}
	}
	process := machine.Entry{Kind: machine.Ended, Run: 5, Time: now,
		Body: machine.Body{Process: &machine.Process{Task: "t", Item: freshet.NoItem, Seq: 1, Try: 1, Time: now.Add(-time.Second)}}}
	event := machine.Entry{Kind: machine.EventHappened, Time: now}
	later := machine.Entry{Kind: machine.EventHappened, Time: now.Add(time.Minute)}
	var c tally
	for _, step := range []struct {
		entry *machine.Entry
		d     machine.Decision
	}{
		{&process, machine.Decision{Executions: []*machine.Execution{execution(1, freshet.Failed, now.Add(-time.Second)), execution(2, freshet.Retrying, time.Time{})}}},
		{&event, machine.Decision{Executions: []*machine.Execution{execution(1, freshet.Failed, now.Add(-time.Second)), execution(3, freshet.Success, now)}}},
		{&event, machine.Decision{Executions: []*machine.Execution{execution(3, freshet.Success, now), execution(4, freshet.Skipped, now)}}},
		{&later, machine.Decision{Executions: []*machine.Execution{execution(4, freshet.Skipped, now)}, NewRuns: make([]machine.RunRow, 2)}},
		{&later, machine.Decision{Run: &machine.RunRow{ID: 5, Status: freshet.Stopping}}},
		{&later, machine.Decision{Run: &machine.RunRow{ID: 5, Status: freshet.Stopped}}},
	} {
		c.run(step.entry, &step.d)
	}
	want := Work{Started: 2, Ended: map[freshet.Status]int{freshet.Stopped: 1},
		Executions: map[freshet.Status]int{freshet.Failed: 1, freshet.Success: 1, freshet.Skipped: 1}}
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
