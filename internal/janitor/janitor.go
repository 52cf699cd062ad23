// Package janitor removes what is not needed any more: ended runs whose time is
// over, with their logs and directories; starts beyond the newest of a task in a
// run that never ends; decisions and entries of the journal that explain nothing
// that is kept. It decides what, by reading; the engine removes it, in small
// steps between its transactions, and looks again. So memory, which holds what
// is alive, is never wrong, and a crash leaves nothing half done that the next
// pass does not go on with.
package janitor

import (
	"context"
	"log/slog"
	"time"

	"github.com/freshet/freshet/internal/logkey"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// Store is where it looks.
type Store interface {
	store.Retainer
	Version(ctx context.Context, namespace, name, version string) (*machine.VersionRow, error)
	Cursor(ctx context.Context) (store.Cursor, error)
	Swept(ctx context.Context) (int64, error)
}

// Engine removes.
type Engine interface {
	Sweep(ctx context.Context, s store.Sweep) (store.Swept, error)
}

// Config is what a janitor needs.
type Config struct {
	Store     Store
	Engine    Engine
	Files     Files                // of runs; nil: there are none
	Blobs     Blobs                // contents of files; nil: there are none
	Retention func() time.Duration // how long things are kept; below 0: for ever
	Measure   func(store.Swept)    // called with what went; may be nil
	Log       *slog.Logger         // may be nil
}

// Janitor removes. Run it once.
type Janitor struct {
	cfg   Config
	flows flows
	wake  chan struct{}
	place int64 // in what stays of the journal's old part: up to here it has been looked through
}

// New makes a janitor.
func New(cfg Config) *Janitor {
	return &Janitor{cfg: cfg, flows: flows{store: cfg.Store}, wake: make(chan struct{}, 1)}
}

// How often it looks for what, and how long after the start.
const (
	first        = 5 * time.Second // for what an earlier server has not come to an end with
	everyRuns    = time.Minute
	everyEntries = 10 * time.Minute
	everyFiles   = 24 * time.Hour // for files that belong to nothing
	firstFiles   = time.Hour
)

// Run serves until ctx ends.
func (j *Janitor) Run(ctx context.Context) {
	began := time.Now()
	wait, runs, entries, files := first, began, began, began.Add(firstFiles-everyFiles)
	for {
		select {
		case <-time.After(wait):
		case <-j.wake:
		case <-ctx.Done():
			return
		}
		now := time.Now()
		work := []func(*pass) error{(*pass).removed}
		if now.Sub(runs) >= everyRuns {
			runs, work = now, append(work, (*pass).ended, (*pass).surplus)
		}
		if now.Sub(entries) >= everyEntries {
			entries, work = now, append(work, (*pass).decisions, (*pass).entries, (*pass).leftovers, (*pass).shrink)
		}
		if now.Sub(files) >= everyFiles {
			files, work = now, append(work, (*pass).orphans, (*pass).blobs)
		}
		_, _ = j.work(ctx, work) // the log says what is wrong; the next one tries again
		wait = everyRuns
	}
}

// Wake tells that somebody has deleted something, so that it goes soon.
func (j *Janitor) Wake() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// Pass looks for everything once, and removes it.
func (j *Janitor) Pass(ctx context.Context) (store.Swept, error) {
	return j.work(ctx, []func(*pass) error{(*pass).removed, (*pass).ended, (*pass).surplus,
		(*pass).decisions, (*pass).entries, (*pass).leftovers, (*pass).shrink, (*pass).orphans, (*pass).blobs})
}

func (j *Janitor) work(ctx context.Context, steps []func(*pass) error) (store.Swept, error) {
	p := &pass{j: j, ctx: ctx, now: time.Now(), keep: j.cfg.Retention()}
	var err error
	for _, step := range steps {
		if err = step(p); err != nil {
			break
		}
	}
	if j.cfg.Log == nil {
		return p.done, err
	}
	if p.done != (store.Swept{}) || p.contents > 0 {
		j.cfg.Log.Debug("removed what was kept long enough", logkey.Runs, p.done.Runs, logkey.Executions, p.done.Executions,
			logkey.Entries, p.done.Entries, logkey.Decisions, p.done.Decisions, logkey.Contents, p.contents)
	}
	if err != nil && ctx.Err() == nil {
		j.cfg.Log.Warn("cannot remove what was kept long enough", logkey.Error, err)
	}
	return p.done, err
}

// pass is one look at everything.
type pass struct {
	j    *Janitor
	ctx  context.Context
	now  time.Time
	keep time.Duration // the server's
	done store.Swept

	swept      int64          // entries up to here may go, once nothing needs them; 0: not read yet
	remembered map[int64]bool // what rules, triggers and starts remember of the entries up to upto
	upto       int64

	contents int // that nothing named, and that are gone
}

// share is how much longer than a step of removing the pause after it is: the
// writer has other things to do.
const share = 3

// sweep lets the engine remove something, and leaves it alone for a while.
func (p *pass) sweep(s *store.Sweep) error {
	if s.Empty() {
		return nil
	}
	begin := time.Now()
	done, err := p.j.cfg.Engine.Sweep(p.ctx, *s)
	if err != nil {
		return err
	}
	p.done.Add(done)
	if p.j.cfg.Measure != nil {
		p.j.cfg.Measure(done)
	}
	if pause := share * time.Since(begin); pause > 0 {
		select {
		case <-time.After(pause):
		case <-p.ctx.Done():
			return p.ctx.Err()
		}
	}
	return nil
}

// till is before when something has been kept long enough; false: it is kept
// for ever. own is what its workflow says.
func (p *pass) till(own time.Duration) (time.Time, bool) {
	keep := p.keep
	if own != 0 {
		keep = own
	}
	return p.now.Add(-keep), keep >= 0
}
