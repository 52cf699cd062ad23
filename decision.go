package freshet

// Result says what became of an event under one rule.
type Result string

// What a rule made of a signal.
const (
	Fired      Result = "fired"      // the condition held; the action may still have been ignored
	Remembered Result = "remembered" // kept for an `all` that is not complete
	Counted    Result = "counted"    // counted or summed, not there yet
	Filtered   Result = "filtered"   // an `if` was false
	Erred      Result = "error"      // an expression failed; counts as not met
	Expired    Result = "expired"    // came too late
	Paused     Result = "paused"     // a trigger did not look: it is paused, or its workflow is disabled
	Unmet      Result = "unmet"      // examined, and some state is not so
)

// Outcome is what one decision made of one rule. A ledger row is a list of
// them; texts are rendered when somebody asks.
type Outcome struct {
	Task    string  `json:"t,omitempty"` // empty: the workflow's own `stop`
	Rule    int     `json:"r"`           // index in the version's list of rules; -1: no rule (a command, the run's start)
	Result  Result  `json:"o"`
	Action  string  `json:"a,omitempty"`  // what was done: start, stop, restart, queue, replace, skip; empty: nothing
	Seq     int     `json:"s,omitempty"`  // the start that it concerns
	Offsets []int64 `json:"by,omitempty"` // the events that contributed, when it fired
	Have    float64 `json:"n,omitempty"`  // count or sum so far
	Need    float64 `json:"m,omitempty"`  // what it has to reach
	Note    string  `json:"x,omitempty"`  // why nothing was done, or the error

	// Of a namespace's registry: the trigger that looked at the entry, and
	// what it would start. Triggers may be deleted; what they did stays told.
	Trigger  int64  `json:"g,omitempty"`
	Name     string `json:"nm,omitempty"` // of the trigger
	Workflow string `json:"w,omitempty"`
}
