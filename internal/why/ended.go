package why

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// ended tells how an execution came to its end, beyond its status.
func (q *inquiry) ended(v *view, t *spec.Task, x execution) []freshet.Reason {
	switch {
	case isForeach(t, x) && (x.status == freshet.Failed || x.status == freshet.Stopped) && x.code != freshet.CodeExpression:
		list := q.itemsAtEnd(v, t, x)
		if x.status == freshet.Stopped {
			list = append([]freshet.Reason{q.stopped(v, x, x.code)}, list...)
		}
		if x.status == freshet.Failed && t.AllowFailure {
			list = append(list, freshet.Reason{Kind: freshet.WhyTask, Text: allowed, RunID: v.ID, Task: x.Task})
		}
		return list
	case isForeach(t, x) && x.status == freshet.Success:
		text := "it had no items: its list was empty"
		if n := q.itemCount(v, t); n > 0 {
			text = "none of its " + count(n, "item") + " failed"
		}
		return []freshet.Reason{{Kind: freshet.WhyTask, Text: sentence("%s", text), RunID: v.ID, Task: x.Task, Seq: x.Seq}}
	case t.Kind == spec.Approve && (x.status == freshet.Success || x.code == freshet.CodeRejected):
		if list := q.answer(v, x); list != nil {
			return list
		}
	}
	switch x.status {
	case freshet.Failed:
		list := append(q.called(x), append(q.tries(v, x), q.noRetry(v, t, x)...)...)
		if t.AllowFailure {
			list = append(list, freshet.Reason{Kind: freshet.WhyTask, Text: allowed, RunID: v.ID, Task: x.Task})
		}
		return list
	case freshet.Stopped:
		return []freshet.Reason{q.stopped(v, x, x.code)}
	case freshet.Success:
		return append(q.called(x), q.tries(v, x)...)
	case freshet.Skipped:
		if x.code == freshet.CodeIf && t.If != nil {
			return []freshet.Reason{{Kind: freshet.WhyTask, Expression: t.If.Source(), Text: sentence("%s", q.falseWords(v, t, x)), Time: moment(x.ended), RunID: v.ID, Task: x.Task, Seq: x.Seq}}
		}
	}
	return nil
}

// stopped tells who had an execution stopped.
func (q *inquiry) stopped(v *view, x execution, code freshet.Code) freshet.Reason {
	r := freshet.Reason{Kind: freshet.WhyTask, Time: moment(x.ended), RunID: v.ID, Task: x.Task, Seq: x.Seq, Status: freshet.Stopped}
	switch code {
	case freshet.CodeUpstream: // of an item only
		r.Text = "It was stopped because another item had failed (`fail_fast`)."
		return r
	case freshet.CodeStoppedWithRun:
		r.Text = "It was stopped because its run was."
		r.Because = q.runStopped(v)
		return r
	case freshet.CodeTimeout:
		r.Text = "It ran longer than its `timeout` allows."
		return r
	case freshet.CodeStoppedByRule, freshet.CodeStoppedByPerson:
	default:
		r.Text = sentence("it was stopped: %s", code)
		return r
	}
	d, ok := q.stopping(v, x)
	r.Text = map[freshet.Code]string{freshet.CodeStoppedByRule: "A rule of the task stopped it.", freshet.CodeStoppedByPerson: "A person stopped it."}[code]
	if !ok {
		return r
	}
	r.Time, r.Offset = moment(d.time), d.offset
	if d.Rule >= 0 && d.Rule < len(v.w.Rules) {
		rule := v.w.Rules[d.Rule]
		what := "stop"
		if d.Action == "restart" {
			what = "restart"
		}
		r.Text = sentence("its `%s` rule stopped it, because %s", what, q.words(v, rule.When, d))
		r.Because = q.made(v, rule.When, d, execution{Key: x.Key, queued: d.time}, waitDepth)
	} else if d.Action == "restart" {
		r.Text = "A person restarted the task."
	}
	return r
}

