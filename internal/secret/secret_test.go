package secret_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/secret"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestSources: of one name the file counts before the variable, and that
// before the home.
func TestSources(t *testing.T) {
	home, mounted := t.TempDir(), t.TempDir()
	write(t, filepath.Join(mounted, "A"), "of a file\n")
	write(t, filepath.Join(mounted, "..hidden"), "x")
	environ := []string{"FRESHET_SECRET_A=x", "FRESHET_SECRET_B=first", "FRESHET_SECRET_B=of a variable", "FRESHET_SECRET_EMPTY="}
	s := secret.New(home, mounted, environ)
	for _, name := range []string{"A", "B", "C"} {
		if err := s.Set(name, "of the home"); err != nil {
			t.Fatal(err)
		}
	}
	again := secret.New(home, mounted, environ) // what was set outlives the server
	for name, want := range map[string]string{"A": "of a file", "B": "of a variable", "C": "of the home"} {
		if got, err := again.Get(name); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
	list, err := again.List()
	if err != nil {
		t.Fatal(err)
	}
	want := []freshet.Secret{{Name: "A", Source: freshet.SecretFile}, {Name: "B", Source: freshet.SecretVariable}, {Name: "C", Source: freshet.SecretStored}}
	if diff := cmp.Diff(want, list, cmpopts.IgnoreFields(freshet.Secret{}, "UpdatedAt")); diff != "" {
		t.Error(diff)
	}
	if list[0].UpdatedAt == nil || list[1].UpdatedAt != nil || list[2].UpdatedAt == nil {
		t.Errorf("times: %v", list)
	}
	if err := again.Delete("C"); err != nil {
		t.Fatal(err)
	}
	if _, err := again.Get("C"); freshet.CodeOf(err) != freshet.NotFound || !strings.Contains(err.Error(), "freshet secret set C") {
		t.Errorf("a deleted secret: %v", err)
	}
	if err := again.Delete("B"); err != nil {
		t.Fatal(err) // the one of the home goes
	}
	if err := again.Delete("B"); freshet.CodeOf(err) != freshet.Conflict {
		t.Errorf("deleting a variable: %v", err)
	}
	if err := again.Delete("NONE"); freshet.CodeOf(err) != freshet.NotFound {
		t.Errorf("deleting what is not there: %v", err)
	}
}

// TestRefused: what cannot be a secret is said.
func TestRefused(t *testing.T) {
	s := secret.New(t.TempDir(), "", nil)
	if err := s.Set("Token", "x"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		name, value string
		code        freshet.ErrorCode
	}{
		"no name":   {"", "x", freshet.Invalid},
		"a path":    {"../key", "x", freshet.Invalid},
		"a keyword": {"in", "x", freshet.Invalid},
		"empty":     {"A", "", freshet.Invalid},
		"zero byte": {"A", "a\x00b", freshet.Invalid},
		"large":     {"A", strings.Repeat("x", secret.MaxValue+1), freshet.TooLarge},
		"case":      {"TOKEN", "x", freshet.Conflict},
	} {
		if err := s.Set(c.name, c.value); freshet.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Get("../secrets/key"); freshet.CodeOf(err) != freshet.Invalid {
		t.Errorf("a path is read: %v", err)
	}
	if err := s.Delete("../secrets/key"); freshet.CodeOf(err) != freshet.NotFound {
		t.Errorf("a path is deleted: %v", err)
	}
}

// TestAtRest: no file of the home holds a value, all are their owner's only,
// and without the key, or with another, the error says what to do and no more.
func TestAtRest(t *testing.T) {
	home := t.TempDir()
	const value = "a value that stands out"
	s := secret.New(home, "", nil)
	if err := s.Set("A", value); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		info, _ := d.Info()
		if bytes.Contains(raw, []byte(value)) || info.Mode().Perm() != 0o600 {
			t.Errorf("%s, mode %v: %s", path, info.Mode(), raw)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	other := secret.New(t.TempDir(), "", nil)
	if err := other.Set("A", "x"); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(home, "secrets", "key")
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.New(home, "", nil).Get("A"); freshet.CodeOf(err) != freshet.Unavailable {
		t.Errorf("without the key: %v", err)
	}
	write(t, key, "AGE-SECRET-KEY-1BROKEN")
	if _, err := secret.New(home, "", nil).Get("A"); freshet.CodeOf(err) != freshet.Unavailable || strings.Contains(err.Error(), "BROKEN") {
		t.Errorf("with a broken key: %v", err)
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	renewed := secret.New(home, "", nil)
	if err := renewed.Set("B", "y"); err != nil {
		t.Fatal(err)
	}
	if _, err := renewed.Get("A"); freshet.CodeOf(err) != freshet.Unavailable {
		t.Errorf("with another key: %v", err)
	}
	if err := renewed.Set("A", "again"); err != nil {
		t.Fatal(err)
	}
	if got, err := renewed.Get("A"); err != nil || got != "again" {
		t.Errorf("set anew: %q, %v", got, err)
	}
}

// TestValues: what was given out is masked also when it has been replaced.
func TestValues(t *testing.T) {
	s := secret.New(t.TempDir(), "", nil)
	for _, value := range []string{"first", "second"} {
		if err := s.Set("A", value); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get("A"); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Set("A", "third"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"first", "second", "third"}, s.Values([]string{"A", "NONE"})); diff != "" {
		t.Error(diff)
	}
}
