package machine

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/expr"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/tick"
)

// started takes the report that a process runs.
func (d *draft) started() {
	c, x, ok := d.reported()
	if !ok || !x.StartedAt.IsZero() {
		return
	}
	p, t := d.entry.Body.Process, d.w.Tasks[c.task]
	d.edit(c, func(x *Execution) {
		x.StartedAt, x.PID, x.Log = p.Time, p.PID, p.Log
		if x.Status == freshet.Queued {
			x.Status = freshet.Running
		}
	})
	if t.Timeout > 0 {
		d.d.Timers = append(d.d.Timers, Timer{Kind: TimeoutTimer, Key: x.Key, Due: freshet.Time(p.Time.Add(t.Timeout))})
	}
}

// ended takes the report that a process is gone.
func (d *draft) ended() {
	c, x, ok := d.reported()
	if !ok {
		return
	}
	p, t := d.entry.Body.Process, d.w.Tasks[c.task]
	d.edit(c, func(x *Execution) {
		x.ExitCode, x.HasExit, x.EndedAt, x.Artifacts = p.ExitCode, p.Code == "", p.Time, p.Artifacts
		if p.Log != "" {
			x.Log = p.Log
		}
	})
	asked := x.Asked
	switch {
	case asked == freshet.CodeTimeout && !d.endedInTime(x):
		d.finish(c, freshet.Failed, freshet.CodeTimeout, fmt.Sprintf("ran longer than %s", tick.Span(t.Timeout)))
	case asked != "" && asked != freshet.CodeTimeout:
		d.finish(c, freshet.Stopped, asked, stopText[asked])
	case p.Code != "":
		d.finish(c, freshet.Failed, p.Code, p.Reason)
	case p.ExitCode != 0:
		d.finish(c, freshet.Failed, freshet.CodeExit, exitReason(p))
	case p.BadOut != "":
		d.finish(c, freshet.Failed, freshet.CodeOutputs, p.BadOut)
	default:
		out, err := t.CheckOutputs(p.Outputs)
		if err != nil {
			d.finish(c, freshet.Failed, freshet.CodeOutputs, err.Error())
			return
		}
		if p.BadArtifacts != "" {
			d.finish(c, freshet.Failed, freshet.CodeArtifacts, p.BadArtifacts)
			return
		}
		d.edit(c, func(x *Execution) { x.Outputs = out })
		d.finish(c, freshet.Success, "", "")
	}
}

// endedInTime tells whether a process had ended before its time was out: the
// due time may have come while nobody listened, after the end and before the
// report of it.
func (d *draft) endedInTime(x *Execution) bool {
	due := x.StartedAt.Add(d.w.Tasks[d.index(x.Key.Task)].Timeout)
	return !d.entry.Body.Process.Time.IsZero() && d.entry.Body.Process.Time.Before(due)
}

// reported finds the live execution that a report is about; what is stale is
// not found.
func (d *draft) reported() (cell, *Execution, bool) {
	p := d.entry.Body.Process
	c, x, ok := d.found(p.Key(d.st.ID))
	return c, x, ok && x.Epoch == p.Epoch
}

// found finds the live execution with a key.
func (d *draft) found(k freshet.Key) (cell, *Execution, bool) {
	c := cell{d.index(k.Task), k.Item}
	if c.task < 0 {
		return c, nil, false
	}
	x := d.at(c)
	return c, x, x != nil && x.Key == k && !x.Status.Final() && x.Status != freshet.Retrying
}

// stopText says who stopped an execution or a run.
var stopText = map[freshet.Code]string{
	freshet.CodeStoppedByRule:   "stopped by a rule",
	freshet.CodeStoppedByPerson: "stopped by a person",
	freshet.CodeStoppedWithRun:  "stopped with its run",
	freshet.CodeStoppedByLimit:  "stopped to make room for a newer run",
	freshet.CodeUpstream:        "stopped because another item failed",
	freshet.CodeStoppedByCaller: "stopped with the task that called it",
	freshet.CodeDisabled:        "its workflow was disabled when its time came",
}

// reasonOutput is the output in which a process that fails may say why.
const reasonOutput = "reason"