// tries tells of the tries before the last one.
func (q *inquiry) tries(v *view, x execution) []freshet.Reason {
	if x.Try < 2 {
		return nil
	}
	all := q.executions(store.ExecutionFilter{Run: v.ID, Task: x.Task, Item: &x.Item, Seq: x.Seq, AllTries: true, Newest: true, Limit: shownStarts + 1})
	var list []freshet.Reason
	for _, e := range slices.Backward(all) {
		if e.Try < x.Try {
			list = append(list, freshet.Reason{Kind: freshet.WhyTask, Text: sentence("try %d failed: %s", e.Try, clip(e.reason)), Time: moment(e.ended), RunID: v.ID, Task: x.Task, Seq: x.Seq, Status: freshet.Failed})
		}
	}
	if n := x.Try - 1 - len(list); n > 0 {
		list = append(list, more(n, "earlier try"))
	}
	return list
}

// noRetry tells why a failure was final.
func (q *inquiry) noRetry(v *view, t *spec.Task, x execution) []freshet.Reason {
	r := t.Retries
	var text string
	switch {
	case r.Limit == 0:
		text = "it is not tried again, because the task has no `retries`"
	case !slices.Contains(r.On, x.code):
		words := make([]string, len(r.On))
		for i, c := range r.On {
			words[i] = string(c)
		}
		text = fmt.Sprintf("it is not tried again: `retries` covers only %s, and this is %s", listed(words, "and"), x.code)
	case x.code == freshet.CodeExit && len(r.OnExit) > 0 && !slices.Contains(r.OnExit, x.exit):
		words := make([]string, len(r.OnExit))
		for i, c := range r.OnExit {
			words[i] = strconv.Itoa(c)
		}
		text = fmt.Sprintf("it is not tried again: `retries` covers only exit code %s, and it was %d", listed(words, "or"), x.exit)
	case x.Try > r.Limit:
		text = fmt.Sprintf("it is not tried again: all %s have been used", count(r.Limit+1, "try"))
	case v.Status != freshet.Running:
		text = "it was not tried again, because the run was being stopped"
	default:
		text = "it was not tried again, because it was to be restarted or given up"
	}
	return []freshet.Reason{{Kind: freshet.WhyTask, Text: sentence("%s", text), RunID: v.ID, Task: x.Task}}
}

// present tells what an execution that has not ended does or waits for.
func (q *inquiry) present(v *view, t *spec.Task, x execution) (words string, list []freshet.Reason) {
	switch x.status {
	case freshet.Waiting:
		return q.turn(v, t, x)
	case freshet.Queued:
		return q.queued(t, x)
	case freshet.Running:
		if isForeach(t, x) {
			return "is running: " + q.itemsWords(v, t), q.itemsNow(v, t)
		}
		if t.Kind == spec.Approve {
			return q.waitsWords(t, x), q.waitsInFull(v, t, x)
		}
		if t.Timeout > 0 && !x.started.IsZero() {
			list = append(list, freshet.Reason{Kind: freshet.WhyTime, Text: sentence("its `timeout` of %s ends this try if it still runs then", exact(t.Timeout)), Due: moment(x.started.Add(t.Timeout)), RunID: v.ID, Task: x.Task})
		}
		words = "is running"
		if t.Retries.Limit > 0 {
			words += fmt.Sprintf(", try %d of %d", x.Try, t.Retries.Limit+1)
		}
		if t.Kind == spec.SubWorkflow {
			words, list = q.waitsWords(t, x), append(q.waitsInFull(v, t, x), list...)
		}
		return words, append(q.tries(v, x), list...)
	case freshet.Retrying:
		list = append(list, freshet.Reason{Kind: freshet.WhyTask, Text: sentence("try %d of %d failed: %s", x.Try, t.Retries.Limit+1, clip(x.reason)), Time: moment(x.ended), RunID: v.ID, Task: x.Task, Seq: x.Seq, Status: freshet.Failed},
			freshet.Reason{Kind: freshet.WhyTime, Text: sentence("try %d begins then", x.Try+1), Due: moment(x.due), RunID: v.ID, Task: x.Task})
		return fmt.Sprintf("waits to be tried again, because try %d of %d failed (%s)", x.Try, t.Retries.Limit+1, clip(x.reason)), append(list, q.tries(v, x)...)
	case freshet.Stopping:
		list = append(list, q.stopped(v, x, x.asked))
		switch {
		case isForeach(t, x):
			return "is being stopped: " + q.itemsWords(v, t), append(list, q.itemsNow(v, t)...)
		case t.Kind == spec.SubWorkflow:
			return "is being stopped", append(list, q.called(x)...)
		}
		list = append(list, freshet.Reason{Kind: freshet.WhyTask, Text: sentence("its process is asked to end, and has %s for it before it is killed", exact(t.StopGrace)), RunID: v.ID, Task: x.Task})
		return "is being stopped", list
	}
	return now(x.status), nil
}

