package sqlite

import (
	"database/sql"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
)

// The stored types are rows as they stand in their tables, with events as
// offsets; row joins the events.

// events are events by offset: one of each, shared by all who refer to it.
type events map[int64]*freshet.Event

func (ev events) list(offsets []int64) []*freshet.Event {
	var list []*freshet.Event
	for _, at := range offsets {
		if e, ok := ev[at]; ok {
			list = append(list, e)
		}
	}
	return list
}

type storedRun struct {
	machine.RunRow
	event int64
}

func scanRun(rows *sql.Rows) (storedRun, error) {
	var r storedRun
	var parameters, key, missing, outputs, trace, caller text
	var created, scheduled, started, ended moment
	var event sql.NullInt64
	err := rows.Scan(&r.ID, &r.Namespace, &r.Workflow, &r.Version, &r.Status, &r.Type, &parameters,
		&created, &scheduled, &started, &ended, &r.Code, &r.Reason, &event, &r.Asked,
		&r.Parent, &r.RerunOf, &key, &r.Trigger, &missing, &r.Depth, &outputs, &r.Result, &trace, &caller, &r.Place)
	if err != nil {
		return r, err
	}
	r.CreatedAt, r.ScheduledAt, r.StartedAt, r.EndedAt = created.Time, scheduled.Time, started.Time, ended.Time
	r.event, r.Key, r.Trace = event.Int64, string(key), freshet.Trace(trace)
	if r.Parameters, err = decodeMap(parameters); err != nil {
		return r, err
	}
	if r.Missing, err = decodeList[string](missing); err != nil {
		return r, err
	}
	if r.Caller, err = decodeCaller(caller); err != nil {
		return r, err
	}
	r.Outputs, err = decodeMap(outputs)
	return r, err
}

func (r *storedRun) row(ev events) machine.RunRow {
	row := r.RunRow
	row.Event = ev[r.event]
	return row
}

type storedExecution struct {
	machine.Execution
	by []int64
}

func scanExecution(rows *sql.Rows) (storedExecution, error) {
	var x storedExecution
	var by, call, outputs, artifacts text
	var queued, started, ended, due moment
	var exit sql.NullInt64
	k := &x.Key
	err := rows.Scan(&k.Run, &k.Task, &k.Seq, &k.Item, &k.Try, &x.Status, &queued, &started, &ended,
		&exit, &x.Code, &x.Reason, &x.Offset, &by, &x.Asked, &call, &outputs, &due,
		&x.Epoch, &x.Node, &x.PID, &x.Log, &x.Executor, &x.Held, &x.Child, &x.Place, &x.Asks, &artifacts)
	if err != nil {
		return x, err
	}
	x.QueuedAt, x.StartedAt, x.EndedAt, x.Due = queued.Time, started.Time, ended.Time, due.Time
	x.ExitCode, x.HasExit = int(exit.Int64), exit.Valid
	if x.by, err = decodeOffsets(by); err != nil {
		return x, err
	}
	if x.Call, err = decodeCall(call); err != nil {
		return x, err
	}
	if x.Artifacts, err = decodeList[freshet.Artifact](artifacts); err != nil {
		return x, err
	}
	x.Outputs, err = decodeMap(outputs)
	return x, err
}

func (x *storedExecution) row(ev events) *machine.Execution {
	row := x.Execution
	row.By = ev.list(x.by)
	return &row
}

type storedWait struct {
	machine.Wait
	by []int64
}

func scanWait(rows *sql.Rows) (storedWait, error) {
	var w storedWait
	var by text
	var at moment
	if err := rows.Scan(&w.Run, &w.Task, &w.N, &w.Rule, &by, &at); err != nil {
		return w, err
	}
	w.At = at.Time
	var err error
	w.by, err = decodeOffsets(by)
	return w, err
}

func (w *storedWait) row(ev events) machine.Wait {
	row := w.Wait
	row.By = ev.list(w.by)
	return row
}
