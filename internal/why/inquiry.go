package why

import (
	"context"
	"fmt"
	"sort"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// inquiry is one question that is being answered. It remembers what it has
// read, and its first error: reads after that give nothing.
type inquiry struct {
	ctx      context.Context
	x        *Explainer
	now      time.Time
	about    int64 // the run that is asked about, 0 for none
	views    map[int64]*view
	entries  map[int64]*machine.Entry
	registry []store.LedgerRow    // newest decisions of the namespaces
	told     map[freshet.Key]bool // starts that stand in the answer already
	toldRuns map[int64]bool       // and runs
	calls    int                  // runs that call each other, and are being told of now
	err      error
}

// view is a run as it is stored. Of its executions only status and code are
// known until one is asked for.
type view struct {
	*machine.Run
	w      *spec.Workflow
	later  time.Time          // when it is to start; zero: it does not wait for a time
	full   map[int]bool       // tasks whose executions have been read
	recent map[string]history // by task
}

// history is the newest decisions of a run that say something of a task.
type history struct {
	rows  []store.LedgerRow // newest first
	whole bool              // there are no older ones
}

func (x *Explainer) ask(ctx context.Context) *inquiry {
	return &inquiry{ctx: ctx, x: x, now: freshet.Time(x.now()), views: map[int64]*view{}, entries: map[int64]*machine.Entry{},
		told: map[freshet.Key]bool{}, toldRuns: map[int64]bool{}}
}

// ok takes a read's error; what is not there (any more) is no error.
func (q *inquiry) ok(err error) bool {
	if err == nil {
		return q.err == nil
	}
	if q.err == nil && freshet.CodeOf(err) != freshet.NotFound {
		q.err = fmt.Errorf("explain: %w", err)
	}
	return false
}

// view reads a run; nil if there is none.
func (q *inquiry) view(id int64) *view {
	v, err := q.load(id)
	if !q.ok(err) {
		return nil
	}
	return v
}

func (q *inquiry) load(id int64) (*view, error) {
	if v, ok := q.views[id]; ok {
		return v, nil
	}
	if q.err != nil {
		return nil, q.err
	}
	snap, err := q.x.reader.Survey(q.ctx, id)
	if err != nil {
		return nil, err
	}
	w, err := q.x.version(q.ctx, snap.Row.Namespace, snap.Row.Workflow, snap.Row.Version)
	if err != nil {
		return nil, err
	}
	v := &view{Run: machine.Load(w, snap.Row, snap.Held, snap.Waits, snap.Rules, snap.Dues), w: w, later: snap.Later,
		full: map[int]bool{}, recent: map[string]history{}}
	q.views[id] = v
	return v, nil
}

// latest is a task's latest execution, read in full; false: it has none.
func (q *inquiry) latest(v *view, task int) (execution, bool) {
	st := &v.Tasks[task]
	if st.Latest == nil {
		return execution{}, false
	}
	if !v.full[task] && q.err == nil {
		held, err := q.x.reader.Held(q.ctx, v.ID, v.w.Tasks[task].Name)
		if q.ok(err) && len(held) > 0 {
			machine.Apply(v.w, v.Run, &machine.Decision{Executions: held})
		}
		v.full[task] = true
	}
	return latest(st.Latest), true
}

// flow is the workflow of a run, without the run's state; nil if there is no
// such run.
func (q *inquiry) flow(id int64) *spec.Workflow {
	if v, ok := q.views[id]; ok {
		return v.w
	}
	if q.err != nil {
		return nil
	}
	r, err := q.x.reader.Run(q.ctx, id)
	if !q.ok(err) {
		return nil
	}
	w, err := q.x.version(q.ctx, r.Namespace, r.Workflow, r.Version)
	if !q.ok(err) {
		return nil
	}
	return w
}

// recent are the newest decisions of a run that say something of a task, or,
// without one, all.
func (q *inquiry) recent(v *view, task string) history {
	h, ok := v.recent[task]
	if !ok {
		h.rows, h.whole = q.ledger(v.ID, task, 0, recentRows)
		v.recent[task] = h
	}
	return h
}

// ledger reads decisions of a run, newest first, from before an offset; whole
// tells that there are no older ones. A step of a wide run decides on very
// many tasks at once, so what says nothing of the task is left unread.
func (q *inquiry) ledger(run int64, task string, before int64, limit int) (rows []store.LedgerRow, whole bool) {
	if q.err != nil {
		return nil, false
	}
	var err error
	if task == "" {
		rows, err = q.x.reader.LedgerFor(q.ctx, run, before, limit)
		whole = len(rows) < limit
	} else {
		rows, whole, err = q.x.reader.LedgerTask(q.ctx, run, task, before, limit)
	}
	if !q.ok(err) {
		return nil, false
	}
	return rows, whole
}

// decided is what a run decided about one entry, as far as it says something
// of a task.
func (q *inquiry) decided(run int64, task string, offset int64) []store.LedgerRow {
	rows, _ := q.ledger(run, task, offset+1, 1)
	if len(rows) == 0 || rows[0].Offset != offset {
		return nil
	}
	return rows
}

// entry reads one entry of the journal; nil if it is not there any more.
func (q *inquiry) entry(offset int64) *machine.Entry {
	if e, ok := q.entries[offset]; ok {
		return e
	}
	if q.err != nil || offset <= 0 {
		return nil
	}
	e, err := q.x.reader.Entry(q.ctx, offset)
	if !q.ok(err) {
		return nil
	}
	q.entries[offset] = e
	return e
}

// upTo is the newest offset whose entry is not later than t. Journal time never
// goes backward, so a few looks find it: in steps that double, then by halves.
func (q *inquiry) upTo(t time.Time) int64 {
	later := func(o int64) bool { // or there is none
		if q.err != nil {
			return true
		}
		next, err := q.x.reader.Journal(q.ctx, o, 1)
		return !q.ok(err) || len(next) == 0 || next[0].Time.After(t)
	}
	low, high := int64(0), int64(1)
	for !later(high) {
		low, high = high, high*2
	}
	return low + int64(sort.Search(int(high-low), func(i int) bool { return later(low + int64(i)) }))
}

// execution is one start of a task, with its last try: what an explanation
// needs of it.
type execution struct {
	freshet.Key
	status                 freshet.Status
	code                   freshet.Code
	reason                 string
	offset                 int64
	queued, started, ended time.Time
	exit                   int
	hasExit                bool
	outputs                map[string]any
	asked                  freshet.Code // known of the latest only
	due                    time.Time    // known of the latest only
	claimed                bool         // known of the latest only
	message                string       // of an approval; known of the latest only
	child                  int64        // the run that it called, 0 for none
	place                  string       // key of its task's `concurrency`; known of the latest only
}

// latest is a task's latest execution.
func latest(x *machine.Execution) execution {
	e := execution{Key: x.Key, status: x.Status, code: x.Code, reason: x.Reason, offset: x.Offset,
		queued: x.QueuedAt, started: x.StartedAt, ended: x.EndedAt, exit: x.ExitCode, hasExit: x.HasExit, outputs: x.Outputs,
		asked: x.Asked, due: x.Due, claimed: x.Epoch != 0, child: x.Child, place: x.Place}
	if x.Call != nil {
		e.message = x.Call.Message
	}
	return e
}

func stored(x *freshet.Execution) execution {
	e := execution{Key: freshet.Key{Run: x.RunID, Task: x.Task, Item: freshet.NoItem, Seq: x.Seq, Try: x.Try},
		status: x.Status, code: x.Code, reason: x.Reason, offset: x.EventOffset,
		queued: at(x.QueuedAt), started: at(x.StartedAt), ended: at(x.EndedAt), outputs: x.Outputs, child: x.ChildRun}
	if x.Item != nil {
		e.Item = *x.Item
	}
	if x.ExitCode != nil {
		e.exit, e.hasExit = *x.ExitCode, true
	}
	return e
}

func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// everyItem asks executions for a task's own and those of all its items.
var everyItem = new(int)

// executions reads starts of a task, each with its last try; those of items
// only if they are asked for.
func (q *inquiry) executions(f store.ExecutionFilter) []execution {
	if q.err != nil {
		return nil
	}
	switch own := freshet.NoItem; f.Item {
	case nil:
		f.Item = &own
	case everyItem:
		f.Item = nil
	}
	list, err := q.x.reader.Executions(q.ctx, f)
	if !q.ok(err) {
		return nil
	}
	out := make([]execution, len(list))
	for i := range list {
		out[i] = stored(&list[i])
	}
	return out
}

// start reads one start of a task.
func (q *inquiry) start(v *view, task string, seq int) (execution, bool) {
	t, ok := v.w.Task(task)
	if !ok || seq < 1 {
		return execution{}, false
	}
	if v.Tasks[t.Index].Seq() == seq {
		return q.latest(v, t.Index)
	}
	list := q.executions(store.ExecutionFilter{Run: v.ID, Task: task, Seq: seq})
	if len(list) == 0 {
		return execution{}, false
	}
	return list[len(list)-1], true
}

// firstTry is an execution with the time and the key of its first try: when
// its start was decided.
func (q *inquiry) firstTry(v *view, x execution) execution {
	if x.Try < 2 || q.err != nil {
		return x
	}
	list := q.executions(store.ExecutionFilter{Run: v.ID, Task: x.Task, Item: &x.Item, Seq: x.Seq, AllTries: true, Limit: 1})
	if len(list) == 1 {
		x.Key, x.queued = list[0].Key, list[0].queued
	}
	return x
}

// startAt finds the newest start of a task of which when(it) is not after t.
func (q *inquiry) startAt(v *view, task string, t time.Time, when func(execution) time.Time) (execution, bool) {
	found, ok := v.w.Task(task)
	if !ok {
		return execution{}, false
	}
	n := v.Tasks[found.Index].Seq()
	after := func(seq int) bool {
		x, ok := q.start(v, task, seq)
		w := when(x)
		return ok && (w.IsZero() || w.After(t))
	}
	if n > 0 && !after(n) {
		return q.start(v, task, n)
	}
	return q.start(v, task, sort.Search(n, func(i int) bool { return after(i + 1) }))
}
