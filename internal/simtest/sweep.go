package simtest

import (
	"context"
	"time"

	"github.com/freshet/freshet/internal/janitor"
	"github.com/freshet/freshet/internal/store"
	"github.com/freshet/freshet/internal/store/sqlite"
)

// Sweep lets the janitor remove what is older than a retention, as a server's
// does by itself.
func (w *World) Sweep(ctx context.Context, retention time.Duration) (store.Swept, error) {
	w.mu.Lock()
	cfg := janitor.Config{Store: w.Disk, Engine: w.engine, Retention: func() time.Duration { return retention }}
	w.mu.Unlock()
	return janitor.New(cfg).Pass(ctx)
}

// Unsound are the invariants of the database that do not hold.
func (w *World) Unsound() ([]string, error) {
	file, ok := w.Disk.Store.(*sqlite.Store)
	if !ok {
		return nil, nil
	}
	list, err := file.Invariants(context.Background())
	var broken []string
	for _, v := range list {
		for _, b := range v.Broken {
			broken = append(broken, v.Name+": "+b)
		}
	}
	return broken, err
}

// sweep removes what is old by some retention. It may fail, as all else may.
func (h *history) sweep() {
	retention := []time.Duration{time.Microsecond, time.Second, 10 * time.Second}[h.rng.IntN(3)]
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	done, err := h.w.Sweep(ctx, retention)
	h.note("# sweep %s: %v, %v", retention, done, err)
}