func (q *inquiry) queued(t *spec.Task, x execution) (string, []freshet.Reason) {
	words := ""
	switch {
	case x.claimed:
		return "is about to run (its process is being started)", nil
	case t.LongRunning:
		return "is about to run (a long-running task needs no slot)", nil
	case q.x.slots == nil:
		words = "is waiting for a slot"
	default:
		used, total := q.x.slots()
		if used < total {
			return "is about to run (a slot is free for it)", nil
		}
		words = fmt.Sprintf("is waiting for a slot: %d of %d taken", used, total)
	}
	if x.Try > 1 {
		words += fmt.Sprintf(", try %d of %d", x.Try, t.Retries.Limit+1)
	}
	return words, nil
}

// slot says to programs what an execution waits for that has no slot.
func (q *inquiry) slot(r *freshet.Reason, t *spec.Task, x execution) {
	if x.claimed || t.LongRunning || q.x.slots == nil {
		return
	}
	if used, total := q.x.slots(); used >= total {
		r.Kind, r.Have, r.Need = freshet.WhySlot, amount(float64(used)), amount(float64(total))
	}
}

// behindIt tells what waits behind an execution of a task.
func (q *inquiry) behindIt(v *view, st *machine.TaskState, task string) []freshet.Reason {
	var list []freshet.Reason
	if s := st.Successor; s != nil {
		list = append(list, freshet.Reason{Kind: freshet.WhyStart, Text: "It starts again when this start has ended, because a restart was asked for.", Time: moment(s.At),
			RunID: v.ID, Task: task, Because: waiting(s)})
	}
	if n := len(st.Waiting); n > 0 {
		r := freshet.Reason{Kind: freshet.WhyStart, Have: amount(float64(n)), Text: sentence("%s behind it", agree(n, "further start waits", "further starts wait")), RunID: v.ID, Task: task}
		if v.Status == freshet.Queued {
			r.Text = sentence("%s until the run gets its place", agree(n, "start waits", "starts wait"))
		}
		for i := range st.Waiting {
			if i == shownStarts {
				r.Because = append(r.Because, more(n-i, "start"))
				break
			}
			r.Because = append(r.Because, waiting(&st.Waiting[i])...)
		}
		list = append(list, r)
	}
	return list
}

// waiting names the events that a start takes when it begins.
func waiting(s *machine.Start) []freshet.Reason {
	if len(s.By) == 0 {
		if s.Rule < 0 {
			return []freshet.Reason{{Text: "A person asked for it.", Time: moment(s.At)}}
		}
		return nil
	}
	ev := s.By[len(s.By)-1]
	return []freshet.Reason{{Kind: freshet.WhyEvent, Key: ev.Key, Text: sentence("event %s at offset %d%s", ev.Key, ev.Offset, carries(ev)), Time: moment(ev.Time), Offset: ev.Offset}}
}

func agree(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
