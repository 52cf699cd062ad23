// Package local is the executor of this machine: attempts are processes that
// a keeper holds, so that they outlive the server. This side prepares what a
// process needs (directories, files, environment), asks the keeper to start
// it, and turns what the keeper says into reports; it keeps nothing that
// could not be asked for again.
package local

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/blob"
	"github.com/freshet/freshet/internal/executor"
	"github.com/freshet/freshet/internal/keeper"
	"github.com/freshet/freshet/internal/logkey"
)

// Name is what workflows call this executor.
const Name = "local"

// Config says where and with what attempts run.
type Config struct {
	Home        string       // absolute; work/, logs/ and keeper/ are in it
	Binary      string       // absolute path of the freshet binary, for keepers and first in PATH
	KeeperArgs  []string     // arguments by which Binary becomes a keeper; default: keeper --home HOME
	KeeperEnv   []string     // environment of keepers; attempts do not see it
	Version     string       // of Binary: a keeper of another version is replaced once it holds nothing
	Path        string       // PATH of attempts whose environment has none
	Blobs       blob.Store   // where the contents of Files are, and those of artifacts come
	Logger      *slog.Logger // nil: silent
	LogLimit    int64        // bytes kept of the log of an attempt that does not say; 0: keeper.DefaultLogLimit
	InDirectory string       // absolute: processes run here and not in a directory of their run, Files are taken to be here, and artifacts stay here
}

// defaultPath is the PATH where neither the attempt nor the settings say.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Local runs attempts on this machine.
type Local struct {
	cfg     Config
	log     *slog.Logger
	bin     string // directory that is first in PATH
	dirs    runDirs
	reports chan executor.Report

	linking  chan struct{} // a token: who holds it may connect
	client   atomic.Pointer[keeper.Client]
	launched int                           // process id of a keeper that is our child; guarded by linking
	missed   *keeper.Client                // whose end has been told, and nothing has come after it; guarded by linking
	hangs    atomic.Pointer[keeper.Client] // does not answer
	parting  atomic.Pointer[keeper.Client] // was asked to leave

	mu        sync.Mutex
	held      map[freshet.Key]*hold
	recovered bool
	early     map[freshet.Key]keeper.State // told before Recover
	out       []pending                    // reports on their way
	more      chan struct{}                // there is something in out
	leaving   []pending                    // ends whose artifacts are to be kept first
	gathers   chan struct{}                // there is something in leaving
	strays    []freshet.Key                // held by the keeper, and nobody knows them
	tidy      chan struct{}                // there is something in strays
	mend      chan struct{}                // the connection has been made: watch it
	closed    bool
}

var _ executor.Executor = (*Local)(nil)
var _ executor.Preparer = (*Local)(nil)

// New makes the executor; it touches nothing until it is asked to.
func New(cfg Config) *Local {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.KeeperArgs == nil {
		cfg.KeeperArgs = []string{"keeper", "--home", cfg.Home}
	}
	if cfg.Path == "" {
		cfg.Path = defaultPath
	}
	l := &Local{
		cfg: cfg, log: cfg.Logger, bin: filepath.Dir(cfg.Binary),
		dirs:    runDirs{blobs: cfg.Blobs, making: map[string]*making{}},
		reports: make(chan executor.Report),
		linking: make(chan struct{}, 1),
		held:    map[freshet.Key]*hold{}, early: map[freshet.Key]keeper.State{},
		more: make(chan struct{}, 1), tidy: make(chan struct{}, 1), mend: make(chan struct{}, 1),
		gathers: make(chan struct{}, 1),
	}
	if filepath.Base(cfg.Binary) != "freshet" {
		l.bin = filepath.Join(cfg.Home, "keeper", "bin")
	}
	return l
}

// Name is "local".
func (l *Local) Name() string { return Name }

// Reports is where facts come out.
func (l *Local) Reports() <-chan executor.Report { return l.reports }

// Node is the instance of the keeper that would hold what is claimed now.
func (l *Local) Node(ctx context.Context) (string, error) {
	c, err := l.link(ctx)
	if err != nil {
		return "", err
	}
	return c.Hello.Instance, nil
}

// Keeping tells how many attempts the keeper has been given that have not
// ended, and whether it answers.
func (l *Local) Keeping() (attempts int, there bool) {
	c := l.client.Load()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, h := range l.held {
		if !h.ended {
			attempts++
		}
	}
	return attempts, l.answers(c)
}

// Run hands out reports and replaces a keeper that dies, until ctx ends.
// Attempts and their keeper go on.
func (l *Local) Run(ctx context.Context) error {
	var others sync.WaitGroup
	others.Go(func() { l.watch(ctx) })
	others.Go(func() { l.gather(ctx) })
	others.Go(func() { l.probe(ctx) })
	l.deliver(ctx)
	others.Wait()
	l.close()
	return nil
}

// close ends the connection; nothing can be asked afterwards.
func (l *Local) close() {
	l.linking <- struct{}{}
	defer func() { <-l.linking }()
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	if c := l.client.Swap(nil); c != nil {
		c.Close()
	}
}

// deliver passes reports on, in order, until ctx ends.
func (l *Local) deliver(ctx context.Context) {
	for {
		select {
		case <-l.more:
		case <-ctx.Done():
			return
		}
		l.mu.Lock()
		batch := l.out
		l.out = nil
		l.mu.Unlock()
		for _, p := range batch {
			select {
			case l.reports <- p.complete():
			case <-ctx.Done():
				return
			}
		}
	}
}

// watch notices the death of a keeper while nobody asks for one.
func (l *Local) watch(ctx context.Context) {
	for {
		var broken <-chan struct{}
		if c := l.client.Load(); c != nil {
			broken = c.Broken()
		}
		select {
		case <-broken:
			if _, err := l.link(ctx); err != nil && ctx.Err() == nil {
				l.log.Error("no keeper", logkey.Error, err)
				if !sleep(ctx, relinkPause) {
					return
				}
			}
		case <-l.mend:
		case <-l.tidy:
			l.stopStrays(ctx)
		case <-ctx.Done():
			return
		}
	}
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
