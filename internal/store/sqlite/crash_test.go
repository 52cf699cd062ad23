package sqlite

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// TestTornWrites opens what a machine that lost its power may have on disk:
// the log cut off anywhere. Every commit is there in full or not at all, and
// none is missing before one that is there.
func TestTornWrites(t *testing.T) {
	const commits, rows = 12, 7
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
	begun := int64(len(read(t, path+"-wal")))
	var ends []int64 // of the log, after each commit
	for n := range int64(commits) {
		b := &store.Batch{Leader: snap.Leader, Cursor: store.Cursor{Offset: (n + 1) * rows}}
		for i := range int64(rows) {
			b.Entries = append(b.Entries, event(n*rows+i+1, 0, "k", "v"))
			b.Runs = append(b.Runs, machine.RunRow{ID: n*rows + i + 1, Namespace: "default", Workflow: "w", Status: "running"})
		}
		commit(t, s, b)
		ends = append(ends, int64(len(read(t, path+"-wal"))))
	}
	data, log := read(t, path), read(t, path+"-wal")
	for size := begun; size <= int64(len(log)); size += 4001 {
		whole := int64(0)
		for _, end := range ends {
			if end <= size {
				whole++
			}
		}
		got := reopen(t, data, log[:size])
		if got.Last != whole*rows || got.Cursor.Offset != whole*rows || len(got.Runs) != int(whole*rows) {
			t.Fatalf("%d of %d bytes of the log: %d commits are whole, and there are %d entries, %d runs and the cursor %d",
				size, len(log), whole, got.Last, len(got.Runs), got.Cursor.Offset)
		}
	}
	if got := reopen(t, data, log); got.Last != commits*rows {
		t.Fatalf("%d entries in a whole log", got.Last)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func reopen(t *testing.T, data, log []byte) *store.Snapshot {
	t.Helper()
	path := filepath.Join(t.TempDir(), "freshet.db")
	for name, b := range map[string][]byte{path: data, path + "-wal": log} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	snap, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return snap
}
