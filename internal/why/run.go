package why

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
)

// Run explains a run: why it started, what it waits for, why it ended. Code
// not_found if there is none.
func (x *Explainer) Run(ctx context.Context, id int64) (freshet.Explanation, error) {
	q := x.ask(ctx)
	q.about = id
	v, err := q.load(id)
	if err != nil {
		return freshet.Explanation{}, err
	}
	e := freshet.Explanation{Subject: fmt.Sprintf("run %d of %s.%s", id, v.Namespace, v.Workflow), Status: v.Status}
	switch {
	case v.Status == freshet.Queued && !v.later.IsZero():
		e.Summary = sentence("run %d starts %s", id, instant(v.later, v.w.Timezone))
		e.Because = []freshet.Reason{q.comes("It waits for this time.", v.later)}
	case v.Status == freshet.Queued:
		e.Summary = sentence("run %d is %s", id, q.placeWords(v))
		e.Because = q.place(v)
	case v.Result != "" && !v.Status.Final():
		q.finishing(v, &e)
	case v.Status == freshet.Running:
		q.running(v, &e)
	case v.Status == freshet.Stopping:
		e.Summary = sentence("run %d is being stopped%s, and ends when %s", id, v.stoppedBy(), v.lastToEnd())
		e.Because = append(q.runStopped(v), q.alive(v)...)
	default:
		e.Summary = sentence("run %d %s", id, v.ending())
		e.Because = append(q.failed(v), q.runStopped(v)...)
		e.Because = append(e.Because, q.neverRan(v)...)
	}
	e.Because = append(e.Because, q.runStart(v, chainDepth))
	if v.StartedAt.After(v.CreatedAt) {
		text := "It had to wait for its place until this time."
		if v.ScheduledAt.After(v.CreatedAt) {
			text = "It began when its time had come and its place was free."
		}
		e.Because = append(e.Because, freshet.Reason{Kind: freshet.WhyPlace, Text: text, Time: moment(v.StartedAt), RunID: v.ID})
	}
	return e, q.err
}

// comes is something that is to come at a time.
func (q *inquiry) comes(text string, at time.Time) freshet.Reason {
	return freshet.Reason{Kind: freshet.WhyTime, Text: text, Due: moment(at)}
}

// finishing explains a run whose `finally` is under way.
func (q *inquiry) finishing(v *view, e *freshet.Explanation) {
	so := map[freshet.Status]string{freshet.Success: "success", freshet.Failed: "failed", freshet.Stopped: "stopped"}[v.Result]
	if v.Reason != "" {
		so += " (" + clip(v.Reason) + ")"
	}
	e.Summary = sentence("run %d is in its `finally`; its result so far is %s", v.ID, so)
	if v.Status == freshet.Stopping {
		e.Summary = sentence("run %d is being stopped in its `finally`; its result so far is %s", v.ID, so)
	}
	e.Because = append(q.alive(v), q.failed(v)...)
	e.Because = append(e.Because, q.runStopped(v)...)
	e.Because = append(e.Because, freshet.Reason{Kind: freshet.WhyRun, RunID: v.ID,
		Text: "It ends when the tasks of `finally` have ended; one that fails makes the run `failed`."})
}

// running explains a run that is under way.
func (q *inquiry) running(v *view, e *freshet.Explanation) {
	open := machine.Awaited(v.w, v.Run)
	alive := v.count(func(st *machine.TaskState) bool { return st.Alive() })
	asks := v.asksNow()
	switch {
	case len(asks) > 0 && len(asks) == alive:
		e.Summary = sentence("run %d is running: it waits for %s", v.ID, askedOf(asks))
	case len(asks) > 0:
		e.Summary = sentence("run %d is running: %s, and it waits for %s", v.ID, agree(alive, "task is alive", "tasks are alive"), askedOf(asks))
	case alive > 0:
		e.Summary = sentence("run %d is running: %s", v.ID, agree(alive, "task is alive", "tasks are alive"))
	case v.w.Ends == spec.Never:
		e.Summary = sentence("run %d is running though none of its tasks is, because it serves until it is stopped", v.ID)
	case len(open) > 0:
		names := make([]string, len(open))
		for i, t := range open {
			names[i] = t.Name
		}
		e.Summary = sentence("run %d is running though none of its tasks is, because %s can still start", v.ID, tasks(names, "and"))
	default:
		e.Summary = sentence("run %d ends in a moment: none of its tasks is alive, and none can start any more", v.ID)
	}
	e.Because = append(q.failed(v), q.alive(v)...)
	e.Because = append(e.Because, q.completion(v, open))
	e.Because = append(e.Because, q.idle(v, open)...)
	if v.w.Stop != nil {
		e.Because = append(e.Because, freshet.Reason{Kind: freshet.WhyRule, Text: "It also ends as soon as its `stop` condition holds.", RunID: v.ID,
			Because: q.post(v, v.w.Stop).stand(v.w.Stop.When, 1)})
	}
	if v.w.Timeout > 0 {
		e.Because = append(e.Because, q.comes(fmt.Sprintf("Its `timeout` of %s ends it if it still runs then.", exact(v.w.Timeout)), v.StartedAt.Add(v.w.Timeout)))
	}
}

