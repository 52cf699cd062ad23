package janitor

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
)

// plant makes files in a home.
func plant(t *testing.T, home string, paths ...string) {
	t.Helper()
	for _, p := range paths {
		path := filepath.Join(home, filepath.FromSlash(p))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// there are the files below a directory.
func there(t *testing.T, home string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(home, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(home, path)
			list = append(list, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestRemoveRun(t *testing.T) {
	home, outside := t.TempDir(), t.TempDir()
	plant(t, outside, "precious")
	plant(t, home, "logs/default/w/7/a/1.1.log", "logs/default/w/7/m/3/1.1.log", "logs/default/w/77/a/1.1.log",
		"work/default/w/7/deep/er/file", "work/default/w/7/.freshet/a.1.1/.script", "work/default/w/8/file")
	if err := os.Symlink(outside, filepath.Join(home, "work/default/w/7/link")); err != nil {
		t.Fatal(err)
	}
	// A task may make a part of its directory read-only.
	if err := os.Chmod(filepath.Join(home, "work/default/w/7/deep/er"), 0o500); err != nil {
		t.Fatal(err)
	}
	h := Home{home}
	for range 2 { // again, after a crash
		if err := h.RemoveRun("default", "w", 7); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff([]string{"logs/default/w/77/a/1.1.log", "work/default/w/8/file"}, there(t, home)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"precious"}, there(t, outside)); d != "" {
		t.Error(d)
	}
	if h.RemoveRun("..", "w", 8) == nil || h.RemoveRun("default", "../..", 8) == nil {
		t.Error("a name leads out of the home")
	}
}

func TestRemoveExecution(t *testing.T) {
	home := t.TempDir()
	plant(t, home, "logs/default/w/7/a/1.1.log", "logs/default/w/7/a/1.2.log", "logs/default/w/7/a/11.1.log", "logs/default/w/7/a/3/1.1.log",
		"work/default/w/7/.freshet/a.1.1/x", "work/default/w/7/.freshet/a.3.1.1/x", "work/default/w/7/.freshet/a.11.1/x", "work/default/w/7/made")
	h := Home{home}
	for _, k := range []freshet.Key{{Run: 7, Task: "a", Item: freshet.NoItem, Seq: 1, Try: 1}, {Run: 7, Task: "a", Item: 3, Seq: 1, Try: 1},
		{Run: 7, Task: "none", Item: freshet.NoItem, Seq: 1, Try: 1}} {
		if err := h.RemoveExecution("default", "w", k); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"logs/default/w/7/a/1.2.log", "logs/default/w/7/a/11.1.log", "work/default/w/7/.freshet/a.11.1/x", "work/default/w/7/made"}
	if d := cmp.Diff(want, there(t, home)); d != "" {
		t.Error(d)
	}
	if h.RemoveExecution("default", "w", freshet.Key{Run: 7, Task: "../..", Seq: 1, Try: 1}) == nil {
		t.Error("a name leads out of the home")
	}
}

// Runs finds what looks like a run's directory and has not changed for long.
func TestRunsWithFiles(t *testing.T) {
	home := t.TempDir()
	plant(t, home, "logs/default/w/7/a/1.1.log", "logs/default/w/8/a/1.1.log", "logs/default/w/007/x", "logs/default/w/notes/x", "logs/default/w/9",
		"logs/stray", "work/other/v/12/x", "work/other/v/.13.new/x")
	old := time.Now().Add(-48 * time.Hour)
	for _, p := range []string{"logs/default/w/7", "logs/default/w/007", "logs/default/w/notes", "logs/default/w/9", "work/other/v/12", "work/other/v/.13.new"} {
		if err := os.Chtimes(filepath.Join(home, filepath.FromSlash(p)), old, old); err != nil {
			t.Fatal(err)
		}
	}
	var found []RunFiles
	err := Home{home}.Runs(context.Background(), time.Now().Add(-24*time.Hour), func(list []RunFiles) error {
		found = append(found, list...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]RunFiles{{"default", "w", 7}, {"other", "v", 12}}, found); d != "" {
		t.Error(d)
	}
	if err := (Home{filepath.Join(home, "none")}).Runs(context.Background(), time.Now(), nil); err != nil {
		t.Errorf("a home without files: %v", err)
	}
}