// maxReason bounds what it says, in characters.
const maxReason = 500

// exitReason says why a process failed: in its own words, where it has any,
// and by its exit code.
func exitReason(p *Process) string {
	code := ExitText(p.ExitCode)
	said, _, _ := strings.Cut(strings.TrimSpace(p.Outputs[reasonOutput]), "\n")
	if said = strings.TrimSpace(said); said == "" {
		return code
	}
	if long := []rune(said); len(long) > maxReason {
		said = string(long[:maxReason]) + "…"
	}
	return said + " (" + code + ")"
}

// ExitText is an exit code in words.
func ExitText(code int) string {
	if code > 128 && code < 128+65 {
		return fmt.Sprintf("ended by signal %d (exit code %d)", code-128, code)
	}
	return fmt.Sprintf("exit code %d", code)
}

// finish ends the latest execution of a cell, unless it is tried again. A task
// that is ended is a signal for the rules, and frees the task for what waits.
func (d *draft) finish(c cell, status freshet.Status, code freshet.Code, reason string) {
	x, t := d.at(c), d.w.Tasks[c.task]
	if t.TryTimeout() > 0 && !x.StartedAt.IsZero() {
		d.d.Untimers = append(d.d.Untimers, Timer{Kind: TimeoutTimer, Key: x.Key})
	}
	if status == freshet.Success {
		if err := d.emit(c); err != nil {
			status, code, reason = freshet.Failed, freshet.CodeExpression, err.Error()
		}
	}
	if status == freshet.Failed && d.retry(c, code, reason) {
		return
	}
	x = d.edit(c, func(x *Execution) {
		x.Status, x.Code, x.Reason = status, code, reason
		if x.EndedAt.IsZero() { // no process told when
			x.EndedAt = d.now
		}
	})
	d.leavePlace(x)
	if c.item != freshet.NoItem {
		d.itemEnded(c.task)
		return
	}
	d.finished(c.task, x)
}

// finished is for a task whose latest execution has its final status.
func (d *draft) finished(task int, x *Execution) {
	if x.Status == freshet.Success {
		d.succeeded(task, x)
	}
	if !d.live() {
		return // rules act no more, and what waited has been dropped
	}
	t := d.w.Tasks[task]
	if s := d.task(task).Successor; s != nil {
		next := *s
		d.succeed(task, Start{})
		d.begin(task, next)
		d.note(freshet.Outcome{Task: t.Name, Rule: next.Rule, Result: freshet.Fired, Action: "start",
			Seq: d.task(task).Seq(), Offsets: offsets(next.By), Note: "its predecessor has stopped"})
		return
	}
	links := d.shown.Links
	d.push(work{Op: opEnded, Task: task, Status: x.Status, Links: links + 1}, work{Op: opNext, Task: task, Links: links})
}

// succeeded makes x the task's latest success.
func (d *draft) succeeded(task int, x *Execution) {
	d.change(task, func(t *TaskState) {
		if old := t.Success; old != nil && old != x && !d.owned[old] {
			c := *old
			d.own(&c)
		}
		t.Success = x
	})
}

// retry makes a further try of a failed one wait for its time, where the task
// has tries left and the reason is one that is tried again.
func (d *draft) retry(c cell, code freshet.Code, reason string) bool {
	x, r := d.at(c), d.w.Tasks[c.task].Retries
	if x.Key.Try > r.Limit || !slices.Contains(r.On, code) || !d.live() || d.task(c.task).Successor != nil {
		return false
	}
	if d.w.Tasks[c.task].Foreach != nil && (c.item == freshet.NoItem || d.task(c.task).Latest.Asked != "") {
		return false // its items are tried again, unless all of it is being stopped
	}
	if code == freshet.CodeExit && len(r.OnExit) > 0 && !slices.Contains(r.OnExit, x.ExitCode) {
		return false
	}
	due := freshet.Time(d.now.Add(delay(r, x.Key.Try)))
	d.edit(c, func(x *Execution) {
		x.Status, x.Code, x.Reason, x.Due = freshet.Retrying, code, reason, due
		if x.EndedAt.IsZero() {
			x.EndedAt = d.now
		}
	})
	d.d.Timers = append(d.d.Timers, Timer{Kind: RetryTimer, Key: x.Key, Due: due})
	return true
}