// completion says in words when the run ends, and what is still to come.
func (q *inquiry) completion(v *view, open []*spec.Task) freshet.Reason {
	r := freshet.Reason{Kind: freshet.WhyRun, RunID: v.ID}
	switch {
	case v.w.Ends == spec.Never:
		r.Text = "It serves until it is stopped (`ends: never`)."
	case v.w.Ends == spec.Idle:
		r.Text = "It ends when none of its tasks is alive, without waiting for events (`ends: idle`)."
	case v.failure() != "":
		r.Text = sentence("it ends when none of its tasks is alive; since task %s failed, it does not wait for events any more", v.failure())
	case len(open) == 0:
		r.Text = "It ends when none of its tasks is alive and none can start any more."
	default:
		r.Text = "It ends when nothing can start any more; these still can."
		for i, t := range open {
			if i == shownTasks {
				r.Because = append(r.Because, more(len(open)-i, "task"))
				break
			}
			r.Because = append(r.Because, freshet.Reason{Text: sentence("task %s waits for %s", t.Name, q.waitsFor(v, t)),
				Kind: freshet.WhyTask, RunID: v.ID, Task: t.Name, Because: q.unmet(v, t, 1)})
		}
	}
	return r
}

// allowed is what `allow_failure` means.
const allowed = "It does not fail the run, and counts as success for `after` (`allow_failure`)."

// failure is a task whose failure stands, and is not allowed.
func (v *view) failure() string {
	for i, t := range v.w.Tasks {
		if !t.AllowFailure && v.Tasks[i].Status() == freshet.Failed {
			return t.Name
		}
	}
	return ""
}

func (v *view) count(is func(*machine.TaskState) bool) int {
	n := 0
	for i := range v.Tasks {
		if is(&v.Tasks[i]) {
			n++
		}
	}
	return n
}

// failed has a line for each task that has failed.
func (q *inquiry) failed(v *view) []freshet.Reason {
	return v.each("failed tasks", func(i int) bool { return v.Tasks[i].Status() == freshet.Failed }, func(i int) freshet.Reason {
		x, _ := q.latest(v, i)
		text := sentence("%s failed%s", name(v, x), how(x))
		if v.w.Tasks[i].AllowFailure {
			text += " " + allowed
		}
		return freshet.Reason{Text: text, Time: moment(x.ended), Seq: x.Seq}
	})
}

// alive has a line for each task that holds the run open now.
func (q *inquiry) alive(v *view) []freshet.Reason {
	return v.each("live tasks", func(i int) bool { return v.Tasks[i].Alive() }, func(i int) freshet.Reason {
		st, t := &v.Tasks[i], v.w.Tasks[i]
		if !st.Running() {
			return freshet.Reason{Text: sentence("task %s has %s", t.Name, agree(len(st.Waiting), "start that waits", "starts that wait"))}
		}
		x, _ := q.latest(v, i)
		words, _ := q.present(v, t, x)
		r := freshet.Reason{Text: sentence("%s %s", name(v, x), words), Time: firstOf(x.started, x.queued), Seq: x.Seq}
		if x.status == freshet.Queued {
			q.slot(&r, t, x)
		}
		if n := len(st.Waiting); n > 0 {
			r.Text += sentence(" %s behind it", agree(n, "further start waits", "further starts wait"))
		}
		return r
	})
}

