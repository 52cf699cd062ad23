package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"

	_ "modernc.org/sqlite" // the driver

	"github.com/freshet/freshet"
)

// pools are the two faces of the file: one connection that writes, several
// that cannot.
type pools struct{ write, read *sql.DB }

// openPools connects lazily; nothing is touched yet.
//
// Checkpoints stay with the commit that brings the WAL to SQLite's default of
// 1000 pages. Measured with batches of 500 events: the median commit takes 3.5
// ms, the one in about twenty that checkpoints 9, at most 13; without any, the
// WAL grows, and single commits take 1.6 times as long. So a thread that
// checkpoints aside would buy little.
func openPools(path string) pools {
	write := open(path,
		"busy_timeout(5000)",
		"auto_vacuum(INCREMENTAL)", // before the first page is written, or never
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"journal_size_limit(16777216)",
		"cache_size(-4000)",
	)
	read := open(path,
		"busy_timeout(5000)",
		"query_only(1)",
		"cache_size(-1000)", // an idle server is small; the page cache of the system serves the rest
	)
	return pools{write: write, read: read}
}

func open(path string, pragmas ...string) *sql.DB {
	u := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: url.Values{"_pragma": pragmas}.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		panic(err) // the driver is linked in
	}
	db.SetConnMaxLifetime(0)
	db.SetConnMaxIdleTime(0)
	return db
}

// conn is one connection with the statements that it has prepared so far. One
// goroutine uses it at a time.
type conn struct {
	pool   *sql.DB
	sql    *sql.Conn
	stmts  map[string]*sql.Stmt
	closed bool
}

var errClosed = freshet.Errorf(freshet.Unavailable, "the store is closed")

// open connects, if that has not been done.
func (c *conn) open(ctx context.Context) error {
	if c.closed {
		return errClosed
	}
	if c.sql != nil {
		return nil
	}
	sc, err := c.pool.Conn(ctx)
	if err != nil {
		return err
	}
	c.sql, c.stmts = sc, map[string]*sql.Stmt{}
	return nil
}

func (c *conn) close() error {
	if c.sql == nil {
		return nil
	}
	var errs []error
	for _, st := range c.stmts {
		errs = append(errs, st.Close())
	}
	errs = append(errs, c.sql.Close())
	c.sql, c.stmts = nil, nil
	return errors.Join(errs...)
}

// stmt is the named statement, prepared once.
func (c *conn) stmt(ctx context.Context, name string) (*sql.Stmt, error) {
	if st, ok := c.stmts[name]; ok {
		return st, nil
	}
	st, err := c.sql.PrepareContext(ctx, statement(name))
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", name, err)
	}
	c.stmts[name] = st
	return st, nil
}

// exec runs a named statement and tells how many rows it changed.
func (c *conn) exec(ctx context.Context, name string, args ...any) (int64, error) {
	st, err := c.stmt(ctx, name)
	if err != nil {
		return 0, err
	}
	r, err := st.ExecContext(ctx, args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return r.RowsAffected()
}

// within calls f inside a transaction, which ends without a trace if f fails.
// begin says which sort it is: look sees one state of the database, begin
// writes.
func (c *conn) within(ctx context.Context, begin string, f func() error) error {
	if _, err := c.exec(ctx, begin); err != nil {
		return err
	}
	err := f()
	if err == nil {
		_, err = c.exec(ctx, "commit")
	}
	if err != nil {
		// Where SQLite has rolled back by itself this fails, and may.
		_, _ = c.exec(context.WithoutCancel(ctx), "rollback")
	}
	return err
}

// query runs a named statement and scans its rows.
func query[T any](ctx context.Context, c *conn, scan func(*sql.Rows) (T, error), name string, args ...any) ([]T, error) {
	st, err := c.stmt(ctx, name)
	if err != nil {
		return nil, err
	}
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(list) == cap(list) {
			list = slices.Grow(list, len(list)+1) // append grows long lists by a quarter only, and copies them that often
		}
		list = append(list, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return list, nil
}

// column scans rows of one column.
func column[T any](rows *sql.Rows) (v T, err error) {
	err = rows.Scan(&v)
	return v, err
}
