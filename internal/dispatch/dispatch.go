// Package dispatch stands between decisions and the world. After a commit it
// hands claimed executions to their executor and asks for stops; what the
// executor reports goes back through the door as facts, again and again until
// it is on disk.
package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/executor"
	"github.com/freshet/freshet/internal/logkey"
	"github.com/freshet/freshet/internal/machine"
)

// Engine is where facts go.
type Engine interface {
	Send(ctx context.Context, lazy bool, entries ...machine.Entry) (wait func(context.Context) ([]engine.Reply, error), err error)
	SetHolder(ctx context.Context, node string)
}

// Config is what a dispatch needs.
type Config struct {
	Executor executor.Executor
	Engine   Engine
	Attempt  func(engine.Start) executor.Attempt    // makes an attempt of a start: its environment is the server's business
	Hide     func(engine.Start) func(string) string // masks the secrets of its run; may be nil, and give nil
	Log      *slog.Logger
}

// Dispatch serves one executor.
type Dispatch struct {
	cfg Config

	mu       sync.Mutex
	waiting  []engine.Effects
	wake     chan struct{}
	node     string // the last holder that the engine was told of
	prepares chan engine.Start
	ended    []freshet.Key // to be released
}

// New makes a dispatch; Run serves it.
func New(cfg Config) *Dispatch {
	return &Dispatch{cfg: cfg, wake: make(chan struct{}, 1), prepares: make(chan engine.Start, 64)}
}

// Prepare lets the executor get ready for starts that are being committed. It
// never blocks: what it has no room for is not prepared.
func (d *Dispatch) Prepare(starts []engine.Start) {
	for _, s := range starts {
		select {
		case d.prepares <- s:
		default:
			return
		}
	}
}

func (d *Dispatch) prepare(ctx context.Context, p executor.Preparer) {
	for {
		select {
		case s := <-d.prepares:
			p.Prepare(ctx, d.cfg.Attempt(s))
		case <-ctx.Done():
			return
		}
	}
}

// Release takes effects of a commit. It never blocks.
func (d *Dispatch) Release(f engine.Effects) {
	d.mu.Lock()
	d.waiting = append(d.waiting, f)
	d.mu.Unlock()
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *Dispatch) take() []engine.Effects {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := d.waiting
	d.waiting = nil
	return list
}

// Run serves until ctx ends. The first effects that it takes are the engine's
// loaded state.
func (d *Dispatch) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	wg.Go(func() { d.report(ctx) })
	// The executor serves until the last ends have been released.
	serving, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	wg.Go(func() {
		if err := d.cfg.Executor.Run(serving); err != nil && ctx.Err() == nil {
			d.warn("executor ended", err)
		}
	})
	if p, ok := d.cfg.Executor.(executor.Preparer); ok {
		wg.Go(func() { d.prepare(ctx, p) })
	}
	recovered := false
	var flush <-chan time.Time
	for {
		select {
		case <-d.wake:
		case <-flush:
			flush = nil
			d.release(ctx)
			continue
		case <-ctx.Done():
			d.releaseLast(ctx)
			return nil
		}
		for _, f := range d.take() {
			if !recovered {
				if !d.recover(ctx, f.Recover) {
					return nil
				}
				recovered = true
				wg.Go(func() { d.insist(ctx, "find a holder", func() error { return d.holder(ctx) }) })
			}
			d.carryOut(ctx, f)
		}
		if len(d.ended) > 0 && flush == nil {
			flush = time.After(releaseWait)
		}
	}
}

