package local_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet/internal/blob"
	"github.com/freshet/freshet/internal/blob/disk"
	"github.com/freshet/freshet/internal/executor"
)

// meddled is a store of contents where something happens before each one.
type meddled struct {
	blob.Store
	before func(ctx context.Context, r io.Reader) error
}

func (m meddled) Add(ctx context.Context, r io.Reader) (string, int64, error) {
	if err := m.before(ctx, r); err != nil {
		return "", 0, err
	}
	return m.Store.Add(ctx, r)
}

// left runs a script whose artifacts are all files with a name in capitals.
func left(t *testing.T, before func(run string) func(context.Context, io.Reader) error, script string, change func(*executor.Attempt)) executor.Report {
	t.Helper()
	cfg := newConfig(t, "1")
	cfg.Blobs = meddled{disk.New(filepath.Join(cfg.Home, "blobs")), before(filepath.Join(cfg.Home, "work/default/w/1"))}
	s := serve(t, cfg)
	defer s.stop()
	a := s.attempt(1, script)
	a.Artifacts = []string{"**/[A-Z]*"}
	if change != nil {
		change(&a)
	}
	s.start(a)
	return s.next(a.Key, executor.Ended)
}

func nothing(string) func(context.Context, io.Reader) error {
	return func(context.Context, io.Reader) error { return nil }
}

func paths(r executor.Report) []string {
	var list []string
	for _, a := range r.Artifacts {
		list = append(list, a.Dir+":"+a.Path)
	}
	return list
}

// TestArtifactsChange: what goes while others are read is as if it had never
// been, and what grows is kept as it was read.
func TestArtifactsChange(t *testing.T) {
	n := 0
	r := left(t, func(run string) func(context.Context, io.Reader) error {
		return func(_ context.Context, in io.Reader) error {
			if n++; n > 1 {
				return nil
			}
			if _, err := io.CopyN(io.Discard, in, 2); err != nil { // it is being read
				return err
			}
			f, err := os.OpenFile(filepath.Join(run, "A"), os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			if _, err := f.WriteString("more"); err != nil {
				return err
			}
			if err := os.Remove(filepath.Join(run, "B")); err != nil {
				return err
			}
			return os.Mkdir(filepath.Join(run, "B"), 0o700)
		}
	}, `echo abc > A; echo gone > B; echo c > C; chmod 700 C`, nil)
	if diff := cmp.Diff([]string{":A", ":C"}, paths(r)); diff != "" || r.BadArtifacts != "" {
		t.Fatalf("%+v (-want +got):\n%s", r, diff)
	}
	if a := r.Artifacts[0]; a.Size != 6 || a.SHA256 != sum("c\nmore") {
		t.Errorf("%+v", a)
	}
	if c := r.Artifacts[1]; c.Mode != 0o700 {
		t.Errorf("%+v", c)
	}
}

// TestArtifactsFail: what cannot be kept or read is said with its name, and
// what was kept before it is told all the same.
func TestArtifactsFail(t *testing.T) {
	n := 0
	full := func(string) func(context.Context, io.Reader) error {
		return func(context.Context, io.Reader) error {
			if n++; n > 1 {
				return &os.PathError{Op: "write", Path: "/somewhere", Err: syscall.ENOSPC}
			}
			return nil
		}
	}
	r := left(t, full, `echo a > A; echo b > B`, nil)
	if diff := cmp.Diff([]string{":A"}, paths(r)); diff != "" || r.BadArtifacts != "the artifact B cannot be kept: no space left on device" {
		t.Errorf("%+v (-want +got):\n%s", r, diff)
	}
	if runtime.GOOS == "linux" { // memory of a process is a file that nobody can read from its beginning
		r = left(t, nothing, `true`, func(a *executor.Attempt) { a.Dir, a.Artifacts = "/proc/self", []string{"mem"} })
		if r.BadArtifacts != "the artifact mem cannot be read: input/output error" {
			t.Errorf("%+v", r)
		}
	}
	if os.Geteuid() == 0 {
		return // may read everything
	}
	r = left(t, nothing, `echo a > A; chmod 0 A`, nil)
	if r.BadArtifacts != "the artifact A cannot be read: permission denied" {
		t.Errorf("%+v", r)
	}
	r = left(t, nothing, `mkdir d; echo a > d/A; chmod 0 d`, nil)
	if !strings.HasPrefix(r.BadArtifacts, "the artifacts **/[A-Z]* cannot be looked for: d: permission denied") {
		t.Errorf("%+v", r)
	}
}

// TestArtifactsOfDirectories: they are told with where they lay, and without
// what nobody may read.
func TestArtifactsOfDirectories(t *testing.T) {
	elsewhere := t.TempDir()
	for _, c := range []struct {
		script, dir string
		want        []string
	}{
		{"echo a > A", "", []string{":A"}},
		{"echo a > A", elsewhere, []string{elsewhere + ":A"}},
		{"echo a > s3cret-A", "", []string{":***-A"}},
		{"echo a > A", filepath.Join(elsewhere, "s3cret"), []string{"/:A"}},
	} {
		if filepath.IsAbs(c.dir) {
			if err := os.MkdirAll(c.dir, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		r := left(t, nothing, c.script, func(a *executor.Attempt) {
			a.Dir, a.Hide, a.Artifacts = c.dir, func(s string) string { return strings.ReplaceAll(s, "s3cret", "***") }, []string{"*A"}
		})
		if diff := cmp.Diff(c.want, paths(r)); diff != "" {
			t.Errorf("%s in %q: %+v (-want +got):\n%s", c.script, c.dir, r, diff)
		}
	}
	cfg := newConfig(t, "1")
	cfg.InDirectory = elsewhere
	s := serve(t, cfg)
	defer s.stop()
	a := s.attempt(1, "echo a > A")
	a.Artifacts = []string{"A"}
	s.start(a)
	if r := s.next(a.Key, executor.Ended); len(r.Artifacts) != 0 || r.BadArtifacts != "" {
		t.Errorf("in a directory of the user's own: %+v", r)
	}
}

// TestServerEndsWhileKeeping: the end is not reported by it, and the next one
// keeps all again.
func TestServerEndsWhileKeeping(t *testing.T) {
	cfg := newConfig(t, "1")
	kept := disk.New(filepath.Join(cfg.Home, "blobs"))
	begun := make(chan struct{})
	cfg.Blobs = meddled{kept, func(ctx context.Context, _ io.Reader) error {
		close(begun)
		<-ctx.Done()
		return ctx.Err()
	}}
	s := serve(t, cfg)
	a := s.attempt(1, "echo a > A; exit 3")
	a.Artifacts = []string{"A"}
	s.start(a)
	s.next(a.Key, executor.Started)
	<-begun
	s.stop()
	select {
	case r := <-s.Reports():
		t.Errorf("it is reported: %+v", r)
	default:
	}
	cfg.Blobs = kept
	s = serve(t, cfg, executor.Held{Key: a.Key, Epoch: a.Epoch, Node: a.Node, Namespace: a.Namespace, Workflow: a.Workflow, Started: true, Artifacts: a.Artifacts})
	defer s.stop()
	r := s.next(a.Key, executor.Ended)
	if diff := cmp.Diff([]string{":A"}, paths(r)); diff != "" || r.ExitCode != 3 {
		t.Errorf("%+v (-want +got):\n%s", r, diff)
	}
}
