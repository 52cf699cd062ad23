package auth_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/auth"
)

func TestHomeToken(t *testing.T) {
	home := t.TempDir()
	var wg sync.WaitGroup
	tokens := make([]string, 8)
	for i := range tokens { // servers that start at once
		wg.Go(func() {
			var err error
			if tokens[i], err = auth.HomeToken(home); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, token := range tokens {
		if token != tokens[0] || len(token) != 43 {
			t.Errorf("tokens %q", tokens)
			break
		}
	}
	info, err := os.Stat(filepath.Join(home, auth.TokenFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	files, err := os.ReadDir(home)
	if err != nil || len(files) != 1 {
		t.Errorf("left behind: %v %v", files, err)
	}
	other, err := auth.HomeToken(t.TempDir())
	if err != nil || other == tokens[0] {
		t.Errorf("two homes have the same token: %v", err)
	}
}

func TestBadToken(t *testing.T) {
	for text, words := range map[string]string{
		"":                        "at least 16",
		"short\n":                 "at least 16",
		"fx_aaaaaaaaaaaaaaaaaaaa": "does not begin with fx_",
		"with a space in between": "printable",
		"with-ümlauts-in-between": "printable",
	} {
		home := t.TempDir()
		if err := os.WriteFile(filepath.Join(home, auth.TokenFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := auth.HomeToken(home); freshet.CodeOf(err) != freshet.Invalid || !strings.Contains(err.Error(), words) {
			t.Errorf("%q: %v", text, err)
		}
	}
	home := t.TempDir()
	path := filepath.Join(home, auth.TokenFile)
	if _, err := auth.HomeToken(home); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := auth.HomeToken(home); freshet.CodeOf(err) != freshet.Forbidden {
		t.Errorf("a token that others may read: %v", err)
	}
}