// idle has a line for each task that has not started, except those that are
// told of anyway.
func (q *inquiry) idle(v *view, told []*spec.Task) []freshet.Reason {
	is := func(i int) bool {
		return v.Tasks[i].Latest == nil && !v.Tasks[i].Alive() && !v.w.Tasks[i].WithRun && !v.w.Tasks[i].Finally && !slices.Contains(told, v.w.Tasks[i])
	}
	return v.each("tasks that have not started", is, func(i int) freshet.Reason {
		return freshet.Reason{Text: sentence("task %s has not started: it waits for %s", v.w.Tasks[i].Name, q.waitsFor(v, v.w.Tasks[i]))}
	})
}

// each has a line for tasks of a kind, in the order of the file, and cuts the
// list short.
func (v *view) each(noun string, is func(i int) bool, line func(i int) freshet.Reason) []freshet.Reason {
	var list []freshet.Reason
	n := 0
	for i := range v.Tasks {
		if !is(i) {
			continue
		}
		if n++; n <= shownTasks {
			r := line(i)
			r.Kind, r.RunID, r.Task, r.Status = cmp.Or(r.Kind, freshet.WhyTask), v.ID, v.w.Tasks[i].Name, v.Tasks[i].Status()
			list = append(list, r)
		}
	}
	if n > shownTasks {
		list = append(list, freshet.Reason{Text: sentence("and %d more %s", n-shownTasks, noun), RunID: v.ID})
	}
	return list
}

// neverRan has a line for each task of an ended run that was skipped.
func (q *inquiry) neverRan(v *view) []freshet.Reason {
	is := func(i int) bool { return v.Tasks[i].Latest == nil || v.Tasks[i].Status() == freshet.Skipped }
	return v.each("skipped tasks", is, func(i int) freshet.Reason {
		t := v.w.Tasks[i]
		if v.Tasks[i].Latest == nil {
			return freshet.Reason{Text: sentence("task %s never ran: %s", t.Name, q.never(v, t))}
		}
		x, _ := q.latest(v, i)
		if x.code == freshet.CodeUpstream {
			return freshet.Reason{Text: sentence("task %s was skipped, because every task before it was", t.Name), Time: moment(x.ended), Seq: x.Seq}
		}
		return freshet.Reason{Text: sentence("task %s was skipped: %s", t.Name, q.falseWords(v, t, x)), Time: moment(x.ended), Seq: x.Seq}
	})
}

// lastToEnd names what a run that is being stopped waits for.
func (v *view) lastToEnd() string {
	var names []string
	for i := range v.Tasks {
		if v.Tasks[i].Running() {
			names = append(names, v.w.Tasks[i].Name)
		}
	}
	if len(names) == 0 {
		return "that is recorded"
	}
	if len(names) == 1 {
		return tasks(names, "and") + " has ended"
	}
	return tasks(names, "and") + " have ended"
}

// ending says in one sentence why an ended run has its status.
func (v *view) ending() string {
	switch v.Status {
	case freshet.Failed:
		return "failed: " + clip(v.Reason)
	case freshet.Stopped:
		return "was stopped" + v.stoppedBy()
	}
	ran := v.count(func(st *machine.TaskState) bool { return st.Latest != nil && st.Latest.Status != freshet.Skipped })
	switch {
	case v.Asked == freshet.CodeStoppedByRule:
		return "ended in success, because its `stop` condition held"
	case v.w.Ends == spec.Idle:
		return fmt.Sprintf("ended in success: %s, and then nothing was alive", agree(ran, "task ran", "tasks ran"))
	case slices.ContainsFunc(v.w.Tasks, func(t *spec.Task) bool { return v.Tasks[t.Index].Status() == freshet.Failed }):
		return "ended in success, because the failures in it are allowed and nothing could start any more"
	}
	return fmt.Sprintf("ended in success: %s, none failed, and nothing could start any more", agree(ran, "task ran", "tasks ran"))
}

// howRunEnded is the end of a run as a reason.
func (q *inquiry) howRunEnded(v *view) []freshet.Reason {
	list := []freshet.Reason{{Kind: freshet.WhyRun, Status: v.Status, Text: sentence("run %d %s", v.ID, v.ending()), Time: moment(v.EndedAt), RunID: v.ID}}
	switch {
	case v.Asked != "":
	case v.w.Ends == spec.Idle:
		list = append(list, freshet.Reason{Text: "It does not wait for events (`ends: idle`).", RunID: v.ID})
	case v.failure() != "":
		list = append(list, freshet.Reason{Text: sentence("a run does not wait for events any more once a task has failed, here %s", v.failure()), RunID: v.ID})
	}
	return list
}
