package why

import (
	"context"
	"fmt"
	"sync"

	"github.com/freshet/freshet/internal/spec"
)

// versions keeps the workflows that were read last: reading a long one takes
// longer than all the rest of an answer.
type versions struct {
	mu   sync.Mutex
	kept []keptVersion // newest first
}

type keptVersion struct {
	namespace, name, version string
	spec                     *spec.Workflow
}

const keptVersions = 16

func (v *versions) get(namespace, name, version string) *spec.Workflow {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, k := range v.kept {
		if k.version == version && k.name == name && k.namespace == namespace {
			return k.spec
		}
	}
	return nil
}

func (v *versions) put(k keptVersion) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.kept = append([]keptVersion{k}, v.kept[:min(len(v.kept), keptVersions-1)]...)
}

// version reads one version of a workflow.
func (x *Explainer) version(ctx context.Context, namespace, name, version string) (*spec.Workflow, error) {
	if w := x.versions.get(namespace, name, version); w != nil {
		return w, nil
	}
	row, err := x.reader.Version(ctx, namespace, name, version)
	if err != nil {
		return nil, fmt.Errorf("explain: %w", err)
	}
	flows, diags := spec.Parse(name+".yaml", []byte(row.Source))
	if len(flows) != 1 {
		return nil, fmt.Errorf("version %.12s of %s.%s no longer loads: %w", version, namespace, name, diags.Err())
	}
	x.versions.put(keptVersion{namespace, name, version, flows[0]})
	return flows[0], nil
}
