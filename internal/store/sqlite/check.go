package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"os"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/store"
)

// invariants are looked at by the statements check_<name>, each of which gives
// what breaks it.
var invariants = []string{"cursor", "counters", "executions", "timers", "paused", "waits", "rules", "triggers", "places", "items", "calls"}

// Invariants looks whether the shard is sound, each as of one moment. It reads
// what is alive, and no more of what has ended than an index tells.
func (s *Store) Invariants(ctx context.Context) ([]store.Invariant, error) {
	var list []store.Invariant
	err := s.read(ctx, "check the database", func(c *conn) error {
		for _, name := range invariants {
			broken, err := query(ctx, c, column[string], "check_"+name)
			if err != nil {
				return err
			}
			list = append(list, store.Invariant{Name: name, Broken: broken})
		}
		return nil
	})
	return list, err
}

// Integrity lets SQLite look at its file; deep compares indexes too. It gives
// what is wrong, or nothing.
func (s *Store) Integrity(ctx context.Context, deep bool) ([]string, error) {
	pragma := "quick_check"
	if deep {
		pragma = "integrity_check"
	}
	var said []string
	err := s.read(ctx, "check the database", func(c *conn) error {
		rows, err := c.sql.QueryContext(ctx, "PRAGMA "+pragma+"(5)")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			line, err := column[string](rows)
			if err != nil {
				return err
			}
			if line != "ok" {
				said = append(said, line)
			}
		}
		return rows.Err()
	})
	return said, err
}

// UsedVersions are those of runs that have not ended, and the current ones.
func (s *Store) UsedVersions(ctx context.Context) ([]store.UsedVersion, error) {
	var list []store.UsedVersion
	err := s.read(ctx, "read versions", func(c *conn) (err error) {
		list, err = query(ctx, c, func(rows *sql.Rows) (v store.UsedVersion, err error) {
			return v, rows.Scan(&v.Namespace, &v.Name, &v.Version, &v.Source, &v.Alive)
		}, "check_versions")
		return err
	})
	return list, err
}

// Running counts the executions that a keeper was given and that have not
// ended, as far as the database knows.
func (s *Store) Running(ctx context.Context) (int64, error) {
	n := int64(0)
	err := s.read(ctx, "count executions", func(c *conn) error {
		counts, err := query(ctx, c, column[int64], "check_running")
		if err == nil {
			n = counts[0]
		}
		return err
	})
	return n, err
}

// Peek opens a database that nobody else has, to look at it: it is not made,
// and not brought up to date. One of another version is refused with code
// conflict.
func Peek(ctx context.Context, path string) (*Store, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, freshet.Errorf(freshet.NotFound, "there is no database %s", path)
	}
	s := &Store{path: path, pools: openPools(path), readers: make(chan *conn, 1)}
	s.readers <- &conn{pool: s.pools.read}
	s.writer = &conn{pool: s.pools.write, closed: true}
	version := int64(0)
	err := s.read(ctx, "open "+path, func(c *conn) (err error) {
		version, err = databaseVersion(ctx, c.sql)
		return err
	})
	if err == nil && version != schemaVersion {
		err = freshet.Errorf(freshet.Conflict, "the database has version %d, and this freshet has %d", version, schemaVersion).
			WithHint("a server of this version brings an older one up to date when it starts; a newer one needs a newer freshet")
	}
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// Copy writes the database as of one moment to a file that is not there yet.
// Commits go on meanwhile.
func (s *Store) Copy(ctx context.Context, path string) error {
	return s.read(ctx, "copy the database", func(c *conn) error {
		// It writes to another database, which query_only forbids all the same.
		if _, err := c.sql.ExecContext(ctx, "PRAGMA query_only = 0"); err != nil {
			return err
		}
		_, err := c.sql.ExecContext(ctx, "VACUUM INTO ?", path)
		if _, back := c.sql.ExecContext(context.WithoutCancel(ctx), "PRAGMA query_only = 1"); err == nil && back != nil {
			err = fmt.Errorf("protect the connection again: %w", back)
		}
		return err
	})
}

// Inspect tells what a database file of a backup holds: its version, which may
// be an older one, and the id of its next run. One that is damaged, or of a
// newer version, is refused. The file is not changed.
func Inspect(ctx context.Context, path string) (version, nextRun int64, err error) {
	s := &Store{path: path, pools: openPools(path), readers: make(chan *conn, 1)}
	s.readers <- &conn{pool: s.pools.read}
	s.writer = &conn{pool: s.pools.write, closed: true}
	defer s.Close()
	err = s.read(ctx, "open "+path, func(c *conn) error {
		if version, err = databaseVersion(ctx, c.sql); err != nil {
			return err
		}
		return c.sql.QueryRowContext(ctx, "SELECT next_run FROM shard").Scan(&nextRun)
	})
	switch {
	case err != nil:
		return 0, 0, err
	case version > schemaVersion:
		return 0, 0, freshet.Errorf(freshet.Conflict, "the database has version %d, and this freshet knows versions up to %d", version, schemaVersion).
			WithHint("use a freshet of that version or newer")
	}
	wrong, err := s.Integrity(ctx, true)
	if err == nil && len(wrong) > 0 {
		err = freshet.Errorf(freshet.Invalid, "the database is damaged: %s", wrong[0])
	}
	return version, nextRun, err
}
