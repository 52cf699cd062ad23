package simtest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// Fault is what may befall a commit.
type Fault int

// The faults.
const (
	None        Fault = iota
	FailBefore        // an error, and nothing is stored
	FailAfter         // stored, and an error all the same
	CrashBefore       // the server dies, nothing is stored
	CrashAfter        // stored, and the server dies before it can say so
	Slow              // it takes a while
)

var errFault = errors.New("a fault of the story")

// Disk is a store to which things happen.
type Disk struct {
	store.Store

	mu      sync.Mutex
	dead    bool
	plan    []Fault // of the next commits
	badRead int     // reads of the state that fail
	rows    int
	spoil   func(*store.Snapshot) // changes what is loaded
}

// Plan says what befalls the next commits, and how many reads of the state
// fail.
func (d *Disk) Plan(badReads int, faults ...Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.plan, d.badRead = append(d.plan, faults...), badReads
}

// Calm forgets what was planned.
func (d *Disk) Calm() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.plan, d.badRead = nil, 0
}

// Die makes the disk unreachable for the server that has it.
func (d *Disk) Die() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead = true
}

// Dead tells whether the server has died.
func (d *Disk) Dead() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dead
}

// Rows counts what has been stored: entries, and rows of every sort.
func (d *Disk) Rows() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rows
}

func (d *Disk) next() Fault {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return FailBefore
	}
	if len(d.plan) == 0 {
		return None
	}
	f := d.plan[0]
	d.plan = d.plan[1:]
	d.dead = f == CrashBefore
	return f
}

// Commit stores a batch, unless something happens.
func (d *Disk) Commit(ctx context.Context, b *store.Batch) error {
	f := d.next()
	if f == FailBefore || f == CrashBefore {
		return errFault
	}
	if f == Slow {
		time.Sleep(30 * time.Millisecond)
	}
	d.mu.Lock()
	d.rows += len(b.Entries) + len(b.Ledger) + len(b.Runs) + len(b.Executions) + len(b.Waits) + len(b.Unwaits) + len(b.Rules) + len(b.Timers) + len(b.Untimers) +
		len(b.Triggers) + len(b.Untriggers) + len(b.Marks) + len(b.Unmarks)
	d.mu.Unlock()
	err := d.Store.Commit(ctx, b)
	if f == CrashAfter {
		d.Die()
	}
	if err == nil && f == FailAfter {
		return errFault
	}
	return err
}

// Sweep removes what housekeeping names, unless something happens.
func (d *Disk) Sweep(ctx context.Context, s *store.Sweep) (store.Swept, error) {
	f := d.next()
	if f == FailBefore || f == CrashBefore {
		return store.Swept{}, errFault
	}
	done, err := d.Store.Sweep(ctx, s)
	if f == CrashAfter {
		d.Die()
	}
	if err == nil && f == FailAfter {
		return store.Swept{}, errFault
	}
	return done, err
}

// read tells whether a read of the state fails.
func (d *Disk) read() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.badRead > 0 || d.dead {
		d.badRead--
		return errFault
	}
	return nil
}

// Load gives what is alive, unless something happens.
func (d *Disk) Load(ctx context.Context) (*store.Snapshot, error) {
	if err := d.read(); err != nil {
		return nil, err
	}
	snap, err := d.Store.Load(ctx)
	if err == nil && d.spoil != nil {
		d.spoil(snap)
		d.spoil = nil
	}
	return snap, err
}

// Backlog gives what has not been decided, unless something happens.
func (d *Disk) Backlog(ctx context.Context, after int64, limit int) ([]machine.Entry, error) {
	if err := d.read(); err != nil {
		return nil, err
	}
	return d.Store.Backlog(ctx, after, limit)
}
