// Package engine is the single writer of a shard. It takes what waits, lets
// the machine decide it in order on the state in memory, gives free slots to
// what is queued, and commits all of it in one transaction; only then are
// senders answered, processes started and stopped, and readers told. The time
// that a commit takes is the window in which the next batch gathers: there is
// no timer for it.
//
// Memory may be lost at any line. What was acknowledged is on disk, and what
// is on disk but not decided is decided after the next start, in the same
// order.
package engine

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/logkey"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// Config is what an engine needs.
type Config struct {
	Store   store.Writer
	Slots   int           // executions that run at once, those of long-running tasks aside
	Prepare func([]Start) // called with what is claimed while that is being committed; may be nil; must not block
	Release func(Effects) // called after each commit that has effects, in order; must not block
	// Publish is called after each commit with its entries, and once at the
	// start with the last offset of before; it must not block.
	Publish func(last int64, entries []machine.Entry)
	Measure func(Work) // called after each commit; may be nil; must not block
	Reserve Reserve    // disk space to live from when the disk is full; may be nil
	Trace   *Trace     // nil: nobody makes traces, and runs get no span of their own
	Log     *slog.Logger
	Rows    int // that one transaction writes, about; 0: 5000
}

// Reserve is disk space that is given up when the disk is full, so that ends
// and stops can still be recorded.
type Reserve interface {
	Release()
	Restore() bool // tells whether the disk has room again
}

// Effects are what may reach outside after a commit.
type Effects struct {
	Recover []Start              // of a loaded state: claimed or running already
	Starts  []Start              // claimed now
	Stops   []machine.StopEffect // processes to end
	Ended   []freshet.Key        // attempts whose end is committed
}

func (f *Effects) empty() bool {
	return len(f.Recover)+len(f.Starts)+len(f.Stops)+len(f.Ended) == 0
}

// Start is an execution whose process is to start.
type Start struct {
	Run       machine.RunRow
	Task      *spec.Task
	Execution *machine.Execution
	Files     []freshet.File
	Brought   []*machine.Execution // of a run that was rerun: those whose artifacts its directory begins with
	Secrets   []string             // names of those that the run's version mentions
	WriteOnly []string             // its parameters that are shown to nobody
}

// Engine decides. Run it once; Submit from anywhere.
type Engine struct {
	cfg    Config
	in     chan *submission
	holder chan string
	slots  chan int
	sweeps chan *sweep
	ready  chan struct{}
	done   chan struct{}

	*live
	fair    *fair
	backlog []*pending
	sent    map[int64]int // run -> undecided events that its own tasks have sent
	cursor  store.Cursor
	last    int64 // newest offset given
	leader  int64
	node    string // who would hold what is claimed now; empty: nobody yet
	nextDue time.Time
	firing  int // due times that are in the backlog
	clock   clock
	full    bool // the disk is full: only ends and stops are taken
	stats   stats
}

// New makes an engine; Run serves it.
func New(cfg Config) *Engine {
	if cfg.Rows <= 0 {
		cfg.Rows = turnRows
	}
	return &Engine{cfg: cfg, in: make(chan *submission, 1024), holder: make(chan string, 1), slots: make(chan int, 1), sweeps: make(chan *sweep),
		ready: make(chan struct{}), done: make(chan struct{})}
}

// Ready is closed when the state has been loaded.
func (e *Engine) Ready() <-chan struct{} { return e.ready }

// SetHolder says who would hold what is claimed from now on; empty: nobody,
// and nothing is claimed.
func (e *Engine) SetHolder(ctx context.Context, node string) {
	select {
	case e.holder <- node:
	case <-ctx.Done():
	case <-e.done:
	}
}

// SetSlots says how many executions run at once from now on. What runs already
// goes on.
func (e *Engine) SetSlots(ctx context.Context, n int) {
	select {
	case e.slots <- n:
	case <-ctx.Done():
	case <-e.done:
	}
}

