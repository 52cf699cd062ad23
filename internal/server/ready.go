package server

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/metric"
)

// trouble says why the server is not ready, one line each. It looks at memory
// and asks the file system, and never waits.
func (s *Server) trouble() []string {
	var list []string
	select {
	case <-s.engine.Ready():
	default:
		return []string{"the state is being loaded"}
	}
	st := s.engine.Stats()
	free, known := freeSpace(s.cfg.Home)
	switch {
	case st.Full || known && free < fullBytes:
		list = append(list, "the disk is full: only ends, stops and deletions are recorded")
	case st.Trouble != "":
		list = append(list, "the database cannot be written: "+st.Trouble)
	case unix.Access(s.home.path("freshet.db"), unix.W_OK) != nil: // opened and closed, SQLite would lose its locks
		list = append(list, "the database cannot be written: "+reason(access(s.home.path("freshet.db"))).Error())
	}
	if _, there := s.local.Keeping(); !there {
		list = append(list, "no keeper answers: no process can be started")
	}
	return list
}

// fullBytes of free space are too little for a commit of usual size.
const fullBytes = 1 << 20

func access(path string) error {
	return &os.PathError{Op: "write", Path: path, Err: unix.Access(path, unix.W_OK)}
}

// freeSpace is the space that is left where a directory lies.
func freeSpace(dir string) (bytes uint64, ok bool) {
	var st unix.Statfs_t
	if unix.Statfs(dir, &st) != nil {
		return 0, false
	}
	return st.Bavail * uint64(st.Bsize), true
}

func (s *Server) newMetrics() *metric.Metrics {
	return metric.New(metric.Sources{
		Version:     s.cfg.Version,
		Database:    s.home.path("freshet.db"),
		Engine:      func() engine.Stats { return s.engine.Stats() },
		Subscribers: s.feed.Subscribers,
		Keeper:      s.local.Keeping,
		Spans:       s.spans,
		Free:        func() (uint64, bool) { return freeSpace(s.cfg.Home) },
		Ready:       func() bool { return len(s.trouble()) == 0 },
	})
}
