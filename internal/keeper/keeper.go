// Package keeper is the process that keeps processes: one for each home,
// long-lived and small. It forks attempts, waits for them and keeps how they
// ended until somebody has written that down; a server only asks it, over a
// unix socket. A server may therefore die, be killed or be upgraded, and
// nothing that runs is killed, lost or run twice.
//
// The room holds the process and both sides of its protocol. It knows nothing
// of runs, workflows or the store: a start says all there is to say.
package keeper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/logkey"
)

// Config is what a keeper is started with.
type Config struct {
	Home    string        // its home directory; absolute
	Version string        // of the binary
	Idle    time.Duration // leaves when it holds nothing and has heard no server for that long; 0: a minute
	Ready   *os.File      // where to say that it listens, see readyLine; nil: nowhere
	Log     *slog.Logger  // its own log; nil: standard error
}

const readyLine = "ready\n"

// Keeper holds the attempts of one home.
type Keeper struct {
	cfg   Config
	place place
	info  Info
	log   *slog.Logger
	lock  *os.File
	null  *os.File
	lis   *net.UnixListener

	mu      sync.Mutex
	held    map[freshet.Key]*attempt
	byPID   map[int]*attempt // forked and not waited for
	alive   int              // not ended
	queue   []*attempt       // to be forked
	queued  *sync.Cond
	pids    *pids
	reserve reserve
	warming sync.WaitGroup // who starts it, and what it has started
	peers   map[*peer]bool
	heard   time.Time // when the last server left
	closed  bool

	server      int // process id of the server in a container, else 0
	serverEnded chan int

	listeners atomic.Pointer[[]*peer] // the peers, for tell

	spawning sync.RWMutex  // held for reading from a fork until its entry in byPID
	trimming sync.Mutex    // one log at a time
	forked   chan struct{} // there is a child to wait for
	grown    chan struct{} // there is a log to watch
	done     chan struct{} // closed when the keeper leaves
}

// Main is the whole life of a keeper process. It returns nil once there is
// nothing to keep, and ErrHeld if the home has a keeper.
func Main(cfg Config) error {
	defer outlive()()
	terminate := make(chan os.Signal, 1)
	signal.Notify(terminate, syscall.SIGTERM)
	defer signal.Stop(terminate)
	if given := cfg.Ready; !isPipe(given) { // started by hand: the number may be anything's
		defer runtime.KeepAlive(given) // so that it is not closed with the file
		cfg.Ready = nil
	}
	k, err := open(cfg)
	if err != nil {
		if cfg.Ready != nil {
			fmt.Fprintln(cfg.Ready, err)
			cfg.Ready.Close()
		}
		return err
	}
	k.run()
	if cfg.Ready != nil {
		_, _ = cfg.Ready.WriteString(readyLine)
		cfg.Ready.Close()
	}
	k.log.Info("keeping", logkey.Instance, k.info.Instance, logkey.PID, k.info.PID, logkey.Version, k.info.Version)
	idle := time.NewTicker(k.cfg.Idle / 4)
	defer idle.Stop()
	for {
		select {
		case <-k.done:
			k.thaw()
			return nil
		case <-idle.C:
			k.leaveIfForgotten()
		case <-terminate:
			if !k.leave("asked to end", false) {
				k.log.Warn("asked to end, and stays: it holds processes; freshet server stop --stop-tasks ends them")
			}
		}
	}
}

// open takes the home, makes sure that nothing of earlier keepers is alive,
// and listens.
func open(cfg Config) (*Keeper, error) {
	if cfg.Idle == 0 {
		cfg.Idle = time.Minute
	}
	closeInherited(cfg.Ready)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	k := &Keeper{
		cfg: cfg, place: placeOf(cfg.Home), log: cfg.Log, heard: time.Now(),
		held: map[freshet.Key]*attempt{}, byPID: map[int]*attempt{}, peers: map[*peer]bool{}, reserve: newReserve(),
		serverEnded: make(chan int, 1),
		forked:      make(chan struct{}, 1), grown: make(chan struct{}, 1), done: make(chan struct{}),
	}
	k.queued = sync.NewCond(&k.mu)
	if err := os.MkdirAll(k.place.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the keeper's directory: %w", err)
	}
	var err error
	if k.lock, err = k.place.lock(lockPatience(k.place)); err != nil {
		return nil, err
	}
	boot, start := bootAndStart()
	if err := bury(k.place, boot); err != nil {
		return nil, fmt.Errorf("make sure that earlier attempts are dead: %w", err)
	}
	forgetDeparted(k.place)
	k.place.clearWarm()
	k.info = Info{Instance: newInstance(), PID: os.Getpid(), StartTime: start, BootID: boot, Version: cfg.Version}
	if k.info.Socket, err = k.place.socket(); err != nil {
		return nil, err
	}
	if k.null, err = os.Open(os.DevNull); err != nil {
		return nil, err
	}
	if k.pids, err = newPids(k.place.path(k.info.Instance+".pids"), k.info.Instance, boot); err != nil {
		return nil, err
	}
	if err := k.listen(); err != nil {
		return nil, err
	}
	return k, k.place.write(k.info)
}

