package machine

import (
	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// Find gives an execution as far as a run that is alive still needs it: the
// latest of its task or of an item, or the latest success; nil otherwise.
func (st *Run) Find(w *spec.Workflow, k freshet.Key) *Execution {
	task, ok := w.Task(k.Task)
	if !ok {
		return nil
	}
	t := &st.Tasks[task.Index]
	for _, x := range []*Execution{t.Latest, t.Success, t.Items.get(k.Item)} {
		if x != nil && x.Key == k {
			return x
		}
	}
	return nil
}

// trace is the trace context that whatever a try sets off carries on, in the
// form in which a run is started with it. A run that stands in no trace gives
// none.
func (d *draft) trace(k freshet.Key) freshet.Trace {
	return freshet.Trace(d.st.Trace.Traceparent(k))
}
