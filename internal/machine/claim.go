package machine

import (
	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// Claim gives a queued execution to a holder: from the commit on, its process
// may exist. nil means that it is queued no longer.
func Claim(w *spec.Workflow, st *Run, k freshet.Key, epoch int64, node string) *Decision {
	t, ok := w.Task(k.Task)
	if !ok {
		return nil
	}
	x := st.Tasks[t.Index].Latest
	if k.Item != freshet.NoItem {
		x = st.Tasks[t.Index].Items.get(k.Item)
	}
	if x == nil || x.Key != k || x.Status != freshet.Queued || x.Epoch != 0 {
		return nil
	}
	c := *x
	c.Epoch, c.Node = epoch, node
	return &Decision{Target: st.ID, Executions: []*Execution{&c}}
}
