package engine

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/logkey"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// turnRows bounds what one transaction writes, unless the settings say
// otherwise; the rest of the backlog waits for the next.
const turnRows = 5000

// turn is one batch in the making.
type turn struct {
	e       *Engine
	ctx     context.Context
	now     time.Time
	b       *batch
	cursor  store.Cursor
	effects Effects
	answers []answer
	waiting []*submission       // accepted in an earlier turn, and still to be answered
	started map[[2]string]int64 // idempotence keys of this turn's starts
	tally   tally
	ended   []Ended
}

type answer struct {
	sub   *submission
	index int
	reply Reply
}

// decide takes the batch through inbox, machine and claims.
func (t *turn) decide(taken []*submission) error {
	for _, p := range t.e.backlog {
		if p.sub != nil {
			t.waiting = append(t.waiting, p.sub)
		}
	}
	// What is due was due before what arrives now: after a stall, too, a
	// deadline passes before the event that comes too late for it.
	if err := t.due(); err != nil {
		return err
	}
	if err := t.accept(taken); err != nil {
		return err
	}
	for len(t.e.backlog) > 0 && t.b.size < t.e.cfg.Rows {
		p := t.e.backlog[0]
		done, err := t.entry(p)
		if err != nil {
			return err
		}
		if !done {
			break
		}
		t.e.backlog = t.e.backlog[1:]
		if p.Kind == machine.TimerFired {
			t.e.firing--
		}
		if ownEvent(&p.Entry) {
			if t.e.sent[p.Run]--; t.e.sent[p.Run] <= 0 {
				delete(t.e.sent, p.Run)
			}
		}
		t.cursor.Offset, t.cursor.Target = p.Offset, 0
	}
	// The journal is written in its order: what is not decided yet, and stands
	// before what is written now, is written with it.
	for _, p := range t.e.backlog {
		t.write(p)
	}
	t.claim()
	slices.SortFunc(t.b.entries, func(a, b machine.Entry) int { return int(a.Offset - b.Offset) })
	return nil
}

// due makes facts of the timers whose time has come. Those that were made
// before and are not decided yet are still in the store, so that no more are
// fetched until they are.
func (t *turn) due() error {
	e := t.e
	if e.nextDue.IsZero() || t.now.Before(e.nextDue) || e.firing > 0 {
		return nil
	}
	timers, next, err := e.cfg.Store.Due(t.ctx, t.now, batchSize)
	if err != nil {
		return err
	}
	e.nextDue = next
	up := e.clock.up
	for _, tm := range timers {
		if e.full && !urgent(tm.Kind) { // it stays due
			e.nextDue = t.now
			continue
		}
		t.tally.Late = append(t.tally.Late, t.now.Sub(tm.Due))
		body := machine.Body{Timer: &tm.Timer}
		if tm.Kind == machine.RuleTimer {
			body.Up = &up
		}
		t.append(&pending{Entry: machine.Entry{Namespace: tm.Namespace, Kind: machine.TimerFired, Run: tm.Key.Run, Body: body}})
	}
	return nil
}

// entry decides one entry for all that it concerns: its namespace first, then
// runs. It is not done when the transaction is full before the last of them.
func (t *turn) entry(p *pending) (bool, error) {
	if t.cursor.Target == 0 && (t.cursor.More == nil || t.cursor.Run == 0) && t.spaces(p) {
		if done, ok, err := t.registry(p); err != nil || !done || !ok {
			return done, err
		}
		t.cursor.Target = -1
	}
	switch p.Kind {
	case machine.EventHappened:
		return t.event(p), nil
	case machine.StartRun:
		done := t.run(p, p.Run)
		if done {
			t.answer(p, Reply{Offset: p.Offset, Run: p.Run})
		}
		return done, nil
	}
	if t.spaces(p) {
		return true, nil
	}
	return t.run(p, p.Run), nil
}

// spaces tells whether an entry concerns its namespace.
func (t *turn) spaces(p *pending) bool {
	switch p.Kind {
	case machine.EventHappened:
		g, ok := t.e.registries[p.Namespace]
		return ok && g.Listens(&p.Entry)
	case machine.TimerFired:
		tm := p.Body.Timer
		return tm.Kind == machine.RuleTimer && tm.Key.Run == 0 || tm.Kind == machine.RunStartTimer
	case machine.Started, machine.Ended, machine.Settle, machine.RunAdmitted,
		machine.StopRun, machine.StartTask, machine.StopTask, machine.RestartTask, machine.AnswerTask,
		machine.ChildStarted, machine.ChildEnded, machine.GrantPlaces:
		return false
	}
	return true
}

// event decides an event for the run that it carries, or for all that listen.
func (t *turn) event(p *pending) bool {
	if p.Run != 0 {
		return t.run(p, p.Run)
	}
	after := max(t.cursor.Target, 0)
	if t.cursor.More != nil {
		after = t.cursor.Run
		if !t.run(p, after) {
			return false
		}
		t.cursor.Target = after
	}
	for _, id := range t.e.listening(p.Namespace, p.Event.Key, after) {
		if t.b.size >= t.e.cfg.Rows || !t.run(p, id) {
			return false
		}
		t.cursor.Target = id
	}
	return true
}

// version finds a version, also one that was uploaded in this very turn and is
// not on disk yet.
func (t *turn) version(id versionID) (*version, error) {
	for i := range t.b.vers {
		row := &t.b.vers[i]
		if _, known := t.e.versions[id]; !known && (versionID{row.Namespace, row.Name, row.Version}) == id {
			return t.e.compile(id, row)
		}
	}
	return t.e.version(t.ctx, id)
}

