// Package sqlite keeps a shard in one SQLite file. One connection writes, in
// transactions that are on disk when Commit returns (WAL, synchronous FULL); a
// few others read what has been committed, each on its own, and never wait for
// the writer. It starts no goroutine that outlives Close.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/store"
)

// Options are what may differ between stores; the zero value is right for a
// server.
type Options struct {
	Readers int // connections that read at once; 0: 4
}

// Store is the store of a shard.
type Store struct {
	path    string
	files   map[string]os.FileInfo // what was at path and beside it when it was opened, by suffix
	pools   pools
	mu      sync.Mutex // one commit at a time
	writer  *conn
	readers chan *conn // those not in use; one without a session is opened on demand
}

var _ store.Store = (*Store)(nil)

// Open opens the database at path, makes it if there is none, and brings an
// older one up to date. A database of a newer Freshet is refused with code
// conflict.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	if o.Readers <= 0 {
		o.Readers = 4
	}
	s := &Store{path: path, pools: openPools(path), readers: make(chan *conn, o.Readers)}
	for range o.Readers {
		s.readers <- &conn{pool: s.pools.read}
	}
	s.writer = &conn{pool: s.pools.write}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fault("open "+path, err), s.Close())
	}
	return s, nil
}

func (s *Store) prepare(ctx context.Context) error {
	if err := s.writer.open(ctx); err != nil {
		return err
	}
	if err := migrate(ctx, s.writer, s.pools.write); err != nil {
		return err
	}
	return s.remember()
}

// remember notes which files these are. The log and its index come with the
// first look at the database, and stay while a connection is open.
func (s *Store) remember() error {
	s.files = map[string]os.FileInfo{}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(s.path + suffix)
		if err != nil {
			return err
		}
		s.files[suffix] = info
	}
	return nil
}

// there refuses to go on when a file has been removed or replaced under us:
// what is written to a file without a name is lost with the process, however
// well it is synced. What the log of a database that is still there holds is
// brought into it when this store is closed.
func (s *Store) there() error {
	for suffix, was := range s.files {
		if now, err := os.Stat(s.path + suffix); err == nil && os.SameFile(now, was) {
			continue
		}
		return freshet.Errorf(freshet.Conflict, "the database %s has been removed or replaced while it was in use", s.path+suffix).
			WithHint("stop whatever did that; what was acknowledged before is in the file that was there")
	}
	return nil
}

// Close waits for what is under way and closes the file. What was committed
// stays.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for range cap(s.readers) {
		c := <-s.readers
		errs = append(errs, c.close())
		defer func() { s.readers <- &conn{closed: true} }()
	}
	errs = append(errs, s.writer.close())
	s.writer.closed = true
	// The writer's pool last: the last connection to leave folds the WAL back
	// into the database.
	errs = append(errs, s.pools.read.Close(), s.pools.write.Close())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close the database: %w", err)
	}
	return nil
}

// read calls f with a reader's connection of its own.
func (s *Store) read(ctx context.Context, what string, f func(*conn) error) error {
	var c *conn
	select {
	case c = <-s.readers:
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", what, ctx.Err())
	}
	defer func() { s.readers <- c }()
	if err := c.open(ctx); err != nil {
		return fault(what, err)
	}
	return fault(what, f(c))
}
