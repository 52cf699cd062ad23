// Package server is the only wiring: it builds every room of the house from
// one Config, starts them in the order of the flow of data, and shuts them
// down in the same order, the sources first and the store last.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/api"
	"github.com/freshet/freshet/internal/auth"
	"github.com/freshet/freshet/internal/blob/disk"
	"github.com/freshet/freshet/internal/dispatch"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/executor/local"
	"github.com/freshet/freshet/internal/feed"
	"github.com/freshet/freshet/internal/inbox"
	"github.com/freshet/freshet/internal/janitor"
	"github.com/freshet/freshet/internal/layout"
	"github.com/freshet/freshet/internal/logkey"
	"github.com/freshet/freshet/internal/metric"
	"github.com/freshet/freshet/internal/progress"
	"github.com/freshet/freshet/internal/secret"
	"github.com/freshet/freshet/internal/store/sqlite"
	"github.com/freshet/freshet/internal/trace"
	"github.com/freshet/freshet/internal/why"
)

// Server is one server of one home.
type Server struct {
	cfg  Config
	home *home
	self freshet.Server

	metrics  *metric.Metrics
	tracer   *trace.Tracer // nil: nobody asked for traces
	attempts *attempts
	reloads  reloads
	store    *sqlite.Store
	local    *local.Local
	engine   *engine.Engine
	dispatch *dispatch.Dispatch
	feed     *feed.Feed
	inbox    *inbox.Inbox
	janitor  *janitor.Janitor
	listener net.Listener
	http     *http.Server

	retention atomic.Int64 // in nanoseconds; it may change while the server runs

	stop chan bool // somebody asks it to end; true: with the tasks
}

// New makes a server of a home that no other server has; Run serves it, and
// Close gives it up if Run is never called.
func New(ctx context.Context, cfg Config) (_ *Server, err error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, stop: make(chan bool, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.home, err = openHome(cfg.Home); err != nil {
		return nil, err
	}
	if s.listener, err = s.home.listen(cfg.Listen); err != nil {
		return nil, err
	}
	if err := private(s.home.path("freshet.db")); err != nil {
		return nil, err
	}
	if s.store, err = sqlite.Open(ctx, s.home.path("freshet.db"), sqlite.Options{}); err != nil {
		return nil, err
	}
	s.self = freshet.Server{Version: cfg.Version, Home: cfg.Home, URL: "http://" + s.listener.Addr().String(),
		PID: os.Getpid(), StartedAt: freshet.Time(time.Now())}
	if err := s.wire(); err != nil {
		return nil, err
	}
	return s, nil
}

// wire builds the rooms, from the store to the faces.
func (s *Server) wire() error {
	homeToken, err := auth.HomeToken(s.cfg.Home)
	if err != nil {
		return err
	}
	token := s.cfg.AuthToken
	if token == "" {
		token = homeToken
	}
	blobs := disk.New(s.home.path("blobs"))
	s.feed = feed.New(s.store)
	board := progress.New()
	issuer := auth.NewIssuer(homeToken)
	s.local = local.New(local.Config{Home: s.cfg.Home, Binary: s.cfg.Binary, Version: s.cfg.Version, Blobs: blobs,
		Logger: s.cfg.Log, LogLimit: s.cfg.LogLimit, InDirectory: s.cfg.ExecDir})
	s.metrics, s.reloads.current = s.newMetrics(), slices.Clone(s.cfg.Settings)
	s.tracer = s.traces()
	s.engine = engine.New(engine.Config{Store: s.store, Trace: s.tracing(), Slots: s.cfg.Slots, Log: s.cfg.Log, Publish: s.publish, Measure: s.metrics.Commit,
		Reserve: reserve{s.home.path("reserve")},
		Prepare: func(starts []engine.Start) { s.dispatch.Prepare(starts) },
		Release: func(f engine.Effects) {
			board.Forget(f.Ended)
			s.dispatch.Release(f)
		}})
	secrets := secret.New(s.cfg.SecretsHome, s.cfg.SecretsDir, s.cfg.Environ)
	s.attempts = newAttempts(&s.cfg, s.self.URL, issuer.Issue, secrets)
	s.attempts.traced = s.tracer != nil
	s.dispatch = dispatch.New(dispatch.Config{Executor: s.local, Engine: s.engine, Attempt: s.attempts.attempt, Hide: s.attempts.hide, Log: s.cfg.Log})
	s.inbox = inbox.New(s.engine, s.store, blobs)
	s.janitor = s.newJanitor(blobs)
	names, err := auth.NewNames(s.listener.Addr().String(), hostname())
	if err != nil {
		return err
	}
	handler := api.New(api.Config{
		Gate:    auth.NewGate(token, issuer, names, s.store),
		Inbox:   s.inbox,
		Store:   s.store,
		Feed:    s.feed,
		Blobs:   blobs,
		Logs:    filepath.Join(s.cfg.Home, layout.Logs),
		Why:     why.New(s.store, func() (used, total int64) { st := s.engine.Stats(); return st.Used, st.Slots }),
		Secrets: secrets, Progress: board,
		Server: s.describe,
		Stop:   s.Stop,
		Ready:  s.engine.Ready(),
		Log:    s.cfg.Log,
		Operation: api.Operation{Trouble: s.trouble, Count: s.metrics.Request, Metrics: s.metrics.Handler(), Reload: s.Reload,
			Checks: s.checks, Backup: s.backup},
	})
	s.http = &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelWarn)}
	return nil
}

