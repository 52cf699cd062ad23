// Package apitest is a server without an executor, for tests of what speaks
// with one: the real store, engine, inbox and feed behind the real API, on a
// port of its own. What a process would report, a test reports.
package apitest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/api"
	"github.com/freshet/freshet/internal/auth"
	"github.com/freshet/freshet/internal/blob/disk"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/feed"
	"github.com/freshet/freshet/internal/inbox"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/progress"
	"github.com/freshet/freshet/internal/secret"
	"github.com/freshet/freshet/internal/store/sqlite"
	"github.com/freshet/freshet/internal/why"
)

// Token is the token of the server's home.
const Token = "the-token-of-this-home"

// Server is a server that runs.
type Server struct {
	Home   string
	URL    string
	Store  *sqlite.Store
	Engine *engine.Engine
	Issuer *auth.Issuer
	API    *api.API
	Starts chan engine.Start // processes that are to start
	Asked  atomic.Int32      // to end: 1, with its tasks: 2

	server *httptest.Server
	cancel context.CancelFunc
	done   chan error
}

// Start starts a server on a home.
func Start(home string) (*Server, error) {
	s := &Server{Home: home, Starts: make(chan engine.Start, 1000), Issuer: auth.NewIssuer(Token)}
	return s, s.start("127.0.0.1:0")
}

// Restart ends the server and starts another on its home and address.
func (s *Server) Restart() error {
	if err := s.Close(); err != nil {
		return err
	}
	return s.start(strings.TrimPrefix(s.URL, "http://"))
}

func (s *Server) start(addr string) error {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel, s.done = cancel, make(chan error, 1)
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		cancel()
		return err
	}
	if s.Store, err = sqlite.Open(ctx, filepath.Join(s.Home, "freshet.db"), sqlite.Options{}); err != nil {
		cancel()
		return errors.Join(err, listener.Close())
	}
	f := feed.New(s.Store)
	s.Engine = engine.New(engine.Config{Store: s.Store, Slots: 8, Publish: f.Publish, Release: func(e engine.Effects) {
		for _, start := range e.Starts {
			s.Starts <- start
		}
	}})
	go func() { s.done <- s.Engine.Run(ctx) }()
	select {
	case <-s.Engine.Ready():
	case err := <-s.done:
		cancel()
		return errors.Join(err, s.Store.Close(), listener.Close())
	}
	s.Engine.SetHolder(ctx, "test")
	return s.serve(listener, f)
}

func (s *Server) serve(listener net.Listener, f *feed.Feed) error {
	s.server = &httptest.Server{Listener: listener, Config: &http.Server{}}
	s.URL = "http://" + listener.Addr().String()
	names, err := auth.NewNames(listener.Addr().String(), "")
	if err != nil {
		return err
	}
	blobs := disk.New(filepath.Join(s.Home, "blobs"))
	s.API = api.New(api.Config{
		Gate: auth.NewGate(Token, s.Issuer, names, s.Store), Inbox: inbox.New(s.Engine, s.Store, blobs), Store: s.Store,
		Feed: f, Blobs: blobs, Why: why.New(s.Store, s.slots), Logs: filepath.Join(s.Home, "logs"), Ready: s.Engine.Ready(),
		Secrets: secret.New(s.Home, "", nil), Progress: progress.New(),
		Server: func() freshet.Server { return freshet.Server{Version: "test", Home: s.Home, URL: s.URL} },
		Stop: func(tasks bool) {
			s.Asked.Store(1)
			if tasks {
				s.Asked.Store(2)
			}
		},
	})
	s.server.Config.Handler = s.API
	s.server.Start()
	return nil
}

// Cut breaks every connection that is open.
func (s *Server) Cut() { s.server.CloseClientConnections() }

// Close ends the server.
func (s *Server) Close() error {
	s.server.CloseClientConnections()
	s.server.Close()
	s.cancel()
	return errors.Join(<-s.done, s.Store.Close())
}

// LogPath is where the log of a process lies.
func (s *Server) LogPath(p engine.Start) string {
	k := p.Execution.Key
	return filepath.Join(s.Home, "logs", p.Run.Workflow, freshet.TaskName(k.Task, k.Item), fmt.Sprintf("%d.%d.log", k.Seq, k.Try))
}

// Report tells the engine what an executor would.
func (s *Server) Report(ctx context.Context, p engine.Start, kind machine.Kind, exit int) error {
	k := p.Execution.Key
	replies, err := s.Engine.Submit(ctx, machine.Entry{Kind: kind, Run: k.Run, Body: machine.Body{Process: &machine.Process{
		Task: k.Task, Item: k.Item, Seq: k.Seq, Try: k.Try, Epoch: p.Execution.Epoch, Time: freshet.Time(time.Now()), PID: 1,
		ExitCode: exit, Log: s.LogPath(p)}}})
	if err != nil {
		return err
	}
	return replies[0].Err
}

// slots are those in use and all.
func (s *Server) slots() (used, total int64) {
	stats := s.Engine.Stats()
	return stats.Used, stats.Slots
}
