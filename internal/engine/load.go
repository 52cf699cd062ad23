package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/logkey"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// load brings into memory what is alive, and the entries that were accepted
// and not decided.
func (e *Engine) load(ctx context.Context) error {
	snap, err := e.cfg.Store.Load(ctx)
	if err != nil {
		return fmt.Errorf("load the state: %w", err)
	}
	e.live, e.fair = newLive(e.cfg.Store), newFair(e.cfg.Slots)
	e.cursor, e.last, e.leader, e.nextDue = snap.Cursor, snap.Last, snap.Leader, snap.NextDue
	e.last = max(e.last, e.cursor.Offset) // a refused command has a place, though nothing stands there
	if e.cursor.NextRun == 0 {
		e.cursor.NextRun = 1
	}
	if e.cursor.NextTrigger == 0 {
		e.cursor.NextTrigger = 1
	}
	for i := range snap.Spaces {
		e.registry(snap.Spaces[i].Name).Row = &snap.Spaces[i]
	}
	for _, row := range snap.Workflows {
		e.registry(row.Namespace).Flows[row.Name] = &machine.Flow{WorkflowRow: row}
	}
	for i := range snap.Places {
		row := &snap.Places[i]
		if f, ok := e.registry(row.Namespace).Flows[row.Workflow]; ok {
			f.Places.Put(row)
		}
	}
	for _, s := range snap.Triggers {
		t := e.registry(s.Row.Namespace).Keep(s.Row)
		t.State, t.Dues = s.State, s.Dues
	}
	if e.clock.read.IsZero() { // after trouble with the disk it goes on
		e.clock = newClock(e.cursor.Time, time.Now())
	}
	for _, s := range snap.Runs {
		err := e.loadRun(ctx, s)
		if errors.Is(err, errUnreadable) {
			err = e.giveUp(ctx, s, err)
		}
		if err != nil {
			return err
		}
	}
	return e.loadBacklog(ctx)
}

// giveUp ends a run whose workflow cannot be read any more: one such run must
// not keep all others from going on. What it still had running is stopped as
// what nobody knows.
func (e *Engine) giveUp(ctx context.Context, s store.RunSnapshot, why error) error {
	if e.cfg.Log != nil {
		e.cfg.Log.Error("a run is given up", logkey.Run, s.Row.ID, logkey.Error, why)
	}
	if e.cursor.Run == s.Row.ID { // nobody goes on with its step
		e.cursor.More, e.cursor.Run = nil, 0
	}
	d := machine.GiveUp(machine.Loaded{Row: s.Row, Held: s.Held, Waits: s.Waits, Dues: s.Dues}, e.cursor.Time, why.Error())
	b := &batch{}
	b.add(d)
	for _, en := range d.Emit { // decided behind what was accepted before
		e.last++
		en.Offset, en.Time = e.last, e.cursor.Time
		b.entries = append(b.entries, en)
	}
	return e.cfg.Store.Commit(ctx, b.store(e.cursor, e.leader))
}

func (e *Engine) loadRun(ctx context.Context, s store.RunSnapshot) error {
	v, err := e.version(ctx, versionID{s.Row.Namespace, s.Row.Workflow, s.Row.Version})
	if err != nil {
		return fmt.Errorf("load run %d: %w", s.Row.ID, err)
	}
	r := machine.Load(v.spec, s.Row, s.Held, s.Waits, s.Rules, s.Dues)
	e.add(v, r)
	e.registry(r.Namespace).Hold(s.Row, !s.Later.IsZero())
	for i, x := range r.Live() {
		switch {
		case x.Status == freshet.Queued && x.Epoch == 0:
			e.fair.add(x.Key, v.spec.Tasks[i].LongRunning)
		case x.Epoch != 0 && x.Status != freshet.Retrying && !v.spec.Tasks[i].LongRunning:
			e.fair.hold(x.Key)
		}
	}
	return nil
}

func (e *Engine) loadBacklog(ctx context.Context) error {
	e.backlog, e.sent, e.firing = nil, map[int64]int{}, 0
	for after := e.cursor.Offset; ; {
		entries, err := e.cfg.Store.Backlog(ctx, after, batchSize)
		if err != nil {
			return fmt.Errorf("read the backlog: %w", err)
		}
		for _, en := range entries {
			after = en.Offset
			begun := len(e.backlog) == 0 && (e.cursor.Target != 0 || e.cursor.More != nil)
			if en.Kind == machine.RunEnded && !begun { // it has its place until that is decided
				e.registry(en.Namespace).Hold(machine.RunRow{ID: en.Run, Workflow: en.Body.Workflow, Status: freshet.Running,
					Depth: en.Depth, Place: en.Body.Key}, false)
			}
			if en.Kind == machine.RunAdmitted { // its place is taken, though it has not been told
				e.registry(en.Namespace).Admit(en.Body.Workflow, en.Run)
			}
			if ownEvent(&en) {
				e.sent[en.Run]++
			}
			if en.Kind == machine.TimerFired {
				e.firing++
			}
			e.backlog = append(e.backlog, &pending{Entry: en, written: true})
		}
		if len(entries) < batchSize {
			return nil
		}
	}
}

// recover hands over what was claimed or running before this server, so that
// its executor finds out what became of it.
func (e *Engine) recover() {
	e.cfg.Release(Effects{Recover: e.claimed()})
}

// resume releases again what the loaded state wants outside. A commit that
// was reported as failed may have reached the disk after all, and then nobody
// has carried out what it decided; doing it twice does no harm.
func (e *Engine) resume() {
	var f Effects
	for _, s := range e.claimed() {
		if s.Execution.StartedAt.IsZero() {
			f.Starts = append(f.Starts, s)
		}
		if s.Execution.Status == freshet.Stopping {
			f.Stops = append(f.Stops, machine.StopEffect{Key: s.Execution.Key, Grace: s.Task.StopGrace})
		}
	}
	if !f.empty() {
		e.cfg.Release(f)
	}
}

// claimed lists what may have a process, by run and task.
func (e *Engine) claimed() []Start {
	var list []Start
	for _, id := range slices.Sorted(maps.Keys(e.runs)) {
		r := e.runs[id]
		v := e.of(r)
		for _, x := range r.Live() {
			if x.Epoch != 0 && x.Status != freshet.Retrying {
				list = append(list, e.startOf(v, r, x))
			}
		}
	}
	return list
}

func (e *Engine) startOf(v *version, r *machine.Run, x *machine.Execution) Start {
	t, _ := v.spec.Task(x.Key.Task)
	return Start{Run: r.RunRow, Task: t, Execution: x, Files: v.files, Brought: r.Brought(), Secrets: v.spec.Secrets, WriteOnly: v.spec.WriteOnly()}
}

func isFull(err error) bool { return errors.Is(err, store.ErrFull) }