// recover finds out what became of what ran before this server did.
func (d *Dispatch) recover(ctx context.Context, list []engine.Start) bool {
	held := make([]executor.Held, len(list))
	starts := map[freshet.Key]engine.Start{}
	for i, s := range list {
		x := s.Execution
		held[i] = executor.Held{Key: x.Key, Epoch: x.Epoch, Node: x.Node, Namespace: s.Run.Namespace, Workflow: s.Run.Workflow,
			Started: !x.StartedAt.IsZero(), Stopping: x.Status == freshet.Stopping, Grace: s.Task.StopGrace}
		if d.cfg.Hide != nil {
			held[i].Hide = d.cfg.Hide(s)
		}
		if s.Task.KeepsFiles() {
			if a := d.cfg.Attempt(s); a.Refused == "" || s.Task.WorkingDir == nil { // else nobody knows any more where it runs
				held[i].Dir, held[i].Artifacts = a.Dir, a.Artifacts
			}
		}
		starts[x.Key] = s
	}
	var again []freshet.Key
	if !d.insist(ctx, "recover", func() (err error) { again, err = d.cfg.Executor.Recover(ctx, held); return err }) {
		return false
	}
	for _, k := range again {
		d.startOne(ctx, starts[k])
	}
	return true
}

// carryOut does what a commit has released, in order.
func (d *Dispatch) carryOut(ctx context.Context, f engine.Effects) {
	d.start(ctx, f.Starts)
	for _, s := range f.Stops {
		d.insist(ctx, "stop", func() error { return d.cfg.Executor.Stop(ctx, s.Key, s.Grace) })
	}
	if d.ended = append(d.ended, f.Ended...); len(d.ended) >= releaseBatch {
		d.release(ctx)
	}
}

// Whoever holds attempts may forget the ended ones; there is no hurry, so many
// go in one request.
const (
	releaseWait  = 100 * time.Millisecond
	releaseBatch = 500
)

func (d *Dispatch) release(ctx context.Context) {
	keys := d.ended
	if d.ended = nil; len(keys) > 0 {
		d.insist(ctx, "release", func() error { return d.cfg.Executor.Release(ctx, keys) })
	}
}

// releaseLast is release when the server ends. What it does not manage, the
// next server does.
func (d *Dispatch) releaseLast(ctx context.Context) {
	for _, f := range d.take() {
		d.ended = append(d.ended, f.Ended...)
	}
	if len(d.ended) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = d.cfg.Executor.Release(ctx, d.ended)
}

// startsAtOnce bounds the requests under way for the starts of one commit.
const startsAtOnce = 16

// start hands over the starts of a commit. Their order among each other means
// nothing, so they go side by side.
func (d *Dispatch) start(ctx context.Context, starts []engine.Start) {
	if len(starts) == 1 {
		d.startOne(ctx, starts[0])
		return
	}
	var wg sync.WaitGroup
	room := make(chan struct{}, startsAtOnce)
	for _, s := range starts {
		room <- struct{}{}
		wg.Go(func() {
			d.startOne(ctx, s)
			<-room
		})
	}
	wg.Wait()
}

func (d *Dispatch) startOne(ctx context.Context, s engine.Start) {
	a := d.cfg.Attempt(s)
	if d.insist(ctx, "start", func() error { return d.cfg.Executor.Start(ctx, a) }) {
		_ = d.holder(ctx) // the next start asks again
	}
}

// holder tells the engine who holds what is claimed, if that has changed: a
// holder that died has a successor.
func (d *Dispatch) holder(ctx context.Context) error {
	node, err := d.cfg.Executor.Node(ctx)
	if err != nil {
		return err
	}
	d.mu.Lock()
	changed := node != d.node
	d.node = node
	d.mu.Unlock()
	if changed {
		d.cfg.Engine.SetHolder(ctx, node)
	}
	return nil
}

// insist calls f until it succeeds; false: ctx ended first.
func (d *Dispatch) insist(ctx context.Context, what string, f func() error) bool {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := f()
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		d.warn(what, err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return false
		}
	}
}

func (d *Dispatch) warn(what string, err error) {
	if d.cfg.Log != nil && !errors.Is(err, context.Canceled) {
		d.cfg.Log.Warn("executor trouble", logkey.Doing, what, logkey.Error, err)
	}
}
