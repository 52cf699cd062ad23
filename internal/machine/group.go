package machine

import (
	"slices"

	"github.com/freshet/freshet/internal/spec"
)

// Group is the runs of a workflow that share a key of its `concurrency`;
// without a key, all of them.
type Group struct {
	Active []int64 // running or being stopped, oldest first
	Queued []int64 // wait for a place, oldest first
}

// group is the runs of a key, to look at.
func (f *Flow) group(key string) *Group {
	if g, ok := f.Groups[key]; ok {
		return g
	}
	return &Group{}
}

// join lets a run be one of a key's, active or waiting for its place.
func (f *Flow) join(key string, run int64, active bool) {
	g, ok := f.Groups[key]
	if !ok {
		if f.Groups == nil {
			f.Groups = map[string]*Group{}
		}
		g = &Group{}
		f.Groups[key] = g
	}
	if active {
		g.Active = append(g.Active, run)
		return
	}
	i, _ := slices.BinarySearch(g.Queued, run)
	g.Queued = slices.Insert(g.Queued, i, run)
}

// admitted lets a run that waits be active.
func (f *Flow) admitted(run int64) {
	g := f.group(f.Keys[run])
	if i, found := slices.BinarySearch(g.Queued, run); found {
		g.Queued = slices.Delete(g.Queued, i, i+1)
		g.Active = append(g.Active, run)
	}
}

// leave forgets a run that is over.
func (f *Flow) leave(run int64) {
	key := f.Keys[run]
	delete(f.Keys, run)
	f.Later, f.Stopping = except(f.Later, run), except(f.Stopping, run)
	g := f.group(key)
	if g.Active, g.Queued = except(g.Active, run), except(g.Queued, run); len(g.Active)+len(g.Queued) == 0 {
		delete(f.Groups, key)
	}
}

// know keeps the key of a run.
func (f *Flow) know(row *RunRow) {
	if row.Place == "" {
		return
	}
	if f.Keys == nil {
		f.Keys = map[int64]string{}
	}
	f.Keys[row.ID] = row.Place
}

// waiting are the keys that runs wait with, in a fixed order.
func (f *Flow) waiting() []string {
	var keys []string
	for key, g := range f.Groups {
		if len(g.Queued) > 0 {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// alive counts the runs that are not over.
func (f *Flow) alive() int {
	n := len(f.Later)
	for _, g := range f.Groups {
		n += len(g.Active) + len(g.Queued)
	}
	return n
}

func except(list []int64, run int64) []int64 {
	if i := slices.Index(list, run); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// admitNext gives places to the runs of a key that wait longest, as if one of
// them had ended; 0: none has.
func (d *spaceDraft) admitNext(f *Flow, key string, ended int64) {
	g := f.group(key)
	if len(g.Queued) == 0 {
		return
	}
	room := len(g.Queued) // without a limit nothing waits
	if w, err := d.specs.Workflow(f.Name, f.Version); err == nil && w.Concurrency != nil {
		room = w.Concurrency.Limit - len(g.Active)
		if ended != 0 && slices.Contains(g.Active, ended) {
			room++
		}
	}
	for _, id := range g.Queued {
		if room <= 0 {
			return
		}
		if id != ended {
			d.admit(f.Name, id)
			d.size++
			room--
		}
	}
}

// runKey computes the key that a run to be shares with others.
func runKey(w *spec.Workflow, row RunRow, e *Entry) (string, error) {
	return placeKey(w.Concurrency, newDraft(w, NewRun(w, row), e).vars(nil, nil, nil))
}
