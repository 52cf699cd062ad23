package local

import (
	"context"
	"time"

	"github.com/freshet/freshet/internal/keeper"
	"github.com/freshet/freshet/internal/logkey"
)

const (
	probePause    = 5 * time.Second  // between two questions whether the keeper answers
	probePatience = 10 * time.Second // for its answer
)

// probe asks the keeper now and then whether it answers, until ctx ends: one
// that hangs keeps its connection.
func (l *Local) probe(ctx context.Context) {
	for sleep(ctx, probePause) {
		if c := l.client.Load(); c != nil && !ended(c.Broken()) {
			l.ask(ctx, c)
		}
	}
}

// ask puts one question, and waits for its answer however long it takes: more
// of them would only fill the connection.
func (l *Local) ask(ctx context.Context, c *keeper.Client) {
	answer := make(chan error, 1)
	go func() { answer <- c.Ping(ctx) }()
	late := time.NewTimer(probePatience)
	defer late.Stop()
	select {
	case <-answer:
		return
	case <-ctx.Done():
		return
	case <-late.C:
	}
	l.hangs.Store(c)
	defer l.hangs.Store(nil)
	l.log.Warn("the keeper does not answer: it hangs, or has been stopped", logkey.PID, c.Hello.PID)
	select {
	case err := <-answer:
		if err == nil {
			l.log.Info("the keeper answers again", logkey.PID, c.Hello.PID)
		}
	case <-ctx.Done():
	}
}

// answers tells whether a connection is one to a keeper that answers.
func (l *Local) answers(c *keeper.Client) bool {
	return c != nil && !ended(c.Broken()) && l.hangs.Load() != c
}

// miss notes once that a connection has ended which nobody has closed. Called
// by who may connect.
func (l *Local) miss() {
	c := l.client.Load()
	if c == nil || c == l.missed || c == l.parting.Load() {
		return
	}
	l.missed = c
}

// found notes that there is a keeper again, and says so where it is another
// one: the same may only have hung up. Called by who may connect.
func (l *Local) found(c *keeper.Client) {
	if l.missed != nil && l.missed.Hello.Instance != c.Hello.Instance {
		l.log.Warn("the keeper is gone", logkey.PID, l.missed.Hello.PID)
		l.log.Info("there is a keeper again", logkey.PID, c.Hello.PID)
	}
	l.missed = nil
}