func isPipe(f *os.File) bool {
	if f == nil {
		return false
	}
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeNamedPipe != 0
}

// outlive catches the signals of terminals and drops them. They are not
// ignored: what is ignored stays so in the programs that are executed, and
// what is caught, or was ignored by the parent and is caught now, does not.
func outlive() (stop func()) {
	dropped := make(chan os.Signal, 1)
	signal.Notify(dropped, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGPIPE,
		syscall.SIGALRM, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU)
	return func() { signal.Stop(dropped) }
}

// closeInherited closes what the server happened to have from its own parent.
// Whoever reads the other end of such a pipe would wait for the keeper and for
// every attempt. What this process has opened itself is marked to be closed
// when another program is executed.
func closeInherited(ready *os.File) {
	dir, err := os.Open("/dev/fd")
	if err != nil {
		return
	}
	names, _ := dir.Readdirnames(-1)
	dir.Close()
	for _, name := range names {
		fd, err := strconv.Atoi(name)
		if err != nil || fd <= 2 {
			continue
		}
		if ready != nil && fd == int(ready.Fd()) {
			unix.CloseOnExec(fd)
			continue
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			unix.Close(fd)
		}
	}
}

// lockPatience is short where somebody is there who will keep the lock.
func lockPatience(p place) time.Duration {
	if i, err := p.read(); err == nil && i.Alive() {
		return 0
	}
	return 5 * time.Second
}

func (k *Keeper) listen() error {
	_ = os.Remove(k.info.Socket) // of an earlier keeper: the lock is ours
	old := unix.Umask(0o177)     // the socket is private from its first moment
	lis, err := net.ListenUnix("unix", &net.UnixAddr{Name: k.info.Socket, Net: "unix"})
	unix.Umask(old)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	k.lis = lis
	return nil
}

// run starts the goroutines of the keeper; they end with it.
func (k *Keeper) run() {
	adoptOrphans()
	// A fork holds one of the runtime's places for as long as it takes, and so
	// does, for a while, the one who waits: neither may hold up the others.
	spawners := max(2, runtime.NumCPU())
	runtime.GOMAXPROCS(spawners + 2)
	go k.reapAll()
	go k.watchLogs()
	k.warming.Go(k.keepWarm)
	for range spawners {
		go k.spawnAll()
	}
	go k.listenOn()
}

func (k *Keeper) listenOn() {
	for {
		c, err := k.lis.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of descriptors: those of attempts come back
			k.log.Warn("cannot accept a connection", logkey.Error, err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		if uid, err := peerUID(c); err != nil || uid != os.Getuid() {
			k.log.Warn("refused a connection of another account", logkey.UID, uid, logkey.Error, err)
			c.Close()
			continue
		}
		go k.serve(c)
	}
}

// wake leaves a token for whoever waits.
func (k *Keeper) wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// empty tells whether nobody would miss the keeper. Called with mu held.
func (k *Keeper) empty() bool {
	for _, a := range k.held {
		if a.holds() {
			return false
		}
	}
	for _, a := range k.byPID {
		if a.warm != nil && a.warm.taker != nil {
			return false
		}
	}
	return true
}

// tombstones are kept for this long: no start is on its way for an hour.
const tombstoneAge = time.Hour

// leaveIfForgotten leaves when nothing is held and no server has been there
// for a while, or when its home is gone and nothing is alive.
func (k *Keeper) leaveIfForgotten() {
	k.mu.Lock()
	for key, a := range k.held {
		if a.tombstone && time.Since(a.since) > tombstoneAge {
			delete(k.held, key)
		}
	}
	forgotten := len(k.peers) == 0 && time.Since(k.heard) >= k.cfg.Idle
	alive := k.alive
	k.mu.Unlock()
	if forgotten {
		k.leave("nothing to keep", false)
	}
	if _, err := os.Stat(k.place.path("lock")); errors.Is(err, os.ErrNotExist) && alive == 0 {
		k.leave("the home is gone", true)
	}
}

// leave ends the keeper if it is empty, or in any case with force. From then
// on nothing is started.
func (k *Keeper) leave(why string, force bool) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed || !force && !k.empty() {
		return k.closed
	}
	k.closed = true
	k.queued.Broadcast()
	k.freeze()
	k.log.Info("leaving", logkey.Reason, why)
	if i, err := k.place.read(); err == nil && i.Instance == k.info.Instance {
		_ = os.Remove(k.place.path("keeper.json"))
	}
	_ = os.Remove(k.info.Socket)
	if k.alive == 0 {
		_ = os.Rename(k.pids.path, filepath.Join(k.place.dir, k.info.Instance+".dead"))
	}
	k.lis.Close()
	close(k.done)
	return true
}

// stopAll stops every attempt, with grace, and returns once none is alive or
// the context ends.
func (k *Keeper) stopAll(ctx context.Context, grace time.Duration) {
	k.mu.Lock()
	for _, a := range k.held {
		k.stop(a, grace)
	}
	k.mu.Unlock()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		k.mu.Lock()
		alive := k.alive
		k.mu.Unlock()
		if alive == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
