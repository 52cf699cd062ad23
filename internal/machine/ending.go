package machine

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/expr"
	"github.com/freshet/freshet/internal/tick"
)

// EndEvent is what a `workflow:` condition sees of the end of a run: an event
// whose key is the workflow's name, at the entry's offset. The journal does
// not keep it; it is made of the entry whenever it is wanted.
func EndEvent(e *Entry) *freshet.Event {
	outputs, _ := finite(e.Body.Outputs).(map[string]any)
	if outputs == nil {
		outputs = map[string]any{}
	}
	value, err := json.Marshal(struct {
		RunID    int64          `json:"run_id"`
		Workflow string         `json:"workflow"`
		Status   freshet.Status `json:"status"`
		Outputs  map[string]any `json:"outputs"`
	}{e.Run, e.Body.Workflow, e.Body.Status, outputs})
	if err != nil { // nothing that an expression gives
		value = []byte("{}")
	}
	return &freshet.Event{Offset: e.Offset, Namespace: e.Namespace, Key: e.Body.Workflow, Value: string(value), Time: e.Time, RunID: e.Run,
		Traceparent: e.Body.Traceparent}
}

// finite is a value as JSON can hold it, and as a store gives it back: a
// number that is none is null.
func finite(v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = finite(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = finite(x)
		}
		return out
	}
	return v
}

// live tells whether rules act and tasks may start: the run is running, or its
// `finally` is and nobody has stopped that too.
func (d *draft) live() bool {
	if d.result() != "" {
		return d.asked() != freshet.CodeStoppedWithRun
	}
	return d.status() == freshet.Running
}

// result is what the run comes to, once its `finally` has begun.
func (d *draft) result() freshet.Status {
	if d.row != nil {
		return d.row.Result
	}
	return d.st.Result
}

// asked is why the run is being stopped. CodeStoppedWithRun stands for a
// second stop: it ends `finally` too.
func (d *draft) asked() freshet.Code {
	if d.row != nil {
		return d.row.Asked
	}
	return d.st.Asked
}

// conclude is for a run in which nothing is alive and nothing can start. What
// it comes to stands; `finally` begins, or, where there is none, it is over.
func (d *draft) conclude() {
	row := d.runRow()
	d.unawait()
	var status freshet.Status
	status, row.Code, row.Reason = d.verdict(row)
	if status == freshet.Success {
		var err error
		if row.Outputs, err = d.outputs(); err != nil {
			status, row.Code, row.Reason = freshet.Failed, freshet.CodeExpression, err.Error()
		}
	}
	if d.w.Finally < len(d.w.Tasks) && !row.StartedAt.IsZero() && row.Asked != freshet.CodeStoppedWithRun {
		row.Result = status
		d.work = []work{{Op: opBegin, From: d.w.Finally}}
		return
	}
	d.over(status)
}

// outputs are the workflow's, for those who called it or wait for its end.
func (d *draft) outputs() (map[string]any, error) {
	if len(d.w.Outputs) == 0 {
		return nil, nil
	}
	env := map[string]any{}
	vars := d.vars(nil, nil, env)
	vars["secrets"] = expr.Later // the outputs look at none, nor at what is made of one
	if err := d.bind(vars, env, &Call{}, "env of the workflow", d.w.Env); err != nil {
		return nil, err
	}
	out := make(map[string]any, len(d.w.Outputs))
	for _, o := range d.w.Outputs {
		v, err := o.Program.Eval(vars)
		if err != nil {
			return nil, fmt.Errorf("outputs: %s: %s: %w", o.Name, o.Program.Source(), err)
		}
		out[o.Name] = v
	}
	return out, nil
}

// concluded ends a run whose `finally` is over: a failure there fails it.
func (d *draft) concluded() {
	row := d.runRow()
	status := row.Result
	for i := d.w.Finally; i < len(d.w.Tasks); i++ {
		t := d.w.Tasks[i]
		if x := d.task(i).Latest; status != freshet.Failed && !t.AllowFailure && x != nil && x.Status == freshet.Failed {
			status, row.Code, row.Reason = freshet.Failed, x.Code, fmt.Sprintf("task %s of `finally` failed: %s", t.Name, x.Reason)
		}
	}
	if status != freshet.Success {
		row.Outputs = nil
	}
	d.over(status)
}

// over ends the run.
func (d *draft) over(status freshet.Status) {
	d.tellPlaces()
	row := d.runRow()
	row.Status, row.EndedAt = status, d.now
	if row.StartedAt.IsZero() && !row.ScheduledAt.IsZero() { // it may have waited for its time
		d.d.Untimers = append(d.d.Untimers, Timer{Kind: RunStartTimer, Key: freshet.Key{Run: d.st.ID}})
	}
	d.d.Emit = append(d.d.Emit, row.farewell(d.entry.Offset)...)
	d.work = nil
}

// farewell tells the namespace, and the run that had called it, that a run is
// over.
func (row *RunRow) farewell(cause int64) []Entry {
	list := []Entry{{Namespace: row.Namespace, Kind: RunEnded, Run: row.ID, Depth: row.Depth, Cause: cause,
		Body: Body{Status: row.Status, Workflow: row.Workflow, Key: row.Place, Outputs: row.Outputs,
			Traceparent: row.Trace.Traceparent(freshet.Key{})}}}
	if k := row.Caller; k != nil {
		list = append(list, Entry{Namespace: row.Namespace, Kind: ChildEnded, Run: k.Run, Depth: row.Depth, Cause: cause,
			Body: Body{Child: &Child{Key: *k, Run: row.ID, Status: row.Status, Reason: row.Reason}, Outputs: row.Outputs}})
	}
	return list
}

// verdict is what a run comes to whose tasks have all ended, with what brought
// it about.
func (d *draft) verdict(row *RunRow) (freshet.Status, freshet.Code, string) {
	asked := row.Asked
	if asked == freshet.CodeStoppedWithRun {
		asked = row.Code
	}
	if asked == freshet.CodeTimeout {
		return freshet.Failed, asked, fmt.Sprintf("the run took longer than %s", tick.Span(d.w.Timeout))
	}
	for i, t := range d.w.Tasks[:d.w.Finally] {
		if x := d.task(i).Latest; !t.AllowFailure && x != nil && x.Status == freshet.Failed {
			return freshet.Failed, x.Code, fmt.Sprintf("task %s failed: %s", t.Name, x.Reason)
		}
	}
	switch asked {
	case freshet.CodeStoppedByPerson, freshet.CodeStoppedByLimit, freshet.CodeStoppedByCaller, freshet.CodeDisabled:
		return freshet.Stopped, asked, stopText[asked]
	case freshet.CodeRunaway:
		return freshet.Failed, asked, "its tasks send each other events without end"
	case freshet.CodeStoppedByRule:
		return freshet.Success, "", "ended by its stop rule"
	}
	return freshet.Success, "", ""
}
