package machine

import (
	"fmt"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/tick"
)

// callWorkflow calls the workflow of a task: the namespace starts a run of its
// newest version, and tells this run which.
func (d *draft) callWorkflow(c cell) {
	t := d.w.Tasks[c.task]
	x := d.running(c)
	key := x.Key
	start := &RunStart{Workflow: t.Flow, Type: freshet.ByWorkflow, Caller: &key, Trace: d.trace(key)}
	if x.Call != nil {
		start.Parameters = x.Call.Input
	}
	d.d.Emit = append(d.d.Emit, Entry{Namespace: d.st.Namespace, Kind: StartRun, Depth: d.st.Depth, Cause: d.entry.Offset,
		Event: x.Event(), Body: Body{Start: start}})
	d.size++
}

// running lets the latest execution of a task run without a process.
func (d *draft) running(c cell) *Execution {
	x := d.edit(c, func(x *Execution) { x.Status, x.StartedAt = freshet.Running, d.now })
	if limit := d.w.Tasks[c.task].TryTimeout(); limit > 0 {
		d.d.Timers = append(d.d.Timers, Timer{Kind: TimeoutTimer, Key: x.Key, Due: freshet.Time(d.now.Add(limit))})
	}
	return x
}

// tellCaller tells the task that has called a workflow what became of the
// call.
func (d *spaceDraft) tellCaller(s *RunStart) {
	if s.Caller == nil {
		return
	}
	if d.d.Refused != nil {
		d.d.Emit = append(d.d.Emit, CallFailed(d.e, d.d.Refused.Message))
		return
	}
	d.d.Emit = append(d.d.Emit, Entry{Namespace: d.g.Namespace, Kind: ChildStarted, Run: s.Caller.Run, Depth: d.e.Depth, Cause: d.e.Offset,
		Body: Body{Child: &Child{Key: *s.Caller, Run: d.e.Run}}})
}

// CallFailed tells the task that has called a workflow that the start of its
// run, which is the entry e, came to nothing.
func CallFailed(e *Entry, reason string) Entry {
	caller := e.Body.Start.Caller
	return Entry{Namespace: e.Namespace, Kind: ChildEnded, Run: caller.Run, Depth: e.Depth, Cause: e.Offset,
		Body: Body{Child: &Child{Key: *caller, Status: freshet.Failed, Reason: reason}}}
}

// caller finds the live execution that a call is about.
func (d *draft) caller() (cell, *Execution, bool) {
	return d.found(d.entry.Body.Child.Key)
}

// childStarted notes which run a task has called. Where the task was asked to
// stop in the meantime, or is gone, that run is stopped.
func (d *draft) childStarted() {
	run := d.entry.Body.Child.Run
	c, _, ok := d.caller()
	if !ok {
		d.stopOther(run)
		return
	}
	x := d.edit(c, func(x *Execution) { x.Child = run })
	if x.Asked != "" {
		d.stopChild(x)
	}
}

// childEnded ends a task as the run ended that it called.
func (d *draft) childEnded() {
	c, x, ok := d.caller()
	if !ok {
		return
	}
	child := d.entry.Body.Child
	d.edit(c, func(x *Execution) { x.EndedAt = d.now })
	asked := x.Asked
	switch {
	case asked == freshet.CodeTimeout:
		d.finish(c, freshet.Failed, asked, fmt.Sprintf("ran longer than %s", tick.Span(d.w.Tasks[c.task].Timeout)))
	case asked != "":
		d.finish(c, freshet.Stopped, asked, stopText[asked])
	case child.Status == freshet.Success:
		d.edit(c, func(x *Execution) { x.Outputs = d.entry.Body.Outputs })
		d.finish(c, freshet.Success, "", "")
	case child.Status == freshet.Stopped:
		d.finish(c, freshet.Stopped, freshet.CodeStoppedByPerson, fmt.Sprintf("run %d was stopped: %s", child.Run, child.Reason))
	case child.Run == 0:
		d.finish(c, freshet.Failed, freshet.CodeStartFailed, child.Reason)
	default:
		d.finish(c, freshet.Failed, freshet.CodeExit, fmt.Sprintf("run %d failed: %s", child.Run, passedOn(child.Reason)))
	}
}

// passedOn is a reason as the next run tells it. Where runs call each other in
// a long chain it grows with each of them: its beginning and its end, which is
// what went wrong, are kept.
func passedOn(reason string) string {
	const begin, end = 40, 110
	runes := []rune(reason)
	if len(runes) <= begin+end+3 {
		return reason
	}
	return string(runes[:begin]) + " … " + string(runes[len(runes)-end:])
}

// stopChild stops the run that an execution has called. One that is not known
// yet is stopped when it is.
func (d *draft) stopChild(x *Execution) {
	if x.Child != 0 {
		d.stopOther(x.Child)
	}
}

func (d *draft) stopOther(id int64) {
	d.d.Emit = append(d.d.Emit, StopCalled(d.st.Namespace, id, d.st.Depth, d.entry.Offset))
	d.size++
}

// StopCalled asks a run to end because nobody waits any more who called it.
func StopCalled(namespace string, run int64, depth int, cause int64) Entry {
	return Entry{Namespace: namespace, Kind: StopRun, Run: run, Depth: depth, Cause: cause,
		Body: Body{Stop: &RunStop{Code: freshet.CodeStoppedByCaller}}}
}
