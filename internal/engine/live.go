package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// version is a version of a workflow that some run has, with those runs.
type version struct {
	spec  *spec.Workflow
	files []freshet.File
	id    versionID
	runs  []int64 // alive, ascending
	emits int     // events that its tasks send if each succeeds once
}

type versionID struct{ namespace, name, version string }

// live is all that is alive, in memory: runs, registries, and the index from
// event keys to the versions that listen.
type live struct {
	store      store.Writer
	runs       map[int64]*machine.Run
	registries map[string]*machine.Registry
	versions   map[versionID]*version
	byKey      map[string]map[string][]*version // namespace -> key
	triggers   map[int64]*spec.Trigger          // added at run time, compiled when first wanted
}

func newLive(s store.Writer) *live {
	return &live{store: s, runs: map[int64]*machine.Run{}, registries: map[string]*machine.Registry{},
		versions: map[versionID]*version{}, byKey: map[string]map[string][]*version{}, triggers: map[int64]*spec.Trigger{}}
}

// errUnreadable is a version that was accepted once and that this program
// cannot compile: it is older, or the language has changed.
var errUnreadable = errors.New("this version of Freshet cannot read the workflow")

// isUnreadable tells an error about a version's text from one of the store.
func isUnreadable(err error) bool {
	return errors.Is(err, errUnreadable) || freshet.CodeOf(err) == freshet.NotFound
}

// version finds a version, reading and compiling it if no live run has it.
func (l *live) version(ctx context.Context, id versionID) (*version, error) {
	if v, ok := l.versions[id]; ok {
		return v, nil
	}
	row, err := l.store.Version(ctx, id.namespace, id.name, id.version)
	if err != nil {
		return nil, fmt.Errorf("read version %.12s of %s.%s: %w", id.version, id.namespace, id.name, err)
	}
	return l.compile(id, row)
}

// compile makes a version known.
func (l *live) compile(id versionID, row *machine.VersionRow) (*version, error) {
	flows, diags := spec.Parse(id.name+".yaml", []byte(row.Source))
	if len(flows) != 1 {
		return nil, fmt.Errorf("%w: version %.12s of %s.%s: %w", errUnreadable, id.version, id.namespace, id.name, diags.Err())
	}
	v := &version{spec: flows[0], files: row.Files, id: id}
	for _, t := range v.spec.Tasks {
		n := len(t.Emit)
		if t.Kind == spec.Approve {
			n++ // that it was asked for
		}
		if t.Foreach != nil {
			n *= spec.MaxItems
		}
		v.emits += n
	}
	l.versions[id] = v
	keys := l.byKey[id.namespace]
	if keys == nil {
		keys = map[string][]*version{}
		l.byKey[id.namespace] = keys
	}
	for _, k := range v.spec.Keys() {
		keys[k] = append(keys[k], v)
	}
	return v, nil
}

// of is the version of a run that is alive.
func (l *live) of(r *machine.Run) *version {
	return l.versions[versionID{r.Namespace, r.Workflow, r.Version}]
}

// add lets a run live.
func (l *live) add(v *version, r *machine.Run) {
	l.runs[r.ID] = r
	i, found := slices.BinarySearch(v.runs, r.ID)
	if !found {
		v.runs = slices.Insert(v.runs, i, r.ID)
	}
}

// drop forgets a run that is over, and its version if it was the last.
func (l *live) drop(r *machine.Run) {
	delete(l.runs, r.ID)
	v := l.of(r)
	if v == nil {
		return
	}
	if i, found := slices.BinarySearch(v.runs, r.ID); found {
		v.runs = slices.Delete(v.runs, i, i+1)
	}
	l.retire(v.id)
}

// retire forgets a version that no run has, nor will the next one have.
func (l *live) retire(id versionID) {
	v, ok := l.versions[id]
	if !ok || len(v.runs) > 0 || l.current(id) {
		return
	}
	delete(l.versions, id)
	for _, k := range v.spec.Keys() {
		keys := l.byKey[id.namespace]
		keys[k] = slices.DeleteFunc(keys[k], func(o *version) bool { return o == v })
		if len(keys[k]) == 0 {
			delete(keys, k)
		}
	}
}

// current tells whether a workflow's next run would have this version.
func (l *live) current(id versionID) bool {
	g, ok := l.registries[id.namespace]
	if !ok {
		return false
	}
	f, ok := g.Flows[id.name]
	return ok && f.Version == id.version
}

// registry of a namespace.
func (l *live) registry(namespace string) *machine.Registry {
	g, ok := l.registries[namespace]
	if !ok {
		g = machine.NewRegistry(namespace)
		l.registries[namespace] = g
	}
	return g
}

// listening are the runs that an event without a run concerns, by id, from
// the one after the given.
func (l *live) listening(namespace, key string, after int64) []int64 {
	var ids []int64
	for _, v := range l.byKey[namespace][key] {
		i, found := slices.BinarySearch(v.runs, after)
		if found {
			i++
		}
		for _, id := range v.runs[i:] {
			if r := l.runs[id]; r.Status != freshet.Stopping && r.Result == "" {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return ids
}
