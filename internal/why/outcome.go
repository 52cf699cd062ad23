package why

import (
	"fmt"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// outcome says what a run's rule made of an event; without a capital and a
// full stop.
func outcome(w *spec.Workflow, o freshet.Outcome) string {
	who := "task " + o.Task
	if o.Task == "" {
		who = "the workflow's `stop`"
	}
	switch o.Result {
	case freshet.Fired:
		return acted(who, o)
	case freshet.Remembered:
		if o.Note != "" {
			return fmt.Sprintf("it was remembered for %s: %s", who, clip(o.Note))
		}
		return "it was remembered for " + who + ", whose other conditions are not met yet"
	case freshet.Counted:
		return fmt.Sprintf("it was counted for %s: %s of %s", who, number(o.Have), number(o.Need))
	case freshet.Filtered:
		return fmt.Sprintf("it was filtered for %s: %s", who, filters(w, o.Rule))
	case freshet.Erred:
		return fmt.Sprintf("an expression of %s failed: %s", who, clip(o.Note))
	case freshet.Expired:
		return "it came too late: " + clip(o.Note)
	case freshet.Unmet:
		return "it was seen by " + who + ", whose other conditions were not met at that time"
	}
	return string(o.Result)
}

// acted says what a rule that fired did.
func acted(who string, o freshet.Outcome) string {
	switch o.Action {
	case "start":
		return fmt.Sprintf("it started %s (%s start)", who, ordinal(max(o.Seq, 1)))
	case "restart":
		return fmt.Sprintf("it restarted %s, for its %s start", who, ordinal(max(o.Seq, 1)))
	case "stop":
		if o.Task == "" {
			return "it stopped the run, whose `stop` condition held"
		}
		return "it stopped " + who
	case "queue":
		if o.Note != "" {
			return fmt.Sprintf("a start of %s was to wait: %s", who, clip(o.Note))
		}
		return fmt.Sprintf("a start of %s was to wait until the live one had ended", who)
	case "replace":
		return fmt.Sprintf("it took the place of the start of %s that waited", who)
	case "skip":
		return who + " was skipped"
	}
	if o.Note != "" {
		return fmt.Sprintf("it was ignored for %s: %s", who, clip(o.Note))
	}
	return "it was ignored for " + who
}

// filters says which `if` of a run's rule was false.
func filters(w *spec.Workflow, rule int) string {
	if rule < 0 || rule >= len(w.Rules) {
		return "its `if` was false"
	}
	return falseIf(w.Rules[rule])
}

// falseIf says which `if` of a rule was false.
func falseIf(r *spec.Rule) string {
	var words []string
	for _, c := range r.Nodes {
		if c.If != nil {
			words = append(words, c.If.Source())
		}
	}
	if len(words) == 0 {
		return "its `if` was false"
	}
	return listed(words, "and") + " was false"
}
