package simtest

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/simtest/wild"
	"github.com/freshet/freshet/internal/spec"
)

// audit looks at a world in which nothing is under way, and says what should
// not be.
type audit struct {
	w      *World
	runs   []freshet.Run
	loaded map[int64]*machine.Run
	flows  map[int64]*spec.Workflow
	faults []string
}

func newAudit(w *World) (*audit, error) {
	a := &audit{w: w, loaded: map[int64]*machine.Run{}, flows: map[int64]*spec.Workflow{}}
	var err error
	if a.runs, err = w.Runs(); err != nil {
		return nil, err
	}
	for _, r := range a.runs {
		snap, err := w.Load(r.ID)
		if err != nil {
			return nil, err
		}
		v, err := w.Disk.Version(context.Background(), snap.Row.Namespace, snap.Row.Workflow, snap.Row.Version)
		if err != nil {
			return nil, err
		}
		flows, _ := spec.Parse("w.yaml", []byte(v.Source))
		a.flows[r.ID] = flows[0]
		a.loaded[r.ID] = machine.Load(flows[0], snap.Row, snap.Held, snap.Waits, snap.Rules, snap.Dues)
	}
	return a, nil
}

func (a *audit) fault(format string, args ...any) {
	a.faults = append(a.faults, fmt.Sprintf(format, args...))
}

// stuck finds what waits for nothing: everything has been delivered, and some
// processes may still run.
func (a *audit) stuck() {
	living := map[freshet.Key]bool{}
	for _, k := range a.w.Room.Living() {
		living[k] = true
	}
	used := 0
	for _, r := range a.runs {
		st, w := a.loaded[r.ID], a.flows[r.ID]
		if st.Status.Final() {
			continue
		}
		for i, t := range w.Tasks {
			if s := &st.Tasks[i]; !s.Running() && len(s.Waiting) > 0 && st.Status != freshet.Queued {
				a.fault("run %d: a start of %s waits behind nothing", r.ID, t.Name)
			}
		}
		for i, x := range st.Live() {
			t := w.Tasks[i]
			claimed := x.Epoch != 0 && x.Status != freshet.Retrying
			if claimed && !t.LongRunning {
				used++
			}
			if claimed != living[x.Key] {
				a.fault("run %d: %s is %s, claimed: %v, and its process lives: %v", r.ID, t.Name, x.Status, claimed, living[x.Key])
			}
			if x.Status == freshet.Queued && x.Epoch == 0 && (t.LongRunning || a.w.Stats().Used < int64(a.w.Slots)) {
				a.fault("run %d: %s is queued while slots are free", r.ID, t.Name)
			}
		}
		if st.Alive > 0 || st.Status == freshet.Queued {
			continue
		}
		if st.Status == freshet.Stopping {
			a.fault("run %d is stopping, and nothing of it is alive", r.ID)
			continue
		}
		// A state that has just been loaded asks whether it is over exactly if
		// the completion rule says so.
		if d := machine.Step(w, st, &machine.Entry{Kind: machine.Settle, Run: r.ID, Cause: -1}, nil); len(d.Emit) > 0 {
			a.fault("run %d is over by the completion rule, and goes on", r.ID)
		}
	}
	if got := a.w.Stats(); got.Used != int64(used) {
		a.fault("%d slots are in use, %d executions have one", got.Used, used)
	}
	a.places()
	a.turns()
}

