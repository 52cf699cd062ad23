package machine

import (
	"strings"
	"testing"
)

// A process that fails may say why in an output.
func TestExitReason(t *testing.T) {
	for name, c := range map[string]struct {
		exit int
		said string
		want string
	}{
		"nothing":          {1, "", "exit code 1"},
		"blank":            {3, " \n", "exit code 3"},
		"words":            {1, "no data for today", "no data for today (exit code 1)"},
		"only a line":      {1, "\nno data\nand more", "no data (exit code 1)"},
		"a signal":         {137, "no memory", "no memory (ended by signal 9 (exit code 137))"},
		"too long":         {1, strings.Repeat("é", 600), strings.Repeat("é", 500) + "… (exit code 1)"},
		"just short":       {1, strings.Repeat("é", 500), strings.Repeat("é", 500) + " (exit code 1)"},
		"a signal, mute":   {143, "", "ended by signal 15 (exit code 143)"},
		"a code no signal": {200, "", "exit code 200"},
	} {
		p := &Process{ExitCode: c.exit}
		if c.said != "" {
			p.Outputs = map[string]string{"reason": c.said, "rows": "2"}
		}
		if got := exitReason(p); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
