package why

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// looked tells what triggers made of an event, in a clause and in full: what
// fired or failed first, and all of it; of the rest some, and how many more.
func (q *inquiry) looked(entry *machine.Entry, rows []store.LedgerRow) (clause string, list []freshet.Reason) {
	all := byTriggers(rows)
	acted, started, blind := 0, 0, 0
	left := map[freshet.Result]int{}
	for i, o := range all {
		mustTell := telling(o) < quiet
		switch {
		case o.Action == "start":
			started++
		case o.Result == freshet.Paused:
			blind++
		}
		if mustTell {
			acted++
		}
		if !mustTell && i >= max(shownRuns, acted+shownParts) {
			left[o.Result]++
			continue
		}
		r := freshet.Reason{Kind: freshet.WhyTrigger, Time: moment(entry.Time), Offset: entry.Offset, Trigger: o.Trigger, Workflow: o.Workflow, Result: o.Result}
		text := q.saw(entry, o, i, &r)
		if clause == "" || i == blind && o.Result != freshet.Paused {
			clause = text // of the first that looked
		}
		r.Text = sentence("%s", text)
		list = append(list, r)
	}
	if len(left) > 0 {
		list = append(list, theRest(left))
	}
	if len(all)-blind > 1 {
		clause = fmt.Sprintf("%s looked at it, and %d of them asked for a run", count(len(all)-blind, "trigger"), started)
	}
	switch {
	case blind > 1 && blind == len(all):
		clause = fmt.Sprintf("none of the %s that listen to it looked: each is paused, or its workflow is disabled", count(blind, "trigger"))
	case blind > 0 && blind < len(all):
		clause += fmt.Sprintf("; %s did not look (paused, or of a disabled workflow)", count(blind, "more trigger"))
	}
	return clause, list
}

// saw says what one trigger made of an event, the ith of all that did.
func (q *inquiry) saw(entry *machine.Entry, o freshet.Outcome, i int, r *freshet.Reason) string {
	who := fmt.Sprintf("%s of workflow %s", title(o.Trigger, o.Name), o.Workflow)
	if o.Result == freshet.Paused {
		return fmt.Sprintf("%s did not look: %s", who, q.blindness(o))
	}
	if i >= readOutcomes && o.Action == "start" {
		return fmt.Sprintf("it asked for a run (%s)", who) // which one it became would be read one by one
	}
	return fmt.Sprintf("it %s (%s)", q.became(entry, o, 0, r), who)
}

// blindness says why a trigger did not look, and what lets it look again,
// where that is so still.
func (q *inquiry) blindness(o freshet.Outcome) string {
	t := q.trigger(o.Trigger)
	switch {
	case t == nil || t.watches():
		return wasPaused(o) + " at that time"
	case t.Paused:
		return fmt.Sprintf("it is paused (`trigger resume %d`)", t.ID)
	}
	return fmt.Sprintf("its workflow is disabled (`workflow enable %s`)", t.Workflow)
}

// byTriggers are the outcomes of triggers, the most telling first.
func byTriggers(rows []store.LedgerRow) []freshet.Outcome {
	var all []freshet.Outcome
	for _, row := range rows {
		if row.Run == 0 {
			all = append(all, row.Outcomes...)
		}
	}
	slices.SortStableFunc(all, func(a, b freshet.Outcome) int { return cmp.Compare(telling(a), telling(b)) })
	return all
}

// quiet is the first of the outcomes by which nothing was started and nothing
// went wrong.
const quiet = 3

func telling(o freshet.Outcome) int {
	switch {
	case o.Result == freshet.Fired && o.Action == "start":
		return 0
	case o.Result == freshet.Fired:
		return 1
	case o.Result == freshet.Erred:
		return 2
	}
	return quiet + slices.Index(quietly, o.Result)
}

var quietly = []freshet.Result{freshet.Paused, freshet.Counted, freshet.Remembered, freshet.Expired, freshet.Unmet, freshet.Filtered}

// theRest ends a list of outcomes that was cut.
func theRest(left map[freshet.Result]int) freshet.Reason {
	kinds := map[freshet.Result]string{freshet.Paused: "did not look", freshet.Counted: "counted it", freshet.Remembered: "remembered it",
		freshet.Expired: "got it too late", freshet.Unmet: "lacked something else", freshet.Filtered: "filtered it"}
	var words []string
	n := 0
	for _, result := range quietly {
		if left[result] > 0 {
			n += left[result]
			words = append(words, fmt.Sprintf("%d %s", left[result], kinds[result]))
		}
	}
	return freshet.Reason{Kind: freshet.WhyTrigger, Text: sentence("and %s, which started nothing: %s", count(n, "more trigger"), strings.Join(words, ", "))}
}
