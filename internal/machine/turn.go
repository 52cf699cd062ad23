package machine

import (
	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// open turns the entry into the first signals of a step.
func (d *draft) open() {
	e := d.entry
	if d.st.Status.Final() {
		d.late("the run is over")
		return
	}
	switch e.Kind {
	case StartRun:
		d.takeOver()
		if d.st.Status == freshet.Running { // a queued one begins when it is admitted
			d.await()
			d.push(work{Op: opBegin})
		}
	case RunAdmitted:
		d.admit()
	case GrantPlaces:
		d.granted()
	case EventHappened:
		if d.st.Status == freshet.Stopping {
			d.late("the run is being stopped")
			return
		}
		if d.st.Result != "" {
			d.late("the run's `finally` has begun")
			return
		}
		d.push(work{Op: opEvent})
	case Started:
		d.started()
	case Ended:
		d.ended()
	case TimerFired:
		d.timer()
	case StopRun:
		d.stopRun()
	case StartTask, StopTask, RestartTask:
		d.command()
	case ChildStarted:
		d.childStarted()
	case ChildEnded:
		d.childEnded()
	case AnswerTask:
		d.answered()
	case Settle:
		d.settle()
	}
}

// late notes that an entry came when the run listened no more.
func (d *draft) late(why string) {
	switch d.entry.Kind {
	case EventHappened:
		d.note(freshet.Outcome{Rule: -1, Result: freshet.Expired, Note: why})
	case StartTask, StopTask, RestartTask, StopRun, AnswerTask:
		d.d.Refused = freshet.Errorf(freshet.Conflict, "run %d has ended: %s", d.st.ID, d.st.Status)
	case TimerFired:
		d.d.Untimers = append(d.d.Untimers, *d.entry.Body.Timer)
	}
}

// admit lets a queued run begin.
func (d *draft) admit() {
	if d.st.Status != freshet.Queued {
		return
	}
	row := d.runRow()
	row.Status, row.StartedAt = freshet.Running, d.now
	d.await()
	d.push(work{Op: opBegin})
	d.push(work{Op: opAdmit})
}

// close looks at what the step leaves behind: a run without anything alive
// may be over. It tells whether more is to be done first, in `finally`.
func (d *draft) close() bool {
	if d.d.More != nil || d.d.Refused != nil || d.alive > 0 || d.status().Final() {
		return false
	}
	switch {
	case d.result() != "":
		d.concluded()
	case d.entry.Kind == Settle:
	case d.status() == freshet.Stopping:
		d.conclude()
	case d.status() == freshet.Running:
		d.ask()
	}
	return len(d.work) > 0
}

// ask asks whether the run is over once all that was accepted before, and all
// that this step sends, has been decided: the question is an entry behind it.
func (d *draft) ask() {
	if d.settled() {
		d.d.Emit = append(d.d.Emit, Entry{Namespace: d.st.Namespace, Kind: Settle, Run: d.st.ID,
			Depth: d.entry.Depth, Cause: d.entry.Offset})
	}
}

// settle answers the question whether the run is over. Only the newest one
// counts: what was decided since an older one may have sent events that nobody
// has seen yet.
func (d *draft) settle() {
	switch {
	case d.entry.Cause == d.st.asked && d.settled():
		d.conclude()
	case d.st.asked == 0:
		d.ask()
	}
}

// stopRun takes a person's, or the registry's, wish that the run ends.
func (d *draft) stopRun() {
	code := d.entry.Body.Stop.Code
	if d.st.Result != "" || d.st.Status == freshet.Stopping {
		d.stopAgain(code)
		return
	}
	d.note(freshet.Outcome{Rule: -1, Result: freshet.Fired, Action: "stop"})
	d.halt(code)
}

// stopAgain takes a stop of a run that is being stopped, or whose `finally`
// has begun: a person's second one ends `finally` too.
func (d *draft) stopAgain(code freshet.Code) {
	byPerson := code == freshet.CodeStoppedByPerson
	switch {
	case d.st.Result == "" && byPerson && d.st.Asked == freshet.CodeStoppedByRule:
		d.runRow().Asked = code
	case d.st.Result == "" && byPerson && d.st.Asked != freshet.CodeStoppedWithRun:
		row := d.runRow()
		row.Code, row.Asked = row.Asked, freshet.CodeStoppedWithRun // what it was stopped for stays its cause
		d.note(freshet.Outcome{Rule: -1, Result: freshet.Fired, Action: "stop", Note: "its `finally` will not run"})
	case d.st.Result != "" && (byPerson || code == freshet.CodeRunaway):
		d.note(freshet.Outcome{Rule: -1, Result: freshet.Fired, Action: "stop", Note: "`finally` too"})
		d.halt(code)
	}
}

// halt begins to stop the run, or its `finally`.
func (d *draft) halt(why freshet.Code) {
	row := d.runRow()
	d.unawait()
	if row.Result != "" {
		if row.Result == freshet.Success {
			row.Result, row.Code, row.Reason = freshet.Stopped, why, stopText[why]
		}
		if why == freshet.CodeRunaway {
			row.Result, row.Code, row.Reason = freshet.Failed, why, "its tasks start each other without end"
		}
		why = freshet.CodeStoppedWithRun
	}
	row.Status, row.Asked = freshet.Stopping, why
	d.work = []work{{Op: opHalt}} // rules act no more
	clear(d.ending)
}

// haltAll stops what is alive, and drops what waits.
func (d *draft) haltAll(from int) {
	for i := from; i < len(d.w.Tasks); i++ {
		if d.full(work{Op: opHalt, From: i}) {
			return
		}
		if d.task(i).Alive() {
			d.stop(i, freshet.CodeStoppedWithRun)
		}
	}
}

// command takes what a person wants of one task.
func (d *draft) command() {
	name := d.entry.Body.Task
	t, ok := d.w.Task(name)
	if !ok {
		d.d.Refused = freshet.Errorf(freshet.NotFound, "run %d has no task %s", d.st.ID, name)
		return
	}
	if err := d.refuses(t); err != nil {
		d.d.Refused = err
		return
	}
	alive := d.task(t.Index).Alive()
	out := freshet.Outcome{Task: name, Rule: -1, Result: freshet.Fired}
	start := Start{Rule: -1, At: d.now}
	switch {
	case d.entry.Kind == StartTask && alive:
		d.d.Refused = freshet.Errorf(freshet.Conflict, "task %s is %s", name, d.task(t.Index).Status()).
			WithHint("`task restart` stops it first")
		return
	case d.entry.Kind == StopTask && !alive:
		d.d.Refused = freshet.Errorf(freshet.Conflict, "task %s is not alive: %s", name, d.task(t.Index).Status())
		return
	case d.entry.Kind == StopTask:
		out.Action, out.Seq = "stop", d.task(t.Index).Seq()
		d.note(out)
		d.stop(t.Index, freshet.CodeStoppedByPerson)
		d.d.Reply = out.Seq
		return
	case d.entry.Kind == StartTask:
		d.begin(t.Index, start)
		out.Action, out.Seq = "start", d.task(t.Index).Seq()
		d.note(out)
	default:
		d.note(out)
		at := len(d.d.Outcomes) - 1
		d.restart(t.Index, start, at, freshet.CodeStoppedByPerson)
		out.Seq = d.d.Outcomes[at].Seq
	}
	d.d.Reply = out.Seq
}

// refuses says why a task takes no commands now.
func (d *draft) refuses(t *spec.Task) *freshet.Error {
	switch {
	case !d.live() || d.st.Status == freshet.Queued:
		return freshet.Errorf(freshet.Conflict, "run %d is %s", d.st.ID, d.st.Status)
	case t.Finally && d.st.Result == "":
		return freshet.Errorf(freshet.Conflict, "task %s stands in `finally`: it starts when all else has ended", t.Name)
	case !t.Finally && d.st.Result != "":
		return freshet.Errorf(freshet.Conflict, "the tasks of run %d have ended: its `finally` has begun", d.st.ID)
	}
	return nil
}