// executions: starts and tries are counted without a gap, and at most the last
// of a task is alive.
func (a *audit) executions() {
	for _, r := range a.runs {
		list, err := a.w.Executions(r.ID)
		if err != nil {
			a.fault("executions of run %d: %v", r.ID, err)
			continue
		}
		last := map[string]freshet.Execution{}
		slices.SortStableFunc(list, func(x, y freshet.Execution) int {
			return slices.Compare([]int{x.Seq, x.Try}, []int{y.Seq, y.Try})
		})
		for _, x := range list {
			name := x.Task
			if x.Item != nil {
				name = freshet.TaskName(x.Task, *x.Item)
			}
			was := last[name]
			next := x.Seq == was.Seq && x.Try == was.Try+1 || x.Try == 1 && (x.Seq == was.Seq+1 || x.Item != nil && x.Seq > was.Seq)
			if !next || was.Seq > 0 && !was.Status.Final() {
				a.fault("run %d: %s has start %d try %d (%s) after start %d try %d (%s)", r.ID, x.Task, x.Seq, x.Try, x.Status, was.Seq, was.Try, was.Status)
			}
			if r.Status.Final() && !x.Status.Final() {
				a.fault("run %d is over, and %s is %s", r.ID, x.Task, x.Status)
			}
			last[name] = x
		}
	}
}

// ends: of a run that is over nothing waits or is remembered, and its `finally`
// has run once, unless it never began or was stopped as well.
func (a *audit) ends() {
	for _, r := range a.runs {
		snap, err := a.w.Load(r.ID)
		if err != nil || !r.Status.Final() {
			continue
		}
		if len(snap.Waits)+len(snap.Dues) > 0 || !snap.Later.IsZero() {
			a.fault("run %d is over, and %v waits, %v are due, it begins %v", r.ID, snap.Waits, snap.Dues, snap.Later)
		}
		task, has := a.flows[r.ID].Task(wild.Last)
		if !has {
			continue
		}
		seq, began := a.loaded[r.ID].Tasks[task.Index].Seq(), !snap.Row.StartedAt.IsZero()
		switch {
		case !began && seq != 0, seq > 1:
			a.fault("run %d: began: %v, its finally has run %d times", r.ID, began, seq)
		case began && seq == 0 && snap.Row.Asked != freshet.CodeStoppedWithRun:
			a.fault("run %d is %s (%s), and its finally has not run", r.ID, r.Status, snap.Row.Asked)
		}
	}
}

// span is when a run listens, by offsets: from its start until the entry that
// began to stop or end it.
type span struct{ from, till int64 }

// events: every accepted event is in the journal once, and has one outcome for
// each target that it concerns, and under each rule that listens.
func (a *audit) events(acknowledged map[string]freshet.EventResult, values map[string]string) {
	journal, err := a.w.Journal()
	if err != nil {
		a.fault("journal: %v", err)
		return
	}
	spans := a.spans(journal)
	seen := map[string]int64{}
	for i, e := range journal {
		if i > 0 && e.Offset <= journal[i-1].Offset || i > 0 && e.Time.Before(journal[i-1].Time) {
			a.fault("offset %d comes after %d, its time %v after %v", e.Offset, journal[i-1].Offset, e.Time, journal[i-1].Time)
		}
		if e.Kind != machine.EventHappened {
			continue
		}
		if id := e.Event.ID; id != "" {
			if seen[id] != 0 {
				a.fault("event %s stands at %d and at %d", id, seen[id], e.Offset)
			}
			seen[id] = e.Offset
			if v, ok := values[id]; ok && v != e.Event.Value {
				a.fault("event %s has the value %s, sent was %s", id, e.Event.Value, v)
			}
		}
		a.outcomes(e, spans)
	}
	for id, result := range acknowledged {
		if seen[id] != result.Offset {
			a.fault("event %s was acknowledged at %d and stands at %d", id, result.Offset, seen[id])
		}
	}
}

