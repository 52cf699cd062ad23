package why

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// spread tells what triggers and runs made of an event.
func (q *inquiry) spread(entry *machine.Entry, rows []store.LedgerRow, e *freshet.Explanation) {
	cut := len(rows) > eventRows
	rows = rows[:min(len(rows), eventRows)]
	list := targets(rows)
	clause, because := q.looked(entry, rows)
	words := without([]string{clause, q.byRuns(entry, list, cut)})
	later, undecided := q.undecided(entry)
	switch {
	case len(words) == 0 && undecided:
		words = []string{"it has not been decided yet"}
	case len(words) == 0:
		words = []string{q.unheard(entry)}
	}
	e.Summary = sentence("event %s: %s", entry.Event.Key, strings.Join(words, "; "))
	if undecided {
		e.Because = append(e.Because, later)
	}
	e.Because = append(e.Because, because...)
	if len(list) == 1 {
		e.Because = append(e.Because, q.outcomes(entry, list[0])...)
		return
	}
	e.Because = append(e.Because, q.sums(list)...)
	for i, t := range list {
		if i == shownRuns {
			e.Because = append(e.Because, more(len(list)-i, "run"))
			break
		}
		r := freshet.Reason{Kind: freshet.WhyRun, Text: sentence("run %d", t.run), RunID: t.run}
		r.Because = q.outcomes(entry, t)
		if len(r.Because) == 1 {
			text := fmt.Sprintf("Run %d: %s", t.run, r.Because[0].Text)
			r = r.Because[0]
			r.Text = text
		}
		e.Because = append(e.Because, r)
	}
}

// undecided tells how far the journal has been decided, where an event's turn
// has not come or is not over.
func (q *inquiry) undecided(entry *machine.Entry) (freshet.Reason, bool) {
	if q.err != nil {
		return freshet.Reason{}, false
	}
	cursor, err := q.x.reader.Cursor(q.ctx)
	if !q.ok(err) || cursor.Offset >= entry.Offset {
		return freshet.Reason{}, false
	}
	r := freshet.Reason{Kind: freshet.WhyUndecided, Offset: entry.Offset, Text: "Not all that it concerns has decided about it yet; this is under way."}
	if n := entry.Offset - cursor.Offset - 1; n > 0 {
		r.Text = sentence("its turn has not come: entries are decided in their order, and %s before it", agree(int(n), "entry is", "entries are"))
	}
	return r, true
}

// byRuns tells in a clause what runs made of an event; empty where none
// decided about it.
func (q *inquiry) byRuns(entry *machine.Entry, list []target, cut bool) string {
	switch len(list) {
	case 0:
		return ""
	case 1:
		return q.byRun(entry, list[0])
	}
	acted := 0
	for _, t := range list {
		if slices.ContainsFunc(t.outcomes, func(o freshet.Outcome) bool { return o.Action != "" }) {
			acted++
		}
	}
	all := count(len(list), "run")
	if cut {
		all = "at least " + all
	}
	switch {
	case acted == len(list) && !cut:
		return fmt.Sprintf("it concerned %s, and each of them acted on it", all)
	case acted == 0:
		return fmt.Sprintf("it concerned %s, and none of them acted on it", all)
	}
	return fmt.Sprintf("it concerned %s, and %d of them acted on it", all, acted)
}

// byRun is the main thing that a run made of an event, and how much more.
func (q *inquiry) byRun(entry *machine.Entry, t target) string {
	w := q.flow(t.run)
	if w == nil || len(t.outcomes) == 0 {
		return fmt.Sprintf("it was decided by run %d", t.run)
	}
	main := slices.MinFunc(t.outcomes, func(a, b freshet.Outcome) int { return cmp.Compare(weight(w, a, entry), weight(w, b, entry)) })
	text := fmt.Sprintf("in run %d, %s", t.run, outcome(w, main))
	if n := len(t.outcomes) - 1; n > 0 {
		text += fmt.Sprintf(" (and %s)", count(n, "further outcome"))
	}
	return text
}

// weight orders outcomes, the most telling first: what was done, then what was
// kept, then what was not; of what follows from the event later than what it
// did itself.
func weight(w *spec.Workflow, o freshet.Outcome, entry *machine.Entry) int {
	n := 10 + slices.Index([]freshet.Result{freshet.Fired, freshet.Counted, freshet.Remembered, freshet.Erred, freshet.Filtered, freshet.Unmet, freshet.Expired}, o.Result)
	if o.Action != "" {
		n = slices.Index([]string{"start", "restart", "stop", "queue", "replace", "skip"}, o.Action)
	}
	if !listens(w, o, entry.Event.Key) {
		n += 100
	}
	return n
}

// unheard says why no run has decided anything about an event.
func (q *inquiry) unheard(entry *machine.Entry) string {
	if entry.Run == 0 {
		return "no run and no trigger listened for it when it came"
	}
	v := q.view(entry.Run)
	switch {
	case v == nil:
		return fmt.Sprintf("it was sent to run %d, which is not kept any more", entry.Run)
	case len(v.w.Listeners(entry.Event.Key)) == 0:
		return fmt.Sprintf("it was sent to run %d, none of whose rules listens for event %s", v.ID, entry.Event.Key)
	case v.Status.Final():
		return fmt.Sprintf("it was sent to run %d and came too late: the run had ended", v.ID)
	}
	return fmt.Sprintf("it was sent to run %d, which has not decided it yet", v.ID)
}

// sums counts the runs by what they made of an event, the most frequent
// first.
func (q *inquiry) sums(list []target) []freshet.Reason {
	runs := map[string]int{}
	for _, t := range list {
		said := map[string]bool{}
		for _, o := range t.outcomes {
			if text := kind(o); !said[text] {
				said[text] = true
				runs[text]++
			}
		}
	}
	texts := slices.Collect(maps.Keys(runs))
	slices.SortFunc(texts, func(a, b string) int {
		if runs[a] != runs[b] {
			return runs[b] - runs[a]
		}
		if a < b {
			return -1
		}
		return 1
	})
	var out []freshet.Reason
	for i, text := range texts {
		if i == shownTasks {
			return append(out, more(len(texts)-i, "outcome"))
		}
		out = append(out, freshet.Reason{Text: sentence("in %s, %s", count(runs[text], "run"), text)})
	}
	return out
}

// kind is an outcome without what differs from run to run.
func kind(o freshet.Outcome) string {
	who := "task " + o.Task
	if o.Task == "" {
		who = "the run's `stop`"
	}
	switch o.Result {
	case freshet.Fired:
		if o.Action == "" {
			return fmt.Sprintf("it was ignored for %s: %s", who, clip(o.Note))
		}
		return map[string]string{"start": "it started ", "restart": "it restarted ", "stop": "it stopped ", "skip": "it skipped ",
			"queue": "it made a start wait for ", "replace": "it replaced the waiting start of "}[o.Action] + who
	case freshet.Counted:
		return "it was counted for " + who
	case freshet.Remembered:
		return "it was remembered for " + who
	case freshet.Filtered:
		return "it was filtered for " + who
	case freshet.Erred:
		return "an expression failed for " + who
	case freshet.Expired:
		return "it came too late: " + clip(o.Note)
	}
	return "it was seen, but other conditions were not met, for " + who
}