func hostname() string {
	name, _ := os.Hostname()
	return name
}

func (s *Server) describe() freshet.Server {
	d, st := s.self, s.engine.Stats()
	d.Slots, d.Used, d.Waiting, d.Commits, d.WritingSeconds = st.Slots, st.Used, st.Waiting, st.Commits, st.Writing.Seconds()
	d.Trouble, d.ClockBehindSeconds = s.trouble(), st.Ahead.Seconds()
	return d
}

// Stop makes Run return soon. Tasks go on, unless their runs are to be stopped
// first.
func (s *Server) Stop(stopTasks bool) {
	select {
	case s.stop <- stopTasks:
	default: // somebody has asked already
	}
}

// Run serves until ctx ends or somebody asks it to stop.
func (s *Server) Run(ctx context.Context) error {
	defer s.close()
	if !s.cfg.Throwaway { // nobody would give it up again
		reserve{s.home.path("reserve")}.Restore()
	}
	s.cfg.Log.Info("serving", logkey.URL, s.self.URL, logkey.Home, s.cfg.Home, logkey.PID, s.self.PID, logkey.Version, s.cfg.Version)
	defer s.cfg.Log.Info("stopped")
	sources, closeSources := context.WithCancel(context.WithoutCancel(ctx))
	defer closeSources()
	engineCtx, closeEngine := context.WithCancel(context.WithoutCancel(ctx))
	defer closeEngine()
	dispatchCtx, closeDispatch := context.WithCancel(context.WithoutCancel(ctx))
	defer closeDispatch()
	defer s.sendTraces()()
	s.http.BaseContext = func(net.Listener) context.Context { return sources }

	var group sync.WaitGroup
	failed := make(chan error, 3)
	group.Go(func() { failed <- s.engine.Run(engineCtx) })
	group.Go(func() { failed <- s.dispatch.Run(dispatchCtx) })
	go func() { failed <- s.http.Serve(s.listener) }() // until the state is loaded it says that it is not ready
	select {
	case <-s.engine.Ready():
	case err := <-failed:
		s.http.Close()
		closeEngine()
		closeDispatch()
		group.Wait()
		return err
	}
	group.Go(func() { s.reloadOnHangup(sources) })
	group.Go(func() { s.janitor.Run(sources) })
	if err := s.home.record(s.self); err != nil {
		s.cfg.Log.Warn("cannot write down where the server is", logkey.Error, err)
	}
	if s.cfg.Ready != nil {
		s.cfg.Ready(s.self.URL)
	}
	var err error
	select {
	case <-ctx.Done():
	case tasks := <-s.stop:
		if tasks {
			err = s.stopTasks(ctx)
		}
	case err = <-failed:
	}
	// Sources first: answer what is under way, then close what never ends by
	// itself, then the engine, and what it has released.
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		shut, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if s.http.Shutdown(shut) != nil {
			s.http.Close()
		}
	}()
	select {
	case <-answered:
	case <-time.After(lastAnswers):
	}
	closeSources()
	<-answered
	closeEngine()
	closeDispatch()
	group.Wait()
	if s.cfg.Throwaway {
		quit, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_ = s.local.Quit(quit) // what it still holds keeps it
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// lastAnswers is how long requests have to be answered when the server ends,
// before feeds and logs that are followed are cut.
const lastAnswers = 300 * time.Millisecond

// close gives up what New took.
func (s *Server) close() error {
	var errs []error
	if s.listener != nil {
		s.listener.Close()
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.home != nil {
		s.home.close()
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close the server: %w", err)
	}
	return nil
}
