package sqlite

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/freshet/freshet/internal/store"
	"github.com/freshet/freshet/internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Opener {
		path := filepath.Join(t.TempDir(), "freshet.db")
		return func() (store.Store, error) { return Open(t.Context(), path, Options{Readers: 1}) }
	})
}