// timer takes a due time that has come.
func (d *draft) timer() {
	tm := d.entry.Body.Timer
	switch tm.Kind {
	case RuleTimer:
		if d.st.Status == freshet.Running && d.st.Result == "" {
			d.observeTime(tm)
		} else { // whatever is due and looked at by nobody would be due for ever
			d.d.Untimers = append(d.d.Untimers, *tm)
		}
		return
	case RunTimeoutTimer:
		d.d.Untimers = append(d.d.Untimers, *tm)
		if d.st.Status == freshet.Running && d.st.Result == "" {
			d.note(freshet.Outcome{Rule: -1, Result: freshet.Fired, Action: "stop", Note: fmt.Sprintf("the run took longer than %s", tick.Span(d.w.Timeout))})
			d.halt(freshet.CodeTimeout)
		}
		return
	}
	c := cell{d.index(tm.Key.Task), tm.Key.Item}
	d.d.Untimers = append(d.d.Untimers, *tm)
	if c.task < 0 {
		return
	}
	x := d.at(c)
	if x == nil || x.Key != tm.Key {
		return
	}
	switch {
	case tm.Kind == RetryTimer && x.Status == freshet.Retrying:
		d.tryAgain(c, x)
	case tm.Kind == TimeoutTimer && (x.Status == freshet.Running || x.Status == freshet.Queued):
		d.end(c, freshet.CodeTimeout)
	}
}

// tryAgain queues the next try of an execution with the values of the first.
func (d *draft) tryAgain(c cell, x *Execution) {
	d.edit(c, func(x *Execution) { x.Status = freshet.Failed })
	next := &Execution{Key: x.Key, Status: freshet.Queued, QueuedAt: d.now, Offset: x.Offset, By: x.By, Call: x.Call, Executor: x.Executor,
		Place: x.Place, Asks: x.Asks}
	next.Key.Try++
	d.add(c, next)
	d.launch(c)
}

// emit appends the events that a task sends with its success.
func (d *draft) emit(c cell) error {
	t, x := d.w.Tasks[c.task], d.at(c)
	if len(t.Emit) == 0 || t.Foreach != nil && c.item == freshet.NoItem {
		return nil
	}
	depth := max(d.st.Depth, d.entry.Depth+1)
	if depth > freshet.MaxDepth {
		return fmt.Errorf("emit: a chain of more than %d events that cause events, without a process between", freshet.MaxDepth)
	}
	var vars expr.Vars
	var list []Entry
	for i, e := range t.Emit {
		if vars == nil {
			vars = d.emitVars(x)
		}
		ev, err := d.emission(e, vars)
		if err != nil {
			return fmt.Errorf("emit %d: %w", i+1, err)
		}
		ev.Sender, ev.Traceparent = t.Name, string(d.trace(x.Key))
		list = append(list, Entry{Namespace: d.st.Namespace, Kind: EventHappened, Run: d.st.ID,
			Depth: depth, Cause: d.entry.Offset, Event: ev})
	}
	d.d.Emit = append(d.d.Emit, list...)
	d.size += len(list)
	return nil
}

func (d *draft) emission(e spec.Emit, vars expr.Vars) (*freshet.Event, error) {
	key, err := e.Key.Text(vars)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	ev := &freshet.Event{Namespace: d.st.Namespace, Key: key, RunID: d.st.ID}
	if e.Value != nil {
		if ev.Value, err = e.Value.Text(vars); err != nil {
			return nil, fmt.Errorf("value: %w", err)
		}
	}
	if err := ev.Check(); err != nil {
		return nil, err
	}
	return ev, nil
}

// delay before the try that follows the given one.
func delay(r spec.Retries, try int) time.Duration {
	wait := float64(r.Delay) * math.Pow(r.Backoff, float64(try-1))
	if r.MaxDelay > 0 && wait > float64(r.MaxDelay) {
		return r.MaxDelay
	}
	return time.Duration(wait)
}
