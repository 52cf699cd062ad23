package disk_test

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

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/blob/disk"
)

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// files lists all that lies in dir.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.Walk(dir, func(p string, i os.FileInfo, err error) error {
		if err == nil && !i.IsDir() {
			rel, _ := filepath.Rel(dir, p)
			all = append(all, rel+" "+i.Mode().String())
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return all
}

func TestPutThenOpen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "blobs")
	s := disk.New(dir)
	for range 2 {
		if err := s.Put(t.Context(), sum("hello"), strings.NewReader("hello")); err != nil {
			t.Fatal(err)
		}
	}
	r, err := s.Open(t.Context(), sum("hello"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if b, _ := io.ReadAll(r); string(b) != "hello" {
		t.Errorf("got %q", b)
	}
	want := []string{filepath.Join(sum("hello")[:2], sum("hello")) + " -rw-------"}
	if diff := cmp.Diff(want, files(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestMissing(t *testing.T) {
	s := disk.New(filepath.Join(t.TempDir(), "blobs"))
	if err := s.Put(t.Context(), sum("b"), strings.NewReader("b")); err != nil {
		t.Fatal(err)
	}
	got, err := s.Missing(t.Context(), []string{sum("a"), sum("b"), sum("c")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{sum("a"), sum("c")}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRefusals(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "blobs")
	s := disk.New(dir)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	put := func(ctx context.Context, sum, content string) error {
		return s.Put(ctx, sum, strings.NewReader(content))
	}
	open := func(sum string) error { _, err := s.Open(t.Context(), sum); return err }
	missing := func(sum string) error { _, err := s.Missing(t.Context(), []string{sum}); return err }
	for _, c := range []struct {
		name string
		err  error
		code freshet.ErrorCode
	}{
		{"another hash", put(t.Context(), sum("a"), "b"), freshet.Invalid},
		{"a path", put(t.Context(), "../../etc/passwd", "b"), freshet.Invalid},
		{"upper case", put(t.Context(), strings.ToUpper(sum("a")), "a"), freshet.Invalid},
		{"canceled", put(canceled, sum("a"), "a"), freshet.Internal},
		{"open what is not there", open(sum("a")), freshet.NotFound},
		{"open a path", open("../x"), freshet.Invalid},
		{"missing a path", missing("../x"), freshet.Invalid},
	} {
		if got := freshet.CodeOf(c.err); got != c.code {
			t.Errorf("%s: %v: code %q, want %q", c.name, c.err, got, c.code)
		}
	}
	if left := files(t, dir); left != nil {
		t.Errorf("refused contents are kept: %v", left)
	}
}
