package server

import (
	"slices"
	"time"

	"github.com/freshet/freshet/internal/janitor"
	"github.com/freshet/freshet/internal/machine"
)

// newJanitor makes what removes what has been kept long enough. A home that is
// thrown away is kept as it is: who wants it looks into it.
func (s *Server) newJanitor(blobs janitor.Blobs) *janitor.Janitor {
	s.retention.Store(int64(s.cfg.Retention))
	return janitor.New(janitor.Config{Store: s.store, Engine: s.engine, Files: janitor.Home{Dir: s.cfg.Home}, Blobs: blobs, Measure: s.metrics.Sweep, Log: s.cfg.Log,
		Retention: func() time.Duration { return time.Duration(s.retention.Load()) }})
}

// publish tells readers what has been committed, and the janitor if something
// was deleted.
func (s *Server) publish(last int64, entries []machine.Entry) {
	s.feed.Publish(last, entries)
	if slices.ContainsFunc(entries, func(e machine.Entry) bool { return e.Kind == machine.DeleteRun || e.Kind == machine.DeleteFlow }) {
		s.janitor.Wake()
	}
}
