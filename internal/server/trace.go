package server

import (
	"context"
	"strings"

	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/logkey"
	"github.com/freshet/freshet/internal/trace"
)

// traces makes the tracer, if the environment asks for one. A server whose
// traces cannot be sent serves without.
func (s *Server) traces() *trace.Tracer {
	if !trace.Wanted(s.cfg.env) {
		return nil
	}
	t, err := trace.New(trace.Config{Store: s.store, Version: s.cfg.Version, Log: s.cfg.Log}, s.cfg.env)
	if err != nil {
		s.cfg.Log.Warn("no traces are made", logkey.Error, err)
		return nil
	}
	return t
}

// tracing is what the engine does for traces; nil: nothing.
func (s *Server) tracing() *engine.Trace {
	if s.tracer == nil {
		return nil
	}
	return &engine.Trace{Seed: s.tracer.Seed(), Ended: s.tracer.Take}
}

// env is a variable of the server's environment; the last of a name counts.
func (c *Config) env(name string) (text string) {
	for _, kv := range c.Environ {
		if k, v, _ := strings.Cut(kv, "="); k == name {
			text = v
		}
	}
	return text
}

// sendTraces sends traces until the function that it returns is called, which
// waits, not long, until what is left has been sent.
func (s *Server) sendTraces() (stop func()) {
	if s.tracer == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.tracer.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

// spans counts what was sent and what was dropped.
func (s *Server) spans() (sent, dropped int64) {
	if s.tracer == nil {
		return 0, 0
	}
	return s.tracer.Counts()
}
