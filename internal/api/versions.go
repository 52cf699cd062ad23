package api

import (
	"context"
	"fmt"
	"sync"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// versions keeps compiled versions of workflows: they never change, and lists
// of tasks need them again and again.
type versions struct {
	mu   sync.Mutex
	kept map[versionID]*spec.Workflow
}

type versionID struct{ namespace, name, version string }

// versionsKept bounds what is kept; then all are forgotten.
const versionsKept = 64

// of is the workflow that a run runs.
func (v *versions) of(ctx context.Context, s store.Reader, r *freshet.Run) (*spec.Workflow, error) {
	id := versionID{r.Namespace, r.Workflow, r.Version}
	v.mu.Lock()
	w := v.kept[id]
	v.mu.Unlock()
	if w != nil {
		return w, nil
	}
	row, err := s.Version(ctx, r.Namespace, r.Workflow, r.Version)
	if err != nil {
		return nil, err
	}
	flows, diags := spec.Parse(r.Workflow+".yaml", []byte(row.Source))
	if len(flows) != 1 {
		return nil, fmt.Errorf("version %.12s of %s.%s no longer loads: %w", r.Version, r.Namespace, r.Workflow, diags.Err())
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.kept == nil || len(v.kept) >= versionsKept {
		v.kept = map[versionID]*spec.Workflow{}
	}
	v.kept[id] = flows[0]
	return flows[0], nil
}
