// Package simtest is the whole world in one process and in virtual time: the
// real engine on the real SQLite store, inbox and dispatch, and an executor
// whose processes end when somebody says so. Stories (plain-text files) and
// simulations (one seed, one history) play in it, inside testing/synctest. See
// DESIGN.md.
package simtest

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/dispatch"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/executor"
	"github.com/freshet/freshet/internal/inbox"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
	"github.com/freshet/freshet/internal/store/sqlite"
)

// World is one server with everything around it. It is made and used inside a
// synctest bubble; servers come and go, the file and the processes stay.
type World struct {
	T     testing.TB
	Slots int
	Rows  int   // that one transaction writes, about; 0: as usual
	Room  *Room // the processes
	Disk  *Disk // the store of the present server
	Inbox *inbox.Inbox

	Fate  []Fault               // what befalls the first commits of the next server
	Spoil func(*store.Snapshot) // changes what the next server loads
	Ended func(error)           // called when an engine ends that has not died

	path   string
	engine *engine.Engine
	stop   func() // the present server
	closed []func() error
	mu     sync.Mutex // of Disk and Inbox, which clients use while servers come and go
}

// Door is the present server's inbox, with the disk that it stands on.
func (w *World) Door() (*inbox.Inbox, *Disk) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Inbox, w.Disk
}

// NewWorld makes a world with a server that runs.
func NewWorld(t testing.TB, dir string, slots, rows int) *World {
	w := &World{Ended: func(err error) { t.Errorf("the engine ended: %v", err) }, T: t, Slots: slots, Rows: rows, Room: newRoom(), path: filepath.Join(dir, "freshet.db")}
	w.Boot()
	return w
}

// Boot starts a server on the file, as it lies there, and waits until it
// serves.
func (w *World) Boot() {
	ctx, cancel := context.WithCancel(context.Background())
	file, err := sqlite.Open(ctx, w.path, sqlite.Options{Readers: 1})
	if err != nil {
		w.T.Fatalf("open the store: %v", err)
	}
	disk := &Disk{Store: file, plan: w.Fate, spoil: w.Spoil}
	w.Fate, w.Spoil = nil, nil
	face := w.Room.face()
	var d *dispatch.Dispatch
	e := engine.New(engine.Config{Store: disk, Slots: w.Slots, Rows: w.Rows, Release: func(f engine.Effects) {
		if !disk.Dead() { // what a server does after its death reaches nobody
			d.Release(f)
		}
	}})
	d = dispatch.New(dispatch.Config{Executor: face, Engine: e, Attempt: attempt})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := e.Run(ctx); err != nil && !disk.Dead() {
			w.Ended(err)
		}
	})
	wg.Go(func() { d.Run(ctx) })
	w.mu.Lock()
	w.Disk, w.engine, w.Inbox = disk, e, inbox.New(e, disk, nil)
	w.mu.Unlock()
	w.stop = func() {
		face.cut()
		cancel()
		wg.Wait()
	}
	w.closed = append(w.closed, file.Close)
	synctest.Wait()
}

func attempt(s engine.Start) executor.Attempt {
	x := s.Execution
	return executor.Attempt{Key: x.Key, Epoch: x.Epoch, Node: x.Node, Namespace: s.Run.Namespace, Workflow: s.Run.Workflow}
}

// Crash drops the server without closing anything, and starts another one.
func (w *World) Crash() {
	w.Down()
	w.Boot()
}

// Down drops the server without closing anything. Boot starts another one.
func (w *World) Down() {
	w.Disk.Die()
	w.stop()
	w.stop = func() {}
}

// Close ends the world. The stores of crashed servers were left open, as a
// crash leaves them, and are closed now.
func (w *World) Close() {
	w.stop()
	for _, f := range w.closed {
		if err := f(); err != nil {
			w.T.Errorf("close: %v", err)
		}
	}
}

// settle is more than what the engine lets a report of a start wait.
const settle = 50 * time.Millisecond

// Settle lets everything happen that is under way.
func (w *World) Settle() {
	synctest.Wait()
	time.Sleep(settle)
	synctest.Wait()
}

// Upload uploads a workflow file.
func (w *World) Upload(name, source string) error {
	_, err := w.Inbox.Upload(context.Background(), freshet.DefaultNamespace,
		freshet.UploadRequest{Documents: []freshet.Document{{Name: name, Source: source}}})
	return err
}

// Start starts a run of a workflow of the default namespace.
func (w *World) Start(workflow, key string, params map[string]string) (int64, error) {
	return w.Inbox.StartRun(context.Background(), freshet.DefaultNamespace, workflow, key, freshet.RunRequest{Texts: params})
}

// Send sends one event into the default namespace.
func (w *World) Send(r freshet.EventRequest) (freshet.EventResult, error) {
	return w.SendTo(context.Background(), freshet.DefaultNamespace, r)
}

// SendTo sends one event into a namespace.
func (w *World) SendTo(ctx context.Context, namespace string, r freshet.EventRequest) (freshet.EventResult, error) {
	results, errs, err := w.Inbox.Send(ctx, namespace, []freshet.EventRequest{r})
	if err != nil {
		return freshet.EventResult{}, err
	}
	return results[0], errs[0]
}

// Load is a run as it is stored.
func (w *World) Load(run int64) (*store.RunSnapshot, error) {
	return w.Disk.LoadRun(context.Background(), run)
}

// Executions of a run as they are stored, with all tries.
func (w *World) Executions(run int64) ([]freshet.Execution, error) {
	return w.Disk.Executions(context.Background(), store.ExecutionFilter{Run: run, AllTries: true})
}

// Runs are all runs, oldest first.
func (w *World) Runs() ([]freshet.Run, error) {
	list, err := w.Disk.Runs(context.Background(), store.RunFilter{Limit: 10_000})
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list, err
}

// Journal is the whole journal.
func (w *World) Journal() ([]machine.Entry, error) {
	var all []machine.Entry
	for after := int64(0); ; {
		list, err := w.Disk.Journal(context.Background(), after, 1000)
		if err != nil || len(list) == 0 {
			return all, err
		}
		all = append(all, list...)
		after = list[len(list)-1].Offset
	}
}

// Stats are the engine's counters.
func (w *World) Stats() engine.Stats { return w.engine.Stats() }

// Settle0 lets happen what can without time going on.
func (w *World) Settle0() { synctest.Wait() }
