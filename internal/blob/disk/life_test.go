package disk_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet/internal/blob"
	"github.com/freshet/freshet/internal/blob/disk"
)

// age sets the time of use of a content back.
func age(t *testing.T, dir, content string, by time.Duration) {
	t.Helper()
	then := time.Now().Add(-by)
	if err := os.Chtimes(filepath.Join(dir, sum(content)[:2], sum(content)), then, then); err != nil {
		t.Fatal(err)
	}
}

// listed are the contents' hashes and sizes.
func listed(t *testing.T, s *disk.Store) map[string]int64 {
	t.Helper()
	all := map[string]int64{}
	err := s.List(t.Context(), "", func(c blob.Content) error {
		all[c.SHA256] = c.Size
		if c.Used.IsZero() {
			t.Errorf("%+v", c)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAdd(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "blobs")
	s := disk.New(dir)
	if got := listed(t, s); len(got) != 0 {
		t.Errorf("before the first: %v", got)
	}
	for _, content := range []string{"hello", "", "hello", strings.Repeat("x", 1<<20)} {
		got, size, err := s.Add(t.Context(), strings.NewReader(content))
		if err != nil || got != sum(content) || size != int64(len(content)) {
			t.Errorf("%.10q: %s %d %v", content, got, size, err)
		}
	}
	want := map[string]int64{sum("hello"): 5, sum(""): 0, sum(strings.Repeat("x", 1<<20)): 1 << 20}
	if diff := cmp.Diff(want, listed(t, s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if left := files(t, dir); len(left) != 3 {
		t.Errorf("stored twice, or left behind: %v", left)
	}
}

// TestAddBreaksOff: what cannot be read to its end leaves nothing.
func TestAddBreaksOff(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "blobs")
	s := disk.New(dir)
	broken := errors.New("broken")
	if _, _, err := s.Add(t.Context(), io.MultiReader(strings.NewReader("some"), iotestErr{broken})); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.Add(gone, strings.NewReader("a")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if left := files(t, dir); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

type iotestErr struct{ err error }

func (r iotestErr) Read([]byte) (int, error) { return 0, r.err }

// TestDelete: a content that somebody has used again since it was listed stays,
// however it was used, and only what is old goes.
func TestDelete(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "blobs")
	s := disk.New(dir)
	ctx := t.Context()
	contents := []string{"put", "added", "asked", "old", "young"}
	for _, c := range contents {
		if err := s.Put(ctx, sum(c), strings.NewReader(c)); err != nil {
			t.Fatal(err)
		}
		if c != "young" {
			age(t, dir, c, 48*time.Hour)
		}
	}
	before := time.Now().Add(-blob.Grace)
	var old []string
	if err := s.List(ctx, "", func(c blob.Content) error {
		if c.Used.Before(before) {
			old = append(old, c.SHA256)
		}
		return nil
	}); err != nil || len(old) != 4 {
		t.Fatalf("%v %v", old, err)
	}
	if err := s.Put(ctx, sum("put"), strings.NewReader("put")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Add(ctx, strings.NewReader("added")); err != nil {
		t.Fatal(err)
	}
	if missing, err := s.Missing(ctx, []string{sum("asked")}); err != nil || missing != nil {
		t.Fatal(missing, err)
	}
	r, err := s.Open(ctx, sum("old"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, c := range contents {
		gone, err := s.Delete(ctx, sum(c), before)
		if err != nil || gone != (c == "old") {
			t.Errorf("%s: gone %v, %v", c, gone, err)
		}
	}
	if b, err := io.ReadAll(r); string(b) != "old" || err != nil {
		t.Errorf("who reads it: %q %v", b, err)
	}
	if missing, _ := s.Missing(ctx, []string{sum("put"), sum("added"), sum("asked"), sum("old"), sum("young")}); !slices.Equal(missing, []string{sum("old")}) {
		t.Errorf("missing: %v", missing)
	}
	if gone, err := s.Delete(ctx, sum("old"), before); !gone || err != nil {
		t.Errorf("what is gone already: %v %v", gone, err)
	}
	if _, err := s.Delete(ctx, "../../x", before); err == nil {
		t.Error("a path is deleted")
	}
	for _, prefix := range []string{sum("put")[:1], sum("put")[:2]} {
		if err := s.List(ctx, prefix, func(c blob.Content) error {
			if !strings.HasPrefix(c.SHA256, prefix) {
				t.Errorf("%s is given for %s", c.SHA256, prefix)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
	stop := errors.New("stop")
	if err := s.List(ctx, "", func(blob.Content) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("a list that is ended: %v", err)
	}
}

// TestDeleteWhileKept: of two who keep and delete the same old content at the
// same time, the one who keeps it finds it.
func TestDeleteWhileKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "blobs")
	s := disk.New(dir)
	for range 200 {
		if _, _, err := s.Add(t.Context(), strings.NewReader("same")); err != nil {
			t.Fatal(err)
		}
		age(t, dir, "same", 48*time.Hour)
		var both sync.WaitGroup
		both.Go(func() {
			if _, err := s.Delete(t.Context(), sum("same"), time.Now().Add(-blob.Grace)); err != nil {
				t.Error(err)
			}
		})
		both.Go(func() {
			if _, _, err := s.Add(t.Context(), strings.NewReader("same")); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		r, err := s.Open(t.Context(), sum("same"))
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
	}
}

// TestHalfWritten: what a server that died has left goes once it is old, and
// is never listed.
func TestHalfWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "blobs")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, by := range map[string]time.Duration{".new-old": 2 * blob.Grace, ".new-young": time.Minute} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Now().Add(-by), time.Now().Add(-by)); err != nil {
			t.Fatal(err)
		}
	}
	s := disk.New(dir)
	if got := listed(t, s); len(got) != 0 {
		t.Errorf("listed: %v", got)
	}
	if _, _, err := s.Add(t.Context(), strings.NewReader("a")); err != nil {
		t.Fatal(err)
	}
	if left := files(t, dir); len(left) != 2 || !strings.HasPrefix(left[0], ".new-young") {
		t.Errorf("there are %v", left)
	}
}
