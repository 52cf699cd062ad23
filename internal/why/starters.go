package why

import (
	"fmt"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/store"
)

// triggers tells what starts a workflow: in a few words, and trigger by
// trigger. Of many it tells how many there are.
func (q *inquiry) triggers(w freshet.Workflow) (words string, list []freshet.Reason) {
	found, all := q.someTriggers(w)
	switch {
	case q.err != nil:
		return "", nil
	case len(found) == 0 && !w.Enabled:
		return "is disabled and starts nothing", nil
	case len(found) == 0:
		return fmt.Sprintf("starts by hand only: `run start %s`", w.Name), nil
	}
	var waits []string
	watching, newest, vain := 0, int64(0), ""
	for i := range found {
		t := q.trigger(found[i].ID)
		if t == nil {
			continue
		}
		if t.watches() && t.on != nil {
			watching++
			waits = append(waits, q.watch(t).waits(t.on.When))
			if words, offset := q.inVain(t); offset > newest {
				newest, vain = offset, "; "+words
			}
		}
		list = append(list, q.stands(t))
	}
	waits = distinct(without(waits))
	n := all.watching
	if all.all == len(found) {
		n = watching
	}
	switch {
	case !w.Enabled:
		return "is disabled and starts nothing", append(list, all.rest(len(found))...)
	case n == 0:
		words = "starts by hand only, because its triggers are paused"
	case n > watching && len(waits) > 0:
		words = fmt.Sprintf("waits for one of its %s, such as for %s", all.number(n), waits[0])
	case n > watching:
		words = fmt.Sprintf("waits for one of its %s", all.number(n))
	default:
		words = "waits for " + listed(waits, "or")
	}
	return words + vain, append(list, all.rest(len(found))...)
}

// tally is how many triggers a workflow has.
type tally struct {
	all, watching int
	more          bool // there are more than were counted
}

func (t tally) number(n int) string {
	if t.more {
		return fmt.Sprintf("more than %s", count(n, "trigger"))
	}
	return count(n, "trigger")
}

// rest ends a list of triggers that shows the first ones.
func (t tally) rest(shown int) []freshet.Reason {
	if t.all <= shown {
		return nil
	}
	return []freshet.Reason{{Kind: freshet.WhyTrigger, Text: sentence("and %s; `trigger list` shows all", count(t.all-shown, "more trigger"))}}
}

// someTriggers are the first triggers of a workflow, and the number of all, as
// far as they are counted.
func (q *inquiry) someTriggers(w freshet.Workflow) (first []freshet.Trigger, all tally) {
	f := store.TriggerFilter{Namespace: w.Namespace, Workflow: w.Name, Limit: shownTasks + 1}
	for q.err == nil {
		page, err := q.x.reader.Triggers(q.ctx, f)
		if !q.ok(err) {
			return nil, all
		}
		if first == nil {
			first = page[:min(len(page), shownTasks)]
		}
		for _, t := range page {
			all.all++
			if t.Enabled && !t.Paused {
				all.watching++
			}
		}
		if len(page) < f.Limit {
			return first, all
		}
		if all.all >= countedTriggers {
			all.more = true
			return first, all
		}
		f.After, f.Limit = page[len(page)-1].ID, triggerPage
	}
	return first, all
}

// distinct are words without those that were said before.
func distinct(words []string) []string {
	var list []string
	for _, s := range words {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}
