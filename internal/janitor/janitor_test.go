package janitor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/blob"
	"github.com/freshet/freshet/internal/blob/disk"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
	"github.com/freshet/freshet/internal/store/sqlite"
)

// writer sweeps as an engine does that has nothing else to do.
type writer struct {
	*sqlite.Store
	leader int64
}

func (w writer) Sweep(ctx context.Context, s store.Sweep) (store.Swept, error) {
	s.Leader = w.leader
	return w.Store.Sweep(ctx, &s)
}

// home is a place with a database that the test leads.
func home(t *testing.T) (string, writer) {
	t.Helper()
	dir := t.TempDir()
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "freshet.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	snap, err := db.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return dir, writer{db, snap.Leader}
}

func (w writer) commit(t *testing.T, b *store.Batch) {
	t.Helper()
	b.Leader = w.leader
	if err := w.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

func (w writer) runs(t *testing.T) (ids []int64) {
	t.Helper()
	list, err := w.Runs(t.Context(), store.RunFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		ids = append(ids, r.ID)
	}
	return ids
}

const day = 24 * time.Hour

// A run goes when its workflow's retention is over, or the server's where that
// says none; a run that is alive never does.
func TestRetentionOfWorkflows(t *testing.T) {
	dir, w := home(t)
	now := freshet.Time(time.Now())
	b := &store.Batch{Cursor: store.Cursor{NextRun: 100}}
	flow := func(name string, keep time.Duration) {
		b.Workflows = append(b.Workflows, machine.WorkflowRow{Namespace: "default", Name: name, Version: "v", Retention: keep, CreatedAt: now, UpdatedAt: now})
	}
	flow("servers", 0)
	flow("short", 2*day)
	flow("long", 90*day)
	flow("forever", -1)
	id := int64(0)
	for _, name := range []string{"servers", "short", "long", "forever", "deleted"} {
		for _, ago := range []time.Duration{100 * day, 40 * day, 3 * day, time.Hour} {
			id++
			at := now.Add(-ago)
			b.Runs = append(b.Runs, machine.RunRow{ID: id, Namespace: "default", Workflow: name, Version: "v", Status: freshet.Success, CreatedAt: at, EndedAt: at})
			plant(t, dir, fmt.Sprintf("logs/default/%s/%d/a/1.1.log", name, id))
		}
	}
	b.Runs = append(b.Runs, machine.RunRow{ID: 50, Namespace: "default", Workflow: "short", Version: "v", Status: freshet.Running, CreatedAt: now.Add(-400 * day)})
	w.commit(t, b)
	j := New(Config{Store: w, Engine: w, Files: Home{dir}, Retention: func() time.Duration { return 30 * day }})
	if _, err := j.Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []int64{50, 20, 19, 16, 15, 14, 13, 12, 11, 10, 8, 4, 3}
	if d := cmp.Diff(want, w.runs(t)); d != "" {
		t.Errorf("runs (-want +got):\n%s", d)
	}
	if n := len(there(t, filepath.Join(dir, "logs"))); n != len(want)-1 {
		t.Errorf("%d logs are there", n)
	}
	forever := New(Config{Store: w, Engine: w, Retention: func() time.Duration { return -1 }})
	if done, err := forever.Pass(t.Context()); err != nil || done != (store.Swept{}) {
		t.Errorf("forever: %+v, %v", done, err)
	}
}

// Of a task that starts again and again so many executions stay: at once in a
// run that never ends, and else until they are old.
func TestSurplus(t *testing.T) {
	_, w := home(t)
	now := freshet.Time(time.Now())
	b := &store.Batch{Cursor: store.Cursor{NextRun: 100}}
	for id, ends := range []string{"never", "settled"} {
		name := fmt.Sprint("w", id)
		b.Versions = append(b.Versions, machine.VersionRow{Namespace: "default", Name: name, Version: "v", CreatedAt: now,
			Source: fmt.Sprintf("name: %s\nends: %s\ntasks: {a: {start: {event: go}, bash: \"true\"}}", name, ends)})
		run := int64(id + 1)
		b.Runs = append(b.Runs, machine.RunRow{ID: run, Namespace: "default", Workflow: name, Version: "v", Status: freshet.Running, CreatedAt: now})
		for seq := 1; seq <= 1100; seq++ {
			at := now
			if seq <= 40 {
				at = now.Add(-40 * day)
			}
			b.Executions = append(b.Executions, &machine.Execution{Key: freshet.Key{Run: run, Task: "a", Item: freshet.NoItem, Seq: seq, Try: 1},
				Status: freshet.Failed, QueuedAt: at, StartedAt: at, EndedAt: at, Held: seq == 1100})
		}
	}
	w.commit(t, b)
	j := New(Config{Store: w, Engine: w, Retention: func() time.Duration { return 30 * day }})
	done, err := j.Pass(t.Context())
	if err != nil || done.Executions != 100+40 {
		t.Errorf("%+v, %v", done, err)
	}
	for run, first := range map[int64]int{1: 101, 2: 41} {
		list, err := w.Executions(t.Context(), store.ExecutionFilter{Run: run, Task: "a", Limit: 1})
		if err != nil || len(list) != 1 || list[0].Seq != first {
			t.Errorf("the oldest of run %d is %v, want %d (%v)", run, list, first, err)
		}
	}
	if done, err := j.Pass(t.Context()); err != nil || done != (store.Swept{}) {
		t.Errorf("again: %+v, %v", done, err)
	}
}

// Files that belong to no run go when nobody can be at work on them any more,
// and contents that nothing names.
func TestOrphans(t *testing.T) {
	dir, w := home(t)
	now := freshet.Time(time.Now())
	blobs := disk.New(filepath.Join(dir, "blobs"))
	keep := func(content string) string {
		sum := sha256.Sum256([]byte(content))
		if err := blobs.Put(t.Context(), hex.EncodeToString(sum[:]), strings.NewReader(content)); err != nil {
			t.Fatal(err)
		}
		return hex.EncodeToString(sum[:])
	}
	named, unnamed := keep("named"), keep("unnamed")
	w.commit(t, &store.Batch{Cursor: store.Cursor{NextRun: 5},
		Runs:     []machine.RunRow{{ID: 1, Namespace: "default", Workflow: "w", Version: "v", Status: freshet.Running, CreatedAt: now}},
		Versions: []machine.VersionRow{{Namespace: "default", Name: "w", Version: "v", CreatedAt: now, Files: []freshet.File{{Path: "f", SHA256: named}}}}})
	plant(t, dir, "logs/default/w/1/x", "logs/default/w/2/x", "work/default/w/3/x", "work/default/w/5/x")
	old := time.Now().Add(-2 * blob.Grace)
	for _, p := range []string{"logs/default/w/1", "logs/default/w/2", "work/default/w/5", "blobs/" + named[:2] + "/" + named, "blobs/" + unnamed[:2] + "/" + unnamed} {
		if err := os.Chtimes(filepath.Join(dir, filepath.FromSlash(p)), old, old); err != nil {
			t.Fatal(err)
		}
	}
	young := keep("young")
	j := New(Config{Store: w, Engine: w, Files: Home{dir}, Blobs: blobs, Retention: func() time.Duration { return 30 * day }})
	if _, err := j.Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	files := append(there(t, filepath.Join(dir, "logs")), there(t, filepath.Join(dir, "work"))...)
	if d := cmp.Diff([]string{"default/w/1/x", "default/w/3/x", "default/w/5/x"}, files); d != "" {
		t.Error(d)
	}
	missing, err := blobs.Missing(t.Context(), []string{named, unnamed, young})
	if err != nil || !cmp.Equal(missing, []string{unnamed}) {
		t.Errorf("missing are %v (%v), want what nothing names", missing, err)
	}
}
