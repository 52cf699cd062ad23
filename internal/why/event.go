package why

import (
	"context"
	"fmt"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// Event explains what became of an event: who sent it, and what every run
// that listened made of it. Of many runs it tells how many did what, and
// shows some. Code not_found if there is no event at the offset.
func (x *Explainer) Event(ctx context.Context, offset int64) (freshet.Explanation, error) {
	q := x.ask(ctx)
	entry, err := x.reader.Entry(ctx, offset)
	if freshet.CodeOf(err) == freshet.NotFound {
		return freshet.Explanation{}, freshet.Errorf(freshet.NotFound, "there is no event at offset %d", offset).
			WithHint(eventHint + "; one that nothing needs is kept for a time only, see `retention`")
	}
	if err != nil {
		return freshet.Explanation{}, fmt.Errorf("explain: %w", err)
	}
	if entry.Kind != machine.EventHappened || entry.Event == nil {
		return freshet.Explanation{}, freshet.Errorf(freshet.NotFound, "offset %d is no event: the journal has an entry of kind %s there", offset, entry.Kind).
			WithHint(eventHint)
	}
	rows, err := x.reader.LedgerOf(ctx, offset, eventRows+1)
	if err != nil {
		return freshet.Explanation{}, fmt.Errorf("explain: %w", err)
	}
	e := freshet.Explanation{Subject: fmt.Sprintf("event %s at offset %d", entry.Event.Key, offset)}
	q.spread(entry, rows, &e)
	e.Because = append(e.Because, q.event(offset, chainDepth))
	return e, q.err
}

const eventHint = "`event list` shows the offsets of events"

// target is what one run made of an event.
type target struct {
	run      int64
	outcomes []freshet.Outcome
}

// targets joins the parts of decisions, leaving the registry's out.
func targets(rows []store.LedgerRow) []target {
	var list []target
	for _, row := range rows {
		if row.Run == 0 {
			continue
		}
		if n := len(list); n == 0 || list[n-1].run != row.Run {
			list = append(list, target{run: row.Run})
		}
		t := &list[len(list)-1]
		t.outcomes = append(t.outcomes, row.Outcomes...)
	}
	return list
}

// outcomes has a line for each rule of a run that saw an event, and one for
// what followed at once.
func (q *inquiry) outcomes(entry *machine.Entry, t target) []freshet.Reason {
	w := q.flow(t.run)
	if w == nil {
		return []freshet.Reason{{Text: sentence("run %d is not kept any more", t.run), RunID: t.run}}
	}
	var list []freshet.Reason
	for i, o := range t.outcomes {
		if i == shownTasks {
			return append(list, more(len(t.outcomes)-i, "decision"))
		}
		r := freshet.Reason{Kind: freshet.WhyOutcome, Text: sentence("%s", outcome(w, o)), RunID: t.run, Task: o.Task, Seq: o.Seq, Result: o.Result}
		if o.Need > 0 {
			r.Have, r.Need = amount(o.Have), amount(o.Need)
		}
		if !listens(w, o, entry.Event.Key) {
			r.Text = sentence("then, at once, %s %s", subject(o), follows(o))
		}
		if o.Action == "queue" || o.Action == "replace" {
			r.Because = q.later(t.run, o, entry.Offset)
		}
		list = append(list, r)
	}
	return list
}

// listens tells whether an outcome is of a rule that listens to a key, not of
// one that fired because of what the event brought about.
func listens(w *spec.Workflow, o freshet.Outcome, key string) bool {
	if o.Rule < 0 || o.Rule >= len(w.Rules) {
		return true
	}
	return slices.ContainsFunc(w.Rules[o.Rule].Nodes, func(c *spec.Condition) bool { return c.Signal() && c.Key == key })
}

func subject(o freshet.Outcome) string {
	if o.Task == "" {
		return "the run"
	}
	return "task " + o.Task
}

func follows(o freshet.Outcome) string {
	switch o.Action {
	case "start":
		return "started"
	case "restart":
		return "was restarted"
	case "stop":
		return "was stopped"
	case "skip":
		return "was skipped"
	case "queue", "replace":
		return "got a start that waits"
	}
	return "was left as it is: " + clip(o.Note)
}

// later tells what became of a start that had to wait.
func (q *inquiry) later(run int64, o freshet.Outcome, offset int64) []freshet.Reason {
	v := q.view(run)
	if v == nil {
		return nil
	}
	t, ok := v.w.Task(o.Task)
	if !ok {
		return nil
	}
	r := freshet.Reason{Kind: freshet.WhyStart, RunID: v.ID, Task: o.Task}
	for i, s := range v.Tasks[t.Index].Waiting {
		if slices.ContainsFunc(s.By, func(ev *freshet.Event) bool { return ev.Offset == offset }) {
			r.Text = "It still waits, and is the next one."
			if i > 0 {
				r.Text = sentence("it still waits, with %d before it", i)
			}
			return []freshet.Reason{r}
		}
	}
	list := q.executions(store.ExecutionFilter{Run: v.ID, Task: o.Task, Newest: true, Limit: searchRows})
	for _, x := range list {
		if x.offset == offset {
			r.Text, r.Time = sentence("it began later, as start %d, which %s%s", x.Seq, now(x.status), how(x)), moment(x.queued)
			return []freshet.Reason{r}
		}
	}
	r.Text = "It waits no longer: a newer start took its place, or what waited was dropped."
	if len(list) == searchRows {
		r.Text = sentence("the newest %d starts of the task are not from it", searchRows)
	}
	return []freshet.Reason{r}
}