// refusedLate answers a command that the machine refuses. One that has been
// written down all the same is decided by that: the cursor has to pass it, or
// it would be decided again after a crash.
func (t *turn) refusedLate(p *pending, err error) {
	if p.written {
		t.b.size++
	}
	t.answer(p, Reply{Err: err})
}

// run decides an entry for a run; false: the step goes on in the next
// transaction.
func (t *turn) run(p *pending, id int64) bool {
	e := t.e
	r, ok := e.runs[id]
	if !ok {
		t.gone(p)
		return true
	}
	v := e.of(r)
	more := t.cursor.More
	for {
		part := 0
		if more != nil {
			part = more.Part
		}
		d := t.step(v.spec, r, &p.Entry, more)
		if d.Refused != nil {
			t.refusedLate(p, d.Refused) // from within: nobody hears it
			return true
		}
		t.end(v.spec, r, &p.Entry, d)
		t.tally.run(v.spec, r, d)
		machine.Apply(v.spec, r, d)
		t.write(p)
		t.take(p, d, id, part)
		more = d.More
		t.cursor.More, t.cursor.Run = more, id
		if more == nil {
			t.cursor.Run = 0
			break
		}
		if t.b.size >= t.e.cfg.Rows {
			return false
		}
	}
	switch p.Kind {
	case machine.StartRun:
	case machine.Ended: // its holder may forget it, stale or not
		t.effects.Ended = append(t.effects.Ended, p.Body.Process.Key(p.Run))
	default:
		t.answer(p, Reply{Offset: p.Offset, Value: p.value})
	}
	if r.Status.Final() {
		e.drop(r)
	}
	return true
}

// gone is for entries about a run that is over.
func (t *turn) gone(p *pending) {
	switch p.Kind {
	case machine.EventHappened:
		t.b.ledger = append(t.b.ledger, store.LedgerRow{Offset: p.Offset, Namespace: p.Namespace, Run: p.Run,
			Outcomes: []freshet.Outcome{{Rule: -1, Result: freshet.Expired, Note: "the run is over"}}})
		t.b.size++
	case machine.TimerFired:
		t.b.timers.put(keyOf(p.Body.Timer), nil)
		t.b.size++
	case machine.Ended:
		// Its end concerns nobody any more; whoever holds it may forget it.
		t.effects.Ended = append(t.effects.Ended, p.Body.Process.Key(p.Run))
	case machine.ChildStarted: // the run was given up meanwhile
		t.append(&pending{Entry: machine.StopCalled(p.Namespace, p.Body.Child.Run, p.Depth, p.Offset)})
		t.write(t.e.backlog[len(t.e.backlog)-1])
	}
	t.answer(p, Reply{Err: freshet.Errorf(freshet.Conflict, "run %d is over", p.Run)})
}

// step is the machine's, with a panic turned into the end of the run: one
// fault of ours must not stop everything else.
func (t *turn) step(w *spec.Workflow, r *machine.Run, en *machine.Entry, more *machine.Continuation) (d *machine.Decision) {
	defer func() {
		if fault := recover(); fault != nil {
			if t.e.cfg.Log != nil {
				t.e.cfg.Log.Error("a step panicked", logkey.Run, r.ID, logkey.Offset, en.Offset, logkey.Fault, fault, logkey.Stack, string(debug.Stack()))
			}
			d = machine.Abort(w, r, en, fmt.Sprintf("a fault of Freshet while deciding entry %d: %v", en.Offset, fault))
		}
	}()
	t.e.stats.steps.Add(1)
	return machine.Step(w, r, en, more)
}

// take puts a decision into the batch, and what it sets going on the way.
func (t *turn) take(p *pending, d *machine.Decision, run int64, part int) {
	e := t.e
	t.b.add(d)
	t.tally.Started += len(d.NewRuns)
	if len(d.Outcomes) > 0 {
		t.b.ledger = append(t.b.ledger, store.LedgerRow{Offset: p.Offset, Namespace: p.Namespace, Run: run, Part: part, Outcomes: d.Outcomes})
	}
	for _, k := range d.Unqueue {
		e.fair.remove(k)
	}
	for _, q := range d.Queue {
		e.fair.add(q.Key, q.Free)
	}
	for _, x := range d.Executions {
		if x.Epoch != 0 && (x.Status.Final() || x.Status == freshet.Retrying) {
			e.fair.release(x.Key)
		}
	}
	t.effects.Stops = append(t.effects.Stops, d.Stops...)
	for _, en := range d.Emit {
		t.append(&pending{Entry: en})
		t.write(e.backlog[len(e.backlog)-1])
		t.flooded(&en)
	}
	if d.Reply != nil { // a later part of a step has none
		p.value = d.Reply
	}
}

// claim gives free slots to what has waited longest in fairness.
func (t *turn) claim() {
	e := t.e
	for e.node != "" {
		k, ok := e.fair.next()
		if !ok {
			return
		}
		r, ok := e.runs[k.Run]
		if !ok {
			e.fair.release(k)
			continue
		}
		v := e.of(r)
		d := machine.Claim(v.spec, r, k, e.leader, e.node)
		if d == nil {
			e.fair.release(k)
			continue
		}
		machine.Apply(v.spec, r, d)
		t.b.add(d)
		t.effects.Starts = append(t.effects.Starts, e.startOf(v, r, d.Executions[0]))
	}
}
