package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// TestSettings: what makes a commit durable, the file small again, and a
// reader harmless.
func TestSettings(t *testing.T) {
	s := openTest(t)
	reader := <-s.readers
	defer func() { s.readers <- reader }()
	if err := reader.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		conn         *conn
		pragma, want string
	}{
		{s.writer, "journal_mode", "wal"},
		{s.writer, "synchronous", "2"},
		{s.writer, "auto_vacuum", "2"},
		{s.writer, "busy_timeout", "5000"},
		{reader, "query_only", "1"},
		{reader, "journal_mode", "wal"},
	} {
		var got string
		if err := c.conn.sql.QueryRowContext(t.Context(), "PRAGMA "+c.pragma).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != c.want {
			t.Errorf("%s is %s, want %s", c.pragma, got, c.want)
		}
	}
	rows, err := loose(t.Context(), s.writer)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"goose_db_version"}, rows); d != "" {
		t.Errorf("tables that are not STRICT:\n%s", d)
	}
}

func TestPathsWithStrangeNames(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b?c=1&d#e%20ü")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "freshet.db")
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestANewerDatabaseIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "freshet.db")
	change(t, path, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (77, 1)")
	_, err := Open(t.Context(), path, Options{})
	var e *freshet.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v", err)
	}
	want := freshet.Error{Code: freshet.Conflict, Message: fmt.Sprintf("the database has version 77, and this freshet knows versions up to %d", schemaVersion),
		Hint: "use a freshet of that version or newer"}
	if d := cmp.Diff(want, *e); d != "" {
		t.Error(d)
	}
}

// change makes a database and runs a statement on it as somebody else.
func change(t *testing.T, path, statement string) {
	t.Helper()
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsNoDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "freshet.db")
	if err := os.WriteFile(path, []byte("this is a text, and long enough to be no header of a database at all, is it not so? yes, it is so."), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), path, Options{})
	if freshet.CodeOf(err) != freshet.Internal {
		t.Errorf("a text file: %v", err)
	}
	_, err = Open(t.Context(), filepath.Join(path, "below", "freshet.db"), Options{})
	if freshet.CodeOf(err) != freshet.Unavailable {
		t.Errorf("no directory: %v", err)
	}
}

// TestFaultsOfTheDisk: the sender hears what is wrong, nothing of the batch
// is stored, and the next one is once the fault has gone.
func TestFaultsOfTheDisk(t *testing.T) {
	for _, c := range []struct {
		name, break_, mend string
		want               error
	}{
		{"full", "PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000", store.ErrFull},
		{"read-only", "PRAGMA query_only = 1", "PRAGMA query_only = 0", store.ErrReadOnly},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openTest(t)
			snap, err := s.Load(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			set := func(pragma string) {
				if _, err := s.writer.sql.ExecContext(t.Context(), pragma); err != nil {
					t.Fatal(err)
				}
			}
			batch := &store.Batch{Leader: snap.Leader, Cursor: store.Cursor{Offset: 5}}
			for at := range int64(5000) {
				batch.Entries = append(batch.Entries, event(at+1, 0, "k", "some value that takes place"))
			}
			set(c.break_)
			err = s.Commit(t.Context(), batch)
			if !errors.Is(err, c.want) || freshet.CodeOf(err) != freshet.Unavailable {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			list, err := s.Journal(t.Context(), 0, 1)
			if err != nil || len(list) != 0 {
				t.Fatalf("%d entries are left of a failed batch (%v)", len(list), err)
			}
			set(c.mend)
			if err := s.Commit(t.Context(), batch); err != nil {
				t.Fatalf("after the fault: %v", err)
			}
			if list, err = s.Journal(t.Context(), 4999, 1); err != nil || len(list) != 1 {
				t.Fatalf("%d entries (%v)", len(list), err)
			}
		})
	}
}

func TestAnotherProcessHoldsTheDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "freshet.db")
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	holder, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	for _, statement := range []string{"PRAGMA busy_timeout = 0", "BEGIN IMMEDIATE"} {
		if _, err := holder.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.writer.sql.ExecContext(t.Context(), "PRAGMA busy_timeout = 1"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(t.Context()); !errors.Is(err, store.ErrBusy) {
		t.Errorf("got %v", err)
	}
	if _, err := holder.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(t.Context()); err != nil {
		t.Errorf("once it is free: %v", err)
	}
}

// TestReadersSeeOneMoment: a reader never waits for the writer, nor the
// writer for it, and each read is of one commit.
func TestReadersSeeOneMoment(t *testing.T) {
	s := openTest(t)
	snap, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	batch := func(n int64) *store.Batch {
		b := &store.Batch{Leader: snap.Leader, Cursor: store.Cursor{Offset: n}}
		row := machine.RunRow{ID: 1, Namespace: "default", Workflow: "w", Status: freshet.Running, Reason: time.Duration(n).String()}
		x := &machine.Execution{Key: freshet.Key{Run: 1, Task: "t", Item: freshet.NoItem, Seq: int(n), Try: 1}, Held: true, Status: freshet.Running}
		b.Runs, b.Executions = append(b.Runs, row), append(b.Executions, x)
		return b
	}
	commit(t, s, batch(1))
	done := make(chan error, 1)
	go func() {
		var err error
		for n := int64(2); n <= 200 && err == nil; n++ {
			err = s.Commit(context.Background(), batch(n))
		}
		done <- err
	}()
	for {
		r, err := s.LoadRun(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(r.Held); r.Row.Reason != time.Duration(n).String() {
			t.Fatalf("%d executions in a run of commit %s", n, r.Row.Reason)
		}
		if len(r.Held) == 200 {
			break
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestEndedContexts(t *testing.T) {
	s := openTest(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Commit(ctx, &store.Batch{}); !errors.Is(err, context.Canceled) {
		t.Errorf("commit: %v", err)
	}
	if _, err := s.LoadRun(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("load run: %v", err)
	}
	if _, err := s.Runs(t.Context(), store.RunFilter{}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestClosed(t *testing.T) {
	s := openTest(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context(), &store.Batch{}); !errors.Is(err, errClosed) {
		t.Errorf("commit: %v", err)
	}
	if _, err := s.Run(t.Context(), 1); !errors.Is(err, errClosed) {
		t.Errorf("run: %v", err)
	}
}

// TestInABubble: the store works where time is virtual, and an hour there
// costs nothing.
func TestInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		snap, err := s.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		for at := int64(1); at <= 60; at++ {
			time.Sleep(time.Minute)
			e := event(at, 0, "k", "v")
			e.Time = freshet.Time(time.Now())
			commit(t, s, &store.Batch{Leader: snap.Leader, Entries: []machine.Entry{e}})
			if _, err := s.Events(t.Context(), store.EventFilter{Since: begin}); err != nil {
				t.Fatal(err)
			}
		}
		if d := time.Since(begin); d != time.Hour {
			t.Errorf("%s of virtual time have gone", d)
		}
	})
}

// loose are the tables that are not STRICT.
func loose(ctx context.Context, c *conn) ([]string, error) {
	rows, err := c.sql.QueryContext(ctx, "SELECT name FROM pragma_table_list WHERE type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%'")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		name, err := column[string](rows)
		if err != nil {
			return nil, err
		}
		list = append(list, name)
	}
	return list, rows.Err()
}

// TestRemovedUnderUs: nothing is acknowledged that goes to a file without a
// name, or beside the one that is there now.
func TestRemovedUnderUs(t *testing.T) {
	for name, harm := range map[string]func(path string) error{
		"removed": os.Remove,
		"replaced": func(path string) error {
			return errors.Join(os.Rename(path, path+".old"), os.WriteFile(path, nil, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "freshet.db")
			s, err := Open(t.Context(), path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			snap, err := s.Load(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Commit(t.Context(), &store.Batch{Leader: snap.Leader}); err != nil {
				t.Fatal(err)
			}
			if err := harm(path); err != nil {
				t.Fatal(err)
			}
			if err := s.Commit(t.Context(), &store.Batch{Leader: snap.Leader}); freshet.CodeOf(err) != freshet.Conflict {
				t.Errorf("a commit says %v", err)
			}
		})
	}
}

// TestLogRemovedUnderUs: the same where the write-ahead log or its index goes,
// and what had been acknowledged is in the database once the store is closed.
func TestLogRemovedUnderUs(t *testing.T) {
	for name, suffixes := range map[string][]string{"log": {"-wal"}, "index": {"-shm"}, "both": {"-wal", "-shm"}} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "freshet.db")
			for opening := range int64(2) { // one that is made, and one that is there
				s, err := Open(t.Context(), path, Options{})
				if err != nil {
					t.Fatal(err)
				}
				snap, err := s.Load(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				commit(t, s, &store.Batch{Leader: snap.Leader, Entries: []machine.Entry{event(opening+1, 0, "k", "v")}})
				for _, suffix := range suffixes {
					if err := os.Remove(path + suffix); err != nil {
						t.Fatal(err)
					}
				}
				if err := s.Commit(t.Context(), &store.Batch{Leader: snap.Leader}); freshet.CodeOf(err) != freshet.Conflict {
					t.Errorf("a commit says %v", err)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
			s, err := Open(t.Context(), path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if list, err := s.Journal(t.Context(), 0, 10); err != nil || len(list) != 2 {
				t.Errorf("%d of 2 entries are there: %v", len(list), err)
			}
		})
	}
}
