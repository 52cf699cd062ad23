package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
)

// kept is an artifact of a content.
func kept(path, content string) freshet.TaskArtifact {
	sum := sha256.Sum256([]byte(content))
	return freshet.TaskArtifact{Seq: 1, Try: 1, Artifact: freshet.Artifact{Path: path, Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:]),
		Mode: 0o640, ModifiedAt: time.Unix(1_700_000_000, 0)}}
}

// save writes what a server lists, whatever that is, and gives the errors.
func save(t *testing.T, dir string, force bool, give func(path string) io.Reader, list ...freshet.TaskArtifact) error {
	t.Helper()
	s := saving{dir: dir, shown: "to", force: force, open: func(_ context.Context, f freshet.TaskArtifact) (io.ReadCloser, error) {
		return io.NopCloser(give(f.Path)), nil
	}}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	found, err := s.look(root, list)
	for _, f := range found {
		if err == nil && f.Written {
			err = s.write(t.Context(), root, f.TaskArtifact)
		}
	}
	return err
}

func always(content string) func(string) io.Reader {
	return func(string) io.Reader { return strings.NewReader(content) }
}

// below lists the files that lie in a directory, with their content.
func below(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		content, err := os.ReadFile(p)
		all[rel] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestSaveStaysBelow: no path that a server lists, and no link that lies in
// the directory, leads out of it.
func TestSaveStaysBelow(t *testing.T) {
	outer := t.TempDir()
	dir := filepath.Join(outer, "to")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"up": "..", "file": "../victim", "abs": outer} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(outer, "victim"), []byte("safe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"../victim", "a/../../victim", "/etc/freshet-test", filepath.Join(outer, "victim"), "up/victim", "file", "abs/victim", "up/new/x", "..", ""} {
		if err := save(t, dir, true, always("bad"), kept(path, "bad")); err == nil {
			t.Errorf("%q is written", path)
		}
	}
	err := save(t, dir, true, always("bad"), kept("up/victim", "bad"))
	if err == nil || err.Error() != "to/up/victim cannot be written: a link leads out of to" {
		t.Errorf("through a link: %v", err)
	}
	if diff := cmp.Diff(map[string]string{"victim": "safe"}, below(t, outer)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSave(t *testing.T) {
	dir := t.TempDir()
	if err := save(t, dir, false, always("one"), kept("a/b/c.csv", "one"), kept(strings.Repeat("n", 255), "one")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "a/b/c.csv"))
	if err != nil || info.Mode().Perm() != 0o640 || info.ModTime().Unix() != 1_700_000_000 {
		t.Errorf("%v %v", info, err)
	}
	if err := save(t, dir, false, func(string) io.Reader { panic("it is there") }, kept("a/b/c.csv", "one")); err != nil {
		t.Errorf("the same again: %v", err)
	}
	err = save(t, dir, false, always("two"), kept("new", "two"), kept("a/b/c.csv", "two"))
	if freshet.CodeOf(err) != freshet.Conflict {
		t.Errorf("over another: %v", err)
	}
	if err := save(t, dir, true, always("tw"), kept("a/b/c.csv", "two")); freshet.CodeOf(err) != freshet.Internal {
		t.Errorf("another content than promised: %v", err)
	}
	if err := save(t, dir, true, func(string) io.Reader { return io.MultiReader(strings.NewReader("t"), cut{}) }, kept("a/b/c.csv", "two")); err == nil {
		t.Error("half of it is written")
	}
	for _, path := range []string{"a/b", "a/b/c.csv/d"} { // a directory; a file that would have to be one
		if err := save(t, dir, true, always("two"), kept(path, "two")); freshet.CodeOf(err) != freshet.Conflict {
			t.Errorf("%s: %v", path, err)
		}
	}
	if diff := cmp.Diff(map[string]string{"a/b/c.csv": "one", strings.Repeat("n", 255): "one"}, below(t, dir)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := save(t, dir, true, always("two"), kept("a/b/c.csv", "two")); err != nil || below(t, dir)["a/b/c.csv"] != "two" {
		t.Errorf("with force: %v", err)
	}
}

type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, errors.New("the connection broke off") }

func TestChosen(t *testing.T) {
	list := []freshet.TaskArtifact{kept("a[1].csv", ""), kept("out/b.csv", ""), kept("out/deep/c.csv", "")}
	for _, c := range []struct {
		wanted []string
		want   string
	}{
		{nil, "a[1].csv out/b.csv out/deep/c.csv"},
		{[]string{"out/b.csv"}, "out/b.csv"},
		{[]string{"a[1].csv"}, "a[1].csv"},
		{[]string{"out/*", "**/c*"}, "out/b.csv out/deep/c.csv"},
		{[]string{"out/**", "x"}, `error: the task has no artifact "x"`},
		{[]string{"[a"}, `error: "[a" is neither a path nor a glob`},
	} {
		found, err := chosen(list, c.wanted)
		got := ""
		for _, f := range found {
			got += " " + f.Path
		}
		if err != nil {
			got = " error: " + err.Error()
		}
		if got[1:] != c.want {
			t.Errorf("%v: got %s, want %s", c.wanted, got, c.want)
		}
	}
}