// spans finds when each run listened: until it was asked to stop, or until the
// question whether it is over was answered with yes.
func (a *audit) spans(journal []machine.Entry) map[int64]span {
	const ever = int64(1) << 60
	spans, asked := map[int64]span{}, map[int64]int64{}
	for _, e := range journal {
		s := spans[e.Run]
		switch e.Kind {
		case machine.StartRun:
			spans[e.Run] = span{e.Offset, ever}
		case machine.Settle:
			asked[e.Run] = e.Offset
		case machine.RunEnded:
			s.till = min(s.till, e.Cause)
			spans[e.Run] = s
		}
	}
	for run, s := range spans {
		rows, err := a.w.Disk.LedgerFor(context.Background(), run, 0, 100_000)
		if err != nil {
			a.fault("ledger of run %d: %v", run, err)
		}
		halted := false
		for _, row := range rows {
			for _, o := range row.Outcomes {
				if o.Task == "" && o.Action == "stop" && o.Note != "`finally` too" {
					s.till, halted = min(s.till, row.Offset), true
				}
			}
		}
		if r := a.loaded[run]; r != nil && r.Result != "" && !halted {
			s.till = min(s.till, asked[run])
		}
		spans[run] = s
	}
	return spans
}

// outcomes compares the ledger of one event with whom it concerns.
func (a *audit) outcomes(e machine.Entry, spans map[int64]span) {
	rows, err := a.w.Disk.LedgerOf(context.Background(), e.Offset, 100_000)
	if err != nil {
		a.fault("ledger of %d: %v", e.Offset, err)
		return
	}
	said := map[int64]map[int]int{} // run -> rule -> outcomes
	for _, row := range rows {
		if said[row.Run] == nil {
			said[row.Run] = map[int]int{}
		}
		for _, o := range row.Outcomes {
			if o.Note != "it had waited" && o.Note != "its predecessor has stopped" {
				said[row.Run][o.Rule]++
			}
		}
	}
	for _, r := range a.runs {
		s := spans[r.ID]
		listens := e.Offset > s.from && e.Offset <= s.till && r.Namespace == e.Namespace
		switch {
		case e.Run != 0 && e.Run != r.ID:
			listens = false
		case e.Run == r.ID && !listens: // it came too late, and that is said
			if said[r.ID][-1] != 1 {
				a.fault("event %d came too late for run %d (%v), and the ledger says %v", e.Offset, r.ID, s, said[r.ID])
			}
			continue
		}
		if !listens {
			if len(said[r.ID]) > 0 {
				a.fault("event %d does not concern run %d (%v), and the ledger says %v", e.Offset, r.ID, s, said[r.ID])
			}
			continue
		}
		for _, l := range a.flows[r.ID].Listeners(e.Event.Key) {
			for _, rn := range l.Rules {
				if n := said[r.ID][rn.Rule.ID]; n != 1 && !sawEnd(rn.Rule) || n < 1 {
					a.fault("event %d has %d outcomes under rule %d of run %d", e.Offset, n, rn.Rule.ID, r.ID)
				}
			}
		}
	}
}

// sawEnd tells whether a rule may have been looked at again in the step of an
// event, because a task ended in it.
func sawEnd(r *spec.Rule) bool {
	return slices.ContainsFunc(r.Nodes, func(c *spec.Condition) bool { return len(c.Wants) > 0 })
}

// memory compares an engine that has come to rest with what a new one would
// load. It is the last that a world does.
func (a *audit) memory() {
	a.w.stop()
	a.w.stop = func() {}
	was := a.w.engine.Picture()
	is, err := engine.Load(context.Background(), engine.Config{Store: a.w.Disk, Slots: a.w.Slots})
	if err != nil {
		a.fault("load: %v", err)
		return
	}
	if was.Undecided > 0 {
		a.fault("%d entries are undecided", was.Undecided)
	}
	// What was decided without any effect, such as an entry for a run that is
	// over, is not worth a commit, and is decided again.
	is.Undecided = 0
	if diff := cmp.Diff(is, was, cmpopts.EquateEmpty(), cmp.AllowUnexported(machine.Registry{}), cmpopts.IgnoreUnexported(machine.Run{}, machine.Items{}), cmpopts.IgnoreFields(engine.Picture{}, "Versions")); diff != "" {
		a.fault("memory differs from what is stored (-stored +memory):\n%s", diff)
	}
}
