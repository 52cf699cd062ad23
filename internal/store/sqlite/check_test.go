package sqlite

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// TestInvariants plants what breaks each invariant, and looks that it is
// found, and nothing else is.
func TestInvariants(t *testing.T) {
	for name, plant := range map[string]string{
		"cursor":     "UPDATE shard SET cursor_pos = 1000000",
		"counters":   "INSERT INTO runs (id, namespace, workflow, version, status, type, ended_at, code, reason, asked, parent, rerun_of) VALUES (70, 'default', 'w', 'v', 'success', 'manual', 1, '', '', '', 0, 0)",
		"executions": "INSERT INTO executions (run, task, seq, item, try, status, code, reason, event_pos, asked, epoch, node, pid, log, executor, held) VALUES (5, 't', 1, -1, 1, 'running', '', '', 0, '', 1, '', 0, '', '', 1)",
		"timers":     "INSERT INTO timers (kind, run, rule, node, task, item, seq, try, due) VALUES ('timeout', 5, 0, 0, 't', -1, 1, 1, 7)",
		"waits":      "INSERT INTO waits (run, task, n, rule) VALUES (5, 't', 1, 1)",
		"rules":      "INSERT INTO rules (run, rule, state) VALUES (5, 1, '{}')",
		"triggers":   "INSERT INTO triggers (id, namespace, workflow, name, kind, expression, timezone, catchup, source, place, hash, entry, paused) VALUES (0, 'default', 'gone', 't', 'schedule', '', '', '', '', 0, '', '{}', 0)",
		"paused":     "INSERT INTO triggers (id, namespace, workflow, name, kind, expression, timezone, catchup, source, place, hash, entry, paused) VALUES (0, 'default', 'w', 't', 'schedule', '', '', '', '', 0, '', '{}', 1); INSERT INTO workflows (namespace, name, version, description, enabled) VALUES ('default', 'w', 'v', '', 1); INSERT INTO timers (kind, run, rule, node, task, item, seq, try, due) VALUES ('rule', 0, 0, 0, '', -1, 0, 0, 7)",
		"places":     "INSERT INTO places (run, task, seq, item, namespace, workflow, key, ask, since, nth, held) VALUES (5, 't', 1, -1, 'default', 'w', '', 1, 1, 0, 1)",
		"items":      "INSERT INTO runs (id, namespace, workflow, version, status, type, code, reason, asked, parent, rerun_of) VALUES (5, 'default', 'w', 'v', 'running', 'manual', '', '', '', 0, 0); INSERT INTO executions (run, task, seq, item, try, status, code, reason, event_pos, asked, epoch, node, pid, log, executor, held) VALUES (5, 't', 1, -1, 1, 'success', '', '', 0, '', 1, '', 0, '', '', 1), (5, 't', 1, 2, 1, 'running', '', '', 0, '', 1, '', 0, '', '', 1)",
		"calls":      "INSERT INTO runs (id, namespace, workflow, version, status, type, code, reason, asked, parent, rerun_of) VALUES (5, 'default', 'w', 'v', 'running', 'manual', '', '', '', 0, 0); INSERT INTO executions (run, task, seq, item, try, status, code, reason, event_pos, asked, epoch, node, pid, log, executor, held, child) VALUES (5, 't', 1, -1, 1, 'running', '', '', 0, '', 1, '', 0, '', '', 1, 4)",
		"":           "SELECT 1",
	} {
		t.Run(name, func(t *testing.T) {
			s := openTest(t)
			if _, err := s.Load(t.Context()); err != nil { // the writer's connection
				t.Fatal(err)
			}
			if _, err := s.writer.sql.ExecContext(t.Context(), "UPDATE shard SET next_run = 6, next_trigger = 6; "+plant); err != nil {
				t.Fatal(err)
			}
			list, err := s.Invariants(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range list {
				if (len(v.Broken) > 0) != (v.Name == name) {
					t.Errorf("%s: %q", v.Name, v.Broken)
				}
			}
		})
	}
}

// TestCopy: what is copied while commits go on is one moment, whole, and as
// the original is.
func TestCopy(t *testing.T) {
	s := openTest(t)
	snap, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const many = 300
	done := make(chan error, 1)
	go func() {
		var err error
		for at := int64(1); at <= many && err == nil; at++ {
			err = s.Commit(t.Context(), numbered(at, snap.Leader))
		}
		done <- err
	}()
	dir := t.TempDir()
	for n := 0; n < 5; n++ {
		path := filepath.Join(dir, string(rune('a'+n)))
		if err := s.Copy(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Inspect(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		c, err := Peek(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		cursor, err := c.Cursor(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		entries, err := c.Journal(t.Context(), 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		if int64(len(entries)) != cursor.Offset {
			t.Errorf("%d entries, and the cursor stands at %d", len(entries), cursor.Offset)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := s.Copy(t.Context(), filepath.Join(dir, "a")); err == nil {
		t.Error("a copy went over a file that was there")
	}
	reader := <-s.readers
	defer func() { s.readers <- reader }()
	if err := reader.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.sql.ExecContext(t.Context(), "DELETE FROM journal"); err == nil {
		t.Error("the connection can write after it has copied")
	}
}

// numbered is a batch of one event, with the cursor behind it.
func numbered(at, leader int64) *store.Batch {
	return &store.Batch{Leader: leader, Entries: []machine.Entry{event(at, 0, "k", "v")}, Cursor: store.Cursor{Offset: at}}
}

func TestPeekIsForDatabasesAsTheyAre(t *testing.T) {
	path := filepath.Join(t.TempDir(), "freshet.db")
	if _, err := Peek(t.Context(), path); freshet.CodeOf(err) != freshet.NotFound {
		t.Errorf("no file: %v", err)
	}
	change(t, path, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (77, 1)")
	if _, err := Peek(t.Context(), path); freshet.CodeOf(err) != freshet.Conflict {
		t.Errorf("another version: %v", err)
	}
	if _, _, err := Inspect(t.Context(), path); freshet.CodeOf(err) != freshet.Conflict || !strings.Contains(err.Error(), "77") {
		t.Errorf("another version: %v", err)
	}
}
