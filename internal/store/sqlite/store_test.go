package sqlite

import (
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/freshet/freshet/internal/store"
	"github.com/freshet/freshet/internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	// Making the tables once, instead of for each of some hundred places,
	// halves the time of the suite.
	made := filepath.Join(t.TempDir(), "made.db")
	s, err := Open(t.Context(), made, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	data := read(t, made)
	storetest.Run(t, func(t *testing.T) storetest.Opener {
		path := filepath.Join(t.TempDir(), "freshet.db")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return func() (store.Store, error) { return Open(t.Context(), path, Options{Readers: 1}) }
	})
}
