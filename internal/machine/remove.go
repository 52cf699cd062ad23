package machine

import (
	"slices"

	"github.com/freshet/freshet"
)

// deleteRun forgets a run that has ended, unless the run that called it is
// still alive: that one shows what it called.
func (d *spaceDraft) deleteRun() {
	id, parent := d.e.Run, d.e.Body.Parent
	switch {
	case d.g.alive(id):
		d.refuse(freshet.Conflict, "run %d has not ended", id)
		d.hint("`run stop %d` ends it", id)
	case parent != 0 && d.g.alive(parent):
		d.refuse(freshet.Conflict, "run %d was called by run %d, which has not ended", id, parent)
		d.hint("`run stop %d` ends that one; what has ended is also removed by itself, in time", parent)
	default:
		d.d.Unrun = id
	}
}

// alive tells whether a run of the namespace is not over.
func (g *Registry) alive(run int64) bool {
	for _, f := range g.Flows {
		if slices.Contains(f.Later, run) {
			return true
		}
		for _, group := range f.Groups {
			if slices.Contains(group.Active, run) || slices.Contains(group.Queued, run) {
				return true
			}
		}
	}
	return false
}
