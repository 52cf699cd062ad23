package machine

import (
	"testing"
	"time"

	"github.com/freshet/freshet"
)

// TestEndedBeforeItsTimeWasOut: the due time came while no server listened,
// and is decided before the report of an end that was earlier.
func TestEndedBeforeItsTimeWasOut(t *testing.T) {
	for name, c := range map[string]struct {
		ended  time.Duration
		status freshet.Status
		code   freshet.Code
	}{
		"before": {2 * time.Second, freshet.Success, ""},
		"after":  {7 * time.Second, freshet.Failed, freshet.CodeTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, parse(t, "tasks:\n  a: {bash: \"true\", timeout: 6s}\n"))
			w.put(Entry{Kind: StartRun})
			w.drain()
			w.claim("a")
			began := w.now
			w.report(Started, w.latest("a"), func(p *Process) { p.Time = began })
			w.drain()
			w.now = began.Add(8 * time.Second)
			w.fire()
			w.drain()
			if x := w.latest("a"); x.Asked != freshet.CodeTimeout {
				t.Fatalf("the time-out did not act: %+v", x)
			}
			w.report(Ended, w.latest("a"), func(p *Process) { p.Time = began.Add(c.ended) })
			w.drain()
			x := w.latest("a")
			if x.Status != c.status || x.Code != c.code || !x.EndedAt.Equal(began.Add(c.ended)) {
				t.Errorf("it is %s %s and ended at %s", x.Status, x.Code, x.EndedAt.Sub(began))
			}
		})
	}
}
