package engine

import (
	"context"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// Reply is what became of a submitted entry.
type Reply struct {
	Offset int64 // in the journal; of the earlier event, if it is known already
	Run    int64 // a run that was started
	Value  any   // what the machine answers
	Known  bool  // the same event, or the same start, was accepted before
	Time   time.Time
	Err    error
}

// submission is entries that somebody waits for.
type submission struct {
	entries  []machine.Entry
	replies  []Reply
	answered []bool
	open     int
	lazy     bool
	done     chan struct{}
}

func (s *submission) answer(i int, r Reply) {
	if s.answered[i] {
		return
	}
	s.replies[i], s.answered[i] = r, true
	if s.open--; s.open == 0 {
		close(s.done)
	}
}

// refuse answers all that is open with an error.
func (s *submission) refuse(err error) {
	for i := range s.replies {
		s.answer(i, Reply{Err: err})
	}
}

// Submit hands entries to the engine and waits until each is answered: a fact
// once it is on disk, a command once it is decided and on disk. Replies are in
// the order of the entries.
func (e *Engine) Submit(ctx context.Context, entries ...machine.Entry) ([]Reply, error) {
	wait, err := e.Send(ctx, false, entries...)
	if err != nil {
		return nil, err
	}
	return wait(ctx)
}

// Send hands entries to the engine without waiting: wait does. What one
// goroutine sends is taken in that order. Lazy entries, such as that a process
// has started, may stay a moment for company.
func (e *Engine) Send(ctx context.Context, lazy bool, entries ...machine.Entry) (wait func(context.Context) ([]Reply, error), err error) {
	s := &submission{entries: entries, replies: make([]Reply, len(entries)), answered: make([]bool, len(entries)),
		open: len(entries), lazy: lazy, done: make(chan struct{})}
	if s.open == 0 {
		close(s.done)
		return s.wait(e), nil
	}
	select {
	case e.in <- s:
		return s.wait(e), nil
	case <-e.done:
		return nil, errClosing
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *submission) wait(e *Engine) func(context.Context) ([]Reply, error) {
	return func(ctx context.Context) ([]Reply, error) {
		select {
		case <-s.done:
			return s.replies, nil
		case <-e.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		select { // it may have been answered just before the end
		case <-s.done:
			return s.replies, nil
		default:
			return nil, errClosing
		}
	}
}

// pending is an entry that has been accepted and not been decided.
type pending struct {
	machine.Entry
	sub     *submission // who waits; nil: nobody any more
	index   int
	written bool // it is in the journal
	value   any  // what the machine answers
}

// fact tells whether an entry is accepted whatever is decided about it.
func fact(k machine.Kind) bool {
	switch k {
	case machine.Upload, machine.StartRun, machine.StopRun, machine.StartTask, machine.StopTask, machine.RestartTask, machine.AnswerTask,
		machine.AddTrigger, machine.ChangeTrigger, machine.EnableFlow, machine.DisableFlow, machine.DeleteFlow,
		machine.PutNamespace, machine.DropNamespace, machine.DeleteRun:
		return false
	}
	return true
}

// essential facts and commands are taken even when the disk is full: what ends
// something, and what makes room.
func essential(k machine.Kind) bool {
	switch k {
	case machine.Started, machine.Ended, machine.StopRun, machine.StopTask, machine.DeleteRun, machine.DeleteFlow:
		return true
	}
	return false
}

// urgent are the due times that are taken even when the disk is full: they end
// something.
func urgent(k machine.TimerKind) bool {
	return k == machine.TimeoutTimer || k == machine.RunTimeoutTimer
}

var errFull = freshet.Errorf(freshet.Unavailable, "the disk is full: nothing new is accepted").
	WithHint("free some space, or delete runs and workflows; what was accepted before is safe, and running tasks are still recorded")

// accept gives the taken entries their places in the journal, once they are
// known not to have been accepted before.
func (t *turn) accept(taken []*submission) error {
	known, err := t.known(taken)
	if err != nil {
		return err
	}
	for _, s := range taken {
		for i, en := range s.entries {
			p := &pending{Entry: en, sub: s, index: i}
			if r, refused := t.refused(p, known); refused {
				t.answer(p, r)
				continue
			}
			t.append(p)
			if p.Kind == machine.EventHappened && p.Event.ID != "" {
				known[eventID(p.Event)] = p.Event
			}
		}
	}
	return nil
}

// known looks up which of the taken events were accepted before.
func (t *turn) known(taken []*submission) (map[store.EventID]*freshet.Event, error) {
	var ids []store.EventID
	for _, s := range taken {
		for _, en := range s.entries {
			if en.Event != nil && en.Kind == machine.EventHappened && en.Event.ID != "" {
				ids = append(ids, eventID(en.Event))
			}
		}
	}
	if len(ids) == 0 {
		return map[store.EventID]*freshet.Event{}, nil
	}
	known, err := t.e.cfg.Store.Known(t.ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, p := range t.e.backlog { // accepted, and perhaps not written yet
		if p.Kind == machine.EventHappened && p.Event.ID != "" {
			known[eventID(p.Event)] = p.Event
		}
	}
	return known, nil
}

func eventID(ev *freshet.Event) store.EventID {
	return store.EventID{Namespace: ev.Namespace, Sender: ev.Sender, ID: ev.ID}
}

// refused tells whether an entry has its answer already: it was accepted
// before, or is not taken now.
func (t *turn) refused(p *pending, known map[store.EventID]*freshet.Event) (Reply, bool) {
	if t.e.full && !essential(p.Kind) {
		return Reply{Err: errFull}, true
	}
	if p.Namespace == "" { // a report: an executor knows runs only
		r, ok := t.e.runs[p.Run]
		if !ok {
			t.gone(p)
			return Reply{Err: freshet.Errorf(freshet.Conflict, "run %d is over", p.Run)}, true
		}
		p.Namespace = r.Namespace
	}
	if p.Kind != machine.EventHappened || p.Event.ID == "" {
		return Reply{}, false
	}
	before, ok := known[eventID(p.Event)]
	if !ok {
		return Reply{}, false
	}
	if before.Value != p.Event.Value || before.Key != p.Event.Key {
		return Reply{Err: freshet.Errorf(freshet.Conflict, "event id %q was used before with another key or value, at offset %d", p.Event.ID, before.Offset).
			WithHint("give each event an id of its own")}, true
	}
	return Reply{Offset: before.Offset, Time: before.Time, Known: true}, true
}

// startedBefore finds the run that was started with an idempotence key, 0 if
// there is none. It is asked when the start is decided, after all that came
// before it: one that was refused started nothing.
func (t *turn) startedBefore(namespace, key string) (int64, error) {
	if key == "" {
		return 0, nil
	}
	if run, ok := t.started[[2]string{namespace, key}]; ok {
		return run, nil
	}
	return t.e.cfg.Store.RunByKey(t.ctx, namespace, key)
}

// append gives an entry its place in the journal.
func (t *turn) append(p *pending) {
	t.e.last++
	p.Offset, p.Time = t.e.last, t.now
	if p.Kind == machine.StartRun && p.Run == 0 {
		p.Run = t.cursor.NextRun
		t.cursor.NextRun++
		t.trace(p)
	}
	if n := newTriggers(&p.Entry); n > 0 {
		p.Body.FirstTrigger = t.cursor.NextTrigger
		t.cursor.NextTrigger += int64(n)
	}
	if p.Kind == machine.TimerFired {
		t.e.firing++
	}
	if p.Kind == machine.EventHappened {
		for _, id := range []int64{p.Run, p.From} {
			if r, ok := t.e.runs[id]; ok {
				p.Depth = max(p.Depth, r.Depth)
			}
		}
		ev := *p.Event
		if r, ok := t.e.runs[p.From]; ok && ev.Traceparent == "" { // its task does not know of traces
			ev.Traceparent = r.Trace.Traceparent(freshet.Key{})
		}
		ev.Offset, ev.Time, ev.Namespace, ev.RunID = p.Offset, p.Time, p.Namespace, p.Run
		p.Event = &ev
	}
	if fact(p.Kind) {
		t.write(p)
	}
	t.e.backlog = append(t.e.backlog, p)
}

// newTriggers counts the triggers that an entry may add.
func newTriggers(en *machine.Entry) int {
	if en.Kind == machine.AddTrigger {
		return 1
	}
	n := 0
	for _, u := range en.Body.Upload {
		n += len(u.On)
	}
	return n
}

// write puts an entry into the journal; a fact is answered by that.
func (t *turn) write(p *pending) {
	if p.written {
		return
	}
	p.written = true
	t.b.entries = append(t.b.entries, p.Entry)
	if fact(p.Kind) {
		t.answer(p, Reply{Offset: p.Offset, Time: p.Time})
	}
}

func (t *turn) answer(p *pending, r Reply) {
	if p.sub != nil {
		t.answers = append(t.answers, answer{p.sub, p.index, r})
		p.sub = nil
	}
}