// Run serves until ctx ends. What has been taken by then and is not on disk is
// answered with unavailable.
func (e *Engine) Run(ctx context.Context) error {
	defer close(e.done)
	if err := e.load(ctx); err != nil {
		return err
	}
	e.recover()
	e.count()
	if e.cfg.Publish != nil {
		e.cfg.Publish(e.last, nil)
	}
	close(e.ready)
	work := context.WithoutCancel(ctx)
	for {
		taken, err := e.gather(ctx)
		if err != nil {
			for _, s := range taken {
				s.refuse(errClosing)
			}
			return nil
		}
		t, err := e.turn(work, taken)
		if err == nil {
			continue
		}
		if e.cfg.Log != nil {
			e.cfg.Log.Error("commit failed", logkey.Error, err)
		}
		if freshet.CodeOf(err) == freshet.Conflict { // another leader has the shard
			t.refuse(taken, notRecorded(err))
			return err
		}
		e.makeRoom(err)
		e.failed(err)
		if err := e.reload(ctx); err != nil {
			t.refuse(taken, errUnknown)
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		e.stats.trouble.Store(nil) // reading it back took the leadership: that is a write
		e.count()
		t.settle(taken, err)
	}
}

var errClosing = freshet.Errorf(freshet.Unavailable, "the server is stopping")

// lazyWait is how long a report of a start may wait for company: most
// processes end soon, and then both are one commit.
const lazyWait = 15 * time.Millisecond

// companyWait is how long inputs wait for others while every slot is taken.
const companyWait = 2 * time.Millisecond

func (e *Engine) saturated() bool {
	return len(e.fair.used) >= e.fair.slots && len(e.fair.waiting) > 0
}

// batchSize bounds the inputs of one turn.
const batchSize = 500

// gather waits until there is something to do, and takes what waits.
func (e *Engine) gather(ctx context.Context) ([]*submission, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err() // what has not been decided is on disk
	}
	var taken []*submission
	entries, urgent := 0, len(e.backlog) > 0
	take := func(s *submission) {
		taken = append(taken, s)
		entries += len(s.entries)
		urgent = urgent || !s.lazy
	}
	var lazy <-chan time.Time
	for !urgent {
		due, stop := e.alarm()
		select {
		case s := <-e.in:
			take(s)
			if !urgent && lazy == nil {
				t := time.NewTimer(lazyWait)
				defer t.Stop()
				lazy = t.C
			}
		case e.node = <-e.holder:
			urgent = true
		case n := <-e.slots:
			e.cfg.Slots, e.fair.slots, urgent = n, n, true
		case s := <-e.sweeps: // nothing else is to do
			e.sweep(s)
		case <-due:
			urgent = e.full || !e.clock.now(time.Now()).Before(e.nextDue)
		case <-lazy:
			urgent = true
		case <-ctx.Done():
			stop()
			return taken, ctx.Err()
		}
		stop()
	}
	// Where every slot is taken and more wait, the machine is busy with the
	// processes themselves: fewer, larger commits leave them more of it.
	var company <-chan time.Time
	if e.saturated() && entries > 0 {
		t := time.NewTimer(companyWait)
		defer t.Stop()
		company = t.C
	}
	for entries < batchSize {
		if company != nil && entries < e.fair.slots/2 {
			select {
			case s := <-e.in:
				take(s)
				continue
			case <-company:
				company = nil
			case <-ctx.Done():
				return taken, ctx.Err()
			}
		}
		select {
		case s := <-e.in:
			take(s)
		default:
			return taken, nil
		}
	}
	return taken, nil
}

// alarm rings when the next due time has come, or earlier: the machine may
// sleep, and its clock may be set, so that the time is looked at again and
// again. On a full disk it rings to see whether there is room again, because
// nobody who looks whether this server is ready would send anything to it.
func (e *Engine) alarm() (<-chan time.Time, func()) {
	wait := alarmEvery
	switch {
	case e.full && e.cfg.Reserve != nil:
		wait = roomEvery
	case e.nextDue.IsZero():
		return nil, func() {}
	}
	if !e.nextDue.IsZero() && !e.full { // what is due waits for room
		wait = min(wait, e.clock.until(e.nextDue, time.Now()))
	}
	t := time.NewTimer(wait)
	return t.C, func() { t.Stop() }
}

// roomEvery is how often a full disk is looked at.
const roomEvery = 2 * time.Second

// alarmEvery is how long a machine that slept may take to notice that it
// did.
const alarmEvery = 30 * time.Second

// turn decides what was taken and commits it.
func (e *Engine) turn(ctx context.Context, taken []*submission) (*turn, error) {
	t := &turn{e: e, ctx: ctx, b: &batch{}, cursor: e.cursor, started: map[[2]string]int64{}}
	t.now = e.clock.now(time.Now())
	t.cursor.Time = t.now
	if e.full && e.cfg.Reserve != nil && e.cfg.Reserve.Restore() {
		e.full = false
	}
	err := t.decide(taken)
	if err == nil && !t.b.empty() {
		e.stats.commits.Add(1)
		if e.cfg.Prepare != nil && len(t.effects.Starts) > 0 {
			e.cfg.Prepare(t.effects.Starts)
		}
		start := time.Now()
		err = e.cfg.Store.Commit(ctx, t.b.store(t.cursor, e.leader))
		took := time.Since(start)
		e.stats.writing.Add(int64(took))
		if err == nil && e.cfg.Measure != nil {
			e.cfg.Measure(t.work(took))
		}
		if err == nil && len(t.ended) > 0 {
			e.cfg.Trace.Ended(t.ended)
		}
	}
	if err != nil {
		return t, err
	}
	e.cursor = t.cursor
	e.after(t)
	return t, nil
}

// after is what may happen once a batch is on disk.
func (e *Engine) after(t *turn) {
	for _, tm := range t.b.timers.list {
		if tm != nil && (e.nextDue.IsZero() || tm.Due.Before(e.nextDue)) {
			e.nextDue = tm.Due
		}
	}
	if !t.effects.empty() {
		e.cfg.Release(t.effects)
	}
	for _, a := range t.answers {
		a.sub.answer(a.index, a.reply)
	}
	if len(t.b.entries) > 0 && e.cfg.Publish != nil {
		e.cfg.Publish(t.b.entries[len(t.b.entries)-1].Offset, t.b.entries)
	}
	e.count()
}

// reload brings the state back to what is on disk after a commit has failed,
// and waits with growing patience for a disk that works again.
func (e *Engine) reload(ctx context.Context) error {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
		err := e.load(ctx)
		if err == nil && e.cfg.Publish != nil {
			e.cfg.Publish(e.last, nil) // what of the failed commit is there, readers find on disk
		}
		if err == nil {
			e.resume()
			return nil
		}
		if freshet.CodeOf(err) == freshet.Conflict { // waiting does not bring it back
			return err
		}
		if e.cfg.Log != nil && !errors.Is(err, context.Canceled) {
			e.cfg.Log.Error("cannot read the state back", logkey.Error, err)
		}
	}
}
