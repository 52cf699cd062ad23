package cli

import (
	"fmt"
	"math"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// again says of a try that failed when the next one begins, and which it is.
// How many there are is known where the workflow's file is.
func again(flow *spec.Workflow, e *freshet.Execution) string {
	next := e.Try + 1
	if flow == nil {
		return fmt.Sprintf("tries again (try %d)", next)
	}
	t, ok := flow.Task(e.Task)
	if !ok {
		return fmt.Sprintf("tries again (try %d)", next)
	}
	r := t.Retries
	wait := time.Duration(min(float64(r.Delay)*math.Pow(r.Backoff, float64(e.Try-1)), math.MaxInt64/2))
	if r.MaxDelay > 0 {
		wait = min(wait, r.MaxDelay)
	}
	return fmt.Sprintf("tries again in %s (try %d of %d)", short(wait), next, r.Limit+1)
}

// short writes a duration as a file would: 30s, 2m, 1h30m.
func short(d time.Duration) string {
	if d < time.Minute {
		return d.String()
	}
	return span(d)
}
