// Package inbox is the door. Whatever wants to change something comes through
// here: it is checked, made complete, and handed to the engine as a journal
// entry, a fact or a command. What is wrong with it is said here, before
// anything is recorded.
package inbox

import (
	"context"
	"sync"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// Engine is where entries go.
type Engine interface {
	Submit(ctx context.Context, entries ...machine.Entry) ([]engine.Reply, error)
}

// Blobs tells which contents are not there yet.
type Blobs interface {
	Missing(ctx context.Context, sums []string) ([]string, error)
}

// Store is what is looked at before something is let in.
type Store interface {
	store.Reader
	// OffsetAt is an offset below which all entries are older than a time, and
	// from which on none is.
	OffsetAt(ctx context.Context, t time.Time) (int64, error)
}

// Inbox takes what comes from outside.
type Inbox struct {
	engine Engine
	store  Store
	blobs  Blobs

	mu       sync.Mutex
	compiled map[string]*spec.Workflow // by version, which is immutable
}

// New makes an inbox.
func New(e Engine, s Store, b Blobs) *Inbox {
	return &Inbox{engine: e, store: s, blobs: b, compiled: map[string]*spec.Workflow{}}
}

// one submits a single entry and unpacks its reply.
func (x *Inbox) one(ctx context.Context, en machine.Entry) (engine.Reply, error) {
	replies, err := x.engine.Submit(ctx, en)
	if err != nil {
		return engine.Reply{}, err
	}
	return replies[0], replies[0].Err
}

// current finds a workflow as it stands now.
func (x *Inbox) current(ctx context.Context, namespace, name string) (freshet.Workflow, error) {
	if namespace != "" && name != "" { // which would be all of them
		found, err := x.store.Workflows(ctx, store.WorkflowFilter{Namespace: namespace, Name: name, Limit: 1})
		if err != nil {
			return freshet.Workflow{}, err
		}
		if len(found) > 0 {
			return found[0], nil
		}
	}
	return freshet.Workflow{}, freshet.Errorf(freshet.NotFound, "there is no workflow %s.%s", namespace, name).
		WithHint("`workflow list` shows what there is; `workflow upload FILE` adds one")
}

// workflow finds the current version of a workflow, compiled.
func (x *Inbox) workflow(ctx context.Context, namespace, name string) (*spec.Workflow, string, error) {
	found, err := x.current(ctx, namespace, name)
	if err != nil {
		return nil, "", err
	}
	w, err := x.compile(ctx, namespace, name, found.Version)
	return w, found.Version, err
}

// compiledVersions bounds what is kept compiled: a start costs no parsing.
const compiledVersions = 200

func (x *Inbox) compile(ctx context.Context, namespace, name, version string) (*spec.Workflow, error) {
	x.mu.Lock()
	w, ok := x.compiled[version]
	x.mu.Unlock()
	if ok {
		return w, nil
	}
	row, err := x.store.Version(ctx, namespace, name, version)
	if err != nil {
		return nil, err
	}
	flows, diags := spec.Parse(name+".yaml", []byte(row.Source))
	if len(flows) != 1 {
		return nil, diags.Err()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.compiled) >= compiledVersions {
		clear(x.compiled)
	}
	x.compiled[version] = flows[0]
	return flows[0], nil
}
