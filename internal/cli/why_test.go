package cli

import (
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
)

// TestShowWhy writes an answer for a person and for a pipe: who sits at a
// terminal is told how long ago a time was, or how far off it is.
func TestShowWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		ago, due := now.Add(-3*time.Minute), now.Add(7*time.Hour)
		e := freshet.Explanation{Summary: "Workflow w waits.", Because: []freshet.Reason{
			{Text: "Trigger nightly.", Because: []freshet.Reason{{Text: "Next tick.", Due: &due}}},
			{Text: "Event x arrived.", Time: &ago, Offset: 7},
			{Text: "Event y arrived.", Time: &now},
		}}
		a, out := quiet(t)
		a.showWhy(&e)
		b, shown := terminal(t, 80)
		b.showWhy(&e)
		for _, c := range []struct{ got, want string }{
			{out.String(), `
Workflow w waits.
├─ Trigger nightly.
│  └─ Next tick.  (due 2000-01-01T07:00:00Z)
├─ Event x arrived.  (1999-12-31T23:57:00Z, #7)
└─ Event y arrived.  (2000-01-01T00:00:00Z)
`},
			{colours.ReplaceAllString(shown.String(), ""), `
Workflow w waits.
├─ Trigger nightly.
│  └─ Next tick.  (due 07:00:00 (in 7h00m))
├─ Event x arrived.  (1999-12-31 23:57, 3m00s ago, #7)
└─ Event y arrived.  (00:00:00, just now)
`},
		} {
			if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), c.got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		}
	})
}

var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")
